//! The table `samples`: every value of a recording as a row of its own, for those who think in series.
//!
//! Owns: reading from filters which tables and metrics are asked for, so that only their columns are read.
//! Must not: decide a filter exactly; DataFusion filters what is read again.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::{StreamExt, stream};

use super::super::engine::Engine;
use super::long::{self, EXTRAS_NAME, LEADING, Lengthen, METRIC, TABLE_NAME, TABLES};
use crate::metric::{Metric, Table};
use crate::store::schema::{RUN_ID, TICK, TICK_NO, TIME};

/// The long view of a recording.
pub(super) struct SamplesTable {
    engine: Engine,
}

impl SamplesTable {
    pub(super) fn new(engine: Engine) -> SamplesTable {
        SamplesTable { engine }
    }
}

impl fmt::Debug for SamplesTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SamplesTable")
    }
}

#[async_trait]
impl TableProvider for SamplesTable {
    fn schema(&self) -> SchemaRef {
        long::schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(p) => Arc::new(long::schema().project(p)?),
            None => long::schema(),
        };
        let overview = self.engine.overview();
        let mut parts: Vec<Arc<dyn PartitionStream>> = Vec::new();
        for table in TABLES {
            let valued = overview.metrics.iter().copied().filter(|m| m.table == table);
            let Some(lengthen) = part(table, &schema, valued, filters) else { continue };
            let provider = self.engine.table_provider(table);
            let wide = provider.schema();
            let columns =
                lengthen.needs().into_iter().map(|n| wide.index_of(n)).collect::<Result<Vec<_>, _>>()?;
            let filters = filters.iter().filter_map(|f| of_table(f, table)).collect::<Vec<_>>();
            let plan = provider.scan(state, Some(&columns), &filters, None).await?;
            for partition in 0..plan.output_partitioning().partition_count() {
                parts.push(Arc::new(Part { plan: Arc::clone(&plan), partition, lengthen: lengthen.clone() }));
            }
        }
        Ok(Arc::new(StreamingTableExec::try_new(schema, parts, None, [], false, None)?))
    }
}

/// What to read of a table that has values of these metrics; `None` when nothing of it can be asked for.
fn part(
    table: Table,
    schema: &SchemaRef,
    valued: impl Iterator<Item = &'static Metric>,
    filters: &[Expr],
) -> Option<Lengthen> {
    if allowed(filters, TABLE_NAME).is_some_and(|names| !names.contains(table.name())) {
        return None;
    }
    // A label that a table does not have is null there, and null is equal to nothing.
    let labels = long::schema();
    let lacking = labels.fields()[LEADING..].iter().filter(|f| table.label_index(f.name()).is_none());
    if lacking.into_iter().any(|f| demanded(filters, f.name())) {
        return None;
    }
    let names = allowed(filters, METRIC).filter(|_| table != Table::Extras);
    let metrics: Vec<_> = valued
        .filter(|m| long::is_number(m))
        .filter(|m| names.as_ref().is_none_or(|n| n.contains(m.name)))
        .collect();
    (!metrics.is_empty()).then(|| Lengthen { table, schema: Arc::clone(schema), metrics })
}

/// A filter in terms of a wide table's columns, if that is possible.
fn of_table(filter: &Expr, table: Table) -> Option<Expr> {
    let known = |name: &str| {
        matches!(name, TIME | TICK | TICK_NO | RUN_ID)
            || (table == Table::Extras && name == METRIC)
            || table.label_index(name).is_some()
    };
    if !filter.column_refs().iter().all(|c| known(&c.name)) {
        return None;
    }
    let bare = filter.clone().transform(|e| match e {
        Expr::Column(c) => {
            let name = if c.name == METRIC { EXTRAS_NAME } else { c.name.as_str() };
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
        }
        other => Ok(Transformed::no(other)),
    });
    bare.ok().map(|t| t.data)
}

/// Whether some filter holds only where this column equals something.
fn demanded(filters: &[Expr], column: &str) -> bool {
    filters.iter().any(|f| equals(f, column).is_some())
}

