//! What repeats, over all series (STU-1).
//!
//! Owns: the order of the ranking. Must not: find periods: `fgm::analysis::period` does.

use std::collections::HashMap;

use fgm::analysis::period::{Finder, Options, Period, Verdict};
use fgm::query::QueryError;

use super::cores::study_each;
use super::informative::Informative;
use super::series::{Series, Task};

/// Fewer whole cycles are an accident more often than a habit.
const FEWEST_CYCLES: usize = 4;
/// What swings by less of all that a series does is how its numbers are rounded, or of no use to anybody.
const LEAST_SWING: f64 = 0.005;

/// A period of one series.
#[derive(Clone, Debug)]
pub struct PeriodFinding {
    /// Whose.
    pub series: Series,
    /// The period.
    pub period: Period,
}

impl PeriodFinding {
    /// One sentence.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.series.title(), self.period.sentence(self.series.quantity))
    }
}

/// All periods of the series of which `wanted` says so, first what is sure and great beside the greatest that the
/// recording has of that metric. The same recording gives the same answer,
/// whatever the number of cores.
pub fn periods(
    task: &Task<'_>,
    wanted: impl Fn(&Informative) -> bool,
) -> Result<Vec<PeriodFinding>, QueryError> {
    let mut found = Vec::new();
    let study = |series: &Series, finder: &mut Finder| finder.find(&series.grid, &Options::default());
    study_each(task, wanted, study, |series, verdict| found.extend(worth(&series, verdict)))?;
    let mut greatest: HashMap<&str, f64> = HashMap::new();
    for f in &found {
        let most = greatest.entry(f.series.metric.name).or_default();
        *most = most.max(f.period.amplitude);
    }
    // What is sure and small comes after what is nearly as sure and large.
    let weight = |f: &PeriodFinding| {
        let most = greatest.get(f.series.metric.name).copied().unwrap_or_default().max(f64::MIN_POSITIVE);
        f.period.confidence * (f.period.amplitude / most).powf(0.25)
    };
    let place =
        |f: &PeriodFinding| (f.series.title(), f.series.subject.text("cgroup_path").map(str::to_owned));
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| place(a).cmp(&place(b))));
    Ok(found)
}

/// From the first to the last hundredth of its values.
fn spread(series: &Series) -> f64 {
    let mut values: Vec<f64> = series.grid.values.iter().copied().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round() as usize).copied();
    at(0.99).zip(at(0.01)).map_or(0.0, |(high, low)| high - low)
}

/// The periods of a series that are worth telling.
fn worth(series: &Series, verdict: Verdict) -> Vec<PeriodFinding> {
    // What cannot be judged has no period to tell.
    let Verdict::Periodic(periods) = verdict else { return Vec::new() };
    let least = LEAST_SWING * spread(series);
    let worth = periods.into_iter().filter(|p| p.seen >= FEWEST_CYCLES && p.amplitude >= least);
    worth.map(|period| PeriodFinding { series: series.clone(), period }).collect()
}
