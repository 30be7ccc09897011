//! Segment → Parquet, one file per table (STO-2).
//!
//! Owns: encodings, file metadata, and the order of steps that makes sealing safe to repeat: every file is complete
//! under its final name before the segment goes, and sealing again writes the same names and bytes.
//! Must not: decide when.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::bits::Bits;
use super::columns::{Columns, events_batch};
use super::encode::write_column;
use super::error::StoreError;
use super::layout::{self, EVENTS};
use super::manifest::write_whole;
use super::read::{Damage, SegmentData, SegmentReader};
use super::schema::{self, Extent, SubjectIndex, meta};
use super::segment::Head;
use crate::metric::{SCHEMA_VERSION, Table};

/// What sealing one segment did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Files written.
    pub files: Vec<PathBuf>,
    /// Rows in them.
    pub rows: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Ticks in the segment.
    pub ticks: u64,
    /// What of the segment could not be read.
    pub damage: Damage,
}

/// Seals one segment below `root`, then removes it. The caller holds its lock.
pub fn seal(root: &Path, segment: &Path) -> Result<Sealed, StoreError> {
    let mut sealed = Sealed::default();
    // One table at a time: what is held is one table's rows, not the whole segment's.
    for table in Table::ALL {
        let mut reader = SegmentReader::open(segment)?;
        let mut data = SegmentData::new(&[table]);
        reader.poll(&mut data)?;
        let head = reader.head();
        let extent = extent(head, &data);
        if let Some(extent) = &extent
            && let Some(rows) = data.table(table).filter(|t| !t.rows.is_empty())
        {
            let path = head.place.sealed(root, table.name());
            write_table(&path, &Columns::new(rows, head), head, extent, table)?;
            sealed.add(path, rows.rows.len());
        }
        if table == Table::ALL[0] {
            sealed.ticks = data.ticks.len() as u64;
            sealed.damage = data.damage;
            if let Some(extent) = &extent
                && !data.events.is_empty()
            {
                let path = head.place.sealed(root, EVENTS);
                write_events(&path, &data, head, extent)?;
                sealed.add(path, data.events.len());
            }
        }
    }
    fs::remove_file(segment).map_err(StoreError::io("remove", segment))?;
    let dir = root.join(layout::OPEN_DIR);
    File::open(&dir).and_then(|d| d.sync_all()).map_err(StoreError::io("sync", &dir))?;
    Ok(sealed)
}

impl Sealed {
    fn add(&mut self, path: PathBuf, rows: usize) {
        self.bytes += fs::metadata(&path).map_or(0, |m| m.len());
        self.rows += rows as u64;
        self.files.push(path);
    }
}

/// Which ticks a segment holds and which are missing; `None` when it holds none.
pub fn extent(head: &Head, data: &SegmentData) -> Option<Extent> {
    let (&(first_tick_no, first_tick), &(last_tick_no, last_tick)) =
        (data.ticks.first()?, data.ticks.last()?);
    let mut lost_ticks = Vec::new();
    let mut expected = head.previous_tick_no.map_or(first_tick_no, |n| n + 1);
    for &(no, _) in &data.ticks {
        if no > expected {
            lost_ticks.push((expected, no - 1));
        }
        expected = no + 1;
    }
    let interval = head.run.interval;
    Some(Extent { first_tick, last_tick, first_tick_no, last_tick_no, interval, lost_ticks })
}

fn file_metadata(head: &Head, extent: &Extent, index: Option<&SubjectIndex>) -> Vec<KeyValue> {
    let pair = |k: &str, v: String| KeyValue::new(k.to_owned(), v);
    let mut all = vec![
        pair(meta::SCHEMA_VERSION, SCHEMA_VERSION.to_string()),
        pair(meta::RECORDER_VERSION, head.run.recorder_version.clone()),
        pair(meta::RUN_ID, head.run.run_id.to_string()),
        pair(meta::EXTENT, serde_json::to_string(extent).unwrap_or_default()),
    ];
    // Plain lists of numbers and texts always serialise.
    all.extend(index.and_then(|i| serde_json::to_string(i).ok()).map(|json| pair(meta::SUBJECTS, json)));
    all
}

/// PLAIN numbers and zstd beat delta and dictionary encodings here, since each subject's run is short (DESIGN);
/// statistics on metrics would double the footer and prune nothing, since files are found by time and subject.
fn properties(metadata: Vec<KeyValue>) -> WriterProperties {
    let mut p = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by(format!("fgm {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(metadata));
    for name in [schema::TIME, schema::TICK, schema::TICK_NO] {
        p = p.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Chunk);
    }
    p.build()
}

/// Dictionaries for text columns only.
fn with_text_dictionaries(p: WriterProperties, schema: &SchemaRef) -> WriterPropertiesPtr {
    let mut b = p.into_builder();
    for f in schema.fields().iter().filter(|f| *f.data_type() == schema::text()) {
        b = b.set_column_dictionary_enabled(ColumnPath::from(f.name().as_str()), true);
    }
    Arc::new(b.build())
}

fn write_table(
    path: &Path,
    columns: &Columns<'_>,
    head: &Head,
    extent: &Extent,
    table: Table,
) -> Result<(), StoreError> {
    let metadata = file_metadata(head, extent, Some(&columns.index()));
    write_columns(path, &schema::table_schema(table), metadata, |i| columns.column(i))
}

fn write_events(path: &Path, data: &SegmentData, head: &Head, extent: &Extent) -> Result<(), StoreError> {
    let batch = events_batch(data, head)
        .map_err(|e| StoreError::Parquet { path: path.to_owned(), source: e.into() })?;
    write_columns(path, &batch.schema(), file_metadata(head, extent, None), |i| {
        Ok(Arc::clone(batch.column(i)))
    })
}

/// One row group, column by column, so that only one column's array and compressor live at a time.
fn write_columns(
    path: &Path,
    schema: &SchemaRef,
    metadata: Vec<KeyValue>,
    column: impl Fn(usize) -> Result<ArrayRef, ArrowError>,
) -> Result<(), StoreError> {
    let mut props = properties(metadata);
    add_encoded_arrow_schema_to_metadata(schema, &mut props);
    let props = with_text_dictionaries(props, schema);
    write_file(path, |file| {
        let root = ArrowSchemaConverter::new().convert(schema)?;
        let mut writer = SerializedFileWriter::new(file, root.root_schema_ptr(), props)?;
        let mut row_group = writer.next_row_group()?;
        let mut values = Bits::new(schema);
        for (i, field) in schema.fields().iter().enumerate() {
            let array = column(i)?;
            let no_column = || ParquetError::General(format!("no column writer for {}", field.name()));
            values.set(i, array.null_count() < array.len());
            let mut chunk = row_group.next_column()?.ok_or_else(no_column)?;
            write_column(chunk.untyped(), &array, field.is_nullable())?;
            chunk.close()?;
        }
        row_group.close()?;
        writer.append_key_value_metadata(values.key_value());
        writer.close()?;
        Ok(())
    })
}

/// Creates the partition and writes the file whole.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), ParquetError>,
) -> Result<(), StoreError> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(StoreError::io("create directory", dir))?;
    }
    let mut failed = None;
    let done = write_whole(path, |file| {
        write(file).map_err(|e| {
            let io = std::io::Error::other(e.to_string());
            failed = Some(e);
            io
        })
    });
    match (done, failed) {
        (Err(_), Some(source)) => Err(StoreError::Parquet { path: path.to_owned(), source }),
        (done, _) => done,
    }
}
