//! What a question is about: its series by number, its span of time, and the files that can have rows of it.
//!
//! Owns: leaving out files, tiles and blocks that cannot matter. Must not: read.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::series::{SeriesBook, indexed};
use super::tile;
use crate::metric::Metric;
use crate::query::catalogue::{Catalogue, FileEntry, SubjectRun};
use crate::series::{column_of, is_stepped};
use crate::subject::SubjectKey;
use crate::time::{Micros, SECOND, TimeRange};

/// Rows before the window that are read to give the first rate and the first gap.
const LEAD_IN_TICKS: i64 = 3;
/// The same where a value holds until the next reading: PSS of big processes is read this rarely.
const STEPPED_LEAD_IN_TICKS: i64 = 120;
/// How much later than its tick a row may have been read, in ticks and at least.
const SLACK_TICKS: i64 = 10;
const SLACK: Micros = 10 * SECOND;

const NONE: u32 = u32::MAX;

/// How much later than its tick a row may have been read, at this interval.
pub(super) fn slack(interval: Micros) -> Micros {
    SLACK.max(SLACK_TICKS * interval)
}

/// A question, as the scan needs it.
pub(crate) struct Selection {
    pub(super) metric: &'static Metric,
    /// From the lead-in to the end of the window.
    pub(super) span: TimeRange,
    pub(super) range: TimeRange,
    /// Columns of the window; none when every row is to be looked at.
    pub(super) columns: usize,
    pub(super) keys: Vec<SubjectKey>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) by_key: HashMap<SubjectKey, u32>,
    /// Place of a series in the question by its number, where any.
    slots: Vec<u32>,
    /// In tables whose index stops at the cgroup: the cgroups that may have a series of the question.
    within: Option<HashSet<u32>>,
}

/// Tiles of one file.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) file: Arc<FileEntry>,
    pub(super) tiles: Range<u32>,
}

/// Tiles that one thread reads at a time: enough to be worth handing over, few enough to be held.
const TILES_AT_ONCE: u32 = 8;

impl Selection {
    pub(crate) fn new(
        metric: &'static Metric,
        keys: &[SubjectKey],
        (range, columns): (TimeRange, usize),
        catalogue: Arc<Catalogue>,
        book: &SeriesBook,
    ) -> Selection {
        let table = metric.table;
        let ticks = if is_stepped(metric) { STEPPED_LEAD_IN_TICKS } else { LEAD_IN_TICKS };
        let lead_in = ticks * catalogue.overview.interval.max(SECOND / 10);
        let by_key: HashMap<SubjectKey, u32> = keys.iter().cloned().zip(0..).collect();
        let (mut slots, mut within) = (Vec::new(), None);
        let subjects = catalogue.books.of(table);
        let mut set = |number: u32, slot: u32| {
            let at = number as usize;
            if slots.len() <= at {
                slots.resize(at + 1, NONE);
            }
            slots[at] = slot;
        };
        if indexed(table) {
            for (key, &slot) in &by_key {
                subjects.of_key(key).into_iter().for_each(|number| set(number, slot));
            }
        } else {
            let mut cgroups = HashSet::new();
            for (key, &slot) in &by_key {
                set(book.number(key.clone()), slot);
                cgroups.extend(subjects.of_key(key));
            }
            within = Some(cgroups);
        }
        let span = TimeRange::new(range.start.saturating_sub(lead_in), range.end);
        Selection { metric, span, range, columns, keys: keys.to_vec(), catalogue, by_key, slots, within }
    }

    /// The place of a run's series in the question.
    pub(super) fn slot(&self, run: &SubjectRun) -> Option<u32> {
        self.slots.get(run.subject as usize).copied().filter(|&s| s != NONE && run.seen().overlaps(self.span))
    }

    /// Whether rows that lie between these two can be told by a digest: they fall into one column, or before all.
    pub(super) fn fits(&self, first: Micros, last: Micros) -> bool {
        if self.columns == 0 {
            return false;
        }
        if last < self.range.start {
            return true;
        }
        let column = column_of(self.range, self.columns, first);
        column.is_some() && column == column_of(self.range, self.columns, last)
    }

    /// Whether a part of a run can have rows in the span: `rows` of it, counted from its first row. Ticks are an
    /// interval apart at least, so the row's number bounds its time from both ends of the run.
    pub(super) fn may_have(&self, file: &FileEntry, run: &SubjectRun, rows: Range<u32>) -> bool {
        let Some(part) = file.parts.get(usize::from(run.part)) else { return true };
        let interval = part.extent.interval;
        let slack = slack(interval);
        // A clock that was set back would make times meet twice: then nothing follows from numbers.
        let ticks = part.extent.last_tick_no.saturating_sub(part.extent.first_tick_no);
        let elapsed = part.extent.last_tick.saturating_sub(part.extent.first_tick);
        if elapsed < ticks.saturating_mul(interval).saturating_sub(interval) {
            return true;
        }
        let from_start = i64::from(rows.start).saturating_mul(interval);
        let from_end = i64::from(run.rows.saturating_sub(rows.end)).saturating_mul(interval);
        let earliest = run.first_seen.saturating_add(from_start).saturating_sub(slack);
        let latest = run.last_seen.saturating_sub(from_end).saturating_add(slack);
        earliest < self.span.end && latest >= self.span.start
    }

    /// What there is to read, in the order of time, in portions for one thread each.
    pub(super) fn work(&self) -> Vec<Vec<Work>> {
        let mut portions: Vec<Vec<Work>> = Vec::new();
        let mut room = 0;
        for file in self.catalogue.files.iter().filter(|f| self.concerns(f)) {
            let tiles = (file.rows as u32).div_ceil(tile::ROWS);
            let mut next = 0;
            while next < tiles {
                if room == 0 {
                    portions.push(Vec::new());
                    room = TILES_AT_ONCE;
                }
                let end = tiles.min(next + room);
                if let Some(last) = portions.last_mut() {
                    last.push(Work { file: Arc::clone(file), tiles: next..end });
                }
                room -= end - next;
                next = end;
            }
        }
        portions
    }

    fn concerns(&self, file: &FileEntry) -> bool {
        file.table == Some(self.metric.table)
            && file.time.overlaps(self.span)
            && match &self.within {
                None => file.runs.iter().any(|r| self.slot(r).is_some()),
                Some(cgroups) => file.runs.iter().any(|r| cgroups.contains(&r.subject)),
            }
    }
}
