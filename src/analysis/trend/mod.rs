//! Leaks: what climbs without coming back (STU-3).
//!
//! Owns: what counts as a leak, and when it meets a limit. Must not: know units or clocks, or look across a restart:
//! whoever asks hands over one life of a subject.
//!
//! A cycle is taken out, then the series is cut into blocks of which the low tenth counts: the floor under a garbage
//! collector's saw-tooth. A leak climbs by Mann–Kendall's test over these floors, deflated by how much they follow one
//! another; its slope is Theil's and Sen's; and it is neither one jump nor levels off.

mod mann_kendall;
mod theil_sen;

pub use self::mann_kendall::MannKendall;
use self::theil_sen::{Slope, slope};
use super::enough::NotEnough;
use super::grid::Grid;
use super::season::without_season;
use super::stats::quantile;
use crate::time::{Micros, SECOND, TimeRange};
use crate::unit::Quantity;

/// Fewest samples that are judged.
pub const LEAST: usize = 100;
/// Blocks, and the fewest samples of one.
const BLOCKS: usize = 40;
const LEAST_IN_BLOCK: usize = 3;
/// Fewest blocks with samples.
const LEAST_BLOCKS: usize = 15;
/// What of a block is its floor.
const FLOOR: f64 = 0.1;
/// How sure the climb must be, in standard deviations.
const SURE: f64 = 3.0;
/// What is left of the slope without its greatest jump, and in its second half, at least.
const WITHOUT_JUMP: f64 = 0.4;
const SECOND_HALF: f64 = 0.35;
/// Half the width of a 95 % interval in standard deviations.
const INTERVAL: f64 = 1.96;

/// What a climb is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It climbs all the time.
    Leak,
    /// It does not climb beyond chance.
    Steady,
    /// Most of the climb is one jump.
    Jump,
    /// It has climbed and does no more.
    LevelsOff,
}

/// The trend of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// What it is.
    pub verdict: Verdict,
    /// First to last sample.
    pub range: TimeRange,
    /// Increase per second, in the unit of the series.
    pub slope: f64,
    /// Between these lies the slope in 95 of 100 cases.
    pub interval: (f64, f64),
    /// Standard score of the climb: Mann–Kendall's, deflated.
    pub z: f64,
    /// The last block's floor, in the unit of the series.
    pub floor: f64,
}

/// When a limit is met, in seconds after the last sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeToLimit {
    /// At the slope found.
    pub expected_s: f64,
    /// At the steepest slope of the interval.
    pub soonest_s: f64,
    /// At the flattest; `None` when that does not climb.
    pub latest_s: Option<f64>,
}

impl Trend {
    /// When `limit` (in the unit of the series) is met; `None` when the series does not climb.
    pub fn time_to(&self, limit: f64) -> Option<TimeToLimit> {
        let left = (limit - self.floor).max(0.0);
        let at = |slope: f64| (slope > 0.0).then(|| left / slope);
        let (low, high) = self.interval;
        Some(TimeToLimit { expected_s: at(self.slope)?, soonest_s: at(high)?, latest_s: at(low) })
    }

    /// What it climbs over its range, in the unit of the series.
    pub fn rise(&self) -> f64 {
        self.slope * self.range.width() as f64 / SECOND as f64
    }

    /// One sentence; `limit` is what it runs into, `clock` spells a time.
    pub fn sentence(
        &self,
        quantity: Quantity,
        limit: Option<f64>,
        clock: impl Fn(Micros) -> String,
    ) -> String {
        let an_hour = |slope: f64| quantity.format(slope * 3600.0);
        let (low, high) = self.interval;
        let slope = format!("{} an hour ({} to {})", an_hour(self.slope), an_hour(low), an_hour(high));
        let since = clock(self.range.start);
        match self.verdict {
            Verdict::Leak => {
                let mut text = vec![format!(
                    "has climbed since {since} by {slope}, {} in all",
                    quantity.format(self.rise())
                )];
                if let Some((limit, time)) = limit.and_then(|l| Some((l, self.time_to(l)?))) {
                    let at = |s: f64| clock(self.range.end.saturating_add((s * SECOND as f64) as Micros));
                    let latest = time.latest_s.map_or("never".to_owned(), at);
                    text.push(format!(
                        "; it meets its limit of {} at {} (between {} and {latest})",
                        quantity.format(limit),
                        at(time.expected_s),
                        at(time.soonest_s)
                    ));
                }
                text.concat()
            }
            Verdict::Steady => format!("does not climb beyond chance since {since}: {slope}"),
            Verdict::Jump => format!("has climbed since {since}, but for the most part in one jump"),
            Verdict::LevelsOff => format!("has climbed since {since}, but no more of late"),
        }
    }
}

