//! What repeats, taken out of a series.
//!
//! Owns: the typical cycle, and what is left without it. Must not: judge whether something repeats: [`super::period`]
//! does.

use super::grid::Grid;
use super::period::{Finder, Options, Verdict};
use super::stats::median;

/// Most phases that are told apart.
const PHASES: usize = 240;
/// Fewest cycles that make a cycle typical.
const LEAST_CYCLES: f64 = 3.0;

/// Length in seconds of the cycle that studies of levels take out; `None` if the series does not repeat.
pub fn cycle_s(grid: &Grid, finder: &mut Finder) -> Option<f64> {
    match finder.find(grid, &Options { most: 1 }) {
        Verdict::Periodic(periods) => periods.first().map(|p| p.period_s),
        _ => None,
    }
}

/// The values of a grid less the typical cycle of `period_s` seconds, which varies around zero; as they are without a
/// period, or when fewer than three cycles are there.
pub(super) fn without_season(grid: &Grid, period_s: Option<f64>) -> Vec<f64> {
    let cells = period_s.map_or(0.0, |p| p / grid.step_s());
    if cells < 2.0 || grid.len() as f64 / cells < LEAST_CYCLES {
        return grid.values.clone();
    }
    let phases = (cells.floor() as usize).min(PHASES);
    let phase = |i: usize| (((i as f64 / cells).fract() * phases as f64) as usize).min(phases - 1);
    // The level around each value, so that a slope or a step does not become part of the cycle.
    let level = level_over(&grid.values, cells.round() as usize);
    let mut of_phase: Vec<Vec<f64>> = vec![Vec::new(); phases];
    for (i, (v, l)) in grid.values.iter().zip(&level).enumerate() {
        if v.is_finite() && l.is_finite() {
            of_phase[phase(i)].push(v - l);
        }
    }
    let typical: Vec<f64> = of_phase.iter_mut().map(|v| median(v).unwrap_or(0.0)).collect();
    let mean = typical.iter().sum::<f64>() / phases as f64;
    grid.values.iter().enumerate().map(|(i, v)| v - (typical[phase(i)] - mean)).collect()
}

/// The mean of the present values within one cycle around each place.
fn level_over(values: &[f64], cycle: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_usize)];
    for v in values {
        let &(sum, n) = &sums[sums.len() - 1];
        sums.push(if v.is_finite() { (sum + v, n + 1) } else { (sum, n) });
    }
    (0..values.len())
        .map(|i| {
            let from = i.saturating_sub(cycle / 2);
            let to = (from + cycle).min(values.len());
            let ((a, m), (b, n)) = (sums[from], sums[to]);
            if n > m { (b - a) / (n - m) as f64 } else { f64::NAN }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    /// STU-3: a cycle on a slope is taken out and the slope is left.
    #[test]
    fn the_cycle_goes_and_the_slope_stays() {
        let wave = |i: usize| if i % 20 < 5 { 10.0 } else { 0.0 };
        let values = (0..400).map(|i| wave(i) + 0.01 * i as f64).collect();
        let grid = Grid { start: 0, step: SECOND, values, breaks: Vec::new() };
        let left = without_season(&grid, Some(20.0));
        // Half a cycle at either end has no full cycle around it.
        for (i, v) in left.iter().enumerate().take(380).skip(20) {
            assert!((v - 0.01 * i as f64 - 2.5).abs() < 0.3, "{i}: {v}");
        }
        assert_eq!(without_season(&grid, None), grid.values);
        assert_eq!(without_season(&grid, Some(200.0)), grid.values);
    }
}
