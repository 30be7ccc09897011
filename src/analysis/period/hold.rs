//! In which cycles a period is seen, and in which stretches it holds.
//!
//! Owns: that decision. Must not: find periods.
//!
//! The mean cycle of the residual is a template; each cycle is measured against it. A cycle too faint to be measured by
//! itself is measured together with its neighbours, as many as it takes.

use std::ops::Range;

use super::fold::{column, columns};

/// Where a period holds.
pub(super) struct Held {
    /// Whole cycles in which it was seen.
    pub seen: usize,
    /// Stretches of cells, ascending; never empty.
    pub windows: Vec<Range<usize>>,
}

/// A block is seen when it has this share of the template.
const SEEN: f64 = 0.5;

/// Energy of the template over a block, so that noise moves its measure by a quarter.
const ENERGY: f64 = 16.0;

/// Where `period` (in cells) holds in a series and its residual.
pub(super) fn held(values: &[f64], residual: &[f64], period: f64) -> Held {
    let present = |t: usize| !values[t].is_nan() && !values[t + 1].is_nan();
    let all: Range<usize> = 0..residual.len();
    let mut measured = Blocks::measure(residual, period, std::slice::from_ref(&all), present);
    let first = measured.windows();
    // Cycles without the pattern water the template down: look once more, at those that have it.
    if first.iter().map(Range::len).sum::<usize>() * 5 < residual.len() * 4 && !first.is_empty() {
        measured = Blocks::measure(residual, period, &first, present);
    }
    let mut windows = measured.windows();
    if windows.is_empty() {
        windows.push(0..values.len());
    } else if let Some(last) = windows.last_mut().filter(|w| w.end == residual.len()) {
        last.end = values.len();
    }
    Held { seen: measured.seen(), windows }
}

/// Whole cycles in so many; a hair less than a whole one is one.
pub(super) fn whole_cycles(cycles: f64) -> usize {
    (cycles + 0.1) as usize
}

struct Blocks {
    period: f64,
    /// Cycles per block.
    cycles: usize,
    /// Per block: whether the template is seen; `None` where data are missing.
    seen: Vec<Option<bool>>,
    /// Whole cycles in the series.
    whole: usize,
    /// Cells of the residual.
    cells: usize,
}

impl Blocks {
    fn measure(
        residual: &[f64],
        period: f64,
        among: &[Range<usize>],
        present: impl Fn(usize) -> bool,
    ) -> Self {
        let template = template(residual, period, among, &present);
        let in_cycle = template.iter().map(|t| t * t).sum::<f64>() / template.len() as f64 * period;
        // The series has one cell more than its differences.
        let whole = whole_cycles((residual.len() + 1) as f64 / period).max(1);
        let cycles = (ENERGY / in_cycle).ceil().clamp(1.0, whole as f64) as usize;
        let block = cycles as f64 * period;
        let blocks = whole / cycles;
        let edge = |b: usize| if b == blocks { residual.len() } else { (b as f64 * block).round() as usize };
        let seen = (0..blocks).map(|b| {
            let (mut common, mut energy, mut whole) = (0.0, 0.0, 0.0);
            for t in edge(b)..edge(b + 1) {
                let wanted = template[column(t, period)];
                whole += wanted * wanted;
                if present(t) {
                    common += residual[t] * wanted;
                    energy += wanted * wanted;
                }
            }
            (energy > whole / 3.0).then_some(common > SEEN * energy)
        });
        Self { period, cycles, seen: seen.collect(), whole, cells: residual.len() }
    }

    fn seen(&self) -> usize {
        let blocks = self.seen.iter().filter(|seen| **seen == Some(true)).count();
        // The last block takes the cycles that are left over.
        let rest = self.whole - self.seen.len() * self.cycles;
        blocks * self.cycles + if self.seen.last() == Some(&Some(true)) { rest } else { 0 }
    }

    /// Runs of seen blocks; up to two missed ones do not end a run, and a run of one in a long series is chance.
    fn windows(&self) -> Vec<Range<usize>> {
        const MISSED: usize = 2;
        let mut runs: Vec<Range<usize>> = Vec::new();
        for block in (0..self.seen.len()).filter(|&b| self.seen[b] == Some(true)) {
            match runs.last_mut() {
                Some(run) if block <= run.end + MISSED => run.end = block + 1,
                _ => runs.push(block..block + 1),
            }
        }
        if runs.iter().any(|run| run.len() > 2) {
            runs.retain(|run| run.len() > 2);
        }
        let block = self.cycles as f64 * self.period;
        let edge =
            |b: usize| if b == self.seen.len() { self.cells } else { (b as f64 * block).round() as usize };
        runs.into_iter().map(|run| edge(run.start)..edge(run.end)).collect()
    }
}

/// The mean cycle of the residual over some stretches.
fn template(
    residual: &[f64],
    period: f64,
    among: &[Range<usize>],
    present: &impl Fn(usize) -> bool,
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); columns(period)];
    for t in among.iter().cloned().flatten().filter(|&t| present(t)) {
        let sum = &mut sums[column(t, period)];
        sum.0 += residual[t];
        sum.1 += 1.0;
    }
    sums.into_iter().map(|(sum, count)| if count > 0.0 { sum / count } else { 0.0 }).collect()
}
