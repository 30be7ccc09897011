//! From batches to buckets: the window query's last step.
//!
//! Owns: finding each row's series and feeding it to its folder; which ticks each run lost. Must not: read files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};

use super::catalogue::{Books, Catalogue};
use super::model::WindowQuery;
use super::rows::LabelColumns;
use crate::metric::Table;
use crate::series::{Buckets, Folder, LostTicks, Sample};
use crate::subject::SubjectKey;

/// Columns `time`, `tick_no`, `run_id` stand before the key columns, the metric after them.
const BEFORE_KEYS: usize = 3;

/// Names of the columns that make up a [`SubjectKey`], in its order.
pub(crate) fn key_columns(table: Table) -> impl Iterator<Item = &'static str> {
    table.key_labels().map(move |i| table.labels()[i].name)
}

/// Ticks that recorders lost, by run.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    books: Arc<Books>,
    ranges: HashMap<u32, Vec<(i64, i64)>>,
}

impl Lost {
    /// From the extents of a table's files and of the open segments.
    pub(crate) fn of(catalogue: &Catalogue, table: Table) -> Lost {
        let mut lost = Lost { books: Arc::clone(&catalogue.books), ranges: HashMap::new() };
        for f in catalogue.files.iter().filter(|f| f.table == Some(table)) {
            for part in &f.parts {
                lost.add(part.run, &part.extent.lost_ticks);
            }
        }
        for s in catalogue.segments.iter().filter(|s| s.serves(table)) {
            let ranges = s.extent().map(|e| e.lost_ticks).unwrap_or_default();
            if let Some(run) = catalogue.books.find_run(s.head.run.run_id.as_str()) {
                lost.add(run, &ranges);
            }
        }
        lost.ranges.values_mut().for_each(|r| r.sort_unstable());
        lost
    }

    fn add(&mut self, run: u32, ranges: &[(i64, i64)]) {
        self.ranges.entry(run).or_default().extend_from_slice(ranges);
    }

    /// The number of a run; runs that the catalogue does not know yet share one.
    fn number(&self, run: &str) -> u32 {
        self.books.find_run(run).unwrap_or(u32::MAX)
    }
}

impl LostTicks for Lost {
    fn all_lost(&self, run: u32, after: i64, before: i64) -> bool {
        let Some(ranges) = self.ranges.get(&run) else { return false };
        let mut next = after + 1;
        for &(a, b) in ranges {
            if a <= next && next <= b {
                next = b + 1;
            }
        }
        next >= before
    }
}

/// Folds batches into the buckets of each subject asked for.
pub(crate) struct WindowFold<'l> {
    table: Table,
    index: HashMap<SubjectKey, usize>,
    folders: Vec<(SubjectKey, Folder<'l>)>,
    lost: &'l Lost,
}

impl<'l> WindowFold<'l> {
    pub(crate) fn new(query: &WindowQuery, lost: &'l Lost) -> Self {
        let folder = || Folder::new(query.metric, query.range, query.columns, lost);
        let folders: Vec<_> = query.subjects.iter().map(|s| (s.clone(), folder())).collect();
        let index = folders.iter().enumerate().map(|(i, (s, _))| (s.clone(), i)).collect();
        WindowFold { table: query.metric.table, index, folders, lost }
    }

    /// Takes a batch of the columns that the engine asks for.
    pub(crate) fn push(&mut self, batch: &RecordBatch) {
        let keys = key_columns(self.table).count();
        let labels = LabelColumns::new(batch, BEFORE_KEYS..BEFORE_KEYS + keys);
        let time = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let tick_no = batch.column(1).as_primitive::<Int64Type>();
        let runs = LabelColumns::new(batch, 2..3);
        let value = numbers(batch.column(BEFORE_KEYS + keys));
        let mut run = 0;
        let mut folder = None;
        for row in 0..batch.num_rows() {
            if !labels.same_as_before(row) {
                let key = SubjectKey { table: self.table, values: labels.row(row) };
                folder = self.index.get(&key).copied();
            }
            if !runs.same_as_before(row) {
                run = runs.row(row)[0].as_text().map_or(u32::MAX, |r| self.lost.number(r));
            }
            let Some(at) = folder else { continue };
            let sample =
                Sample { time: time.value(row), run, tick_no: tick_no.value(row), value: value(row) };
            self.folders[at].1.push(sample);
        }
    }

    pub(crate) fn finish(self) -> Vec<(SubjectKey, Buckets)> {
        self.folders.into_iter().map(|(key, folder)| (key, folder.finish())).collect()
    }
}

/// A column as numbers: truth values are 0 and 1, other types have none.
fn numbers(array: &ArrayRef) -> Box<dyn Fn(usize) -> Option<f64> + '_> {
    if let Some(v) = array.as_primitive_opt::<Int64Type>() {
        Box::new(move |i| v.is_valid(i).then(|| v.value(i) as f64))
    } else if let Some(v) = array.as_primitive_opt::<Float64Type>() {
        Box::new(move |i| v.is_valid(i).then(|| v.value(i)))
    } else if let Some(v) = array.as_boolean_opt() {
        Box::new(move |i| v.is_valid(i).then(|| f64::from(u8::from(v.value(i)))))
    } else {
        Box::new(|_| None)
    }
}
