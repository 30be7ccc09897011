//! STU-1: what repeats, as the rest of the program asks for it.
#![cfg(feature = "analysis")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests may fall over")]

use std::f64::consts::TAU;

use fgm::analysis::period::{Finder, NotEnough, Options, Period, Shape, Verdict, fold};
use fgm::analysis::{Grid, Point};
use fgm::time::SECOND;
use fgm::unit::Unit;
use proptest::prelude::*;

/// Numbers between -1 and 1 that look random, the same for the same seed.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 23) - 1.0
    }
}

fn series(n: usize, seed: u64, value: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut noise = noise(seed);
    (0..n).map(|t| value(t) + noise()).collect()
}

fn grid(values: Vec<f64>) -> Grid {
    Grid { start: 0, step: SECOND, values, breaks: Vec::new() }
}

fn find(values: Vec<f64>) -> Verdict {
    Finder::default().find(&grid(values), &Options::default())
}

fn periods(verdict: Verdict) -> Vec<Period> {
    match verdict {
        Verdict::Periodic(periods) => periods,
        other => panic!("not periodic: {other:?}"),
    }
}

/// 3 s of 60 s, in 15 cycles.
fn bursts() -> Vec<f64> {
    series(900, 1, |t| if t % 60 < 3 { 420.0 } else { 0.0 })
}

/// STU-1: period, cycles, amplitude, width, phase and the sentence that says it.
#[test]
fn a_burst_is_described() {
    let found = periods(find(bursts()));
    let burst = &found[0];
    assert!((burst.period_s - 60.0).abs() < 0.2, "{burst:?}");
    assert!((burst.cycles - 15.0).abs() < 0.1 && burst.seen >= 14, "{burst:?}");
    assert!((burst.amplitude - 420.0).abs() < 5.0, "{burst:?}");
    assert!(burst.confidence > 0.8 && burst.confidence <= 1.0);
    assert!(matches!(burst.shape, Shape::Burst { width_s } if (width_s - 3.0).abs() < 1.1), "{burst:?}");
    // The next one starts at 900 s, where the series ends.
    assert!((899..=903).contains(&(burst.next / SECOND)), "{burst:?}");
    assert_eq!(burst.windows.len(), 1);
    let said = burst.sentence(Unit::Millicores.plain());
    assert!(said.starts_with("repeats every 60.0 s, 1"), "{said}");
    assert!(said.contains("of 15 cycles, +4") && said.contains("mcores for 3.0"), "{said}");
}

/// STU-1: what drops instead of rising is told as a dip.
#[test]
fn a_dip_is_a_dip() {
    let found = periods(find(series(900, 2, |t| if t % 45 < 5 { 0.0 } else { 100.0 })));
    assert!(matches!(found[0].shape, Shape::Dip { .. }), "{found:?}");
    assert!(found[0].sentence(Unit::Percent.plain()).contains("-100 %"), "{found:?}");
}

/// STU-1: a period that starts and stops comes with its window.
#[test]
fn a_period_that_stops_has_a_window() {
    let found = periods(find(series(3600, 3, |t| {
        if (1200..2400).contains(&t) { 20.0 * (TAU * t as f64 / 40.0).sin() } else { 0.0 }
    })));
    let window = found[0].windows[0];
    assert_eq!(found[0].windows.len(), 1, "{found:?}");
    assert!(
        (window.start / SECOND - 1200).abs() <= 80 && (window.end / SECOND - 2400).abs() <= 80,
        "{window:?}"
    );
    assert!((28..=34).contains(&found[0].seen), "{found:?}");
}

/// STU-1: two nested periods are both found, and no multiple of either.
#[test]
fn nested_periods_are_both_found() {
    let found = periods(find(series(3600, 4, |t| {
        let burst = |every: usize, width: usize| f64::from(u8::from(t % every < width));
        12.0 * burst(20, 4) + 15.0 * burst(300, 60)
    })));
    for wanted in [20.0, 300.0] {
        assert!(found.iter().any(|p| (p.period_s - wanted).abs() < 1.0), "{wanted}: {found:?}");
    }
    assert_eq!(found.len(), 2, "{found:?}");
}

