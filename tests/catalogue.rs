//! What a recording is said to hold: events, gaps, names, columns; and that bad files are named while the rest opens,
//! whatever their bytes are, in bounded memory.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]
// Counting what is allocated needs an allocator, and an allocator needs unsafe functions.
#![allow(unsafe_code, reason = "the trait is unsafe")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use common::{START, fill, memory, open, tick};
use fgm::event::EventKind;
use fgm::metric::{Metric, Table, containers, identities};
use fgm::query::model::{LostRange, Options, SampleQuery, WindowQuery};
use fgm::query::{Cancel, Engine};
use fgm::store::tick::{LabelValue, SeriesDef};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{SECOND, TimeRange};
use fgm::unit::Unit;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

/// Counts the live bytes of all threads and remembers the most.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: everything is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: memory is counted for all of them.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine(path: &Path) -> Engine {
    Engine::open(&[path.to_owned()]).unwrap()
}

fn all() -> TimeRange {
    TimeRange::new(START - 100 * SECOND, START + 100_000 * SECOND)
}

fn files(root: &Path, table: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        glob::glob(&format!("{}/{table}/**/*.parquet", root.display())).unwrap().flatten().collect();
    all.sort();
    all
}

/// A closed recording of so many ticks.
fn recording(ticks: i64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, ticks);
    w.finish(START).unwrap();
    dir
}

/// QRY-1, REC-8: events of sealed files and of the open segment, each once, also while both hold them.
#[test]
fn events_come_once() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 5);
    let e = engine(dir.path());
    let started = |e: &Engine| {
        let events = e.events(all());
        let of_kind = events.iter().filter(|e| e.kind == Some(EventKind::RecorderStart));
        assert!(
            of_kind
                .clone()
                .all(|e| e.node_name.as_deref() == Some("n1") && e.name.as_ref() == "recorder_start")
        );
        assert!(of_kind.clone().all(|e| e.tick == START && e.message == "started" && e.pid.is_none()));
        of_kind.count()
    };
    assert_eq!(started(&e), 1, "from the segment");
    let open = glob::glob(&format!("{}/.open/*.seg", dir.path().display())).unwrap().next().unwrap().unwrap();
    let bytes = fs::read(&open).unwrap();
    w.finish(START + 5 * SECOND).unwrap();
    e.refresh().unwrap();
    assert_eq!((started(&e), e.overview().segments), (1, 0), "from the file");
    fs::write(&open, bytes).unwrap();
    e.refresh().unwrap();
    assert_eq!((started(&e), e.overview().segments), (1, 1), "from one of both");
    assert!(e.events(TimeRange::new(START + SECOND, START + 2 * SECOND)).is_empty());

    let file = files(dir.path(), "events").remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[4..200].fill(0xff);
    fs::write(&file, bytes).unwrap();
    fs::remove_file(&open).unwrap();
    e.refresh().unwrap();
    assert_eq!(started(&e), 0);
    assert!(e.refresh().unwrap(), "what could not be read is news");
    assert_eq!(e.overview().problems[0].path, fs::canonicalize(file).unwrap());
}

/// QRY-1: lost ticks have their times, whose they are, and count once although every table tells of them.
#[test]
fn lost_ticks_have_times() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    for n in (0..50).chain(53..60) {
        w.append(&tick(n, 0)).unwrap();
    }
    let expected = LostRange {
        identifier: Some("n1".to_owned()),
        run_id: "aaaaaaaa00000001".into(),
        range: TimeRange::new(START + 50 * SECOND, START + 53 * SECOND),
        ticks: 3,
    };
    let e = engine(dir.path());
    assert_eq!(e.overview().gaps, std::slice::from_ref(&expected));
    w.finish(START).unwrap();
    e.refresh().unwrap();
    assert_eq!((&e.overview().gaps[..], e.overview().lost_ticks), (&[expected][..], 3));
}

