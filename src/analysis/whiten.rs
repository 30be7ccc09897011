//! A series without what makes neighbours alike: trends, steps and coloured noise flattened to a white residual.
//!
//! Owns: filling holes, clipping the first differences, the whitening filter. Must not: look for anything in the residual.
//!
//! Autocorrelation of a raw 1 Hz series shows its trend and its drift before anything else. In first differences a step,
//! a counter's reset or an outlier is one impulse, which clipping tames. What is left has a smooth spectrum with the
//! lines of a period standing out; dividing by that smooth floor (a low quantile over neighbouring bins, which lines do
//! not lift) leaves noise of equal power at all frequencies, under which a correlation's spread is known.

use realfft::num_complex::Complex;

use super::fft::{Fft, quick_length};
use super::floor::Floor;
use super::stats::{MAD_TO_SD, mad, median};

/// How hard what stands out is cut down, in robust standard deviations.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    /// First differences.
    pub differences: f64,
    /// The white residual.
    pub residual: f64,
}

impl Clip {
    /// For series whose shape matters more than their outliers; the usual one.
    pub const TIGHT: Clip = Clip { differences: 5.0, residual: 4.0 };
    /// For series whose outliers are the shape: rare, tall bursts.
    pub const LOOSE: Clip = Clip { differences: 25.0, residual: 15.0 };
}

/// A series made white.
#[derive(Clone, Debug)]
pub struct Whitened {
    /// One per first difference (one less than the series has cells), mean 0, variance 1.
    pub residual: Vec<f64>,
    /// Share of the energy of the first differences that was clipped away, 0..=1.
    pub lost: f64,
}

/// The white residual of `values` (NaN = missing); `None` if they hold fewer than three numbers or never change.
pub fn whiten(values: &[f64], clip: Clip, fft: &mut Fft) -> Option<Whitened> {
    let filled = fill(values)?;
    let Differences { values, lost, idle } = differences(&filled, clip.differences)?;
    let n = values.len();
    let length = quick_length(n);
    let mut padded = values;
    padded.resize(length, 0.0);
    let mut spectrum = fft.forward(&mut padded);
    // The floor is that of the series itself, not of its differences: those have none at low frequencies.
    let gain = |bin: usize| 4.0 * (std::f64::consts::PI * bin as f64 / length as f64).sin().powi(2);
    flatten(&mut spectrum, n, length, gain);
    let mut residual = fft.inverse(&mut spectrum, length);
    residual.truncate(n);
    // What was flat with its spikes is not flat without them.
    if limit(&mut residual, clip.residual, idle) > MUCH_CUT && idle {
        residual.resize(length, 0.0);
        let mut spectrum = fft.forward(&mut residual);
        flatten(&mut spectrum, n, length, |_| 1.0);
        residual = fft.inverse(&mut spectrum, length);
        residual.truncate(n);
    }
    standardise(&mut residual)?;
    Some(Whitened { residual, lost })
}

/// `values` with holes bridged: a line between the medians of the five numbers on either side. Holes at the ends repeat
/// the nearest median.
fn fill(values: &[f64]) -> Option<Vec<f64>> {
    const NEIGHBOURS: usize = 5;
    let mut filled = values.to_vec();
    let mut from = 0;
    while let Some(start) = (from..values.len()).find(|&i| values[i].is_nan()) {
        let end = (start..values.len()).find(|&i| !values[i].is_nan()).unwrap_or(values.len());
        let mut before: Vec<f64> =
            values[..start].iter().rev().filter(|v| !v.is_nan()).take(NEIGHBOURS).copied().collect();
        let mut after: Vec<f64> =
            values[end..].iter().filter(|v| !v.is_nan()).take(NEIGHBOURS).copied().collect();
        let (left, right) = match (median(&mut before), median(&mut after)) {
            (Some(left), Some(right)) => (left, right),
            (Some(one), None) | (None, Some(one)) => (one, one),
            (None, None) => return None,
        };
        let width = (end - start + 1) as f64;
        for (i, cell) in filled[start..end].iter_mut().enumerate() {
            *cell = left + (right - left) * (i + 1) as f64 / width;
        }
        from = end;
    }
    Some(filled)
}

/// First differences about their median.
struct Differences {
    /// In units of the bound at which they are clipped.
    values: Vec<f64>,
    /// The share of energy that clipping took.
    lost: f64,
    /// Whether fewer than half of them differ from the median.
    idle: bool,
}

fn differences(values: &[f64], sd: f64) -> Option<Differences> {
    let mut d: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).collect();
    let middle = median(&mut d.clone())?;
    for v in &mut d {
        *v -= middle;
    }
    // What is left of a straight line after rounding is no change.
    let noise = values.iter().fold(0.0_f64, |most, v| most.max(v.abs())) * 1e-12;
    let mut sizes: Vec<f64> = d.iter().map(|v| v.abs()).filter(|v| *v > noise).collect();
    let moving = sizes.len();
    let typical = median(&mut sizes)?;
    if d.len() < 2 {
        return None;
    }
    let spread = MAD_TO_SD * median(&mut d.iter().map(|v| v.abs()).collect::<Vec<_>>())?;
    // A series that mostly stands still has no spread to measure by: its own typical move is the measure then.
    let idle = moving * 2 < d.len();
    let bound = if idle || spread < 0.05 * typical {
        2.0 * typical * sd / Clip::TIGHT.differences
    } else {
        sd * spread
    };
    // In units of the bound, so that squares neither vanish nor overflow whatever the series is measured in.
    for v in &mut d {
        *v /= bound;
    }
    let energy: f64 = d.iter().map(|v| v * v).sum();
    for v in &mut d {
        *v = v.clamp(-1.0, 1.0);
    }
    let kept: f64 = d.iter().map(|v| v * v).sum();
    Some(Differences { values: d, lost: 1.0 - kept / energy, idle })
}

