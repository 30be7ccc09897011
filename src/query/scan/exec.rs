//! The plan node under SQL: exact row ranges of sealed files as record batches.
//!
//! Owns: reading ahead of what is above, file by file and a few thousand rows at a time. Must not: filter rows.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

use super::batch;
use crate::metric::Table;
use crate::query::ask::Ask;
use crate::query::catalogue::{Catalogue, FileEntry};
use crate::query::error::QueryError;

/// Rows of one file.
#[derive(Clone, Debug)]
pub(crate) struct FilePart {
    pub(crate) file: Arc<FileEntry>,
    /// Ascending, apart from each other.
    pub(crate) rows: Vec<Range<u32>>,
}

/// Most rows of a batch.
const BATCH: u32 = 8192;

/// Reads sealed files of one table.
pub(crate) struct ScanExec {
    ask: Arc<Ask>,
    table: Table,
    catalogue: Arc<Catalogue>,
    /// Per partition.
    parts: Vec<Vec<FilePart>>,
    properties: Arc<PlanProperties>,
}

impl ScanExec {
    /// Reads `parts`, in their order, in at most `partitions` portions that follow each other.
    pub(crate) fn new(
        ask: Arc<Ask>,
        (table, catalogue): (Table, Arc<Catalogue>),
        projection: Option<&Vec<usize>>,
        parts: &[FilePart],
        partitions: usize,
    ) -> Result<ScanExec> {
        let schema = batch::project(table, projection)?;
        let each = parts.len().div_ceil(partitions.max(1)).max(1);
        let parts: Vec<Vec<FilePart>> = parts.chunks(each).map(<[_]>::to_vec).collect();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(ScanExec { ask, table, catalogue, parts, properties: Arc::new(properties) })
    }
}

/// The rows of a part in portions of a batch each.
fn portions(part: &FilePart) -> Vec<FilePart> {
    let mut all: Vec<FilePart> = Vec::new();
    let mut room = 0;
    for range in &part.rows {
        let mut next = range.start;
        while next < range.end {
            if room == 0 {
                all.push(FilePart { file: Arc::clone(&part.file), rows: Vec::new() });
                room = BATCH;
            }
            let end = range.end.min(next + room);
            if let Some(last) = all.last_mut() {
                last.rows.push(next..end);
            }
            room -= end - next;
            next = end;
        }
    }
    all
}

impl fmt::Debug for ScanExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScanExec").field("table", &self.table).finish_non_exhaustive()
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: usize = self.parts.iter().map(Vec::len).sum();
        let rows =
            self.parts.iter().flatten().flat_map(|p| &p.rows).map(ExactSizeIterator::len).sum::<usize>();
        let columns: Vec<_> = self.schema().fields().iter().map(|f| f.name().clone()).collect();
        write!(f, "ScanExec: {}, {rows} rows of {files} files, columns=[{}]", self.table, columns.join(", "))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let parts = self.parts.get(partition).cloned().unwrap_or_default();
        let (ask, table, schema) = (Arc::clone(&self.ask), self.table, self.schema());
        let catalogue = Arc::clone(&self.catalogue);
        let read = move |part: FilePart| {
            let (ask, schema, catalogue) = (Arc::clone(&ask), Arc::clone(&schema), Arc::clone(&catalogue));
            async move {
                let read = move || read_part(&ask, table, &catalogue, &schema, &part);
                let read = tokio::task::spawn_blocking(read).await;
                read.map_err(|e| QueryError::Runtime(e.into())).flatten().map_err(QueryError::into_datafusion)
            }
        };
        let portions = stream::iter(parts).flat_map(|p| stream::iter(portions(&p)));
        let batches = portions.map(read).buffered(2).try_filter_map(|batch| async move { Ok(batch) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

fn read_part(
    ask: &Ask,
    table: Table,
    catalogue: &Catalogue,
    schema: &SchemaRef,
    part: &FilePart,
) -> std::result::Result<Option<RecordBatch>, QueryError> {
    ask.read(&part.file, |file| batch::read(&part.file, file, (table, catalogue), schema, &part.rows))
}
