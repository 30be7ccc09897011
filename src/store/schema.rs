//! Arrow schemas of the tables, derived from the dictionary (STO-1, STO-8).
//!
//! Owns: column order, types and the metadata on fields and files. Must not: hold data.
//!
//! Every table begins with `time`, `tick`, `tick_no`, `run_id`; then its labels, then its metrics.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::metric::{Label, LabelRepr, Metric, Repr, Table};
use crate::time::{Micros, SECOND};

/// When the row's subject was read.
pub const TIME: &str = "time";
/// The scheduled time of its tick.
pub const TICK: &str = "tick";
/// Number of the tick in its run.
pub const TICK_NO: &str = "tick_no";
/// The run.
pub const RUN_ID: &str = "run_id";
/// Number of columns before the labels.
pub const LEADING: usize = 4;

/// `Timestamp(µs, UTC)`.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Dictionary-encoded text.
pub fn text() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn with_meta(field: Field, unit: &str, kind: &str, source: &str, help: &str) -> Field {
    let pairs = [("unit", unit), ("kind", kind), ("source", source), ("help", help)];
    field.with_metadata(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

pub(crate) fn leading() -> [Field; LEADING] {
    let field =
        |name, ty, unit, help| with_meta(Field::new(name, ty, false), unit, "state", "recorder", help);
    [
        field(TIME, timestamp(), "usec", "When this row's subject was read."),
        field(TICK, timestamp(), "usec", "Scheduled time of the tick."),
        field(TICK_NO, DataType::Int64, "ticks", "Number of the scheduled tick in its run, from 0."),
        field(RUN_ID, text(), "none", "Run of the recorder that wrote this row."),
    ]
}

fn label_field(l: &Label) -> Field {
    let ty = match l.repr {
        LabelRepr::Text => text(),
        LabelRepr::Int => DataType::Int64,
    };
    with_meta(Field::new(l.name, ty, true), "none", "label", l.source, l.help)
}

fn metric_field(m: &Metric) -> Field {
    let ty = match m.repr {
        Repr::Int => DataType::Int64,
        Repr::Fixed(_) => DataType::Float64,
        Repr::Bool => DataType::Boolean,
        Repr::Time => timestamp(),
    };
    with_meta(Field::new(m.name, ty, true), m.unit.name(), m.kind.name(), m.source, m.help)
}

/// Schema of a sampled table in this version.
pub fn table_schema(table: Table) -> SchemaRef {
    static ALL: LazyLock<HashMap<Table, SchemaRef>> = LazyLock::new(|| {
        let make = |t: Table| {
            let fields = leading()
                .into_iter()
                .chain(t.labels().iter().map(label_field))
                .chain(t.metrics().iter().map(metric_field));
            Arc::new(Schema::new(fields.collect::<Vec<_>>()))
        };
        Table::ALL.into_iter().map(|t| (t, make(t))).collect()
    });
    // Every table is in the map by construction.
    ALL.get(&table).cloned().unwrap_or_else(|| Arc::new(Schema::empty()))
}

/// Schema of the events table.
pub fn events_schema() -> SchemaRef {
    let f = |name, ty, help| with_meta(Field::new(name, ty, true), "none", "label", "recorder", help);
    let own = [
        f("event", text(), "What happened."),
        f("severity", text(), "info, warning or error."),
        f("node_name", text(), "Node that it happened on."),
        f("cluster_name", text(), "Cluster of the node."),
        f("subject_kind", text(), "What the subject is that it happened to."),
        f("cgroup_path", text(), "Subject that it happened to."),
        f("container_id", text(), "Container that it happened to."),
        f("container_name", text(), "Name of that container; null while unknown."),
        f("namespace", text(), "Kubernetes namespace; null while unknown."),
        f("pod_name", text(), "Name of the pod; null while unknown."),
        f("pod_uid", text(), "UID of the pod."),
        f("pid", DataType::Int64, "Process that it happened to."),
        f("start_ticks", DataType::Int64, "Start time of that process in clock ticks since boot."),
        f("metric", text(), "Column of containers that the two values belong to."),
        f("value_before", DataType::Float64, "Value before, in `unit`."),
        f("value_after", DataType::Float64, "Value after, in `unit`."),
        f("unit", text(), "Unit of the two values."),
        f("message", DataType::Utf8, "One sentence."),
        f("detail", DataType::Utf8, "What has no column of its own, as a JSON object."),
    ];
    Arc::new(Schema::new(leading().into_iter().chain(own).collect::<Vec<_>>()))
}

/// Keys of the file metadata.
pub mod meta {
    /// Version of the dictionary.
    pub const SCHEMA_VERSION: &str = "fgm.schema_version";
    /// Version of the recorder.
    pub const RECORDER_VERSION: &str = "fgm.recorder_version";
    /// The run.
    pub const RUN_ID: &str = "fgm.run_id";
    /// [`super::Extent`] as JSON.
    pub const EXTENT: &str = "fgm.extent";
    /// Runs of a compacted file as a JSON list of `{"run_id": …, "extent": …}`, by time; [`EXTENT`] is their union.
    pub const RUNS: &str = "fgm.runs";
    /// Stems of the files of the same table whose rows a compacted file has, as a JSON list: they are not read.
    pub const SOURCES: &str = "fgm.sources";
    /// [`super::SubjectIndex`] as JSON.
    pub const SUBJECTS: &str = "fgm.subjects";
    /// Which columns have a value, in hexadecimal: bit i of byte i/8, the lowest first, stands for column i.
    pub const VALUES: &str = "fgm.values";
}

/// Longest sampling interval: a day.
const MAX_INTERVAL: Micros = 86_400 * SECOND;

/// Which ticks a file covers, known from its footer alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Time of the first tick in µs.
    pub first_tick: Micros,
    /// Time of the last tick in µs.
    pub last_tick: Micros,
    /// Number of the first tick.
    pub first_tick_no: i64,
    /// Number of the last tick.
    pub last_tick_no: i64,
    /// Sampling interval in µs.
    pub interval: Micros,
    /// Inclusive ranges of tick numbers that the recorder lost, those between this file and the one before included.
    pub lost_ticks: Vec<(i64, i64)>,
}

impl Extent {
    /// Number of ticks lost.
    pub fn lost(&self) -> i64 {
        self.lost_ticks.iter().map(|(a, b)| b - a + 1).sum()
    }

    /// When a tick was due, if the clock was not set in between.
    pub fn time_of(&self, tick_no: i64) -> Micros {
        self.first_tick + (tick_no - self.first_tick_no) * self.interval
    }

    /// Whether it can be reckoned with: what a file says of itself may be anything.
    pub fn is_sound(&self) -> bool {
        // The year 73,000, and as many ticks as there are until then.
        const MAX: i64 = 1 << 61;
        let ticks = 0..=MAX / self.interval.max(1);
        let lost = self.lost_ticks.iter().all(|(a, b)| ticks.contains(a) && ticks.contains(b) && a <= b);
        [self.first_tick, self.last_tick].iter().all(|t| (-MAX..=MAX).contains(t))
            && ticks.contains(&self.first_tick_no)
            && ticks.contains(&self.last_tick_no)
            && (1..=MAX_INTERVAL).contains(&self.interval)
            && lost
    }
}

/// The subjects of a file and where their rows stand, known from its footer alone. Column-wise: all lists have one
/// entry per subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectIndex {
    /// First row.
    pub first_row: Vec<u64>,
    /// Number of rows, which are contiguous.
    pub rows: Vec<u64>,
    /// Time of the first row in µs.
    pub first_seen: Vec<Micros>,
    /// Time of the last row in µs.
    pub last_seen: Vec<Micros>,
    /// Labels that tell subjects apart; those that are null throughout are left out. Last, for readers' sake.
    pub labels: BTreeMap<String, IndexLabel>,
}

/// One label of all subjects of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IndexLabel {
    /// The same number for all.
    SameInt(i64),
    /// The same text for all.
    SameText(String),
    /// Numbers, one per subject.
    Ints(Vec<Option<i64>>),
    /// Texts, one per subject.
    Texts(Vec<Option<String>>),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-1: every column says its unit, kind, source and help; counters are plain longs.
    #[test]
    fn every_field_describes_itself() {
        for table in Table::ALL {
            let schema = table_schema(table);
            for field in schema.fields() {
                for key in ["unit", "kind", "source", "help"] {
                    assert!(field.metadata().contains_key(key), "{table}.{}: {key}", field.name());
                }
            }
            for m in table.metrics() {
                let field = schema.field_with_name(m.name).unwrap();
                if m.name.ends_with("_total") {
                    assert_eq!(field.data_type(), &DataType::Int64);
                }
            }
            assert_eq!(schema.fields().len(), LEADING + table.labels().len() + table.metrics().len());
        }
    }
}
