//! What counts as a change, and what does not.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use proptest::prelude::*;

use super::*;
use crate::analysis::made::Noise as Made;
use crate::time::SECOND;
use crate::unit::Unit;

fn grid(values: Vec<f64>) -> Grid {
    Grid { start: 0, step: SECOND, values, breaks: Vec::new() }
}

fn places(values: Vec<f64>) -> Vec<i64> {
    find(&grid(values), None).unwrap().changes.iter().map(|c| c.time / SECOND).collect()
}

fn near(found: &[i64], wanted: &[i64]) -> bool {
    found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| (f - w).abs() <= 3)
}

/// STU-2: steps in slow noise are found where they are, with their levels and a sentence.
#[test]
fn steps_in_slow_noise_are_found() {
    let mut noise = Made::new(1);
    let values: Vec<f64> = (0..600)
        .map(|i| noise.slow(0.7) + 100.0 + if (200..400).contains(&i) { 30.0 } else { 0.0 })
        .collect();
    let found = find(&grid(values), None).unwrap();
    let at: Vec<i64> = found.changes.iter().map(|c| c.time / SECOND).collect();
    assert!(near(&at, &[200, 400]), "{at:?}");
    let first = &found.changes[0];
    assert!((first.before - 100.0).abs() < 2.0 && (first.after - 130.0).abs() < 2.0, "{first:?}");
    assert!(first.confidence > 0.99 && !first.at_break && (first.share() - 0.23).abs() < 0.03, "{first:?}");
    assert_eq!(found.segments.len(), 3);
    assert_eq!(found.segments[2].range.end, 600 * SECOND);
    let text = first.sentence(Unit::Millicores.plain(), |t| format!("second {}", t / SECOND));
    assert!(text.starts_with("rose from ") && text.contains(" mcores) at second 200, confidence "), "{text}");
}

/// STU-2: what wanders, climbs or spikes has no change of level.
#[test]
fn walks_slopes_and_spikes_are_none() {
    let none: [i64; 0] = [];
    for seed in 0..20 {
        let mut noise = Made::new(seed);
        assert_eq!(places((0..900).map(|_| noise.slow(0.9)).collect()), none, "slow noise {seed}");
        assert_eq!(
            places((0..900).map(|i| 0.05 * f64::from(i) + noise.next()).collect()),
            none,
            "slope {seed}"
        );
        let spikes = (0..900).map(|i| noise.next() + if i % 97 < 2 { 50.0 } else { 0.0 }).collect();
        assert_eq!(places(spikes), none, "spikes {seed}");
    }
}

/// STU-2: a jump on a slope is one change, not a staircase.
#[test]
fn a_jump_on_a_slope_is_one() {
    let mut noise = Made::new(5);
    let values =
        (0..600).map(|i| 0.02 * f64::from(i) + noise.next() + if i < 300 { 0.0 } else { 25.0 }).collect();
    let found = places(values);
    assert!(near(&found, &[300]), "{found:?}");
}

/// STU-2: a cycle that is known is no series of changes, and a step within it is still one.
#[test]
fn a_known_cycle_is_taken_out() {
    let mut noise = Made::new(6);
    let wave = |i: usize| if i % 200 < 100 { 20.0 } else { 0.0 };
    let values: Vec<f64> =
        (0..1800).map(|i| wave(i) + noise.next() + if i < 900 { 0.0 } else { 15.0 }).collect();
    let found = find(&grid(values), Some(200.0)).unwrap();
    let at: Vec<i64> = found.changes.iter().map(|c| c.time / SECOND).collect();
    assert!(near(&at, &[900]), "{at:?}");
}

/// STU-2: a long series is searched coarsely and the place is still exact; holes are not values.
#[test]
fn long_series_and_holes() {
    let mut noise = Made::new(7);
    let mut values: Vec<f64> =
        (0..40_000).map(|i| noise.next() + if i < 23_456 { 0.0 } else { 8.0 }).collect();
    values[5_000..5_500].fill(f64::NAN);
    let mut grid = grid(values);
    grid.breaks = vec![5_500];
    let found = find(&grid, None).unwrap();
    assert_eq!(found.changes.len(), 1);
    assert!((found.changes[0].time / SECOND - 23_456).abs() <= 1 && !found.changes[0].at_break);
    grid.breaks = vec![23_456];
    assert!(find(&grid, None).unwrap().changes[0].at_break);
}

/// STU-2: what cannot be judged says so.
#[test]
fn not_enough() {
    assert_eq!(find(&grid(vec![4.0; 500]), None), Err(NotEnough::constant()));
    assert_eq!(find(&grid(vec![1.0, 2.0]), None), Err(NotEnough::samples(LEAST, 2)));
    assert_eq!(find(&grid(vec![f64::NAN; 500]), None), Err(NotEnough::samples(LEAST, 0)));
    assert_eq!(find(&grid(Vec::new()), None), Err(NotEnough::samples(LEAST, 0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// STU-2: neither the unit nor the zero of a scale changes what is found.
    #[test]
    fn scaling_and_shifting_change_nothing(
        seed in 0u64..1000, steps in 0usize..4, scale in -6i32..12, shift in -1000i32..1000,
    ) {
        let mut noise = Made::new(seed);
        let values: Vec<f64> =
            (0..500).map(|i| noise.slow(0.5) + ((i * (steps + 1) / 500) % 2) as f64 * 12.0).collect();
        let scale = 2f64.powi(scale);
        let other = values.iter().map(|v| (v + f64::from(shift)) * scale).collect();
        let (a, b) = (find(&grid(values), None).unwrap(), find(&grid(other), None).unwrap());
        let times = |c: &Changes| c.changes.iter().map(|c| c.time).collect::<Vec<_>>();
        prop_assert_eq!(times(&a), times(&b));
        for (a, b) in a.changes.iter().zip(&b.changes) {
            prop_assert!((a.size() * scale - b.size()).abs() <= 1e-6 * b.size().abs());
        }
    }
}