/// The texts that a text column may have; `None` when any.
fn allowed(filters: &[Expr], column: &str) -> Option<HashSet<String>> {
    let mut all: Option<HashSet<String>> = None;
    for values in filters.iter().filter_map(|f| equals(f, column)) {
        let texts: Option<HashSet<String>> = values.iter().map(|v| text(v)).collect();
        all = match (all, texts) {
            (Some(a), Some(b)) => Some(&a & &b),
            (a, b) => a.or(b),
        };
    }
    all
}

/// The values that a filter lets a column have, if it is of the form `column = x`, `column IN (…)` or several of the
/// former joined by OR.
fn equals<'e>(filter: &'e Expr, column: &str) -> Option<Vec<&'e Expr>> {
    let is_column = |e: &Expr| matches!(bare(e), Expr::Column(c) if c.name == column);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_column(left) => {
            Some(vec![right])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_column(right) => {
            Some(vec![left])
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut all = equals(left, column)?;
            all.extend(equals(right, column)?);
            Some(all)
        }
        Expr::InList(list) if !list.negated && is_column(&list.expr) => Some(list.list.iter().collect()),
        _ => None,
    }
}

fn bare(e: &Expr) -> &Expr {
    if let Expr::Cast(c) = e { bare(&c.expr) } else { e }
}

fn text(e: &Expr) -> Option<String> {
    match e {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    }
}

/// One partition of a table's plan, made long.
#[derive(Debug)]
struct Part {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    lengthen: Lengthen,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.lengthen.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let lengthen = self.lengthen.clone();
        let long = move |wide: Result<RecordBatch>| {
            let batches = wide.and_then(|b| Ok(lengthen.batches(&b)?));
            match batches {
                Ok(batches) => stream::iter(batches).map(Ok).boxed(),
                Err(e) => stream::iter([Err(e)]).boxed(),
            }
        };
        let all = match self.plan.execute(self.partition, context) {
            Ok(wide) => wide.flat_map(long).boxed(),
            Err(e) => stream::iter([Err(e)]).boxed(),
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.lengthen.schema), all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{ident, lit};

    fn needs(table: Table, filters: &[Expr], columns: &[&str]) -> Option<Vec<String>> {
        let all = long::schema();
        let wanted: Vec<usize> = columns.iter().map(|c| all.index_of(c).unwrap()).collect();
        let schema = Arc::new(all.project(&wanted).unwrap());
        part(table, &schema, table.metrics().iter(), filters)
            .map(|p| p.needs().into_iter().map(str::to_owned).collect())
    }

    /// QRY-3: a question after one metric reads one column of one table, and its labels.
    #[test]
    fn only_what_is_asked_for_is_read() {
        let metric = ident("metric").eq(lit("threads"));
        let pid = ident("pid").eq(lit(7i64));
        let columns = ["time", "value", "comm"];
        assert_eq!(
            needs(Table::Processes, std::slice::from_ref(&metric), &columns).unwrap(),
            ["time", "comm", "threads"]
        );
        assert_eq!(needs(Table::Containers, std::slice::from_ref(&metric), &columns), None);
        assert_eq!(needs(Table::Containers, std::slice::from_ref(&pid), &columns), None);
        assert!(needs(Table::Regions, &[pid], &columns).is_some());
        let either = ident("metric").in_list(vec![lit("pids_current"), lit("pids_max")], false);
        assert_eq!(needs(Table::Containers, &[either], &["value"]).unwrap(), ["pids_current", "pids_max"]);
        let table = ident("table_name").eq(lit("cpus"));
        assert_eq!(needs(Table::Node, &[table], &columns), None);
        let named = ident("metric").eq(lit("custom.ratio"));
        assert_eq!(
            needs(Table::Extras, std::slice::from_ref(&named), &["value"]).unwrap(),
            ["source", "value", "value_decimal"]
        );
        assert_eq!(of_table(&named, Table::Extras), Some(ident("source").eq(lit("custom.ratio"))));
        assert_eq!(of_table(&metric, Table::Processes), None);
        let not = ident("metric").not_eq(lit("threads"));
        assert!(needs(Table::Containers, &[not], &columns).unwrap().len() > 100);
    }
}
