//! `top`: the subjects with the most of a metric (QRY-2).
//!
//! Owns: the order. Must not: read files.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::query::model::{TopBy, WindowQuery};
use fgm::subject::Subject;

use super::Recording;
use super::args::{Rank, TopArgs};
use super::grid::{Cell, Grid};
use super::print::Trouble;
use super::series::unit;

/// Compares.
pub(super) fn run(args: &TopArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let recording = Recording::open(&args.paths, data, args.output.tz.as_ref())?;
    let wanted = recording.metrics(&args.metric)?;
    let range = recording.range(&args.part)?;
    if let Some(by) = args.sum_by {
        return super::sums::top(&recording, &wanted, by, range, args);
    }
    let mut ranked = Vec::new();
    for w in &wanted {
        let found = recording.subjects_of(w, range, &args.part)?;
        // One bucket over the whole range knows all that is compared, exactly.
        let subjects = found.iter().map(Subject::key).collect();
        let query = WindowQuery { metric: w.metric, subjects, range, columns: 1 };
        let answer = recording.window(&query)?;
        for (subject, (_, buckets)) in found.into_iter().zip(answer.series) {
            let bucket = buckets.columns.first().copied().flatten().filter(|b| b.count > 0);
            ranked.extend(bucket.map(|b| (TopBy::from(args.by).of(&b), subject, b, answer.quantity)));
        }
    }
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
    for (_, s, b, quantity) in ranked {
        let text = |name| Cell::Text(s.text(name).map(str::to_owned));
        let number = |v| Cell::Number(Some(v));
        grid.push([
            Cell::text(s.title()),
            text("node_name"),
            text("subject_kind"),
            number(b.mean),
            number(b.max),
            number(b.last),
            number(TopBy::Growth.of(&b)),
            Cell::Int(Some(b.count.into())),
            Cell::text(unit(quantity)),
        ]);
    }
    recording.print(&args.output, &grid.finish()?)
}

impl From<Rank> for TopBy {
    fn from(by: Rank) -> TopBy {
        match by {
            Rank::Mean => TopBy::Mean,
            Rank::Max => TopBy::Max,
            Rank::Last => TopBy::Last,
            Rank::Growth => TopBy::Growth,
        }
    }
}
