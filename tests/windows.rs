//! Windows, samples and top lists against a model that knows every row.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use common::{START, config, process_def, run_info};
use fgm::metric::{Kind, Metric, Table, containers, processes};
use fgm::query::model::{Options, SampleQuery, TopBy, TopQuery, WindowQuery};
use fgm::query::{Cancel, Engine, QueryError};
use fgm::series::column_of;
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::store::writer::StoreWriter;
use fgm::subject::SubjectKey;
use fgm::time::{Micros, SECOND, TimeRange};
use proptest::prelude::*;
use tempfile::TempDir;

const PATHS: [&str; 3] = ["/a", "/b", "/c"];
/// Ticks of the small stores; the recorder is started anew in the middle.
const TICKS: i64 = 700;
const RESTART: i64 = 350;
/// The one row on which /b has this much memory.
const SPIKE: (i64, i64) = (433, 1 << 50);

/// One row of the model.
#[derive(Clone, Copy)]
struct Row {
    time: Micros,
    run: u32,
    tick_no: i64,
    memory: Option<i64>,
    ops: Option<i64>,
    cpu: Option<f64>,
    unlimited: bool,
}

/// What container `c` has on tick `n`.
fn row(c: usize, n: i64) -> Option<Row> {
    let lost = (200..205).contains(&n) || n == 351;
    let absent = c == 1 && (300..320).contains(&n) || c == 2 && n < 30;
    if lost || absent {
        return None;
    }
    let memory = if (c as i64, n) == (1, SPIKE.0) { SPIKE.1 } else { (n * 7919 + c as i64 * 31) % 1000 };
    // Counters start anew now and then; some readings are missing.
    let ops = (n % 97) * 10 + c as i64;
    Some(Row {
        time: START + n * SECOND + (n * 37 % 1000) + c as i64,
        run: u32::from(n >= RESTART),
        tick_no: if n >= RESTART { n - RESTART } else { n },
        memory: (n % 17 != 3 || c == 0).then_some(memory),
        ops: (n % 53 != 5).then_some(ops),
        cpu: (c != 2).then_some(n as f64 / 10.0),
        unlimited: n % 2 == 0,
    })
}

fn def(c: usize) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[containers::label::node_name] = LabelValue::text("n1");
    labels[containers::label::subject_kind] = LabelValue::text("container");
    labels[containers::label::cgroup_path] = LabelValue::text(PATHS[c]);
    labels[containers::label::cgroup_inode] = LabelValue::Int(c as i64 + 1);
    SeriesDef { table: Table::Containers, id: c as u32, labels }
}

fn key(c: usize) -> SubjectKey {
    SubjectKey::of(Table::Containers, &def(c).labels)
}

fn tick(n: i64, first: bool) -> Tick {
    let mut t = Tick::default();
    let rows: Vec<_> = (0..PATHS.len()).map(|c| row(c, n)).collect();
    t.reset(rows.iter().flatten().next().unwrap().tick_no, START + n * SECOND);
    if first {
        t.defs = (0..PATHS.len()).map(def).collect();
        t.defs.extend([process_def(1, "/a", 7), process_def(2, "/a", 8)]);
    }
    for (c, r) in rows.iter().enumerate() {
        let Some(r) = r else { continue };
        let mut to = t.rows_mut(Table::Containers).push(c as u32, r.time);
        r.memory.inspect(|&v| to.set(containers::memory_current_bytes, v));
        r.ops.inspect(|&v| to.set(containers::io_read_ops_total, v));
        r.cpu.inspect(|&v| to.set_fixed(containers::cpu_usage_millicores, v));
        to.set_bool(containers::memory_max_unlimited, r.unlimited);
    }
    for pid in [1u32, 2] {
        let mut to = t.rows_mut(Table::Processes).push(pid, START + n * SECOND + i64::from(pid));
        to.set(processes::threads, i64::from(pid) * 100 + n % 2);
    }
    t
}

