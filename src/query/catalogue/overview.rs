//! A recording in a few words.
//!
//! Owns: summing up files and segments. Must not: read either.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::model::{LostRange, Overview, Problem};
use super::{Books, FileEntry, OpenSegment, valued};
use crate::store::schema::Extent;
use crate::time::{SECOND, TimeRange};

/// What one run of a recorder says of its ticks, in one rotation.
struct Said {
    identifier: Option<String>,
    run_id: Arc<str>,
    extent: Extent,
}

/// Sums up.
pub(super) fn of(
    generation: u64,
    files: &[Arc<FileEntry>],
    segments: &[Arc<OpenSegment>],
    books: &Books,
    problems: Vec<Problem>,
) -> Overview {
    let mut tables = BTreeSet::new();
    let mut identifiers = BTreeSet::new();
    for f in files {
        tables.extend(f.table);
        identifiers.extend(f.identifier.clone());
    }
    for s in segments {
        tables.extend(s.data().tables.iter().filter(|t| !t.rows.is_empty()).map(|t| t.table));
        identifiers.insert(s.head.place.identifier.clone());
    }
    let said = said(files, segments, books);
    let all = || said.iter().map(|s| &s.extent);
    let covered = |e: &Extent| TimeRange::new(e.first_tick, e.last_tick.saturating_add(e.interval));
    let gaps = gaps(&said);
    Overview {
        generation,
        range: all().map(covered).reduce(TimeRange::union),
        interval: all().max_by_key(|e| e.last_tick).map_or(SECOND, |e| e.interval),
        tables: tables.into_iter().collect(),
        metrics: valued::metrics(files, segments),
        files: files.len(),
        segments: segments.len(),
        live: segments.iter().any(|s| s.live),
        lost_ticks: gaps.iter().map(|g| g.ticks).fold(0, i64::saturating_add),
        gaps,
        identifiers: identifiers.into_iter().collect(),
        problems,
    }
}

/// Every table of a rotation says the same of its ticks: each run's ticks once, whichever file tells of them.
fn said(files: &[Arc<FileEntry>], segments: &[Arc<OpenSegment>], books: &Books) -> Vec<Said> {
    let mut said: HashMap<(u32, i64, i64), Said> = HashMap::new();
    for f in files {
        for part in &f.parts {
            let key = (part.run, part.extent.first_tick_no, part.extent.last_tick_no);
            said.entry(key).or_insert_with(|| Said {
                identifier: f.identifier.clone(),
                run_id: books.run_id(part.run).unwrap_or_default(),
                extent: part.extent.clone(),
            });
        }
    }
    for s in segments {
        let run_id = s.head.run.run_id.as_str();
        if let Some(extent) = s.extent() {
            let key = (books.run(run_id), extent.first_tick_no, extent.last_tick_no);
            let identifier = Some(s.head.place.identifier.clone());
            said.entry(key).or_insert_with(|| Said { identifier, run_id: run_id.into(), extent });
        }
    }
    said.into_values().collect()
}

/// What was lost, by time. Compacted and not yet compacted files may tell of the same ticks.
fn gaps(said: &[Said]) -> Vec<LostRange> {
    let mut gaps: Vec<LostRange> = Vec::new();
    for s in said {
        gaps.extend(s.extent.lost_ticks.iter().map(|&(from, to)| LostRange {
            identifier: s.identifier.clone(),
            run_id: Arc::clone(&s.run_id),
            range: TimeRange::new(s.extent.time_of(from), s.extent.time_of(to.saturating_add(1))),
            ticks: to.saturating_sub(from).saturating_add(1),
        }));
    }
    gaps.sort_by(|a, b| (a.range.start, &a.run_id, a.ticks).cmp(&(b.range.start, &b.run_id, b.ticks)));
    gaps.dedup();
    gaps
}
