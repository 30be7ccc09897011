//! QRY-6: what `verify` finds in recordings that are not as they should be.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use common::{START, fill, open};
use fgm::query::verify::{Finding, Summary, Weight, verify};
use fgm::time::SECOND;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

fn check(root: &Path) -> (Summary, Vec<Finding>) {
    let mut all = Vec::new();
    let sum = verify(&[root.to_owned()], &mut |f| all.push(f)).unwrap();
    (sum, all)
}

/// A store of one rotation, and its file of containers.
fn store() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 60);
    w.finish(START + 60 * SECOND).unwrap();
    let pattern = format!("{}/containers/**/*.parquet", dir.path().display());
    let file = glob::glob(&pattern).unwrap().flatten().next().unwrap();
    (dir, file)
}

/// Writes a file anew with other rows or another footer.
fn rewrite(path: &Path, to: &Path, change: impl FnOnce(RecordBatch, &mut Vec<KeyValue>) -> RecordBatch) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut kv = reader.metadata().file_metadata().key_value_metadata().unwrap().clone();
    kv.retain(|k| k.key.starts_with("fgm."));
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let batch = change(concat_batches(&schema, &batches).unwrap(), &mut kv);
    let properties = WriterProperties::builder().set_key_value_metadata(Some(kv)).build();
    let mut writer =
        ArrowWriter::try_new(File::create(to).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn value<'a>(kv: &'a mut [KeyValue], key: &str) -> &'a mut String {
    kv.iter_mut().find(|k| k.key == key).unwrap().value.as_mut().unwrap()
}

fn problems(found: &[Finding]) -> Vec<&str> {
    found.iter().filter(|f| f.weight == Weight::Problem).map(|f| f.what.as_str()).collect()
}

/// QRY-6: a store at work is fine, its lost ticks are counted once, and nothing is said that is not so.
#[test]
fn a_whole_store_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 50);
    for n in (55..100).chain(102..110) {
        w.append(&common::tick(n, 0)).unwrap();
    }
    let (sum, found) = check(dir.path());
    assert_eq!(problems(&found), Vec::<&str>::new());
    assert_eq!((sum.rows, sum.lost_ticks, sum.unreadable), (3 * 103 + 1, 7, 0), "{found:?}");
    w.finish(START + 110 * SECOND).unwrap();
    let (sum, found) = check(dir.path());
    assert_eq!((found.len(), sum.rows, sum.lost_ticks, sum.segments), (0, 3 * 103 + 1, 7, 0), "{found:?}");
}

/// QRY-6: rows in the wrong order, twice, or outside what the footer says; each is named as what it is.
#[test]
fn rows_and_footer_must_agree() {
    type Change = Box<dyn FnOnce(RecordBatch, &mut Vec<KeyValue>) -> RecordBatch>;
    let reorder = |order: Vec<u32>| -> Change {
        Box::new(move |b, _| take_record_batch(&b, &UInt32Array::from(order)).unwrap())
    };
    let swapped = [1, 0].into_iter().chain(2..120).collect();
    let doubled = [0].into_iter().chain(0..119).collect();
    let subjects = (60..120).chain(0..60).collect();
    let footer = |key: &'static str, from: &'static str, to: &'static str| -> Change {
        Box::new(move |b, kv| {
            let text = value(kv, key);
            assert!(text.contains(from), "{text}");
            *text = text.replacen(from, to, 1);
            b
        })
    };
    let without: Change = Box::new(|b, _| b.project(&(0..b.num_columns() - 1).collect::<Vec<_>>()).unwrap());
    let other_type: Change = Box::new(|b, _| {
        let schema = b.schema();
        let columns = schema.fields().iter().zip(b.columns()).map(|(f, c)| {
            let to = arrow::datatypes::DataType::Float64;
            let is = f.name() == "pids_current";
            (f.name().clone(), if is { arrow::compute::cast(c, &to).unwrap() } else { Arc::clone(c) }, true)
        });
        RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<(String, ArrayRef, bool)>>()).unwrap()
    });
    let values: Change = Box::new(|b, kv| {
        kv.retain(|k| k.key != "fgm.values");
        kv.push(KeyValue::new("fgm.values".to_owned(), "0f".to_owned()));
        b
    });
    let cases: Vec<(Change, &str)> = vec![
        (reorder(swapped), "tick 0 follows tick 1"),
        (reorder(doubled), "tick 0 follows tick 0"),
        (reorder(subjects), "belongs before that of the row before"),
        (reorder((0..119).collect()), "has other rows or times"),
        (footer("fgm.subjects", "\"/a\"", "\"/x\""), "has other labels"),
        (
            footer("fgm.extent", "\"last_tick_no\":59", "\"last_tick_no\":50"),
            "lie outside its footer's 0 to 50",
        ),
        (footer("fgm.run_id", "aaaa", "bbbb"), "does not name the run"),
        (without, "it has no column"),
        (other_type, "pids_current is Float64 instead of Int64"),
        (values, "says that cgroup_path has no values"),
    ];
    for (change, said) in cases {
        let (dir, file) = store();
        rewrite(&file, &file, change);
        let (_, found) = check(dir.path());
        assert!(problems(&found).iter().any(|p| p.contains(said)), "{said}: {found:?}");
        assert!(found.iter().all(|f| f.path == file), "{found:?}");
    }
}