/// Writes ticks with a file every `rotation` seconds.
fn write(root: &Path, rotation: u64, ticks: i64) {
    for (run, from, to) in [("aaaaaaaa00000001", 0, RESTART), ("bbbbbbbb00000002", RESTART, ticks)] {
        let config =
            fgm::store::writer::StoreConfig { rotation: Duration::from_secs(rotation), ..config(root) };
        let mut w = StoreWriter::open(config, run_info(run), START + from * SECOND).unwrap();
        for n in (from..to).filter(|&n| row(0, n).is_some()) {
            w.append(&tick(n, n == from)).unwrap();
        }
        w.finish(START + to * SECOND).unwrap();
    }
}

fn open(root: &Path, cache: usize) -> Engine {
    let options = Options { column_cache_bytes: cache, ..Options::default() };
    Engine::open_with(&[root.to_owned()], &options).unwrap()
}

/// A recording in small files, and the same with a cache in which hardly anything fits.
fn engines() -> &'static [Engine; 2] {
    static ENGINES: OnceLock<([Engine; 2], TempDir)> = OnceLock::new();
    let (engines, _) = ENGINES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 90, TICKS);
        ([open(dir.path(), 64 << 20), open(dir.path(), 2000)], dir)
    });
    engines
}

const METRICS: [&str; 4] =
    ["memory_current_bytes", "io_read_ops_total", "cpu_usage_millicores", "memory_max_unlimited"];

fn metric(name: &str) -> &'static Metric {
    Metric::find(Table::Containers, name).unwrap()
}

/// Every shown value, by the rules of the specification: rates between adjacent ticks, none after a reset.
fn shown(metric: &Metric, c: usize, ticks: i64) -> Vec<(Micros, f64)> {
    let mut before: Option<(Row, f64)> = None;
    let mut all = Vec::new();
    for r in (0..ticks).filter_map(|n| row(c, n)) {
        let stored = match metric.name {
            "memory_current_bytes" => r.memory.map(|v| v as f64),
            "io_read_ops_total" => r.ops.map(|v| v as f64),
            "cpu_usage_millicores" => r.cpu,
            _ => Some(f64::from(u8::from(r.unlimited))),
        };
        let Some(v) = stored else { continue };
        if metric.kind == Kind::Counter {
            if let Some((b, old)) = before
                && (b.run, b.tick_no + 1) == (r.run, r.tick_no)
                && v >= old
            {
                all.push((r.time, (v - old) / ((r.time - b.time) as f64 / SECOND as f64)));
            }
        } else {
            all.push((r.time, v));
        }
        before = Some((r, v));
    }
    all
}

/// Count, smallest, largest, first, last and sum of what falls into each column.
fn naive(values: &[(Micros, f64)], range: TimeRange, columns: usize) -> Vec<Option<(u32, [f64; 5])>> {
    let mut buckets: Vec<Option<(u32, [f64; 5])>> = vec![None; columns];
    for &(t, v) in values {
        let Some(at) = column_of(range, columns, t) else { continue };
        let (n, b) = buckets[at].get_or_insert((0, [v, v, v, v, 0.0]));
        *n += 1;
        *b = [b[0].min(v), b[1].max(v), b[2], v, b[4] + v];
    }
    buckets
}

