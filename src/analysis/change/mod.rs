//! Change points: when a series took another level, for good or for a while (STU-2).
//!
//! Owns: what counts as a change, levels before and after. Must not: know units or clocks: a sentence gets both.
//!
//! A running median takes out spikes; PELT cuts what is left into pieces of constant level, with a penalty by the
//! series' own long-run noise ([`noise`]); each cut must then stand out of that noise, not be part of a slope, and be
//! more than another order of the same samples would show ([`confidence`]).

mod confidence;
mod noise;
mod pelt;

use self::confidence::confidence;
use self::noise::Noise;
use self::pelt::{Sums, cuts, time_variation};
use super::enough::NotEnough;
use super::grid::Grid;
use super::season::without_season;
use super::stats::median;
use crate::time::{Micros, TimeRange};
use crate::unit::Quantity;

/// Fewest samples that are judged.
pub const LEAST: usize = 60;
/// Fewest samples of a level.
const SHORTEST: usize = 15;
/// Samples over which the running median goes.
const SMOOTHED: usize = 5;
/// A longer series is looked at in as many pieces and the places found are then made exact.
const MOST: usize = 900;
/// Cost of a piece in units of ln n × noise.
const PENALTY: f64 = 3.0;
/// How far two levels must be apart, in standard deviations of their difference.
const APART: f64 = 4.0;
/// The same when a slope common to both sides is allowed for, which costs half the sharpness.
const APART_ON_SLOPE: f64 = 2.0;
/// How much of the difference there must be at once: within this many samples on either side, more if the series
/// remembers for longer, the rest being one slope.
const SUDDEN: f64 = 0.5;
const NEARBY: usize = 60;
const NEARBY_MEMORIES: usize = 8;
/// Least confidence of the permutation test.
const CONFIDENT: f64 = 0.95;

/// A change of level.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The first sample of the new level.
    pub time: Micros,
    /// Level until then, in the unit of the series.
    pub before: f64,
    /// Level from then until the next change.
    pub after: f64,
    /// Difference of the levels in standard deviations of the noise.
    pub z: f64,
    /// 1 less the chance that the same samples in another order show as great a step.
    pub confidence: f64,
    /// Whether the line is broken there, so that the change may be the restart or the absence itself.
    pub at_break: bool,
}

/// A stretch of constant level.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// From its first sample to the next segment's.
    pub range: TimeRange,
    /// Its level: the mean without spikes, in the unit of the series.
    pub level: f64,
}

/// What was found in a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Changes {
    /// In the order of time; empty when the level held.
    pub changes: Vec<Change>,
    /// One more than there are changes.
    pub segments: Vec<Segment>,
}

impl Change {
    /// After less before.
    pub fn size(&self) -> f64 {
        self.after - self.before
    }

    /// The size as a share of the greater level: 1 when something began from nothing or ended.
    pub fn share(&self) -> f64 {
        let greater = self.before.abs().max(self.after.abs());
        if greater > 0.0 { (self.size().abs() / greater).min(1.0) } else { 0.0 }
    }

    /// One sentence; `clock` spells a time.
    pub fn sentence(&self, quantity: Quantity, clock: impl Fn(Micros) -> String) -> String {
        let (verb, sign) = if self.size() > 0.0 { ("rose", "+") } else { ("fell", "") };
        let show = |v| quantity.format(v);
        let gap = if self.at_break { ", over a gap" } else { "" };
        format!(
            "{verb} from {} to {} ({sign}{}) at {}{gap}, confidence {:.1} %",
            show(self.before),
            show(self.after),
            show(self.size()),
            clock(self.time),
            self.confidence * 100.0
        )
    }
}

/// The changes of a series. A cycle of `period_s` seconds is taken out first.
pub fn find(grid: &Grid, period_s: Option<f64>) -> Result<Changes, NotEnough> {
    let level = without_season(grid, period_s);
    let (cells, values): (Vec<usize>, Vec<f64>) =
        level.iter().copied().enumerate().filter(|(_, v)| v.is_finite()).unzip();
    if values.len() < LEAST {
        return Err(NotEnough::samples(LEAST, values.len()));
    }
    if values.iter().all(|v| v.total_cmp(&values[0]).is_eq()) {
        return Err(NotEnough::constant());
    }
    let middle = median(&mut values.clone()).unwrap_or(0.0);
    let x = running_median(&values.iter().map(|v| v - middle).collect::<Vec<_>>());
    // Without spikes it may not vary at all.
    let pieces = Noise::of(&x).map_or_else(Vec::new, |noise| judged(&x, noise, search(&x, noise)));
    Ok(told(grid, &cells, &x, middle, &pieces))
}

/// A place where a piece begins, with what speaks for it.
struct Cut {
    at: usize,
    z: f64,
    confidence: f64,
}

/// Candidates. A long series is searched in means of neighbours, and each place then sharpened.
fn search(x: &[f64], noise: Noise) -> Vec<usize> {
    let together = x.len().div_ceil(MOST);
    let coarse: Vec<f64> = x.chunks(together).map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
    // A mean of neighbours varies as much less as they are many.
    let penalty = PENALTY * (x.len() as f64).ln() * noise.long_run / together as f64;
    let found = cuts(&Sums::of(&coarse), coarse.len(), penalty, SHORTEST.div_ceil(together).max(2));
    let sums = Sums::of(x);
    let begin = |i: usize| found.get(i).map_or(x.len(), |c| (c * together).min(x.len()));
    let mut before = 0;
    let mut sharp: Vec<usize> = Vec::new();
    for i in 0..found.len() {
        let (at, next) = (begin(i), begin(i + 1));
        let reach = 2 * together + SMOOTHED;
        let places = at.saturating_sub(reach).max(before + 1)..(at + reach).min(next);
        let cost = |s: &usize| sums.error(before, *s) + sums.error(*s, next);
        if let Some(best) = places.min_by(|a, b| cost(a).total_cmp(&cost(b))) {
            sharp.push(best);
            before = best;
        }
    }
    without_short(&sums, x.len(), sharp)
}

