//! Why it died, for each OOM kill (STU-5).
//!
//! Owns: which series are evidence, and what they are called. Must not: judge: `fgm::analysis::oom` does.

use std::collections::HashMap;

use fgm::analysis::Point;
use fgm::analysis::oom::{self, Evidence, Gauge, Named, Report, WINDOW};
use fgm::event::EventKind;
use fgm::metric::{Metric, Table};
use fgm::query::{QueryError, RecordedEvent};
use fgm::store::tick::LabelValue;
use fgm::subject::Subject;
use fgm::time::{Micros, SECOND, TimeRange};
use fgm::unit::{Quantity, Unit};

use super::clock::Clock;
use super::series::{Task, points};

const USAGE: &str = "memory_current_bytes";
/// Kinds of memory that add up to what a cgroup is charged for. Shared memory is part of `file`, and taken out of it.
const KINDS: [(&str, &str); 4] = [
    ("anonymous memory", "memory_stat_anon_bytes"),
    ("shared memory and tmpfs", "memory_stat_shmem_bytes"),
    (PAGE_CACHE, "memory_stat_file_bytes"),
    ("kernel memory", "memory_stat_kernel_bytes"),
];
const PAGE_CACHE: &str = "page cache";
const SHARED: usize = 1;

/// What warns: name, column, the factor from its rate to the quantity, the quantity, and from which value on.
const GAUGES: [(&str, &str, f64, Quantity, f64); 4] = [
    ("tasks stalled on memory", "memory_pressure_some_usec_total", 1e-4, Unit::Percent.plain(), 10.0),
    ("all tasks stalled on memory", "memory_pressure_full_usec_total", 1e-4, Unit::Percent.plain(), 10.0),
    ("held back at memory.high", "memory_events_high_total", 1.0, Unit::Count.rate(), f64::MIN_POSITIVE),
    ("reclaim at memory.max", "memory_events_max_total", 1.0, Unit::Count.rate(), f64::MIN_POSITIVE),
];

/// A kill, explained.
#[derive(Clone, Debug)]
pub struct KillFinding {
    /// What the recorder noticed.
    pub event: RecordedEvent,
    /// In which cgroup; as the event has it if no row of it was recorded.
    pub subject: Subject,
    /// Who was killed, if known: `java [123]`.
    pub victim: Option<String>,
    /// The minutes before.
    pub report: Report,
}

impl KillFinding {
    /// One sentence.
    pub fn sentence(&self, clock: &Clock) -> String {
        let told = self.report.sentence(self.victim.as_deref(), |t| clock.spell(t));
        format!("in {} the kernel {told}", self.subject.title())
    }
}

/// All kills of the range in subjects that `wanted` keeps, by time. Subjects of the task do not matter: who was killed
/// is often gone.
pub fn kills(task: &Task<'_>, wanted: impl Fn(&Subject) -> bool) -> Result<Vec<KillFinding>, QueryError> {
    let events: Vec<RecordedEvent> =
        task.engine.events(task.range).into_iter().filter(|e| e.kind == Some(EventKind::OomKill)).collect();
    let mut last: HashMap<Option<String>, Micros> = HashMap::new();
    let mut found = Vec::new();
    for (done, event) in events.iter().enumerate() {
        (task.progress)(done as f64 / events.len() as f64);
        let subject = subject(task, event)?;
        if !wanted(&subject) {
            continue;
        }
        // What was before an earlier kill belongs to that one.
        let since = last.insert(event.about.cgroup_path.clone(), event.time).unwrap_or(Micros::MIN);
        let report = oom::report(&evidence(task, event, &subject)?, since);
        found.push(KillFinding { event: event.clone(), subject, victim: victim(event), report });
    }
    (task.progress)(1.0);
    Ok(found)
}

/// What was looked at for a kill.
fn window(event: &RecordedEvent) -> TimeRange {
    TimeRange::new(event.time - WINDOW, event.time)
}

