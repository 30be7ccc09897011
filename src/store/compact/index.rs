//! What the footer of the result says of its rows.
//!
//! Owns: subject index, extents and the names of the sources. Must not: read rows.

use parquet::file::metadata::KeyValue;

use super::order::{Order, Run, join};
use super::source::Source;
use crate::metric::Table;
use crate::store::columns::{index_label, index_width};
use crate::store::schema::{IndexLabel, RUN_ID, SubjectIndex, meta};
use crate::store::tick::LabelValue;

/// Number of labels that tell apart the subjects of a table's index.
pub(super) fn width(table: Option<Table>) -> usize {
    table.map_or(0, index_width)
}

/// Everything that is known before a cell has been written.
pub(super) fn metadata(table: Option<Table>, sources: &[Source], order: &Order) -> Vec<KeyValue> {
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let version = sources.iter().map(|s| s.version).max().unwrap_or_default();
    let mut all = vec![
        pair(meta::SCHEMA_VERSION, version.to_string()),
        pair(meta::RECORDER_VERSION, env!("CARGO_PKG_VERSION").to_owned()),
        // Plain lists of numbers and texts always serialise.
        pair(meta::RUNS, serde_json::to_string(&order.parts).unwrap_or_default()),
        pair(meta::SOURCES, serde_json::to_string(&stems(sources)).unwrap_or_default()),
    ];
    if let [only] = &order.parts[..] {
        all.push(pair(meta::RUN_ID, only.run_id.clone()));
    }
    let extents = order.parts.iter().map(|p| p.extent.clone());
    let union = extents.reduce(|mut all, next| {
        join(&mut all, &next);
        all
    });
    all.extend(union.map(|e| pair(meta::EXTENT, serde_json::to_string(&e).unwrap_or_default())));
    if let Some(table) = table {
        let index = subjects(table, order);
        all.push(pair(meta::SUBJECTS, serde_json::to_string(&index).unwrap_or_default()));
    }
    all
}

fn stems(sources: &[Source]) -> Vec<String> {
    sources.iter().map(Source::stem).collect()
}

/// One entry per subject and run of the recorder.
fn subjects(table: Table, order: &Order) -> SubjectIndex {
    let wide = index_width(table);
    let lead = |run: &Run| &order.labels[run.labels as usize][..wide];
    let mut index = SubjectIndex::default();
    let mut entries: Vec<&Run> = Vec::new();
    let mut at = 0;
    for run in &order.runs {
        let same = entries.last().is_some_and(|e| (lead(e), e.part) == (lead(run), run.part));
        if !same {
            entries.push(run);
            index.first_row.push(at);
            index.rows.push(0);
            index.first_seen.push(run.first_seen);
            index.last_seen.push(run.last_seen);
        }
        let n = entries.len() - 1;
        index.rows[n] += run.rows as u64;
        index.first_seen[n] = index.first_seen[n].min(run.first_seen);
        index.last_seen[n] = index.last_seen[n].max(run.last_seen);
        at += run.rows as u64;
    }
    let labels: Vec<Vec<LabelValue>> = entries
        .iter()
        .map(|e| lead(e).iter().map(|&value| order.values[value as usize].clone()).collect())
        .collect();
    let labels: Vec<&[LabelValue]> = labels.iter().map(Vec::as_slice).collect();
    for (at, label) in table.labels()[..wide].iter().enumerate() {
        if let Some(values) = index_label(&labels, at, label.repr) {
            index.labels.insert(label.name.to_owned(), values);
        }
    }
    if order.parts.len() > 1 {
        let runs = entries.iter().map(|e| Some(order.parts[e.part as usize].run_id.clone()));
        index.labels.insert(RUN_ID.to_owned(), IndexLabel::Texts(runs.collect()));
    }
    index
}
