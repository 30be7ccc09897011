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
    /// Variance of each of `sums` if the residual were noise of the same burstiness.
    pub variances: Vec<f64>,
    total_sums: Vec<f64>,
    total_variances: Vec<f64>,
}

/// What a comb gives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Comb {
    /// Excess of the teeth over their cycles.
    excess: f64,
    variance: f64,
    /// Number of pairs behind the teeth.
    pairs: f64,
}

impl Comb {
    /// Excess in standard deviations of noise.
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
        let (total_sums, total_variances) = (running(&sums), running(&variances));
        Self { n, sums, variances, total_sums, total_variances }
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

    /// The comb of `period` with all teeth up to the multiple `last`, taking the variance as steady within a tooth. The
    /// cycles join to one stretch, which is what makes it quick.
    pub(super) fn steady_comb(&self, period: f64, half: f64, last: usize) -> Comb {
        let share = 2.0 * half / period;
        let (mut teeth, mut variance) = (0.0, 0.0);
        for k in 1..=last {
            let at = k as f64 * period;
            let lags = self.sums.len();
            teeth += Edge::at(at + half, lags).of(&self.total_sums)
                - Edge::at(at - half, lags).of(&self.total_sums);
            variance += self.variances[(at as usize).min(lags - 1)];
        }
        let (cycles, cycles_variance) = self.between(period / 2.0, (last as f64 + 0.5) * period);
        Comb {
            excess: teeth - share * cycles,
            variance: (1.0 - 2.0 * share) * 2.0 * half * variance + share * share * cycles_variance,
            pairs: 0.0,
        }
    }

    /// Sum of the correlations between two real lags, and of their variances: lag j owns [j−½, j+½).
    pub(super) fn between(&self, from: f64, to: f64) -> (f64, f64) {
        let (low, high) = (Edge::at(from, self.sums.len()), Edge::at(to, self.sums.len()));
        (
            high.of(&self.total_sums) - low.of(&self.total_sums),
            high.of(&self.total_variances) - low.of(&self.total_variances),
        )
    }
}

/// A real lag as a place in running sums.
struct Edge {
    cell: usize,
    part: f64,
}

impl Edge {
    fn at(lag: f64, lags: usize) -> Self {
        let place = (lag + 0.5).clamp(0.0, lags as f64 - 1e-9);
        Self { cell: place as usize, part: place.fract() }
    }

    fn of(&self, running: &[f64]) -> f64 {
        running[self.cell] + self.part * (running[self.cell + 1] - running[self.cell])
    }
}

/// Sums of the first 0, 1, 2 … values.
fn running(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums = Vec::with_capacity(values.len() + 1);
    sums.push(0.0);
    sums.extend(values.iter().map(|v| {
        sum += v;
        sum
    }));
    sums
}

/// Means of `values` over ±`reach` lags, lag 0 (which has no partner but itself) left out, and at least `least`.
fn spread(values: &[f64], reach: usize, least: impl Fn(usize) -> f64) -> Vec<f64> {
    let sums = running(values);
    (0..values.len())
        .map(|lag| {
            let (low, high) = (lag.saturating_sub(reach).max(1), (lag + reach + 1).min(values.len()));
            let mean = if high > low { (sums[high] - sums[low]) / (high - low) as f64 } else { 0.0 };
            mean.max(least(lag))
        })
        .collect()
}
