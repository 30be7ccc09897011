//! From second to second: containers work, end, are killed and come again, whether a recorder looks or not.
//!
//! Owns: what befalls a container, and the events that tell of it. Must not: write rows.

use fgm::event::{Event, EventKind, Severity};
use fgm::metric::Table;
use fgm::time::{Micros, SECOND};

use super::Node;
use crate::workload::Turn;

/// How often, per container and cycle, one is replaced by a new pod, falls back to zero, or is not read for a while.
const REPLACED: f64 = 0.3;
const RESET: f64 = 0.05;
const UNREAD: f64 = 0.2;

impl Node {
    /// Lives through the second that ends at `now`.
    pub(crate) fn second(&mut self, now: Micros) {
        for at in 0..self.places.len() {
            self.live(at, now);
        }
    }

    fn live(&mut self, at: usize, now: Micros) {
        let per_second = 1.0 / self.cycle as f64;
        let place = &mut self.places[at];
        if place.down > 0 {
            place.down -= 1;
            return;
        }
        place.unread = place.unread.saturating_sub(1);
        match place.workload.second() {
            Turn::Oom => self.oom(at, now),
            Turn::ThrottlingBegan => self.throttling(at, now, EventKind::ThrottlingStart),
            Turn::ThrottlingEnded => self.throttling(at, now, EventKind::ThrottlingStop),
            Turn::None if self.random.chance(REPLACED * per_second) => {
                self.end(at, now, "ended");
                let mut new = self.place(at as u32, None);
                new.down = 1 + self.random.below(4);
                self.places[at] = new;
            }
            Turn::None if self.random.chance(RESET * per_second) => self.places[at].workload.reset(),
            Turn::None if self.random.chance(UNREAD * per_second) => {
                self.places[at].unread = 1 + self.random.below(4);
            }
            Turn::None => {}
        }
    }

    pub(super) fn tell(
        &mut self,
        at: usize,
        now: Micros,
        kind: EventKind,
        severity: Severity,
        what: &str,
    ) -> &mut Event {
        let identity = &self.places[at].identity;
        let mut event = Event::of_recorder(now, kind, severity, format!("{} {what}", identity.title()));
        event.about = identity.about();
        self.events.push(event);
        let last = self.events.len() - 1;
        &mut self.events[last]
    }

    fn end(&mut self, at: usize, now: Micros, how: &str) {
        self.tell(at, now, EventKind::SubjectStop, Severity::Info, how);
        let place = &mut self.places[at];
        if let Some(series) = place.series.take() {
            self.ended.push((Table::Containers, series));
            self.ended.extend(place.processes.iter().map(|p| (Table::Processes, p.series)));
        }
    }

    /// The kernel kills it; kubelet starts it again under another id.
    fn oom(&mut self, at: usize, now: Micros) {
        let kills = self.places[at].workload.oom_kills();
        let event = self.tell(at, now, EventKind::OomKill, Severity::Error, "was killed for want of memory");
        event.value_before = Some((kills - 1) as f64);
        event.value_after = Some(kills as f64);
        event.unit = Some("count".to_owned());
        self.end(at, now, "was killed");
        self.next_inode += 1;
        let identity = self.places[at].identity.restarted(self.next_inode, &mut self.random);
        let previous = self.places[at].identity.id().to_owned();
        let down = 2 + self.random.below(10);
        let place = &mut self.places[at];
        place.identity = identity;
        place.workload = place.workload.restarted(self.random.fork());
        place.restarts += 1;
        (place.before, place.down) = (None, down);
        for process in &mut place.processes {
            self.next_pid += 3;
            (process.pid, process.start_ticks) = (self.next_pid, self.next_pid * 7);
            process.forget();
        }
        let restarts = place.restarts as f64;
        let again = now + i64::from(down + 1) * SECOND;
        let event = self.tell(at, again, EventKind::Restart, Severity::Warning, "restarted");
        event.value_before = Some(restarts - 1.0);
        event.value_after = Some(restarts);
        event.unit = Some("count".to_owned());
        event.detail = Some(format!(r#"{{"previous_container_id":"{previous}"}}"#));
    }

    fn throttling(&mut self, at: usize, now: Micros, kind: EventKind) {
        let begins = kind == EventKind::ThrottlingStart;
        let what = if begins { "is being throttled" } else { "is no longer throttled" };
        let event = self.tell(at, now, kind, Severity::Warning, what);
        event.metric = Some("cpu_throttled_periods_percent".to_owned());
        event.unit = Some("percent".to_owned());
        *(if begins { &mut event.value_after } else { &mut event.value_before }) = Some(10.0);
    }
}
