//! Events of one sealed file.
//!
//! Owns: columns of any version → records. Must not: keep anything.

use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::RecordedEvent;
use crate::event::{About, EventKind, Severity};
use crate::store::schema::{RUN_ID, TICK, TIME, timestamp};

/// A damaged page can be a few bytes that stand for any number of rows.
const MAX_EVENTS: i64 = 1_000_000;

/// Reads a file's events; the error is one line without the path.
pub(super) fn file(path: &Path) -> Result<Vec<RecordedEvent>, String> {
    // Damaged pages have made libraries panic before; such a file is bad, not the process.
    catch_unwind(AssertUnwindSafe(|| read(path)))
        .unwrap_or_else(|_| Err("its rows make the Parquet reader panic".to_owned()))
}

fn read(path: &Path) -> Result<Vec<RecordedEvent>, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let damaged = |e: &dyn std::fmt::Display| format!("damaged ({e})");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(&e))?;
    let rows = builder.metadata().file_metadata().num_rows();
    if rows > MAX_EVENTS {
        return Err(format!("{rows} events in one file are more than fgm reads"));
    }
    let reader = builder.build().map_err(|e| damaged(&e))?;
    let mut events = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| damaged(&e))?;
        let columns = Columns::new(&batch);
        events.extend((0..batch.num_rows()).map(|row| columns.event(row)));
    }
    Ok(events)
}

/// The columns of a batch by name; those of other versions may be missing, or have other types of text and number.
struct Columns<'b> {
    batch: &'b RecordBatch,
    texts: HashMap<&'static str, StringArray>,
}

const TEXTS: [&str; 16] = [
    RUN_ID,
    "event",
    "severity",
    "node_name",
    "cluster_name",
    "subject_kind",
    "cgroup_path",
    "container_id",
    "container_name",
    "namespace",
    "pod_name",
    "pod_uid",
    "metric",
    "unit",
    "message",
    "detail",
];

impl<'b> Columns<'b> {
    fn new(batch: &'b RecordBatch) -> Columns<'b> {
        let text = |name: &'static str| {
            let column = cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?;
            Some((name, column.as_string_opt::<i32>()?.clone()))
        };
        Columns { batch, texts: TEXTS.into_iter().filter_map(text).collect() }
    }

    fn text(&self, name: &str, row: usize) -> Option<&str> {
        let column = self.texts.get(name)?;
        column.is_valid(row).then(|| column.value(row)).filter(|t| !t.is_empty())
    }

    fn owned(&self, name: &str, row: usize) -> Option<String> {
        self.text(name, row).map(str::to_owned)
    }

    fn time(&self, name: &str, row: usize) -> i64 {
        let column = self.batch.column_by_name(name).filter(|c| *c.data_type() == timestamp());
        column.map_or(0, |c| c.as_primitive::<TimestampMicrosecondType>().value(row))
    }

    fn int(&self, name: &str, row: usize) -> Option<i64> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn float(&self, name: &str, row: usize) -> Option<f64> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Float64Type>()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn event(&self, row: usize) -> RecordedEvent {
        let name = self.text("event", row).unwrap_or("unknown");
        let severity = self.text("severity", row);
        let severities = [Severity::Info, Severity::Warning, Severity::Error];
        RecordedEvent {
            time: self.time(TIME, row),
            tick: self.time(TICK, row),
            run_id: self.text(RUN_ID, row).unwrap_or_default().into(),
            node_name: self.text("node_name", row).map(Arc::from),
            cluster_name: self.text("cluster_name", row).map(Arc::from),
            kind: EventKind::ALL.into_iter().find(|k| k.name() == name),
            name: name.into(),
            severity: severities.into_iter().find(|s| Some(s.name()) == severity).unwrap_or(Severity::Info),
            about: About {
                subject_kind: self.owned("subject_kind", row),
                cgroup_path: self.owned("cgroup_path", row),
                container_id: self.owned("container_id", row),
                container_name: self.owned("container_name", row),
                namespace: self.owned("namespace", row),
                pod_name: self.owned("pod_name", row),
                pod_uid: self.owned("pod_uid", row),
            },
            pid: self.int("pid", row),
            start_ticks: self.int("start_ticks", row),
            metric: self.owned("metric", row),
            value_before: self.float("value_before", row),
            value_after: self.float("value_after", row),
            unit: self.owned("unit", row),
            message: self.owned("message", row).unwrap_or_default(),
            detail: self.owned("detail", row),
        }
    }
}
