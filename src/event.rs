//! Typed events: what happened, beside what was measured (REC-8).
//!
//! Owns: the event record and its vocabulary. Must not: decide when something has happened (the recorder does).
//!
//! Every event has `time` (when it was noticed), `event`, `severity`, `message`, and the labels of the subject that it
//! is about as far as they are known at that moment. Which further columns a kind fills stands at each kind.

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
    /// Ticks were lost: the recorder was late, stopped or starved. `value_after`, `unit`: how many.
    RecorderGap,
    /// Recorded data could not be kept.
    DataLost,
    /// A subject appeared.
    SubjectStart,
    /// A subject went away.
    SubjectStop,
    /// The OOM killer killed in a cgroup. `value_before`, `value_after`: the cgroup's counter of kills. `pid`,
    /// `start_ticks`: the victim where it is known; `detail`: its name (`victim_comm`), its resident size
    /// (`victim_rss_bytes`: as the kernel logged it, else as sampled last) and how it was found (`victim_source`:
    /// `kernel_log` is certain, `vanished` is the biggest process of the cgroup that was gone on that tick). Without values the container was gone before its counter
    /// could be read, and the kernel log told.
    OomKill,
    /// The store has reached its cap: the recorder stops, or old files go.
    CapReached,
    /// A process was seen for the first time. `pid`, `start_ticks`; `detail`: `comm`. What lives for less than a
    /// tick may never be seen. Not with `--processes none`.
    ProcessStart,
    /// A process was no longer there. As [`EventKind::ProcessStart`].
    ProcessStop,
    /// A container took the place of one that had ended: the same pod and name with another id, or the same id again.
    /// `value_before`, `value_after`: the number of restarts; `detail`: the container id before (`previous_container_id`).
    Restart,
    /// A limit was changed. `metric`: the limit's column; `value_before`, `value_after`: null is unlimited.
    LimitChange,
    /// A subject that was not being throttled began to be. `metric`, `value_after`: share of throttled periods.
    ThrottlingStart,
    /// A subject has not been throttled for ten seconds, or ended before that. `metric`, `value_before`: the highest
    /// share since it began; `detail`: `first_usec` and `last_usec`, the times of the first and last throttled tick.
    ThrottlingStop,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 14] = [
        EventKind::RecorderStart,
        EventKind::RecorderStop,
        EventKind::RecorderGap,
        EventKind::DataLost,
        EventKind::SubjectStart,
        EventKind::SubjectStop,
        EventKind::OomKill,
        EventKind::CapReached,
        EventKind::ProcessStart,
        EventKind::ProcessStop,
        EventKind::Restart,
        EventKind::LimitChange,
        EventKind::ThrottlingStart,
        EventKind::ThrottlingStop,
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
            EventKind::ProcessStart => "process_start",
            EventKind::ProcessStop => "process_stop",
            EventKind::Restart => "restart",
            EventKind::LimitChange => "limit_change",
            EventKind::ThrottlingStart => "throttling_start",
            EventKind::ThrottlingStop => "throttling_stop",
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

/// Labels of the subject that an event is about, as in `containers`, as far as they were known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// What the subject is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_kind: Option<String>,
    /// Path of its cgroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup_path: Option<String>,
    /// Full container id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_id: Option<String>,
    /// Name of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// Kubernetes namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_name: Option<String>,
    /// UID of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
}

/// One event. Absent is `None`, never an empty string; what is absent takes no room in a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it was noticed.
    pub time: Micros,
    /// What happened.
    pub kind: EventKind,
    /// How much it matters.
    pub severity: Severity,
    /// The subject that it happened to; `None` for the recorder itself.
    #[serde(flatten)]
    pub about: About,
    /// Process it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i64>,
    /// Start time of that process in clock ticks since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ticks: Option<i64>,
    /// Column of `containers` that the two values belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Value before, in `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_before: Option<f64>,
    /// Value after, in `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_after: Option<f64>,
    /// Unit of the two values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// One sentence.
    pub message: String,
    /// What has no column of its own, as a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Event {
    /// An event about the recorder itself; the start of every other.
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
            about: About::default(),
            pid: None,
            start_ticks: None,
            metric: None,
            value_before: None,
            value_after: None,
            unit: None,
            message: message.into(),
            detail: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-8, STO-8: an event of a segment that an older version wrote is still read; what is absent takes no room.
    #[test]
    fn older_events_are_read() {
        let old = r#"{"time":5,"kind":"oom_kill","severity":"error","cgroup_path":"/a","container_id":null,
            "pid":null,"start_ticks":null,"value_before":0.0,"value_after":1.0,"unit":"count","message":"m"}"#;
        let event: Event = serde_json::from_str(old).unwrap();
        assert_eq!((event.kind, event.about.cgroup_path.as_deref()), (EventKind::OomKill, Some("/a")));
        assert_eq!((event.metric, event.about.namespace), (None, None));
        let short = Event::of_recorder(5, EventKind::Restart, Severity::Info, "m");
        let json = serde_json::to_string(&short).unwrap();
        assert_eq!(json, r#"{"time":5,"kind":"restart","severity":"info","message":"m"}"#);
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), short);
    }

    /// REC-8: the column and the record name each kind alike.
    #[test]
    fn kinds_have_one_name() {
        for kind in EventKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
