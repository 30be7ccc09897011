//! Queries over real files and open segments.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use common::{START, fill, memory, open, tick};
use fgm::metric::{Metric, Table};
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine, QueryError};
use fgm::series::Gap;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{SECOND, TimeRange};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;

fn engine(root: &Path) -> Engine {
    Engine::open(&[root.to_owned()]).unwrap()
}

fn all() -> TimeRange {
    TimeRange::new(START - 100 * SECOND, START + 100_000 * SECOND)
}

fn subject(engine: &Engine, path: &str) -> Subject {
    let all = engine.subjects(Table::Containers, all()).unwrap();
    all.into_iter().find(|s| s.text("cgroup_path") == Some(path)).unwrap()
}

fn window(engine: &Engine, metric: &str, keys: &[SubjectKey], from: i64, columns: usize) -> WindowAnswer {
    let range = TimeRange::new(START + from * SECOND, START + (from + columns as i64) * SECOND);
    let metric = Metric::find(keys[0].table, metric).unwrap();
    let query = WindowQuery { metric, subjects: keys.to_vec(), range, columns };
    engine.window(&query, &Cancel::default()).unwrap()
}

fn means(answer: &WindowAnswer, series: usize) -> Vec<Option<f64>> {
    answer.series[series].1.columns.iter().map(|b| b.map(|b| b.mean)).collect()
}

fn parquet_files(root: &Path, table: &str) -> Vec<PathBuf> {
    let pattern = format!("{}/{table}/**/*.parquet", root.display());
    let mut all: Vec<PathBuf> = glob::glob(&pattern).unwrap().flatten().collect();
    all.sort();
    all
}

/// QRY-1, STO-3: sealed files and the open segment are one recording, live to the last tick.
#[test]
fn a_window_spans_sealed_files_and_the_open_segment() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 100);
    // The first 90 ticks are being sealed in the background; whichever way they are found, they count once.
    let e = engine(dir.path());
    let key = subject(&e, "/a").key();
    let answer = window(&e, "memory_current_bytes", std::slice::from_ref(&key), 0, 110);
    let expected: Vec<_> = (0..110).map(|n| (n < 100).then(|| memory(2, n) as f64)).collect();
    assert_eq!(means(&answer, 0), expected);
    assert!(e.overview().live);

    for n in 100..105 {
        w.append(&tick(n, 0)).unwrap();
    }
    assert!(e.refresh().unwrap());
    assert_eq!(
        means(&window(&e, "memory_current_bytes", std::slice::from_ref(&key), 100, 5), 0)
            .iter()
            .flatten()
            .count(),
        5
    );
    while glob::glob(&format!("{}/.open/*.seg", dir.path().display())).unwrap().count() > 1 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    e.refresh().unwrap();
    assert!(!e.refresh().unwrap(), "nothing new");

    w.finish(START + 105 * SECOND).unwrap();
    e.refresh().unwrap();
    let o = e.overview();
    assert!(!o.live && o.segments == 0 && o.files > 0 && o.problems.is_empty(), "{o:?}");
    assert_eq!(o.range, Some(TimeRange::new(START, START + 105 * SECOND)));
    let answer = window(&e, "memory_current_bytes", &[key], 0, 105);
    assert_eq!(answer.series[0].1.samples(), 105);
    assert!(answer.series[0].1.columns.iter().all(|b| b.unwrap().gap_before.is_none()));
}

/// QRY-2: counters become rates, also across files; several subjects come back apart and in the order asked.
#[test]
fn rates_cross_files_and_subjects_stay_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 200);
    w.finish(START).unwrap();
    let e = engine(dir.path());
    let keys = [subject(&e, "/b").key(), subject(&e, "/a").key()];
    let rates = window(&e, "io_read_ops_total", &keys, 85, 20);
    assert_eq!(means(&rates, 0), vec![Some(5.0); 20]);
    assert!(rates.quantity.per_second);
    let bytes = window(&e, "memory_current_bytes", &keys, 85, 1);
    assert_eq!(
        (means(&bytes, 0), means(&bytes, 1)),
        (vec![Some(memory(1, 85) as f64)], vec![Some(memory(2, 85) as f64)])
    );
}

/// QRY-2: a lost tick and another run are gaps of the recorder's, and each bucket knows it.
#[test]
fn lost_ticks_and_restarts_break_the_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    for n in (0..50).chain(53..60) {
        w.append(&tick(n, 0)).unwrap();
    }
    w.finish(START).unwrap();
    let mut w = open(dir.path(), "bbbbbbbb00000002");
    for n in 70..80 {
        w.append(&tick(n, 70)).unwrap();
    }
    w.finish(START).unwrap();
    let e = engine(dir.path());
    assert_eq!(e.overview().lost_ticks, 3);
    let key = subject(&e, "/a").key();
    let answer = window(&e, "memory_current_bytes", &[key], 0, 80);
    let columns = answer.series[0].1.columns.iter().enumerate();
    let gaps: Vec<_> = columns.filter_map(|(i, b)| Some((i, (*b)?.gap_before?))).collect();
    assert_eq!(gaps, [(53, Gap::RecorderDown), (70, Gap::RecorderDown)]);
}

/// QRY-1: subjects with labels and times; processes are found within their containers.
#[test]
fn subjects_are_listed_for_every_table() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 95);
    let e = engine(dir.path());
    let c = subject(&e, "/a");
    assert_eq!((c.first, c.last), (START + 2, START + 94 * SECOND + 2));
    let p = e.subjects(Table::Processes, all()).unwrap();
    assert_eq!(p.len(), 1);
    assert_eq!(p[0].title(), "worker [7]");
    let answer = window(&e, "threads", &[p[0].key()], 0, 95);
    assert_eq!(answer.series[0].1.samples(), 95);
    let none = e.subjects(Table::Containers, TimeRange::new(0, 1)).unwrap();
    assert!(none.is_empty());
}

