//! In which order the rows of all sources stand in the result.
//!
//! Owns: runs of rows that stay together, and their order: the labels of the subject index, then the run of the
//! recorder, then the other labels, then time. Must not: hold cells of metrics.
//!
//! Sources are sorted already, so that a run is a subject's rows in one of them: what is sorted here are thousands of
//! runs, not millions of rows.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Trouble;
use super::cursor::Cell;
use super::pace::Control;
use super::source::{RunPart, Source};
use crate::store::columns::sort_key;
use crate::store::schema::{Extent, RUN_ID, TICK_NO, TIME};
use crate::store::tick::LabelValue;
use crate::time::Micros;

/// Consecutive rows of a source with the same labels and run, whose ticks do not go back.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Into [`Order::labels`].
    pub(super) labels: u32,
    /// Into [`Order::parts`].
    pub(super) part: u32,
    pub(super) source: u32,
    pub(super) row: u64,
    pub(super) rows: usize,
    pub(super) first_seen: Micros,
    pub(super) last_seen: Micros,
    tick_no: i64,
}

/// The rows of the result.
pub(super) struct Order {
    pub(super) runs: Vec<Run>,
    /// Runs of the recorder, by their start.
    pub(super) parts: Vec<RunPart>,
    /// Values of the labels, each combination once, as numbers of [`Order::values`].
    pub(super) labels: Vec<Box<[u32]>>,
    pub(super) values: Vec<LabelValue>,
}

/// Number of the null among the values.
const NULL: u32 = 0;

/// Reads the labels of all sources and puts their runs in order. `names` are the labels, those of the subject index,
/// which are `lead`, first.
pub(super) fn order(
    sources: &[Source],
    names: &[&str],
    lead: usize,
    control: &Control,
) -> Result<Order, Trouble> {
    let parts = union(sources);
    let mut numbers = Numbers { values: HashMap::from([(LabelValue::Null, NULL)]), labels: HashMap::new() };
    let mut runs = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let before = runs.len();
        super::guarded(|| read_runs(source, names, &parts, &mut numbers, &mut runs))
            .map_err(|reason| source.refuse(reason))?;
        runs[before..].iter_mut().for_each(|run: &mut Run| run.source = at as u32);
        control.breathe()?;
    }
    let values = by_number(numbers.values);
    let labels = by_number(numbers.labels);
    let mut ranks = vec![0u32; values.len()];
    let mut sorted: Vec<usize> = (0..values.len()).collect();
    sorted.sort_by(|&a, &b| sort_key(&values[a]).cmp(&sort_key(&values[b])));
    sorted.into_iter().enumerate().for_each(|(rank, number)| ranks[number] = rank as u32);
    let compare = |a: &[u32], b: &[u32]| -> Ordering {
        let rank = |n: &u32| ranks[*n as usize];
        a.iter().map(rank).cmp(b.iter().map(rank))
    };
    runs.sort_by(|a, b| {
        let ((a_lead, a_rest), (b_lead, b_rest)) =
            (labels[a.labels as usize].split_at(lead), labels[b.labels as usize].split_at(lead));
        compare(a_lead, b_lead)
            .then(a.part.cmp(&b.part))
            .then_with(|| compare(a_rest, b_rest))
            .then((a.tick_no, a.source, a.row).cmp(&(b.tick_no, b.source, b.row)))
    });
    Ok(Order { runs, parts, labels, values })
}

/// Numbers given to values and to combinations of them.
struct Numbers {
    values: HashMap<LabelValue, u32>,
    labels: HashMap<Box<[u32]>, u32>,
}

fn by_number<T>(numbers: HashMap<T, u32>) -> Vec<T> {
    let mut all: Vec<(T, u32)> = numbers.into_iter().collect();
    all.sort_by_key(|(_, number)| *number);
    all.into_iter().map(|(value, _)| value).collect()
}

/// Where the value of a column changes: first row and number of the value.
type Changes = Vec<(usize, u32)>;

fn read_runs(
    source: &Source,
    names: &[&str],
    parts: &[RunPart],
    numbers: &mut Numbers,
    runs: &mut Vec<Run>,
) -> Result<(), String> {
    let column = |name: &str| source.column(name).ok_or_else(|| format!("it has no column {name}"));
    let (time, tick_no, run_id) = (column(TIME)?, column(TICK_NO)?, column(RUN_ID)?);
    let mut base = 0;
    for (group, rows) in source.groups.iter().map(|g| g.rows).enumerate().filter(|g| g.1 > 0) {
        let mut changes: Vec<Changes> = Vec::with_capacity(names.len() + 2);
        for name in names {
            changes.push(match source.column(name) {
                Some(at) => read_changes(source, group, at, |cell| number(cell, &mut numbers.values))?,
                None => vec![(0, NULL)],
            });
        }
        changes.push(read_changes(source, group, run_id, |cell| {
            let part = parts.iter().position(|p| cell == Some(Cell::Text(p.run_id.as_bytes())));
            part.map(|p| p as u32).ok_or("its rows name a run that its footer does not name")
        })?);
        changes.push(read_steps_back(source, group, tick_no)?);
        let mut starts: Vec<usize> = changes.iter().flatten().map(|c| c.0).collect();
        starts.sort_unstable();
        starts.dedup();
        let begin = runs.len();
        let mut at = vec![0; changes.len()];
        for (i, &start) in starts.iter().enumerate() {
            for (at, changes) in at.iter_mut().zip(&changes) {
                while changes.get(*at + 1).is_some_and(|c| c.0 <= start) {
                    *at += 1;
                }
            }
            let current = |i: usize| changes[i][at[i]].1;
            let labels: Box<[u32]> = (0..names.len()).map(current).collect();
            let next = numbers.labels.len() as u32;
            let labels = *numbers.labels.entry(labels).or_insert(next);
            let end = starts.get(i + 1).copied().unwrap_or(rows);
            runs.push(Run {
                labels,
                part: current(names.len()),
                source: 0,
                row: base + start as u64,
                rows: end - start,
                first_seen: Micros::MAX,
                last_seen: Micros::MIN,
                tick_no: 0,
            });
        }
        read_times(source, (group, tick_no, time), base, &mut runs[begin..])?;
        base += rows as u64;
    }
    Ok(())
}

