//! The query engine: a recording, opened.
//!
//! Owns: the runtime and session of DataFusion, the current catalogue, and the questions of [`super::model`].
//! Must not: be called on a thread that draws, or from within an async runtime: every call blocks until it is done.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::ident;
use futures::StreamExt;
use tokio::runtime::Runtime;

use super::ask::{Ask, Scan};
use super::cancel::Cancel;
use super::catalogue::{Catalogue, Scanner};
use super::error::QueryError;
use super::model::{
    Options, Overview, SampleAnswer, SampleQuery, SumAnswer, SumQuery, TopAnswer, TopQuery, WindowAnswer,
    WindowQuery,
};
use super::prune::time_filters;
use super::source::StoreTable;
use super::subjects::{self, SubjectFold};
use super::window::{BucketExec, Lost, Selection, SumPlan, buckets_of, read_samples};
use crate::metric::{Metric, Table};
use crate::series::shown_quantity;
use crate::store::schema::TIME;
use crate::subject::{Subject, SubjectKey};
use crate::time::TimeRange;

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
    scan: Arc<Scan>,
    threads: usize,
    /// Whether the catalogue has changed by what a question found out, since the last refresh.
    news: AtomicBool,
}

impl Engine {
    /// Opens files, directories or globs. Damaged files do not fail it: see [`Overview::problems`].
    pub fn open(paths: &[PathBuf]) -> Result<Engine, QueryError> {
        Engine::open_with(paths, &Options::default())
    }

    /// The same with bounds of one's own.
    pub fn open_with(paths: &[PathBuf], options: &Options) -> Result<Engine, QueryError> {
        let mut scanner = Scanner::new(paths)?.with_cache(options.cache.as_deref());
        let catalogue = RwLock::new(Arc::new(scanner.scan().unwrap_or_default()));
        let threads = options.threads.max(1);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(threads)
            .thread_name("fgm-query")
            .enable_all()
            .build()
            .map_err(QueryError::Runtime)?;
        let config = SessionConfig::new().with_target_partitions(threads).with_information_schema(false);
        let pool = Arc::new(FairSpillPool::new(options.sql_memory_bytes));
        let environment = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let session = SessionContext::new_with_config_rt(config, environment);
        let scan = Arc::new(Scan::new(options.column_cache_bytes));
        let (scanner, news) = (Mutex::new(scanner), AtomicBool::new(false));
        let shared = Shared { scanner, catalogue, session, runtime, scan, threads, news };
        Ok(Engine { shared: Arc::new(shared) })
    }

    /// Looks for new, changed and vanished files and reads on in open segments; true when anything changed.
    pub fn refresh(&self) -> Result<bool, QueryError> {
        let changed = self.look_again(&mut self.scanner());
        Ok(self.shared.news.swap(false, Ordering::Relaxed) || changed)
    }

