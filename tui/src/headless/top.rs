//! `top`: the subjects with the most of a metric (QRY-2).
//!
//! Owns: the order. Must not: read files.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::query::model::WindowQuery;
use fgm::series::Bucket;

use super::args::{By, TopArgs};
use super::grid::{Cell, Grid};
use super::print::Trouble;
use super::series::unit;
use super::{Recording, choose, failed};
use crate::cli::{Failure, USAGE};

/// Compares.
pub(super) fn run(args: &TopArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let recording = Recording::open(&args.paths, data, args.output.tz.as_ref())?;
    let metric = choose::metric(&args.metric, &recording.engine.overview())
        .map_err(|line| Failure::new(USAGE, line))?;
    let range = recording.range(&args.part)?;
    let found = recording.subjects(metric.table, range, &args.part)?;
    // One bucket over the whole range knows all that is compared, exactly.
    let subjects = found.iter().map(fgm::subject::Subject::key).collect();
    let answer =
        recording.engine.window(&WindowQuery { metric, subjects, range, columns: 1 }).map_err(failed)?;
    let buckets =
        found.iter().zip(&answer.series).filter_map(|(s, (_, b))| Some((s, (*b.columns.first()?)?)));
    let mut ranked: Vec<_> = buckets.map(|(s, b)| (by(args.by, &b), s, b)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.truncate(args.number as usize);
    let mut grid = Grid::new(&[
        ("subject", Cell::Text(None)),
        ("node_name", Cell::Text(None)),
        ("subject_kind", Cell::Text(None)),
        ("mean", Cell::Number(None)),
        ("max", Cell::Number(None)),
        ("last", Cell::Number(None)),
        ("growth", Cell::Number(None)),
        ("samples", Cell::Int(None)),
        ("unit", Cell::Text(None)),
    ]);
    for (_, s, b) in ranked {
        let text = |name| Cell::Text(s.text(name).map(str::to_owned));
        let number = |v| Cell::Number(Some(v));
        grid.push([
            Cell::text(s.title()),
            text("node_name"),
            text("subject_kind"),
            number(b.mean),
            number(b.max),
            number(b.last),
            number(by(By::Growth, &b)),
            Cell::Int(Some(b.count.into())),
            Cell::text(unit(answer.quantity)),
        ]);
    }
    recording.print(&args.output, &grid.finish()?)
}

fn by(by: By, b: &Bucket) -> f64 {
    match by {
        By::Mean => b.mean,
        By::Max => b.max,
        By::Last => b.last,
        By::Growth => b.last - b.first,
    }
}
