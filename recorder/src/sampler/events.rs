//! Events that a tick's readings tell: lives of subjects, changed limits, throttling, lost ticks.
//!
//! Owns: their wording. Must not: read, or decide what is an event.

use std::time::Instant;

use fgm::event::{About, Event, EventKind, Severity};
use fgm::metric::{Repr, Table, containers as c};
use fgm::store::tick::Tick;
use fgm::time::Micros;

use super::gaps::Gaps;
use super::groups::Groups;
use super::watch::{Change, Limit};
use crate::pace::Slot;

/// What a sentence calls a subject: its names if they are known, else its path.
pub(crate) fn called(about: &About) -> String {
    let kind = about.subject_kind.as_deref().unwrap_or("cgroup");
    let names = [&about.namespace, &about.pod_name, &about.container_name];
    let names: Vec<&str> = names.into_iter().filter_map(Option::as_deref).collect();
    let path = || about.cgroup_path.clone().unwrap_or_default();
    format!("{kind} {}", if names.is_empty() { path() } else { names.join("/") })
}

/// A subject's beginning or end.
pub(crate) fn life(kind: EventKind, about: &About, time: Micros) -> Event {
    let verb = if kind == EventKind::SubjectStart { "started" } else { "ended" };
    let message = format!("{} {verb}", called(about));
    Event { about: about.clone(), ..Event::of_recorder(time, kind, Severity::Info, message) }
}

/// Compares each subject's row with its last ones: limits, throttling.
pub(crate) fn tell_changes(groups: &mut Groups, tick: &mut Tick, time: Micros) {
    let at = tick.tick;
    let rows = &mut tick.tables[Table::Containers as usize];
    let events = &mut tick.events;
    for (_, group) in groups.iter_mut() {
        let Some(subject) = &mut group.subject else { continue };
        let Some(row) = subject.row else { continue };
        let about = &subject.about;
        subject.watch.look(&rows.row_mut(row), at, |change| events.push(changed(change, about, time)));
    }
}

/// A change as an event.
pub(crate) fn changed(change: Change, about: &About, time: Micros) -> Event {
    let called = called(about);
    let metrics = Table::Containers.metrics();
    let value = |column: usize, cell: i64| match metrics[column].repr {
        Repr::Fixed(decimals) => cell as f64 / 10f64.powi(i32::from(decimals)),
        Repr::Int | Repr::Bool | Repr::Time => cell as f64,
    };
    let share = |cell| value(c::cpu_throttled_periods_percent, cell);
    let (column, kind, severity, before, after, message, detail) = match change {
        Change::Limit(column, before, after) => {
            let of = |limit| if let Limit::At(cell) = limit { Some(value(column, cell)) } else { None };
            let text = |limit| of(limit).map_or("unlimited".to_owned(), |v| v.to_string());
            let name = metrics[column].name;
            let message = format!("{name} of {called} changed from {} to {}", text(before), text(after));
            (column, EventKind::LimitChange, Severity::Info, of(before), of(after), message, None)
        }
        Change::Throttling(now) => {
            let message = format!("{called} is being throttled in {} % of its periods", share(now));
            let column = c::cpu_throttled_periods_percent;
            (column, EventKind::ThrottlingStart, Severity::Warning, None, Some(share(now)), message, None)
        }
        Change::Unthrottled(t) => {
            let seconds = (t.last - t.first) as f64 / 1e6;
            let message = format!(
                "{called} is not throttled any more; it was, for {seconds:.1} s, at most in {} %",
                share(t.peak)
            );
            let detail = serde_json::json!({ "first_usec": t.first, "last_usec": t.last }).to_string();
            let column = c::cpu_throttled_periods_percent;
            (
                column,
                EventKind::ThrottlingStop,
                Severity::Info,
                Some(share(t.peak)),
                None,
                message,
                Some(detail),
            )
        }
    };
    Event {
        about: about.clone(),
        metric: Some(metrics[column].name.to_owned()),
        value_before: before,
        value_after: after,
        unit: Some(metrics[column].unit.name().to_owned()),
        detail,
        ..Event::of_recorder(time, kind, severity, message)
    }
}

/// Ticks that were lost just before this one, and the clock being set.
pub(crate) fn tell_gap(slot: &Slot, gaps: &mut Gaps, tick: &mut Tick) {
    // Where the clock was set, no tick went by without the recorder.
    gaps.note(if slot.stepped.is_some() { 0 } else { slot.missed }, Instant::now());
    let message = match slot.stepped {
        Some(step) => {
            let message =
                format!("the wall clock was set by {:.3} s; ticks were aligned anew", step as f64 / 1e6);
            tracing::warn!("{message}");
            message
        }
        None if slot.missed > 0 => format!("{} ticks were lost before this one", slot.missed),
        None => return,
    };
    let event = Event::of_recorder(slot.tick, EventKind::RecorderGap, Severity::Warning, message);
    let lost = (slot.missed > 0).then_some(slot.missed as f64);
    tick.events.push(Event { value_after: lost, unit: lost.map(|_| "ticks".to_owned()), ..event });
}
