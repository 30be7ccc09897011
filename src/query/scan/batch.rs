//! Rows of a file as record batches of a table's columns.
//!
//! Owns: which columns are read, and which are made of what the catalogue knows anyway. Must not: choose rows.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, Int32Array, Int64Array, NullArray, RecordBatch, RecordBatchOptions,
    StringArray, new_null_array,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;

use super::error::ScanError;
use super::reader::OpenFile;
use crate::metric::{LabelRepr, Table};
use crate::query::catalogue::{Catalogue, FileEntry, SubjectRun};
use crate::store::columns::index_width;
use crate::store::schema::{self, RUN_ID};
use crate::store::tick::LabelValue;

type Result<T> = std::result::Result<T, ScanError>;

/// Reads the columns of `schema` in these ranges of rows, one after the other, as one batch.
pub(super) fn read(
    entry: &FileEntry,
    file: &OpenFile<'_>,
    (table, catalogue): (Table, &Catalogue),
    schema: &SchemaRef,
    ranges: &[Range<u32>],
) -> Result<RecordBatch> {
    let made = Made { entry, table, catalogue, ranges };
    let columns = schema.fields().iter().map(|field| match made.column(field) {
        Some(array) => array,
        None => read_column(entry, file, field, ranges),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let rows = ranges.iter().map(ExactSizeIterator::len).sum();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

fn read_column(
    entry: &FileEntry,
    file: &OpenFile<'_>,
    field: &Field,
    ranges: &[Range<u32>],
) -> Result<ArrayRef> {
    let rows = ranges.iter().map(ExactSizeIterator::len).sum();
    // An older version's file: what it does not know is absent.
    let column = if entry.may_have(field.name()) { file.column(field.name())? } else { None };
    let Some(column) = column else { return Ok(new_null_array(field.data_type(), rows)) };
    let typed = |range: &Range<u32>| {
        let array = file.rows(column, range.clone())?;
        as_type(&array, field)
    };
    let parts = ranges.iter().map(typed).collect::<Result<Vec<_>>>()?;
    join(&parts, field)
}

fn join(parts: &[ArrayRef], field: &Field) -> Result<ArrayRef> {
    match parts {
        [] => Ok(new_null_array(field.data_type(), 0)),
        [one] => Ok(Arc::clone(one)),
        several => Ok(concat(&several.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?),
    }
}

/// What is read knows of four types; a field may be a time, or without any value here.
fn as_type(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if array.as_any().is::<NullArray>() {
        return Ok(new_null_array(field.data_type(), array.len()));
    }
    if let (DataType::Timestamp(_, zone), Some(ints)) =
        (field.data_type(), array.as_any().downcast_ref::<Int64Array>())
    {
        let times = ints.reinterpret_cast::<TimestampMicrosecondType>();
        return Ok(Arc::new(times.with_timezone_opt(zone.clone())));
    }
    if array.data_type() == field.data_type() {
        return Ok(Arc::clone(array));
    }
    Err(ScanError::Bad(format!(
        "its column {} is {} instead of {}",
        field.name(),
        array.data_type(),
        field.data_type()
    )))
}

/// Columns that need not be read: runs, and labels that the index has.
struct Made<'a> {
    entry: &'a FileEntry,
    table: Table,
    catalogue: &'a Catalogue,
    ranges: &'a [Range<u32>],
}

impl Made<'_> {
    fn column(&self, field: &Field) -> Option<Result<ArrayRef>> {
        let book = self.catalogue.books.of(self.table);
        if self.entry.runs.is_empty() {
            return None;
        }
        if field.name() == RUN_ID {
            let name = |run: &SubjectRun| {
                let part = self.entry.parts.get(usize::from(run.part))?;
                self.catalogue.books.run_id(part.run).map(|id| LabelValue::text(&*id))
            };
            return self.make(LabelRepr::Text, name);
        }
        let at = self.table.label_index(field.name()).filter(|&i| i < index_width(self.table))?;
        let label = |run: &SubjectRun| book.labels(run.subject).get(at).cloned();
        self.make(self.table.labels()[at].repr, label)
    }

    /// `None` when no run has a value: the file may know more than its index.
    fn make(
        &self,
        repr: LabelRepr,
        value: impl Fn(&SubjectRun) -> Option<LabelValue>,
    ) -> Option<Result<ArrayRef>> {
        let parts: Vec<(LabelValue, usize)> =
            self.runs().map(|(run, rows)| (value(run).unwrap_or(LabelValue::Null), rows)).collect();
        if parts.iter().all(|(v, _)| *v == LabelValue::Null) {
            return None;
        }
        if repr == LabelRepr::Int {
            let ints = parts.iter().flat_map(|(v, n)| std::iter::repeat_n(v.as_int(), *n));
            return Some(Ok(Arc::new(ints.collect::<arrow::array::PrimitiveArray<Int64Type>>())));
        }
        let mut texts: Vec<&str> = Vec::new();
        let mut keys: Vec<Option<i32>> = Vec::new();
        for (v, n) in &parts {
            let key = v.as_text().map(|text| {
                if texts.last() != Some(&text) {
                    texts.push(text);
                }
                texts.len() as i32 - 1
            });
            keys.extend(std::iter::repeat_n(key, *n));
        }
        let keys = Int32Array::from(keys);
        let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(texts)));
        Some(array.map(|a| Arc::new(a) as ArrayRef).map_err(ScanError::from))
    }

    /// The index's runs within the ranges, with the number of their rows there.
    fn runs(&self) -> impl Iterator<Item = (&SubjectRun, usize)> {
        self.ranges.iter().flat_map(|range| {
            let from = self.entry.runs.partition_point(|r| r.first_row + r.rows <= range.start);
            self.entry.runs[from..].iter().take_while(|r| r.first_row < range.end).map(move |r| {
                let rows = (r.first_row + r.rows).min(range.end) - r.first_row.max(range.start);
                (r, rows as usize)
            })
        })
    }
}

/// Schema of a table with some of its columns.
pub(super) fn project(
    table: Table,
    projection: Option<&Vec<usize>>,
) -> std::result::Result<SchemaRef, ArrowError> {
    let all = schema::table_schema(table);
    Ok(match projection {
        Some(columns) => Arc::new(all.project(columns)?),
        None => all,
    })
}