    fn scanner(&self) -> MutexGuard<'_, Scanner> {
        self.shared.scanner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_again(&self, scanner: &mut Scanner) -> bool {
        let Some(new) = scanner.scan() else { return false };
        *self.shared.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        true
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.shared.catalogue.read().unwrap_or_else(PoisonError::into_inner))
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
        let columns = || [TIME].into_iter().chain(table.labels().iter().map(|l| l.name));
        self.twice(|catalogue| {
            let mut fold = SubjectFold::new(table);
            let known = Arc::clone(&catalogue);
            self.for_each_batch(table, catalogue, time_filters(range), columns(), |batch| fold.push(batch))?;
            Ok(fold.finish(&known))
        })
    }

    /// One metric of some subjects over a window, bucketed.
    pub fn window(&self, query: &WindowQuery, cancel: &Cancel) -> Result<WindowAnswer, QueryError> {
        let ask = self.ask(cancel);
        self.twice(|catalogue| {
            let window = (query.range, query.columns);
            let selection = self.select(query.metric, &query.subjects, window, catalogue);
            let plan = BucketExec::new(Arc::clone(&ask), Arc::clone(&selection));
            let mut batches = Vec::new();
            self.run(&plan, &mut |batch| batches.push(batch.clone()))?;
            let series = query.subjects.iter().cloned().zip(buckets_of(&batches, &selection)).collect();
            Ok(WindowAnswer { quantity: shown_quantity(query.metric), series })
        })
    }

    /// The subjects that lead by a metric over a window.
    pub fn top(&self, query: &TopQuery, cancel: &Cancel) -> Result<TopAnswer, QueryError> {
        let TopQuery { metric, range, .. } = *query;
        let whole = WindowQuery { metric, subjects: query.subjects.clone(), range, columns: 1 };
        let WindowAnswer { quantity, series } = self.window(&whole, cancel)?;
        let sampled =
            series.into_iter().filter_map(|(key, b)| Some((key, b.columns[0].filter(|b| b.count > 0)?)));
        let mut leading: Vec<(SubjectKey, _)> = sampled.collect();
        leading.sort_by(|(_, a), (_, b)| query.by.of(b).total_cmp(&query.by.of(a)));
        leading.truncate(query.most);
        Ok(TopAnswer { quantity, leading })
    }

    /// Every shown value of one metric of some subjects in a window, with its time and the gap before it.
    pub fn samples(&self, query: &SampleQuery, cancel: &Cancel) -> Result<SampleAnswer, QueryError> {
        let ask = self.ask(cancel);
        self.twice(|catalogue| {
            let lost = Lost::of(&catalogue, query.metric.table);
            let selection = self.select(query.metric, &query.subjects, (query.range, 0), catalogue);
            let series = self.shared.runtime.block_on(read_samples(&ask, &selection, &lost))?;
            Ok(SampleAnswer { quantity: shown_quantity(query.metric), series })
        })
    }

    /// One metric of groups of subjects, each group added up tick by tick, over a window, bucketed.
    pub fn sums(&self, query: &SumQuery, cancel: &Cancel) -> Result<SumAnswer, QueryError> {
        let SumQuery { metric, groups: asked, .. } = query;
        metric.adds_up().map_err(|reason| QueryError::NoSum { metric: metric.name, reason })?;
        let ask = self.ask(cancel);
        self.twice(|catalogue| {
            let plan = SumPlan::new(query, &catalogue)?;
            let mut groups = Vec::with_capacity(asked.len());
            for some in plan.portions(asked) {
                let keys: Vec<SubjectKey> = some.iter().flatten().cloned().collect();
                let selection = self.select(metric, &keys, (plan.read, 0), Arc::clone(&catalogue));
                groups.extend(self.shared.runtime.block_on(plan.sum(&ask, &selection, some))?);
            }
            Ok(SumAnswer { quantity: shown_quantity(metric), groups })
        })
    }

    /// What all sessions share: the pool of memory that [`Options::sql_memory_bytes`] bounds.
    pub(super) fn environment(&self) -> Arc<RuntimeEnv> {
        self.shared.session.runtime_env()
    }

    /// A table of the recording as it is now, for SQL.
    pub(super) fn table_provider(&self, table: Table) -> Arc<dyn TableProvider> {
        self.provider(table, self.catalogue())
    }

    fn provider(&self, table: Table, catalogue: Arc<Catalogue>) -> Arc<dyn TableProvider> {
        Arc::new(StoreTable::new(table, catalogue, self.ask(&Cancel::default())))
    }

    fn ask(&self, cancel: &Cancel) -> Arc<Ask> {
        let (scan, cancel) = (Arc::clone(&self.shared.scan), cancel.clone());
        Arc::new(Ask { scan, cancel, threads: self.shared.threads })
    }

    fn select(
        &self,
        metric: &'static Metric,
        keys: &[SubjectKey],
        window: (TimeRange, usize),
        catalogue: Arc<Catalogue>,
    ) -> Arc<Selection> {
        Arc::new(Selection::new(metric, keys, window, catalogue, &self.shared.scan.series))
    }

    /// Answers; once more when a file was sealed, compacted or dropped between listing and reading. Files that turn
    /// out to be bad meanwhile are named from then on.
    fn twice<T>(&self, answer: impl Fn(Arc<Catalogue>) -> Result<T, QueryError>) -> Result<T, QueryError> {
        let first = answer(self.catalogue());
        let result = match first {
            Err(QueryError::Gone(_)) => {
                let changed = self.look_again(&mut self.scanner());
                self.shared.news.fetch_or(changed, Ordering::Relaxed);
                answer(self.catalogue())
            }
            other => other,
        };
        self.name_bad_files();
        result
    }

    fn name_bad_files(&self) {
        let problems = self.shared.scan.take_problems();
        if problems.is_empty() {
            return;
        }
        let mut scanner = self.scanner();
        for p in problems {
            scanner.condemn(p);
        }
        let changed = self.look_again(&mut scanner);
        self.shared.news.fetch_or(changed, Ordering::Relaxed);
    }

    /// Scans a table through DataFusion and hands over its batches.
    fn for_each_batch<'c>(
        &self,
        table: Table,
        catalogue: Arc<Catalogue>,
        filters: Vec<Expr>,
        columns: impl Iterator<Item = &'c str>,
        mut take: impl FnMut(&RecordBatch),
    ) -> Result<(), QueryError> {
        let mut frame = self.shared.session.read_table(self.provider(table, catalogue))?;
        for filter in filters {
            frame = frame.filter(filter)?;
        }
        let frame = frame.select(columns.map(ident).collect::<Vec<_>>())?;
        let plan = self.shared.runtime.block_on(frame.create_physical_plan())?;
        self.run(plan.as_ref(), &mut take)
    }

    /// Runs a plan, one partition after the other.
    fn run(&self, plan: &dyn ExecutionPlan, take: &mut dyn FnMut(&RecordBatch)) -> Result<(), QueryError> {
        let context = self.shared.session.task_ctx();
        self.shared.runtime.block_on(async {
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
