//! Who was throttled, over all cgroups (STU-6).
//!
//! Owns: putting the counters of a tick together. Must not: judge: `fgm::analysis::throttle` does.

use std::collections::BTreeMap;

use fgm::analysis::Point;
use fgm::analysis::throttle::{self, Report, Sample};
use fgm::metric::{Metric, Table};
use fgm::query::QueryError;
use fgm::query::model::WindowQuery;
use fgm::series::Bucket;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, SECOND};

use super::clock::Clock;
use super::series::{Task, points};

/// Subjects whose samples are held at once.
const AT_ONCE: usize = 64;

/// What a cgroup had to wait.
#[derive(Clone, Debug)]
pub struct ThrottlingFinding {
    /// Who.
    pub subject: Subject,
    /// What.
    pub report: Report,
}

impl ThrottlingFinding {
    /// One sentence.
    pub fn sentence(&self, clock: &Clock) -> String {
        format!("{} was {}", self.subject.title(), self.report.sentence(|t| clock.spell(t)))
    }
}

/// All that were throttled, who waited longest first.
pub fn throttling(task: &Task<'_>) -> Result<Vec<ThrottlingFinding>, QueryError> {
    let all: Vec<&Subject> = task.subjects.iter().filter(|s| s.table == Table::Containers).collect();
    let throttled: Vec<bool> = whole(task, "cpu_throttled_periods_total", &all)?
        .iter()
        .map(|b| b.is_some_and(|b| b.max > 0.0))
        .collect();
    let suspects: Vec<&Subject> =
        all.into_iter().zip(throttled).filter(|(_, t)| *t).map(|(s, _)| s).collect();
    let mut found = Vec::new();
    for (done, some) in suspects.chunks(AT_ONCE).enumerate() {
        (task.progress)((done * AT_ONCE) as f64 / suspects.len() as f64);
        let keys = || some.iter().map(|s| s.key()).collect::<Vec<SubjectKey>>();
        let rates = |name: &str| match column(name) {
            Some(metric) => points(task, metric, keys(), task.range),
            None => Ok(vec![Vec::new(); some.len()]),
        };
        let periods = rates("cpu_periods_total")?;
        let waits = rates("cpu_throttled_periods_total")?;
        let times = rates("cpu_throttled_usec_total")?;
        let own = whole(task, "cpu_quota_cores", some)?;
        let binding = whole(task, "cpu_quota_effective_cores", some)?;
        let cpus = whole(task, "cpuset_cores", some)?;
        let interval = task.engine.overview().interval;
        for (i, subject) in some.iter().enumerate() {
            let quota = own[i].or(binding[i]).map(|b| b.last);
            let samples = samples(&periods[i], &waits[i], &times[i], interval);
            if let Some(report) = throttle::report(&samples, quota, cpus[i].map(|b| b.last)) {
                found.push(ThrottlingFinding { subject: (*subject).clone(), report });
            }
        }
    }
    found.sort_by(|a, b| b.report.waited_s.total_cmp(&a.report.waited_s));
    (task.progress)(1.0);
    Ok(found)
}

fn column(name: &str) -> Option<&'static Metric> {
    Metric::find(Table::Containers, name)
}

/// All that is known of a metric over the whole range, per subject.
fn whole(task: &Task<'_>, name: &str, subjects: &[&Subject]) -> Result<Vec<Option<Bucket>>, QueryError> {
    let Some(metric) = column(name) else { return Ok(vec![None; subjects.len()]) };
    let subjects = subjects.iter().map(|s| s.key()).collect();
    let query = WindowQuery { metric, subjects, range: task.range, columns: 1 };
    let answer = task.engine.window(&query, task.cancel)?;
    Ok(answer.series.into_iter().map(|(_, b)| b.columns.first().copied().flatten()).collect())
}

/// From rates per second back to what each tick has gained. A rate spans the time since the tick before; behind a gap
/// there is none.
fn samples(periods: &[Point], waits: &[Point], times: &[Point], interval: Micros) -> Vec<Sample> {
    let by_time = |points: &[Point]| points.iter().map(|p| (p.time, p.value)).collect::<BTreeMap<_, _>>();
    let (waits, times) = (by_time(waits), by_time(times));
    let mut before: Option<Micros> = None;
    let mut all = Vec::new();
    for p in periods {
        let width = before.filter(|_| !p.gap_before).map_or(interval, |b| p.time - b);
        before = Some(p.time);
        let seconds = width as f64 / SECOND as f64;
        let gained = |of: &BTreeMap<Micros, f64>| of.get(&p.time).map(|rate| rate * seconds);
        // A counter that was not read on this tick leaves nothing to divide.
        if let (Some(throttled_periods), Some(usec)) = (gained(&waits), gained(&times)) {
            all.push(Sample {
                time: p.time,
                periods: p.value * seconds,
                throttled_periods,
                throttled_s: usec / 1e6,
                seconds,
            });
        }
    }
    all
}
