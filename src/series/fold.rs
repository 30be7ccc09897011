//! Rows → the buckets of a window.
//!
//! Owns: which sample falls into which column. Must not: decide what is shown of a row; [`Line`] does.

use super::digest::{Digest, Span};
use super::line::{Line, LostTicks, Sample, Step};
use super::{Bucket, Buckets, Gap, column_of};
use crate::metric::Metric;
use crate::time::{Micros, TimeRange};

/// A bucket being filled. A count of 0 is a held value.
#[derive(Clone, Copy)]
struct Filling {
    count: u32,
    min: f64,
    max: f64,
    first: f64,
    last: f64,
    sum: f64,
    gap_before: Option<Gap>,
}

/// Folds the rows of one subject, in time order, into the buckets of a window.
pub struct Folder<'l> {
    line: Line<'l>,
    range: TimeRange,
    columns: Vec<Option<Filling>>,
    /// The column of every instant in `around`: the next row mostly falls into the same.
    at: Option<usize>,
    around: TimeRange,
}

impl<'l> Folder<'l> {
    /// A folder for `columns` buckets over `range`. Rows just before the range may be fed as well: they give the
    /// first rate and the first gap, and fall into no bucket.
    pub fn new(metric: &Metric, range: TimeRange, columns: usize, lost: &'l dyn LostTicks) -> Self {
        let around = TimeRange::new(0, 0);
        Folder { line: Line::new(metric, lost), range, columns: vec![None; columns], at: None, around }
    }

    /// Takes the next row.
    pub fn push(&mut self, sample: Sample) {
        match self.line.step(sample) {
            Step::Shown { value, gap } => self.show(sample.time, value, gap),
            Step::Held(value) => self.hold(sample.time, value),
            Step::None => {}
        }
    }

    /// Whether the rows of a span all fall into one column, or all outside the window: then a digest of them will do.
    pub fn fits(&mut self, span: &Span) -> bool {
        self.column(span.first);
        span.first <= span.last && (span.first == span.last || self.around.contains(span.last))
    }

    /// Takes the rows of a span that [`Folder::fits`]. False when they have to be pushed one by one.
    pub fn push_span(&mut self, span: &Span, digest: &Digest) -> bool {
        let sample = |at, time, value| Sample { time, run: span.run, tick_no: span.tick_no + at, value };
        let last_tick = span.tick_no + i64::from(span.rows) - 1;
        match digest {
            Digest::Mixed => return false,
            Digest::Empty => {
                self.push(sample(0, span.first, None));
                self.line.skip_to(span.run, last_tick, None);
            }
            Digest::Whole(w) => {
                self.push(sample(0, span.first, Some(w.first)));
                if let Some((time, value)) = w.second {
                    self.push(sample(1, time, Some(value)));
                }
                if w.rest > 0 {
                    if let Some(b) = self.column(span.last).and_then(|at| self.columns[at].as_mut()) {
                        b.count += w.rest;
                        b.min = b.min.min(w.min);
                        b.max = b.max.max(w.max);
                        b.last = w.shown;
                        b.sum += w.sum;
                    }
                    self.line.skip_to(span.run, last_tick, Some((span.last, w.stored, w.shown)));
                }
            }
        }
        true
    }

    fn column(&mut self, t: Micros) -> Option<usize> {
        if !self.around.contains(t) {
            self.at = column_of(self.range, self.columns.len(), t);
            self.around = match self.at {
                Some(at) => TimeRange::new(self.edge(at), self.edge(at + 1)),
                None if t < self.range.start => TimeRange::new(Micros::MIN, self.range.start),
                None => TimeRange::new(self.range.end, Micros::MAX),
            };
        }
        self.at
    }

    /// First instant of a column: the smallest that [`column_of`] puts there.
    fn edge(&self, column: usize) -> Micros {
        let n = self.columns.len() as i128;
        let from_start = (column as i128 * i128::from(self.range.width()) + n - 1) / n;
        self.range.start + from_start as Micros
    }

    fn hold(&mut self, time: Micros, v: f64) {
        if let Some(at) = self.column(time) {
            let held = Filling { count: 0, min: v, max: v, first: v, last: v, sum: v, gap_before: None };
            self.columns[at].get_or_insert(held);
        }
    }

    fn show(&mut self, time: Micros, v: f64, gap_before: Option<Gap>) {
        let Some(at) = self.column(time) else { return };
        match &mut self.columns[at] {
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

    /// The buckets.
    pub fn finish(self) -> Buckets {
        let bucket = |f: Filling| Bucket {
            count: f.count,
            min: f.min,
            max: f.max,
            first: f.first,
            last: f.last,
            mean: f.sum / f64::from(f.count.max(1)),
            gap_before: f.gap_before,
        };
        let columns = self.columns.into_iter().map(|c| c.map(bucket)).collect();
        Buckets { range: self.range, columns, stepped: self.line.stepped() }
    }
}
