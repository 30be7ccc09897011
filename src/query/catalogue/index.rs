//! The subject index of a footer: JSON → row ranges of numbered subjects.
//!
//! Owns: that an index is believed only if it describes the file exactly, and that labels which the file before had are
//! not read again. Must not: know where the bytes came from.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::book::{Books, Cell};
use super::entry::SubjectRun;
use super::footer::{Footer, RunExtent};
use crate::metric::{LabelRepr, Table};
use crate::time::Micros;

/// Label of an index that is not one of the table's: which run a subject's rows are of.
const RUN_LABEL: &str = "run_id";

/// No time of a row is beyond this: the year 73,000.
const MAX_TIME: Micros = 1 << 61;

/// As [`crate::store::schema::SubjectIndex`], without its labels.
#[derive(Deserialize)]
struct Numbers {
    first_row: Vec<u64>,
    rows: Vec<u64>,
    first_seen: Vec<Micros>,
    last_seen: Vec<Micros>,
}

/// The rest of it, by name.
type Labels<'a> = HashMap<Cow<'a, str>, Values<'a>>;

/// One label of all subjects.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values<'a> {
    Same(#[serde(borrow)] Cell<'a>),
    Each(#[serde(borrow)] Vec<Cell<'a>>),
}

/// Reads indexes one after the other.
#[derive(Default)]
pub(super) struct IndexReader {
    /// The labels read last of each table, as JSON, and which subjects and runs (by position) they are.
    last: HashMap<Table, (Box<[u8]>, Vec<(u32, u16)>)>,
}

impl IndexReader {
    /// The row ranges that a footer's index gives; the error is one line.
    pub(super) fn read(
        &mut self,
        table: Table,
        footer: &Footer<'_>,
        books: &Books,
    ) -> Result<Vec<SubjectRun>, String> {
        let Some(json) = footer.subjects else { return Ok(Vec::new()) };
        let damaged = || "its footer's fgm.subjects is damaged".to_owned();
        if footer.rows > u64::from(u32::MAX) {
            return Err(format!("{} rows in one file are more than fgm reads", footer.rows));
        }
        let (numbers, labels) = split(json).ok_or_else(damaged)?;
        let numbers: Numbers = serde_json::from_slice(&numbers).map_err(|_| damaged())?;
        let n = numbers.check(footer.rows)?;
        // A run's position means the same only where the runs are the same: one.
        let lasting = footer.runs.len() == 1;
        if !self.last.get(&table).is_some_and(|(json, of)| lasting && **json == *labels && of.len() == n) {
            let read: Labels<'_> = serde_json::from_slice(labels).map_err(|_| damaged())?;
            let of = subjects(&read, table, n, &footer.runs, books)?;
            self.last.insert(table, (labels.into(), of));
        }
        let of = self.last.get(&table).map_or(&[][..], |(_, of)| of);
        let run = |(i, &(subject, part)): (usize, &(u32, u16))| SubjectRun {
            subject,
            first_row: numbers.first_row[i] as u32,
            rows: numbers.rows[i] as u32,
            part,
            first_seen: numbers.first_seen[i],
            last_seen: numbers.last_seen[i],
        };
        Ok(of.iter().enumerate().map(run).collect())
    }
}

/// An index as two objects: without its labels, which stand last, and they alone.
fn split(json: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    // In a text the quotes would be escaped.
    const LABELS: &[u8] = br#","labels":"#;
    let at = json.windows(LABELS.len()).position(|w| w == LABELS)?;
    let labels = json.get(at + LABELS.len()..)?.strip_suffix(b"}")?;
    Some(([&json[..at], b"}"].concat(), labels))
}

impl Numbers {
    /// Checks that the ranges are all rows of the file, in order, and returns how many they are.
    fn check(&self, rows: u64) -> Result<usize, String> {
        let n = self.rows.len();
        let mut next = 0u64;
        let contiguous = self.first_row.iter().zip(&self.rows).all(|(&first, &len)| {
            let here = first == next;
            next = next.saturating_add(len);
            here
        });
        let mut times = self.first_seen.iter().zip(&self.last_seen);
        let sound = times.all(|(a, b)| a <= b && *a >= -MAX_TIME && *b <= MAX_TIME);
        let lists = [self.first_row.len(), self.first_seen.len(), self.last_seen.len()];
        let whole = lists.iter().all(|&l| l == n) && contiguous && sound && (n == 0 || next == rows);
        if whole { Ok(n) } else { Err(misfit()) }
    }
}

fn misfit() -> String {
    "its footer's fgm.subjects does not describe its rows".to_owned()
}

/// Number and position of the run of each of `n` subjects.
fn subjects(
    of: &Labels<'_>,
    table: Table,
    n: usize,
    runs: &[RunExtent],
    books: &Books,
) -> Result<Vec<(u32, u16)>, String> {
    if of.values().any(|v| matches!(v, Values::Each(each) if each.len() != n)) {
        return Err(misfit());
    }
    let book = books.of(table);
    let labels = &table.labels()[..book.width()];
    let columns: Vec<_> = labels.iter().map(|l| (l.repr, of.get(l.name))).collect();
    let numbers = book.numbers(n, |subject, label| {
        let (repr, values) = columns[label];
        match (values.map_or(Cell::Null, |v| v.of(subject)), repr) {
            (Cell::Text(t), LabelRepr::Text) if !t.is_empty() => Cell::Text(t),
            (Cell::Int(i), LabelRepr::Int) => Cell::Int(i),
            _ => Cell::Null,
        }
    });
    let run_ids = of.get(RUN_LABEL);
    let parts = (0..n).map(|s| match run_ids.map(|v| v.of(s)) {
        None if runs.len() == 1 => Some(0),
        Some(Cell::Text(id)) => runs.iter().position(|r| r.run_id == id),
        _ => None,
    });
    let part = |p: Option<usize>| p.and_then(|p| u16::try_from(p).ok());
    let parts: Option<Vec<u16>> = parts.map(part).collect();
    let parts = parts.ok_or("its footer's fgm.subjects names a run that fgm.runs does not")?;
    Ok(numbers.into_iter().zip(parts).collect())
}

impl Values<'_> {
    fn of(&self, subject: usize) -> Cell<'_> {
        match self {
            Values::Same(cell) => cell.borrowed(),
            Values::Each(cells) => cells.get(subject).map_or(Cell::Null, Cell::borrowed),
        }
    }
}
