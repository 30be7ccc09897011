//! `query`: series over a window, as buckets or as samples (QRY-2).
//!
//! Owns: the columns of the answer, telling metrics from paths. Must not: read files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fgm::metric::{LabelRepr, Table};
use fgm::query::model::{SampleQuery, WindowQuery};
use fgm::series::{Bucket, Buckets, Gap};
use fgm::subject::Subject;
use fgm::time::{Micros, TimeRange};
use fgm::unit::Quantity;

use super::args::{Format, QueryArgs};
use super::choose::Wanted;
use super::grid::{Cell, Grid};
use super::print::{Printer, Trouble};
use super::{Recording, code};
use crate::cli::{Failure, USAGE};

/// Rows that are asked for at once: bounds what is held.
pub(super) const ROWS: usize = 50_000;

/// Answers.
pub(super) fn run(args: &QueryArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let (names, paths) = split(&args.words)?;
    let recording = Recording::open(&paths, data, args.output.tz.as_ref())?;
    let mut wanted = Vec::new();
    for name in &names {
        wanted.extend(recording.metrics(name)?);
    }
    let range = recording.range(&args.part)?;
    if let Some(by) = args.sum_by {
        return super::sums::query(&recording, &wanted, by, range, args);
    }
    let labels = Labels::of(&wanted, args);
    let mut printer: Option<Printer> = None;
    // How many samples a series has is known only afterwards: one at a time.
    let at_once = if args.raw { 1 } else { (ROWS / args.columns as usize).max(1) };
    for w in &wanted {
        let found = recording.subjects_of(w, range, &args.part)?;
        for some in found.chunks(at_once) {
            let table = if labels.raw {
                samples(&recording, w, some, range, &labels)?
            } else {
                buckets(&recording, w, some, range, args.columns as usize, &labels)?
            };
            let mut p = match printer.take() {
                Some(p) => p,
                None => Printer::new(&args.output, &table.schema(), &recording.zone)?,
            };
            p.write(&table)?;
            printer = Some(p);
        }
    }
    let printer = match printer {
        Some(p) => p,
        None => Printer::new(&args.output, &labels.grid().finish()?.schema(), &recording.zone)?,
    };
    Ok(code(printer.finish()?))
}

/// Metrics come first; what holds a slash or is there begins the paths.
pub(super) fn split(words: &[OsString]) -> Result<(Vec<String>, Vec<PathBuf>), Failure> {
    let is_path = |w: &OsString| w.to_string_lossy().contains(['/', '*']) || Path::new(w).exists();
    let at = words.iter().position(is_path).unwrap_or(words.len());
    let names: Vec<String> = words[..at]
        .iter()
        .flat_map(|w| w.to_string_lossy().split(',').map(str::to_owned).collect::<Vec<_>>())
        .filter(|n| !n.is_empty())
        .collect();
    if names.is_empty() {
        return Err(Failure::new(USAGE, "name a metric before the path, such as cpu_usage_millicores"));
    }
    Ok((names, words[at..].iter().map(PathBuf::from).collect()))
}

