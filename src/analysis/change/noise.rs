//! How much a series moves by itself.
//!
//! Owns: the long-run variance, from differences over growing lags. Must not: be moved by a few steps or spikes.
//!
//! Samples at 1 Hz follow one another closely. A mean over n of them varies as one over n·(1−φ)/(1+φ) independent ones
//! would; a penalty that forgets this finds a change in every slow wave.

use crate::analysis::stats::{MAD_TO_SD, median};

/// Longest lag at which differences are taken.
const LAGS: usize = 16;
/// The share of differences that is left out where the median says nothing.
const TRIMMED: f64 = 0.05;
/// Mean square of a normal distribution without its outer 5 %.
const TRIMMED_SQUARE: f64 = 0.7588;
/// More persistent than this is a random walk to whatever number of samples we have.
const MOST_PERSISTENT: f64 = 0.995;

/// What a series does between changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Noise {
    /// Variance of a mean of n samples, times n.
    pub(super) long_run: f64,
    /// Correlation of a sample with the next.
    pub(super) persistence: f64,
}

impl Noise {
    /// `None` if the series does not vary.
    pub(super) fn of(x: &[f64]) -> Option<Noise> {
        // Half the mean square of differences over `lag`: the variance of what changes within that lag.
        let within = |lag: usize| {
            let mut steps: Vec<f64> = x.iter().skip(lag).zip(x).map(|(b, a)| b - a).collect();
            // A slope is no noise: what is usual over the lag does not count.
            let usual = median(&mut steps).unwrap_or(0.0);
            steps.iter_mut().for_each(|d| *d = (*d - usual).abs());
            let robust = median(&mut steps).unwrap_or(0.0) * MAD_TO_SD;
            if robust > 0.0 { robust * robust / 2.0 } else { trimmed_square(&mut steps) / 2.0 }
        };
        let near = within(1);
        let far = within(LAGS / 2).max(within(LAGS)).max(near);
        let quantum = smallest_step(x)?;
        let persistence = if far > 0.0 { (1.0 - near / far).clamp(0.0, MOST_PERSISTENT) } else { 0.0 };
        let long_run = far * (1.0 + persistence) / (1.0 - persistence);
        // What is rounded to a quantum varies by a twelfth of its square, even if nothing is seen of it.
        Some(Noise { long_run: long_run.max(quantum * quantum / 12.0), persistence })
    }

    /// Number of samples after which the series has mostly forgotten.
    pub(super) fn memory(self) -> usize {
        ((1.0 + self.persistence) / (1.0 - self.persistence)).ceil() as usize
    }
}

fn trimmed_square(steps: &mut [f64]) -> f64 {
    steps.sort_unstable_by(f64::total_cmp);
    let kept = &steps[..steps.len() - (steps.len() as f64 * TRIMMED) as usize];
    kept.iter().map(|d| d * d).sum::<f64>() / kept.len().max(1) as f64 / TRIMMED_SQUARE
}

fn smallest_step(x: &[f64]) -> Option<f64> {
    x.windows(2).map(|w| (w[1] - w[0]).abs()).filter(|d| *d > 0.0).min_by(f64::total_cmp)
}
