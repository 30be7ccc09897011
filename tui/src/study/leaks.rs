//! What leaks, over all series that can (STU-3).
//!
//! Owns: limits, and which of many leaks come first. Must not: judge a climb: `fgm::analysis::trend` does.

use fgm::analysis::period::Finder;
use fgm::analysis::season::cycle_s;
use fgm::analysis::trend::{self, Trend, Verdict};
use fgm::query::QueryError;
use fgm::query::model::WindowQuery;

use super::clock::Clock;
use super::cores::study_each;
use super::informative::Informative;
use super::series::{Series, Task};

/// A leak.
#[derive(Clone, Debug)]
pub struct LeakFinding {
    /// Whose.
    pub series: Series,
    /// Its trend.
    pub trend: Trend,
    /// What it runs into, in the unit of the series.
    pub limit: Option<f64>,
}

impl LeakFinding {
    /// One sentence.
    pub fn sentence(&self, clock: &Clock) -> String {
        let told = self.trend.sentence(self.series.quantity, self.limit, |t| clock.spell(t));
        format!("{} {told}", self.series.title())
    }

    /// Seconds until the limit, if there is one.
    pub fn seconds_left(&self) -> Option<f64> {
        Some(self.trend.time_to(self.limit?)?.expected_s)
    }
}

/// The working set holds files that are read again and again, which is no leak: where anonymous memory is known, that
/// is asked instead.
const ANON: &str = "memory_stat_anon_bytes";
const WORKING_SET: &str = "memory_working_set_bytes";

/// All leaks: those that meet a limit first, the earliest first; then those that have grown most for their size.
pub fn leaks(task: &Task<'_>) -> Result<Vec<LeakFinding>, QueryError> {
    let anon = task.engine.overview().metrics.iter().any(|m| m.name == ANON);
    let mut found = Vec::new();
    let can = |i: &Informative| i.leaks && !(anon && i.name == WORKING_SET);
    // What cannot be judged is no leak that we know of.
    let study = |series: &Series, finder: &mut Finder| {
        let cycle = cycle_s(&series.grid, finder);
        trend::find(&series.grid, cycle).ok().filter(|t| t.verdict == Verdict::Leak)
    };
    study_each(task, can, study, |series, trend| {
        found.extend(trend.map(|trend| LeakFinding { series, trend, limit: None }));
    })?;
    for leak in &mut found {
        leak.limit = limit(task, &leak.series)?;
    }
    let grown = |l: &LeakFinding| l.trend.rise() / l.trend.floor.abs().max(f64::MIN_POSITIVE);
    let left = |l: &LeakFinding| l.seconds_left().unwrap_or(f64::INFINITY);
    found.sort_by(|a, b| left(a).total_cmp(&left(b)).then(grown(b).total_cmp(&grown(a))));
    Ok(found)
}

/// The last value of what limits a series, in the unit of the series.
fn limit(task: &Task<'_>, series: &Series) -> Result<Option<f64>, QueryError> {
    for limit in series.metric.limits() {
        let subjects = vec![series.subject.key()];
        let query = WindowQuery { metric: limit.metric, subjects, range: task.range, columns: 1 };
        let answer = task.engine.window(&query, task.cancel)?;
        let last = answer.series.first().and_then(|(_, b)| b.columns.first().copied().flatten());
        if let Some(bucket) = last {
            return Ok(Some(bucket.last * limit.factor));
        }
    }
    Ok(None)
}
