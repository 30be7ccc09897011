//! Series as they are drawn: buckets of a window, the gap rule, and counters turned into rates.
//!
//! Owns: what a pixel column knows of its samples, and when a line breaks ([`line`]). Must not: know Parquet, queries or
//! screens. Rows of one subject are fed in time order to a [`Folder`], many at once where a [`Digest`] tells all that
//! matters of them; everything here is pure.

mod columns;
mod digest;
mod fold;
mod line;
mod sum;

pub use digest::{Digest, Span};
pub use fold::Folder;
pub use line::{Line, LostTicks, Sample, Step};
pub use sum::{Member, Members, SLOT_BYTES, Slots, Sum, Summing};

use crate::metric::{Kind, Metric};
use crate::time::{Micros, TimeRange};
use crate::unit::Quantity;

/// Why nothing was drawn between two samples; what says more comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gap {
    /// No recorder wrote: ticks recorded as lost, or another run.
    RecorderDown,
    /// The recorder ran, the subject had no row.
    SubjectAbsent,
    /// The subject had rows without a value for this metric.
    Unavailable,
}

/// What one pixel column knows of the samples that fall into it (QRY-2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Number of samples. 0 in a stepped series whose rows were there and whose value was not read: the other numbers
    /// are then those of the last reading, which still holds.
    pub count: u32,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Earliest.
    pub first: f64,
    /// Latest.
    pub last: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Set when the line must not be joined to the previous bucket's.
    pub gap_before: Option<Gap>,
}

impl Bucket {
    /// This bucket and a later one as one. A held value counts only where there is no sample.
    #[must_use]
    pub fn merge(self, later: Bucket) -> Bucket {
        match (self.count, later.count) {
            (_, 0) => self,
            (0, _) => Bucket { gap_before: self.gap_before, ..later },
            (a, b) => Bucket {
                count: a + b,
                min: self.min.min(later.min),
                max: self.max.max(later.max),
                first: self.first,
                last: later.last,
                mean: (self.mean * f64::from(a) + later.mean * f64::from(b)) / f64::from(a + b),
                gap_before: self.gap_before,
            },
        }
    }
}

/// One series over a window, one optional bucket per column.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// The window.
    pub range: TimeRange,
    /// One per column, left to right; `None` where no sample lies.
    pub columns: Vec<Option<Bucket>>,
    /// Whether a value holds until the next one (drawn as steps): PSS, which is not read on every tick.
    pub stepped: bool,
}

impl Buckets {
    /// Smallest and largest value of all columns.
    pub fn extent(&self) -> Option<(f64, f64)> {
        self.columns.iter().flatten().map(|b| (b.min, b.max)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// All samples as one bucket; where there is none but a held value, that value.
    pub fn whole(&self) -> Option<Bucket> {
        self.columns.iter().flatten().copied().reduce(Bucket::merge)
    }

    /// Mean of all samples, likewise.
    pub fn mean(&self) -> Option<f64> {
        self.whole().map(|b| b.mean)
    }

    /// Number of samples.
    pub fn samples(&self) -> u64 {
        self.columns.iter().flatten().map(|b| u64::from(b.count)).sum()
    }

    /// The column in which an instant lies.
    pub fn column_of(&self, t: Micros) -> Option<usize> {
        column_of(self.range, self.columns.len(), t)
    }
}

/// The column of `columns` over `range` in which an instant lies.
pub fn column_of(range: TimeRange, columns: usize, t: Micros) -> Option<usize> {
    if !range.contains(t) || columns == 0 {
        return None;
    }
    let c = i128::from(t - range.start) * columns as i128 / i128::from(range.width());
    usize::try_from(c).ok()
}

/// Quantity that the viewer shows for a metric: a counter's rate, anything else as it is.
pub fn shown_quantity(metric: &Metric) -> Quantity {
    if metric.kind == Kind::Counter { metric.unit.rate() } else { metric.unit.plain() }
}

/// Whether null means "not read on this tick" rather than "not available" (see the ruling on PSS).
pub fn is_stepped(metric: &Metric) -> bool {
    metric.source.contains("smaps_rollup")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Table;
    use crate::time::SECOND;
    use proptest::prelude::*;

    fn metric(table: Table, name: &str) -> &'static Metric {
        Metric::find(table, name).unwrap()
    }

    fn gauge() -> &'static Metric {
        metric(Table::Containers, "pids_current")
    }

    fn fold(m: &Metric, columns: usize, lost: &dyn LostTicks, rows: &[(i64, Option<f64>)]) -> Buckets {
        let mut f = Folder::new(m, TimeRange::new(0, columns as i64 * SECOND), columns, lost);
        for &(tick_no, value) in rows {
            f.push(Sample { time: tick_no * SECOND, run: 0, tick_no, value });
        }
        f.finish()
    }

    struct AllLost;
    impl LostTicks for AllLost {
        fn all_lost(&self, _: u32, after: i64, before: i64) -> bool {
            before > after + 1
        }
    }

