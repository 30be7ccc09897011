//! The noise under the lines of a power spectrum.
//!
//! Owns: that curve. Must not: know what the spectrum is of.

use super::stats::quantile;

/// A smooth curve under a spectrum: straight between its knots in log power over log frequency.
pub(super) struct Floor {
    /// Logarithms of bin and power, bins ascending.
    knots: Vec<(f64, f64)>,
}

impl Floor {
    /// Under `power`, whose first number is that of bin 1. A quantile over a window in which the spectrum falls steeply
    /// is not that of the window's middle; a second look at the power over the first floor sets that right.
    pub(super) fn under(power: &[f64]) -> Self {
        let first = Self::quantiles(power);
        let mut knot = 0;
        let flat: Vec<f64> = power.iter().enumerate().map(|(i, p)| p / first.at(i + 1, &mut knot)).collect();
        let second = Self::quantiles(&flat);
        Self { knots: first.knots.iter().zip(&second.knots).map(|(a, b)| (a.0, a.1 + b.1)).collect() }
    }

    /// The smoothed quantiles of `power` about each knot.
    fn quantiles(power: &[f64]) -> Self {
        const KNOTS: usize = 28;
        // Noise alone has exponentially distributed power; this quantile over that factor is its mean.
        const QUANTILE: f64 = 0.4;
        let to_mean = -1.0 / (1.0 - QUANTILE).ln();
        let last = power.len() as f64;
        let least = power.iter().copied().filter(|p| *p > 0.0).fold(f64::INFINITY, f64::min);
        let top = power.iter().copied().fold(0.0, f64::max);
        // Perfectly regular series have bins of rounding noise only; a floor there would blow it up.
        let least = least.max(top * 1e-9).max(f64::MIN_POSITIVE);
        let mut scratch = Vec::new();
        let mut raw: Vec<(f64, f64)> = Vec::with_capacity(KNOTS);
        for knot in 0..KNOTS {
            let bin = last.powf(knot as f64 / (KNOTS - 1) as f64);
            let low = (bin / 2.2).min(bin - 10.0).max(1.0) as usize;
            let high = ((2.2 * bin).max(bin + 12.0).max(low as f64 + 19.0) as usize).min(power.len());
            scratch.clear();
            scratch.extend_from_slice(&power[low - 1..high]);
            let level = quantile(&mut scratch, QUANTILE).unwrap_or(least) * to_mean;
            raw.push((bin.ln(), level.max(least).ln()));
        }
        let level = |i: usize| raw[i.min(KNOTS - 1)].1;
        let smooth = |i: usize| (level(i.saturating_sub(1)) + 2.0 * level(i) + level(i + 1)) / 4.0;
        Self { knots: (0..KNOTS).map(|i| (raw[i].0, smooth(i))).collect() }
    }

    /// The floor at a bin from 1 on; `from` remembers the knot, for bins asked in ascending order.
    pub(super) fn at(&self, bin: usize, from: &mut usize) -> f64 {
        let x = (bin as f64).ln();
        while *from + 2 < self.knots.len() && self.knots[*from + 1].0 < x {
            *from += 1;
        }
        let ((x0, y0), (x1, y1)) = (self.knots[*from], self.knots[*from + 1]);
        let part = if x1 > x0 { ((x - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { 0.0 };
        (y0 + part * (y1 - y0)).exp()
    }
}
