//! One sealed file: its footer, every page of it, and whether the two agree.
//!
//! Owns: what a file must be by itself. Must not: compare files.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, RowGroupMetaData};
use serde::de::DeserializeOwned;

use super::super::foreign;
use super::groups::Groups;
use super::{Checked, Findings, RunPart};
use crate::metric::{SCHEMA_VERSION, Table};
use crate::store::layout::{self, EVENTS, SealedPath};
use crate::store::schema::{self, Extent, SubjectIndex, meta};

/// Rows that are decoded at a time.
const BATCH: usize = 4096;
/// A column chunk of ours is far smaller, whatever its footer says.
const MAX_CHUNK: i64 = 1 << 30;

/// What a footer says beside the schema.
struct Footer {
    version: u32,
    parts: Vec<RunPart>,
    index: Option<SubjectIndex>,
    sources: Vec<String>,
    values: Option<Vec<u8>>,
}

/// Checks one file; `None` when it cannot be read, which has been said then.
pub(super) fn check(path: &Path, f: &mut Findings<'_>) -> Option<Checked> {
    match try_check(path, f) {
        Ok(checked) => Some(checked),
        Err(reason) => {
            f.problem(reason);
            None
        }
    }
}

fn try_check(path: &Path, f: &mut Findings<'_>) -> Result<Checked, String> {
    let stat = std::fs::metadata(path).map_err(|e| e.to_string())?;
    if !stat.is_file() {
        return Err("not a file".to_owned());
    }
    if stat.len() == 0 {
        return Err("empty file".to_owned());
    }
    let file = File::open(path).map_err(|e| e.to_string())?;
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let read =
        ArrowReaderMetadata::load(&file, options).map_err(|e| format!("not a whole Parquet file ({e})"))?;
    let parquet = read.metadata();
    check_places(parquet, stat.len())?;
    let kv = parquet.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
    let place = layout::parse_sealed(path).ok_or("not in a table's directory")?;
    if text(kv, meta::EXTENT).is_none() && foreign::is_long(read.schema()) {
        return check_foreign(path, file, read, place.stem, f);
    }
    let footer = footer(kv)?;
    let table = Table::from_name(&place.table);
    if table.is_none() && place.table != EVENTS {
        f.note(format!("the table {} is not known to this version", place.table));
    }
    check_columns(&read, table, &place, footer.version, f);
    let mut groups = Groups::new(table, &footer.parts);
    let mut seen = vec![false; read.schema().fields().len()];
    let rows = parquet.file_metadata().num_rows().max(0) as u64;
    let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(file, read.clone())
        .with_batch_size(BATCH)
        .build()
        .map_err(|e| format!("cannot be decoded ({e})"))?;
    let mut decoded = 0;
    for batch in batches {
        let batch: RecordBatch = batch.map_err(|e| format!("damaged after {decoded} rows ({e})"))?;
        decoded += batch.num_rows() as u64;
        for (seen, column) in seen.iter_mut().zip(batch.columns()) {
            *seen |= column.null_count() < column.len();
        }
        groups.push(&batch, f);
    }
    if decoded != rows {
        f.problem(format!("its footer says {rows} rows, there are {decoded}"));
    }
    let ticks = groups.finish(footer.index.as_ref(), f);
    check_values(&read, &seen, footer.values.as_deref(), f);
    let (parts, sources) = (footer.parts, footer.sources);
    Ok(Checked { path: path.to_owned(), table, stem: place.stem, rows, parts, ticks, sources })
}

/// Of a recording by others only the pages can be checked.
fn check_foreign(
    path: &Path,
    file: File,
    read: ArrowReaderMetadata,
    stem: String,
    f: &mut Findings<'_>,
) -> Result<Checked, String> {
    let batches =
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, read).with_batch_size(BATCH).build();
    let mut rows = 0;
    for batch in batches.map_err(|e| format!("cannot be decoded ({e})"))? {
        rows += batch.map_err(|e| format!("damaged after {rows} rows ({e})"))?.num_rows() as u64;
    }
    f.note("a recording by others: only that it can be read was checked");
    let (parts, ticks, sources) = (Vec::new(), BTreeMap::new(), Vec::new());
    Ok(Checked { path: path.to_owned(), table: None, stem, rows, parts, ticks, sources })
}

