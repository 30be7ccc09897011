//! The viewer's answers without a screen: `sql`, `query`, `top`, `subjects`, `verify` (QRY-2, QRY-3, QRY-6) and the
//! studies (STU-2 to STU-6).
//!
//! Owns: from a command to written rows and an exit code. Must not: draw, or need a terminal.

mod args;
pub(crate) mod choose;
mod config;
mod export;
mod grid;
mod picture;
mod print;
mod progress;
mod series;
pub mod span;
mod sql;
mod studies;
mod subjects;
mod summary;
mod sums;
mod top;
mod verify;
pub(crate) mod view;

use std::path::PathBuf;
use std::process::ExitCode;

use arrow::array::RecordBatch;
use fgm::metric::Table;
use fgm::query::model::{
    Overview, SampleAnswer, SampleQuery, SumAnswer, SumQuery, WindowAnswer, WindowQuery,
};
use fgm::query::{Cancel, Engine, QueryError};
use fgm::subject::Subject;
use fgm::time::TimeRange;
use jiff::tz::TimeZone;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

pub use self::args::{Command, ViewArgs};
use self::args::{Output, Part};
use self::choose::{Choice, Wanted};
pub use self::picture::printed;
use self::print::{Printer, Trouble};
pub use self::span::Span;
use crate::cli::{self, Failure, NOTHING, UNREADABLE, USAGE};
use crate::naming::is_named;
use crate::start::nothing;
use crate::text::clean;

/// Bad files that are named one by one.
const MAX_NAMED: usize = 10;

/// Carries out a command; `data` is `$FGM_DATA`.
pub fn run(command: &Command, data: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let done = match command {
        Command::Sql(args) => sql::run(args, data),
        Command::Query(args) => series::run(args, data),
        Command::Top(args) => top::run(args, data),
        Command::Subjects(args) => subjects::run(args, data),
        Command::Export(args) => export::run(args, data),
        Command::Verify(args) => verify::run(args, data),
        Command::Config(args) => config::run(*args),
        Command::Summary(args) => summary::run(args, data),
        Command::Periodicity(args) => studies::periodicity(args, data),
        Command::Changes(args) => studies::changes(args, data),
        Command::Leaks(args) => studies::leaks(args, data),
        Command::Correlate(args) => studies::correlate(args, data),
        Command::Oom(args) => studies::oom(args, data),
        Command::Throttling(args) => studies::throttling(args, data),
    };
    match done {
        Ok(code) => Ok(code),
        // Whoever read has seen enough.
        Err(Trouble::Closed) => Ok(ExitCode::SUCCESS),
        Err(Trouble::Failed(f)) => Err(f),
    }
}

/// A recording, opened for one command.
struct Recording {
    engine: Engine,
    zone: TimeZone,
    /// Set by Ctrl-C.
    cancel: Cancel,
}

impl Recording {
    fn open(paths: &[PathBuf], data: Option<PathBuf>, tz: Option<&TimeZone>) -> Result<Recording, Failure> {
        let paths = cli::recordings(paths, data)?;
        let engine = Engine::open(&paths).map_err(|e| Failure::new(UNREADABLE, e.to_string()))?;
        let overview = engine.overview();
        if let Some(failure) = nothing(&overview, &paths) {
            return Err(failure);
        }
        name_problems(&overview);
        Ok(Recording { engine, zone: cli::zone_or_system(tz), cancel: on_interrupt() })
    }

    /// A recording that is open already, for whoever deals with interrupts.
    fn of(engine: Engine, zone: &TimeZone) -> Recording {
        Recording { engine, zone: zone.clone(), cancel: Cancel::default() }
    }

    /// The range that was asked for.
    fn range(&self, part: &Part) -> Result<TimeRange, Failure> {
        let all = self.engine.overview().range.unwrap_or(TimeRange::new(0, 0));
        part.range.within(all, &self.zone).map_err(|line| Failure::new(USAGE, line))
    }