    /// QRY-2: the three kinds of gap differ.
    #[test]
    fn gaps_say_why() {
        let rows = [(0, Some(1.0)), (1, Some(2.0)), (4, Some(3.0))];
        let gap = |b: Buckets| b.columns[4].unwrap().gap_before;
        assert_eq!(gap(fold(gauge(), 5, &(), &rows)), Some(Gap::SubjectAbsent));
        assert_eq!(gap(fold(gauge(), 5, &AllLost, &rows)), Some(Gap::RecorderDown));
        let rows = [(1, Some(2.0)), (2, None), (3, None), (4, Some(3.0))];
        assert_eq!(gap(fold(gauge(), 5, &(), &rows)), Some(Gap::Unavailable));
        assert_eq!(fold(gauge(), 5, &(), &rows).columns[1].unwrap().gap_before, None);
    }

    /// QRY-2: a rate is unknown on the first tick after a gap; the gap's cause is still the recorder's.
    #[test]
    fn the_unknown_rate_after_a_gap_does_not_hide_its_cause() {
        let c = metric(Table::Containers, "cpu_usage_millicores");
        let b = fold(c, 7, &AllLost, &[(0, Some(1.0)), (1, Some(1.0)), (5, None), (6, Some(1.0))]);
        assert_eq!(b.columns[6].unwrap().gap_before, Some(Gap::RecorderDown));
    }

    /// Ruling on PSS: a tick on which it was not read is no gap; a tick without a row is.
    #[test]
    fn stepped_metrics_bridge_unread_ticks_only() {
        let pss = metric(Table::Processes, "memory_pss_bytes");
        let b = fold(pss, 4, &(), &[(0, Some(1.0)), (1, None), (2, None), (3, Some(2.0))]);
        assert!(b.stepped && b.columns[3].unwrap().gap_before.is_none());
        let held: Vec<_> = b.columns.iter().map(|b| b.map(|b| (b.count, b.mean))).collect();
        assert_eq!(held, [Some((1, 1.0)), Some((0, 1.0)), Some((0, 1.0)), Some((1, 2.0))]);
        assert_eq!(b.mean(), Some(1.5), "a held value is no sample");
        let b = fold(pss, 4, &(), &[(0, Some(1.0)), (1, None), (3, Some(2.0))]);
        assert_eq!(b.columns[3].unwrap().gap_before, Some(Gap::SubjectAbsent));
        let b = fold(pss, 5, &(), &[(0, Some(1.0)), (1, None), (3, None), (4, None)]);
        let held: Vec<_> = b.columns.iter().map(|b| b.map(|b| b.count)).collect();
        assert_eq!(held, [Some(1), Some(0), None, None, None], "nothing holds over a missing row");
    }

    /// QRY-2: rates divide by the difference of time; resets, lost ticks and first readings give none.
    #[test]
    fn counters_become_rates() {
        let c = metric(Table::Containers, "io_read_ops_total");
        let rows = [(0, Some(100.0)), (1, Some(150.0)), (2, Some(10.0)), (3, Some(20.0)), (5, Some(90.0))];
        let b = fold(c, 6, &(), &rows);
        let values: Vec<_> = b.columns.iter().map(|b| b.map(|b| b.mean)).collect();
        assert_eq!(values, [None, Some(50.0), None, Some(10.0), None, None]);
        let mut f = Folder::new(c, TimeRange::new(0, 10 * SECOND), 10, &());
        f.push(Sample { time: 0, run: 0, tick_no: 0, value: Some(0.0) });
        f.push(Sample { time: 2 * SECOND, run: 0, tick_no: 1, value: Some(10.0) });
        assert!((f.finish().columns[2].unwrap().mean - 5.0).abs() < 1e-9);
    }

    #[test]
    fn another_run_breaks_the_line_and_the_rate() {
        let c = metric(Table::Containers, "io_read_ops_total");
        let mut f = Folder::new(c, TimeRange::new(0, 4 * SECOND), 4, &());
        for (time, run, tick_no, v) in [(0, 0, 0, 1.0), (1, 0, 1, 2.0), (2, 1, 2, 3.0), (3, 1, 3, 5.0)] {
            f.push(Sample { time: time * SECOND, run, tick_no, value: Some(v) });
        }
        let b = f.finish();
        assert!(b.columns[2].is_none());
        assert_eq!(b.columns[3].unwrap().gap_before, Some(Gap::RecorderDown));
    }

    proptest! {
        /// QRY-2: no sample is lost by downsampling, and a spike survives at every zoom level.
        #[test]
        fn every_sample_is_in_its_bucket(values in prop::collection::vec(-1e6f64..1e6, 1..400), columns in 1usize..300) {
            let mut f = Folder::new(gauge(), TimeRange::new(0, values.len() as i64 * SECOND), columns, &());
            for (i, &v) in values.iter().enumerate() {
                f.push(Sample { time: i as i64 * SECOND, run: 0, tick_no: i as i64, value: Some(v) });
            }
            let b = f.finish();
            prop_assert_eq!(b.samples(), values.len() as u64);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((b.mean().unwrap() - mean).abs() < 1e-3);
            let max = values.iter().copied().fold(f64::MIN, f64::max);
            let min = values.iter().copied().fold(f64::MAX, f64::min);
            prop_assert_eq!(b.extent(), Some((min, max)));
            for (i, &v) in values.iter().enumerate() {
                let bucket = b.columns[b.column_of(i as i64 * SECOND).unwrap()].unwrap();
                prop_assert!(bucket.min <= v && v <= bucket.max);
                prop_assert!(bucket.min <= bucket.mean + 1e-6 && bucket.mean <= bucket.max + 1e-6);
            }
        }
    }
}
