//! Compaction through files: nothing is lost or doubled, whatever is in the way and wherever it ends (STO-7, STO-8).

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use common::{START, config, fill, run_info};
use fgm::metric::Table;
use fgm::store::StoreError;
use fgm::store::compact::{Control, Disk, Memory, Options, RealDisk, Report, compact};
use fgm::store::schema::{Extent, IndexLabel, SubjectIndex, meta};
use fgm::store::writer::StoreWriter;
use fgm::time::{Micros, SECOND};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData};
use parquet::file::properties::WriterProperties;

const LATER: Micros = START + 2 * 3600 * SECOND;
const TABLES: [&str; 3] = ["containers", "processes", "events"];

/// Records these ticks as one run, a file for every ten.
fn record(root: &Path, run: &str, spans: &[(i64, i64)]) {
    let config = fgm::store::writer::StoreConfig { rotation: Duration::from_secs(10), ..config(root) };
    let mut writer = StoreWriter::open(config, run_info(run), START).unwrap();
    for (from, to) in spans {
        if *from == spans[0].0 {
            fill(&mut writer, *from, *to);
        } else {
            for n in *from..*to {
                writer.append(&common::tick(n, spans[0].0)).unwrap();
            }
        }
    }
    writer.finish(START).unwrap();
}

/// Two runs, one with ticks lost within a file and between two.
fn store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    record(dir.path(), "aaaaaaaa00000001", &[(0, 14), (16, 20), (33, 40)]);
    record(dir.path(), "bbbbbbbb00000002", &[(50, 70)]);
    dir
}

fn files(root: &Path, table: &str) -> Vec<PathBuf> {
    let pattern = root.join(table).join("dt=*/identifier=*/*.parquet");
    glob::glob(pattern.to_str().unwrap()).unwrap().flatten().collect()
}

fn hidden(root: &Path) -> Vec<PathBuf> {
    let all = glob::glob(root.join("*/dt=*/identifier=*/.*").to_str().unwrap()).unwrap().flatten();
    all.filter(|p| p.is_file()).collect()
}

fn open(path: &Path) -> ParquetRecordBatchReaderBuilder<File> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    ParquetRecordBatchReaderBuilder::try_new_with_options(File::open(path).unwrap(), options).unwrap()
}

fn read(path: &Path) -> (RecordBatch, Arc<ParquetMetaData>) {
    let builder = open(path);
    let (schema, metadata) = (builder.schema().clone(), Arc::clone(builder.metadata()));
    let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
    (arrow::compute::concat_batches(&schema, &batches).unwrap(), metadata)
}

