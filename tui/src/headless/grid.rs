//! Answers as tables: columns of Arrow, built row by row.
//!
//! Owns: names and types of the columns that commands other than `sql` give. Must not: print.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use fgm::store::tick::LabelValue;

/// A value on its way into a column; the first of a column decides its type.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Number(Option<f64>),
    /// µs since 1970.
    Time(Option<i64>),
}

impl Cell {
    pub(super) fn text(s: impl Into<String>) -> Cell {
        Cell::Text(Some(s.into()))
    }

    pub(super) fn label(v: &LabelValue, is_int: bool) -> Cell {
        if is_int { Cell::Int(v.as_int()) } else { Cell::Text(v.as_text().map(str::to_owned)) }
    }
}

enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Time(Vec<Option<i64>>),
}

impl Column {
    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Column::Text(v), Cell::Text(x)) => v.push(x),
            (Column::Number(v), Cell::Number(x)) => v.push(x),
            (Column::Int(v), Cell::Int(x)) | (Column::Time(v), Cell::Time(x)) => v.push(x),
            (mine, _) => {
                debug_assert!(false, "a column changes its type");
                mine.push_null();
            }
        }
    }

    fn push_null(&mut self) {
        match self {
            Column::Text(v) => v.push(None),
            Column::Int(v) | Column::Time(v) => v.push(None),
            Column::Number(v) => v.push(None),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Column::Text(v) => Arc::new(StringArray::from(v)),
            Column::Int(v) => Arc::new(Int64Array::from(v)),
            Column::Number(v) => Arc::new(Float64Array::from(v)),
            Column::Time(v) => Arc::new(TimestampMicrosecondArray::from(v).with_timezone("UTC")),
        }
    }
}

/// A table under construction.
pub(super) struct Grid {
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Grid {
    /// One column per name; the cells tell their types.
    pub(super) fn new(columns: &[(&str, Cell)]) -> Grid {
        let empty = |cell: &Cell| match cell {
            Cell::Text(_) => Column::Text(Vec::new()),
            Cell::Int(_) => Column::Int(Vec::new()),
            Cell::Number(_) => Column::Number(Vec::new()),
            Cell::Time(_) => Column::Time(Vec::new()),
        };
        Grid {
            names: columns.iter().map(|(n, _)| (*n).to_owned()).collect(),
            columns: columns.iter().map(|(_, c)| empty(c)).collect(),
        }
    }

    /// A row, as wide as the table.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }

    /// The table.
    pub(super) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let arrays: Vec<ArrayRef> = self.columns.into_iter().map(Column::finish).collect();
        let fields = self.names.iter().zip(&arrays).map(|(n, a)| Field::new(n, a.data_type().clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, arrays)
    }
}