/// The trend of a series. A cycle of `period_s` seconds is taken out first.
pub fn find(grid: &Grid, period_s: Option<f64>) -> Result<Trend, NotEnough> {
    let present = grid.present();
    if present < LEAST {
        return Err(NotEnough::samples(LEAST, present));
    }
    let values = without_season(grid, period_s);
    let floors = floors(&values, grid.step_s(), present);
    if floors.len() < LEAST_BLOCKS {
        return Err(NotEnough::new("the samples stand in too few places"));
    }
    let mut seen = values.iter().copied().filter(|v| v.is_finite());
    let first = seen.next();
    if seen.all(|v| Some(v) == first) {
        return Err(NotEnough::constant());
    }
    let heights: Vec<f64> = floors.iter().map(|f| f.1).collect();
    let test = MannKendall::of(&heights);
    let declined = || NotEnough::new("the samples stand in too few places");
    let plain = slope(&floors, 0.0).ok_or_else(declined)?;
    let deflation = deflation(&floors, plain.median);
    let (z, reach) = (test.z() / deflation, INTERVAL * test.variance.sqrt() * deflation);
    let Slope { median: slope, low, high } = slope(&floors, reach).ok_or_else(declined)?;
    let there = |v: &f64| v.is_finite();
    let from = values.iter().position(there).unwrap_or(0);
    let to = values.iter().rposition(there).unwrap_or(0);
    Ok(Trend {
        verdict: verdict(&floors, slope, low, z),
        range: TimeRange::new(grid.time(from as f64), grid.time(to as f64)),
        slope,
        interval: (low, high),
        z,
        floor: heights[heights.len() - 1],
    })
}

fn verdict(floors: &[(f64, f64)], all: f64, low: f64, z: f64) -> Verdict {
    if z <= SURE || low <= 0.0 {
        return Verdict::Steady;
    }
    let slope_of = |points: &[(f64, f64)]| slope(points, 0.0).map_or(0.0, |s| s.median);
    if slope_of(&without_jump(floors)) <= WITHOUT_JUMP * all {
        return Verdict::Jump;
    }
    if slope_of(&floors[floors.len() / 2..]) <= SECOND_HALF * all {
        return Verdict::LevelsOff;
    }
    Verdict::Leak
}

/// Middle (in seconds) and floor of each block that has samples.
fn floors(values: &[f64], step_s: f64, present: usize) -> Vec<(f64, f64)> {
    let blocks = BLOCKS.min(present / 5);
    let bound = |b: usize| b * values.len() / blocks;
    (0..blocks)
        .filter_map(|b| {
            let mut of_block: Vec<f64> =
                values[bound(b)..bound(b + 1)].iter().copied().filter(|v| v.is_finite()).collect();
            let middle = (bound(b) + bound(b + 1)) as f64 / 2.0 * step_s;
            let enough = of_block.len() >= LEAST_IN_BLOCK;
            enough.then(|| quantile(&mut of_block, FLOOR)).flatten().map(|floor| (middle, floor))
        })
        .collect()
}

/// By how much a standard score is too great because neighbours are alike once the slope is taken out.
fn deflation(floors: &[(f64, f64)], slope: f64) -> f64 {
    let rest: Vec<f64> = floors.iter().map(|(t, v)| v - slope * t).collect();
    let mean = rest.iter().sum::<f64>() / rest.len() as f64;
    let square = rest.iter().map(|r| (r - mean).powi(2)).sum::<f64>();
    let product = rest.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum::<f64>();
    let alike = if square > 0.0 { (product / square).clamp(0.0, 0.95) } else { 0.0 };
    ((1.0 + alike) / (1.0 - alike)).sqrt()
}

/// The floors with their greatest upward jump taken out.
fn without_jump(floors: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let jumps = floors.windows(2).map(|w| w[1].1 - w[0].1);
    let Some((at, jump)) = jumps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return floors.to_vec();
    };
    floors.iter().enumerate().map(|(i, (t, v))| (*t, if i > at { v - jump } else { *v })).collect()
}

#[cfg(test)]
mod tests;
