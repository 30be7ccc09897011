//! `leaks`: what climbs without coming back, and when it meets its limit (STU-3).
//!
//! Owns: the columns. Must not: judge.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Row, Study, StudyArgs, columns, number, time, whose};
use crate::headless::grid::Cell;
use crate::headless::print::Trouble;
use crate::headless::series::unit;
use crate::study::{LeakFinding, leaks};

/// Answers.
pub(in crate::headless) fn run(args: &StudyArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let study = Study::open(args, data, "leaks")?;
    let found = study.run(&study.subjects()?, leaks)?;
    let names = columns(&[
        ("metric", Cell::Text(None)),
        ("from", Cell::Time(None)),
        ("to", Cell::Time(None)),
        ("slope_per_second", Cell::Number(None)),
        ("slope_low", Cell::Number(None)),
        ("slope_high", Cell::Number(None)),
        ("rise", Cell::Number(None)),
        ("unit", Cell::Text(None)),
        ("z", Cell::Number(None)),
        ("limit", Cell::Number(None)),
        ("seconds_to_limit", Cell::Number(None)),
        ("seconds_to_limit_soonest", Cell::Number(None)),
        ("seconds_to_limit_latest", Cell::Number(None)),
    ]);
    let row = |f: &LeakFinding| {
        let (series, trend) = (&f.series, &f.trend);
        let left = f.limit.and_then(|l| trend.time_to(l));
        let mut cells = whose(&series.subject);
        cells.extend([
            Cell::text(series.metric.name),
            time(trend.range.start),
            time(trend.range.end),
            number(trend.slope),
            number(trend.interval.0),
            number(trend.interval.1),
            number(trend.rise()),
            Cell::text(unit(series.quantity)),
            number(trend.z),
            Cell::Number(f.limit),
            Cell::Number(left.map(|l| l.expected_s)),
            Cell::Number(left.map(|l| l.soonest_s)),
            Cell::Number(left.and_then(|l| l.latest_s)),
        ]);
        Row { sentence: f.sentence(&study.clock), cells }
    };
    study.print(&names, found.iter().take(study.top()).map(row).collect())
}
