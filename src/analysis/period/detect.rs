//! Which periods a series has, in cells.
//!
//! Owns: the two views of a series (bursts clipped, bursts kept), the first period, and those nested in it or around it.
//! Must not: know times and units.

use super::correlogram::Correlogram;
use super::resolve::{fundamental, refine};
use super::scan::{Candidate, FEWEST_CYCLES, scan};
use crate::analysis::fft::{Fft, quick_length};
use crate::analysis::whiten::{Clip, Whitened, whiten};

/// What was found in a series.
pub(super) struct Detected {
    /// The residual in which it was found.
    pub residual: Vec<f64>,
    /// Periods, the strongest first; may be none.
    pub periods: Vec<Candidate>,
    /// z of the strongest candidate, convincing or not.
    pub strongest: f64,
}

/// The periods of `values` (NaN = missing), at most `most`; `None` if they never change.
pub(super) fn detect(values: &[f64], most: usize, fft: &mut Fft) -> Option<Detected> {
    // Above this share of clipped energy, what was clipped may be the very bursts that repeat.
    const MUCH_LOST: f64 = 0.3;
    const MUCH_BETTER: f64 = 1.15;
    let tight = View::of(whiten(values, Clip::TIGHT, fft)?, fft);
    let lost = tight.white.lost;
    let view = if lost > MUCH_LOST
        && let Some(white) = whiten(values, Clip::LOOSE, fft)
    {
        let loose = View::of(white, fft);
        match (tight.first, loose.first) {
            (Some(a), Some(b)) if b.z > MUCH_BETTER * a.z => loose,
            (None, Some(_)) => loose,
            _ => tight,
        }
    } else {
        tight
    };
    let Some(first) = view.first else {
        return Some(Detected {
            residual: view.white.residual,
            periods: Vec::new(),
            strongest: view.strongest,
        });
    };
    let first = refine(&view.correlogram, fundamental(&view.correlogram, first));
    let mut periods = vec![first];
    if most > 1 {
        periods.extend(faster(&view.correlogram, &view.candidates, first));
        periods.extend(slower(&view.white.residual, first, fft));
        periods.truncate(most);
    }
    Some(Detected { residual: view.white.residual, periods, strongest: view.strongest })
}

struct View {
    white: Whitened,
    correlogram: Correlogram,
    candidates: Vec<Candidate>,
    first: Option<Candidate>,
    strongest: f64,
}

impl View {
    fn of(white: Whitened, fft: &mut Fft) -> Self {
        let correlogram = Correlogram::new(&white.residual, fft);
        let found = scan(&correlogram, 0.0, usize::MAX);
        let first = found.best(0.0, f64::INFINITY);
        let strongest = found.all().map(|c| c.z).fold(0.0, f64::max);
        Self { white, correlogram, candidates: found.all().collect(), first, strongest }
    }
}

/// Other periods are looked for at least this factor away from the first.
const APART: f64 = 2.5;

/// Least z of a second period.
const SECOND_Z: f64 = 9.0;

/// A quick cycle within the first one, whose teeth stand out where the first has none.
fn faster(correlogram: &Correlogram, candidates: &[Candidate], first: Candidate) -> Option<Candidate> {
    let best = candidates
        .iter()
        .filter(|c| c.period < first.period / APART && c.z >= SECOND_Z && c.convinces(correlogram.n))
        .max_by(|a, b| a.z.total_cmp(&b.z))?;
    let own = refine(correlogram, fundamental(correlogram, *best));
    let apart = |tooth: usize| {
        let phase = (own.period * tooth as f64 / first.period).fract();
        phase.min(1.0 - phase) * first.period > own.half + first.half
    };
    let z = correlogram.comb(own.period, own.half, own.teeth, |_| true).z();
    let z_apart = correlogram.comb(own.period, own.half, own.teeth, apart).z();
    (own.period < first.period / APART && z_apart >= SECOND_Z.max(z / 2.0)).then_some(own)
}

/// A slow cycle around the first one, looked for after the first one's lines are taken out of the spectrum.
fn slower(residual: &[f64], first: Candidate, fft: &mut Fft) -> Option<Candidate> {
    const LEAST_SHARE: f64 = 0.12;
    const SECOND_Z_WIDE: f64 = 11.0;
    // A slow cycle has few, and this scan is a third of the cost.
    const TEETH: usize = 8;
    if residual.len() as f64 / (APART * first.period) < FEWEST_CYCLES {
        return None;
    }
    let rest = without(residual, first.period, fft);
    let correlogram = Correlogram::new(&rest, fft);
    let best = scan(&correlogram, APART * first.period, TEETH).best(APART * first.period, f64::INFINITY)?;
    let least = if best.half > 2.5 { SECOND_Z_WIDE } else { SECOND_Z };
    if best.z < least || best.z < LEAST_SHARE * first.z {
        return None;
    }
    let own = refine(&correlogram, fundamental(&correlogram, best));
    (own.period >= APART * first.period).then_some(own)
}

/// `residual` without the lines of a period and all its harmonics; of variance 1 again.
fn without(residual: &[f64], period: f64, fft: &mut Fft) -> Vec<f64> {
    const BINS: f64 = 2.0;
    let length = quick_length(residual.len());
    let mut padded = residual.to_vec();
    padded.resize(length, 0.0);
    let mut spectrum = fft.forward(&mut padded);
    let line = length as f64 / period;
    for (i, bin) in spectrum.iter_mut().enumerate() {
        let nearest = (i as f64 / line).round().max(1.0) * line;
        if (i as f64 - nearest).abs() <= BINS {
            *bin *= 0.0;
        }
    }
    let mut rest = fft.inverse(&mut spectrum, length);
    rest.truncate(residual.len());
    let variance = rest.iter().map(|v| v * v).sum::<f64>() / rest.len() as f64;
    let scale = if variance > 0.0 { variance.sqrt().recip() } else { 0.0 };
    for v in &mut rest {
        *v *= scale;
    }
    rest
}
