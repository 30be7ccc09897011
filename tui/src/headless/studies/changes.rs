//! `changes`: when a series took another level (STU-2).
//!
//! Owns: the columns. Must not: find changes.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Row, Study, StudyArgs, columns, number, time, whose};
use crate::headless::grid::Cell;
use crate::headless::print::Trouble;
use crate::headless::series::unit;
use crate::study::{ChangeFinding, changes};

/// Answers.
pub(in crate::headless) fn run(args: &StudyArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let study = Study::open(args, data, "changes")?;
    let found = study.run(&study.subjects()?, |task| changes(task, |_| true))?;
    let names = columns(&[
        ("metric", Cell::Text(None)),
        ("time", Cell::Time(None)),
        ("before", Cell::Number(None)),
        ("after", Cell::Number(None)),
        ("size", Cell::Number(None)),
        ("unit", Cell::Text(None)),
        ("confidence", Cell::Number(None)),
        ("z", Cell::Number(None)),
        ("at_gap", Cell::Int(None)),
    ]);
    let row = |f: &ChangeFinding| {
        let (series, change) = (&f.series, &f.change);
        let mut cells = whose(&series.subject);
        cells.extend([
            Cell::text(series.metric.name),
            time(change.time),
            number(change.before),
            number(change.after),
            number(change.size()),
            Cell::text(unit(series.quantity)),
            number(change.confidence),
            number(change.z),
            Cell::Int(Some(change.at_break.into())),
        ]);
        Row { sentence: f.sentence(&study.clock), cells }
    };
    study.print(&names, found.iter().take(study.top()).map(row).collect())
}
