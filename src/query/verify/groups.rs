//! The rows of one file: their order, their uniqueness, their ticks, and the index that describes them.
//!
//! Owns: what is true of neighbouring rows. Must not: hold rows; it holds what is known of each subject.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::super::rows::LabelColumns;
use super::{Findings, RunPart};
use crate::metric::Table;
use crate::store::columns::{index_width, sort_key};
use crate::store::schema::{IndexLabel, RUN_ID, SubjectIndex, TICK_NO, TIME};
use crate::store::tick::LabelValue;
use crate::time::Micros;

/// Rows of one subject and run that stand together.
struct Group {
    labels: Vec<LabelValue>,
    run: String,
    first_tick: i64,
    last_tick: i64,
}

/// Rows that one entry of an index describes.
#[derive(Debug, PartialEq)]
struct Entry {
    labels: Vec<LabelValue>,
    run: String,
    first_row: u64,
    rows: u64,
    first_seen: Micros,
    last_seen: Micros,
}

/// First and last tick of each stretch of rows, by subject and run.
type Spans = HashMap<(Vec<LabelValue>, String), Vec<(i64, i64)>>;

/// Takes the rows of a file batch by batch.
pub(super) struct Groups<'a> {
    table: Option<Table>,
    parts: &'a [RunPart],
    group: Option<Group>,
    entries: Vec<Entry>,
    /// Ticks of each subject and run, as often as its rows stand apart.
    spans: Spans,
    ticks: BTreeMap<String, (i64, i64)>,
    row: u64,
    /// Said once, as the rest follows from it.
    complained: bool,
}