/// Of two places that are too near to one another only the better one.
fn without_short(sums: &Sums, n: usize, mut places: Vec<usize>) -> Vec<usize> {
    while let Some(i) = (1..places.len()).find(|&i| places[i] - places[i - 1] < SHORTEST) {
        let before = if i < 2 { 0 } else { places[i - 2] };
        let after = places.get(i + 1).copied().unwrap_or(n);
        let cost = |at: usize| sums.error(before, at) + sums.error(at, after);
        places.remove(if cost(places[i]) < cost(places[i - 1]) { i - 1 } else { i });
    }
    places.retain(|at| (SHORTEST..=n - SHORTEST).contains(at));
    places
}

/// Drops the weakest candidate until all that are left stand.
fn judged(x: &[f64], noise: Noise, mut places: Vec<usize>) -> Vec<Cut> {
    let sums = Sums::of(x);
    loop {
        let around = |i: usize| {
            let before = if i == 0 { 0 } else { places[i - 1] };
            (before, places[i], places.get(i + 1).copied().unwrap_or(x.len()))
        };
        let strengths: Vec<f64> = (0..places.len()).map(|i| strength(&sums, around(i), noise)).collect();
        let weakest = (0..places.len()).min_by(|&a, &b| strengths[a].total_cmp(&strengths[b]));
        if let Some(i) = weakest.filter(|&i| strengths[i] < APART) {
            places.remove(i);
            continue;
        }
        let cuts: Vec<Cut> = (0..places.len())
            .map(|i| {
                let (from, at, to) = around(i);
                Cut { at, z: strengths[i], confidence: confidence(&x[from..to], noise.memory) }
            })
            .collect();
        match (0..cuts.len()).min_by(|&a, &b| cuts[a].confidence.total_cmp(&cuts[b].confidence)) {
            Some(i) if cuts[i].confidence < CONFIDENT => drop(places.remove(i)),
            _ => return cuts,
        }
    }
}

/// How far the levels of `from..at` and `at..to` are apart, in standard deviations; 0 if the series slid from one to the
/// other.
fn strength(sums: &Sums, (from, at, to): (usize, usize, usize), noise: Noise) -> f64 {
    let apart = sums.mean(at, to) - sums.mean(from, at);
    let sign = apart.signum();
    let near = NEARBY.max(NEARBY_MEMORIES * noise.memory);
    let (whole, variance) = jump(sums, (from, at, to));
    let (nearby, _) = jump(sums, (at.saturating_sub(near).max(from), at, (at + near).min(to)));
    let slid = whole * sign < APART_ON_SLOPE * (noise.long_run * variance).sqrt()
        || nearby * sign < SUDDEN * apart.abs();
    let each = 1.0 / (at - from) as f64 + 1.0 / (to - at) as f64;
    if slid { 0.0 } else { apart.abs() / (noise.long_run * each).sqrt() }
}

/// The jump at `at` if one slope runs on both sides, and its variance in units of the noise's.
fn jump(sums: &Sums, (from, at, to): (usize, usize, usize)) -> (f64, f64) {
    let (left, right) = (at - from, to - at);
    let times = time_variation(left) + time_variation(right);
    let slope = (sums.covariation(from, at) + sums.covariation(at, to)) / times;
    let distance = (to - from) as f64 / 2.0;
    let apart = sums.mean(at, to) - sums.mean(from, at);
    let variance = 1.0 / left as f64 + 1.0 / right as f64 + distance * distance / times;
    (apart - slope * distance, variance)
}

fn told(grid: &Grid, cells: &[usize], x: &[f64], middle: f64, cuts: &[Cut]) -> Changes {
    let sums = Sums::of(x);
    let bounds: Vec<usize> = [0].into_iter().chain(cuts.iter().map(|c| c.at)).chain([x.len()]).collect();
    let time = |i: usize| grid.time(cells.get(i).map_or(grid.len(), |c| *c) as f64);
    let segments: Vec<Segment> = bounds
        .windows(2)
        .map(|b| Segment {
            range: TimeRange::new(time(b[0]), time(b[1])),
            level: middle + sums.mean(b[0], b[1]),
        })
        .collect();
    // The running median may put a place this much off.
    let off = SMOOTHED / 2;
    let changes = cuts
        .iter()
        .zip(segments.windows(2))
        .map(|(cut, s)| Change {
            time: time(cut.at),
            before: s[0].level,
            after: s[1].level,
            z: cut.z,
            confidence: cut.confidence,
            at_break: {
                let around = (cells[cut.at - 1] + 1).saturating_sub(off)..=cells[cut.at] + off;
                grid.breaks.iter().any(|b| around.contains(b))
            },
        })
        .collect();
    Changes { changes, segments }
}

/// The median of the values around each; near the ends that of the first or last few, so that no spike is left there.
fn running_median(x: &[f64]) -> Vec<f64> {
    let last = x.len().saturating_sub(SMOOTHED);
    let around = |i: usize| {
        let from = i.saturating_sub(SMOOTHED / 2).min(last);
        let mut window = [0.0; SMOOTHED];
        window.copy_from_slice(&x[from..from + SMOOTHED]);
        median(&mut window).unwrap_or(x[i])
    };
    (0..x.len()).map(around).collect()
}

#[cfg(test)]
mod tests;
