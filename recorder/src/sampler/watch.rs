//! What changes about a subject from one tick to the next and deserves an event: limits, throttling.
//!
//! Owns: when a change is one. Must not: read, or word events.

use fgm::metric::containers as c;
use fgm::store::tick::Row;
use fgm::time::{Micros, SECOND};

/// Limits that are watched, each with the column that says that there is none.
pub(crate) const LIMITS: [(usize, usize); 4] = [
    (c::memory_max_bytes, c::memory_max_unlimited),
    (c::memory_high_bytes, c::memory_high_unlimited),
    (c::cpu_quota_cores, c::cpu_quota_unlimited),
    (c::pids_max, c::pids_max_unlimited),
];

/// Share of throttled periods (hundredths of a percent, as in the row) from which on a subject is being throttled.
/// Below it a single period of many was cut short, which happens to every busy container with a quota.
const ONSET: i64 = 10_00;
/// Throttling has ended when it has not been seen for this long, so that a container that is throttled in bursts is
/// told about once and not each second.
const QUIET: Micros = 10 * SECOND;

/// A limit: none, or a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Unlimited,
    At(i64),
}

impl Limit {
    fn of(row: &Row<'_>, (value, unlimited): (usize, usize)) -> Option<Limit> {
        match (row.get(value), row.get(unlimited)) {
            (_, Some(1)) => Some(Limit::Unlimited),
            (Some(cell), _) => Some(Limit::At(cell)),
            // Not read on this tick: nothing is known, and nothing has changed.
            (None, _) => None,
        }
    }
}

/// A stretch of throttling. Times are those of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    pub(crate) first: Micros,
    pub(crate) last: Micros,
    /// Highest share, as in the row.
    pub(crate) peak: i64,
}

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The limit in this column.
    Limit(usize, Limit, Limit),
    /// Throttling began, with this share of periods.
    Throttling(i64),
    /// It has ended.
    Unthrottled(Throttled),
}

/// What was seen of a subject so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    limits: [Option<Limit>; LIMITS.len()],
    throttled: Option<Throttled>,
}

impl Watch {
    /// Compares a row with the ones before it.
    pub(crate) fn look(&mut self, row: &Row<'_>, tick: Micros, mut tell: impl FnMut(Change)) {
        for (before, columns) in self.limits.iter_mut().zip(LIMITS) {
            let Some(now) = Limit::of(row, columns) else { continue };
            if let Some(before) = before.replace(now)
                && before != now
            {
                tell(Change::Limit(columns.0, before, now));
            }
        }
        let share = row.get(c::cpu_throttled_periods_percent);
        match (&mut self.throttled, share) {
            (None, Some(share)) if share >= ONSET => {
                self.throttled = Some(Throttled { first: tick, last: tick, peak: share });
                tell(Change::Throttling(share));
            }
            (Some(t), Some(share)) if share > 0 => {
                t.last = tick;
                t.peak = t.peak.max(share);
            }
            (Some(t), _) if tick - t.last >= QUIET => {
                tell(Change::Unthrottled(*t));
                self.throttled = None;
            }
            _ => {}
        }
    }

    /// The subject is gone, and its throttling with it.
    pub(crate) fn end(&self) -> Option<Change> {
        self.throttled.map(Change::Unthrottled)
    }
}

#[cfg(test)]
mod tests {
    use fgm::metric::Table;
    use fgm::store::tick::TableRows;

    use super::*;

    fn look(watch: &mut Watch, tick: Micros, fill: impl FnOnce(&mut Row<'_>)) -> Vec<Change> {
        let mut rows = TableRows::new(Table::Containers);
        let mut row = rows.push(0, tick);
        fill(&mut row);
        let mut told = Vec::new();
        watch.look(&row, tick, |change| told.push(change));
        told
    }

    /// REC-8: a limit that changes, appears or goes is told once; one that could not be read is no change.
    #[test]
    fn limits() {
        let mut w = Watch::default();
        let max = |v: i64| move |r: &mut Row<'_>| r.set(c::memory_max_bytes, v);
        assert!(look(&mut w, 0, max(5)).is_empty(), "first seen");
        assert_eq!(look(&mut w, 1, max(6)), [Change::Limit(c::memory_max_bytes, Limit::At(5), Limit::At(6))]);
        assert!(look(&mut w, 2, |_| ()).is_empty(), "unread");
        assert!(look(&mut w, 3, max(6)).is_empty());
        let none = |r: &mut Row<'_>| r.set_bool(c::memory_max_unlimited, true);
        assert_eq!(
            look(&mut w, 4, none),
            [Change::Limit(c::memory_max_bytes, Limit::At(6), Limit::Unlimited)]
        );
        assert!(look(&mut w, 5, none).is_empty());
    }

    /// REC-8: throttling has an onset and an end, and bursts within ten seconds are one stretch.
    #[test]
    fn throttling() {
        let mut w = Watch::default();
        let share =
            |percent: f64| move |r: &mut Row<'_>| r.set_fixed(c::cpu_throttled_periods_percent, percent);
        assert!(look(&mut w, 0, share(9.9)).is_empty());
        assert_eq!(look(&mut w, SECOND, share(40.0)), [Change::Throttling(4000)]);
        assert!(look(&mut w, 2 * SECOND, share(0.0)).is_empty());
        assert!(look(&mut w, 9 * SECOND, share(5.0)).is_empty(), "still");
        assert!(look(&mut w, 18 * SECOND, share(0.0)).is_empty());
        let stretch = Throttled { first: SECOND, last: 9 * SECOND, peak: 4000 };
        assert_eq!(w.end(), Some(Change::Unthrottled(stretch)), "were it gone now");
        assert_eq!(look(&mut w, 19 * SECOND, |_| ()), [Change::Unthrottled(stretch)]);
        assert!(look(&mut w, 20 * SECOND, share(0.0)).is_empty());
        assert_eq!(w.end(), None, "told already");
    }
}
