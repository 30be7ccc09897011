//! A closed file that is to be merged, or one that has been, opened for reading column by column.
//!
//! Owns: what of a footer a merge needs, and the reasons for which a file is left alone. Must not: hold rows.
//!
//! Of a footer only places and sizes are kept, and files of one schema share it: parsed footers of 64 files with 130
//! columns are many times as big as what is merged at a time.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arrow::datatypes::{DataType, FieldRef, TimeUnit};
use bytes::Bytes;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, parquet_to_arrow_schema};
use parquet::basic::{Compression, Type};
use parquet::column::reader::get_column_reader;
use parquet::file::metadata::{
    ColumnChunkMetaData, KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader,
};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::SchemaDescPtr;
use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use crate::metric::SCHEMA_VERSION;
use crate::store::schema::{self, Extent, meta};

/// A column chunk of ours is far smaller; a length above it is damage.
const MAX_CHUNK: u64 = 1 << 30;

/// One run in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunPart {
    pub(super) run_id: String,
    pub(super) extent: Extent,
}

/// Names and types of a file's columns.
pub(super) struct FileSchema {
    pub(super) fields: Vec<FieldRef>,
    descr: SchemaDescPtr,
    /// The Arrow schema as it stands in the footer.
    encoded: Option<String>,
}

/// A row group: its number of rows, and where its columns stand.
pub(super) struct Group {
    pub(super) rows: usize,
    chunks: Vec<Chunk>,
}

struct Chunk {
    start: u64,
    len: u64,
    /// From the start, where there is one.
    dictionary: Option<u64>,
    /// From the start.
    data: u64,
    compression: Compression,
    values: i64,
}

/// An open file and what its footer says.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) schema: Arc<FileSchema>,
    pub(super) groups: Vec<Group>,
    pub(super) rows: u64,
    pub(super) version: u32,
    pub(super) parts: Vec<RunPart>,
    /// Stems of the files that this one replaces.
    pub(super) replaces: Vec<String>,
    pub(super) stamp: Stamp,
    file: File,
}

/// Tells whether a file is still the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Stamp> {
        std::fs::metadata(path).map(|m| Stamp::from(&m))
    }
}

impl From<&std::fs::Metadata> for Stamp {
    fn from(m: &std::fs::Metadata) -> Stamp {
        Stamp { device: m.dev(), inode: m.ino(), len: m.len(), modified: m.modified().ok() }
    }
}

/// Schemas that have been met.
pub(super) type Schemas = Vec<Arc<FileSchema>>;

impl Source {
    /// Opens a file and reads its footer; the error is one line without the path.
    pub(super) fn open(path: &Path, schemas: &mut Schemas) -> Result<Source, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let stamp = Stamp::from(&file.metadata().map_err(|e| e.to_string())?);
        let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
        reader.try_parse(&file).map_err(|e| format!("not a whole Parquet file ({e})"))?;
        let footer = reader.finish().map_err(|e| format!("not a whole Parquet file ({e})"))?;
        let kv = footer.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
        let schema = share(&footer, kv, schemas)?;
        let groups = footer.row_groups().iter().map(|g| {
            let chunks = g.columns().iter().map(|c| Chunk::of(c, stamp.len)).collect::<Result<_, _>>()?;
            Ok(Group { rows: usize::try_from(g.num_rows()).map_err(|_| "negative number of rows")?, chunks })
        });
        let groups = groups.collect::<Result<Vec<Group>, String>>()?;
        let rows = groups.iter().map(|g| g.rows as u64).sum();
        let version = value(kv, meta::SCHEMA_VERSION).and_then(|v| v.parse().ok()).unwrap_or(SCHEMA_VERSION);
        let replaces = json(kv, meta::SOURCES)?.unwrap_or_default();
        let parts = parts(kv)?;
        Ok(Source { path: path.to_owned(), schema, groups, rows, version, parts, replaces, stamp, file })
    }

    /// Name without extension.
    pub(super) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Position of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.schema.fields.iter().position(|f| f.name() == name)
    }

    /// Reads the values of a column in one row group from the first one on.
    pub(super) fn cursor(&self, group: usize, column: usize) -> Result<Cursor, String> {
        let (rows, chunk) = (self.groups[group].rows, &self.groups[group].chunks[column]);
        let mut bytes = vec![0; usize::try_from(chunk.len).map_err(|_| "too long")?];
        self.file.read_exact_at(&mut bytes, chunk.start).map_err(|e| e.to_string())?;
        let descr = self.schema.descr.column(column);
        let place = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        let metadata = ColumnChunkMetaData::builder(Arc::clone(&descr))
            .set_compression(chunk.compression)
            .set_num_values(chunk.values)
            .set_total_compressed_size(place(chunk.len))
            .set_data_page_offset(place(chunk.data))
            .set_dictionary_page_offset(chunk.dictionary.map(place))
            .build();
        let pages = metadata
            .and_then(|m| SerializedPageReader::new(Arc::new(Bytes::from(bytes)), &m, rows, None))
            .map_err(|e| e.to_string())?;
        let nullable = descr.max_def_level() > 0;
        Ok(Cursor::new(get_column_reader(descr, Box::new(pages)), nullable, rows))
    }

    /// An error of this file's.
    pub(super) fn refuse(&self, reason: String) -> super::Trouble {
        super::Trouble::File { path: self.path.clone(), reason }
    }
}

