//! Which columns of a file have values, as its footer says it.
//!
//! Owns: the writing of [`meta::VALUES`]. Must not: look at columns.

use arrow::datatypes::SchemaRef;
use parquet::file::metadata::KeyValue;

use super::schema::meta;

/// A bit per column, the lowest first.
pub(super) struct Bits(Vec<u8>);

impl Bits {
    /// No column has any.
    pub(super) fn new(schema: &SchemaRef) -> Bits {
        Bits(vec![0; schema.fields().len().div_ceil(8)])
    }

    /// Takes note of one column.
    pub(super) fn set(&mut self, column: usize, has_values: bool) {
        self.0[column / 8] |= u8::from(has_values) << (column % 8);
    }

    /// For the footer, in hexadecimal.
    pub(super) fn key_value(&self) -> KeyValue {
        let digit = |d: u8| char::from_digit(u32::from(d), 16).unwrap_or('0');
        let hex: String = self.0.iter().flat_map(|b| [digit(b >> 4), digit(b & 0xf)]).collect();
        KeyValue::new(meta::VALUES.to_owned(), hex)
    }
}
