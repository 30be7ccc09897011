//! Sums of groups in `query` and `top` (TUI-3, TUI-6).
//!
//! Owns: the columns of the answers. Must not: group ([`crate::grouping`] does) or add.

use std::process::ExitCode;

use arrow::array::RecordBatch;
use fgm::query::model::{SumQuery, TopBy};
use fgm::series::{Members, Sum};
use fgm::subject::Subject;
use fgm::time::TimeRange;
use fgm::unit::Quantity;

use super::args::{Format, QueryArgs, TopArgs};
use super::choose::Wanted;
use super::grid::{Cell, Grid};
use super::print::{Printer, Trouble};
use super::series::{ROWS, cells, start_of, unit};
use super::top::{FIGURES, figures};
use super::{Recording, code};
use crate::cli::{Failure, USAGE};
use crate::grouping::{By, Name, groups, spell};

/// A group with what it has over the range.
struct Summed {
    name: Name,
    members: usize,
    sum: Sum,
}

/// Answers `query --sum-by`.
pub(super) fn query(
    recording: &Recording,
    wanted: &[Wanted],
    by: By,
    range: TimeRange,
    args: &QueryArgs,
) -> Result<ExitCode, Trouble> {
    let (columns, people) = (args.columns as usize, args.output.format == Format::Text);
    let mut printer: Option<Printer> = None;
    for w in wanted {
        let found = recording.subjects_of(w, range, &args.part)?;
        summed(recording, w, by, &found, (range, columns), |some, quantity| {
            let table = table(w, by, some, quantity, people)?;
            let p = match &mut printer {
                Some(p) => p,
                None => printer.insert(Printer::new(&args.output, &table.schema(), &recording.zone)?),
            };
            p.write(&table)
        })?;
    }
    let printer = match printer {
        Some(p) => p,
        None => Printer::new(&args.output, &grid(people).finish()?.schema(), &recording.zone)?,
    };
    Ok(code(printer.finish()?))
}

/// Sums the groups of some subjects, portion by portion.
fn summed(
    recording: &Recording,
    wanted: &Wanted,
    by: By,
    found: &[Subject],
    (range, columns): (TimeRange, usize),
    mut take: impl FnMut(&[Summed], Quantity) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let table = wanted.metric.table;
    by.check(table).map_err(|line| Failure::new(USAGE, line))?;
    let all = groups(by, &found.iter().collect::<Vec<_>>());
    // The metric is refused also where nobody is there.
    let portions =
        if all.is_empty() { vec![&all[..]] } else { all.chunks((ROWS / columns).max(1)).collect() };
    for some in portions {
        let keys = some.iter().map(|(_, members)| members.iter().map(|s| s.key()).collect()).collect();
        let query = SumQuery { metric: wanted.metric, groups: keys, range, columns };
        let answer = recording.sums(&query)?;
        let with = |((name, members), sum): (&(Name, Vec<&Subject>), Sum)| Summed {
            name: name.clone(),
            members: members.len(),
            sum,
        };
        let summed: Vec<Summed> = some.iter().zip(answer.groups).map(with).collect();
        take(&summed, answer.quantity)?;
    }
    Ok(())
}

fn grid(people: bool) -> Grid {
    let mut columns = vec![("metric", Cell::Text(None)), ("group", Cell::Text(None))];
    if !people {
        columns.extend(["table_name", "unit", "sum_by"].map(|n| (n, Cell::Text(None))));
    }
    columns.extend([("members", Cell::Int(None)), ("time", Cell::Time(None)), ("count", Cell::Int(None))]);
    columns.extend(["min", "max", "first", "last", "mean"].map(|n| (n, Cell::Number(None))));
    columns.extend([
        ("gap", Cell::Text(None)),
        ("members_least", Cell::Int(None)),
        ("members_most", Cell::Int(None)),
    ]);
    Grid::new(&columns)
}

fn table(
    wanted: &Wanted,
    by: By,
    some: &[Summed],
    quantity: Quantity,
    people: bool,
) -> Result<RecordBatch, Trouble> {
    let mut grid = grid(people);
    for s in some {
        let mut head = vec![Cell::text(wanted.name()), group(by, &s.name, people)];
        if !people {
            head.extend([wanted.metric.table.name(), &unit(quantity), by.flag()].map(Cell::text));
        }
        head.push(Cell::Int(Some(s.members as i64)));
        for (at, (bucket, members)) in s.sum.buckets.columns.iter().zip(&s.sum.members).enumerate() {
            let Some(bucket) = bucket else { continue };
            let own = cells(start_of(&s.sum.buckets, at), bucket);
            grid.push(head.iter().cloned().chain(own).chain(present(*members)));
        }
    }
    Ok(grid.finish()?)
}

/// A group's name; programs get null where there is none.
fn group(by: By, name: &Name, people: bool) -> Cell {
    match name {
        None if !people => Cell::Text(None),
        name => Cell::text(spell(by, name.as_deref())),
    }
}

fn present(members: Option<Members>) -> [Cell; 2] {
    [members.map(|m| m.least.into()), members.map(|m| m.most.into())].map(Cell::Int)
}

/// Answers `top --sum-by`.
pub(super) fn top(
    recording: &Recording,
    wanted: &[Wanted],
    by: By,
    range: TimeRange,
    args: &TopArgs,
) -> Result<ExitCode, Trouble> {
    let people = args.output.format == Format::Text;
    let mut ranked = Vec::new();
    for w in wanted {
        let found = recording.subjects_of(w, range, &args.part)?;
        summed(recording, w, by, &found, (range, 1), |some, quantity| {
            for s in some {
                let whole = s.sum.buckets.whole();
                ranked.extend(whole.map(|b| {
                    (TopBy::from(args.by).of(&b), (s.name.clone(), s.members, s.sum.members()), b, quantity)
                }));
            }
            Ok(())
        })?;
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.truncate(args.number as usize);
    let head = [("group", Cell::Text(None)), ("members", Cell::Int(None))];
    let tail = ["members_least", "members_most"].map(|n| (n, Cell::Int(None)));
    let mut grid = Grid::new(&[&head[..], &FIGURES[..], &tail[..]].concat());
    for (_, (name, members, there), b, quantity) in ranked {
        let head = [group(by, &name, people), Cell::Int(Some(members as i64))];
        grid.push(head.into_iter().chain(figures(&b, quantity)).chain(present(there)));
    }
    recording.print(&args.output, &grid.finish()?)
}
