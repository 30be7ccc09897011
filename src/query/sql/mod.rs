//! SQL over a recording (QRY-3): the tables of the store, the events, and `samples`, a long view of all of them.
//!
//! Owns: which statements are answered, the bounds on what one may use, answers as a stream of batches.
//! Must not: write anything, print, or read files other than the recording's.

mod events;
mod explain;
mod long;
mod partitions;
mod samples;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result as PlanResult;
use datafusion::execution::context::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;

use self::events::EventsTable;
use self::partitions::Partitioned;
use self::samples::SamplesTable;
use super::cancel::Cancel;
use super::engine::Engine;
use super::error::QueryError;
use crate::metric::Table;
use crate::store::layout::EVENTS;

/// Name of the long view.
pub const SAMPLES: &str = "samples";

/// Longest statement in bytes.
const MAX_TEXT: usize = 64 << 10;
/// Planning and evaluation recurse as deep as an expression is nested, which a chain of operators makes as deep as it
/// is long. Only what is used of a stack takes memory.
const STACK: usize = 1 << 30;
/// How often a waiting query looks whether it has been cancelled.
const PATIENCE: Duration = Duration::from_millis(20);

/// The rows of an answer, as they come. Dropping it ends the query.
pub struct Rows {
    schema: SchemaRef,
    batches: Receiver<Result<RecordBatch, QueryError>>,
    cancel: Cancel,
    abandoned: Cancel,
}

impl Rows {
    /// Names and types of the columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        receive(&self.batches, &self.cancel)
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.abandoned.cancel();
    }
}

fn receive<T>(from: &Receiver<Result<T, QueryError>>, cancel: &Cancel) -> Option<Result<T, QueryError>> {
    loop {
        if cancel.is_cancelled() {
            return Some(Err(QueryError::Cancelled));
        }
        match from.recv_timeout(PATIENCE) {
            Ok(item) => return Some(item),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

impl Engine {
    /// Answers one statement that reads: `SELECT`, `WITH`, `VALUES`, `EXPLAIN`, `SHOW TABLES`, `SHOW COLUMNS` or
    /// `DESCRIBE`. Errors are one line, with the nearest name where one is not known.
    pub fn sql(&self, text: &str, cancel: &Cancel) -> Result<Rows, QueryError> {
        if text.len() > MAX_TEXT {
            return Err(QueryError::Sql(format!("the statement is longer than {} KiB", MAX_TEXT >> 10)));
        }
        let abandoned = Cancel::default();
        let (heads, head) = mpsc::sync_channel(1);
        let (sender, batches) = mpsc::sync_channel(2);
        let work = Work {
            engine: self.clone(),
            text: text.to_owned(),
            stop: [cancel.clone(), abandoned.clone()],
            heads,
            batches: sender,
        };
        thread::Builder::new()
            .name("fgm-sql".to_owned())
            .stack_size(STACK)
            .spawn(move || work.run())
            .map_err(QueryError::Runtime)?;
        let lost = || Err(QueryError::Sql("the query engine gave up on this statement".to_owned()));
        let schema = receive(&head, cancel).unwrap_or_else(lost)?;
        Ok(Rows { schema, batches, cancel: cancel.clone(), abandoned })
    }

    fn sql_session(&self) -> PlanResult<SessionContext> {
        let config = SessionConfig::new().with_target_partitions(1).with_information_schema(true);
        let session = SessionContext::new_with_config_rt(config, self.environment());
        let catalogue = self.catalogue();
        let identifiers = Arc::new(partitions::identifiers(&catalogue));
        let with_partitions = |table| Arc::new(Partitioned::new(table, Arc::clone(&identifiers)));
        for table in Table::ALL {
            session.register_table(table.name(), with_partitions(self.table_provider(table)))?;
        }
        session.register_table(EVENTS, with_partitions(Arc::new(EventsTable::new(catalogue))))?;
        session.register_table(SAMPLES, Arc::new(SamplesTable::new(self.clone())))?;
        Ok(session)
    }
}

/// One statement on its way through its own thread.
struct Work {
    engine: Engine,
    text: String,
    /// The asker's, and that of an answer nobody waits for any more.
    stop: [Cancel; 2],
    heads: SyncSender<Result<SchemaRef, QueryError>>,
    batches: SyncSender<Result<RecordBatch, QueryError>>,
}

impl Work {
    fn run(self) {
        let done = catch_unwind(AssertUnwindSafe(|| self.answer()));
        let failure = match done {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => QueryError::Sql("this statement makes the query engine panic".to_owned()),
        };
        // Whichever of the two somebody is waiting for; nobody may be.
        if let Err(mpsc::TrySendError::Full(head) | mpsc::TrySendError::Disconnected(head)) =
            self.heads.try_send(Err(failure))
            && let Err(error) = head
        {
            let _gone = self.batches.send(Err(error));
        }
    }

    fn answer(&self) -> Result<(), QueryError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name("fgm-sql-io")
            .build()
            .map_err(QueryError::Runtime)?;
        let session = self.engine.sql_session()?;
        runtime.block_on(async {
            tokio::select! {
                done = self.stream(&session) => done,
                () = self.stopped() => Err(QueryError::Cancelled),
            }
        })
    }

    async fn stopped(&self) {
        while !self.stop.iter().any(Cancel::is_cancelled) {
            tokio::time::sleep(PATIENCE).await;
        }
    }

    async fn stream(&self, session: &SessionContext) -> Result<(), QueryError> {
        let line = |e: datafusion::error::DataFusionError| QueryError::Sql(explain::line(&e));
        let frame = plan(session, &self.text).await?;
        let mut stream = frame.execute_stream().await.map_err(line)?;
        // The answer's own schema: the frame's may differ in what may be null.
        if self.heads.send(Ok(stream.schema())).is_err() {
            return Ok(());
        }
        while let Some(batch) = stream.next().await {
            if self.batches.send(Ok(batch.map_err(line)?)).is_err() {
                return Ok(());
            }
            // Lets the watch for cancellation have its turn between batches that never wait.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

async fn plan(session: &SessionContext, text: &str) -> Result<DataFrame, QueryError> {
    let line = |e: datafusion::error::DataFusionError| QueryError::Sql(explain::line(&e));
    let state = session.state();
    let statement = state.sql_to_statement(text, &state.config_options().sql_parser.dialect).map_err(line)?;
    if !reads(&statement) {
        return Err(QueryError::Sql(explain::READ_ONLY.to_owned()));
    }
    let plan = state.statement_to_plan(statement).await.map_err(line)?;
    let only_queries =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(&plan).map_err(|_| QueryError::Sql(explain::READ_ONLY.to_owned()))?;
    session.execute_logical_plan(plan).await.map_err(line)
}

fn reads(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(s) => matches!(
            **s,
            ast::Statement::Query(_)
                | ast::Statement::Explain { .. }
                | ast::Statement::ExplainTable { .. }
                | ast::Statement::ShowTables { .. }
                | ast::Statement::ShowColumns { .. }
        ),
        Statement::Explain(e) => reads(&e.statement),
        _ => false,
    }
}
