//! One subject's rows, one after the other: what is shown of each, and where the line breaks.
//!
//! Owns: counter → rate, the gap rule, what holds between readings. Must not: know columns or windows.

use super::{Gap, is_stepped};
use crate::metric::{Kind, Metric};
use crate::time::{Micros, SECOND};

/// One row of a subject: where it stands and what it says of the metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When the subject was read.
    pub time: Micros,
    /// Any number that differs between runs.
    pub run: u32,
    /// Number of the tick in its run.
    pub tick_no: i64,
    /// The stored value; `None` when null.
    pub value: Option<f64>,
}

/// Whether all of a run's ticks between two (both excluded) were lost by the recorder.
pub trait LostTicks: Sync {
    /// `run` as in [`Sample::run`].
    fn all_lost(&self, run: u32, after: i64, before: i64) -> bool;
}

/// Nothing was lost.
impl LostTicks for () {
    fn all_lost(&self, _: u32, _: i64, _: i64) -> bool {
        false
    }
}

/// What a row adds to the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A value: a counter's is its rate.
    Shown {
        /// The value.
        value: f64,
        /// Set when the line must not be joined to the value before.
        gap: Option<Gap>,
    },
    /// Not read on this tick; this value still holds.
    Held(f64),
    /// Nothing.
    None,
}

#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) run: u32,
    pub(super) tick_no: i64,
    pub(super) time: Micros,
    pub(super) value: f64,
}

/// Goes through the rows of one subject in time order.
pub struct Line<'l> {
    counter: bool,
    stepped: bool,
    lost: &'l dyn LostTicks,
    /// Last stored value, for rates.
    stored: Option<Seen>,
    /// Last shown value, for gaps.
    shown: Option<Seen>,
    /// Why rows are missing since then, if any are.
    rows_missing: Option<Gap>,
    /// Run and tick of the last row.
    row: Option<(u32, i64)>,
}

impl<'l> Line<'l> {
    /// A line without rows yet.
    pub fn new(metric: &Metric, lost: &'l dyn LostTicks) -> Self {
        Line {
            counter: metric.kind == Kind::Counter,
            stepped: is_stepped(metric),
            lost,
            stored: None,
            shown: None,
            rows_missing: None,
            row: None,
        }
    }

    /// Whether a value holds until the next one.
    pub fn stepped(&self) -> bool {
        self.stepped
    }

    /// Takes the next row.
    pub fn step(&mut self, sample: Sample) -> Step {
        let stored = sample.value.filter(|v| v.is_finite());
        let value = if self.counter { stored.and_then(|v| self.rate(sample, v)) } else { stored };
        let seen = |value| Seen { run: sample.run, tick_no: sample.tick_no, time: sample.time, value };
        if let Some(v) = stored {
            self.stored = Some(seen(v));
        }
        self.note_missing_rows(sample);
        self.row = Some((sample.run, sample.tick_no));
        match value {
            Some(value) => {
                let gap = self.gap_before(sample);
                self.rows_missing = None;
                self.shown = Some(seen(value));
                Step::Shown { value, gap }
            }
            None => self.held().map_or(Step::None, Step::Held),
        }
    }

    /// Takes it that rows followed without a break up to this one, with values on each when `seen` says the last
    /// stored and the last shown one, with none when it does not.
    pub(super) fn skip_to(&mut self, run: u32, tick_no: i64, seen: Option<(Micros, f64, f64)>) {
        self.row = Some((run, tick_no));
        if let Some((time, stored, shown)) = seen {
            self.stored = Some(Seen { run, tick_no, time, value: stored });
            self.shown = Some(Seen { run, tick_no, time, value: shown });
            self.rows_missing = None;
        }
    }

    /// A stepped value holds over rows on which it was not read, as long as there are such rows without a break.
    fn held(&self) -> Option<f64> {
        self.shown.filter(|_| self.stepped && self.rows_missing.is_none()).map(|s| s.value)
    }

    /// Increase per second since the previous tick; none after a reset, a lost tick or another run.
    fn rate(&self, sample: Sample, value: f64) -> Option<f64> {
        let before = self.stored?;
        let adjacent = before.run == sample.run && before.tick_no + 1 == sample.tick_no;
        if adjacent { rate(before.time, before.value, sample.time, value) } else { None }
    }

    /// Why the line breaks before this sample: rows that are missing say more than values that are.
    fn gap_before(&self, sample: Sample) -> Option<Gap> {
        let before = self.shown?;
        let adjacent = before.run == sample.run && before.tick_no + 1 == sample.tick_no;
        match self.rows_missing {
            Some(gap) => Some(gap),
            None => (!adjacent && !self.stepped).then_some(Gap::Unavailable),
        }
    }

    /// Notes why rows are missing between the last one and this.
    fn note_missing_rows(&mut self, sample: Sample) {
        let Some((run, tick_no)) = self.row else { return };
        if run == sample.run && tick_no + 1 == sample.tick_no {
            return;
        }
        let gap = if run != sample.run || self.lost.all_lost(run, tick_no, sample.tick_no) {
            Gap::RecorderDown
        } else {
            Gap::SubjectAbsent
        };
        if self.rows_missing != Some(Gap::RecorderDown) {
            self.rows_missing = Some(gap);
        }
    }
}

/// Increase per second between two readings; none when the counter went back or time did not go on.
pub(super) fn rate(t0: Micros, v0: f64, t1: Micros, v1: f64) -> Option<f64> {
    let dt = (t1 - t0) as f64 / SECOND as f64;
    (dt > 0.0 && v1 >= v0).then(|| (v1 - v0) / dt)
}
