//! From a candidate to the period itself: not a multiple, not a fraction, and as exact as the series allows.
//!
//! Owns: the choice among a period's multiples and fractions, its refinement. Must not: find candidates.

use super::correlogram::Correlogram;
use super::scan::{Candidate, FEWEST_CYCLES};

/// A comb at all multiples of P also stands out at 2P, 3P …, and in part at P/2, P/3 …: the period that explains all
/// teeth with none missing.
pub(super) fn fundamental(correlogram: &Correlogram, candidate: Candidate) -> Candidate {
    fraction(correlogram, candidate).or_else(|| multiple(correlogram, candidate)).unwrap_or(candidate)
}

/// The shortest P/k whose further teeth stand out, too.
fn fraction(correlogram: &Correlogram, candidate: Candidate) -> Option<Candidate> {
    const LEAST_Z: f64 = 5.6;
    const LEAST_HEIGHT: f64 = 0.5;
    (2..=10).rev().find_map(|k| {
        let period = candidate.period / k as f64;
        if period < 2.0 {
            return None;
        }
        let half = candidate.half.min(period / 4.0);
        let teeth = candidate.teeth * k;
        let between = correlogram.comb(period, half, teeth, |tooth| !tooth.is_multiple_of(k));
        let at = correlogram.comb(candidate.period, half, candidate.teeth, |_| true);
        let stands = between.z() >= LEAST_Z && between.height() >= LEAST_HEIGHT * at.height();
        let z = correlogram.comb(period, half, teeth, |_| true).z();
        stands.then_some(Candidate { period, teeth, half, z: z.max(candidate.z) })
    })
}

/// The kP whose teeth stand out while those of P between them do not.
fn multiple(correlogram: &Correlogram, candidate: Candidate) -> Option<Candidate> {
    const LEAST_SHARE: f64 = 0.55;
    const NOTHING: f64 = 0.15;
    const LEAST_Z: f64 = 0.6;
    let reach = correlogram.reach();
    (2..=7).find_map(|k| {
        let period = candidate.period * k as f64;
        if correlogram.n as f64 / period < FEWEST_CYCLES {
            return None;
        }
        let teeth = candidate.teeth.div_ceil(k).max(2).min((reach / period) as usize);
        let last = teeth * k;
        let on = correlogram.comb(candidate.period, candidate.half, last, |tooth| tooth.is_multiple_of(k));
        let off = correlogram.comb(candidate.period, candidate.half, last, |tooth| !tooth.is_multiple_of(k));
        let share = off.height() / on.height();
        let z = correlogram.comb(period, candidate.half, teeth, |_| true).z();
        let clear =
            on.height() > 0.0 && share < LEAST_SHARE && (z >= LEAST_Z * candidate.z || share < NOTHING);
        clear.then_some(Candidate { period, teeth, half: candidate.half, z: z.max(candidate.z) })
    })
}

/// The period to a fraction of a cell: the best comb near it, with more and more teeth while they still meet.
pub(super) fn refine(correlogram: &Correlogram, candidate: Candidate) -> Candidate {
    const SIDE: i32 = 8;
    const STILL_MEETS: f64 = 0.97;
    let mut best = candidate;
    let mut best_z = 0.0;
    for teeth in [1, 2, 4].map(|more| candidate.teeth * more) {
        let last = teeth as f64;
        if best.period * last > correlogram.reach() && teeth > candidate.teeth {
            break;
        }
        let step = (candidate.half / 2.0).max(0.75) / last / f64::from(SIDE);
        let z_at = |period: f64| correlogram.comb(period, candidate.half, teeth, |_| true).z();
        let tried: Vec<f64> = (-SIDE..=SIDE).map(|i| z_at(best.period + f64::from(i) * step)).collect();
        let Some(top) = (0..tried.len()).max_by(|&a, &b| tried[a].total_cmp(&tried[b])) else { break };
        if tried[top] < STILL_MEETS * best_z {
            break;
        }
        best_z = best_z.max(tried[top]);
        let offset = top as f64 - f64::from(SIDE) + vertex(&tried, top);
        best = Candidate { period: best.period + offset * step, ..best };
    }
    best
}

/// Where between its neighbours the top of a parabola through three points lies, −½ to ½.
fn vertex(values: &[f64], top: usize) -> f64 {
    let (Some(&before), Some(&after)) = (top.checked_sub(1).and_then(|i| values.get(i)), values.get(top + 1))
    else {
        return 0.0;
    };
    let bend = before - 2.0 * values[top] + after;
    if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}
