//! The query engine: a recording, opened.
//!
//! Owns: the runtime and session of DataFusion, the current catalogue, and the questions of [`super::model`].
//! Must not: be called on a thread that draws, or from within an async runtime: every call blocks until it is done.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{col, ident, lit};
use futures::StreamExt;
use tokio::runtime::Runtime;

use super::catalogue::{Catalogue, Scanner};
use super::error::QueryError;
use super::fold::{self, Lost, WindowFold};
use super::model::{Overview, WindowAnswer, WindowQuery};
use super::source::StoreTable;
use super::subjects::{self, SubjectFold};
use crate::metric::Table;
use crate::series::{is_stepped, shown_quantity};
use crate::store::schema::{RUN_ID, TICK, TICK_NO, TIME};
use crate::store::tick::LabelValue;
use crate::subject::{Subject, SubjectKey};
use crate::time::{Micros, SECOND, TimeRange};

/// Rows before the window that are read to give the first rate and the first gap.
const LEAD_IN_TICKS: i64 = 3;
/// The same where a value holds until the next reading: PSS of big processes is read this rarely.
const STEPPED_LEAD_IN_TICKS: i64 = 120;
/// Above this many values a list of allowed labels is not worth its comparisons.
const MAX_IN_LIST: usize = 128;

/// An opened recording. Cheap to clone; every clone sees the same catalogue.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    scanner: Mutex<Scanner>,
    catalogue: RwLock<Arc<Catalogue>>,
    session: SessionContext,
    runtime: Runtime,
}

impl Engine {
    /// Opens files, directories or globs. Damaged files do not fail it: see [`Overview::problems`].
    pub fn open(paths: &[PathBuf]) -> Result<Engine, QueryError> {
        let mut scanner = Scanner::new(paths)?;
        let catalogue = Arc::new(scanner.scan().unwrap_or_default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("fgm-query")
            .enable_all()
            .build()
            .map_err(QueryError::Runtime)?;
        // One partition keeps each subject's rows in the order of time, which is what folding needs.
        let config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
        let session = SessionContext::new_with_config(config);
        let shared =
            Shared { scanner: Mutex::new(scanner), catalogue: RwLock::new(catalogue), session, runtime };
        Ok(Engine { shared: Arc::new(shared) })
    }

    /// Looks for new, changed and vanished files and reads on in open segments; true when anything changed.
    pub fn refresh(&self) -> Result<bool, QueryError> {
        let mut scanner = self.shared.scanner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(new) = scanner.scan() else { return Ok(false) };
        *self.shared.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(true)
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shared.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A table of the recording, as of the last refresh, for SQL.
    pub(super) fn table_provider(&self, table: Table) -> Arc<dyn TableProvider> {
        Arc::new(StoreTable::new(table, self.catalogue()))
    }

    /// What the recording holds, as of the last refresh.
    pub fn overview(&self) -> Arc<Overview> {
        Arc::clone(&self.catalogue().overview)
    }

    /// The subjects of a table that have rows in a range, newest first.
    pub fn subjects(&self, table: Table, range: TimeRange) -> Result<Vec<Subject>, QueryError> {
        let catalogue = self.catalogue();
        if let Some(known) = subjects::from_catalogue(&catalogue, table, range) {
            return Ok(known);
        }
        let columns = [TIME].into_iter().chain(table.labels().iter().map(|l| l.name));
        let mut fold = SubjectFold::new(table);
        let filters = time_filters(range);
        self.for_each_batch(table, catalogue, filters, columns, |batch| fold.push(batch))?;
        Ok(fold.finish())
    }

    /// One metric of some subjects over a window, bucketed.
    pub fn window(&self, query: &WindowQuery) -> Result<WindowAnswer, QueryError> {
        // A file may be sealed, compacted or dropped between listing and reading: look again once.
        self.window_once(query).or_else(|first| match self.refresh() {
            Ok(true) => self.window_once(query),
            _ => Err(first),
        })
    }

    fn window_once(&self, query: &WindowQuery) -> Result<WindowAnswer, QueryError> {
        let table = query.metric.table;
        let catalogue = self.catalogue();
        let lost = Lost::of(&catalogue, table);
        let mut fold = WindowFold::new(query, &lost);
        let ticks = if is_stepped(query.metric) { STEPPED_LEAD_IN_TICKS } else { LEAD_IN_TICKS };
        let lead_in = ticks * catalogue.overview.interval.max(SECOND / 10);
        let mut filters = time_filters(TimeRange::new(query.range.start - lead_in, query.range.end));
        filters.extend(subject_filters(table, &query.subjects));
        let columns =
            [TIME, TICK_NO, RUN_ID].into_iter().chain(fold::key_columns(table)).chain([query.metric.name]);
        self.for_each_batch(table, Arc::clone(&catalogue), filters, columns, |batch| fold.push(batch))?;
        Ok(WindowAnswer { quantity: shown_quantity(query.metric), series: fold.finish() })
    }

    /// Runs a scan through DataFusion and hands over its batches in order: files by time, then open segments.
    fn for_each_batch<'c>(
        &self,
        table: Table,
        catalogue: Arc<Catalogue>,
        filters: Vec<Expr>,
        columns: impl Iterator<Item = &'c str>,
        mut take: impl FnMut(&RecordBatch),
    ) -> Result<(), QueryError> {
        let session = &self.shared.session;
        let provider = Arc::new(StoreTable::new(table, catalogue));
        let mut frame = session.read_table(provider)?;
        for filter in filters {
            frame = frame.filter(filter)?;
        }
        let frame = frame.select(columns.map(ident).collect::<Vec<_>>())?;
        self.shared.runtime.block_on(async {
            let context = Arc::new(frame.task_ctx());
            let plan = frame.create_physical_plan().await?;
            for partition in 0..plan.properties().output_partitioning().partition_count() {
                let mut stream = plan.execute(partition, Arc::clone(&context))?;
                while let Some(batch) = stream.next().await {
                    take(&batch?);
                }
            }
            Ok(())
        })
    }
}

fn timestamp(t: Micros) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(t), Some("UTC".into())))
}

fn time_filters(range: TimeRange) -> Vec<Expr> {
    // `tick` lets whole files be left out as well; a row is read after its tick, at most a while later.
    vec![
        col(TIME).gt_eq(timestamp(range.start)),
        col(TIME).lt(timestamp(range.end)),
        col(TICK).lt(timestamp(range.end)),
    ]
}

/// One list of allowed values per key label: coarse, and cheap to compare with footers and rows.
fn subject_filters(table: Table, subjects: &[SubjectKey]) -> Vec<Expr> {
    let mut filters = Vec::new();
    for (i, name) in fold::key_columns(table).enumerate() {
        let mut values: HashMap<&LabelValue, Expr> = HashMap::new();
        for v in subjects.iter().filter_map(|s| s.values.get(i)) {
            let literal = match v {
                LabelValue::Text(s) => lit(s.clone()),
                LabelValue::Int(n) => lit(*n),
                LabelValue::Null => continue,
            };
            values.insert(v, literal);
        }
        if !values.is_empty() && values.len() <= MAX_IN_LIST {
            filters.push(ident(name).in_list(values.into_values().collect(), false));
        }
    }
    filters
}