fn check(engine: &Engine, name: &str, subjects: &[usize], range: TimeRange, columns: usize, ticks: i64) {
    let metric = metric(name);
    let keys = subjects.iter().map(|&c| key(c)).collect();
    let query = WindowQuery { metric, subjects: keys, range, columns };
    let answer = engine.window(&query, &Cancel::default()).unwrap();
    for (&c, (_, found)) in subjects.iter().zip(&answer.series) {
        let expected = naive(&shown(metric, c, ticks), range, columns);
        for (at, (b, e)) in found.columns.iter().zip(&expected).enumerate() {
            let exact = b.map(|b| (b.count, [b.min, b.max, b.first, b.last]));
            let wanted = e.map(|(n, v)| (n, [v[0], v[1], v[2], v[3]]));
            assert_eq!(exact, wanted, "{name} of {} in column {at} of {columns} over {range:?}", PATHS[c]);
            if let (Some(b), Some((n, v))) = (b, e) {
                let mean = v[4] / f64::from(*n);
                assert!((b.mean - mean).abs() <= mean.abs() * 1e-12, "{} instead of {mean}", b.mean);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// QRY-2: buckets of any window at any zoom equal a fold over every row, whatever the cache holds or has lost.
    #[test]
    fn windows_equal_a_fold_over_every_row(
        name in prop::sample::select(&METRICS[..]),
        subjects in prop::sample::subsequence(vec![0usize, 1, 2], 1..=3),
        (from, width) in (-20i64..TICKS, 1i64..900),
        offset in 0i64..SECOND,
        columns in 1usize..500,
        tiny in any::<bool>(),
    ) {
        let start = START + from * SECOND + offset;
        let range = TimeRange::new(start, start + width * SECOND + offset / 3);
        check(&engines()[usize::from(tiny)], name, &subjects, range, columns, TICKS);
    }

    /// QRY-2: a spike of one sample survives every zoom level.
    #[test]
    fn a_spike_survives_every_zoom(before in 0i64..5000, after in 1i64..5000, columns in 1usize..400) {
        let at = row(1, SPIKE.0).unwrap().time;
        let range = TimeRange::new(at - before * SECOND, at + after * SECOND);
        let query =
            WindowQuery { metric: metric("memory_current_bytes"), subjects: vec![key(1)], range, columns };
        let answer = engines()[0].window(&query, &Cancel::default()).unwrap();
        let highest = answer.series[0].1.extent().unwrap().1;
        prop_assert_eq!(highest as i64, SPIKE.1);
    }
}

/// QRY-2: the same where a file has many pages, of which only some are read.
#[test]
fn windows_over_one_big_file_equal_a_fold_over_every_row() {
    const LONG: i64 = 15_000;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 86_400, LONG);
    for engine in [open(dir.path(), 64 << 20), open(dir.path(), 1 << 20)] {
        let mut seed = 1u64;
        let mut random = |below: i64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as i64 % below
        };
        for _ in 0..40 {
            let start = START + random(LONG) * SECOND;
            let range = TimeRange::new(start, start + (1 + random(LONG)) * SECOND);
            let name = METRICS[random(4) as usize];
            let subjects: Vec<usize> = if random(2) == 0 { vec![random(3) as usize] } else { vec![0, 1, 2] };
            check(&engine, name, &subjects, range, 1 + random(500) as usize, LONG);
        }
    }
}

fn whole() -> TimeRange {
    TimeRange::new(START, START + TICKS * SECOND)
}

fn samples(engine: &Engine, name: &str, range: TimeRange) -> Vec<Vec<(Micros, f64)>> {
    let query = SampleQuery { metric: metric(name), subjects: (0..3).map(key).collect(), range };
    let answer = engine.samples(&query, &Cancel::default()).unwrap();
    answer.series.iter().map(|s| s.points.iter().map(|p| (p.time, p.value)).collect()).collect()
}

/// QRY-2: samples are every shown value with its time, and say where the line breaks.
#[test]
fn samples_are_every_shown_value() {
    let engine = &engines()[0];
    for name in METRICS {
        let expected: Vec<_> = (0..3).map(|c| shown(metric(name), c, TICKS)).collect();
        assert_eq!(samples(engine, name, whole()), expected, "{name}");
    }
    let part = TimeRange::new(START + 190 * SECOND, START + 210 * SECOND);
    let query = SampleQuery { metric: metric("cpu_usage_millicores"), subjects: vec![key(0)], range: part };
    let answer = engine.samples(&query, &Cancel::default()).unwrap();
    let points = &answer.series[0].points;
    assert_eq!(points.len(), 15);
    let broken: Vec<_> = points.iter().filter(|p| p.gap_before.is_some()).map(|p| p.time).collect();
    assert_eq!(broken, [row(0, 205).unwrap().time]);
}

/// TUI-3, QRY-2: top lists compare exactly, and leave out who has no sample.
#[test]
fn top_lists_lead_by_what_is_asked() {
    let top = |name: &str, by| {
        let subjects = (0..3).map(key).collect();
        let query = TopQuery { metric: metric(name), subjects, range: whole(), by, most: 2 };
        let answer = engines()[0].top(&query, &Cancel::default()).unwrap();
        answer.leading.iter().map(|(k, _)| k.values[1].as_text().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(top("memory_current_bytes", TopBy::Max)[0], "/b");
    let last = |c: usize| shown(metric("memory_current_bytes"), c, TICKS).last().unwrap().1;
    let leader = (0..3).max_by(|&a, &b| last(a).total_cmp(&last(b))).unwrap();
    assert_eq!(top("memory_current_bytes", TopBy::Last)[0], PATHS[leader]);
    assert_eq!(top("cpu_usage_millicores", TopBy::Mean).len(), 2);
    assert!(!top("cpu_usage_millicores", TopBy::Growth).contains(&"/c".to_owned()));
}

/// QRY-2: processes of one cgroup are series of their own, across files.
#[test]
fn processes_of_one_cgroup_stay_apart() {
    let keys = [process_def(1, "/a", 7), process_def(2, "/a", 8)];
    let subjects: Vec<_> = keys.iter().map(|d| SubjectKey::of(Table::Processes, &d.labels)).collect();
    let metric = Metric::find(Table::Processes, "threads").unwrap();
    for engine in engines() {
        let query = WindowQuery { metric, subjects: subjects.clone(), range: whole(), columns: 1 };
        let answer = engine.window(&query, &Cancel::default()).unwrap();
        let ticks = (0..TICKS).filter(|&n| row(0, n).is_some()).count() as u32;
        for (at, (_, b)) in answer.series.iter().enumerate() {
            let b = b.columns[0].unwrap();
            let low = (at + 1) as f64 * 100.0;
            assert_eq!((b.count, b.min, b.max), (ticks, low, low + 1.0));
        }
    }
}

/// QRY-2: a question that is given up ends as such, and harms no other.
#[test]
fn what_is_given_up_ends() {
    let cancel = Cancel::default();
    cancel.cancel();
    let engine = &engines()[0];
    let metric = metric("memory_current_bytes");
    let query = WindowQuery { metric, subjects: vec![key(0)], range: whole(), columns: 10 };
    assert!(matches!(engine.window(&query, &cancel), Err(QueryError::Cancelled)));
    let query = SampleQuery { metric, subjects: vec![key(0)], range: whole() };
    assert!(matches!(engine.samples(&query, &cancel), Err(QueryError::Cancelled)));
    assert!(!samples(engine, "memory_current_bytes", whole())[0].is_empty());
}

fn container_files(root: &Path) -> Vec<PathBuf> {
    let pattern = format!("{}/containers/**/*.parquet", root.display());
    let mut all: Vec<PathBuf> = glob::glob(&pattern).unwrap().flatten().collect();
    all.sort();
    all
}

/// QRY-5: a file whose pages are damaged under a sound footer is left out and named; the rest answers.
#[test]
fn a_file_with_damaged_pages_is_named_and_the_rest_answers() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 90, TICKS);
    let file = &container_files(dir.path())[2];
    let mut bytes = fs::read(file).unwrap();
    bytes[40..200].fill(0xff);
    fs::write(file, bytes).unwrap();
    let engine = open(dir.path(), 1 << 20);
    assert!(engine.overview().problems.is_empty(), "its footer is sound");
    let rest = samples(&engine, "memory_current_bytes", whole());
    let lost = shown(metric("memory_current_bytes"), 0, TICKS).len() - rest[0].len();
    assert!((80..=90).contains(&lost), "{lost}");
    let overview = engine.overview();
    let named: Vec<_> = overview.problems.iter().map(|p| &p.path).collect();
    assert_eq!(named, [&fs::canonicalize(file).unwrap()]);
    assert!(engine.refresh().unwrap(), "whoever looks for news is told");
    assert!(!engine.refresh().unwrap());
}

/// QRY-1, STO-7: a file that is removed or replaced between listing and reading makes the question look again.
#[test]
fn vanished_and_replaced_files_are_looked_at_again() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 90, TICKS);
    let engine = open(dir.path(), 1 << 20);
    let files = container_files(dir.path());
    fs::remove_file(&files[0]).unwrap();
    let other = fs::read(&files[3]).unwrap();
    fs::write(&files[2], [&other[..], b""].concat()).unwrap();
    let found = samples(&engine, "cpu_usage_millicores", whole());
    let all = shown(metric("cpu_usage_millicores"), 0, TICKS).len();
    assert!(found[0].len() < all && found[0].len() > all / 2, "{} of {all}", found[0].len());
    assert!(engine.overview().problems.is_empty(), "{:?}", engine.overview().problems);
}