/// QRY-6, STO-7: what a compacted file has replaced is a note, and its rows count once.
#[test]
fn superseded_files_are_noted() {
    let (dir, file) = store();
    let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
    let merged = file.with_file_name("n1-20261120T120000Z-cccccccc-00000.parquet");
    rewrite(&file, &merged, |b, kv| {
        kv.push(KeyValue::new("fgm.sources".to_owned(), format!("[\"{stem}\"]")));
        b
    });
    let (sum, found) = check(dir.path());
    assert_eq!(sum.rows, 3 * 60 + 1);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.contains("compacted into") && found[0].path == file && sum.problems == 0);

    // Without that word, they are rows that stand twice.
    rewrite(&file, &merged, |b, _| b);
    let (_, found) = check(dir.path());
    assert!(problems(&found)[0].contains("120 rows stand in"), "{found:?}");
}

/// QRY-6: damage in a segment is found; a torn tail is a note.
#[test]
fn segments_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 60);
    let segment =
        glob::glob(&format!("{}/.open/*.seg", dir.path().display())).unwrap().flatten().next().unwrap();
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, &whole[..whole.len() - 5]).unwrap();
    let (sum, found) = check(dir.path());
    assert_eq!((sum.problems, sum.segments), (0, 1), "{found:?}");
    assert!(found.iter().any(|f| f.what.contains("bytes at its end are no whole record")), "{found:?}");
    let mut torn = whole.clone();
    // Behind the head, which takes most of so short a segment.
    let middle = whole.len() - 200;
    torn[middle..middle + 40].fill(0);
    fs::write(&segment, &torn).unwrap();
    let (sum, found) = check(dir.path());
    assert!(sum.problems > 0 && found.iter().any(|f| f.what.contains("in its middle")), "{found:?}");
    fs::write(&segment, b"nothing").unwrap();
    let (sum, found) = check(dir.path());
    assert_eq!((sum.unreadable, sum.segments), (1, 0), "{found:?}");
    assert!(problems(&found)[0].starts_with("not a segment"), "{found:?}");
}

/// QRY-6, QRY-5: what is no file does not hold anything up, and a run's description must be whole.
#[test]
fn strange_things_are_named() {
    let (dir, file) = store();
    fs::create_dir(file.with_file_name("dir.parquet")).unwrap();
    std::os::unix::fs::symlink("/nowhere", file.with_file_name("link.parquet")).unwrap();
    fs::write(file.with_file_name("empty.parquet"), "").unwrap();
    let fifo =
        std::process::Command::new("mkfifo").arg(file.with_file_name("fifo.parquet")).status().unwrap();
    assert!(fifo.success());
    let session =
        glob::glob(&format!("{}/session-*.json", dir.path().display())).unwrap().flatten().next().unwrap();
    fs::write(&session, "{").unwrap();
    let (sum, found) = check(dir.path());
    let said = |name: &str| {
        let ends = |f: &&Finding| f.path.to_string_lossy().ends_with(name);
        found.iter().find(ends).map_or("", |f| f.what.as_str())
    };
    assert_eq!(said("empty.parquet"), "empty file");
    assert_eq!(said("fifo.parquet"), "not a file");
    assert!(said("link.parquet").contains("No such file"), "{found:?}");
    assert!(said(".json").contains("not whole JSON"), "{found:?}");
    assert_eq!(sum.rows, 3 * 60 + 1);
}
