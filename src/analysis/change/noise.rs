//! How much a series moves by itself.
//!
//! Owns: the long-run variance, from means of blocks. Must not: be moved by a few steps, spikes or a slope.
//!
//! Samples at 1 Hz follow one another closely: a mean over n of them varies more than one over n independent ones would.
//! A penalty that forgets this finds a change in every slow wave. So the means of neighbouring blocks are compared, of
//! several lengths: what drifts shows in the longest, a cycle that is shorter than a block in none.

use crate::analysis::stats::{MAD_TO_SD, median};

/// Lengths of blocks.
const BLOCKS: [usize; 5] = [4, 8, 16, 32, 64];
/// How many blocks of a length a series must hold, so that a few steps do not touch most pairs of them.
const SPACE: usize = 14;
/// If the variance grows by as much from blocks of 16 to those of 64, the series is a random walk (for which it grows
/// sixteenfold), and goes on like that up to blocks of an eighth of its length.
const WANDERS: f64 = 8.0;
/// The share of differences that is left out where the median says nothing.
const TRIMMED: f64 = 0.05;
/// Mean square of a normal distribution without its outer 5 %.
const TRIMMED_SQUARE: f64 = 0.7588;
/// Longest memory in samples that is reckoned with.
const LONGEST_MEMORY: f64 = 60.0;

/// A distance in samples at which what is next to one another in a series is mostly forgotten.
const FAR: usize = 16;
/// More alike than this are no two neighbours, to whatever a short series tells.
const MOST_ALIKE: f64 = 0.98;

/// What a series does between changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Noise {
    /// Variance of a mean of n samples, times n, for n beyond the memory.
    pub(super) long_run: f64,
    /// Samples after which the series has mostly forgotten.
    pub(super) memory: usize,
}

impl Noise {
    /// `None` if the series does not vary.
    pub(super) fn of(x: &[f64]) -> Option<Noise> {
        let quantum = smallest_step(x)?;
        let mut sums = vec![0.0];
        for v in x {
            sums.push(sums[sums.len() - 1] + v);
        }
        let fits = BLOCKS.iter().filter(|b| x.len() >= SPACE * **b);
        let of_blocks: Vec<f64> = fits.map(|b| variance(&sums, *b)).collect();
        // What is rounded to a quantum varies by a twelfth of its square, even if nothing is seen of it.
        let least = quantum * quantum / 12.0;
        let mut long_run = of_blocks.iter().copied().fold(least, f64::max);
        if let [.., short, _, long] = of_blocks[..]
            && of_blocks.len() == BLOCKS.len()
            && long > WANDERS * short
        {
            long_run *= (x.len() as f64 / 8.0 / BLOCKS[4] as f64).powi(2).max(1.0);
        }
        let single = spread(x, FAR).max(least);
        if of_blocks.len() + 1 < BLOCKS.len() {
            // Too short for long blocks: as if each sample remembered the one before, and nothing else.
            let alike = (1.0 - spread(x, 1) / single).clamp(0.0, MOST_ALIKE);
            long_run = long_run.max(single * (1.0 + alike) / (1.0 - alike));
        }
        Some(Noise { long_run, memory: (long_run / single).clamp(1.0, LONGEST_MEMORY) as usize })
    }
}

/// Variance of a mean of `block` samples, times `block`, from pairs of neighbouring blocks, a quarter of
/// one apart.
fn variance(sums: &[f64], block: usize) -> f64 {
    let mean = |from: usize| (sums[from + block] - sums[from]) / block as f64;
    let places = (0..sums.len().saturating_sub(2 * block)).step_by(block / 4);
    square(&mut places.map(|i| mean(i + block) - mean(i)).collect::<Vec<_>>()) / 2.0 * block as f64
}

/// Half the mean square of differences over `lag` samples: the variance of what changes within them.
fn spread(x: &[f64], lag: usize) -> f64 {
    let mut steps: Vec<f64> = x.iter().skip(lag).zip(x).map(|(b, a)| b - a).collect();
    square(&mut steps) / 2.0
}

/// Mean square of differences, robust: a slope, which is what is usual in them, does not count, nor do the few greatest.
fn square(steps: &mut [f64]) -> f64 {
    let usual = median(steps).unwrap_or(0.0);
    for d in steps.iter_mut() {
        *d = (*d - usual).abs();
    }
    let robust = median(steps).unwrap_or(0.0) * MAD_TO_SD;
    if robust > 0.0 { robust * robust } else { trimmed_square(steps) }
}

fn trimmed_square(steps: &mut [f64]) -> f64 {
    steps.sort_unstable_by(f64::total_cmp);
    let kept = &steps[..steps.len() - (steps.len() as f64 * TRIMMED) as usize];
    kept.iter().map(|d| d * d).sum::<f64>() / kept.len().max(1) as f64 / TRIMMED_SQUARE
}

fn smallest_step(x: &[f64]) -> Option<f64> {
    x.windows(2).map(|w| (w[1] - w[0]).abs()).filter(|d| *d > 0.0).min_by(f64::total_cmp)
}
