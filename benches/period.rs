//! What the periodicity study costs per series of 3,600 samples (DESIGN: at most 3 ms on one core).
//!
//! `cargo bench -p fgm --bench period`

#![allow(missing_docs, reason = "a bench is no interface")]

use std::f64::consts::TAU;

use divan::{Bencher, black_box};
use fgm::analysis::Grid;
use fgm::analysis::period::{Finder, Options};
use fgm::time::SECOND;

fn main() {
    divan::main();
}

/// One hour at 1 Hz of noise plus a shape of the phase of a cycle of 60 s.
fn hour(shape: impl Fn(usize, f64) -> f64) -> Grid {
    let mut state = 7_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let value = |t: usize| shape(t, (t as f64 / 60.0).fract());
    let values = (0..3600).map(|t| 100.0 * value(t) + 20.0 * noise()).collect();
    Grid { start: 0, step: SECOND, values, breaks: Vec::new() }
}

fn find(bencher: Bencher<'_, '_>, grid: &Grid) {
    let mut finder = Finder::default();
    bencher.bench_local(|| finder.find(black_box(grid), &Options::default()));
}

#[divan::bench]
fn noise(bencher: Bencher<'_, '_>) {
    find(bencher, &hour(|_, _| 0.0));
}

#[divan::bench]
fn wave(bencher: Bencher<'_, '_>) {
    find(bencher, &hour(|_, phase| (TAU * phase).sin()));
}

/// Rare and tall: both views are looked at.
#[divan::bench]
fn burst(bencher: Bencher<'_, '_>) {
    find(bencher, &hour(|_, phase| if phase < 0.05 { 5.0 } else { 0.0 }));
}

#[divan::bench]
fn nested(bencher: Bencher<'_, '_>) {
    find(bencher, &hour(|t, phase| f64::from(phase < 0.1) + f64::from(t % 600 < 60)));
}
