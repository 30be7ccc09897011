//! Where the column chunks of a file stand: its footer, cut down to what reading rows needs.
//!
//! Owns: footer → [`Layout`]; the schemas that files share, kept once. Must not: read rows.
//!
//! A footer of the parquet crate takes some hundred kilobytes for a hundred and fifty columns; this takes two, so that
//! those of thousands of files can be kept.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::schema::types::SchemaDescPtr;

use super::error::ScanError;

/// Columns as many files have them.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) columns: SchemaDescPtr,
    codecs: Vec<Compression>,
    by_name: HashMap<String, u16>,
}

/// The shapes met so far.
#[derive(Default)]
pub(super) struct Shapes(Mutex<Vec<Arc<Shape>>>);

/// More shapes than versions of the recorder ever had: files that differ from all of these keep their own.
const MAX_SHAPES: usize = 64;

/// One row group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: Range<u32>,
    /// Per column: first byte and number of bytes.
    chunks: Box<[(u64, u32)]>,
    /// The same of the offset index; none when pages are not worth telling apart.
    indexes: Box<[(u64, u32)]>,
}

/// Where everything stands in one file.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) shape: Arc<Shape>,
    pub(super) groups: Vec<Group>,
}

/// Row groups of at most this many rows are read chunk by chunk: looking up pages would cost more than it spares.
const WHOLE: u32 = 1 << 15;

impl Layout {
    /// From a footer. The error is one line.
    pub(super) fn of(metadata: &ParquetMetaData, shapes: &Shapes) -> Result<Layout, ScanError> {
        let shape = shapes.of(metadata);
        let mut groups = Vec::new();
        let mut next = 0u32;
        for g in metadata.row_groups() {
            let rows = u32::try_from(g.num_rows()).ok().and_then(|n| Some(next..next.checked_add(n)?));
            let rows =
                rows.ok_or_else(|| ScanError::Bad("damaged (impossible number of rows)".to_owned()))?;
            next = rows.end;
            let chunks = g.columns().iter().map(chunk).collect::<Option<Box<[_]>>>();
            let chunks =
                chunks.ok_or_else(|| ScanError::Bad("damaged (impossible column chunk)".to_owned()))?;
            let indexes = if rows.len() as u32 > WHOLE {
                g.columns().iter().map(index).collect()
            } else {
                Box::default()
            };
            groups.push(Group { rows, chunks, indexes });
        }
        Ok(Layout { shape, groups })
    }

    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<u16> {
        self.shape.by_name.get(name).copied()
    }

    pub(super) fn codec(&self, column: u16) -> Compression {
        self.shape.codecs.get(usize::from(column)).copied().unwrap_or(Compression::UNCOMPRESSED)
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Layout>()
            + self.groups.iter().map(|g| 64 + 16 * (g.chunks.len() + g.indexes.len())).sum::<usize>()
    }
}

impl Group {
    pub(super) fn chunk(&self, column: u16) -> (u64, u32) {
        self.chunks.get(usize::from(column)).copied().unwrap_or_default()
    }

    /// Where a column's offset index stands, if it is of use.
    pub(super) fn index(&self, column: u16) -> Option<(u64, u32)> {
        self.indexes.get(usize::from(column)).copied().filter(|&(_, len)| len > 0)
    }
}

/// Checked here, since the crate's own accessor panics on negative offsets.
fn chunk(c: &ColumnChunkMetaData) -> Option<(u64, u32)> {
    let start = c.dictionary_page_offset().filter(|&d| d > 0).unwrap_or(c.data_page_offset());
    let start = start.min(c.data_page_offset());
    Some((u64::try_from(start).ok()?, u32::try_from(c.compressed_size()).ok()?))
}

fn index(c: &ColumnChunkMetaData) -> (u64, u32) {
    let place = c.offset_index_offset().zip(c.offset_index_length());
    place.and_then(|(at, len)| Some((u64::try_from(at).ok()?, u32::try_from(len).ok()?))).unwrap_or_default()
}

impl Shapes {
    fn of(&self, metadata: &ParquetMetaData) -> Arc<Shape> {
        let columns = metadata.file_metadata().schema_descr_ptr();
        let codecs: Vec<Compression> = match metadata.row_groups().first() {
            Some(g) => g.columns().iter().map(ColumnChunkMetaData::compression).collect(),
            None => Vec::new(),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |s: &&Arc<Shape>| s.codecs == codecs && s.columns.root_schema() == columns.root_schema();
        if let Some(shape) = known.iter().find(same) {
            return Arc::clone(shape);
        }
        let flat = columns.columns().iter().enumerate().filter(|(_, c)| c.max_rep_level() == 0);
        let by_name = flat.filter_map(|(i, c)| Some((c.path().string(), u16::try_from(i).ok()?))).collect();
        let shape = Arc::new(Shape { columns, codecs, by_name });
        if known.len() < MAX_SHAPES {
            known.push(Arc::clone(&shape));
        }
        shape
    }
}
