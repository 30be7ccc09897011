//! The autocorrelation of a white residual, and how far a comb of lags stands out of its noise.
//!
//! Owns: sums per lag, their variance where nothing repeats, combs. Must not: choose periods.
//!
//! What repeats every P cells correlates at the lags P, 2P, 3P …: a comb. Its teeth are compared with the rest of
//! their cycles, so that a correlation that is high at all lags (a slow wave) gives nothing.

use crate::analysis::fft::Fft;

/// Lags are kept to this share of the length; beyond it too few pairs are left.
const LONGEST_LAG: f64 = 0.75;

/// Share of the length in which teeth are looked for; the rest is room for half a cycle.
pub(super) const LAST_TOOTH: f64 = 0.6;

/// Autocorrelation of a residual.
pub(super) struct Correlogram {
    /// Number of values of the residual.
    pub n: usize,
    /// Σ e(t)·e(t+k) per lag k; 0 at lag 0.
    pub sums: Vec<f64>,
    /// Excess kurtosis of the residual, at least 0: how much a single coincidence of two spikes weighs.
    spikiness: f64,
    /// Sums of the first 0, 1, 2 … of `sums` and of `variances`.
    totals: Vec<[f64; 2]>,
}

/// What a comb gives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Comb {
    /// Excess of the teeth over their cycles.
    excess: f64,
    /// Its variance in noise.
    variance: f64,
    /// Number of pairs behind the teeth.
    pairs: f64,
}

impl Comb {
    /// Excess in standard deviations of noise, if that is normal.
    pub(super) fn z(self) -> f64 {
        if self.variance > 0.0 { self.excess / self.variance.sqrt() } else { 0.0 }
    }

    /// Mean correlation of a tooth; comparable between combs of one width.
    pub(super) fn height(self) -> f64 {
        if self.pairs > 0.0 { self.excess / self.pairs } else { 0.0 }
    }
}

impl Correlogram {
    /// Of a residual of mean 0 and variance 1.
    pub(super) fn new(residual: &[f64], fft: &mut Fft) -> Self {
        let n = residual.len();
        let most = (LONGEST_LAG * n as f64) as usize;
        let mut sums = fft.autocorrelation(residual, most);
        sums[0] = 0.0;
        let squares: Vec<f64> = residual.iter().map(|e| e * e).collect();
        let mean = squares.iter().sum::<f64>() / n as f64;
        let paired = fft.autocorrelation(&squares, most);
        let variances = spread(&paired, (n / 40).max(15), |lag| mean * mean * (n - lag) as f64);
        let totals = running(sums.iter().zip(&variances).map(|(s, v)| [*s, *v]));
        let kurtosis = squares.iter().map(|s| s * s).sum::<f64>() / n as f64 / (mean * mean);
        Self { n, sums, spikiness: (kurtosis - 3.0).max(0.0), totals }
    }

    /// z of an excess over its variance, as if sums of few spikes were normal: by Bennett's inequality. Where spikes are
    /// rare, two or three that coincide give an excess of many standard deviations, and mean nothing.
    pub(super) fn sober(&self, excess: f64, variance: f64) -> f64 {
        if variance <= 0.0 || excess <= 0.0 {
            return 0.0;
        }
        let jump = self.spikiness * excess / variance;
        if jump < 1e-3 {
            return excess / variance.sqrt();
        }
        (2.0 * variance * ((1.0 + jump) * jump.ln_1p() - jump)).sqrt() / self.spikiness
    }

    /// Longest lag at which a tooth may lie.
    pub(super) fn reach(&self) -> f64 {
        LAST_TOOTH * self.n as f64
    }

    /// The comb of `period` with teeth of half-width `half` at those of the multiples `1..=last` that `which` takes.
    pub(super) fn comb(&self, period: f64, half: f64, last: usize, which: impl Fn(usize) -> bool) -> Comb {
        let share = 2.0 * half / period;
        let mut comb = Comb::default();
        for k in (1..=last).filter(|&k| which(k)) {
            let at = k as f64 * period;
            let (tooth, tooth_variance) = self.between(at - half, at + half);
            let (cycle, cycle_variance) = self.between(at - period / 2.0, at + period / 2.0);
            comb.excess += tooth - share * cycle;
            comb.variance += (1.0 - 2.0 * share) * tooth_variance + share * share * cycle_variance;
            comb.pairs += (self.n as f64 - at).max(0.0);
        }
        comb
    }

    /// Sum of the correlations between two real lags, and of their variances: lag j owns [j−½, j+½).
    pub(super) fn between(&self, from: f64, to: f64) -> (f64, f64) {
        let ([low, low_variance], [high, high_variance]) = (self.total(from), self.total(to));
        (high - low, high_variance - low_variance)
    }

    fn total(&self, lag: f64) -> [f64; 2] {
        let place = (lag + 0.5).clamp(0.0, self.sums.len() as f64 - 1e-6);
        let (cell, part) = (place as usize, place.fract());
        let (low, high) = (self.totals[cell], self.totals[cell + 1]);
        [low[0] + part * (high[0] - low[0]), low[1] + part * (high[1] - low[1])]
    }

    /// Sum of the correlations below a lag, rounded to the next edge between two lags.
    pub(super) fn total_near(&self, lag: f64) -> f64 {
        self.totals[((lag + 1.0) as usize).min(self.totals.len() - 1)][0]
    }
}

/// Sums of the first 0, 1, 2 … pairs.
fn running(pairs: impl Iterator<Item = [f64; 2]>) -> Vec<[f64; 2]> {
    let mut sum = [0.0; 2];
    let after = pairs.map(|pair| {
        sum = [sum[0] + pair[0], sum[1] + pair[1]];
        sum
    });
    std::iter::once([0.0; 2]).chain(after).collect()
}

/// Means of `values` over ±`reach` lags, lag 0 (which has no partner but itself) left out, and at least `least`.
fn spread(values: &[f64], reach: usize, least: impl Fn(usize) -> f64) -> Vec<f64> {
    let sums = running(values.iter().map(|v| [*v, 0.0]));
    (0..values.len())
        .map(|lag| {
            let (low, high) = (lag.saturating_sub(reach).max(1), (lag + reach + 1).min(values.len()));
            let mean = if high > low { (sums[high][0] - sums[low][0]) / (high - low) as f64 } else { 0.0 };
            mean.max(least(lag))
        })
        .collect()
}
