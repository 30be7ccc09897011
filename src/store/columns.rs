//! Rows from a segment as Arrow columns, sorted by subject and then time.
//!
//! Owns: the order of rows, nulls, scaling of Fixed cells, dictionaries of labels. Must not: write files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

use super::read::{SegmentData, TableData};
use super::schema::{self, IndexLabel, LEADING, SubjectIndex};
use super::segment::Head;
use super::tick::{LabelValue, NULL};
use crate::metric::{LabelRepr, Repr, Table};

/// One table's rows, ordered; yields one column at a time so that sealing never holds them all.
pub struct Columns<'a> {
    data: &'a TableData,
    run_id: &'a str,
    /// Positions of rows in the order of the file.
    order: Vec<u32>,
}

impl<'a> Columns<'a> {
    /// Orders the rows: by labels (so all processes of a container lie together), then as written, which is by tick.
    pub fn new(data: &'a TableData, head: &'a Head) -> Columns<'a> {
        let mut series: Vec<u32> = (0..data.series.len() as u32).collect();
        series.sort_by(|&a, &b| {
            let key = |s: u32| data.series[s as usize].iter().map(sort_key);
            key(a).cmp(key(b)).then(a.cmp(&b))
        });
        // Counting sort of the rows by the rank of their series.
        let mut start = vec![0u32; data.series.len() + 1];
        for row in &data.rows {
            start[row.series as usize] += 1;
        }
        let mut at = 0;
        for &s in &series {
            let n = std::mem::replace(&mut start[s as usize], at);
            at += n;
        }
        let mut order = vec![0u32; data.rows.len()];
        for (i, row) in data.rows.iter().enumerate() {
            let to = &mut start[row.series as usize];
            order[*to as usize] = i as u32;
            *to += 1;
        }
        Columns { data, run_id: head.run.run_id.as_str(), order }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.order.len()
    }

    /// The column at this position of [`schema::table_schema`].
    pub fn column(&self, at: usize) -> Result<ArrayRef, ArrowError> {
        let rows = || self.order.iter().map(|&i| &self.data.rows[i as usize]);
        let labels = self.data.table.labels().len();
        Ok(match at {
            0 => Arc::new(
                TimestampMicrosecondArray::from_iter_values(rows().map(|r| r.time)).with_timezone("UTC"),
            ),
            1 => Arc::new(
                TimestampMicrosecondArray::from_iter_values(rows().map(|r| r.tick)).with_timezone("UTC"),
            ),
            2 => Arc::new(Int64Array::from_iter_values(rows().map(|r| r.tick_no))),
            3 => constant(self.run_id, self.order.len())?,
            _ if at < LEADING + labels => self.label(at - LEADING)?,
            _ => self.metric(at - LEADING - labels),
        })
    }

    fn label(&self, at: usize) -> Result<ArrayRef, ArrowError> {
        let of = |i: u32| self.data.rows[i as usize].series as usize;
        if self.data.table.labels()[at].repr == LabelRepr::Int {
            let ints = self.order.iter().map(|&i| self.data.series[of(i)][at].as_int());
            return Ok(Arc::new(ints.collect::<Int64Array>()));
        }
        let mut values: Vec<&str> = Vec::new();
        let mut index: HashMap<&str, i32> = HashMap::new();
        let keys: Vec<Option<i32>> = self
            .data
            .series
            .iter()
            .map(|labels| {
                let text = labels[at].as_text()?;
                Some(*index.entry(text).or_insert_with(|| {
                    values.push(text);
                    values.len() as i32 - 1
                }))
            })
            .collect();
        let keys: Int32Array = self.order.iter().map(|&i| keys[of(i)]).collect();
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(values)))?))
    }

    fn metric(&self, at: usize) -> ArrayRef {
        let metrics = self.data.table.metrics();
        let width = metrics.len();
        let cells =
            self.order.iter().map(|&i| Some(self.data.cells[i as usize * width + at]).filter(|&v| v != NULL));
        match metrics[at].repr {
            Repr::Int => Arc::new(cells.collect::<Int64Array>()),
            Repr::Bool => Arc::new(cells.map(|c| c.map(|v| v != 0)).collect::<BooleanArray>()),
            Repr::Time => Arc::new(cells.collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
            Repr::Fixed(decimals) => {
                let scale = 10f64.powi(i32::from(decimals));
                Arc::new(cells.map(|c| c.map(|v| v as f64 / scale)).collect::<Float64Array>())
            }
        }
    }

    /// All columns as one batch.
    pub fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let schema = schema::table_schema(self.data.table);
        let columns = (0..schema.fields().len()).map(|i| self.column(i)).collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(schema, columns)
    }

    /// Where each subject's rows stand. In tables below the cgroup (processes, disks) a subject is the cgroup, whose
    /// labels come first in the table.
    pub fn index(&self) -> SubjectIndex {
        let table = self.data.table;
        let wide = index_width(table);
        let mut index = SubjectIndex::default();
        let mut subjects: Vec<&[LabelValue]> = Vec::new();
        for (at, &i) in self.order.iter().enumerate() {
            let row = &self.data.rows[i as usize];
            let labels = &self.data.series[row.series as usize][..wide];
            if subjects.last() != Some(&labels) {
                subjects.push(labels);
                index.first_row.push(at as u64);
                index.rows.push(0);
                index.first_seen.push(row.time);
                index.last_seen.push(row.time);
            }
            let n = subjects.len() - 1;
            index.rows[n] += 1;
            index.first_seen[n] = index.first_seen[n].min(row.time);
            index.last_seen[n] = index.last_seen[n].max(row.time);
        }
        for (at, label) in table.labels()[..wide].iter().enumerate() {
            if let Some(values) = index_label(&subjects, at, label.repr) {
                index.labels.insert(label.name.to_owned(), values);
            }
        }
        index
    }
}

