//! When the ticks of a recording's runs were due.
//!
//! Owns: run and tick number → time and interval, from what files and segments say of themselves. Must not: read rows.

use std::collections::HashMap;

use super::fold::run_of;
use crate::metric::Table;
use crate::query::catalogue::Catalogue;
use crate::store::schema::Extent;
use crate::time::{Micros, TimeRange};

/// Consecutive ticks of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    first_no: i64,
    last_no: i64,
    first: Micros,
    last: Micros,
    pub(super) interval: Micros,
    /// Whether they are an interval apart: the clock was not set in between, and somebody kept to a schedule.
    even: bool,
}

impl Stretch {
    fn of(e: &Extent) -> Stretch {
        Stretch {
            first_no: e.first_tick_no,
            last_no: e.last_tick_no,
            first: e.first_tick,
            last: e.last_tick,
            interval: e.interval,
            even: (e.time_of(e.last_tick_no) - e.last_tick).abs() <= e.interval / 2,
        }
    }

    /// Whether a tick is one of these.
    pub(super) fn has(&self, tick_no: i64) -> bool {
        (self.first_no..=self.last_no).contains(&tick_no)
    }

    /// When a tick was due; `None` where its number does not tell.
    pub(super) fn due(&self, tick_no: i64) -> Option<Micros> {
        self.even.then(|| self.first + (tick_no - self.first_no) * self.interval)
    }

    fn covers(&self) -> TimeRange {
        TimeRange::new(self.first, self.last.saturating_add(self.interval))
    }

    /// Whether this one only goes on with another, or repeats a part of it.
    fn continues(&self, before: &Stretch) -> bool {
        self.even
            && self.interval == before.interval
            && self.first_no <= before.last_no.saturating_add(1)
            && before.due(self.first_no) == Some(self.first)
    }
}

/// The ticks of a table's runs, by run and in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Ticks(HashMap<u32, Vec<Stretch>>);

impl Ticks {
    /// From the extents of a table's files and of the open segments.
    pub(crate) fn of(catalogue: &Catalogue, table: Table) -> Ticks {
        let mut runs: HashMap<u32, Vec<Stretch>> = HashMap::new();
        for part in catalogue.files.iter().filter(|f| f.table == Some(table)).flat_map(|f| &f.parts) {
            runs.entry(part.run).or_default().push(Stretch::of(&part.extent));
        }
        for segment in catalogue.segments.iter().filter(|s| s.serves(table)) {
            let stretch = segment.extent().as_ref().map(Stretch::of);
            runs.entry(run_of(catalogue, segment)).or_default().extend(stretch);
        }
        for stretches in runs.values_mut() {
            stretches.sort_by_key(|s| (s.first_no, s.last_no));
            stretches.dedup_by(|next, before| {
                let joined = next.continues(before);
                if joined {
                    before.last_no = before.last_no.max(next.last_no);
                    before.last = before.last.max(next.last);
                }
                joined
            });
        }
        Ticks(runs)
    }

    /// The stretch that a tick belongs to.
    pub(super) fn stretch(&self, run: u32, tick_no: i64) -> Option<Stretch> {
        let stretches = self.0.get(&run)?;
        let at = stretches.partition_point(|s| s.first_no <= tick_no).checked_sub(1)?;
        stretches.get(at).copied().filter(|s| s.has(tick_no))
    }

    /// Whether any recorder was running within a range.
    pub(super) fn recorded(&self, range: TimeRange) -> bool {
        self.0.values().flatten().any(|s| s.covers().overlaps(range))
    }

    /// The shortest and the longest interval of the runs within a range.
    pub(super) fn intervals(&self, range: TimeRange) -> Option<(Micros, Micros)> {
        let within = self.0.values().flatten().filter(|s| s.covers().overlaps(range)).map(|s| s.interval);
        within.map(|i| (i, i)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(first_no: i64, last_no: i64, first: Micros, last: Micros, interval: Micros) -> Extent {
        Extent {
            first_tick: first,
            last_tick: last,
            first_tick_no: first_no,
            last_tick_no: last_no,
            interval,
            lost_ticks: Vec::new(),
        }
    }

    /// TUI-3: a tick's time follows from its number, unless the clock was set in between.
    #[test]
    fn a_tick_number_tells_its_time() {
        let whole = Stretch::of(&extent(10, 19, 1000, 1090, 10));
        assert_eq!((whole.due(10), whole.due(15), whole.has(20)), (Some(1000), Some(1050), false));
        assert_eq!(Stretch::of(&extent(10, 19, 1000, 1190, 10)).due(15), None, "set forward by 100");
        let next = Stretch::of(&extent(20, 29, 1100, 1190, 10));
        let set = Stretch::of(&extent(20, 29, 1150, 1240, 10));
        assert!(next.continues(&whole) && !set.continues(&whole));
    }
}
