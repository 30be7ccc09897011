//! Bytes of a column chunk or page → an Arrow array.
//!
//! Owns: the physical types that a store has. Must not: read files or know columns' meanings.
//!
//! Times come back as plain Int64 and a column without any value as an array of nothing but nulls, which takes no room.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, NullArray,
    StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::Int32Type;
use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescPtr;

/// More rows than this in one page or chunk are a damaged file, not data: decoding would take gigabytes.
const MAX_ROWS: usize = 1 << 23;

/// Decodes all pages in `bytes` (a dictionary first, if there is one), which hold this many rows.
pub(super) fn decode(
    column: &ColumnDescPtr,
    codec: Compression,
    bytes: Bytes,
    rows: usize,
) -> Result<ArrayRef> {
    if rows > MAX_ROWS {
        return Err(ParquetError::General(format!("{rows} rows in one page")));
    }
    let meta = ColumnChunkMetaData::builder(Arc::clone(column))
        .set_compression(codec)
        .set_total_compressed_size(bytes.len() as i64)
        .set_data_page_offset(0)
        .build()?;
    let pages = SerializedPageReader::new(Arc::new(bytes), &meta, rows, None)?;
    let nullable = column.max_def_level() > 0;
    Ok(match get_column_reader(Arc::clone(column), Box::new(pages)) {
        ColumnReader::Int64ColumnReader(r) => match read(r, rows, nullable)? {
            (_, Valid::None) => nulls(rows),
            (values, Valid::All) => Arc::new(Int64Array::from(values)),
            (values, Valid::Some(v)) => Arc::new(Int64Array::new(spread(&values, &v).into(), Some(v))),
        },
        ColumnReader::DoubleColumnReader(r) => match read(r, rows, nullable)? {
            (_, Valid::None) => nulls(rows),
            (values, Valid::All) => Arc::new(Float64Array::from(values)),
            (values, Valid::Some(v)) => Arc::new(Float64Array::new(spread(&values, &v).into(), Some(v))),
        },
        ColumnReader::BoolColumnReader(r) => match read(r, rows, nullable)? {
            (_, Valid::None) => nulls(rows),
            (values, Valid::All) => Arc::new(BooleanArray::from(values)),
            (values, Valid::Some(v)) => {
                Arc::new(BooleanArray::new(BooleanBuffer::from(spread(&values, &v)), Some(v)))
            }
        },
        ColumnReader::ByteArrayColumnReader(r) => match read(r, rows, nullable)? {
            (_, Valid::None) => nulls(rows),
            (values, Valid::All) => texts(&values, None)?,
            (values, Valid::Some(v)) => texts(&values, Some(v))?,
        },
        _ => return Err(ParquetError::General("a type that no column of a store has".to_owned())),
    })
}

fn nulls(rows: usize) -> ArrayRef {
    Arc::new(NullArray::new(rows))
}

enum Valid {
    All,
    None,
    Some(NullBuffer),
}

/// The values that are there, and where.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    nullable: bool,
) -> Result<(Vec<T::T>, Valid)> {
    let mut levels: Vec<i16> = Vec::new();
    let mut values: Vec<T::T> = Vec::new();
    let (records, _, _) = reader.read_records(rows, nullable.then_some(&mut levels), None, &mut values)?;
    if records != rows {
        return Err(ParquetError::General(format!("{records} rows instead of {rows}")));
    }
    let valid = if values.len() == rows {
        Valid::All
    } else if values.is_empty() {
        Valid::None
    } else {
        Valid::Some(NullBuffer::new(BooleanBuffer::collect_bool(rows, |i| levels[i] > 0)))
    };
    Ok((values, valid))
}

/// Each value at its row, something harmless where there is none.
fn spread<T: Copy + Default>(values: &[T], valid: &NullBuffer) -> Vec<T> {
    let mut next = values.iter();
    valid.iter().map(|v| if v { next.next().copied().unwrap_or_default() } else { T::default() }).collect()
}

/// Texts as a dictionary in the order of first appearance.
fn texts(values: &[ByteArray], valid: Option<NullBuffer>) -> Result<ArrayRef> {
    let mut index = std::collections::HashMap::new();
    let mut dictionary: Vec<&str> = Vec::new();
    let mut before: Option<(*const u8, i32)> = None;
    let mut keys: Vec<i32> = Vec::with_capacity(values.len());
    for v in values {
        let data = v.data();
        // Rows are sorted by label: the same bytes as before, mostly, and of the same dictionary page.
        let key = match before {
            Some((at, key)) if at == data.as_ptr() && dictionary[key as usize].len() == data.len() => key,
            _ => match index.get(data) {
                Some(&key) => key,
                None => {
                    let text = std::str::from_utf8(data).map_err(|e| ParquetError::General(e.to_string()))?;
                    dictionary.push(text);
                    let key = dictionary.len() as i32 - 1;
                    index.insert(data, key);
                    key
                }
            },
        };
        before = Some((data.as_ptr(), key));
        keys.push(key);
    }
    let keys = match valid {
        None => Int32Array::from(keys),
        Some(v) => Int32Array::new(spread(&keys, &v).into(), Some(v)),
    };
    let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(dictionary)))?;
    Ok(Arc::new(array))
}

/// Bytes that an array takes.
pub(super) fn bytes(array: &ArrayRef) -> usize {
    array.get_array_memory_size()
}