fn value<T: serde::de::DeserializeOwned>(metadata: &ParquetMetaData, key: &str) -> Option<T> {
    let kv = metadata.file_metadata().key_value_metadata().unwrap();
    let text = kv.iter().find(|k| k.key == key)?.value.clone()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Every row as text, nulls left out.
fn rows_of(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default();
    // Times as numbers: the formatter knows no zones here.
    let plain: Vec<(String, ArrayRef)> = (batch.schema().fields().iter().zip(batch.columns()))
        .map(|(f, c)| match f.data_type() {
            DataType::Timestamp(..) => (f.name().clone(), cast(c, &DataType::Int64).unwrap()),
            _ => (f.name().clone(), Arc::clone(c)),
        })
        .collect();
    let columns: Vec<_> =
        plain.iter().map(|(n, c)| (n, c, ArrayFormatter::try_new(c, &options).unwrap())).collect();
    let row = |i: usize| {
        let mut cells: Vec<String> = columns
            .iter()
            .filter(|(_, c, _)| c.is_valid(i))
            .map(|(name, _, f)| format!("{name}={}", f.value(i)))
            .collect();
        cells.sort();
        cells.join(" ")
    };
    (0..batch.num_rows()).map(row).collect()
}

/// All rows of a table as a reader sees them: without files that another one names as its source.
fn rows(root: &Path, table: &str) -> Vec<String> {
    let read: Vec<_> = files(root, table).iter().map(|p| (p.clone(), read(p))).collect();
    let replaced: HashSet<String> = read
        .iter()
        .flat_map(|(_, (_, m))| value::<Vec<String>>(m, meta::SOURCES).unwrap_or_default())
        .collect();
    let counts = |p: &Path| !replaced.contains(p.file_stem().unwrap().to_str().unwrap());
    let mut all: Vec<String> =
        read.iter().filter(|(p, _)| counts(p)).flat_map(|(_, (batch, _))| rows_of(batch)).collect();
    all.sort();
    all
}

fn all_rows(root: &Path) -> Vec<Vec<String>> {
    TABLES.iter().map(|t| rows(root, t)).collect()
}

fn run(root: &Path) -> Report {
    run_on(root, &RealDisk).unwrap()
}

fn run_on(root: &Path, disk: &dyn Disk) -> Result<Report, StoreError> {
    let options = Options { older_than: Some(Duration::ZERO), ..Options::default() };
    compact(root, LATER, &options, (disk, &Control::new(1.0)), &mut Memory::default())
}

fn copy(from: &Path, tables: &[&str]) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for path in tables.iter().flat_map(|t| files(from, t)) {
        let target = to.path().join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
    to
}

/// STO-7: every row, null, extent and lost tick is there afterwards, in one file that a reader of one subject can use.
#[test]
fn many_files_become_one_without_loss() {
    let dir = store();
    let before = all_rows(dir.path());
    assert_eq!(files(dir.path(), "containers").len(), 5);
    let newest =
        files(dir.path(), "containers").iter().map(|f| fs::metadata(f).unwrap().modified().unwrap()).max();
    let report = run(dir.path());
    assert_eq!((report.merges.len(), report.problems.len(), report.finished), (3, 0, 0));
    assert_eq!(all_rows(dir.path()), before);
    assert!(hidden(dir.path()).is_empty());
    let [only] = &files(dir.path(), "containers")[..] else { panic!("one file is left") };
    assert!(only.ends_with("n1-20261120T120000Z-compact-00001.parquet"), "{only:?}");
    assert_eq!(fs::metadata(only).unwrap().modified().ok(), newest, "--retention goes by it");

    let (batch, metadata) = read(only);
    let run_ids = ["aaaaaaaa00000001", "bbbbbbbb00000002"];
    let runs: Vec<BTreeMap<String, serde_json::Value>> = value(&metadata, meta::RUNS).unwrap();
    assert_eq!(runs.iter().map(|r| r["run_id"].as_str().unwrap()).collect::<Vec<_>>(), run_ids);
    let first: Extent = serde_json::from_value(runs[0]["extent"].clone()).unwrap();
    assert_eq!((first.first_tick_no, first.last_tick_no), (0, 39));
    assert_eq!(first.lost_ticks, [(14, 15), (20, 32)]);
    let union: Extent = value(&metadata, meta::EXTENT).unwrap();
    assert_eq!((union.first_tick, union.last_tick), (START, START + 69 * SECOND));
    assert_eq!(value::<Vec<String>>(&metadata, meta::SOURCES).unwrap().len(), 5);

    let index: SubjectIndex = value(&metadata, meta::SUBJECTS).unwrap();
    assert_eq!((index.first_row, index.rows), (vec![0, 25, 45, 70], vec![25, 20, 25, 20]));
    let texts = |v: &[&str]| IndexLabel::Texts(v.iter().map(|s| Some((*s).to_owned())).collect());
    assert_eq!(index.labels["cgroup_path"], texts(&["/a", "/a", "/b", "/b"]));
    assert_eq!(index.labels["run_id"], texts(&[run_ids[0], run_ids[1], run_ids[0], run_ids[1]]));
    assert_eq!(index.first_seen[1], START + 50 * SECOND + 2);
    let ticks = batch.column_by_name("tick_no").unwrap().as_primitive::<Int64Type>();
    assert_eq!((ticks.value(0), ticks.value(24), ticks.value(25), ticks.value(45)), (0, 39, 50, 0));

    assert!(metadata.offset_index().is_some(), "a reader of one subject finds its pages");
    let kv = metadata.file_metadata().key_value_metadata().unwrap();
    let bits = kv.iter().find(|k| k.key == meta::VALUES).unwrap().value.clone().unwrap();
    for (i, column) in batch.columns().iter().enumerate() {
        let byte = u8::from_str_radix(&bits[i / 8 * 2..i / 8 * 2 + 2], 16).unwrap();
        assert_eq!(
            byte >> (i % 8) & 1 == 1,
            column.null_count() < column.len(),
            "{}",
            batch.schema().field(i)
        );
    }
    assert_eq!(run(dir.path()), Report::default(), "nothing is left to be done");
}

/// STO-7: what comes late is merged too, under a name of its own; nothing younger than asked for is touched.
#[test]
fn late_files_join_and_young_ones_wait() {
    let dir = store();
    let run_at = |now, older_than| {
        let options = Options { older_than: Some(older_than), ..Options::default() };
        let control = Control::new(1.0);
        compact(dir.path(), now, &options, (&RealDisk, &control), &mut Memory::default()).unwrap()
    };
    assert!(run_at(LATER, Duration::from_mins(61)).merges.is_empty());
    assert_eq!(run_at(LATER, Duration::from_hours(1)).merges.len(), 3);
    record(dir.path(), "cccccccc00000003", &[(80, 90)]);
    let before = all_rows(dir.path());
    assert_eq!(run(dir.path()).merges.len(), 3);
    assert_eq!(all_rows(dir.path()), before);
    let [only] = &files(dir.path(), "events")[..] else { panic!("one file is left") };
    assert!(only.ends_with("n1-20261120T120000Z-compact-00002.parquet"), "{only:?}");
    let dry = Options { dry_run: true, ..Options::default() };
    record(dir.path(), "dddddddd00000004", &[(90, 100)]);
    let control = Control::new(1.0);
    let report = compact(dir.path(), LATER, &dry, (&RealDisk, &control), &mut Memory::default()).unwrap();
    assert_eq!((report.merges.len(), report.merges[0].after), (3, None));
    assert_eq!(files(dir.path(), "containers").len(), 2);
}

/// A disk that works for so many calls, and whose last write is torn.
struct Mortal(AtomicUsize);

impl Mortal {
    fn step(&self) -> io::Result<()> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        left.map(drop).map_err(|_| io::Error::other("dead"))
    }
}

