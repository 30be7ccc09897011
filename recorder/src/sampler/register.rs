//! Rows of `identities`: when one is due, and what it says.
//!
//! Owns: subjects that have ended and may still be told about, and the hourly repetition. Must not: look anything up.

use std::collections::HashMap;

use fgm::event::About;
use fgm::metric::{Table, identities as i};
use fgm::store::tick::{SeriesDef, SeriesId, Tick};
use fgm::time::{Micros, SECOND};

use super::groups::{Group, Groups};
use super::labels::{Host, name_about};
use crate::identify::Identity;
use crate::identify::facts::Fact;

/// Living subjects have a row in each hour, so that deleting old files loses no names.
const REPEAT: Micros = 3600 * SECOND;
/// Subjects that have ended and are remembered for as long as their runtime may still tell how.
const MAX_DEPARTED: usize = 10_000;

/// A subject that has ended.
struct Departed {
    def: SeriesDef,
    about: About,
    identity: Identity,
    seen: (Micros, Micros),
    due: bool,
    /// Nothing more will be learnt of it.
    settled: bool,
}

/// The rows of `identities`.
#[derive(Default)]
pub(crate) struct Register {
    next_series: SeriesId,
    departed: HashMap<SeriesId, Departed>,
    /// The hour of the last tick.
    hour: Option<Micros>,
    repeat: bool,
}

/// Whether something can be known of it.
pub(crate) fn has_identity(group: &Group) -> bool {
    group.class.container_id.is_some() || group.class.pod_uid.is_some()
}

impl Register {
    /// Every living subject has a row with the next tick: some may have been lost.
    pub(crate) fn repeat(&mut self) {
        self.repeat = true;
    }

    /// A subject is gone; `group` is as it was.
    pub(crate) fn departed(&mut self, group: &Group, host: &Host) {
        let Some(subject) = group.subject.as_ref().filter(|_| has_identity(group)) else { return };
        // What was never seen on a tick has no row anywhere else either.
        let Some(seen) = subject.seen.filter(|_| self.departed.len() < MAX_DEPARTED) else { return };
        let def = host.subject(subject.series, group);
        let identity = subject.identity.clone();
        let about = About::clone(&subject.about);
        let departed = Departed { def, about, identity, seen, due: true, settled: false };
        self.departed.insert(subject.series, departed);
    }

    /// Something has been learnt of a subject that has ended, for the last time if `settled`; returns what events say
    /// of it, if it is one of those.
    pub(crate) fn learnt(&mut self, series: SeriesId, identity: &Identity, settled: bool) -> Option<&About> {
        let departed = self.departed.get_mut(&series)?;
        departed.settled = settled;
        if departed.identity != *identity {
            departed.due = true;
            name_about(&mut departed.about, identity);
            departed.identity = identity.clone();
        }
        Some(&departed.about)
    }

    /// Writes the rows that are due; subjects have been read.
    pub(crate) fn write(&mut self, groups: &mut Groups, host: &Host, tick: &mut Tick) {
        let hour = tick.tick.div_euclid(REPEAT);
        let begun = self.hour.replace(hour).is_some_and(|h| h != hour);
        let all = std::mem::take(&mut self.repeat) || begun;
        for (_, group) in groups.iter_mut() {
            let Some(subject) = &mut group.subject else { continue };
            let Some(seen) = subject.seen else { continue };
            let due = std::mem::take(&mut subject.identity_due);
            subject.identity_told |= due || all;
            if (due || all)
                && has_identity(group)
                && let Some(subject) = &group.subject
            {
                let def = host.subject(subject.series, group);
                self.push(&def, &subject.identity, seen, tick);
            }
        }
        let mut departed = std::mem::take(&mut self.departed);
        for d in departed.values_mut().filter(|d| d.due) {
            d.due = false;
            self.push(&d.def, &d.identity, d.seen, tick);
        }
        departed.retain(|_, d| !d.settled);
        self.departed = departed;
    }

    /// Each row is a series of its own, so that what is learnt later does not change what an earlier row says.
    fn push(&mut self, cgroup: &SeriesDef, identity: &Identity, seen: (Micros, Micros), tick: &mut Tick) {
        let id = self.next_series;
        self.next_series += 1;
        tick.defs.push(Host::identity(id, cgroup, identity));
        let at = tick.tick;
        let mut row = tick.rows_mut(Table::Identities).push(id, at);
        row.set_time(i::first_seen, seen.0);
        row.set_time(i::last_seen, seen.1);
        let times = [
            (i::created, &identity.created),
            (i::started, &identity.started),
            (i::finished, &identity.finished),
        ];
        for (column, fact) in times {
            if let Some(Fact { value, .. }) = fact {
                row.set_time(column, *value);
            }
        }
        let numbers = [
            (i::exit_code, &identity.exit_code),
            (i::restart_count, &identity.restart_count),
            (i::cpu_request_millicores, &identity.cpu_request_millicores),
            (i::cpu_limit_millicores, &identity.cpu_limit_millicores),
            (i::memory_request_bytes, &identity.memory_request_bytes),
            (i::memory_limit_bytes, &identity.memory_limit_bytes),
        ];
        for (column, fact) in numbers {
            if let Some(Fact { value, .. }) = fact {
                row.set(column, *value);
            }
        }
        tick.ended.push((Table::Identities, id));
    }
}