impl<'a> Groups<'a> {
    pub(super) fn new(table: Option<Table>, parts: &'a [RunPart]) -> Groups<'a> {
        Groups {
            table,
            parts,
            group: None,
            entries: Vec::new(),
            spans: HashMap::new(),
            ticks: BTreeMap::new(),
            row: 0,
            complained: false,
        }
    }

    pub(super) fn push(&mut self, batch: &RecordBatch, f: &mut Findings<'_>) {
        let at = |name: &str| batch.schema().index_of(name).ok();
        let (Some(time), Some(tick), Some(run)) = (at(TIME), at(TICK_NO), at(RUN_ID)) else {
            if !std::mem::replace(&mut self.complained, true) {
                f.problem("it lacks one of the columns time, tick_no and run_id");
            }
            return;
        };
        let columns = batch.columns();
        let (Some(times), Some(ticks)) = (
            columns[time].as_primitive_opt::<TimestampMicrosecondType>(),
            columns[tick].as_primitive_opt::<Int64Type>(),
        ) else {
            return;
        };
        let names = self.table.map_or(&[][..], Table::labels);
        let positions: Vec<Option<usize>> = names.iter().map(|l| at(l.name)).collect();
        let labels = LabelColumns::new(batch, positions.iter().flatten().copied());
        let runs = LabelColumns::new(batch, std::iter::once(run));
        for row in 0..batch.num_rows() {
            let (tick, time) = (ticks.value(row), times.value(row));
            if self.group.is_none() || !labels.same_as_before(row) || !runs.same_as_before(row) {
                // A label that the file has no column for is null.
                let mut there = labels.row(row).into_iter();
                let full = positions
                    .iter()
                    .map(|p| p.and_then(|_| there.next()).unwrap_or(LabelValue::Null))
                    .collect();
                let run = runs.row(row)[0].as_text().unwrap_or_default().to_owned();
                self.turn(full, run, tick, f);
            } else {
                self.step(tick, f);
            }
            if let Some(e) = self.entries.last_mut() {
                e.rows += 1;
                e.first_seen = e.first_seen.min(time);
                e.last_seen = e.last_seen.max(time);
            }
            self.row += 1;
        }
    }

    /// The next row is of the same subject and run.
    fn step(&mut self, tick: i64, f: &mut Findings<'_>) {
        let Some(group) = &mut self.group else { return };
        // Events may be several on a tick, and none of them has a key.
        let ordered = if self.table.is_some() { tick > group.last_tick } else { tick >= group.last_tick };
        if !ordered {
            f.problem(format!("row {}: tick {tick} follows tick {}", self.row, group.last_tick));
        }
        group.last_tick = tick;
    }

    /// The next row may be of another subject or run; a new batch only looks like that.
    fn turn(&mut self, labels: Vec<LabelValue>, run: String, tick: i64, f: &mut Findings<'_>) {
        if let Some(group) = &self.group
            && group.run == run
            && group.labels == labels
        {
            return self.step(tick, f);
        }
        let wide = self.table.map_or(0, index_width);
        if let Some(before) = &self.group {
            let key = |l: &[LabelValue]| {
                l.iter().map(|v| (sort_key(v).0, sort_key(v).1.to_owned())).collect::<Vec<_>>()
            };
            // In a compacted file a subject's runs follow one another, each with what lies below the subject.
            let same = if before.run == run { labels.len() } else { wide };
            if key(&before.labels[..same]) > key(&labels[..same]) {
                f.problem(format!("row {}: its subject belongs before that of the row before", self.row));
            }
        }
        self.close(f);
        let starts = self.entries.last().is_none_or(|e| e.labels != labels[..wide] || e.run != run);
        if starts {
            self.entries.push(Entry {
                labels: labels[..wide].to_vec(),
                run: run.clone(),
                first_row: self.row,
                rows: 0,
                first_seen: Micros::MAX,
                last_seen: Micros::MIN,
            });
        }
        self.group = Some(Group { labels, run, first_tick: tick, last_tick: tick });
    }

    /// Notes the ticks of the group that ends.
    fn close(&mut self, f: &mut Findings<'_>) {
        let Some(group) = self.group.take() else { return };
        let (first, last) = (group.first_tick, group.last_tick);
        match self.parts.iter().find(|p| p.run_id == group.run) {
            None => f.problem(format!("row {}: its footer does not name the run {}", self.row, group.run)),
            Some(part) => {
                let e = &part.extent;
                if first < e.first_tick_no || last > e.last_tick_no {
                    f.problem(format!(
                        "ticks {first} to {last} of run {} lie outside its footer's {} to {}",
                        group.run, e.first_tick_no, e.last_tick_no
                    ));
                }
            }
        }
        let ticks = self.ticks.entry(group.run.clone()).or_insert((first, last));
        *ticks = (ticks.0.min(first), ticks.1.max(last));
        let Some(table) = self.table else { return };
        let key = table.key_labels().map(|i| group.labels[i].clone()).collect();
        let spans = self.spans.entry((key, group.run)).or_default();
        if spans.iter().any(|&(a, b)| first <= b && a <= last) {
            f.problem(format!(
                "ticks {first} to {last} of the subject before row {} stand there twice",
                self.row
            ));
        }
        spans.push((first, last));
    }

    /// Compares with the index; returns the ticks of each run.
    pub(super) fn finish(
        mut self,
        index: Option<&SubjectIndex>,
        f: &mut Findings<'_>,
    ) -> BTreeMap<String, (i64, i64)> {
        self.close(f);
        if let (Some(table), false) = (self.table, self.complained) {
            match index {
                Some(index) => compare(&self.entries, index, table, f),
                None => f.problem("its footer has no fgm.subjects"),
            }
        }
        self.ticks
    }
}

fn compare(entries: &[Entry], index: &SubjectIndex, table: Table, f: &mut Findings<'_>) {
    let n = index.rows.len();
    let lists = [index.first_row.len(), index.first_seen.len(), index.last_seen.len()];
    let texts = index.labels.values().all(|l| match l {
        IndexLabel::Ints(v) => v.len() == n,
        IndexLabel::Texts(v) => v.len() == n,
        IndexLabel::SameInt(_) | IndexLabel::SameText(_) => true,
    });
    if lists.iter().any(|l| *l != n) || !texts {
        return f.problem("the lists of its footer's fgm.subjects differ in length");
    }
    let with_runs = index.labels.contains_key(RUN_ID);
    let label = |name: &str, i: usize| match index.labels.get(name) {
        Some(IndexLabel::SameInt(n)) => LabelValue::Int(*n),
        Some(IndexLabel::SameText(s)) => LabelValue::text(s.as_str()),
        Some(IndexLabel::Ints(v)) => v[i].map_or(LabelValue::Null, LabelValue::Int),
        Some(IndexLabel::Texts(v)) => LabelValue::maybe(v[i].clone()),
        None => LabelValue::Null,
    };
    let names = &table.labels()[..index_width(table)];
    for (i, entry) in entries.iter().enumerate().take(n) {
        let said = Entry {
            labels: names.iter().map(|l| label(l.name, i)).collect(),
            run: match (with_runs, label(RUN_ID, i)) {
                (true, LabelValue::Text(run)) => run,
                _ => entry.run.clone(),
            },
            first_row: index.first_row[i],
            rows: index.rows[i],
            first_seen: index.first_seen[i],
            last_seen: index.last_seen[i],
        };
        if said != *entry {
            let part =
                if said.labels != entry.labels || said.run != entry.run { "labels" } else { "rows or times" };
            return f
                .problem(format!("entry {i} of its footer's fgm.subjects has other {part} than the rows"));
        }
    }
    if entries.len() != n {
        f.problem(format!("its footer's fgm.subjects has {n} entries, the rows have {}", entries.len()));
    }
}
