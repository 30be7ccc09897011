//! What moved together, and which came first (STU-4).
//!
//! Owns: lagged correlation of whitened series, and which of many pairs count. Must not: know whose series they are:
//! whoever asks says which pairs are worth comparing.
//!
//! Two series that drift or follow the clock correlate without having to do with one another. So each is whitened first
//! ([`super::whiten`]); what is left of two independent ones correlates by no more than 1/√n at any lag. Every pair is
//! compared at all lags at once by Fourier transform; the number of pairs and lags is paid for by controlling the share
//! of false discoveries.

mod chance;

use realfft::num_complex::Complex;

use self::chance::{false_discovery_rates, two_sided};
use super::fft::{Fft, quick_length};
use super::stats::{MAD_TO_SD, mad};
use super::whiten::{Clip, whiten};

/// Fewest samples of a series.
pub const LEAST: usize = 120;
/// Furthest lag in cells, as far as the series is four times as long.
pub const FURTHEST: usize = 60;
/// Share of false discoveries among what is found.
const FALSE: f64 = 0.01;
/// What chance may add beyond what theory says, in standard deviations.
const MARGIN: f64 = 1.0;
/// Below this a pair is not looked at closely.
const REMARKABLE: f64 = 4.0;
/// What is further out than so many robust standard deviations is cut.
const OUTSTANDING: f64 = 4.0;
/// Two periods that differ by less are one.
const SAME_PERIOD: f64 = 0.02;

/// Two series that moved together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Position of the one series.
    pub a: usize,
    /// Position of the other.
    pub b: usize,
    /// By how many cells `b` follows `a`; negative when it leads.
    pub lag: i64,
    /// Correlation of what is unforeseen in both, −1..=1; negative when they move against one another.
    pub r: f64,
    /// The correlation in standard deviations of chance.
    pub z: f64,
    /// The share of false discoveries among pairs that are as strong as this one.
    pub false_discovery_rate: f64,
}

/// What came of comparing many series.
#[derive(Clone, Debug, PartialEq)]
pub struct Links {
    /// The strongest correlation first.
    pub links: Vec<Link>,
    /// Pairs that were compared.
    pub compared: usize,
    /// Positions of series that hold too little to be compared.
    pub unjudged: Vec<usize>,
}

/// Two series with one period: that they move together says no more than that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SameCycle {
    /// The period in seconds.
    pub period_s: f64,
    /// By how many seconds `b` follows `a` within the cycle, at most half a period either way.
    pub lag_s: f64,
}

impl Link {
    /// Whether both follow one cycle, given their periods and the length of a cell in seconds.
    pub fn same_cycle(&self, a_period_s: f64, b_period_s: f64, step_s: f64) -> Option<SameCycle> {
        let period_s = a_period_s.midpoint(b_period_s);
        let same = (a_period_s - b_period_s).abs() <= SAME_PERIOD * period_s;
        let lag_s = self.lag as f64 * step_s;
        same.then(|| SameCycle { period_s, lag_s: lag_s - (lag_s / period_s).round() * period_s })
    }

    /// One sentence about `b` as seen from `a`; `cycle` as [`Link::same_cycle`] has it.
    pub fn sentence(&self, a: &str, b: &str, step_s: f64, cycle: Option<SameCycle>) -> String {
        let how = if self.r < 0.0 { "in the opposite direction" } else { "in the same direction" };
        let lag_s = cycle.map_or(self.lag as f64 * step_s, |c| c.lag_s);
        let seconds = seconds(lag_s.abs());
        let who = if lag_s == 0.0 {
            format!("{b} moves with {a}, {how}")
        } else if lag_s > 0.0 {
            format!("{b} follows {a} by {seconds}, {how}")
        } else {
            format!("{b} leads {a} by {seconds}, {how}")
        };
        let mut text = vec![who];
        text.push(format!(" (r = {:+.2})", self.r));
        if let Some(c) = cycle {
            text.push(format!(
                "; same cycle of {}, so it may be the clock that moves both",
                self::seconds(c.period_s)
            ));
        }
        text.concat()
    }
}

fn seconds(s: f64) -> String {
    let tenths = (s * 10.0).round() / 10.0;
    format!("{tenths} s")
}

/// A whitened series and its spectrum, padded so that no lag wraps around.
struct Ready {
    residual: Vec<f64>,
    /// Correlation with itself at lags from 1 on: whitening is never perfect.
    alike: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
}

