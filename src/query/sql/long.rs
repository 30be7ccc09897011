//! Wide rows as long ones: one row per value.
//!
//! Owns: the columns of `samples`, and turning a batch of a table into them. Must not: read files or know filters.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::{cast, filter, is_not_null};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::metric::{LabelRepr, Metric, Repr, Table};
use crate::store::schema::{RUN_ID, TICK, TICK_NO, TIME, text, timestamp};

pub(super) const TABLE_NAME: &str = "table_name";
pub(super) const METRIC: &str = "metric";
pub(super) const UNIT: &str = "unit";
pub(super) const KIND: &str = "kind";
pub(super) const VALUE: &str = "value";

/// Number of columns before the labels.
pub(super) const LEADING: usize = 9;

/// Tables with samples: identities are what is known, not what was measured.
pub(super) const TABLES: [Table; 9] = [
    Table::Containers,
    Table::Processes,
    Table::Node,
    Table::Cpus,
    Table::Disks,
    Table::Interfaces,
    Table::Netns,
    Table::Regions,
    Table::Extras,
];

/// The label of `extras` that names what a value is; the metric's name in the long view.
pub(super) const EXTRAS_NAME: &str = "source";

/// Schema of the long view: when, what, how much, and every label of any table.
pub(super) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let field = |name: &str, ty, null| Field::new(name, ty, null);
        let mut fields = vec![
            field(TIME, timestamp(), false),
            field(TICK, timestamp(), false),
            field(TICK_NO, DataType::Int64, false),
            field(RUN_ID, text(), false),
            field(TABLE_NAME, text(), false),
            field(METRIC, text(), false),
            field(KIND, text(), false),
            field(UNIT, text(), false),
            field(VALUE, DataType::Float64, false),
        ];
        for label in TABLES.iter().flat_map(|t| t.labels()).filter(|l| l.name != EXTRAS_NAME) {
            if !fields.iter().any(|f| f.name() == label.name) {
                let ty = if label.repr == LabelRepr::Int { DataType::Int64 } else { text() };
                fields.push(field(label.name, ty, true));
            }
        }
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Whether values of a metric are numbers, and in the schema that SQL has of its table.
pub(super) fn is_number(metric: &Metric) -> bool {
    metric.repr != Repr::Time && metric.table.metric_index(metric.name).is_some()
}

/// Makes batches of the long view (or of some of its columns) out of batches of one table.
#[derive(Clone, Debug)]
pub(super) struct Lengthen {
    pub(super) table: Table,
    /// The columns wanted.
    pub(super) schema: SchemaRef,
    pub(super) metrics: Vec<&'static Metric>,
}

impl Lengthen {
    /// Names of the table's columns that are needed for it.
    pub(super) fn needs(&self) -> Vec<&str> {
        let labels = self.schema.fields().iter().map(|f| f.name().as_str());
        let own =
            |n: &&str| matches!(*n, TIME | TICK | TICK_NO | RUN_ID) || self.table.label_index(n).is_some();
        let name = (self.table == Table::Extras).then_some(EXTRAS_NAME);
        labels.filter(own).chain(name).chain(self.metrics.iter().map(|m| m.name)).collect()
    }

    /// One batch per metric that has values.
    pub(super) fn batches(&self, wide: &RecordBatch) -> Result<Vec<RecordBatch>, ArrowError> {
        let mut all = Vec::new();
        for metric in &self.metrics {
            let Some(values) = wide.column_by_name(metric.name) else { continue };
            if values.null_count() < values.len() {
                all.push(self.batch(wide, metric, values)?);
            }
        }
        Ok(all)
    }

    fn batch(
        &self,
        wide: &RecordBatch,
        metric: &Metric,
        values: &ArrayRef,
    ) -> Result<RecordBatch, ArrowError> {
        let there = (values.null_count() > 0).then(|| is_not_null(values)).transpose()?;
        let keep = |column: &ArrayRef| match &there {
            Some(there) => filter(column, there),
            None => Ok(Arc::clone(column)),
        };
        let rows = there.as_ref().map_or(values.len(), BooleanArray::true_count);
        let column = |f: &Arc<Field>| -> Result<ArrayRef, ArrowError> {
            match (f.name().as_str(), self.table) {
                (VALUE, _) => numbers(&keep(values)?),
                (TABLE_NAME, table) => constant(table.name(), rows),
                (METRIC, Table::Extras) => {
                    wide.column_by_name(EXTRAS_NAME).map_or_else(|| constant(metric.name, rows), keep)
                }
                (METRIC, _) => constant(metric.name, rows),
                (KIND, _) => constant(metric.kind.name(), rows),
                (UNIT, _) => constant(metric.unit.name(), rows),
                (name, _) => match wide.column_by_name(name) {
                    Some(c) => keep(c),
                    None => Ok(new_null_array(f.data_type(), rows)),
                },
            }
        };
        let columns = self.schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

fn numbers(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if values.data_type() == &DataType::Boolean {
        let ints = cast(values, &DataType::Int8)?;
        return cast(&ints, &DataType::Float64);
    }
    cast(values, &DataType::Float64)
}

fn constant(value: &str, rows: usize) -> Result<ArrayRef, ArrowError> {
    let keys = Int32Array::from_value(0, rows);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(vec![value])))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-3: a label means the same in every table that has it, and none is lost.
    #[test]
    fn labels_of_all_tables_fit_into_one() {
        let schema = schema();
        for label in TABLES.iter().flat_map(|t| t.labels()) {
            let name = if label.name == EXTRAS_NAME { METRIC } else { label.name };
            let field = schema.field_with_name(name).unwrap();
            assert_eq!(field.data_type() == &DataType::Int64, label.repr == LabelRepr::Int, "{name}");
        }
        assert_eq!(TABLES.len() + 1, Table::ALL.len(), "all but identities");
    }
}
