//! Events that a tick's readings tell: lives of subjects, OOM kills.
//!
//! Owns: their wording, and whose kill it was. Must not: read.

use fgm::event::{Event, EventKind, Severity};
use fgm::identity::SubjectKind;
use fgm::metric::{Table, containers as c};
use fgm::store::tick::Tick;
use fgm::time::Micros;

use super::groups::{GroupId, Groups};
use crate::pace::Slot;

/// A subject's beginning or end.
pub(crate) fn life(
    kind: EventKind,
    path: &str,
    container_id: Option<&str>,
    subject: SubjectKind,
    time: Micros,
) -> Event {
    let verb = if kind == EventKind::SubjectStart { "started" } else { "ended" };
    let message = format!("{subject} {path} {verb}");
    Event {
        cgroup_path: Some(path.to_owned()),
        container_id: container_id.map(str::to_owned),
        ..Event::of_recorder(time, kind, Severity::Info, message)
    }
}

/// Ticks that were lost just before this one, and the clock being set.
pub(crate) fn tell_gap(slot: &Slot, tick: &mut Tick) {
    let message = match slot.stepped {
        Some(step) => {
            format!("the wall clock was set by {:.3} s; ticks were aligned anew", step as f64 / 1e6)
        }
        None if slot.missed > 0 => format!("{} ticks were lost before this one", slot.missed),
        None => return,
    };
    tracing::warn!("{message}");
    let event = Event::of_recorder(slot.tick, EventKind::RecorderGap, Severity::Warning, message);
    let lost = (slot.missed > 0).then_some(slot.missed as f64);
    tick.events.push(Event { value_after: lost, unit: lost.map(|_| "ticks".to_owned()), ..event });
}

/// Buffer of [`tell_kills`].
#[derive(Debug, Default)]
pub(crate) struct Kills {
    rises: Vec<(GroupId, i64, i64, i64)>,
}

/// Compares each subject's OOM kill counter with the last one seen. v2 counts a kill in every cgroup above the one
/// that it happened in, so what the subjects below explain is not told again.
pub(crate) fn tell_kills(groups: &mut Groups, kills: &mut Kills, tick: &mut Tick, time: Micros) {
    kills.rises.clear();
    let rows = tick.rows_mut(Table::Containers);
    for (id, group) in groups.iter_mut() {
        let Some(subject) = &mut group.subject else { continue };
        let Some(row) = subject.row else { continue };
        let Some(now) = rows.row_mut(row).get(c::memory_events_oom_kill_total) else { continue };
        if let Some(before) = subject.oom_kills.replace(now)
            && now > before
        {
            kills.rises.push((id, before, now, now - before));
        }
    }
    for at in 0..kills.rises.len() {
        let (id, before, now, _) = kills.rises[at];
        // The whole rise, explained below or not, stands in the counter of the subject above.
        if let Some(above) = groups.owner_above(id)
            && let Some(entry) = kills.rises.iter_mut().find(|r| r.0 == above)
        {
            entry.3 -= now - before;
        }
    }
    for &(id, before, now, own) in kills.rises.iter().filter(|r| r.3 > 0) {
        let Some(group) = groups.get(id) else { continue };
        let message = format!("the OOM killer killed {own} in {} {}", group.kind(), group.text);
        tick.events.push(Event {
            cgroup_path: Some(group.text.clone()),
            container_id: group.class.container_id.clone(),
            value_before: Some(before as f64),
            value_after: Some(now as f64),
            unit: Some("count".to_owned()),
            ..Event::of_recorder(time, EventKind::OomKill, Severity::Error, message)
        });
    }
}
