//! Rows → the buckets of a window.
//!
//! Owns: feeding a subject's rows, one by one or as digests. Must not: decide what is shown of a row ([`Line`] does) or
//! where it falls ([`Columns`] does).

use super::Buckets;
use super::columns::Columns;
use super::digest::{Digest, Span};
use super::line::{Line, LostTicks, Sample, Step};
use crate::metric::Metric;
use crate::time::TimeRange;

/// Folds the rows of one subject, in time order, into the buckets of a window.
pub struct Folder<'l> {
    line: Line<'l>,
    columns: Columns,
}

impl<'l> Folder<'l> {
    /// A folder for `columns` buckets over `range`. Rows just before the range may be fed as well: they give the
    /// first rate and the first gap, and fall into no bucket.
    pub fn new(metric: &Metric, range: TimeRange, columns: usize, lost: &'l dyn LostTicks) -> Self {
        Folder { line: Line::new(metric, lost), columns: Columns::new(range, columns) }
    }

    /// Takes the next row.
    pub fn push(&mut self, sample: Sample) {
        match self.line.step(sample) {
            Step::Shown { value, gap } => self.columns.show(sample.time, value, gap),
            Step::Held(value) => self.columns.hold(sample.time, value),
            Step::None => {}
        }
    }

    /// Whether the rows of a span all fall into one column, or all outside the window: then a digest of them will do.
    pub fn fits(&mut self, span: &Span) -> bool {
        self.columns.together(span.first, span.last)
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
                    if let Some(b) = self.columns.filling(span.last) {
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

    /// The buckets.
    pub fn finish(self) -> Buckets {
        let (range, columns) = self.columns.finish();
        Buckets { range, columns, stepped: self.line.stepped() }
    }
}
