//! What ranking all pairs of 500 series of 1,000 points costs: one in ten follows another, the rest only wanders.
//!
//! `cargo bench -p fgm --features analysis --bench correlate`

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may fall over")]

use fgm::analysis::correlate::compare;

const SERIES: usize = 500;
const POINTS: usize = 1000;

fn main() {
    divan::main();
}

fn series() -> Vec<Vec<f64>> {
    let mut state = 7_u64;
    let mut step = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let mut all: Vec<Vec<f64>> = Vec::new();
    for i in 0..SERIES {
        let mut sum = 0.0;
        let leader = (i % 10 == 9).then(|| all[i - 1].clone());
        let value = |t: usize| {
            sum += step();
            sum + leader.as_ref().map_or(0.0, |l| 3.0 * l[t.saturating_sub(5)])
        };
        all.push((0..POINTS).map(value).collect());
    }
    all
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn all_pairs(bencher: divan::Bencher<'_, '_>) {
    let series = series();
    let series: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    bencher.bench_local(|| compare(&series, |_, _| true, |_| true).unwrap().links.len());
}
