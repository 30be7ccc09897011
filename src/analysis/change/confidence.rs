//! Could the same samples in another order show as great a step?
//!
//! Owns: the permutation test. Must not: know where the step is said to be: the greatest step of each order counts.

use super::SHORTEST;

/// Orders that are tried.
const ORDERS: u32 = 399;
/// Blocks that there should be at least, however long the series remembers.
const LEAST_BLOCKS: usize = 20;

/// 1 less the probability that chance alone makes a step as great as the greatest of `x`. Samples stay together in
/// blocks of a length over which the series remembers, so that each order wanders as the series does. The orders are
/// the same each time.
pub(super) fn confidence(x: &[f64], memory: usize) -> f64 {
    let block = (2 * memory).min(x.len() / LEAST_BLOCKS).max(1);
    let seen = greatest_step(x.iter().copied(), x.len());
    let mut blocks: Vec<&[f64]> = x.chunks(block).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ x.len() as u64;
    let mut as_great = 1;
    for _ in 0..ORDERS {
        shuffle(&mut blocks, &mut random);
        let step = greatest_step(blocks.iter().copied().flatten().copied(), x.len());
        as_great += u32::from(step >= seen);
    }
    1.0 - f64::from(as_great) / f64::from(ORDERS + 1)
}

/// The greatest difference between the means before and after any place, in units of its own noise times a constant.
fn greatest_step(x: impl Iterator<Item = f64> + Clone, n: usize) -> f64 {
    let total: f64 = x.clone().sum();
    let (mut before, mut greatest) = (0.0, 0.0_f64);
    for (i, v) in x.take(n.saturating_sub(SHORTEST)).enumerate() {
        before += v;
        let left = i + 1;
        if left >= SHORTEST {
            let (left, all) = (left as f64, n as f64);
            let excess = before - total * left / all;
            greatest = greatest.max(excess * excess * all / (left * (all - left)));
        }
    }
    greatest
}

fn shuffle<T>(items: &mut [T], random: &mut u64) {
    for last in (1..items.len()).rev() {
        // xorshift64 (Marsaglia 2003): any order will do, as long as it is the same each time.
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        items.swap(last, (*random % (last as u64 + 1)) as usize);
    }
}