/// Where a column's value changes.
fn read_changes<E: ToString>(
    source: &Source,
    group: usize,
    column: usize,
    mut number: impl FnMut(Option<Cell<'_>>) -> Result<u32, E>,
) -> Result<Changes, String> {
    let mut changes = Changes::new();
    let (mut row, mut failed) = (0, None);
    let mut previous: Option<Held> = None;
    source.cursor(group, column)?.read_all(|cell| {
        if !previous.as_ref().is_some_and(|p| p.is(cell)) {
            previous = Some(Held::from(cell));
            match number(cell) {
                Ok(number) => changes.push((row, number)),
                Err(e) => failed = Some(e.to_string()),
            }
        }
        row += 1;
    })?;
    failed.map_or(Ok(changes), Err)
}

/// A cell that is kept.
enum Held {
    Null,
    Bits(i64),
    Text(Vec<u8>),
}

impl Held {
    fn is(&self, cell: Option<Cell<'_>>) -> bool {
        match (self, cell) {
            (Held::Null, None) => true,
            (Held::Bits(held), Some(Cell::Bits(bits))) => *held == bits,
            (Held::Text(held), Some(Cell::Text(text))) => held == text,
            _ => false,
        }
    }
}

impl From<Option<Cell<'_>>> for Held {
    fn from(cell: Option<Cell<'_>>) -> Held {
        match cell {
            None => Held::Null,
            Some(Cell::Bits(bits)) => Held::Bits(bits),
            Some(Cell::Text(text)) => Held::Text(text.to_vec()),
        }
    }
}

fn number(cell: Option<Cell<'_>>, values: &mut HashMap<LabelValue, u32>) -> Result<u32, &'static str> {
    let value = match cell {
        None => return Ok(NULL),
        Some(Cell::Bits(bits)) => LabelValue::Int(bits),
        Some(Cell::Text(text)) => {
            LabelValue::Text(std::str::from_utf8(text).map_err(|_| "a label in it is not UTF-8")?.to_owned())
        }
    };
    let next = values.len() as u32;
    Ok(*values.entry(value).or_insert(next))
}

/// Where the number of the tick goes back: a series has ended and another one with the same labels begins.
fn read_steps_back(source: &Source, group: usize, column: usize) -> Result<Changes, String> {
    let mut changes = vec![(0, 0)];
    let (mut row, mut previous) = (0, i64::MIN);
    let mut nulls = false;
    source.cursor(group, column)?.read_all(|cell| {
        match cell {
            Some(Cell::Bits(tick)) => {
                if tick < previous {
                    changes.push((row, 0));
                }
                previous = tick;
            }
            _ => nulls = true,
        }
        row += 1;
    })?;
    if nulls { Err("it has rows without a tick".to_owned()) } else { Ok(changes) }
}

/// First tick and time of the rows of each run.
fn read_times(
    source: &Source,
    (group, tick_no, time): (usize, usize, usize),
    base: u64,
    runs: &mut [Run],
) -> Result<(), String> {
    let mut each = |column, set: &mut dyn FnMut(&mut Run, bool, i64)| {
        let (mut row, mut at) = (base, 0);
        source.cursor(group, column)?.read_all(|cell| {
            while runs.get(at).is_some_and(|r| row >= r.row + r.rows as u64) {
                at += 1;
            }
            if let (Some(run), Some(Cell::Bits(value))) = (runs.get_mut(at), cell) {
                let first = row == run.row;
                set(run, first, value);
            }
            row += 1;
        })
    };
    each(tick_no, &mut |run, first, tick| {
        if first {
            run.tick_no = tick;
        }
    })?;
    each(time, &mut |run, _, time| {
        run.first_seen = run.first_seen.min(time);
        run.last_seen = run.last_seen.max(time);
    })
}

/// All runs of the recorder in the sources, by their start.
fn union(sources: &[Source]) -> Vec<RunPart> {
    let mut parts: Vec<RunPart> = Vec::new();
    for part in sources.iter().flat_map(|s| &s.parts) {
        match parts.iter_mut().find(|p| p.run_id == part.run_id) {
            Some(known) => join(&mut known.extent, &part.extent),
            None => parts.push(part.clone()),
        }
    }
    parts.sort_by(|a, b| (a.extent.first_tick, &a.run_id).cmp(&(b.extent.first_tick, &b.run_id)));
    parts
}

/// The ticks of both; lost is what either says is lost.
pub(super) fn join(into: &mut Extent, other: &Extent) {
    if other.last_tick_no >= into.last_tick_no {
        into.interval = other.interval;
    }
    into.first_tick = into.first_tick.min(other.first_tick);
    into.last_tick = into.last_tick.max(other.last_tick);
    into.first_tick_no = into.first_tick_no.min(other.first_tick_no);
    into.last_tick_no = into.last_tick_no.max(other.last_tick_no);
    into.lost_ticks.extend(&other.lost_ticks);
    into.lost_ticks.sort_unstable();
    into.lost_ticks.dedup();
}