impl Disk for Mortal {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.step().and_then(|()| RealDisk.create(path))
    }
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        if let Err(dead) = self.step() {
            let _ = RealDisk.write(file, &bytes[..bytes.len() / 2]);
            return Err(dead);
        }
        RealDisk.write(file, bytes)
    }
    fn set_modified(&self, file: &File, time: SystemTime) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.set_modified(file, time))
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.sync(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.rename(from, to))
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.sync_dir(path))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.remove(path))
    }
}

/// STO-7: wherever a compaction dies, every row is there exactly once, and the next one finishes its work.
#[test]
fn a_crash_between_any_two_calls_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    record(dir.path(), "aaaaaaaa00000001", &[(0, 20)]);
    record(dir.path(), "bbbbbbbb00000002", &[(50, 53)]);
    // Whole with few columns; with many, whose calls differ only in what is written, now and then.
    for (table, stride) in [("events", 1), ("containers", 19)] {
        let before = rows(dir.path(), table);
        let (mut steps, mut finished, mut swept) = (0, 0, 0);
        loop {
            let copy = copy(dir.path(), &[table]);
            let died = run_on(copy.path(), &Mortal(AtomicUsize::new(steps)));
            assert_eq!(rows(copy.path(), table), before, "after {steps} calls");
            swept += hidden(copy.path()).len();
            let report = run(copy.path());
            finished += report.finished;
            assert_eq!(report.problems, []);
            assert_eq!(rows(copy.path(), table), before, "after {steps} calls and a second run");
            assert!(files(copy.path(), table).len() == 1 && hidden(copy.path()).is_empty());
            if died.is_ok() {
                break;
            }
            steps += stride;
        }
        assert!(swept > 0 && (stride > 1 || finished >= 3), "{steps} {swept} {finished}");
    }
}

