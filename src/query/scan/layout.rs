//! Where the column chunks of a file stand: its footer, cut down to what reading rows needs.
//!
//! Owns: footer → [`Layout`]; the columns that files share, kept once. Must not: read rows, or trust what it reads.
//!
//! The parquet crate's own takes some hundred kilobytes for a hundred and fifty columns; this takes two, so that those
//! of thousands of files can be kept.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type};

use super::error::ScanError;
use crate::query::catalogue::thrift::{Cursor, Malformed, kind};

type Result<T> = std::result::Result<T, Malformed>;

/// Columns as many files have them.
#[derive(Debug)]
pub(super) struct Shape {
    /// As in the footer.
    schema: Box<[u8]>,
    /// `None` for columns of types that no store has.
    columns: Vec<Option<ColumnDescPtr>>,
    by_name: HashMap<String, u16>,
}

/// The shapes met so far.
#[derive(Default)]
pub(super) struct Shapes(Mutex<Vec<Arc<Shape>>>);

/// More shapes than versions of the recorder ever had: files that differ from all of these keep their own.
const MAX_SHAPES: usize = 64;

/// Where a column chunk stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunk {
    pub(super) start: u64,
    pub(super) bytes: u32,
    codec: u8,
}

/// One row group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: Range<u32>,
    chunks: Box<[Chunk]>,
    /// Where each column's offset index stands; none when pages are not worth telling apart.
    indexes: Box<[(u64, u32)]>,
}

/// Where everything stands in one file.
#[derive(Debug)]
pub(crate) struct Layout {
    shape: Arc<Shape>,
    pub(super) groups: Vec<Group>,
}

/// Row groups of at most this many rows are read chunk by chunk: looking up pages would cost more than it spares.
const WHOLE: u32 = 1 << 15;

impl Layout {
    /// From a footer's bytes.
    pub(super) fn parse(footer: &[u8], shapes: &Shapes) -> std::result::Result<Layout, ScanError> {
        Layout::read(footer, shapes).map_err(|Malformed| ScanError::Bad("its footer is damaged".to_owned()))
    }