/// QRY-1: metrics that are null throughout are not listed, neither of files nor of the open segment.
#[test]
fn metrics_without_values_are_not_listed() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 5);
    let e = engine(dir.path());
    let expected = [
        "cpu_usage_millicores",
        "memory_current_bytes",
        "memory_max_unlimited",
        "io_read_ops_total",
        "threads",
    ];
    let listed = |e: &Engine| {
        let o = e.overview();
        let mut names: Vec<&str> = o.metrics.iter().map(|m| m.name).collect();
        assert!(o.metrics.is_sorted_by_key(|m| (m.table, m.table.metric_index(m.name))));
        names.sort_unstable();
        names.join(" ")
    };
    let mut expected = expected;
    expected.sort_unstable();
    assert_eq!(listed(&e), expected.join(" "));
    w.finish(START).unwrap();
    e.refresh().unwrap();
    assert_eq!((listed(&e), e.overview().segments), (expected.join(" "), 0));
}

/// Writes a sealed file anew, with other columns or other words in its footer.
fn rewrite(
    from: &Path,
    to: &Path,
    change: impl Fn(RecordBatch) -> RecordBatch,
    mut pairs: impl FnMut(&mut Vec<KeyValue>),
) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(from).unwrap()).unwrap();
    let mut meta = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap();
    meta.retain(|kv| kv.key != "ARROW:schema");
    pairs(&mut meta);
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(|b| change(b.unwrap())).collect();
    let props = WriterProperties::builder().set_key_value_metadata(Some(meta)).build();
    let mut w =
        ArrowWriter::try_new(fs::File::create(to).unwrap(), batches[0].schema(), Some(props)).unwrap();
    for b in &batches {
        w.write(b).unwrap();
    }
    w.close().unwrap();
}

/// STO-8: a number column of a newer version is a metric, with what it says of itself; other columns do no harm.
#[test]
fn columns_of_newer_versions_are_listed() {
    let _alone = alone();
    let dir = recording(10);
    let file = files(dir.path(), "containers").remove(0);
    let widen = |b: RecordBatch| {
        let meta = [("unit", "bytes"), ("kind", "gauge"), ("source", "memory.newer"), ("help", "Newer.")];
        let meta = meta.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let mut fields: Vec<_> = b.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new("memory_newer_bytes", DataType::Int64, true).with_metadata(meta)));
        fields.push(Arc::new(Field::new("newer_label", DataType::Utf8, true)));
        let rows = b.num_rows();
        let mut columns = b.columns().to_vec();
        columns.push(Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef);
        columns.push(Arc::new((0..rows).map(|_| Some("x")).collect::<arrow::array::StringArray>()));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    };
    // Which columns have values is said of those that were there before.
    rewrite(&file, &file, widen, |pairs| pairs.retain(|kv| kv.key != "fgm.values"));
    let o = engine(dir.path()).overview();
    assert!(o.problems.is_empty(), "{:?}", o.problems);
    let metric = o.metrics.iter().find(|m| m.name == "memory_newer_bytes").unwrap();
    assert_eq!((metric.unit, metric.source, metric.table), (Unit::Bytes, "memory.newer", Table::Containers));
    assert_eq!(Metric::find(Table::Containers, "memory_newer_bytes"), Some(*metric));
    assert!(o.metrics.iter().any(|m| m.name == "memory_current_bytes"));
    assert!(o.metrics.iter().all(|m| m.name != "newer_label"));
}

/// STO-7: between completing a compacted file and removing its sources nothing is seen twice.
#[test]
fn what_a_compacted_file_has_is_read_from_it_alone() {
    let _alone = alone();
    let dir = recording(20);
    let file = files(dir.path(), "containers").remove(0);
    let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
    let compacted = file.with_file_name(format!("{stem}-c.parquet"));
    let sources = |pairs: &mut Vec<KeyValue>| {
        pairs.push(KeyValue::new("fgm.sources".to_owned(), format!("[\"{stem}\"]")));
    };
    let e = engine(dir.path());
    let samples = || {
        let key = e.subjects(Table::Containers, all()).unwrap().remove(0).key();
        let metric = Metric::find(Table::Containers, "memory_current_bytes").unwrap();
        let range = TimeRange::new(START, START + 20 * SECOND);
        let query = WindowQuery { metric, subjects: vec![key], range, columns: 20 };
        let answer = e.window(&query, &fgm::query::Cancel::default()).unwrap();
        (answer.series[0].1.samples(), e.overview().files)
    };
    let before = samples();
    rewrite(&file, &compacted, |b| b, sources);
    e.refresh().unwrap();
    assert_eq!((samples(), before.0), (before, 20));
    fs::remove_file(&file).unwrap();
    e.refresh().unwrap();
    assert_eq!(samples(), before);
}