fn rewrite(
    path: &Path,
    change: impl Fn(Vec<(Field, ArrayRef)>) -> Vec<(Field, ArrayRef)>,
    version: Option<&str>,
) {
    let (batch, metadata) = read(path);
    let schema = batch.schema();
    let columns = schema.fields().iter().map(|f| f.as_ref().clone()).zip(batch.columns().iter().cloned());
    let (fields, columns): (Vec<_>, Vec<_>) = change(columns.collect()).into_iter().unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut kv = metadata.file_metadata().key_value_metadata().unwrap().clone();
    kv.retain(|k| k.key.starts_with("fgm."));
    if let Some(version) = version {
        kv.retain(|k| k.key != meta::SCHEMA_VERSION);
        kv.push(KeyValue::new(meta::SCHEMA_VERSION.to_owned(), version.to_owned()));
    }
    let properties = WriterProperties::builder().set_key_value_metadata(Some(kv)).build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// STO-8: columns that only some files have, those of newer versions included, are carried over by name.
#[test]
fn versions_unite() {
    let dir = store();
    let files_before = files(dir.path(), "containers");
    rewrite(
        &files_before[0],
        |c| c.into_iter().filter(|(f, _)| f.name() != "io_read_ops_total").collect(),
        None,
    );
    let add = |mut columns: Vec<(Field, ArrayRef)>| {
        let rows = columns[0].1.len();
        let with = |f: Field, kind: &str| f.with_metadata([("kind".to_owned(), kind.to_owned())].into());
        let field = Field::new("quantum_flux_total", DataType::Int64, true);
        let values: ArrayRef =
            Arc::new((0..rows as i64).map(|i| (i % 3 > 0).then_some(i)).collect::<Int64Array>());
        columns.push((with(field, "counter"), values));
        let field = Field::new("planet", DataType::Utf8, true);
        let values: ArrayRef = Arc::new((0..rows).map(|_| Some("Mars")).collect::<StringArray>());
        columns.push((with(field, "label"), values));
        columns
    };
    rewrite(&files_before[3], add, Some("99"));
    let before = all_rows(dir.path());
    assert_eq!(before[0].iter().filter(|r| r.contains("planet=Mars")).count(), 20);
    assert_eq!(run(dir.path()).problems, []);
    assert_eq!(all_rows(dir.path()), before);
    let [only] = &files(dir.path(), "containers")[..] else { panic!("one file is left") };
    assert_eq!(value::<u32>(&read(only).1, meta::SCHEMA_VERSION), Some(99));
}

/// STO-7: what cannot be read or merged is named and stays as it is; the rest is merged.
#[test]
fn what_cannot_be_merged_stays() {
    let dir = store();
    let c = files(dir.path(), "containers");
    let whole = fs::read(&c[0]).unwrap();
    fs::write(&c[0], &whole[..whole.len() - 9]).unwrap();
    // Its footer is whole, its data is not.
    let mut damaged = fs::read(&c[1]).unwrap();
    damaged[4..2000].fill(0x5a);
    fs::write(&c[1], &damaged).unwrap();
    let processes = files(dir.path(), "processes");
    fs::write(&processes[0], b"").unwrap();
    let swap = |columns: Vec<(Field, ArrayRef)>| {
        let threads = |f: &Field| f.name() == "threads";
        let text = |n: usize| Arc::new((0..n).map(|_| Some("3")).collect::<StringArray>()) as ArrayRef;
        let changed = |(f, c): (Field, ArrayRef)| {
            if threads(&f) { (Field::new("threads", DataType::Utf8, true), text(c.len())) } else { (f, c) }
        };
        columns.into_iter().map(changed).collect()
    };
    rewrite(&processes[1], swap, Some("1"));
    let foreign = files(dir.path(), "events").remove(0);
    let mut writer =
        ArrowWriter::try_new(File::create(&foreign).unwrap(), Arc::new(Schema::empty()), None).unwrap();
    writer.flush().unwrap();
    writer.close().unwrap();
    let beside = processes[0].with_file_name("notes.parquet");
    fs::write(&beside, b"mine").unwrap();

    let bad = [&c[0], &c[1], &processes[0], &processes[1], &foreign, &beside];
    let kept = bad.map(|p| fs::read(p).unwrap());
    let report = run(dir.path());
    let named: Vec<_> = report.problems.iter().map(|p| p.path.clone()).collect();
    for path in &bad[..5] {
        assert!(named.contains(path), "{path:?} in {:?}", report.problems);
    }
    assert_eq!(named.len(), 5, "{:?}", report.problems);
    assert!(report.problems.iter().all(|p| p.reason.lines().count() == 1));
    assert_eq!(bad.map(|p| fs::read(p).unwrap()), kept);
    assert_eq!(report.merges.iter().map(|m| m.files).collect::<Vec<_>>(), [3, 3]);
    let [processes, ..] = &report.merges[1..] else { panic!("{report:?}") };
    assert_eq!(read(&processes.path).0.num_rows(), 7 + 20);
}

/// STO-7: what a recorder may still write is left alone, and two compactions do not work on the same store.
#[test]
fn living_recorders_are_left_alone() {
    let dir = store();
    // As if the recorder had died, or were still at work, between sealing a table and removing the segment.
    let stem = files(dir.path(), "containers")[0].file_stem().unwrap().to_str().unwrap().to_owned();
    fs::write(dir.path().join(".open").join(format!("{stem}.seg")), b"").unwrap();
    let report = run(dir.path());
    assert_eq!(report.merges.iter().map(|m| m.files).collect::<Vec<_>>(), [4, 4]);
    let left = files(dir.path(), "containers");
    assert!(
        left.len() == 2 && left.iter().any(|f| f.file_stem().unwrap().to_str() == Some(&stem)),
        "{left:?}"
    );

    let dir = store();
    let mut other = StoreWriter::open(config(dir.path()), run_info("eeeeeeee00000005"), START).unwrap();
    fill(&mut other, 100, 101);
    let beside = |own: &str| {
        let options = Options { own: Some(own.to_owned()), dry_run: true, ..Options::default() };
        compact(dir.path(), LATER, &options, (&RealDisk, &Control::new(1.0)), &mut Memory::default()).unwrap()
    };
    assert_eq!((beside("n2").merges.len(), beside("n1").merges.len()), (0, 3));
    other.finish(START).unwrap();
    assert_eq!(beside("n2").merges.len(), 3, "nobody records under it any more");

    let held = File::open(dir.path()).unwrap();
    held.lock().unwrap();
    let error = run_on(dir.path(), &RealDisk).unwrap_err();
    assert!(matches!(error, StoreError::Compacting { .. }) && error.to_string().contains("another process"));
    drop(held);
    let control = Control::new(1.0);
    control.stop();
    let before = files(dir.path(), "containers");
    let options = Options::default();
    let stopped =
        compact(dir.path(), LATER, &options, (&RealDisk, &control), &mut Memory::default()).unwrap();
    assert_eq!((stopped, files(dir.path(), "containers")), (Report::default(), before));
    assert!(hidden(dir.path()).is_empty());
}

/// STO-7: sources that a dead compaction has left are removed only when the result can be read to its last value.
#[test]
fn leftovers_of_an_unreadable_result_stay() {
    let dir = store();
    let sources = copy(dir.path(), &TABLES);
    run(dir.path());
    let [result] = &files(dir.path(), "containers")[..] else { panic!("one file is left") };
    for path in files(sources.path(), "containers") {
        fs::copy(&path, dir.path().join(path.strip_prefix(sources.path()).unwrap())).unwrap();
    }
    let whole = fs::read(result).unwrap();
    let mut damaged = whole.clone();
    damaged[4..4000].fill(0x5a);
    fs::write(result, &damaged).unwrap();
    let report = run(dir.path());
    assert_eq!((report.finished, report.merges.len(), report.problems.len()), (0, 0, 1));
    assert_eq!(files(dir.path(), "containers").len(), 6);
    fs::write(result, whole).unwrap();
    let report = run(dir.path());
    assert_eq!((report.finished, report.merges.len(), report.problems.len()), (5, 0, 0));
    assert_eq!(files(dir.path(), "containers").len(), 1);
}

/// STO-7: rows of one subject lie together within each run, also where a table has several series of it.
#[test]
fn rows_are_sorted() {
    let dir = store();
    run(dir.path());
    for table in [Table::Containers, Table::Processes] {
        let (batch, _) = read(&files(dir.path(), table.name())[0]);
        let text = |name: &str, i: usize| {
            let column = batch.column_by_name(name).unwrap().as_dictionary::<Int32Type>();
            let values = column.values().as_string::<i32>();
            column.key(i).map(|k| values.value(k).to_owned())
        };
        let ticks = batch.column_by_name("tick_no").unwrap().as_primitive::<Int64Type>();
        let keys: Vec<_> = (0..batch.num_rows())
            .map(|i| (text("cgroup_path", i), text("run_id", i), ticks.value(i)))
            .collect();
        assert!(keys.is_sorted(), "{table}");
    }
}