    fn read(footer: &[u8], shapes: &Shapes) -> Result<Layout> {
        let (mut schema, mut groups, mut next) = (&[][..], Vec::new(), 0);
        Cursor::new(footer).fields(|number, kind, at| {
            match (number, kind) {
                (2, kind::LIST) => schema = at.value(kind)?,
                (4, kind::LIST) => at.structs(|at| {
                    let group = Group::read(at, next)?;
                    next = group.rows.end;
                    groups.push(group);
                    Ok(())
                })?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(Layout { shape: shapes.of(schema)?, groups })
    }

    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<u16> {
        self.shape.by_name.get(name).copied()
    }

    /// What a column is.
    pub(super) fn descriptor(&self, column: u16) -> Option<&ColumnDescPtr> {
        self.shape.columns.get(usize::from(column))?.as_ref()
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.groups.iter().map(|g| 64 + size_of_val(&*g.chunks) + size_of_val(&*g.indexes)).sum()
    }
}

impl Group {
    fn read(at: &mut Cursor<'_>, first_row: u32) -> Result<Group> {
        let (mut chunks, mut indexes, mut rows) = (Vec::new(), Vec::new(), 0);
        at.fields(|number, kind, at| {
            match (number, kind) {
                (1, kind::LIST) => at.structs(|at| {
                    let (chunk, index) = chunk(at)?;
                    chunks.push(chunk);
                    indexes.push(index);
                    Ok(())
                })?,
                (3, kind::I64) => rows = u32::try_from(at.int()?).map_err(|_| Malformed)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        let end = first_row.checked_add(rows).ok_or(Malformed)?;
        if rows <= WHOLE {
            indexes.clear();
        }
        Ok(Group { rows: first_row..end, chunks: chunks.into(), indexes: indexes.into() })
    }

    pub(super) fn chunk(&self, column: u16) -> Option<Chunk> {
        self.chunks.get(usize::from(column)).copied()
    }

    /// Where a column's offset index stands, if it is of use.
    pub(super) fn index(&self, column: u16) -> Option<(u64, u32)> {
        self.indexes.get(usize::from(column)).copied().filter(|&(_, len)| len > 0)
    }
}

impl Chunk {
    /// How its pages are compressed; `None` for what no store uses.
    pub(super) fn compression(self) -> Option<Compression> {
        match self.codec {
            0 => Some(Compression::UNCOMPRESSED),
            6 => Some(Compression::ZSTD(ZstdLevel::default())),
            _ => None,
        }
    }
}

/// A column chunk and its offset index.
fn chunk(at: &mut Cursor<'_>) -> Result<(Chunk, (u64, u32))> {
    let (mut codec, mut bytes, mut data, mut dictionary, mut index) = (0, 0, 0, None, (0, 0));
    at.fields(|number, kind, at| {
        match (number, kind) {
            (3, kind::STRUCT) => at.fields(|number, kind, at| {
                match (number, kind) {
                    (4, kind::I32) => codec = at.int()?,
                    (7, kind::I64) => bytes = at.int()?,
                    (9, kind::I64) => data = at.int()?,
                    (11, kind::I64) => dictionary = Some(at.int()?),
                    _ => return Ok(false),
                }
                Ok(true)
            })?,
            (4, kind::I64) => index.0 = at.int()?,
            (5, kind::I32) => index.1 = at.int()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // Some writers put 0 where there is no dictionary.
    let start = dictionary.filter(|&d| d > 0).map_or(data, |d| data.min(d));
    let number = |v: i64| u32::try_from(v).map_err(|_| Malformed);
    let place = |v: i64| u64::try_from(v).map_err(|_| Malformed);
    let codec = u8::try_from(codec).map_err(|_| Malformed)?;
    Ok((Chunk { start: place(start)?, bytes: number(bytes)?, codec }, (place(index.0)?, number(index.1)?)))
}

impl Shapes {
    fn of(&self, schema: &[u8]) -> Result<Arc<Shape>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shape) = known.iter().find(|s| *s.schema == *schema) {
            return Ok(Arc::clone(shape));
        }
        let shape = Arc::new(Shape::read(schema)?);
        if known.len() < MAX_SHAPES {
            known.push(Arc::clone(&shape));
        }
        Ok(shape)
    }
}

impl Shape {
    fn read(schema: &[u8]) -> Result<Shape> {
        let (mut columns, mut by_name, mut root) = (Vec::new(), HashMap::new(), true);
        Cursor::new(schema).structs(|at| {
            let (mut physical, mut repetition, mut name, mut children) = (None, 0, String::new(), 0);
            at.fields(|number, kind, at| {
                match (number, kind) {
                    (1, kind::I32) => physical = Some(at.int()?),
                    (3, kind::I32) => repetition = at.int()?,
                    (4, kind::BINARY) => name = String::from_utf8_lossy(at.binary()?).into_owned(),
                    (5, kind::I32) => children = at.int()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
            // A store has no nested columns: positions below one would not be those of leaves.
            if !std::mem::take(&mut root) {
                if children > 0 {
                    return Err(Malformed);
                }
                by_name.insert(name.clone(), u16::try_from(columns.len()).map_err(|_| Malformed)?);
                columns.push(physical.and_then(|p| column(name, p, repetition)));
            }
            Ok(())
        })?;
        Ok(Shape { schema: schema.into(), columns, by_name })
    }
}

/// A column that is not nested, by the numbers that a footer has for types and repetitions.
fn column(name: String, physical: i64, repetition: i64) -> Option<ColumnDescPtr> {
    let physical = match physical {
        0 => PhysicalType::BOOLEAN,
        2 => PhysicalType::INT64,
        5 => PhysicalType::DOUBLE,
        6 => PhysicalType::BYTE_ARRAY,
        _ => return None,
    };
    let (repetition, levels) = match repetition {
        0 => (Repetition::REQUIRED, 0),
        1 => (Repetition::OPTIONAL, 1),
        _ => return None,
    };
    let kind = Type::primitive_type_builder(&name, physical).with_repetition(repetition).build().ok()?;
    Some(Arc::new(ColumnDescriptor::new(Arc::new(kind), levels, 0, ColumnPath::new(vec![name]))))
}
