//! The table `events`: what sealed files and open segments say has happened.
//!
//! Owns: events of a recording as record batches of this version's schema. Must not: know SQL.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{StreamExt, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::catalogue::Catalogue;
use crate::store::columns::events_batch;
use crate::store::layout::{EVENTS, parse_sealed};
use crate::store::schema::events_schema;

/// Events of one catalogue.
#[derive(Debug)]
pub(super) struct EventsTable {
    catalogue: Arc<Catalogue>,
}

impl EventsTable {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> EventsTable {
        EventsTable { catalogue }
    }
}

#[async_trait]
impl TableProvider for EventsTable {
    fn schema(&self) -> SchemaRef {
        events_schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let events = Arc::new(Events { catalogue: Arc::clone(&self.catalogue), schema: events_schema() });
        Ok(Arc::new(StreamingTableExec::try_new(events_schema(), vec![events], projection, [], false, None)?))
    }
}

#[derive(Debug)]
struct Events {
    catalogue: Arc<Catalogue>,
    schema: SchemaRef,
}

impl PartitionStream for Events {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let is_events = |path| parse_sealed(path).is_some_and(|p| p.table == EVENTS);
        let files = self.catalogue.files.iter().filter(|f| f.table.is_none() && is_events(&f.path));
        let (paths, stems): (Vec<_>, HashSet<_>) = files.map(|f| (f.path.clone(), f.stem.clone())).unzip();
        let sealed = stream::iter(paths).flat_map(|path| {
            let batches = File::open(&path)
                .map_err(Into::into)
                .and_then(ParquetRecordBatchReaderBuilder::try_new)
                .and_then(|b: ParquetRecordBatchReaderBuilder<File>| b.build());
            let named = move |e: &dyn std::fmt::Display| exec_datafusion_err!("{}: {e}", path.display());
            match batches {
                Ok(batches) => stream::iter(batches)
                    .map(move |b| b.and_then(|b| as_events(&b)).map_err(|e| named(&e)))
                    .boxed(),
                Err(e) => stream::iter([Err(named(&e))]).boxed(),
            }
        });
        let open: Vec<Result<RecordBatch>> = self
            .catalogue
            .segments
            .iter()
            // A segment of which the events are sealed already is about to go.
            .filter(|s| !stems.contains(&s.head.place.stem()))
            .map(|s| Ok(events_batch(&s.data(), &s.head)?))
            .collect();
        let all = sealed.chain(stream::iter(open));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), all))
    }
}

/// A batch of any version with the columns of this one.
fn as_events(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let schema = events_schema();
    let column = |f: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef, arrow::error::ArrowError> {
        match batch.column_by_name(f.name()) {
            Some(c) => cast(c, f.data_type()),
            None => Ok(new_null_array(f.data_type(), batch.num_rows())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, columns)
}