/// QRY-5: truncated, empty and foreign files are named with their reason; the rest opens.
#[test]
fn bad_files_are_named_and_the_rest_opens() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 200);
    w.finish(START).unwrap();
    let files = parquet_files(dir.path(), "containers");
    let bytes = fs::read(&files[1]).unwrap();
    fs::write(&files[1], &bytes[..bytes.len() / 2]).unwrap();
    let partition = files[0].parent().unwrap();
    fs::write(partition.join("empty.parquet"), b"").unwrap();
    fs::write(partition.join("junk.parquet"), b"PAR1 this is not Parquet PAR1").unwrap();
    let e = engine(dir.path());
    let o = e.overview();
    let names: Vec<_> = o.problems.iter().map(|p| p.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names.len(), 3, "{:?}", o.problems);
    assert!(names.contains(&"empty.parquet") && names.contains(&"junk.parquet"));
    let key = subject(&e, "/a").key();
    assert_eq!(window(&e, "memory_current_bytes", &[key], 0, 200).series[0].1.samples(), 110);
}

/// QRY-1: new files join while it runs; globs and single files open too.
#[test]
fn files_join_and_globs_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 10);
    w.finish(START).unwrap();
    let e = engine(dir.path());
    let mut w = open(dir.path(), "bbbbbbbb00000002");
    for n in 10..20 {
        w.append(&tick(n, 10)).unwrap();
    }
    w.finish(START).unwrap();
    assert!(e.refresh().unwrap());
    assert_eq!(e.overview().range, Some(TimeRange::new(START, START + 20 * SECOND)));

    let file = parquet_files(dir.path(), "containers").remove(0);
    assert_eq!(engine(&file).overview().files, 1);
    let pattern = dir.path().join("containers/*/*/*.parquet");
    assert_eq!(Engine::open(&[pattern]).unwrap().overview().files, 2);
}

/// QRY-1: what is not there gets one clear line that names it.
#[test]
fn missing_paths_are_named() {
    let e = Engine::open(&["/nonexistent/place".into()]).err().unwrap();
    assert!(matches!(e, QueryError::Missing(_)));
    assert!(e.to_string().starts_with("/nonexistent/place: no such file or directory"));
    let e = Engine::open(&["/nonexistent/*.parquet".into()]).err().unwrap();
    assert!(e.to_string().contains("nothing matches"));
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(engine(dir.path()).overview().range, None);
}

/// QRY-1: links that lead in circles are not followed.
#[test]
fn circular_links_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 3);
    w.finish(START).unwrap();
    let files = engine(dir.path()).overview().files;
    std::os::unix::fs::symlink(dir.path(), dir.path().join("containers/again")).unwrap();
    assert_eq!((engine(dir.path()).overview().files, files), (3, 3));
}

/// STO-3, QRY-1: a crash between sealing and removing the segment leaves both; each row counts once.
#[test]
fn rows_in_both_a_segment_and_its_file_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 50);
    let seg = glob::glob(&format!("{}/.open/*.seg", dir.path().display())).unwrap().next().unwrap().unwrap();
    let bytes = fs::read(&seg).unwrap();
    w.finish(START).unwrap();
    fs::write(&seg, bytes).unwrap();
    // And between two tables: this one's file is not there yet, so its rows come from the segment.
    fs::remove_file(parquet_files(dir.path(), "processes").remove(0)).unwrap();
    let e = engine(dir.path());
    let key = subject(&e, "/a").key();
    assert_eq!(window(&e, "memory_current_bytes", &[key], 0, 50).series[0].1.samples(), 50);
    let p = e.subjects(Table::Processes, all()).unwrap().remove(0).key();
    assert_eq!(window(&e, "threads", &[p], 0, 50).series[0].1.samples(), 50);
    assert!(!e.overview().live);
}

/// Rewrites a sealed file as an older version would have written it: without one column, the others in another order.
fn rewrite_without(path: &Path, column: &str) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let meta = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap();
    let meta =
        meta.into_iter().filter(|kv| !["ARROW:schema", "fgm.values"].contains(&kv.key.as_str())).collect();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let keep: Vec<usize> = (0..batches[0].num_columns())
        .rev()
        .filter(|&i| batches[0].schema().field(i).name() != column)
        .collect();
    let batches: Vec<RecordBatch> = batches.iter().map(|b| b.project(&keep).unwrap()).collect();
    let props = WriterProperties::builder().set_key_value_metadata(Some(meta)).build();
    let file = fs::File::create(path).unwrap();
    let mut w = ArrowWriter::try_new(file, batches[0].schema(), Some(props)).unwrap();
    for b in &batches {
        w.write(b).unwrap();
    }
    w.close().unwrap();
}

/// STO-8: an old file without a metric and a new one with it, side by side: both open, what is missing is absent.
#[test]
fn files_of_other_versions_open_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 180);
    w.finish(START).unwrap();
    rewrite_without(&parquet_files(dir.path(), "containers")[0], "memory_current_bytes");
    let e = engine(dir.path());
    assert!(e.overview().problems.is_empty(), "{:?}", e.overview().problems);
    let key = subject(&e, "/a").key();
    let answer = window(&e, "memory_current_bytes", std::slice::from_ref(&key), 0, 180);
    let expected: Vec<_> = (0..180).map(|n| (n >= 90).then(|| memory(2, n) as f64)).collect();
    assert_eq!(means(&answer, 0), expected);
    assert_eq!(window(&e, "io_read_ops_total", &[key], 1, 179).series[0].1.samples(), 179);
}