    /// The metrics of this name.
    fn metrics(&self, name: &str) -> Result<Vec<Wanted>, Failure> {
        let overview = self.engine.overview();
        let all = overview.range.unwrap_or(TimeRange::new(0, 0));
        let extras = || {
            // Without them a name is unknown, and that is said.
            let found = self.engine.subjects(Table::Extras, all).unwrap_or_default();
            let mut names: Vec<String> =
                found.iter().filter_map(|s| s.text("source").map(str::to_owned)).collect();
            names.sort();
            names.dedup();
            names
        };
        choose::metrics(name, &overview, extras).map_err(|line| Failure::new(USAGE, line))
    }

    /// The subjects of a metric that were asked for.
    fn subjects_of(&self, wanted: &Wanted, range: TimeRange, part: &Part) -> Result<Vec<Subject>, Failure> {
        let mut found = self.subjects(wanted.metric.table, range, part)?;
        found.retain(|s| wanted.source.is_none() || s.text("source") == wanted.source.as_deref());
        Ok(found)
    }

    /// The subjects of a table that were asked for.
    fn subjects(&self, table: Table, range: TimeRange, part: &Part) -> Result<Vec<Subject>, Failure> {
        let identities = || self.identities(range);
        let choice = Choice::new(&part.include, &part.exclude, &identities);
        let mut found = self.engine.subjects(table, range).map_err(failed)?;
        let named = |s: &Subject| part.subject.is_empty() || part.subject.iter().any(|n| is_named(s, n));
        found.retain(|s| named(s) && choice.keeps(s));
        Ok(found)
    }

    /// What is known of containers and pods; `range` is that of a recording that does not know its own.
    fn identities(&self, range: TimeRange) -> Vec<Subject> {
        let all = self.engine.overview().range.unwrap_or(range);
        // Without them a filter matches less; the rest of the answer does not depend on them.
        self.engine.subjects(Table::Identities, all).unwrap_or_default()
    }

    /// Series as buckets.
    fn window(&self, query: &WindowQuery) -> Result<WindowAnswer, Failure> {
        self.engine.window(query, &self.cancel).map_err(failed)
    }

    /// Sums of groups as buckets.
    fn sums(&self, query: &SumQuery) -> Result<SumAnswer, Failure> {
        self.engine.sums(query, &self.cancel).map_err(failed)
    }

    /// Series as samples.
    fn samples(&self, query: &SampleQuery) -> Result<SampleAnswer, Failure> {
        self.engine.samples(query, &self.cancel).map_err(failed)
    }

    /// Writes one table.
    fn print(&self, output: &Output, table: &RecordBatch) -> Result<ExitCode, Trouble> {
        let mut printer = Printer::new(output, &table.schema(), &self.zone)?;
        printer.write(table)?;
        Ok(code(printer.finish()?))
    }
}

fn code(rows: u64) -> ExitCode {
    if rows > 0 { ExitCode::SUCCESS } else { ExitCode::from(NOTHING) }
}

/// Names files that were left out on standard error, the first of many.
fn name_problems(overview: &Overview) {
    let problems = &overview.problems;
    for p in problems.iter().take(MAX_NAMED) {
        eprintln!("fgm-tui: {}: {}", clean(&p.path.display().to_string()), clean(&p.reason));
    }
    if problems.len() > MAX_NAMED {
        eprintln!("fgm-tui: and {} more files that cannot be read", problems.len() - MAX_NAMED);
    }
}

fn failed(error: QueryError) -> Failure {
    match error {
        QueryError::Cancelled => Failure::new(128 + SIGINT as u8, "cancelled"),
        QueryError::Sql(line) => Failure::new(USAGE, line),
        e @ (QueryError::NoSum { .. } | QueryError::LongSum { .. }) => Failure::new(USAGE, e.to_string()),
        other => Failure::new(UNREADABLE, other.to_string()),
    }
}

/// Something that Ctrl-C calls off; a second one ends the program at once.
fn on_interrupt() -> Cancel {
    let cancel = Cancel::default();
    if let Ok(mut signals) = Signals::new([SIGINT]) {
        let cancel = cancel.clone();
        std::thread::spawn(move || {
            for (n, _) in signals.forever().enumerate() {
                cancel.cancel();
                if n > 0 {
                    std::process::exit(128 + SIGINT);
                }
            }
        });
    }
    cancel
}
