//! `changes`, `leaks`, `correlate`, `oom`, `throttling`: the studies without a screen (STU-2 to STU-6, TUI-6).
//!
//! Owns: from findings to rows, and a sentence each for people. Must not: find anything: [`crate::study`] does.

mod args;
mod changes;
mod correlate;
mod leaks;
mod oom;
mod periodicity;
mod throttling;

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::metric::Table;
use fgm::subject::Subject;
use fgm::time::TimeRange;

pub(super) use self::args::{CorrelateArgs, PeriodicityArgs, StudyArgs};
pub(super) use self::changes::run as changes;
pub(super) use self::correlate::run as correlate;
pub(super) use self::leaks::run as leaks;
pub(super) use self::oom::run as oom;
pub(super) use self::periodicity::run as periodicity;
pub(super) use self::throttling::run as throttling;
use super::args::{Format, Output};
use super::grid::{Cell, Grid};
use super::print::{self, Trouble};
use super::progress::Progress;
use super::{Recording, code, failed};
use crate::study::{Clock, Task, by_default};
use fgm::query::QueryError;

/// A recording that is being studied.
struct Study<'a> {
    args: &'a StudyArgs,
    recording: Recording,
    range: TimeRange,
    clock: Clock,
    progress: Progress,
    what: &'static str,
}

/// A finding: a sentence for people, columns for programs.
struct Row {
    sentence: String,
    cells: Vec<Cell>,
}

impl<'a> Study<'a> {
    fn open(args: &'a StudyArgs, data: Option<PathBuf>, what: &'static str) -> Result<Study<'a>, Trouble> {
        let recording = Recording::open(&args.paths, data, args.output.tz.as_ref())?;
        let range = recording.range(&args.part)?;
        let clock = Clock::new(&recording.zone, range);
        Ok(Study { args, recording, range, clock, progress: Progress::new(what), what })
    }

    /// The subjects that were asked for, of all tables that studies read.
    fn subjects(&self) -> Result<Vec<Subject>, Trouble> {
        let mut all = self.recording.subjects(Table::Containers, self.range, &self.args.part)?;
        all.extend(self.recording.subjects(Table::Interfaces, self.range, &self.args.part)?);
        Ok(if self.args.part.include.is_empty() { by_default(all) } else { all })
    }

    /// Has a study done of these subjects.
    fn run<T>(
        &self,
        subjects: &[Subject],
        study: impl FnOnce(&Task<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Trouble> {
        let task = Task {
            engine: &self.recording.engine,
            range: self.range,
            subjects,
            cancel: &self.recording.cancel,
            progress: &|share| self.progress.tell(share),
        };
        let done = study(&task);
        self.progress.clear();
        Ok(done.map_err(failed)?)
    }

    /// How many findings are wanted.
    fn top(&self) -> usize {
        self.args.top as usize
    }

    /// Says to people that there is no finding.
    fn nothing(&self) -> ExitCode {
        eprintln!("fgm-tui: {}: nothing found", self.what);
        code(0)
    }

    /// Writes findings: sentences for people, else a table with these columns.
    fn print(&self, columns: &[(&str, Cell)], rows: Vec<Row>) -> Result<ExitCode, Trouble> {
        let output: &Output = &self.args.output;
        if output.format == Format::Text {
            if rows.is_empty() {
                return Ok(self.nothing());
            }
            let sentences = rows.iter().map(|r| r.sentence.as_str());
            return Ok(code(print::lines(output, sentences)?));
        }
        let sentence = ("sentence", Cell::Text(None));
        let mut grid = Grid::new(&columns.iter().cloned().chain([sentence]).collect::<Vec<_>>());
        for row in rows {
            grid.push(row.cells.into_iter().chain([Cell::text(row.sentence)]));
        }
        self.recording.print(output, &grid.finish()?)
    }
}

/// The columns that say whose a finding is.
const WHOSE: [(&str, Cell); 6] = [
    ("subject", Cell::Text(None)),
    ("node_name", Cell::Text(None)),
    ("namespace", Cell::Text(None)),
    ("pod_name", Cell::Text(None)),
    ("container_name", Cell::Text(None)),
    ("cgroup_path", Cell::Text(None)),
];

/// Their values.
fn whose(subject: &Subject) -> Vec<Cell> {
    let label = |name: &str| Cell::Text(subject.text(name).map(str::to_owned));
    let labels = WHOSE[1..].iter().map(|(name, _)| label(name));
    [Cell::text(subject.title())].into_iter().chain(labels).collect()
}

/// [`WHOSE`] and these columns.
fn columns(more: &[(&'static str, Cell)]) -> Vec<(&'static str, Cell)> {
    WHOSE.iter().chain(more).cloned().collect()
}

fn number(v: f64) -> Cell {
    Cell::Number(Some(v))
}

fn time(t: fgm::time::Micros) -> Cell {
    Cell::Time(Some(t))
}
