//! The columns `dt` and `identifier`, which a store's directories spell and its files do not hold.
//!
//! Owns: adding them to a table, and what filters on them say of ticks. Must not: look at paths; a file never spans
//! two dates, so `dt` is the tick's date, and a run has one identifier.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DictionaryArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{col, lit};
use futures::{StreamExt, stream};

use super::super::catalogue::Catalogue;
use crate::store::schema::{RUN_ID, TICK, text};
use crate::time::SECOND;

const DT: &str = "dt";
const IDENTIFIER: &str = "identifier";

/// The identifiers of runs.
pub(super) type Identifiers = HashMap<String, String>;

/// Which run recorded under which identifier.
pub(super) fn identifiers(catalogue: &Catalogue) -> Identifiers {
    let files = catalogue.files.iter().filter_map(|f| Some((f.identifier.as_ref()?, &f.parts)));
    let mut all: Identifiers = files
        .flat_map(|(id, parts)| parts.iter().map(move |p| (p.run, id)))
        .filter_map(|(run, id)| Some((catalogue.books.run_id(run)?.to_string(), id.clone())))
        .collect();
    all.extend(
        catalogue.segments.iter().map(|s| (s.head.run.run_id.to_string(), s.head.place.identifier.clone())),
    );
    all
}

/// A table with its partition columns.
pub(super) struct Partitioned {
    inner: Arc<dyn TableProvider>,
    schema: SchemaRef,
    identifiers: Arc<Identifiers>,
}

impl fmt::Debug for Partitioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partitioned({:?})", self.inner)
    }
}

impl Partitioned {
    pub(super) fn new(inner: Arc<dyn TableProvider>, identifiers: Arc<Identifiers>) -> Partitioned {
        let own = [Field::new(DT, DataType::Date32, false), Field::new(IDENTIFIER, text(), true)];
        let fields = inner.schema().fields().iter().cloned().chain(own.map(Arc::new)).collect::<Vec<_>>();
        Partitioned { inner, schema: Arc::new(Schema::new(fields)), identifiers }
    }
}

#[async_trait]
impl TableProvider for Partitioned {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let inner = self.inner.schema();
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let ours = |e: &&Expr| !e.column_refs().iter().any(|c| c.name == DT || c.name == IDENTIFIER);
        let mut pushed: Vec<Expr> = filters.iter().filter(ours).cloned().collect();
        pushed.extend(filters.iter().flat_map(on_ticks));
        if wanted.iter().all(|i| *i < inner.fields().len()) {
            return self.inner.scan(state, Some(wanted), &pushed, limit).await;
        }
        let mut columns: Vec<usize> = wanted.iter().copied().filter(|i| *i < inner.fields().len()).collect();
        for name in [TICK, RUN_ID] {
            let at = inner.index_of(name)?;
            if !columns.contains(&at) {
                columns.push(at);
            }
        }
        let schema = Arc::new(self.schema.project(wanted)?);
        let plan = self.inner.scan(state, Some(&columns), &pushed, None).await?;
        let parts = (0..plan.output_partitioning().partition_count()).map(|partition| {
            let identifiers = Arc::clone(&self.identifiers);
            let part = Part { plan: Arc::clone(&plan), partition, schema: Arc::clone(&schema), identifiers };
            Arc::new(part) as Arc<dyn PartitionStream>
        });
        Ok(Arc::new(StreamingTableExec::try_new(
            Arc::clone(&schema),
            parts.collect(),
            None,
            [],
            false,
            limit,
        )?))
    }
}

/// What a comparison of `dt` with a date demands of ticks.
fn on_ticks(filter: &Expr) -> Vec<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return Vec::new() };
    let is_dt = |e: &Expr| matches!(e, Expr::Column(c) if c.name == DT);
    let day = |e: &Expr| match e {
        Expr::Literal(ScalarValue::Date32(Some(day)), _) => Some(i64::from(*day)),
        _ => None,
    };
    let (op, day) = match (is_dt(left), day(right), is_dt(right), day(left)) {
        (true, Some(day), ..) => (Some(*op), day),
        (.., true, Some(day)) => (op.swap(), day),
        _ => return Vec::new(),
    };
    let start = |day: i64| {
        lit(ScalarValue::TimestampMicrosecond(day.checked_mul(86_400 * SECOND), Some("UTC".into())))
    };
    let (from, to) = (|| col(TICK).gt_eq(start(day)), || col(TICK).lt(start(day + 1)));
    match op {
        Some(Operator::Eq) => vec![from(), to()],
        Some(Operator::Gt | Operator::GtEq) => vec![from()],
        Some(Operator::Lt | Operator::LtEq) => vec![to()],
        _ => Vec::new(),
    }
}

/// One partition of the plan, with the columns added.
#[derive(Debug)]
struct Part {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    schema: SchemaRef,
    identifiers: Arc<Identifiers>,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (schema, identifiers) = (Arc::clone(&self.schema), Arc::clone(&self.identifiers));
        let add = move |batch: Result<RecordBatch>| Ok(added(&batch?, &schema, &identifiers)?);
        let all = match self.plan.execute(self.partition, context) {
            Ok(batches) => batches.map(add).boxed(),
            Err(e) => stream::iter([Err(e)]).boxed(),
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), all))
    }
}

fn added(
    batch: &RecordBatch,
    schema: &SchemaRef,
    identifiers: &Identifiers,
) -> Result<RecordBatch, ArrowError> {
    let own = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("no column {name} to partition by")))
    };
    let column = |f: &Arc<Field>| -> Result<ArrayRef, ArrowError> {
        match f.name().as_str() {
            DT => cast(own(TICK)?, &DataType::Date32),
            IDENTIFIER => {
                // One lookup per run, not per row.
                let runs = cast(own(RUN_ID)?, &text())?;
                let runs = runs.as_dictionary::<Int32Type>();
                let names = runs.values().as_string::<i32>();
                let names: StringArray =
                    names.iter().map(|run| identifiers.get(run?).map(String::as_str)).collect();
                Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(runs.keys().clone(), Arc::new(names))?))
            }
            name => own(name).cloned(),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::ident;

    /// QRY-2: a date leaves out the files of other dates.
    #[test]
    fn dates_are_spans_of_ticks() {
        let day = || lit(ScalarValue::Date32(Some(1)));
        let tick = |us: i64| lit(ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into())));
        let (from, to) = (col(TICK).gt_eq(tick(86_400_000_000)), col(TICK).lt(tick(172_800_000_000)));
        assert_eq!(on_ticks(&ident(DT).eq(day())), [from.clone(), to.clone()]);
        assert_eq!(on_ticks(&day().lt(ident(DT))), std::slice::from_ref(&from));
        assert_eq!(on_ticks(&ident(DT).lt_eq(day())), [to]);
        assert!(
            on_ticks(&ident(DT).not_eq(day())).is_empty() && on_ticks(&ident("pid").eq(day())).is_empty()
        );
    }
}
