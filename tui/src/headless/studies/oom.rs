//! `oom`: the minutes before each OOM kill (STU-5).
//!
//! Owns: the columns. Must not: explain.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::analysis::oom::{Growth, Warning};
use fgm::time::SECOND;
use serde_json::{Value, json};

use super::{Row, Study, StudyArgs, columns, time, whose};
use crate::headless::choose::Choice;
use crate::headless::grid::Cell;
use crate::headless::print::Trouble;
use crate::headless::series::unit;
use crate::study::{KillFinding, kills};

/// Answers.
pub(in crate::headless) fn run(args: &StudyArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let study = Study::open(args, data, "oom")?;
    let identities = || study.recording.identities(study.range);
    let choice = Choice::new(&args.part.include, &args.part.exclude, &identities);
    let found = study.run(&[], |task| kills(task, |s| choice.keeps(s)))?;
    let names = columns(&[
        ("time", Cell::Time(None)),
        ("victim", Cell::Text(None)),
        ("pid", Cell::Int(None)),
        ("usage_bytes", Cell::Number(None)),
        ("limit_bytes", Cell::Number(None)),
        ("window_seconds", Cell::Number(None)),
        ("climb_bytes_per_second", Cell::Number(None)),
        ("kinds", Cell::Text(None)),
        ("processes", Cell::Text(None)),
        ("warnings", Cell::Text(None)),
    ]);
    let row = |f: &KillFinding| {
        let report = &f.report;
        let list = |all: Vec<Value>| Cell::text(Value::Array(all).to_string());
        let warning = |w: &Warning| {
            let before = (report.window.end - w.since) / SECOND;
            json!({ "name": w.name, "seconds_before": before, "most": w.most, "unit": unit(w.quantity) })
        };
        let mut cells = whose(&f.subject);
        cells.extend([
            time(f.event.time),
            Cell::Text(f.victim.clone()),
            Cell::Int(f.event.pid),
            Cell::Number(report.usage),
            Cell::Number(report.limit),
            Cell::Number(Some(report.window.width() as f64 / SECOND as f64)),
            Cell::Number(report.climb),
            list(report.kinds.iter().map(growth).collect()),
            list(report.processes.iter().map(growth).collect()),
            list(report.warnings.iter().map(warning).collect()),
        ]);
        Row { sentence: f.sentence(&study.clock), cells }
    };
    // The latest are the ones that are asked about.
    let skip = found.len().saturating_sub(study.top());
    study.print(&names, found.iter().skip(skip).map(row).collect())
}

fn growth(g: &Growth) -> Value {
    json!({ "name": g.name, "before_bytes": g.before, "after_bytes": g.after, "grown_bytes": g.grown() })
}
