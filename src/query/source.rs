//! DataFusion's view of one table: sealed files in the order of time, then open segments.
//!
//! Owns: turning a catalogue and a demand into an execution plan that reads only what can match. Must not: aggregate.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;

use super::ask::Ask;
use super::catalogue::{Catalogue, FileEntry, OpenSegment};
use super::prune::Demand;
use super::scan::{FilePart, ScanExec};
use crate::metric::Table;
use crate::store::columns::Columns;
use crate::store::schema;
use crate::time::TimeRange;

/// One table of one catalogue.
pub(crate) struct StoreTable {
    table: Table,
    schema: SchemaRef,
    catalogue: Arc<Catalogue>,
    ask: Arc<Ask>,
}

impl std::fmt::Debug for StoreTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreTable").field("table", &self.table).finish_non_exhaustive()
    }
}

impl StoreTable {
    pub(crate) fn new(table: Table, catalogue: Arc<Catalogue>, ask: Arc<Ask>) -> StoreTable {
        StoreTable { table, schema: schema::table_schema(table), catalogue, ask }
    }

    /// The rows of files that can match.
    fn parts(&self, demand: &Demand) -> Vec<FilePart> {
        let subjects = demand.subjects(self.catalogue.books.of(self.table));
        let of_table = self.catalogue.files.iter().filter(|f| f.table == Some(self.table));
        let in_time = of_table.filter(|f| demand.may_match(f.time, f.first_tick(), f.last_tick()));
        let part = |file: &Arc<FileEntry>| FilePart {
            rows: demand.rows(file, subjects.as_deref()),
            file: Arc::clone(file),
        };
        in_time.map(part).filter(|p| !p.rows.is_empty()).collect()
    }

    fn segment(
        &self,
        segment: &OpenSegment,
        projection: Option<&Vec<usize>>,
        demand: &Demand,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let data = segment.data();
        let (Some(rows), Some(extent)) = (data.table(self.table), segment.extent()) else { return Ok(None) };
        // Read late by at most an interval or so: a row's time is not before its tick.
        let time = TimeRange::new(extent.first_tick, i64::MAX);
        if rows.rows.is_empty() || !demand.may_match(time, extent.first_tick, extent.last_tick) {
            return Ok(None);
        }
        let batch = self.segment_batch(&Columns::new(rows, &segment.head), projection)?;
        let plan = MemorySourceConfig::try_new_exec(&[vec![batch.clone()]], batch.schema(), None)?;
        Ok(Some(plan))
    }

    fn segment_batch(&self, columns: &Columns<'_>, projection: Option<&Vec<usize>>) -> Result<RecordBatch> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let wanted = projection.unwrap_or(&all);
        let schema = Arc::new(self.schema.project(wanted)?);
        let arrays = wanted.iter().map(|&i| columns.column(i)).collect::<std::result::Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(columns.rows()));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }
}

#[async_trait]
impl TableProvider for StoreTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // They prune files and row ranges; what is left is filtered again above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let demand = Demand::of(filters);
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        let parts = self.parts(&demand);
        if !parts.is_empty() {
            let of = (self.table, Arc::clone(&self.catalogue));
            let partitions = state.config().target_partitions();
            plans.push(Arc::new(ScanExec::new(Arc::clone(&self.ask), of, projection, &parts, partitions)?));
        }
        for segment in self.catalogue.segments.iter().filter(|s| s.serves(self.table)) {
            plans.extend(self.segment(segment, projection, &demand)?);
        }
        match plans.len() {
            0 => {
                let all: Vec<usize> = (0..self.schema.fields().len()).collect();
                let schema = self.schema.project(projection.unwrap_or(&all))?;
                Ok(Arc::new(EmptyExec::new(Arc::new(schema))))
            }
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}
