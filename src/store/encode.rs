//! One Arrow column → one Parquet column chunk.
//!
//! Owns: values and definition levels of the few types that a store has. Must not: choose encodings or know tables.
//!
//! The crate's own Arrow writer opens every column of a row group at once, each with a zstd compressor and decompressor of
//! its own, which was a good third of the recorder's peak memory (specs/decisions/0003).

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};

/// Writes a whole column. `nullable` as in the file's schema.
pub(crate) fn write_column(writer: &mut ColumnWriter<'_>, array: &ArrayRef, nullable: bool) -> Result<()> {
    let levels = nullable.then(|| levels(array));
    let levels = levels.as_deref();
    match writer {
        ColumnWriter::Int64ColumnWriter(w) => {
            let values: Vec<i64> = match array.as_primitive_opt::<Int64Type>() {
                Some(a) => a.iter().flatten().collect(),
                None => array
                    .as_primitive_opt::<TimestampMicrosecondType>()
                    .ok_or_else(|| unexpected(array))?
                    .iter()
                    .flatten()
                    .collect(),
            };
            w.write_batch(&values, levels, None)?;
        }
        ColumnWriter::DoubleColumnWriter(w) => {
            let a = array.as_primitive_opt::<Float64Type>().ok_or_else(|| unexpected(array))?;
            w.write_batch(&a.iter().flatten().collect::<Vec<_>>(), levels, None)?;
        }
        ColumnWriter::BoolColumnWriter(w) => {
            let a = array.as_boolean_opt().ok_or_else(|| unexpected(array))?;
            w.write_batch(&a.iter().flatten().collect::<Vec<_>>(), levels, None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(w) => {
            w.write_batch(&texts(array)?, levels, None)?;
        }
        _ => return Err(unexpected(array)),
    }
    Ok(())
}

/// 1 where there is a value, 0 where there is none.
fn levels(array: &dyn Array) -> Vec<i16> {
    (0..array.len()).map(|i| i16::from(array.is_valid(i))).collect()
}

fn texts(array: &ArrayRef) -> Result<Vec<ByteArray>> {
    if let Some(plain) = array.as_string_opt::<i32>() {
        return Ok(plain.iter().flatten().map(ByteArray::from).collect());
    }
    let dictionary = array.as_dictionary_opt::<Int32Type>().ok_or_else(|| unexpected(array))?;
    let values = dictionary.values().as_string_opt::<i32>().ok_or_else(|| unexpected(array))?;
    // Copies of a ByteArray share its bytes.
    let values: Vec<ByteArray> = values.iter().map(|v| ByteArray::from(v.unwrap_or_default())).collect();
    let keys = dictionary.keys().iter().flatten();
    Ok(keys.filter_map(|k| values.get(usize::try_from(k).ok()?).cloned()).collect())
}

fn unexpected(array: &ArrayRef) -> ParquetError {
    ParquetError::General(format!("no column of a store has the type {}", array.data_type()))
}
