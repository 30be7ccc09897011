//! DataFusion's view of one table: sealed files in the order of time, then open segments.
//!
//! Owns: turning a catalogue and a demand into an execution plan that reads only what can match. Must not: aggregate.
//!
//! Each partition of the plan yields its rows in the order files hold them: within a file by subject, then time; files
//! by time. Partition 0 is the files, each further one an open segment, which is later than any file of its run.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path as ObjectPath;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use parquet::arrow::arrow_reader::RowSelection;

use super::catalogue::{Catalogue, FileEntry, OpenSegment};
use super::prune::Demand;
use crate::metric::Table;
use crate::store::columns::Columns;
use crate::store::schema;

/// One table of one catalogue.
#[derive(Debug)]
pub(crate) struct StoreTable {
    table: Table,
    schema: SchemaRef,
    catalogue: Arc<Catalogue>,
}

impl StoreTable {
    pub(crate) fn new(table: Table, catalogue: Arc<Catalogue>) -> StoreTable {
        StoreTable { table, schema: schema::table_schema(table), catalogue }
    }

    fn files(
        &self,
        projection: Option<&Vec<usize>>,
        demand: &Demand,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let mut group = Vec::new();
        let subjects = demand.subjects(self.catalogue.books.of(self.table));
        for file in self.catalogue.files.iter().filter(|f| f.table == Some(self.table)) {
            if !demand.may_match(file.time, file.first_tick(), file.last_tick()) {
                continue;
            }
            let rows = demand.rows(file, subjects.as_deref());
            if rows.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let mut part = partitioned(file)?;
            if let Some(ranges) = rows {
                let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), file.rows as usize);
                part = part.with_extension(ParquetRowSelection::new(selection));
            }
            group.push(part);
        }
        if group.is_empty() {
            return Ok(None);
        }
        let source = Arc::new(ParquetSource::new(Arc::clone(&self.schema)));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
            .with_file_group(FileGroup::new(group))
            .with_projection_indices(projection.cloned())?
            .with_preserve_order(true)
            .build();
        Ok(Some(DataSourceExec::from_data_source(config)))
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
        let time = crate::time::TimeRange::new(extent.first_tick, i64::MAX);
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
        let schema: SchemaRef = Arc::new(Schema::new(
            wanted.iter().map(|&i| Arc::clone(&self.schema.fields()[i])).collect::<Vec<_>>(),
        ));
        let arrays = wanted.iter().map(|&i| columns.column(i)).collect::<std::result::Result<Vec<_>, _>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(columns.rows()));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }
}

fn partitioned(file: &FileEntry) -> Result<PartitionedFile> {
    let location = ObjectPath::from_absolute_path(&file.path)
        .map_err(|e| exec_datafusion_err!("{}: {e}", file.path.display()))?;
    let modified = file.modified.unwrap_or(std::time::UNIX_EPOCH).into();
    let meta = ObjectMeta { location, last_modified: modified, size: file.size, e_tag: None, version: None };
    Ok(PartitionedFile::new_from_meta(meta))
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
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let demand = Demand::of(filters);
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = self.files(projection, &demand)?.into_iter().collect();
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
