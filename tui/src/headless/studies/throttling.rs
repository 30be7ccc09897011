//! `throttling`: who had to wait for its CPU quota (STU-6).
//!
//! Owns: the columns. Must not: judge.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::analysis::throttle::Pattern;

use super::{Row, Study, StudyArgs, columns, number, time, whose};
use crate::headless::grid::Cell;
use crate::headless::print::Trouble;
use crate::study::{ThrottlingFinding, throttling};

/// Answers.
pub(in crate::headless) fn run(args: &StudyArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let study = Study::open(args, data, "throttling")?;
    let found = study.run(&study.subjects()?, throttling)?;
    let names = columns(&[
        ("from", Cell::Time(None)),
        ("to", Cell::Time(None)),
        ("pattern", Cell::Text(None)),
        ("throttled_periods_percent", Cell::Number(None)),
        ("throttled_time_percent", Cell::Number(None)),
        ("waited_seconds", Cell::Number(None)),
        ("stretches", Cell::Int(None)),
        ("longest_stretch_seconds", Cell::Number(None)),
        ("quota_cores", Cell::Number(None)),
        ("estimated_quota_99_percent_cores", Cell::Number(None)),
        ("estimated_quota_cores", Cell::Number(None)),
    ]);
    let row = |f: &ThrottlingFinding| {
        let r = &f.report;
        let pattern = match r.pattern {
            Pattern::Bursts => "bursts",
            Pattern::Sustained => "sustained",
        };
        let mut cells = whose(&f.subject);
        cells.extend([
            time(r.range.start),
            time(r.range.end),
            Cell::text(pattern),
            number(r.share_of_periods * 100.0),
            number(r.share_of_time * 100.0),
            number(r.waited_s),
            Cell::Int(Some(r.stretches.len() as i64)),
            number(r.longest_s()),
            Cell::Number(r.quota_cores),
            Cell::Number(r.needed_cores.map(|n| n.0)),
            Cell::Number(r.needed_cores.map(|n| n.1)),
        ]);
        Row { sentence: f.sentence(&study.clock), cells }
    };
    study.print(&names, found.iter().take(study.top()).map(row).collect())
}
