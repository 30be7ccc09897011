//! Subjects as numbers: what thousands of footers repeat is kept once.
//!
//! Owns: the numbers, which are never reused or changed, so that catalogues of one scanner share a book. Must not: know
//! which file has which subject.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde::Deserialize;

use crate::metric::Table;
use crate::store::codec::{Cursor, Malformed, put_bytes, put_i64, put_u64};
use crate::store::columns::index_width;
use crate::store::segment::{TAG_INT, TAG_NULL, TAG_TEXT};
use crate::store::tick::LabelValue;
use crate::subject::SubjectKey;

/// Number of null in [`Pages::values`].
const NULL: u32 = 0;

/// A label's value on its way into a book.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Cell<'_> {
    pub(super) fn borrowed(&self) -> Cell<'_> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Int(n) => Cell::Int(*n),
            Cell::Text(t) => Cell::Text(Cow::Borrowed(t)),
        }
    }
}

/// The subjects of one table's indexes. In tables below the cgroup a subject is the cgroup, as in the index.
///
/// A subject is a set of labels: a container whose name was learnt late is two subjects here and one [`SubjectKey`].
#[derive(Debug)]
pub(crate) struct SubjectBook {
    table: Table,
    pages: RwLock<Pages>,
}

#[derive(Debug)]
struct Pages {
    /// Every value of every label, once; null first.
    values: Vec<LabelValue>,
    texts: HashMap<Box<str>, u32>,
    ints: HashMap<i64, u32>,
    /// Numbers of values, one row per subject, as wide as the table's index.
    cells: Vec<u32>,
    subjects: HashMap<Box<[u32]>, u32>,
    /// By the values of those key labels that the index has.
    by_key: HashMap<Box<[u32]>, Vec<u32>>,
}

impl SubjectBook {
    pub(super) fn new(table: Table) -> SubjectBook {
        let pages = Pages {
            values: vec![LabelValue::Null],
            texts: HashMap::new(),
            ints: HashMap::new(),
            cells: Vec::new(),
            subjects: HashMap::new(),
            by_key: HashMap::new(),
        };
        SubjectBook { table, pages: RwLock::new(pages) }
    }

    fn pages(&self) -> RwLockReadGuard<'_, Pages> {
        self.pages.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of labels of a subject: the first ones of the table.
    pub(crate) fn width(&self) -> usize {
        index_width(self.table)
    }

    /// The labels of a subject, one per label of the index; empty for a number that was never given.
    pub(crate) fn labels(&self, subject: u32) -> Vec<LabelValue> {
        let pages = self.pages();
        let start = subject as usize * self.width();
        let cells = pages.cells.get(start..start + self.width()).unwrap_or_default();
        cells.iter().map(|&v| pages.values[v as usize].clone()).collect()
    }

    /// The numbers of `n` subjects, of which `value` tells each label of the index by position.
    pub(super) fn numbers<'v>(&self, n: usize, value: impl Fn(usize, usize) -> Cell<'v>) -> Vec<u32> {
        let width = self.width();
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        let mut row = vec![NULL; width];
        let mut number = |subject| {
            for (label, cell) in row.iter_mut().enumerate() {
                *cell = pages.value(&value(subject, label));
            }
            if let Some(&known) = pages.subjects.get(row.as_slice()) {
                return known;
            }
            let new = pages.subjects.len() as u32;
            let key = self.key_cells().map(|i| row[i]).collect();
            pages.by_key.entry(key).or_default().push(new);
            pages.cells.extend_from_slice(&row);
            pages.subjects.insert(row.clone().into(), new);
            new
        };
        (0..n).map(&mut number).collect()
    }

    /// For the cache: every value once, then the numbers of each subject's.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let pages = self.pages();
        put_u64(out, pages.values.len() as u64);
        for value in &pages.values {
            match value {
                LabelValue::Null => out.push(TAG_NULL),
                LabelValue::Int(n) => {
                    out.push(TAG_INT);
                    put_i64(out, *n);
                }
                LabelValue::Text(t) => {
                    out.push(TAG_TEXT);
                    put_bytes(out, t.as_bytes());
                }
            }
        }
        put_u64(out, pages.cells.len() as u64);
        pages.cells.iter().for_each(|c| put_u64(out, u64::from(*c)));
    }

    /// Takes in what another book had written, and returns the numbers that its subjects have here.
    pub(super) fn decode(&self, at: &mut Cursor<'_>) -> Result<Vec<u32>, Malformed> {
        let mut values = Vec::new();
        for _ in 0..at.count()? {
            values.push(match at.u8()? {
                TAG_NULL => Cell::Null,
                TAG_INT => Cell::Int(at.i64()?),
                TAG_TEXT => Cell::Text(str::from_utf8(at.bytes()?).map_err(|_| Malformed)?.into()),
                _ => return Err(Malformed),
            });
        }
        let cells = (0..at.count()?)
            .map(|_| values.get(at.u32()? as usize).ok_or(Malformed))
            .collect::<Result<Vec<&Cell<'_>>, _>>()?;
        let width = self.width();
        if cells.len() % width != 0 {
            return Err(Malformed);
        }
        Ok(self.numbers(cells.len() / width, |subject, label| cells[subject * width + label].borrowed()))
    }

    /// Positions of the key labels that the index has, in the order of a [`SubjectKey`]: the first of them, always.
    fn key_cells(&self) -> impl Iterator<Item = usize> {
        let width = self.width();
        self.table.key_labels().filter(move |&i| i < width)
    }

    /// The subjects in whose rows those of this key can be found: all with these labels where the index has the whole
    /// key, else all of the cgroups (or nodes) that agree with what the index has of it.
    pub(crate) fn of_key(&self, key: &SubjectKey) -> Vec<u32> {
        let pages = self.pages();
        let positions = self.table.key_labels().zip(&key.values).filter(|(i, _)| *i < self.width());
        let cells: Option<Box<[u32]>> = positions.map(|(_, v)| pages.number_of(v)).collect();
        cells.and_then(|c| pages.by_key.get(&c).cloned()).unwrap_or_default()
    }

    /// For each subject, by its number, whether its labels are among the allowed ones. Null is allowed, since another
    /// version may have kept a label out of the index; `None` when all subjects are.
    pub(crate) fn allowed(&self, labels: &HashMap<String, HashSet<LabelValue>>) -> Option<Vec<bool>> {
        let pages = self.pages();
        let mut demands = Vec::new();
        for (i, label) in self.table.labels()[..self.width()].iter().enumerate() {
            if let Some(values) = labels.get(label.name) {
                let numbers = values.iter().filter_map(|v| pages.number_of(v));
                demands.push((i, numbers.chain([NULL]).collect::<HashSet<u32>>()));
            }
        }
        if demands.is_empty() {
            return None;
        }
        let rows = pages.cells.chunks(self.width().max(1));
        Some(rows.map(|row| demands.iter().all(|(i, numbers)| numbers.contains(&row[*i]))).collect())
    }
}

