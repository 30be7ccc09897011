//! Reading labels out of record batches, one subject at a time.
//!
//! Owns: label columns → [`LabelValue`]s, and noticing cheaply that the next row is of the same subject.
//! Must not: know what the labels are for.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int32Type;

use crate::store::tick::LabelValue;

enum Column<'a> {
    Text {
        keys: &'a DictionaryArray<Int32Type>,
        values: &'a StringArray,
    },
    Int(&'a Int64Array),
    /// A type that a label of ours never has.
    Other,
}

/// Label columns of one batch.
pub(crate) struct LabelColumns<'a> {
    columns: Vec<Column<'a>>,
}

impl<'a> LabelColumns<'a> {
    /// The columns of these positions.
    pub(crate) fn new(batch: &'a RecordBatch, positions: impl Iterator<Item = usize>) -> Self {
        LabelColumns { columns: positions.map(|i| column(batch.column(i))).collect() }
    }

    /// These columns.
    pub(crate) fn of(arrays: &'a [ArrayRef]) -> Self {
        LabelColumns { columns: arrays.iter().map(column).collect() }
    }

    /// Whether a row has the same labels as the one before it.
    pub(crate) fn same_as_before(&self, row: usize) -> bool {
        row > 0
            && self.columns.iter().all(|c| match c {
                Column::Text { keys, .. } => {
                    let k = keys.keys();
                    match (k.is_null(row), k.is_null(row - 1)) {
                        (false, false) => k.value(row) == k.value(row - 1),
                        (a, b) => a == b,
                    }
                }
                Column::Int(v) => v.is_null(row) == v.is_null(row - 1) && v.value(row) == v.value(row - 1),
                Column::Other => true,
            })
    }

    /// The labels of a row.
    pub(crate) fn row(&self, row: usize) -> Vec<LabelValue> {
        let value = |c: &Column<'_>| match c {
            Column::Text { keys, values } if keys.is_valid(row) => {
                let key = usize::try_from(keys.keys().value(row)).unwrap_or(usize::MAX);
                if key < values.len() { LabelValue::text(values.value(key)) } else { LabelValue::Null }
            }
            Column::Int(v) if v.is_valid(row) => LabelValue::Int(v.value(row)),
            _ => LabelValue::Null,
        };
        self.columns.iter().map(value).collect()
    }
}

fn column(array: &ArrayRef) -> Column<'_> {
    if let Some(keys) = array.as_dictionary_opt::<Int32Type>()
        && let Some(values) = keys.values().as_string_opt::<i32>()
    {
        return Column::Text { keys, values };
    }
    array.as_any().downcast_ref::<Int64Array>().map_or(Column::Other, Column::Int)
}
