//! Typed events: what happened, beside what was measured (REC-8).
//!
//! Owns: the event record and its vocabulary. Must not: decide when something has happened (the recorder does).

use serde::{Deserialize, Serialize};

use crate::time::Micros;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A recorder began.
    RecorderStart,
    /// A recorder ended in order.
    RecorderStop,
    /// Ticks were lost: the recorder was late, stopped or starved.
    RecorderGap,
    /// Recorded data could not be kept.
    DataLost,
    /// A subject appeared.
    SubjectStart,
    /// A subject went away.
    SubjectStop,
    /// The OOM killer killed in a cgroup.
    OomKill,
    /// The store has reached its cap: the recorder stops, or old files go.
    CapReached,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 8] = [
        EventKind::RecorderStart,
        EventKind::RecorderStop,
        EventKind::RecorderGap,
        EventKind::DataLost,
        EventKind::SubjectStart,
        EventKind::SubjectStop,
        EventKind::OomKill,
        EventKind::CapReached,
    ];

    /// The value of the column `event`.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::RecorderStart => "recorder_start",
            EventKind::RecorderStop => "recorder_stop",
            EventKind::RecorderGap => "recorder_gap",
            EventKind::DataLost => "data_lost",
            EventKind::SubjectStart => "subject_start",
            EventKind::SubjectStop => "subject_stop",
            EventKind::OomKill => "oom_kill",
            EventKind::CapReached => "cap_reached",
        }
    }
}

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Something was lost or limited.
    Warning,
    /// Something died.
    Error,
}

impl Severity {
    /// The value of the column `severity`.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One event. Absent is `None`, never an empty string.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it was noticed.
    pub time: Micros,
    /// What happened.
    pub kind: EventKind,
    /// How much it matters.
    pub severity: Severity,
    /// cgroup path of the subject it happened to.
    pub cgroup_path: Option<String>,
    /// Container id of that subject.
    pub container_id: Option<String>,
    /// Process it happened to.
    pub pid: Option<i64>,
    /// Start time of that process in clock ticks since boot.
    pub start_ticks: Option<i64>,
    /// Value before, in `unit`.
    pub value_before: Option<f64>,
    /// Value after, in `unit`.
    pub value_after: Option<f64>,
    /// Unit of the two values.
    pub unit: Option<String>,
    /// One sentence.
    pub message: String,
}

impl Event {
    /// An event about the recorder itself.
    pub fn of_recorder(
        time: Micros,
        kind: EventKind,
        severity: Severity,
        message: impl Into<String>,
    ) -> Event {
        Event {
            time,
            kind,
            severity,
            cgroup_path: None,
            container_id: None,
            pid: None,
            start_ticks: None,
            value_before: None,
            value_after: None,
            unit: None,
            message: message.into(),
        }
    }
}