impl Chunk {
    fn of(column: &ColumnChunkMetaData, file_len: u64) -> Result<Chunk, String> {
        let outside = || format!("its footer names bytes outside the file for {}", column.column_path());
        let at = |offset: i64| u64::try_from(offset).map_err(|_| outside());
        let data = at(column.data_page_offset())?;
        let dictionary = column.dictionary_page_offset().map(at).transpose()?;
        let len = at(column.compressed_size())?;
        let start = dictionary.map_or(data, |d| d.min(data));
        if len > MAX_CHUNK || start.checked_add(len).is_none_or(|end| end > file_len) {
            return Err(outside());
        }
        let dictionary = dictionary.map(|d| d - start);
        let (compression, values) = (column.compression(), column.num_values());
        Ok(Chunk { start, len, dictionary, data: data - start, compression, values })
    }
}

/// The schema of a footer: one that has been met before if there is one.
fn share(
    footer: &ParquetMetaData,
    kv: &[KeyValue],
    schemas: &mut Schemas,
) -> Result<Arc<FileSchema>, String> {
    let descr = footer.file_metadata().schema_descr_ptr();
    let encoded = value(kv, ARROW_SCHEMA_META_KEY);
    let same = |s: &&Arc<FileSchema>| s.encoded.as_deref() == encoded && s.descr == descr;
    if let Some(known) = schemas.iter().find(same) {
        return Ok(Arc::clone(known));
    }
    let kv = footer.file_metadata().key_value_metadata();
    let arrow = parquet_to_arrow_schema(&descr, kv).map_err(|e| format!("unusable schema ({e})"))?;
    if arrow.fields().len() != descr.num_columns() {
        return Err("it has columns within columns".to_owned());
    }
    for (i, field) in arrow.fields().iter().enumerate() {
        let column = descr.column(i);
        if column.max_rep_level() > 0 || !is_ours(field.data_type(), column.physical_type()) {
            return Err(format!("its column {} has a type that no column of a store has", field.name()));
        }
    }
    let fields = arrow.fields().iter().cloned().collect();
    let schema = Arc::new(FileSchema { fields, descr, encoded: encoded.map(str::to_owned) });
    schemas.push(Arc::clone(&schema));
    Ok(schema)
}

/// Whether it is one of the types of [`schema`], stored as they are.
fn is_ours(logical: &DataType, physical: Type) -> bool {
    match physical {
        Type::INT64 => matches!(logical, DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _)),
        Type::DOUBLE => *logical == DataType::Float64,
        Type::BOOLEAN => *logical == DataType::Boolean,
        Type::BYTE_ARRAY => *logical == DataType::Utf8 || *logical == schema::text(),
        _ => false,
    }
}

fn parts(kv: &[KeyValue]) -> Result<Vec<RunPart>, String> {
    if let Some(parts) = json::<Vec<RunPart>>(kv, meta::RUNS)? {
        return if parts.is_empty() { Err("its footer names no run".to_owned()) } else { Ok(parts) };
    }
    let run_id = value(kv, meta::RUN_ID).ok_or("not written by fgm: its footer names no run")?.to_owned();
    let extent = json(kv, meta::EXTENT)?.ok_or("not written by fgm: its footer has no extent")?;
    Ok(vec![RunPart { run_id, extent }])
}

fn json<T: serde::de::DeserializeOwned>(kv: &[KeyValue], key: &str) -> Result<Option<T>, String> {
    let parsed = value(kv, key).map(serde_json::from_str).transpose();
    parsed.map_err(|_| format!("its footer's {key} is damaged"))
}

/// The footer's text under a key.
pub(super) fn value<'a>(kv: &'a [KeyValue], key: &str) -> Option<&'a str> {
    kv.iter().find(|k| k.key == key)?.value.as_deref()
}
