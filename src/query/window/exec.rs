//! The plan node that answers a window: exact rows in, buckets out.
//!
//! Owns: reading tiles ahead on several threads while folding them in order, and buckets as record batches.
//! Must not: choose what to read.
//!
//! It is a leaf, since a digest stands for rows that are never read: between a scan and an aggregate there would have
//! to be the very rows that it spares (specs/decisions/0009).

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt8Array, UInt32Array};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, UInt8Type, UInt32Type};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, stream};

use super::fold::{Lost, SampleFold, WindowFold};
use super::load::{self, Loaded};
use super::select::{Selection, Work};
use super::series;
use crate::query::ask::Ask;
use crate::query::error::QueryError;
use crate::query::model::Samples;
use crate::series::{Bucket, Buckets, Gap};

/// Answers one window.
pub(crate) struct BucketExec {
    ask: Arc<Ask>,
    selection: Arc<Selection>,
    properties: Arc<PlanProperties>,
}

impl BucketExec {
    pub(crate) fn new(ask: Arc<Ask>, selection: Arc<Selection>) -> BucketExec {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        BucketExec { ask, selection, properties: Arc::new(properties) }
    }
}

/// Hands over what is needed of each file, in the order of time, having read ahead.
pub(super) async fn for_each_tile(
    ask: &Arc<Ask>,
    selection: &Arc<Selection>,
    mut take: impl FnMut(&Loaded),
) -> std::result::Result<(), QueryError> {
    let read = |portion: Vec<Work>| {
        let (ask, selection) = (Arc::clone(ask), Arc::clone(selection));
        async move {
            let read = tokio::task::spawn_blocking(move || read_portion(&ask, &selection, &portion));
            read.await.map_err(|e| QueryError::Runtime(e.into()))?
        }
    };
    let mut ahead = stream::iter(selection.work()).map(read).buffered(ask.threads);
    while let Some(portion) = ahead.next().await {
        portion?.iter().for_each(&mut take);
    }
    Ok(())
}

/// Every value of a question's series.
pub(crate) async fn read_samples(
    ask: &Arc<Ask>,
    selection: &Arc<Selection>,
    lost: &Lost,
) -> std::result::Result<Vec<Samples>, QueryError> {
    let mut fold = SampleFold::new(selection, lost);
    for_each_tile(ask, selection, |loaded| fold.push(loaded)).await?;
    Ok(fold.finish())
}

fn read_portion(
    ask: &Ask,
    selection: &Selection,
    portion: &[Work],
) -> std::result::Result<Vec<Loaded>, QueryError> {
    let mut all = Vec::new();
    let table = selection.metric.table;
    for work in portion {
        let read = ask.read(&work.file, |file| {
            let fine = if series::indexed(table) {
                None
            } else {
                Some(series::runs(&work.file, file, table, &selection.catalogue, &ask.scan.series)?)
            };
            let runs = fine.as_ref().map_or(work.file.runs.as_slice(), |f| f.as_slice());
            work.tiles.clone().map(|tile| load::load(&work.file, file, runs, tile, selection)).collect()
        })?;
        // Of a file that turns out to be bad, this portion has nothing.
        let loaded: Vec<Loaded> = read.unwrap_or_default();
        all.extend(loaded.into_iter().filter(|l| !l.pieces.is_empty()));
    }
    Ok(all)
}

async fn answer(ask: Arc<Ask>, selection: Arc<Selection>) -> Result<RecordBatch> {
    let lost = Lost::of(&selection.catalogue, selection.metric.table);
    let mut fold = WindowFold::new(&selection, &lost);
    for_each_tile(&ask, &selection, |loaded| fold.push(loaded)).await.map_err(QueryError::into_datafusion)?;
    batch(&fold.finish())
}

fn schema() -> SchemaRef {
    let numbers = ["min", "max", "first", "last", "mean"].map(|n| Field::new(n, DataType::Float64, false));
    let places = ["series", "column", "count"].map(|n| Field::new(n, DataType::UInt32, false));
    let gap = Field::new("gap_before", DataType::UInt8, true);
    Arc::new(Schema::new(places.into_iter().chain(numbers).chain([gap]).collect::<Vec<_>>()))
}

const GAPS: [Gap; 3] = [Gap::RecorderDown, Gap::SubjectAbsent, Gap::Unavailable];

/// One row per bucket, by series and column.
fn batch(series: &[Buckets]) -> Result<RecordBatch> {
    let buckets = || {
        series.iter().zip(0u32..).flat_map(|(s, at)| {
            s.columns.iter().zip(0u32..).filter_map(move |(b, column)| Some((at, column, b.as_ref()?)))
        })
    };
    let number = |f: fn(&Bucket) -> f64| {
        Arc::new(Float64Array::from_iter_values(buckets().map(|(.., b)| f(b)))) as ArrayRef
    };
    let place = |f: fn((u32, u32, &Bucket)) -> u32| {
        Arc::new(UInt32Array::from_iter_values(buckets().map(f))) as ArrayRef
    };
    let gap = |b: &Bucket| b.gap_before.and_then(|g| GAPS.iter().position(|&k| k == g)).map(|i| i as u8);
    let columns = vec![
        place(|(series, ..)| series),
        place(|(_, column, _)| column),
        place(|(.., b)| b.count),
        number(|b| b.min),
        number(|b| b.max),
        number(|b| b.first),
        number(|b| b.last),
        number(|b| b.mean),
        Arc::new(buckets().map(|(.., b)| gap(b)).collect::<UInt8Array>()),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

/// The rows of a [`BucketExec`] as the buckets of each series.
pub(crate) fn buckets_of(batches: &[RecordBatch], selection: &Selection) -> Vec<Buckets> {
    let stepped = crate::series::is_stepped(selection.metric);
    let empty = || Buckets { range: selection.range, columns: vec![None; selection.columns], stepped };
    let mut all: Vec<Buckets> = selection.keys.iter().map(|_| empty()).collect();
    for b in batches {
        let place = |i: usize| b.column(i).as_primitive::<UInt32Type>();
        let number = |i: usize| b.column(i).as_primitive::<Float64Type>();
        let (series, column, count) = (place(0), place(1), place(2));
        let (min, max, first, last, mean) = (number(3), number(4), number(5), number(6), number(7));
        let gap = b.column(8).as_primitive::<UInt8Type>();
        for row in 0..b.num_rows() {
            let gap_before =
                if gap.is_valid(row) { GAPS.get(usize::from(gap.value(row))).copied() } else { None };
            all[series.value(row) as usize].columns[column.value(row) as usize] = Some(Bucket {
                count: count.value(row),
                min: min.value(row),
                max: max.value(row),
                first: first.value(row),
                last: last.value(row),
                mean: mean.value(row),
                gap_before,
            });
        }
    }
    all
}

impl fmt::Debug for BucketExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketExec").field("metric", &self.selection.metric.name).finish_non_exhaustive()
    }
}

impl DisplayAs for BucketExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, portions) = (&self.selection, self.selection.work());
        let files = portions.iter().flatten().filter(|w| w.tiles.start == 0).count();
        write!(
            f,
            "BucketExec: {} of {} series in {} columns, from {files} files",
            s.metric.name,
            s.keys.len(),
            s.columns
        )
    }
}

impl ExecutionPlan for BucketExec {
    fn name(&self) -> &'static str {
        "BucketExec"
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

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let work = answer(Arc::clone(&self.ask), Arc::clone(&self.selection));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), stream::once(work))))
    }
}