/// STU-1: as many periods as asked for.
#[test]
fn no_more_periods_than_asked_for() {
    let values = series(3600, 4, |t| {
        f64::from(u8::from(t % 20 < 4)) * 12.0 + f64::from(u8::from(t % 300 < 60)) * 15.0
    });
    let found = periods(Finder::default().find(&grid(values), &Options { most: 1 }));
    assert_eq!(found.len(), 1);
}

/// STU-1: missing samples do not hide a period.
#[test]
fn holes_do_not_hide_a_period() {
    let mut values = bursts();
    for t in (0..900).filter(|t| t % 11 == 5 || (300..340).contains(t)) {
        values[t] = f64::NAN;
    }
    let found = periods(find(values));
    assert!((found[0].period_s - 60.0).abs() < 0.5, "{found:?}");
}

/// STU-1: noise, a random walk, one step and a few events at random times do not repeat.
#[test]
fn what_does_not_repeat_is_told_so() {
    let mut walk = 0.0;
    let walk: Vec<f64> = series(1800, 5, |_| 0.0)
        .into_iter()
        .map(|v| {
            walk += v;
            walk
        })
        .collect();
    let events = [37, 291, 402, 1003, 1011, 1530];
    let sparse =
        (0..1800).map(|t| if events.iter().any(|e| (*e..e + 3).contains(&t)) { 50.0 } else { 0.0 }).collect();
    let step = series(1800, 6, |t| if t > 700 { 80.0 } else { 0.0 });
    for (name, values) in
        [("noise", series(1800, 7, |_| 0.0)), ("walk", walk), ("events", sparse), ("step", step)]
    {
        let verdict = find(values);
        assert!(matches!(verdict, Verdict::Aperiodic { .. }), "{name}: {verdict:?}");
    }
}

