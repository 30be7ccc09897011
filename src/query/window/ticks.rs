//! When the ticks of a recording's runs were due.
//!
//! Owns: run and tick number → time and interval, from what files and segments say of themselves. Must not: read rows.

use std::collections::HashMap;

use super::fold::run_of;
use crate::metric::Table;
use crate::query::catalogue::Catalogue;
use crate::store::schema::Extent;
use crate::time::{Micros, TimeRange};

/// Consecutive ticks of one run, an interval apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    first_no: i64,
    last_no: i64,
    first: Micros,
    pub(super) interval: Micros,
}

impl Stretch {
    /// None where the clock was set in between: there a tick's number does not tell its time.
    fn of(e: &Extent) -> Option<Stretch> {
        let even = (e.time_of(e.last_tick_no) - e.last_tick).abs() <= e.interval / 2;
        let (first_no, last_no) = (e.first_tick_no, e.last_tick_no);
        even.then_some(Stretch { first_no, last_no, first: e.first_tick, interval: e.interval })
    }

    /// When a tick was due; `None` for ticks of other stretches.
    pub(super) fn due(&self, tick_no: i64) -> Option<Micros> {
        let here = (self.first_no..=self.last_no).contains(&tick_no);
        here.then(|| self.first + (tick_no - self.first_no) * self.interval)
    }

    fn covers(&self) -> TimeRange {
        TimeRange::new(self.first, self.first + (self.last_no - self.first_no + 1) * self.interval)
    }

    /// Whether this one only goes on with another, or repeats a part of it.
    fn continues(&self, before: &Stretch) -> bool {
        self.interval == before.interval
            && self.first_no <= before.last_no.saturating_add(1)
            && self.first - before.first == (self.first_no - before.first_no) * self.interval
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
            runs.entry(part.run).or_default().extend(Stretch::of(&part.extent));
        }
        for segment in catalogue.segments.iter().filter(|s| s.serves(table)) {
            let stretch = segment.extent().as_ref().and_then(Stretch::of);
            runs.entry(run_of(catalogue, segment)).or_default().extend(stretch);
        }
        for stretches in runs.values_mut() {
            stretches.sort_by_key(|s| (s.first_no, s.last_no));
            stretches.dedup_by(|next, before| {
                let joined = next.continues(before);
                if joined {
                    before.last_no = before.last_no.max(next.last_no);
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
        stretches.get(at).copied().filter(|s| s.due(tick_no).is_some())
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
        let whole = Stretch::of(&extent(10, 19, 1000, 1090, 10)).unwrap();
        assert_eq!((whole.due(10), whole.due(15), whole.due(20)), (Some(1000), Some(1050), None));
        assert_eq!(Stretch::of(&extent(10, 19, 1000, 1190, 10)), None, "set forward by 100");
        let next = Stretch::of(&extent(20, 29, 1100, 1190, 10)).unwrap();
        let set = Stretch::of(&extent(20, 29, 1150, 1240, 10)).unwrap();
        assert!(next.continues(&whole) && !set.continues(&whole));
    }
}