/// Which columns tell series apart.
struct Labels {
    names: Vec<(&'static str, LabelRepr)>,
    people: bool,
    /// Samples instead of buckets.
    raw: bool,
}

impl Labels {
    fn of(wanted: &[Wanted], args: &QueryArgs) -> Labels {
        let people = args.output.format == Format::Text;
        let mut names: Vec<(&'static str, LabelRepr)> = Vec::new();
        let tables: Vec<Table> = wanted.iter().map(|w| w.metric.table).collect();
        for label in tables.iter().flat_map(|t| t.labels()) {
            if !people && !names.iter().any(|(n, _)| *n == label.name) {
                names.push((label.name, label.repr));
            }
        }
        Labels { names, people, raw: args.raw }
    }

    fn grid(&self) -> Grid {
        let mut columns = vec![("metric", Cell::Text(None)), ("subject", Cell::Text(None))];
        if !self.people {
            columns.extend([("table_name", Cell::Text(None)), ("unit", Cell::Text(None))]);
        }
        columns.extend(self.names.iter().map(|(name, repr)| {
            (*name, if *repr == LabelRepr::Int { Cell::Int(None) } else { Cell::Text(None) })
        }));
        columns.push(("time", Cell::Time(None)));
        if self.raw {
            columns.push(("value", Cell::Number(None)));
        } else {
            columns.push(("count", Cell::Int(None)));
            columns.extend(["min", "max", "first", "last", "mean"].map(|n| (n, Cell::Number(None))));
        }
        columns.push(("gap", Cell::Text(None)));
        Grid::new(&columns)
    }

    fn row(&self, wanted: &Wanted, subject: &Subject, quantity: Quantity) -> Vec<Cell> {
        let mut row = vec![Cell::text(wanted.name()), Cell::text(subject.title())];
        if !self.people {
            row.extend([Cell::text(wanted.metric.table.name()), Cell::text(unit(quantity))]);
        }
        row.extend(self.names.iter().map(|(name, repr)| {
            let value = subject.label(name).cloned().unwrap_or(fgm::store::tick::LabelValue::Null);
            Cell::label(&value, *repr == LabelRepr::Int)
        }));
        row
    }
}

fn buckets(
    recording: &Recording,
    wanted: &Wanted,
    found: &[Subject],
    range: TimeRange,
    columns: usize,
    labels: &Labels,
) -> Result<arrow::array::RecordBatch, Trouble> {
    let subjects = found.iter().map(Subject::key).collect();
    let query = WindowQuery { metric: wanted.metric, subjects, range, columns };
    let answer = recording.window(&query)?;
    let mut grid = labels.grid();
    for (subject, (_, series)) in found.iter().zip(&answer.series) {
        let head = labels.row(wanted, subject, answer.quantity);
        for (at, bucket) in series.columns.iter().enumerate() {
            let Some(bucket) = bucket else { continue };
            grid.push(head.iter().cloned().chain(cells(start_of(series, at), bucket)));
        }
    }
    Ok(grid.finish()?)
}

fn samples(
    recording: &Recording,
    wanted: &Wanted,
    found: &[Subject],
    range: TimeRange,
    labels: &Labels,
) -> Result<arrow::array::RecordBatch, Trouble> {
    let subjects = found.iter().map(Subject::key).collect();
    let answer = recording.samples(&SampleQuery { metric: wanted.metric, subjects, range })?;
    let mut grid = labels.grid();
    for (subject, series) in found.iter().zip(&answer.series) {
        let head = labels.row(wanted, subject, answer.quantity);
        for p in &series.points {
            let own = [Cell::Time(Some(p.time)), Cell::Number(Some(p.value)), gap(p.gap_before)];
            grid.push(head.iter().cloned().chain(own));
        }
    }
    Ok(grid.finish()?)
}

/// The first instant of a column.
pub(super) fn start_of(series: &Buckets, at: usize) -> Micros {
    let (width, columns) = (i128::from(series.range.width()), series.columns.len() as i128);
    // Rounded up: what lies before belongs to the column before.
    let offset = (at as i128 * width + columns - 1) / columns;
    series.range.start + offset as Micros
}

pub(super) fn cells(time: Micros, b: &Bucket) -> impl Iterator<Item = Cell> {
    let numbers = [b.min, b.max, b.first, b.last, b.mean].map(|v| Cell::Number(Some(v)));
    [Cell::Time(Some(time)), Cell::Int(Some(b.count.into()))]
        .into_iter()
        .chain(numbers)
        .chain([gap(b.gap_before)])
}

fn gap(gap: Option<Gap>) -> Cell {
    let name = gap.map(|g| match g {
        Gap::RecorderDown => "recorder_down",
        Gap::SubjectAbsent => "subject_absent",
        Gap::Unavailable => "unavailable",
    });
    Cell::Text(name.map(str::to_owned))
}

/// A unit in words: `bytes`, `count/s`.
pub(super) fn unit(quantity: Quantity) -> String {
    quantity.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-2: metrics and paths stand in one list.
    #[test]
    fn words() {
        let split = |words: &[&str]| super::split(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let is = |words, names: &[&str], paths: &[&str]| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            assert_eq!(split(words), Ok((names, paths.iter().map(PathBuf::from).collect())));
        };
        is(&["a", "b.c", "/x", "d"], &["a", "b.c"], &["/x", "d"]);
        is(&["a,b", "rec*"], &["a", "b"], &["rec*"]);
        is(&["a", "src"], &["a"], &["src"]);
        assert!(split(&["./a"]).unwrap_err().line.contains("name a metric"));
    }

    /// QRY-2: a bucket's time is the first instant that falls into it.
    #[test]
    fn starts() {
        for (width, columns) in [(10, 3), (7, 7), (1_000_003, 60), (5, 9)] {
            let range = TimeRange::new(100, 100 + width);
            let series = Buckets { range, columns: vec![None; columns], stepped: false };
            for at in 0..columns {
                let start = start_of(&series, at);
                // More columns than instants: some hold none, and begin where the next one does.
                assert!(series.column_of(start).is_none_or(|c| c >= at), "{width} {columns} {at}");
                assert!(series.column_of(start - 1).is_none_or(|c| c < at), "{width} {columns} {at}");
            }
        }
    }
}