/// Compares the pairs `(a, b)`, a < b, that `wanted` names, of series on one grid (NaN = missing). `keep_on` is told the
/// share that is done and may call it off; then there is no answer.
pub fn compare(
    series: &[&[f64]],
    wanted: impl Fn(usize, usize) -> bool,
    mut keep_on: impl FnMut(f64) -> bool,
) -> Option<Links> {
    let cells = series.iter().map(|s| s.len()).min().unwrap_or(0);
    let furthest = FURTHEST.min(cells / 4);
    let padded = quick_length(cells + furthest);
    let mut fft = Fft::default();
    let mut unjudged = Vec::new();
    let mut ready: Vec<(usize, Ready)> = Vec::new();
    for (i, values) in series.iter().enumerate() {
        if !keep_on(0.2 * i as f64 / series.len() as f64) {
            return None;
        }
        match prepare(&values[..cells], padded, &mut fft) {
            Some(r) => ready.push((i, r)),
            None => unjudged.push(i),
        }
    }
    let (mut links, mut compared) = (Vec::new(), 0);
    for (done, (a, first)) in ready.iter().enumerate() {
        let rest = 1.0 - done as f64 / ready.len() as f64;
        if !keep_on(1.0 - 0.8 * rest * rest) {
            return None;
        }
        for (b, second) in ready[done + 1..].iter().filter(|(b, _)| wanted(*a, *b)) {
            compared += 1;
            links.extend(strongest(first, second, furthest, padded, &mut fft).map(|l| Link {
                a: *a,
                b: *b,
                ..l
            }));
        }
    }
    Some(Links { links: significant(links, compared, 2 * furthest + 1), compared, unjudged })
}

fn prepare(values: &[f64], padded: usize, fft: &mut Fft) -> Option<Ready> {
    if values.iter().filter(|v| v.is_finite()).count() < LEAST {
        return None;
    }
    let mut residual = whiten(values, Clip::TIGHT, fft)?.residual;
    tame(&mut residual)?;
    let mut room = residual.clone();
    room.resize(padded, 0.0);
    let sums = fft.autocorrelation(&residual, FURTHEST);
    let alike = sums[1..].iter().map(|sum| sum / sums[0]).collect();
    Some(Ready { spectrum: fft.forward(&mut room), residual, alike })
}

/// Cuts what stands out of a residual and brings it back to variance 1: a minute in which many series are busy must not
/// weigh more than the rest of an hour. `None` if nothing is left.
fn tame(residual: &mut [f64]) -> Option<()> {
    let bound = OUTSTANDING * MAD_TO_SD * mad(&mut residual.to_vec())?;
    if bound > 0.0 {
        for v in residual.iter_mut() {
            *v = v.clamp(-bound, bound);
        }
    }
    let sd = (residual.iter().map(|v| v * v).sum::<f64>() / residual.len() as f64).sqrt();
    for v in residual.iter_mut() {
        *v /= sd;
    }
    (sd > 0.0).then_some(())
}

/// The lag at which two series are most alike, if that is remarkable.
fn strongest(a: &Ready, b: &Ready, furthest: usize, padded: usize, fft: &mut Fft) -> Option<Link> {
    let mut product: Vec<Complex<f64>> =
        a.spectrum.iter().zip(&b.spectrum).map(|(x, y)| x.conj() * y).collect();
    let sums = fft.inverse(&mut product, padded);
    let n = a.residual.len();
    let furthest = furthest as i64;
    let at = |lag: i64| sums[lag.rem_euclid(padded as i64) as usize];
    let z_at = |lag: i64| at(lag) / ((n - lag.unsigned_abs() as usize) as f64).sqrt();
    let lag = (-furthest..=furthest).max_by(|x, y| z_at(*x).abs().total_cmp(&z_at(*y).abs()))?;
    if z_at(lag).abs() < REMARKABLE {
        return None;
    }
    let overlap = (n - lag.unsigned_abs() as usize) as f64;
    // Two series of which each follows itself agree by chance more often (Bartlett 1946).
    let repeated = 1.0 + 2.0 * a.alike.iter().zip(&b.alike).map(|(x, y)| x * y).sum::<f64>();
    let z = at(lag) / (overlap.max(bursts(&a.residual, &b.residual, lag)) * repeated.max(1.0)).sqrt();
    Some(Link { a: 0, b: 0, lag, r: at(lag) / overlap, z, false_discovery_rate: 1.0 })
}

/// The variance of the sum at `lag` if only the bursts of the two, not their moves, fall together: two series that are
/// busy at the same time have great products of any sign.
fn bursts(a: &[f64], b: &[f64], lag: i64) -> f64 {
    const AROUND: [i64; 8] = [-15, -9, -5, -2, 2, 5, 9, 15];
    let squares = |lag: i64| {
        let (skip_a, skip_b) = ((-lag).max(0) as usize, lag.max(0) as usize);
        let pairs = a.iter().skip(skip_a).zip(b.iter().skip(skip_b));
        pairs.map(|(x, y)| x * x * y * y).sum::<f64>()
    };
    AROUND.iter().map(|off| squares(lag + off)).fold(0.0, f64::max)
}

fn significant(mut links: Vec<Link>, compared: usize, lags: usize) -> Vec<Link> {
    let chance = |l: &Link| (two_sided((l.z.abs() - MARGIN).max(0.0)) * lags as f64).min(1.0);
    let rates = false_discovery_rates(&links.iter().map(chance).collect::<Vec<_>>(), compared);
    for (link, rate) in links.iter_mut().zip(rates) {
        link.false_discovery_rate = rate;
    }
    links.retain(|l| l.false_discovery_rate <= FALSE);
    links.sort_by(|x, y| y.r.abs().total_cmp(&x.r.abs()).then((x.a, x.b).cmp(&(y.a, y.b))));
    links
}

#[cfg(test)]
mod tests;
