//! Periodicity (STU-1): what repeats in a series, how surely, how much, when next.
//!
//! Owns: the verdict and its parts ([`Verdict`], [`Period`]), the folded view ([`fold()`]). Must not: know what a series
//! measures: the unit comes in only where a sentence is written.
//!
//! The series is made white ([`super::whiten`]), its autocorrelation is combed for teeth at the multiples of each period
//! (`scan`), the fundamental is told from its multiples and fractions and refined (`resolve`), further periods are looked
//! for (`detect`); then the series itself tells where each holds (`hold`) and what it looks like (`shape`). Measured in
//! specs/decisions/0012.

mod correlogram;
mod detect;
mod fold;
mod hold;
mod resolve;
mod say;
mod scan;
mod shape;

use std::fmt;

pub use fold::{Column, Folded, fold};
pub use say::duration;
pub use shape::Shape;

use super::fft::Fft;
use super::grid::Grid;
use crate::time::{Micros, TimeRange};
use scan::Candidate;

/// A series needs as many values for any verdict.
pub const FEWEST_VALUES: usize = 30;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Report at most so many periods of one series: nested ones beside the strongest; 1 to 3.
    pub most: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { most: 3 }
    }
}

/// Whether a series repeats.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It does, with these periods, the surest first; at least one.
    Periodic(Vec<Period>),
    /// It does not, as far as can be told.
    Aperiodic {
        /// z of the strongest candidate; what becomes a [`Period`] has 7 or more.
        strongest: f64,
    },
    /// There is too little to tell.
    NotEnough(NotEnough),
}

/// Why nothing can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEnough {
    /// Fewer than [`FEWEST_VALUES`] values: so many.
    Values(usize),
    /// Most of the series is missing: so many values in so many cells.
    Holes {
        /// Cells with a value.
        values: usize,
        /// All cells.
        cells: usize,
    },
    /// Nothing changes, or only in a straight line.
    NeverChanges,
}

impl fmt::Display for NotEnough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(0) => write!(f, "not enough data: no values"),
            Self::Values(n) => write!(f, "not enough data: {n} values, {FEWEST_VALUES} are needed"),
            Self::Holes { values, cells } => {
                write!(f, "not enough data: {values} values in {cells} intervals, a quarter is needed")
            }
            Self::NeverChanges => write!(f, "not enough data: the value never changes"),
        }
    }
}

/// One period of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// Length of a cycle in seconds.
    pub period_s: f64,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// How far it stands out of the series' own noise, in standard deviations.
    pub z: f64,
    /// Cycles that fit into the series.
    pub cycles: f64,
    /// Whole cycles in which it was seen.
    pub seen: usize,
    /// From the lowest to the highest mean phase of a cycle, in the unit of the series.
    pub amplitude: f64,
    /// What a cycle looks like.
    pub shape: Shape,
    /// When its next peak (of a dip: its next bottom) is due after the end of the series.
    pub next: Micros,
    /// Where it holds, in order of time.
    pub windows: Vec<TimeRange>,
}

/// Looks for periods; keep one for many series.
#[derive(Default)]
pub struct Finder {
    fft: Fft,
}

impl Finder {
    /// The verdict on a series, a counter as its rate.
    pub fn find(&mut self, grid: &Grid, options: &Options) -> Verdict {
        let present = grid.present();
        if present < FEWEST_VALUES {
            return Verdict::NotEnough(NotEnough::Values(present));
        }
        if present * 4 < grid.len() {
            return Verdict::NotEnough(NotEnough::Holes { values: present, cells: grid.len() });
        }
        let Some(detected) = detect::detect(&grid.values, options.most, &mut self.fft) else {
            return Verdict::NotEnough(NotEnough::NeverChanges);
        };
        let describe = |candidate: &Candidate| describe(grid, &detected.residual, candidate);
        // A cycle that is flat in the series itself is an echo of the filters between rare spikes.
        let periods: Vec<Period> =
            detected.periods.iter().map(describe).filter(|period| period.amplitude > 0.0).collect();
        if periods.is_empty() {
            return Verdict::Aperiodic { strongest: detected.strongest };
        }
        Verdict::Periodic(periods)
    }
}

/// A matter of feeling: about a half at the least z that convinces, nine tenths at 27.
fn confidence(z: f64) -> f64 {
    0.4 + 0.6 * (1.0 - (-(z - 5.0) / 12.0).exp())
}

fn describe(grid: &Grid, residual: &[f64], candidate: &Candidate) -> Period {
    let held = hold::held(&grid.values, residual, candidate.period);
    let cycle = shape::cycle(&grid.values, candidate.period, &held.windows);
    let end = grid.len() as f64;
    let cycles_to_come = ((end - cycle.peak) / candidate.period).ceil();
    Period {
        period_s: candidate.period * grid.step_s(),
        confidence: confidence(candidate.z),
        z: candidate.z,
        cycles: end / candidate.period,
        seen: held.seen,
        amplitude: cycle.amplitude,
        shape: cycle.shape.scaled(grid.step_s()),
        next: grid.time(cycle.peak + cycles_to_come * candidate.period),
        windows: held
            .windows
            .iter()
            .map(|w| TimeRange::new(grid.time(w.start as f64), grid.time(w.end as f64)))
            .collect(),
    }
}
