//! What is known of consecutive rows, so that they need not be visited again (level of detail).
//!
//! Owns: rows → [`Digest`]. Must not: lose anything that a bucket would say: a digest stands for rows only where what
//! follows from it is what follows from them.

use super::line::rate;
use crate::time::Micros;

/// Where consecutive rows of one subject stand: on consecutive ticks of one run, and later from row to row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// Time of the first row.
    pub first: Micros,
    /// Time of the last row.
    pub last: Micros,
    /// Run of all of them.
    pub run: u32,
    /// Tick of the first row.
    pub tick_no: i64,
    /// Number of rows, at least one.
    pub rows: u32,
}

/// What a metric's values in a span come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Digest {
    /// No value on any row.
    Empty,
    /// A value on each row, and for counters an increase on each but the first.
    Whole(Whole),
    /// Anything else: the rows have to be looked at.
    Mixed,
}

/// A value on each row. Rows whose meaning depends on what came before them are kept as they are: the first, and a
/// counter's second, before which the line may break.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Whole {
    /// Stored value of the first row.
    pub(super) first: f64,
    /// Time and stored value of a counter's second row.
    pub(super) second: Option<(Micros, f64)>,
    /// Number of rows after those.
    pub(super) rest: u32,
    /// Smallest shown value of those rows; the same for largest and sum.
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) sum: f64,
    /// Last of the stored and of the shown values of those rows.
    pub(super) stored: f64,
    pub(super) shown: f64,
}

impl Digest {
    /// Of `rows` rows in a [`Span`]. `time` and `value` give each row's.
    pub fn of(
        counter: bool,
        rows: usize,
        time: impl Fn(usize) -> Micros,
        value: impl Fn(usize) -> Option<f64>,
    ) -> Digest {
        let finite = |i| value(i).filter(|v: &f64| v.is_finite());
        let Some(first) = finite(0) else {
            return if (1..rows).all(|i| finite(i).is_none()) { Digest::Empty } else { Digest::Mixed };
        };
        let (mut min, mut max, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        let (mut stored, mut shown, mut second) = (first, first, None);
        for i in 1..rows {
            let Some(v) = finite(i) else { return Digest::Mixed };
            shown = if counter {
                let Some(r) = rate(time(i - 1), stored, time(i), v) else { return Digest::Mixed };
                r
            } else {
                v
            };
            stored = v;
            if counter && i == 1 {
                second = Some((time(i), v));
                continue;
            }
            min = f64::min(min, shown);
            max = f64::max(max, shown);
            sum += shown;
        }
        let head = if counter { 2 } else { 1 };
        let rest = rows.saturating_sub(head) as u32;
        Digest::Whole(Whole { first, second, rest, min, max, sum, stored, shown })
    }
}
