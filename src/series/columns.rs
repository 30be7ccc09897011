//! Values → the buckets of a window.
//!
//! Owns: which value falls into which column, and what a column keeps of its values. Must not: decide what is a value.

use super::{Bucket, Gap, column_of};
use crate::time::{Micros, TimeRange};

/// A bucket being filled. A count of 0 is a held value.
#[derive(Clone, Copy)]
pub(super) struct Filling {
    pub(super) count: u32,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) sum: f64,
    pub(super) gap_before: Option<Gap>,
}

/// The columns of a window being filled in the order of time.
pub(super) struct Columns {
    range: TimeRange,
    filled: Vec<Option<Filling>>,
    /// The column of every instant in `around`: the next value mostly falls into the same.
    at: Option<usize>,
    around: TimeRange,
}

impl Columns {
    /// Empty ones.
    pub(super) fn new(range: TimeRange, columns: usize) -> Columns {
        Columns { range, filled: vec![None; columns], at: None, around: TimeRange::new(0, 0) }
    }

    /// The column in which an instant lies.
    pub(super) fn column(&mut self, t: Micros) -> Option<usize> {
        if !self.around.contains(t) {
            self.at = column_of(self.range, self.filled.len(), t);
            self.around = match self.at {
                Some(at) => TimeRange::new(self.edge(at), self.edge(at + 1)),
                None if t < self.range.start => TimeRange::new(Micros::MIN, self.range.start),
                None => TimeRange::new(self.range.end, Micros::MAX),
            };
        }
        self.at
    }

    /// Whether two instants lie in one column, or both before or both after the window.
    pub(super) fn together(&mut self, first: Micros, last: Micros) -> bool {
        self.column(first);
        first <= last && (first == last || self.around.contains(last))
    }

    /// What an instant's column has so far.
    pub(super) fn filling(&mut self, t: Micros) -> Option<&mut Filling> {
        self.column(t).and_then(|at| self.filled[at].as_mut())
    }

    /// First instant of a column: the smallest that [`column_of`] puts there.
    fn edge(&self, column: usize) -> Micros {
        let n = self.filled.len() as i128;
        let from_start = (column as i128 * i128::from(self.range.width()) + n - 1) / n;
        self.range.start + from_start as Micros
    }

    /// A value that still holds.
    pub(super) fn hold(&mut self, time: Micros, v: f64) {
        if let Some(at) = self.column(time) {
            let held = Filling { count: 0, min: v, max: v, first: v, last: v, sum: v, gap_before: None };
            self.filled[at].get_or_insert(held);
        }
    }

    /// A value.
    pub(super) fn show(&mut self, time: Micros, v: f64, gap_before: Option<Gap>) {
        let Some(at) = self.column(time) else { return };
        match &mut self.filled[at] {
            Some(b) if b.count > 0 => {
                b.count += 1;
                b.min = b.min.min(v);
                b.max = b.max.max(v);
                b.last = v;
                b.sum += v;
            }
            empty_or_held => {
                *empty_or_held =
                    Some(Filling { count: 1, min: v, max: v, first: v, last: v, sum: v, gap_before });
            }
        }
    }

    /// The window, and its buckets.
    pub(super) fn finish(self) -> (TimeRange, Vec<Option<Bucket>>) {
        let bucket = |f: Filling| Bucket {
            count: f.count,
            min: f.min,
            max: f.max,
            first: f.first,
            last: f.last,
            mean: f.sum / f64::from(f.count.max(1)),
            gap_before: f.gap_before,
        };
        (self.range, self.filled.into_iter().map(|c| c.map(bucket)).collect())
    }
}
