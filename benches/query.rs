//! The questions of a viewer, each cold (an engine that has just been opened: the page cache is warm, the cache of
//! footers is there) and warm (one that has been asked about the same metrics before).
//!
//! `cargo bench -p fgm --features query --bench query`, on the scenario `small`; on any other recording with
//! `BENCH_DATA=DIR`. `benches/duckdb/run.py` asks about other metrics when warm.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may fall over")]

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use divan::Bencher;
use fgm::metric::{Metric, Table};
use fgm::query::model::{SampleQuery, SumQuery, TopBy, TopQuery, WindowQuery};
use fgm::query::{Cancel, Engine};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{SECOND, TimeRange};

/// Pixel columns of a wide terminal.
const COLUMNS: usize = 400;
/// What warm questions go round.
const METRICS: [&str; 4] =
    ["cpu_usage_millicores", "memory_current_bytes", "cpu_usage_usec_total", "memory_working_set_bytes"];

fn main() {
    let made = std::env::var_os("BENCH_DATA").is_none().then(small);
    let path =
        made.as_ref().map_or_else(|| std::env::var_os("BENCH_DATA").unwrap().into(), |d| d.path().to_owned());
    let engine = Engine::open(std::slice::from_ref(&path)).unwrap();
    println!("{}: {} files", path.display(), engine.overview().files);
    DATA.set(path).unwrap();
    divan::main();
}

/// The recording; a static because benches are plain functions.
static DATA: OnceLock<PathBuf> = OnceLock::new();

fn small() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let generator = Command::new(env!("CARGO_BIN_EXE_generate-bench-data"))
        .arg("--out")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(generator.success());
    dir
}

fn open() -> Engine {
    Engine::open(&[DATA.get().map(Path::new).unwrap().to_owned()]).unwrap()
}

/// An engine, and what it is asked about.
struct Asker {
    engine: Engine,
    range: TimeRange,
    containers: Vec<SubjectKey>,
    /// Number of questions so far.
    asked: Cell<usize>,
}

impl Asker {
    fn new() -> Asker {
        let engine = open();
        let range = engine.overview().range.unwrap();
        let found = engine.subjects(Table::Containers, range).unwrap();
        let containers = found.iter().map(Subject::key).collect();
        Asker { engine, range, containers, asked: Cell::new(0) }
    }

    /// Another container and another metric than last time.
    fn next(&self) -> (&'static Metric, SubjectKey) {
        let n = self.asked.replace(self.asked.get() + 1);
        let metric = Metric::find(Table::Containers, METRICS[n % METRICS.len()]).unwrap();
        (metric, self.containers[n * 7 % self.containers.len()].clone())
    }

    fn samples(&self, all: bool, range: TimeRange) -> usize {
        let (metric, one) = self.next();
        let subjects = if all { self.containers.clone() } else { vec![one] };
        let answer =
            self.engine.samples(&SampleQuery { metric, subjects, range }, &Cancel::default()).unwrap();
        answer.series.iter().map(|s| s.points.len()).sum()
    }

    fn buckets(&self, subjects: usize) -> usize {
        let (metric, _) = self.next();
        let subjects = self.containers.iter().take(subjects).cloned().collect();
        let query = WindowQuery { metric, subjects, range: self.range, columns: COLUMNS };
        self.engine.window(&query, &Cancel::default()).unwrap().series.len()
    }

    /// The containers in groups of ten, each added up.
    fn sums(&self) -> usize {
        let (metric, _) = self.next();
        let groups = self.containers.chunks(10).map(<[SubjectKey]>::to_vec).collect();
        let query = SumQuery { metric, groups, range: self.range, columns: COLUMNS };
        self.engine.sums(&query, &Cancel::default()).unwrap().groups.len()
    }

    fn top(&self) -> usize {
        let (metric, _) = self.next();
        let subjects = self.containers.clone();
        let query = TopQuery { metric, subjects, range: self.range, by: TopBy::Mean, most: 10 };
        self.engine.top(&query, &Cancel::default()).unwrap().leading.len()
    }

    /// The last hour, or all where there is less.
    fn hour(&self) -> TimeRange {
        TimeRange::new(self.range.start.max(self.range.end - 3600 * SECOND), self.range.end)
    }
}

/// Asks a new engine each time, or the same one again and again.
fn ask(bencher: Bencher<'_, '_>, start: &str, question: impl Fn(&Asker) -> usize) {
    if start == "warm" {
        let asker = Asker::new();
        for _ in METRICS {
            question(&asker);
        }
        bencher.bench_local(|| question(&asker));
    } else {
        bencher.bench_local(|| question(&Asker::new()));
    }
}

/// Everything that is known without reading a row: files, ranges, containers and their labels.
#[divan::bench(sample_count = 10)]
fn scan_metadata() -> usize {
    Asker::new().containers.len()
}

#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn get_timeseries_single_container(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, |a| a.samples(false, a.range));
}

#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn get_timeseries_all_containers(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, |a| a.samples(true, a.range));
}

/// One hour of all containers.
#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn window(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, |a| a.samples(true, a.hour()));
}

/// The chart of ten containers over everything.
#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn buckets(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, |a| a.buckets(10));
}

/// The heat strip of all containers over everything.
#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn buckets_of_all(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, |a| a.buckets(usize::MAX));
}

/// The chart of all containers in groups of ten, over everything: every row is looked at.
#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn sums_of_all(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, Asker::sums);
}

#[divan::bench(args = ["cold", "warm"], sample_count = 10)]
fn top_n(bencher: Bencher<'_, '_>, start: &str) {
    ask(bencher, start, Asker::top);
}