/// The subject with rows before the kill that the event names; a path may have been used again since.
fn subject(task: &Task<'_>, event: &RecordedEvent) -> Result<Subject, QueryError> {
    let path = event.about.cgroup_path.as_deref();
    let same = |s: &Subject| {
        path.is_some() && s.text("cgroup_path") == path && s.text("node_name") == event.node_name.as_deref()
    };
    let all = task.engine.subjects(Table::Containers, window(event))?;
    let latest = all.into_iter().filter(|s| same(s) && s.first < event.time).max_by_key(|s| s.first);
    Ok(latest.unwrap_or_else(|| as_told(event)))
}

fn as_told(event: &RecordedEvent) -> Subject {
    let about = &event.about;
    let text = |name: &str| match name {
        "node_name" => event.node_name.as_deref(),
        "cluster_name" => event.cluster_name.as_deref(),
        "subject_kind" => about.subject_kind.as_deref(),
        "cgroup_path" => about.cgroup_path.as_deref(),
        "container_id" => about.container_id.as_deref(),
        "container_name" => about.container_name.as_deref(),
        "namespace" => about.namespace.as_deref(),
        "pod_name" => about.pod_name.as_deref(),
        "pod_uid" => about.pod_uid.as_deref(),
        _ => None,
    };
    let labels = Table::Containers.labels().iter().map(|l| LabelValue::maybe(text(l.name))).collect();
    Subject { table: Table::Containers, labels, first: event.time, last: event.time }
}

fn victim(event: &RecordedEvent) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(event.detail.as_deref()?).ok()?;
    let name = detail.get("victim_comm")?.as_str()?;
    Some(event.pid.map_or(name.to_owned(), |pid| format!("{name} [{pid}]")))
}

fn evidence(task: &Task<'_>, event: &RecordedEvent, subject: &Subject) -> Result<Evidence, QueryError> {
    let series = |name: &str| -> Result<Vec<Point>, QueryError> {
        let Some(metric) = Metric::find(Table::Containers, name) else { return Ok(Vec::new()) };
        Ok(points(task, metric, vec![subject.key()], window(event))?.pop().unwrap_or_default())
    };
    let mut kinds = Vec::new();
    for (name, column) in KINDS {
        kinds.push(Named { name: name.to_owned(), points: series(column)? });
    }
    let shared: HashMap<Micros, f64> = kinds[SHARED].points.iter().map(|p| (p.time, p.value)).collect();
    for p in kinds.iter_mut().filter(|k| k.name == PAGE_CACHE).flat_map(|k| &mut k.points) {
        p.value -= shared.get(&p.time).copied().unwrap_or(0.0);
    }
    let mut gauges = Vec::new();
    for (name, column, factor, quantity, from) in GAUGES {
        let mut points = series(column)?;
        for p in &mut points {
            p.value *= factor;
        }
        gauges.push(Gauge { series: Named { name: name.to_owned(), points }, quantity, from });
    }
    // The one that binds, or the cgroup's own in recordings that do not tell which binds.
    let mut limit = Vec::new();
    for l in Metric::find(Table::Containers, USAGE).into_iter().flat_map(Metric::limits) {
        if limit.is_empty() {
            limit = series(l.metric.name)?;
        }
    }
    Ok(Evidence {
        noticed: event.time,
        usage: series(USAGE)?,
        limit,
        kinds,
        processes: processes(task, event)?,
        gauges,
    })
}

/// Resident memory of each process of the cgroup: it is read on every tick on which a process ran, PSS is not.
fn processes(task: &Task<'_>, event: &RecordedEvent) -> Result<Vec<Named>, QueryError> {
    let Some(metric) = Metric::find(Table::Processes, "memory_rss_bytes") else { return Ok(Vec::new()) };
    let path = event.about.cgroup_path.as_deref();
    // A tick more, since a process that was killed has its last row before.
    let range = TimeRange::new(event.time - WINDOW, event.time + SECOND);
    let mut all = task.engine.subjects(Table::Processes, range)?;
    all.retain(|s| {
        path.is_some() && s.text("cgroup_path") == path && s.text("node_name") == event.node_name.as_deref()
    });
    let keys = all.iter().map(Subject::key).collect();
    let points = points(task, metric, keys, window(event))?;
    Ok(all.iter().zip(points).map(|(s, points)| Named { name: s.title(), points }).collect())
}