/// REC-7, QRY-1: a container whose name was learnt in a later file, or is in the open segment only, is listed with it.
#[test]
fn names_come_from_identities() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    let mut container = vec![LabelValue::Null; Table::Containers.labels().len()];
    container[containers::label::node_name] = LabelValue::text("n1");
    container[containers::label::cgroup_path] = LabelValue::text("/c");
    container[containers::label::cgroup_inode] = LabelValue::Int(5);
    container[containers::label::container_id] = LabelValue::text("c0ffee");
    let mut identity = vec![LabelValue::Null; Table::Identities.labels().len()];
    identity[identities::label::node_name] = LabelValue::text("n1");
    identity[identities::label::container_id] = LabelValue::text("c0ffee");
    identity[identities::label::container_name] = LabelValue::text("app");
    identity[identities::label::pod_name] = LabelValue::text("web-0");
    for n in 0..100 {
        let mut t = tick(n, 0);
        let now = t.tick;
        if n == 0 {
            t.defs.push(SeriesDef { table: Table::Containers, id: 3, labels: container.clone() });
        }
        if n < 90 {
            t.rows_mut(Table::Containers).push(3, now).set(containers::memory_current_bytes, memory(3, n));
        }
        if n == 95 {
            t.defs.push(SeriesDef { table: Table::Identities, id: 1, labels: identity.clone() });
            t.rows_mut(Table::Identities).push(1, now);
        }
        w.append(&t).unwrap();
    }
    let e = engine(dir.path());
    let title = |e: &Engine| {
        let all = e.subjects(Table::Containers, all()).unwrap();
        all.iter().find(|s| s.text("cgroup_path") == Some("/c")).unwrap().title()
    };
    assert_eq!(title(&e), "web-0/app");
    w.finish(START).unwrap();
    e.refresh().unwrap();
    assert_eq!((title(&e), e.overview().segments), ("web-0/app".to_owned(), 0));
}

/// QRY-5: of 2,000 files 50 are bad, each in one of ten ways: each is named, once, and the rest opens.
#[test]
fn bad_files_among_many_are_named() {
    let _alone = alone();
    let dir = recording(3);
    let good = files(dir.path(), "containers").remove(0);
    let bytes = fs::read(&good).unwrap();
    let place = good.parent().unwrap();
    let before = engine(dir.path()).overview().files;
    for i in 0..1949 {
        fs::write(place.join(format!("good-{i:04}.parquet")), &bytes).unwrap();
    }
    let plain = {
        let field = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
        let mut buffer = Vec::new();
        ArrowWriter::try_new(&mut buffer, field, None).unwrap().close().unwrap();
        buffer
    };
    let mut torn = bytes.clone();
    let end = torn.len();
    torn[end - 400..end - 100].fill(0xff);
    for i in 0..50 {
        let bad = place.join(format!("bad-{i:02}.parquet"));
        match i % 10 {
            0 => fs::write(&bad, &bytes[..end / 2]).unwrap(),
            1 => fs::write(&bad, b"").unwrap(),
            2 => fs::write(&bad, b"PAR1 this is not Parquet PAR1").unwrap(),
            3 => fs::write(&bad, &plain).unwrap(),
            4 => fs::create_dir(&bad).unwrap(),
            5 => std::os::unix::fs::symlink("/nowhere/at/all", &bad).unwrap(),
            6 => assert!(std::process::Command::new("mkfifo").arg(&bad).status().unwrap().success()),
            7 => std::os::unix::fs::symlink(place, &bad).unwrap(),
            8 => fs::write(&bad, &torn).unwrap(),
            _ => drop(std::os::unix::net::UnixListener::bind(&bad).unwrap()),
        }
    }
    let e = engine(dir.path());
    let o = e.overview();
    let named: Vec<_> = o.problems.iter().map(|p| p.path.file_name().unwrap().to_str().unwrap()).collect();
    let expected: Vec<_> = (0..50).map(|i| format!("bad-{i:02}.parquet")).collect();
    assert_eq!(named, expected, "{:?}", o.problems);
    assert_eq!(o.files, before + 1949);
    assert!(o.problems.iter().all(|p| !p.reason.is_empty() && !p.reason.contains('\n')));
    assert!(!e.refresh().unwrap(), "nothing new");

    // Replaced and removed while they are being read.
    let ended = Arc::new(AtomicBool::new(false));
    let (stop, to) = (Arc::clone(&ended), place.join("good-0001.parquet"));
    let replacer = std::thread::spawn(move || {
        let other = to.with_extension("new");
        while !stop.load(Ordering::Relaxed) {
            for content in [&bytes[..], &bytes[..end / 3], b""] {
                fs::write(&other, content).unwrap();
                fs::rename(&other, &to).unwrap();
                fs::remove_file(&to).unwrap();
            }
        }
        fs::write(&to, &bytes).unwrap();
    });
    for _ in 0..20 {
        e.refresh().unwrap();
        assert!(e.overview().files >= before + 1948);
    }
    ended.store(true, Ordering::Relaxed);
    replacer.join().unwrap();
    e.refresh().unwrap();
    assert_eq!((e.overview().files, e.overview().problems.len()), (before + 1949, 50));
}

