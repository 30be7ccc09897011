//! What somebody who was woken up should know of a recording, on one screen (TUI-6).
//!
//! Owns: the fields, whose names are promised in specs/summary.schema.json. Must not: judge: the studies do.

use fgm::metric::{Metric, Table};
use fgm::query::QueryError;
use fgm::query::model::{TopBy, TopQuery};
use fgm::subject::Subject;
use fgm::time::{Micros, SECOND};
use fgm::unit::Quantity;
use serde::Serialize;

use super::clock::Clock;
use super::series::Task;
use super::{changes, kills, leaks, periods, throttling};

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What was recorded.
    pub recording: About,
    /// Who was recorded.
    pub containers: Counted,
    /// The highest means of CPU use.
    pub cpu: Vec<Level>,
    /// The highest shares of the memory limit, by the greatest reading.
    pub memory_against_limit: Vec<Level>,
    /// Who had to wait for quota.
    pub throttling: Findings,
    /// Whom the kernel killed for memory.
    pub oom_kills: Findings,
    /// What climbs without coming back.
    pub leaks: Findings,
    /// What repeats.
    pub periods: Findings,
    /// What took another level.
    pub changes: Findings,
    /// When nothing was recorded although a recorder ran.
    pub gaps: Vec<Gap>,
}

/// A recording, or the part that was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// ISO 8601, UTC.
    pub from: String,
    /// ISO 8601, UTC.
    pub to: String,
    /// Its length.
    pub duration_seconds: f64,
    /// Between two ticks of the newest run.
    pub interval_seconds: f64,
    /// Names of nodes, pods or hosts that recorded.
    pub identifiers: Vec<String>,
    /// Closed files.
    pub files: usize,
    /// Open segments.
    pub segments: usize,
    /// Whether somebody is recording into it.
    pub live: bool,
    /// Files that cannot be read.
    pub unreadable_files: usize,
    /// Ticks that recorders counted as lost.
    pub lost_ticks: i64,
}

/// How many of them.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counted {
    /// Seen in the range.
    pub seen: usize,
    /// Of them, still there at its end.
    pub at_the_end: usize,
}

/// Whose something is.
#[derive(Clone, Debug, Serialize)]
pub struct Whose {
    /// As it is called everywhere.
    pub subject: String,
    /// The node, where known.
    pub node_name: Option<String>,
    /// The namespace, where known.
    pub namespace: Option<String>,
    /// The pod, where known.
    pub pod_name: Option<String>,
    /// The container's name, where known.
    pub container_name: Option<String>,
    /// The cgroup.
    pub cgroup_path: Option<String>,
}

impl Whose {
    fn of(subject: &Subject) -> Whose {
        let label = |name: &str| subject.text(name).map(str::to_owned);
        Whose {
            subject: subject.title(),
            node_name: label("node_name"),
            namespace: label("namespace"),
            pod_name: label("pod_name"),
            container_name: label("container_name"),
            cgroup_path: label("cgroup_path"),
        }
    }
}

/// How much of a metric somebody had.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// Whose.
    #[serde(flatten)]
    pub whose: Whose,
    /// Of what.
    pub metric: &'static str,
    /// Of the numbers.
    pub unit: String,
    /// Over the range.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
    /// The last.
    pub last: f64,
    /// For people.
    #[serde(skip)]
    pub quantity: Quantity,
}

/// What a study found.
#[derive(Clone, Debug, Serialize)]
pub struct Findings {
    /// All.
    pub found: usize,
    /// What matters most.
    pub top: Vec<Finding>,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Whose.
    #[serde(flatten)]
    pub whose: Whose,
    /// Of what, where it is of one metric.
    pub metric: Option<&'static str>,
    /// When, ISO 8601, where it is of one moment.
    pub time: Option<String>,
    /// What there is to say of it.
    pub sentence: String,
}

/// A stretch without ticks.
#[derive(Clone, Debug, Serialize)]
pub struct Gap {
    /// ISO 8601, UTC.
    pub from: String,
    /// ISO 8601, UTC.
    pub to: String,
    /// How many.
    pub ticks: i64,
    /// Who lost them.
    pub identifier: Option<String>,
}

