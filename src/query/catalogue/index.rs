//! The subject index of a footer: JSON → row ranges of numbered subjects.
//!
//! Owns: that an index is believed only if it describes the file exactly, and that labels which the file before had are
//! not read again. Must not: know where the bytes came from.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::Books;
use super::book::Cell;
use super::entry::SubjectRun;
use super::footer::{Footer, RunExtent};
use crate::metric::{LabelRepr, Table};
use crate::time::Micros;

/// Label of an index that is not one of the table's: which run a subject's rows are of.
const RUN_LABEL: &str = "run_id";

/// No time of a row is beyond this: the year 73,000.
pub(super) const MAX_TIME: Micros = 1 << 61;

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

/// Number of each subject, and position of its run.
type Entries = Vec<(u32, u16)>;

/// Reads indexes one after the other.
#[derive(Default)]
pub(super) struct IndexReader {
    /// The labels read last of each table, as JSON, and which subjects they are, in files of one run.
    last: HashMap<Table, (Box<[u8]>, Entries)>,
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
        let parse = || -> Result<Entries, String> {
            let read: Labels<'_> = serde_json::from_slice(labels).map_err(|_| damaged())?;
            subjects(&read, table, n, &footer.runs, books)
        };
        let several;
        // A run's position means the same only where the runs are the same: one.
        let of = if footer.runs.len() > 1 {
            several = parse()?;
            several.as_slice()
        } else {
            if !self.last.get(&table).is_some_and(|(json, of)| **json == *labels && of.len() == n) {
                self.last.insert(table, (labels.into(), parse()?));
            }
            self.last.get(&table).map_or(&[][..], |(_, of)| of)
        };
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
    // Commas are many and quotes few before it.
    let mut quotes = json.iter().enumerate().filter(|(_, b)| **b == b'"').map(|(i, _)| i);
    let at = quotes.find_map(|q| q.checked_sub(1).filter(|i| json[*i..].starts_with(LABELS)))?;
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
) -> Result<Entries, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema::Extent;

    fn run(id: &str) -> RunExtent {
        let extent = Extent {
            first_tick: 0,
            last_tick: 9,
            first_tick_no: 0,
            last_tick_no: 9,
            interval: 1,
            lost_ticks: Vec::new(),
        };
        RunExtent { run_id: id.to_owned(), extent }
    }

    fn footer<'a>(json: &'a str, rows: u64, runs: &[&str]) -> Footer<'a> {
        let runs = runs.iter().map(|r| run(r)).collect();
        Footer { rows, schema: &[], runs, subjects: Some(json.as_bytes()), values: None, sources: Vec::new() }
    }

    const TWO: &str = r#"{"first_row":[0,3],"rows":[3,4],"first_seen":[1,2],"last_seen":[8,9],"labels":{"cgroup_inode":[7,null],"cgroup_path":["/\u0061","/b"],"node_name":"n1"}}"#;

    /// QRY-2: an index gives each subject's rows; a second file with the same labels has the same subjects.
    #[test]
    fn subjects_get_their_rows() {
        let (books, mut reader) = (Books::default(), IndexReader::default());
        let mut read = |json: &str, rows, runs: &[&str]| {
            reader.read(Table::Containers, &footer(json, rows, runs), &books)
        };
        let first = read(TWO, 7, &["r"]).unwrap();
        assert_eq!((first[1].first_row, first[1].rows, first[1].part), (3, 4, 0));
        assert_eq!(first[1].seen(), crate::time::TimeRange::new(2, 10));
        let book = books.of(Table::Containers);
        let path =
            |r: &SubjectRun| book.labels(r.subject)[crate::metric::containers::label::cgroup_path].clone();
        assert_eq!(path(&first[0]).as_text(), Some("/a"), "escapes are understood");
        assert_eq!(read(TWO, 7, &["r"]).unwrap(), first);
        let swapped =
            TWO.replace(r#"["/\u0061","/b"]"#, r#"["/b","/\u0061"]"#).replace("[7,null]", "[null,7]");
        let swapped = read(&swapped, 7, &["r"]).unwrap();
        assert_eq!((swapped[0].subject, swapped[1].subject), (first[1].subject, first[0].subject));
    }

    /// STO-7: in a compacted file of several runs each entry says of which it is.
    #[test]
    fn runs_are_told_apart() {
        let (books, mut reader) = (Books::default(), IndexReader::default());
        let json = TWO.replace("node_name\":\"n1\"", r#"node_name":"n1","run_id":["r2","r1"]"#);
        let mut read = |runs: &[&str]| reader.read(Table::Containers, &footer(&json, 7, runs), &books);
        let both = read(&["r1", "r2"]).unwrap();
        assert_eq!((both[0].part, both[1].part), (1, 0));
        let turned = read(&["r2", "r1"]).unwrap();
        assert_eq!((turned[0].part, turned[1].part), (0, 1), "positions are those of this file");
        assert!(read(&["r1", "r3"]).unwrap_err().contains("names a run"));
        assert!(reader.read(Table::Containers, &footer(TWO, 7, &["r1", "r2"]), &books).is_err());
    }

    /// QRY-5: an index that does not describe its file exactly is refused whole.
    #[test]
    fn an_index_that_lies_is_refused() {
        let (books, mut reader) = (Books::default(), IndexReader::default());
        let mut bad = |from: &str, to: &str, rows| {
            assert!(TWO.contains(from), "{from}");
            let json = TWO.replace(from, to);
            reader.read(Table::Containers, &footer(&json, rows, &["r"]), &books).unwrap_err()
        };
        for (from, to) in [
            ("[0,3]", "[0,4]"),
            ("[3,4]", "[3,5]"),
            ("[3,4]", "[7]"),
            ("[8,9]", "[8,1]"),
            ("[1,2]", "[-9223372036854775808,2]"),
            ("[7,null]", "[7]"),
        ] {
            assert!(bad(from, to, 7).contains("does not describe"), "{from} {to}");
        }
        assert!(bad("[3,4]", "[3,18446744073709551615]", 2).contains("does not describe"));
        for (from, to) in [("[3,4]", "[3,-4]"), ("\"labels\"", "\"lables\""), ("}}", "}"), ("[7,null]", "{}")]
        {
            assert!(bad(from, to, 7).contains("damaged"), "{from} {to}");
        }
        assert!(bad("n1", "n2", 1 << 32).contains("more than fgm reads"));
    }
}
