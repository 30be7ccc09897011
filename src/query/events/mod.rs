//! What happened, as typed events (REC-8).
//!
//! Owns: the events of a range from sealed files and open segments, each once. Must not: interpret them.

mod read;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::catalogue::{Catalogue, FileEntry, OpenSegment};
use super::engine::Engine;
use super::model::Problem;
use crate::event::{About, Event, EventKind, Severity};
use crate::time::{Micros, TimeRange};

/// Events of files that are kept between questions: a few times what a busy week has.
const MAX_KEPT: usize = 200_000;

/// An event, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// When it was noticed.
    pub time: Micros,
    /// Tick on which it was noticed.
    pub tick: Micros,
    /// The run that noticed it.
    pub run_id: Arc<str>,
    /// Node that it happened on.
    pub node_name: Option<Arc<str>>,
    /// Cluster of the node.
    pub cluster_name: Option<Arc<str>>,
    /// What happened; `None` for a kind that only newer versions know.
    pub kind: Option<EventKind>,
    /// The kind's name, as recorded.
    pub name: Arc<str>,
    /// How much it matters; a severity that only newer versions know is information.
    pub severity: Severity,
    /// The subject that it happened to.
    pub about: About,
    /// Process it happened to.
    pub pid: Option<i64>,
    /// Start time of that process in clock ticks since boot.
    pub start_ticks: Option<i64>,
    /// Column of `containers` that the two values belong to.
    pub metric: Option<String>,
    /// Value before, in `unit`.
    pub value_before: Option<f64>,
    /// Value after, in `unit`.
    pub value_after: Option<f64>,
    /// Unit of the two values.
    pub unit: Option<String>,
    /// One sentence.
    pub message: String,
    /// What has no column of its own, as a JSON object.
    pub detail: Option<String>,
}

/// Events of sealed files, which never change; shared by all catalogues of a scanner.
#[derive(Debug, Default)]
pub(crate) struct EventCache {
    kept: Mutex<HashMap<u64, Arc<Vec<RecordedEvent>>>>,
    bad: Mutex<Vec<Problem>>,
}

impl Engine {
    /// The events of a range, the newest last. A file whose rows cannot be read is left out, and named by the overview
    /// from the next refresh on.
    pub fn events(&self, range: TimeRange) -> Vec<RecordedEvent> {
        self.catalogue().events(range)
    }
}

impl Catalogue {
    fn events(&self, range: TimeRange) -> Vec<RecordedEvent> {
        let files: Vec<&FileEntry> = self.files.iter().map(AsRef::as_ref).filter(|f| f.events).collect();
        let stems: HashSet<&str> = files.iter().map(|f| f.stem.as_str()).collect();
        let cache = &self.books.events;
        let mut all: Vec<RecordedEvent> = Vec::new();
        let wanted = |e: &&RecordedEvent| range.contains(e.time);
        for file in files.iter().filter(|f| f.time.overlaps(range)) {
            all.extend(cache.of(file).iter().filter(wanted).cloned());
        }
        // A segment of which the events are sealed already is about to go.
        for segment in self.segments.iter().filter(|s| !stems.contains(s.head.place.stem().as_str())) {
            all.extend(of_segment(segment).filter(|e| wanted(&e)));
        }
        // What was noticed at the same time stays in the order in which it was written.
        all.sort_by_key(|e| e.time);
        all
    }
}

impl EventCache {
    fn kept(&self) -> MutexGuard<'_, HashMap<u64, Arc<Vec<RecordedEvent>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, file: &FileEntry) -> Arc<Vec<RecordedEvent>> {
        if let Some(kept) = self.kept().get(&file.id) {
            return Arc::clone(kept);
        }
        let events = Arc::new(read::file(&file.path).unwrap_or_else(|reason| {
            let problem = Problem { path: file.path.clone(), reason };
            self.bad.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
            Vec::new()
        }));
        let mut kept = self.kept();
        let held: usize = kept.values().map(|e| e.len()).sum();
        if held + events.len() <= MAX_KEPT {
            kept.insert(file.id, Arc::clone(&events));
        }
        events
    }

    /// Forgets all files but these.
    pub(crate) fn retain(&self, files: &HashSet<u64>) {
        self.kept().retain(|id, _| files.contains(id));
    }

    /// The files that could not be read since the last call.
    pub(crate) fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.bad.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn of_segment(segment: &OpenSegment) -> impl Iterator<Item = RecordedEvent> + use<> {
    let run = &segment.head.run;
    let run_id: Arc<str> = run.run_id.as_str().into();
    let node_name = Some(Arc::<str>::from(run.node_name.as_str()));
    let cluster_name = run.cluster_name.as_deref().map(Arc::<str>::from);
    let events: Vec<(i64, Micros, Event)> = segment.data().events.clone();
    events.into_iter().map(move |(_, tick, e)| RecordedEvent {
        time: e.time,
        tick,
        run_id: Arc::clone(&run_id),
        node_name: node_name.clone(),
        cluster_name: cluster_name.clone(),
        kind: Some(e.kind),
        name: e.kind.name().into(),
        severity: e.severity,
        about: e.about,
        pid: e.pid,
        start_ticks: e.start_ticks,
        metric: e.metric,
        value_before: e.value_before,
        value_after: e.value_after,
        unit: e.unit,
        message: e.message,
        detail: e.detail,
    })
}
