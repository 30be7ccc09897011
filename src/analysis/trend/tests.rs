//! What is a leak, and what only looks like one.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use proptest::prelude::*;

use super::*;
use crate::analysis::made::Noise;
use crate::unit::Unit;

const MIB: f64 = 1_048_576.0;

fn grid(values: Vec<f64>) -> Grid {
    Grid { start: 0, step: SECOND, values, breaks: Vec::new() }
}

fn judge(value: impl FnMut(usize) -> f64) -> Trend {
    find(&grid((0..1800).map(value).collect()), None).unwrap()
}

/// STU-3: a steady climb is a leak, with its slope, the time to its limit, and a sentence.
#[test]
fn a_climb_is_a_leak() {
    let mut noise = Noise::new(1);
    let trend = judge(|i| (200.0 + 0.05 * i as f64 + noise.next()) * MIB);
    assert_eq!(trend.verdict, Verdict::Leak);
    assert!((trend.slope / MIB - 0.05).abs() < 0.002, "{trend:?}");
    assert!(trend.interval.0 <= 0.05 * MIB && 0.05 * MIB <= trend.interval.1, "{trend:?}");
    // 290 MiB at the end, 100 MiB left: 2,000 s.
    let time = trend.time_to(390.0 * MIB).unwrap();
    assert!((time.expected_s - 2000.0).abs() < 120.0, "{time:?}");
    assert!(time.soonest_s <= time.expected_s && time.expected_s <= time.latest_s.unwrap(), "{time:?}");
    let clock = |t: Micros| format!("{} s", t / SECOND);
    let text = trend.sentence(Unit::Bytes.plain(), Some(390.0 * MIB), clock);
    assert!(text.starts_with("has climbed since 0 s by 1"), "{text}");
    assert!(text.contains(" MiB an hour (") && text.contains("it meets its limit of 390 MiB at 3"), "{text}");
}

/// STU-3: a garbage collector's saw-tooth is a leak only if its troughs rise.
#[test]
fn a_saw_tooth_is_a_leak_only_if_its_troughs_rise() {
    let mut noise = Noise::new(2);
    let mut tooth = |i: usize, climb: f64| (i % 170) as f64 * 0.5 + climb * i as f64 + noise.next();
    assert_ne!(judge(|i| tooth(i, 0.0)).verdict, Verdict::Leak);
    assert_eq!(judge(|i| tooth(i, 0.05)).verdict, Verdict::Leak);
}

/// STU-3: neither a jump nor a warm-up nor noise that wanders is a leak.
#[test]
fn what_only_looks_like_a_leak() {
    for seed in 0..10 {
        let mut noise = Noise::new(seed);
        let jump = judge(|i| noise.next() + if i > 700 { 40.0 } else { 0.0 });
        assert!(matches!(jump.verdict, Verdict::Jump | Verdict::Steady), "{seed} {jump:?}");
        let warm = judge(|i| noise.next() + 80.0 * (1.0 - (-(i as f64) / 200.0).exp()));
        assert!(matches!(warm.verdict, Verdict::LevelsOff | Verdict::Steady), "{seed} {warm:?}");
        assert_eq!(judge(|_| noise.slow(0.98)).verdict, Verdict::Steady, "{seed}");
        assert_eq!(judge(|i| noise.next() - 0.05 * i as f64).verdict, Verdict::Steady, "{seed}");
    }
}

/// STU-3: a known cycle does not hide a climb.
#[test]
fn a_known_cycle_is_taken_out() {
    let mut noise = Noise::new(3);
    let value =
        |i: usize, n: f64| 30.0 * (i as f64 / 300.0 * std::f64::consts::TAU).sin() + 0.01 * i as f64 + n;
    let values = (0..1800).map(|i| value(i, noise.next())).collect();
    let trend = find(&grid(values), Some(300.0)).unwrap();
    assert_eq!(trend.verdict, Verdict::Leak, "{trend:?}");
    assert!((trend.slope - 0.01).abs() < 0.002, "{trend:?}");
}

/// STU-3: what cannot be judged says so.
#[test]
fn not_enough() {
    assert_eq!(find(&grid(vec![4.0; 500]), None), Err(NotEnough::constant()));
    assert_eq!(find(&grid(vec![1.0, 2.0]), None), Err(NotEnough::samples(LEAST, 2)));
    assert_eq!(find(&grid(vec![f64::NAN; 500]), None), Err(NotEnough::samples(LEAST, 0)));
    let mut far = vec![f64::NAN; 40_000];
    far[..150].fill(1.0);
    assert!(find(&grid(far), None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// STU-3: neither the unit nor the zero of a scale changes the verdict, and the slope scales along.
    #[test]
    fn scaling_and_shifting_change_nothing(
        seed in 0u64..1000, climb in -3i32..4, scale in -6i32..12, shift in -1000i32..1000,
    ) {
        let mut noise = Noise::new(seed);
        let values: Vec<f64> = (0..600).map(|i| noise.slow(0.6) + f64::from(climb * i) * 0.005).collect();
        let scale = 2f64.powi(scale);
        let other = values.iter().map(|v| (v + f64::from(shift)) * scale).collect();
        let (a, b) = (find(&grid(values), None).unwrap(), find(&grid(other), None).unwrap());
        prop_assert_eq!(a.verdict, b.verdict);
        prop_assert!((a.slope * scale - b.slope).abs() <= 1e-9 * scale);
    }
}
