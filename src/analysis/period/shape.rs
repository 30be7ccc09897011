//! What a cycle looks like: how far it swings, whether it is a burst, a dip or a wave, and when it peaks.
//!
//! Owns: the mean cycle of the series itself, free of trend and outliers. Must not: find periods.

use std::ops::Range;

use super::fold::{column, columns};

/// What a cycle looks like; lengths in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Short and high.
    Burst {
        /// How long it is above half of its height.
        width_s: f64,
    },
    /// Short and low.
    Dip {
        /// How long it is below half of its depth.
        width_s: f64,
    },
    /// Neither.
    Wave,
}

impl Shape {
    /// With lengths multiplied: from cells to seconds.
    pub(super) fn scaled(self, by: f64) -> Self {
        match self {
            Self::Burst { width_s } => Self::Burst { width_s: width_s * by },
            Self::Dip { width_s } => Self::Dip { width_s: width_s * by },
            Self::Wave => Self::Wave,
        }
    }
}

/// The mean cycle of a series.
pub(super) struct Cycle {
    /// Highest less lowest.
    pub amplitude: f64,
    /// Widths in cells.
    pub shape: Shape,
    /// Cell of the first peak (of a dip: bottom), within the first cycle.
    pub peak: f64,
}

/// The mean cycle of `period` cells within some stretches of a series.
pub(super) fn cycle(values: &[f64], period: f64, windows: &[Range<usize>]) -> Cycle {
    // A burst is over within this share of its cycle.
    const SHORT: f64 = 0.35;
    let mean = mean_cycle(values, period, windows);
    let extreme = |better: fn(&f64, &f64) -> bool| {
        let mut best = 0;
        for (i, value) in mean.iter().enumerate() {
            if better(value, &mean[best]) {
                best = i;
            }
        }
        best
    };
    let (high, low) = (extreme(f64::gt), extreme(f64::lt));
    let amplitude = mean[high] - mean[low];
    let middle = mean[low] + amplitude / 2.0;
    let above = mean.iter().filter(|v| **v > middle).count() as f64 / mean.len() as f64;
    let (shape, peak) = if above <= SHORT {
        (Shape::Burst { width_s: above * period }, high)
    } else if above >= 1.0 - SHORT {
        (Shape::Dip { width_s: (1.0 - above) * period }, low)
    } else {
        (Shape::Wave, high)
    };
    Cycle { amplitude, shape, peak: peak as f64 / mean.len() as f64 * period }
}

/// Per phase, the mean of what lies above a moving average over one cycle.
fn mean_cycle(values: &[f64], period: f64, windows: &[Range<usize>]) -> Vec<f64> {
    let level = level(values, columns(period));
    let mut phases: Vec<Vec<f64>> = vec![Vec::new(); columns(period)];
    for cell in windows.iter().cloned().flatten().filter(|&cell| !values[cell].is_nan()) {
        phases[column(cell, period)].push(values[cell] - level[cell]);
    }
    phases.iter_mut().map(|phase| trimmed_mean(phase)).collect()
}

/// Mean of the present values over `width` cells around each cell; at the ends, over the outermost `width` cells.
fn level(values: &[f64], width: usize) -> Vec<f64> {
    let mut sums = Vec::with_capacity(values.len() + 1);
    let (mut sum, mut count) = (0.0, 0_u32);
    // About the first value, so that a small swing on a huge level keeps its digits.
    let about = values.iter().copied().find(|v| !v.is_nan()).unwrap_or(0.0);
    sums.push((sum, count));
    for value in values {
        if !value.is_nan() {
            sum += value - about;
            count += 1;
        }
        sums.push((sum, count));
    }
    let width = width.min(values.len());
    (0..values.len())
        .map(|cell| {
            let start = cell.saturating_sub(width / 2).min(values.len() - width);
            let (from, to) = (sums[start], sums[start + width]);
            if to.1 > from.1 { about + (to.0 - from.0) / f64::from(to.1 - from.1) } else { f64::NAN }
        })
        .collect()
}

/// Mean without the highest and the lowest tenth; 0 without values.
fn trimmed_mean(values: &mut [f64]) -> f64 {
    let cut = values.len() / 10;
    values.sort_unstable_by(f64::total_cmp);
    let kept = &values[cut..values.len() - cut];
    if kept.is_empty() { 0.0 } else { kept.iter().sum::<f64>() / kept.len() as f64 }
}
