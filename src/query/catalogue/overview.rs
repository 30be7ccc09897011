//! A recording in a few words.
//!
//! Owns: summing up files and segments. Must not: read either.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::model::{Overview, Problem};
use super::{FileEntry, OpenSegment};
use crate::store::schema::Extent;
use crate::time::{SECOND, TimeRange};

/// Sums up.
pub(super) fn of(
    generation: u64,
    files: &[Arc<FileEntry>],
    segments: &[Arc<OpenSegment>],
    problems: Vec<Problem>,
) -> Overview {
    let mut tables = BTreeSet::new();
    let mut identifiers = BTreeSet::new();
    // Every table of a rotation says the same of its ticks: count each stem once.
    let mut extents: HashMap<String, Vec<Extent>> = HashMap::new();
    for f in files {
        tables.extend(f.table);
        identifiers.extend(f.identifier.clone());
        if !extents.contains_key(&f.stem) {
            extents.insert(f.stem.clone(), f.parts.iter().map(|p| p.extent.clone()).collect());
        }
    }
    for s in segments {
        tables.extend(s.data().tables.iter().filter(|t| !t.rows.is_empty()).map(|t| t.table));
        identifiers.insert(s.head.place.identifier.clone());
        if let Some(extent) = s.extent() {
            extents.insert(s.head.place.stem(), vec![extent]);
        }
    }
    let all = || extents.values().flatten();
    let covered = |e: &Extent| TimeRange::new(e.first_tick, e.last_tick.saturating_add(e.interval));
    Overview {
        generation,
        range: all().map(covered).reduce(TimeRange::union),
        interval: all().max_by_key(|e| e.last_tick).map_or(SECOND, |e| e.interval),
        tables: tables.into_iter().collect(),
        files: files.len(),
        segments: segments.len(),
        live: segments.iter().any(|s| s.live),
        lost_ticks: all().map(Extent::lost).sum(),
        identifiers: identifiers.into_iter().collect(),
        problems,
    }
}
