//! What happened: events of the recording as marks on the time axis.
//!
//! Owns: which events matter for what is drawn. Must not: draw them.

use fgm::event::{EventKind, Severity};
use fgm::metric::Table;
use fgm::query::RecordedEvent;
use fgm::store::tick::LabelValue;
use fgm::time::{Micros, TimeRange};

use super::App;
use super::drawn::Who;
use crate::text::clean;

/// An event as the time axis shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Micros,
    /// What; `None` for a kind that only newer versions know.
    pub kind: Option<EventKind>,
    /// How much it matters.
    pub severity: Severity,
    /// cgroup of the subject; `None` for the recorder's own.
    pub path: Option<String>,
    /// Harmless sentence.
    pub message: String,
}

impl From<RecordedEvent> for Mark {
    fn from(e: RecordedEvent) -> Mark {
        let message = clean(&e.message);
        Mark { at: e.time, kind: e.kind, severity: e.severity, path: e.about.cgroup_path, message }
    }
}

/// Whether an event may become a mark. Processes come and go by the thousand; their tables and series tell of them.
pub fn matters(e: &RecordedEvent) -> bool {
    !matches!(e.kind, Some(EventKind::ProcessStart | EventKind::ProcessStop))
}

/// All marks of the recording, by time.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    all: Vec<Mark>,
    /// Up to where they are known.
    pub(super) until: Option<Micros>,
}

impl Marks {
    /// Takes all events of a range in place of what was known of it.
    pub fn update(&mut self, range: TimeRange, events: Vec<Mark>) {
        self.all.retain(|m| !range.contains(m.at));
        self.all.extend(events);
        self.all.sort_by_key(|m| m.at);
        self.until = self.until.max(Some(range.end));
    }
}

impl App {
    /// The marks that matter for what is drawn: those of drawn subjects with their position, the recorder's own, and
    /// whatever died.
    pub fn marks(&self) -> impl Iterator<Item = (&Mark, Option<usize>)> {
        self.marks.all.iter().filter_map(|m| {
            let position = self.position_of(m);
            (position.is_some() || m.path.is_none() || m.severity == Severity::Error).then_some((m, position))
        })
    }

    /// Position of a mark's subject, if a panel draws it.
    fn position_of(&self, mark: &Mark) -> Option<usize> {
        let path = mark.path.as_deref()?;
        self.panels.iter().find(|p| p.metric.table == Table::Containers)?;
        let index = Table::Containers
            .key_labels()
            .position(|i| Table::Containers.labels().get(i).is_some_and(|l| l.name == "cgroup_path"))?;
        let same = |v: &LabelValue| v.as_text() == Some(path);
        let drawn = &self.group_of(Table::Containers).drawn;
        let of = |who: &Who| who.subject().is_some_and(|k| k.values.get(index).is_some_and(same));
        drawn.iter().find(|(_, who)| of(who)).map(|(i, _)| i)
    }
}
