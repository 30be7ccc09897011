//! Could the same samples in another order show as great a step?
//!
//! Owns: the permutation test. Must not: know where the step is said to be: the greatest step of each order counts.

/// Orders that are tried.
const ORDERS: u32 = 399;
/// Blocks that there should be at least, however long the series remembers, and at most.
const LEAST_BLOCKS: usize = 20;
const MOST_BLOCKS: usize = 400;

/// What a block adds.
#[derive(Clone, Copy)]
struct Block {
    samples: f64,
    sum: f64,
}

/// 1 less the probability that chance alone makes a step as great as the greatest of `x`. Samples stay together in
/// blocks of a length over which the series remembers, so that each order wanders as the series does; steps are looked
/// for between blocks. The orders are the same each time.
pub(super) fn confidence(x: &[f64], memory: usize) -> f64 {
    let length = (2 * memory).max(x.len().div_ceil(MOST_BLOCKS)).min(x.len() / LEAST_BLOCKS).max(1);
    let block = |c: &[f64]| Block { samples: c.len() as f64, sum: c.iter().sum() };
    let mut blocks: Vec<Block> = x.chunks(length).map(block).collect();
    let seen = greatest_step(&blocks);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ x.len() as u64;
    let mut as_great = 1;
    for _ in 0..ORDERS {
        shuffle(&mut blocks, &mut random);
        as_great += u32::from(greatest_step(&blocks) >= seen);
    }
    1.0 - f64::from(as_great) / f64::from(ORDERS + 1)
}

/// The greatest difference between the means before and after any block, in units of its own noise times a constant.
fn greatest_step(blocks: &[Block]) -> f64 {
    let all: f64 = blocks.iter().map(|b| b.samples).sum();
    let total: f64 = blocks.iter().map(|b| b.sum).sum();
    let (mut left, mut before, mut greatest) = (0.0, 0.0, 0.0_f64);
    for block in &blocks[..blocks.len() - 1] {
        left += block.samples;
        before += block.sum;
        let excess = before - total * left / all;
        greatest = greatest.max(excess * excess * all / (left * (all - left)));
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