/// A generator of numbers that is the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Changes a file somewhere: most often in its footer, else in its length or pages.
fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let end = bytes.len();
    let footer = u32::from_le_bytes(bytes[end - 8..end - 4].try_into().unwrap()) as usize;
    let range = match random.below(8) {
        0 => 0..end,
        1 => 4..end - 8 - footer,
        2 => end - 8..end,
        _ => end - 8 - footer..end - 8,
    };
    for _ in 0..=random.below(3) {
        let at = range.start + random.below(range.len());
        let len = 1 + random.below(12);
        let until = (at + len).min(bytes.len());
        if at >= until {
            continue;
        }
        match random.below(8) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes[at..until].fill(0xff),
            3 => bytes[at..until].fill(0),
            4 => bytes[at] = bytes[at].wrapping_add(1),
            5 => drop(bytes.drain(at..until)),
            6 => {
                let noise: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
                drop(bytes.splice(at..at, noise));
            }
            // A number of up to 64 bits, as Thrift writes it: lengths and counts beyond all bounds.
            _ => {
                let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
                let from = random.below(huge.len());
                drop(bytes.splice(at..=at, huge[from..].iter().copied()));
            }
        }
    }
    if random.below(16) == 0 {
        let keep = random.below(bytes.len());
        bytes.truncate(keep);
    }
}

/// Every kind of question about values. What comes out is nobody's concern, that it comes out is.
fn ask_everything(e: &Engine, subjects: &[SubjectKey]) {
    let cancel = Cancel::default();
    for metric in ["memory_current_bytes", "cpu_usage_usec_total"] {
        let metric = Metric::find(Table::Containers, metric).unwrap();
        let range = e.overview().range.unwrap_or(TimeRange::new(0, 1));
        let window = WindowQuery { metric, subjects: subjects.to_vec(), range, columns: 50 };
        e.window(&window, &cancel).unwrap();
        e.samples(&SampleQuery { metric, subjects: subjects.to_vec(), range }, &cancel).unwrap();
    }
    // SQL names the file that it could not read.
    for sql in
        ["SELECT count(*), max(memory_current_bytes) FROM containers", "SELECT * FROM processes LIMIT 20"]
    {
        match e.sql(sql, &cancel).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(batches) => drop(batches),
            Err(error) => assert!(error.to_string().contains(".parquet"), "{error}"),
        }
    }
}