/// Column chunks must lie within the file, or their sizes would be believed.
fn check_places(parquet: &ParquetMetaData, len: u64) -> Result<(), String> {
    for column in parquet.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let (start, size) = match (column.dictionary_page_offset(), column.data_page_offset()) {
            (Some(d), data) => (d.min(data), column.compressed_size()),
            (None, data) => (data, column.compressed_size()),
        };
        let within = start >= 0 && size >= 0 && start.checked_add(size).is_some_and(|end| end as u64 <= len);
        if !within || column.uncompressed_size() > MAX_CHUNK {
            return Err(format!("its footer names bytes that are not there for {}", column.column_path()));
        }
    }
    Ok(())
}

fn footer(kv: &[KeyValue]) -> Result<Footer, String> {
    let extent: Extent = json(kv, meta::EXTENT)?.ok_or("not written by fgm: its footer has no fgm.extent")?;
    let run_id = text(kv, meta::RUN_ID).unwrap_or_default().to_owned();
    let parts = json(kv, meta::RUNS)?.unwrap_or_else(|| vec![RunPart { run_id, extent }]);
    let version = text(kv, meta::SCHEMA_VERSION)
        .and_then(|v| v.parse().ok())
        .ok_or("its footer has no fgm.schema_version")?;
    Ok(Footer {
        version,
        parts,
        index: json(kv, meta::SUBJECTS)?,
        sources: json(kv, meta::SOURCES)?.unwrap_or_default(),
        values: text(kv, meta::VALUES).map(hex).transpose()?,
    })
}

fn text<'a>(kv: &'a [KeyValue], key: &str) -> Option<&'a str> {
    kv.iter().find(|k| k.key == key)?.value.as_deref()
}

fn json<T: DeserializeOwned>(kv: &[KeyValue], key: &str) -> Result<Option<T>, String> {
    let parsed = text(kv, key).map(serde_json::from_str).transpose();
    parsed.map_err(|_| format!("its footer's {key} is damaged"))
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect::<Option<_>>().ok_or_else(|| format!("its footer's {} is damaged", meta::VALUES))
}

/// Types never change, and a version has all its columns (STO-8).
fn check_columns(
    read: &ArrowReaderMetadata,
    table: Option<Table>,
    place: &SealedPath,
    version: u32,
    f: &mut Findings<'_>,
) {
    let known = match table {
        Some(t) => schema::table_schema(t),
        None if place.table == EVENTS => schema::events_schema(),
        None => return,
    };
    if version > SCHEMA_VERSION {
        f.note(format!("written with version {version} of the columns; this program knows {SCHEMA_VERSION}"));
    }
    for field in known.fields() {
        match read.schema().field_with_name(field.name()) {
            Ok(mine) if mine.data_type() != field.data_type() => {
                f.problem(format!(
                    "its column {} is {} instead of {}",
                    field.name(),
                    mine.data_type(),
                    field.data_type()
                ));
            }
            Err(_) if version >= SCHEMA_VERSION => f.problem(format!("it has no column {}", field.name())),
            _ => {}
        }
    }
}

/// The footer's list of columns with values is trusted by readers.
fn check_values(read: &ArrowReaderMetadata, seen: &[bool], values: Option<&[u8]>, f: &mut Findings<'_>) {
    let Some(values) = values else { return };
    for (i, field) in read.schema().fields().iter().enumerate() {
        let says = values.get(i / 8).is_some_and(|b| b >> (i % 8) & 1 == 1);
        if seen[i] && !says {
            f.problem(format!("its footer says that {} has no values, and it has", field.name()));
        }
    }
}