impl Pages {
    fn value(&mut self, value: &Cell<'_>) -> u32 {
        let new = self.values.len() as u32;
        match value {
            Cell::Null => return NULL,
            Cell::Int(n) => match self.ints.entry(*n) {
                Entry::Occupied(known) => return *known.get(),
                Entry::Vacant(none) => {
                    none.insert(new);
                    self.values.push(LabelValue::Int(*n));
                }
            },
            Cell::Text(text) => match self.texts.get(&**text) {
                Some(&known) => return known,
                None => {
                    self.texts.insert((&**text).into(), new);
                    self.values.push(LabelValue::Text((**text).to_owned()));
                }
            },
        }
        new
    }

    fn number_of(&self, value: &LabelValue) -> Option<u32> {
        match value {
            LabelValue::Null => Some(NULL),
            LabelValue::Int(n) => self.ints.get(n).copied(),
            LabelValue::Text(t) => self.texts.get(t.as_str()).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Books;
    use super::*;
    use crate::metric::containers::label;

    fn container(path: &str, inode: i64, name: Option<&str>) -> Vec<LabelValue> {
        let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
        labels[label::node_name] = LabelValue::text("n1");
        labels[label::cgroup_path] = LabelValue::text(path);
        labels[label::cgroup_inode] = LabelValue::Int(inode);
        labels[label::container_name] = LabelValue::maybe(name);
        labels
    }

    fn cell(value: &LabelValue) -> Cell<'_> {
        match value {
            LabelValue::Null => Cell::Null,
            LabelValue::Int(n) => Cell::Int(*n),
            LabelValue::Text(t) => Cell::Text(t.into()),
        }
    }

    /// QRY-1: a subject is one number however many files name it; one whose name came late is found by its key whole.
    #[test]
    fn subjects_are_kept_once_and_found_by_key() {
        let books = Books::default();
        let book = books.of(Table::Containers);
        let number = |labels: &[LabelValue]| book.numbers(1, |_, label| cell(&labels[label]))[0];
        let a = number(&container("/a", 1, None));
        let late = number(&container("/a", 1, Some("app")));
        let b = number(&container("/b", 1, None));
        assert_eq!(number(&container("/a", 1, None)), a);
        assert_eq!((a, late, b), (0, 1, 2));
        assert_eq!(book.labels(late), container("/a", 1, Some("app")));
        assert!(book.labels(3).is_empty());
        let key = |l: &[LabelValue]| SubjectKey::of(Table::Containers, l);
        assert_eq!(book.of_key(&key(&container("/a", 1, None))), [a, late]);
        assert!(book.of_key(&key(&container("/a", 2, None))).is_empty());
        let allowed = |name: &str, v: &str| {
            book.allowed(&HashMap::from([(name.to_owned(), HashSet::from([LabelValue::text(v)]))]))
        };
        assert_eq!(allowed("cgroup_path", "/a"), Some(vec![true, true, false]));
        assert_eq!(allowed("cgroup_path", "/none"), Some(vec![false; 3]));
        assert_eq!(allowed("container_name", "other"), Some(vec![true, false, true]));
        assert_eq!(allowed("memory_current_bytes", "1"), None);
    }

    /// QRY-1: below the cgroup, the key leads to the cgroups or nodes that can hold it.
    #[test]
    fn keys_wider_than_the_index_lead_to_what_may_hold_them() {
        let books = Books::default();
        let book = books.of(Table::Processes);
        let mut labels = vec![LabelValue::Null; book.width()];
        labels[Table::Processes.label_index("node_name").unwrap()] = LabelValue::text("n1");
        let n1 = book.numbers(1, |_, label| cell(&labels[label]))[0];
        let values =
            vec![LabelValue::text("n1"), LabelValue::text("boot"), LabelValue::Int(7), LabelValue::Int(70)];
        assert_eq!(book.of_key(&SubjectKey { table: Table::Processes, values }), [n1]);
        assert_eq!((books.run("r1"), books.run("r2"), books.run("r1")), (0, 1, 0));
        assert_eq!((books.find_run("r2"), books.find_run("r3")), (Some(1), None));
    }
}