/// QRY-5: 10,000 files with changed bytes: opening them, listing who is in them, reading their events and asking for values
/// neither takes the program down nor memory beyond a bound, and each file is either opened or named.
#[test]
fn changed_bytes_do_no_harm() {
    const FILES: usize = 10_000;
    const AT_A_TIME: usize = 250;
    const BOUND: usize = 64 << 20;
    let _alone = alone();
    let dir = recording(3);
    let tables = ["containers", "events", "processes", "node"];
    let genuine: Vec<(&str, PathBuf, Vec<u8>)> = tables
        .iter()
        .flat_map(|t| files(dir.path(), t).into_iter().map(move |f| (*t, f)))
        .map(|(t, f)| (t, f.strip_prefix(dir.path()).unwrap().to_owned(), fs::read(f).unwrap()))
        .collect();
    assert!(genuine.len() >= 3);
    let mut random = Random(20_261_120);
    let (mut opened, mut named) = (0, 0);
    for round in 0..FILES / AT_A_TIME {
        let here = tempfile::tempdir().unwrap();
        for i in 0..AT_A_TIME {
            let (_, path, bytes) = &genuine[random.below(genuine.len())];
            let mut bytes = bytes.clone();
            mutate(&mut bytes, &mut random);
            let path = here.path().join(path).with_file_name(format!("f-{round}-{i}.parquet"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let e = engine(here.path());
        let o = e.overview();
        assert_eq!(o.files + o.problems.len(), AT_A_TIME, "round {round}");
        let ever = TimeRange::new(i64::MIN, i64::MAX);
        let subjects = e.subjects(Table::Containers, ever).unwrap();
        e.events(ever);
        ask_everything(&e, &subjects.iter().map(Subject::key).collect::<Vec<_>>());
        let peak = (PEAK.load(Ordering::Relaxed) - before).cast_unsigned();
        assert!(peak < BOUND, "round {round}: {peak} bytes");
        (opened, named) = (opened + o.files, named + o.problems.len());
    }
    assert!(opened > FILES / 10 && named > FILES / 10, "{opened} opened, {named} named");
}

/// QRY-1: a cache changes no answer: with none, with a good one, with one that knows other files, and whatever its bytes.
#[test]
fn a_cache_is_never_needed_and_never_wrong() {
    let _alone = alone();
    let dir = recording(3);
    let good = files(dir.path(), "containers").remove(0);
    let bytes = fs::read(&good).unwrap();
    for i in 0..80 {
        fs::write(good.with_file_name(format!("more-{i}.parquet")), &bytes).unwrap();
    }
    let cached = tempfile::tempdir().unwrap();
    let place = cached.path().join("deep/catalogue");
    let opened = || {
        let options = Options { cache: Some(place.clone()), ..Options::default() };
        let e = Engine::open_with(&[dir.path().to_owned()], &options).unwrap();
        let o = e.overview();
        let subjects = e.subjects(Table::Containers, all()).unwrap();
        (subjects, o.files, o.range, o.metrics.clone(), o.gaps.clone(), o.problems.clone())
    };
    let expected = opened();
    let cache = || {
        fs::read_dir(&place).ok()?.flatten().map(|e| e.path()).find(|p| p.extension().unwrap() == "catalogue")
    };
    let path = cache().expect("it is there as soon as whoever asked has ended");
    let whole = fs::read(&path).unwrap();
    assert_eq!(opened(), expected, "from the cache");

    // A footer that nobody reads, since the cache has it: this is what shows that the cache is used at all.
    let one = good.with_file_name("more-7.parquet");
    let stat = fs::metadata(&one).unwrap();
    let mut blind = bytes.clone();
    let end = blind.len();
    blind[end - 300..end - 8].fill(0xff);
    fs::write(&one, &blind).unwrap();
    fs::File::options().write(true).open(&one).unwrap().set_modified(stat.modified().unwrap()).unwrap();
    assert_eq!(opened(), expected, "from the cache alone");
    fs::File::options().write(true).open(&one).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
    assert_eq!(opened().5.len(), 1, "a file that has changed is read again");
    fs::write(&one, &bytes).unwrap();

    let mut random = Random(7);
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    for i in 0..60 {
        let mut bad = whole.clone();
        match i % 3 {
            0 => bad.truncate(random.below(whole.len())),
            1 => bad[random.below(whole.len())] ^= 1 << random.below(8),
            // With a checksum that is right.
            _ => {
                let at = 4 + random.below(whole.len() - 4);
                let until = (at + 1 + random.below(9)).min(bad.len());
                bad[at..until].fill([0xff, 0x00, 0x7f][random.below(3)]);
                let sum = crc32fast::hash(&bad[4..]);
                bad[..4].copy_from_slice(&sum.to_le_bytes());
            }
        }
        fs::write(&path, bad).unwrap();
        let now = opened();
        // One that lies with the right checksum was written to lie; it must do no harm beyond that.
        assert!(i % 3 == 2 || now == expected, "{i}");
    }
    let peak = (PEAK.load(Ordering::Relaxed) - before).cast_unsigned();
    assert!(peak < 64 << 20, "{peak} bytes");
}