/// Divides by the noise floor. `spectrum` is of `n` values filtered by `gain` and padded to `length`; what is slower than the
/// series is long is removed.
fn flatten(spectrum: &mut [Complex<f64>], n: usize, length: usize, gain: impl Fn(usize) -> f64) {
    let power: Vec<f64> = spectrum.iter().enumerate().skip(1).map(|(i, s)| s.norm_sqr() / gain(i)).collect();
    let floor = Floor::under(&power);
    let slowest = 1.2 * length as f64 / n as f64;
    let mut knot = 0;
    for (i, bin) in spectrum.iter_mut().enumerate() {
        if (i as f64) < slowest {
            *bin = Complex::new(0.0, 0.0);
        } else {
            *bin /= (floor.at(i, &mut knot) * gain(i)).sqrt();
        }
    }
}

/// A residual that loses more of its energy when it is clipped is made white once more.
const MUCH_CUT: f64 = 0.1;

/// Clips to `sd` robust standard deviations; the share of energy cut off.
fn limit(residual: &mut [f64], sd: f64, idle: bool) -> f64 {
    let energy = |residual: &[f64]| residual.iter().map(|v| v * v).sum::<f64>();
    let whole = energy(residual);
    // Of a series that mostly stands still rare spikes are left; the median is that of the ripples between them.
    let least = if idle { (whole / residual.len() as f64).sqrt() / 2.0 } else { 0.0 };
    let bound = sd * (MAD_TO_SD * mad(&mut residual.to_vec()).unwrap_or(0.0)).max(least);
    for v in residual.iter_mut() {
        *v = v.clamp(-bound, bound);
    }
    if whole > 0.0 { 1.0 - energy(residual) / whole } else { 0.0 }
}

/// To mean 0 and variance 1; `None` if nothing is left.
fn standardise(residual: &mut [f64]) -> Option<()> {
    let n = residual.len() as f64;
    let mean = residual.iter().sum::<f64>() / n;
    let variance = residual.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    if !(variance > 0.0 && variance.is_finite()) {
        return None;
    }
    let scale = variance.sqrt().recip();
    for v in residual.iter_mut() {
        *v = (*v - mean) * scale;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fall over")]
    use super::*;

    /// Numbers between -0.5 and 0.5 that look random.
    fn noise(n: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24) - 0.5
        };
        (0..n).map(|_| next()).collect()
    }

    /// STU-1, STU-4: a random walk on a trend becomes noise whose neighbours are not alike.
    #[test]
    fn a_random_walk_becomes_white() {
        let mut sum = 0.0;
        let walk: Vec<f64> = noise(2000)
            .iter()
            .enumerate()
            .map(|(i, v)| {
                sum += v;
                sum + i as f64 * 0.1
            })
            .collect();
        let white = whiten(&walk, Clip::TIGHT, &mut Fft::default()).unwrap();
        assert_eq!(white.residual.len(), 1999);
        for lag in 1..20 {
            let c: f64 = white.residual.windows(lag + 1).map(|w| w[0] * w[lag]).sum::<f64>() / 1999.0;
            assert!(c.abs() < 0.1, "lag {lag}: {c}");
        }
    }

    /// STU-1: one step or one outlier costs little and is told as lost energy.
    #[test]
    fn an_outlier_is_clipped() {
        let mut values = noise(1000);
        values[500] = 1e6;
        let white = whiten(&values, Clip::TIGHT, &mut Fft::default()).unwrap();
        assert!(white.lost > 0.99);
        assert!(white.residual.iter().all(|v| v.abs() < 6.0));
    }

    /// STU-1: holes are bridged between what lies on either side.
    #[test]
    fn holes_are_bridged() {
        let nan = f64::NAN;
        assert_eq!(fill(&[1.0, 1.0, nan, nan, 4.0, 4.0, nan]).unwrap(), [1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 2.5]);
        assert!(fill(&[nan, nan]).is_none());
    }

    /// STU-1: what never changes has no residual.
    #[test]
    fn a_constant_has_no_residual() {
        assert!(whiten(&[3.0; 100], Clip::TIGHT, &mut Fft::default()).is_none());
        assert!(
            whiten(
                &(0..100).map(|i| f64::from(i) * 0.1).collect::<Vec<_>>(),
                Clip::TIGHT,
                &mut Fft::default()
            )
            .is_none()
        );
        assert!(whiten(&[1.0, 2.0], Clip::TIGHT, &mut Fft::default()).is_none());
    }
}