/// STU-1: too little data is told as such, by name.
#[test]
fn too_little_is_told() {
    let not_enough = |values| match find(values) {
        Verdict::NotEnough(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(not_enough(vec![]), NotEnough::Values(0));
    assert_eq!(not_enough(vec![1.0, 2.0]).to_string(), "not enough data: 2 values, 30 are needed");
    assert_eq!(not_enough(vec![f64::NAN; 500]).to_string(), "not enough data: no values");
    assert_eq!(not_enough(vec![7.0; 500]).to_string(), "not enough data: the value never changes");
    assert_eq!(not_enough((0..500).map(|t| f64::from(t) * 0.3).collect()), NotEnough::NeverChanges);
    let sparse = (0..500).map(|t| if t % 10 == 0 { f64::from(t % 7) } else { f64::NAN }).collect();
    assert_eq!(not_enough(sparse), NotEnough::Holes { values: 50, cells: 500 });
    // All gap: every point stands alone.
    let gaps: Vec<Point> =
        (0..40).map(|i| Point { time: i * SECOND, value: f64::NAN, gap_before: true }).collect();
    let verdict = Finder::default().find(&Grid::new(&gaps, None), &Options::default());
    assert_eq!(verdict, Verdict::NotEnough(NotEnough::Values(0)));
}

/// STU-1: bytes and millicores of one shape give one answer.
#[test]
fn units_do_not_matter() {
    let cores = bursts();
    let bytes = cores.iter().map(|v| v * 1_048_576.0 * 1024.0).collect();
    let (cores, bytes) = (periods(find(cores)), periods(find(bytes)));
    assert!((cores[0].period_s - bytes[0].period_s).abs() < 1e-6);
    assert!((cores[0].z - bytes[0].z).abs() < 1e-6 * cores[0].z);
    assert_eq!(
        (cores[0].seen, cores[0].next, &cores[0].windows),
        (bytes[0].seen, bytes[0].next, &bytes[0].windows)
    );
}

/// STU-1: the folded view has one column per cell of a cycle, with what all cycles have there.
#[test]
fn a_fold_lays_cycles_over_one_another() {
    let values: Vec<f64> = (0..100).map(|t| f64::from(t % 10) + f64::from(t / 50)).collect();
    let folded = fold(&grid(values), 10.0).unwrap();
    assert_eq!(folded.columns.len(), 10);
    let column = folded.columns[3].unwrap();
    assert_eq!((column.min, column.max, column.count), (3.0, 4.0, 10));
    assert!((column.mean - 3.5).abs() < 1e-9);
    assert!(fold(&grid(vec![1.0; 10]), 1.5).is_none());
}

/// Shapes of cycles, none, and noise of any strength.
fn any_series() -> impl Strategy<Value = Vec<f64>> {
    (300_usize..1500, 4.0_f64..50.0, 0.0_f64..30.0, 0_u8..4, any::<u64>()).prop_map(
        |(n, period, height, shape, seed)| {
            series(n, seed, |t| {
                let phase = (t as f64 / period).fract();
                height
                    * match shape {
                        0 => 0.0,
                        1 => (TAU * phase).sin(),
                        2 => f64::from(u8::from(phase < 0.25)),
                        _ => phase,
                    }
            })
        },
    )
}

/// The periods of a verdict, none if it is not periodic; not those that are near the limit of what is accepted.
fn sure(verdict: &Verdict) -> Option<Vec<f64>> {
    match verdict {
        Verdict::Periodic(found) if found[0].z > 12.0 => Some(vec![found[0].period_s]),
        Verdict::Aperiodic { strongest } if *strongest < 5.5 => Some(Vec::new()),
        _ => None,
    }
}

fn same(a: &Verdict, b: &Verdict) -> Result<(), TestCaseError> {
    if let (Some(a), Some(b)) = (sure(a), sure(b)) {
        prop_assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            prop_assert!((a - b).abs() < 0.5_f64.max(0.01 * a), "{} and {}", a, b);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// STU-1: scale and level do not change the verdict.
    #[test]
    fn scale_and_shift_change_nothing(values in any_series(), scale in -6_i32..9, shift in -1e3_f64..1e3) {
        let scale = 10_f64.powi(scale);
        let other = values.iter().map(|v| (v + shift) * scale).collect();
        let (a, b) = (find(values), find(other));
        prop_assert_eq!(matches!(a, Verdict::Periodic(_)), matches!(b, Verdict::Periodic(_)));
        same(&a, &b)?;
    }

    /// STU-1: played backwards, a series has the same period.
    #[test]
    fn time_reversal_changes_nothing(values in any_series()) {
        let other = values.iter().rev().copied().collect();
        same(&find(values), &find(other))?;
    }

    /// STU-1: a linear trend does not change the verdict.
    #[test]
    fn a_trend_changes_nothing(values in any_series(), slope in -50.0_f64..50.0) {
        let other = values.iter().enumerate().map(|(t, v)| v + slope * t as f64).collect();
        let (a, b) = (find(values), find(other));
        prop_assert_eq!(matches!(a, Verdict::Periodic(_)), matches!(b, Verdict::Periodic(_)));
        same(&a, &b)?;
    }

    /// STU-1: no series makes it fall over, and what it says is within bounds.
    #[test]
    fn any_numbers_are_survived(
        values in prop::collection::vec(prop_oneof![4 => -1e12_f64..1e12, 2 => Just(0.0), 1 => Just(f64::NAN), 1 => Just(1e300)], 0..400)
    ) {
        if let Verdict::Periodic(found) = find(values) {
            for period in found {
                prop_assert!(period.period_s >= 1.9 && (0.0..=1.0).contains(&period.confidence));
                prop_assert!(period.seen as f64 <= period.cycles + 0.1 && !period.windows.is_empty());
            }
        }
    }
}
