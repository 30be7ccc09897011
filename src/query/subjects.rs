//! Who has rows: subjects with their labels and times, newest first.
//!
//! Owns: merging what several files say of one subject (the newest knows best; what it does not know, an older one
//! may). Must not: read files.

use std::collections::HashMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::catalogue::Catalogue;
use super::rows::LabelColumns;
use crate::metric::Table;
use crate::store::tick::LabelValue;
use crate::subject::{Subject, SubjectKey};
use crate::time::{Micros, TimeRange};

/// Collects subjects.
pub(crate) struct SubjectFold {
    table: Table,
    found: HashMap<SubjectKey, Subject>,
}

impl SubjectFold {
    pub(crate) fn new(table: Table) -> Self {
        SubjectFold { table, found: HashMap::new() }
    }

    fn add(&mut self, labels: Vec<LabelValue>, first: Micros, last: Micros) {
        let key = SubjectKey::of(self.table, &labels);
        let new = Subject { table: self.table, labels, first, last };
        match self.found.get_mut(&key) {
            None => {
                self.found.insert(key, new);
            }
            Some(old) => {
                let (mut newer, older) =
                    if new.last >= old.last { (new, &*old) } else { (old.clone(), &new) };
                for (mine, theirs) in newer.labels.iter_mut().zip(&older.labels) {
                    if *mine == LabelValue::Null {
                        mine.clone_from(theirs);
                    }
                }
                newer.first = newer.first.min(older.first);
                newer.last = newer.last.max(older.last);
                *old = newer;
            }
        }
    }

    /// Takes a batch of `time` and the table's labels.
    pub(crate) fn push(&mut self, batch: &RecordBatch) {
        let labels = LabelColumns::new(batch, 1..batch.num_columns());
        let time = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let mut start = 0;
        for row in 1..=batch.num_rows() {
            if row == batch.num_rows() || !labels.same_as_before(row) {
                self.add(labels.row(start), time.value(start), time.value(row - 1));
                start = row;
            }
        }
    }

    /// Newest first, then by title; labels that files leave out as the catalogue knows them.
    pub(crate) fn finish(self, catalogue: &Catalogue) -> Vec<Subject> {
        let mut all: Vec<Subject> = self.found.into_values().collect();
        let names = catalogue.names();
        for subject in &mut all {
            names.complete(self.table, &mut subject.labels);
        }
        all.sort_by_cached_key(|s| (std::cmp::Reverse(s.last / crate::time::SECOND), s.title()));
        all
    }
}

/// Subjects of a table whose index names them all; `None` for tables whose subjects lie below the cgroup.
pub(crate) fn from_catalogue(catalogue: &Catalogue, table: Table, range: TimeRange) -> Option<Vec<Subject>> {
    if !matches!(table, Table::Containers | Table::Node | Table::Cpus | Table::Netns) {
        return None;
    }
    let mut fold = SubjectFold::new(table);
    let book = catalogue.books.of(table);
    // By number first: a subject stands in thousands of files, and its labels need be looked at once.
    let mut spans: HashMap<u32, (Micros, Micros)> = HashMap::new();
    for file in catalogue.files.iter().filter(|f| f.table == Some(table) && f.time.overlaps(range)) {
        for run in file.runs.iter().filter(|r| r.seen().overlaps(range)) {
            let span = spans.entry(run.subject).or_insert((run.first_seen, run.last_seen));
            *span = (span.0.min(run.first_seen), span.1.max(run.last_seen));
        }
    }
    for (subject, (first, last)) in spans {
        // Tables whose index has all labels.
        fold.add(book.labels(subject), first, last);
    }
    for segment in catalogue.segments.iter().filter(|s| s.serves(table)) {
        let data = segment.data();
        let Some(rows) = data.table(table) else { continue };
        let mut seen: Vec<Option<(Micros, Micros)>> = vec![None; rows.series.len()];
        for row in rows.rows.iter().filter(|r| range.contains(r.time)) {
            let s = &mut seen[row.series as usize];
            *s = Some(s.map_or((row.time, row.time), |(a, b)| (a.min(row.time), b.max(row.time))));
        }
        for (labels, seen) in rows.series.iter().zip(seen) {
            if let Some((first, last)) = seen {
                fold.add(labels.clone(), first, last);
            }
        }
    }
    Some(fold.finish(catalogue))
}
