//! What counts as moving together.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use proptest::prelude::*;

use super::*;
use crate::analysis::made::Noise;

const N: usize = 1000;

fn walk(seed: u64) -> Vec<f64> {
    let mut noise = Noise::new(seed);
    let mut sum = 0.0;
    (0..N)
        .map(|_| {
            sum += noise.next();
            sum
        })
        .collect()
}

fn all(series: &[Vec<f64>]) -> Links {
    let series: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    compare(&series, |_, _| true, |_| true).unwrap()
}

/// `leader` delayed by `lag`, times `gain`, with noise of its own.
fn follower(leader: &[f64], lag: usize, gain: f64, seed: u64) -> Vec<f64> {
    let mut noise = Noise::new(seed);
    (0..leader.len()).map(|i| gain * leader[i.saturating_sub(lag)] + noise.next()).collect()
}

/// STU-4: a follower is found with lag and sign, from either side; what only wanders is not.
#[test]
fn followers_are_found_with_lag_and_sign() {
    let leader = walk(1);
    let (after, against) = (follower(&leader, 7, 2.0, 2), follower(&leader, 0, -2.0, 3));
    let found = all(&[walk(4), leader.clone(), after.clone(), walk(5), against]);
    let of = |a, b| found.links.iter().find(|l| (l.a, l.b) == (a, b)).copied();
    let link = of(1, 2).unwrap();
    assert!(link.lag == 7 && link.r > 0.4 && link.false_discovery_rate < 1e-6, "{link:?}");
    let text = link.sentence("cpu of a", "io of b", 1.0, None);
    assert!(text.starts_with("io of b follows cpu of a by 7 s, in the same direction (r = +0."), "{text}");
    let link = of(1, 4).unwrap();
    assert!(link.lag == 0 && link.r < -0.4, "{link:?}");
    assert!(of(0, 1).is_none() && of(0, 3).is_none() && of(3, 4).is_none(), "{:?}", found.links);
    assert_eq!((found.compared, found.unjudged.len()), (10, 0));
    let back = all(&[after, leader]).links[0];
    assert_eq!(back.lag, -7);
    assert!(back.sentence("a", "b", 0.5, None).starts_with("b leads a by 3.5 s, "));
}

/// STU-4: of many pairs that have nothing to do with one another, none or hardly one is found, even where they are busy
/// at the same time.
#[test]
fn chance_is_not_found() {
    let walks: Vec<Vec<f64>> = (0..40).map(|i| walk(100 + i)).collect();
    assert_eq!(all(&walks).links, []);
    let busy = (0..30).map(|i| {
        let mut noise = Noise::new(1000 + i);
        (0..N).map(|t| noise.next() * if (400..500).contains(&t) { 30.0 } else { 1.0 }).collect()
    });
    let found = all(&busy.collect::<Vec<_>>());
    assert!(found.links.len() <= 2, "{} of {}", found.links.len(), found.compared);
}

/// STU-4: two series with one period are said to share the cycle, and the lag is told within it.
#[test]
fn one_cycle_is_told_as_such() {
    let link = Link { a: 0, b: 1, lag: 43, r: 0.8, z: 20.0, false_discovery_rate: 0.0 };
    let cycle = link.same_cycle(20.0, 20.1, 1.0).unwrap();
    assert!((cycle.lag_s - 2.9).abs() < 0.2, "{cycle:?}");
    assert_eq!(link.same_cycle(20.0, 30.0, 1.0), None);
    let text = link.sentence("a", "b", 1.0, Some(SameCycle { period_s: 20.0, lag_s: 3.0 }));
    assert!(text.contains("by 3 s") && text.contains("same cycle of 20 s"), "{text}");
}

/// STU-4: short, constant and empty series are named, not compared; a pair that is not wanted is not either; whoever
/// asks can call it off.
#[test]
fn what_is_not_compared() {
    let mut short = vec![f64::NAN; N];
    short[..50].copy_from_slice(&walk(1)[..50]);
    let found = all(&[vec![5.0; N], walk(1), short, vec![f64::NAN; N]]);
    assert_eq!((found.compared, found.unjudged), (0, vec![0, 2, 3]));
    let (a, b) = (walk(1), follower(&walk(1), 3, 1.0, 2));
    assert_eq!(compare(&[&a, &b], |_, _| false, |_| true).unwrap().compared, 0);
    assert_eq!(compare(&[&a, &b], |_, _| true, |share| share < 0.1), None);
    assert_eq!(compare(&[], |_, _| true, |_| true).unwrap().compared, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// STU-4: units and zeros of the scales do not matter.
    #[test]
    fn scaling_and_shifting_change_nothing(seed in 0u64..1000, lag in 0usize..50, scale in -10i32..20) {
        let leader = walk(seed);
        let after = follower(&leader, lag, 1.0, seed + 7);
        let scale = 2f64.powi(scale);
        let other = after.iter().map(|v| (v + 3.0) * scale).collect();
        let (plain, scaled) = (all(&[leader.clone(), after]), all(&[leader, other]));
        prop_assert_eq!(plain.links[0].lag, lag as i64);
        prop_assert_eq!(scaled.links[0].lag, lag as i64);
        prop_assert!((plain.links[0].r - scaled.links[0].r).abs() < 1e-6);
    }
}