/// Number of leading labels that describe the subject of the index.
pub(crate) fn index_width(table: Table) -> usize {
    match table {
        // Labels from these on tell apart what lies within a cgroup or a namespace.
        Table::Processes => crate::metric::processes::label::boot_id,
        Table::Disks => crate::metric::disks::label::device,
        Table::Regions => crate::metric::regions::label::boot_id,
        Table::Extras => crate::metric::extras::label::source,
        Table::Interfaces => crate::metric::interfaces::label::interface,
        Table::Containers | Table::Node | Table::Cpus | Table::Netns => table.labels().len(),
        // Labels from `image` on are long, and change while the subject stays the same.
        Table::Identities => crate::metric::identities::label::image,
    }
}

pub(crate) fn index_label(subjects: &[&[LabelValue]], at: usize, repr: LabelRepr) -> Option<IndexLabel> {
    let first = &subjects.first()?[at];
    let same = subjects.iter().all(|s| s[at] == *first);
    match (first, same) {
        (LabelValue::Null, true) => None,
        (LabelValue::Text(s), true) => Some(IndexLabel::SameText(s.clone())),
        (LabelValue::Int(n), true) => Some(IndexLabel::SameInt(*n)),
        _ if repr == LabelRepr::Int => {
            Some(IndexLabel::Ints(subjects.iter().map(|s| s[at].as_int()).collect()))
        }
        _ => Some(IndexLabel::Texts(subjects.iter().map(|s| s[at].as_text().map(str::to_owned)).collect())),
    }
}

/// What labels are sorted by.
pub(crate) fn sort_key(v: &LabelValue) -> (i64, &str) {
    match v {
        LabelValue::Null => (i64::MIN, ""),
        LabelValue::Int(n) => (*n, ""),
        LabelValue::Text(s) => (0, s),
    }
}

/// A dictionary column with one value throughout.
fn constant(value: &str, rows: usize) -> Result<ArrayRef, ArrowError> {
    let keys = Int32Array::from_value(0, rows);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(vec![value])))?))
}

/// The events of a segment as one batch, in the order noticed.
pub fn events_batch(data: &SegmentData, head: &Head) -> Result<RecordBatch, ArrowError> {
    let events = &data.events;
    let stamp = |it: Vec<i64>| Arc::new(TimestampMicrosecondArray::from(it).with_timezone("UTC")) as ArrayRef;
    let text =
        |it: Vec<Option<&str>>| Arc::new(it.into_iter().collect::<DictionaryArray<Int32Type>>()) as ArrayRef;
    let all =
        |value: Option<&str>| vec![value; events.len()].into_iter().collect::<DictionaryArray<Int32Type>>();
    let columns: Vec<ArrayRef> = vec![
        stamp(events.iter().map(|(.., e)| e.time).collect()),
        stamp(events.iter().map(|&(_, tick, _)| tick).collect()),
        Arc::new(Int64Array::from_iter_values(events.iter().map(|(no, ..)| *no))),
        constant(head.run.run_id.as_str(), events.len())?,
        text(events.iter().map(|(.., e)| Some(e.kind.name())).collect()),
        text(events.iter().map(|(.., e)| Some(e.severity.name())).collect()),
        Arc::new(all(Some(&head.run.node_name))),
        Arc::new(all(head.run.cluster_name.as_deref())),
        text(events.iter().map(|(.., e)| e.about.subject_kind.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.cgroup_path.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.container_id.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.container_name.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.namespace.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.pod_name.as_deref()).collect()),
        text(events.iter().map(|(.., e)| e.about.pod_uid.as_deref()).collect()),
        Arc::new(events.iter().map(|(.., e)| e.pid).collect::<Int64Array>()),
        Arc::new(events.iter().map(|(.., e)| e.start_ticks).collect::<Int64Array>()),
        text(events.iter().map(|(.., e)| e.metric.as_deref()).collect()),
        Arc::new(events.iter().map(|(.., e)| e.value_before).collect::<Float64Array>()),
        Arc::new(events.iter().map(|(.., e)| e.value_after).collect::<Float64Array>()),
        text(events.iter().map(|(.., e)| e.unit.as_deref()).collect()),
        Arc::new(events.iter().map(|(.., e)| Some(e.message.as_str())).collect::<StringArray>()),
        Arc::new(events.iter().map(|(.., e)| e.detail.as_deref()).collect::<StringArray>()),
    ];
    RecordBatch::try_new(schema::events_schema(), columns)
}
