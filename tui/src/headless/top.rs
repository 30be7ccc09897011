//! `top`: the subjects with the most of a metric (QRY-2).
//!
//! Owns: the order. Must not: read files.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::query::model::{TopBy, WindowQuery};
use fgm::series::Bucket;
use fgm::subject::Subject;
use fgm::unit::Quantity;

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
    let head = ["subject", "node_name", "subject_kind"].map(|n| (n, Cell::Text(None)));
    let mut grid = Grid::new(&[&head[..], &FIGURES[..]].concat());
    for (_, s, b, quantity) in ranked {
        let text = |name| Cell::Text(s.text(name).map(str::to_owned));
        let head = [Cell::text(s.title()), text("node_name"), text("subject_kind")];
        grid.push(head.into_iter().chain(figures(&b, quantity)));
    }
    recording.print(&args.output, &grid.finish()?)
}

/// What is told of everybody who is compared.
pub(super) const FIGURES: [(&str, Cell); 6] = [
    ("mean", Cell::Number(None)),
    ("max", Cell::Number(None)),
    ("last", Cell::Number(None)),
    ("growth", Cell::Number(None)),
    ("samples", Cell::Int(None)),
    ("unit", Cell::Text(None)),
];

/// The same of one, from all samples of the range.
pub(super) fn figures(b: &Bucket, quantity: Quantity) -> impl Iterator<Item = Cell> {
    let numbers = [b.mean, b.max, b.last, TopBy::Growth.of(b)].map(|v| Cell::Number(Some(v)));
    numbers.into_iter().chain([Cell::Int(Some(b.count.into())), Cell::text(unit(quantity))])
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