/// Sums up a recording, `most` of each kind. Kills are told of whoever `wanted` keeps, since who was killed is often
/// gone.
pub fn summary(
    task: &Task<'_>,
    clock: &Clock,
    most: usize,
    wanted: impl Fn(&Subject) -> bool,
) -> Result<Summary, QueryError> {
    let part = |from: f64, to: f64| move |share: f64| (task.progress)(from + (to - from) * share);
    let shares =
        [(0.0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.7), (0.7, 1.0)].map(|(from, to)| part(from, to));
    let of = |n: usize| Task { progress: &shares[n], ..*task };
    let overview = task.engine.overview();
    let containers: Vec<&Subject> = task.subjects.iter().filter(|s| s.table == Table::Containers).collect();
    let last = containers.iter().map(|s| s.last).max().unwrap_or_default();
    let there = |s: &&&Subject| s.last + 3 * overview.interval >= last;
    let level = |name, by| levels(task, &containers, name, by, most);
    let (cpu, memory_against_limit) =
        (level("cpu_usage_millicores", TopBy::Mean)?, level("memory_percent_of_limit", TopBy::Max)?);
    let throttled = throttling(&of(0))?;
    let killed = kills(&of(1), wanted)?;
    let leaking = leaks(&of(2))?;
    let repeating = periods(&of(3), |_| true)?;
    let changed = changes(&of(4), |_| true)?;
    let one = |subject: &Subject, metric: Option<&'static Metric>, time: Option<Micros>, sentence| Finding {
        whose: Whose::of(subject),
        metric: metric.map(|m| m.name),
        time: time.map(Clock::iso),
        sentence,
    };
    let gaps = overview.gaps.iter().filter(|g| g.range.overlaps(task.range));
    Ok(Summary {
        recording: About {
            from: Clock::iso(task.range.start),
            to: Clock::iso(task.range.end),
            duration_seconds: seconds(task.range.width()),
            interval_seconds: seconds(overview.interval),
            identifiers: overview.identifiers.clone(),
            files: overview.files,
            segments: overview.segments,
            live: overview.live,
            unreadable_files: overview.problems.len(),
            lost_ticks: overview.lost_ticks,
        },
        containers: Counted { seen: containers.len(), at_the_end: containers.iter().filter(there).count() },
        cpu,
        memory_against_limit,
        throttling: findings(&throttled, most, |f| one(&f.subject, None, None, f.sentence(clock))),
        oom_kills: findings(&killed, most, |f| one(&f.subject, None, Some(f.event.time), f.sentence(clock))),
        leaks: findings(&leaking, most, |f| {
            one(&f.series.subject, Some(f.series.metric), None, f.sentence(clock))
        }),
        periods: findings(&repeating, most, |f| {
            one(&f.series.subject, Some(f.series.metric), None, f.sentence())
        }),
        changes: findings(&changed, most, |f| {
            one(&f.series.subject, Some(f.series.metric), Some(f.change.time), f.sentence(clock))
        }),
        gaps: gaps
            .map(|g| Gap {
                from: Clock::iso(g.range.start),
                to: Clock::iso(g.range.end),
                ticks: g.ticks,
                identifier: g.identifier.clone(),
            })
            .collect(),
    })
}

fn seconds(time: Micros) -> f64 {
    time as f64 / SECOND as f64
}

fn findings<T>(all: &[T], most: usize, one: impl Fn(&T) -> Finding) -> Findings {
    Findings { found: all.len(), top: all.iter().take(most).map(one).collect() }
}

/// Who leads by a metric; nobody where it was not recorded.
fn levels(
    task: &Task<'_>,
    containers: &[&Subject],
    name: &str,
    by: TopBy,
    most: usize,
) -> Result<Vec<Level>, QueryError> {
    let Some(metric) = Metric::find(Table::Containers, name) else { return Ok(Vec::new()) };
    let subjects = containers.iter().map(|s| s.key()).collect();
    let answer = task.engine.top(&TopQuery { metric, subjects, range: task.range, by, most }, task.cancel)?;
    let level = |(key, b): &(_, fgm::series::Bucket)| {
        let subject = containers.iter().find(|s| s.key() == *key)?;
        Some(Level {
            whose: Whose::of(subject),
            metric: metric.name,
            unit: answer.quantity.name(),
            mean: b.mean,
            max: b.max,
            last: b.last,
            quantity: answer.quantity,
        })
    };
    Ok(answer.leading.iter().filter_map(level).collect())
}
