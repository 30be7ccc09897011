//! Subjects that come and go between two ticks.
//!
//! Owns: what follows from a subject's beginning and end: definitions, events, questions for names. Must not: read
//! counters, or find out what came or went.

use std::os::fd::AsFd;

use fgm::event::EventKind;
use fgm::metric::Table;
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::Micros;

use super::events::{changed, life};
use super::groups::{GroupId, Promoted};
use super::register::has_identity;
use super::subject::Subject;
use super::{Sampler, extras};
use crate::identify::{Message, Question};
use crate::read::io::Device;

impl Sampler {
    /// Defines a subject anew; returns its devices.
    pub(super) fn define(&mut self, id: GroupId, tick: &mut Tick) -> Vec<(Device, SeriesId)> {
        let Some(group) = self.groups.get(id) else { return Vec::new() };
        let Some(subject) = &group.subject else { return Vec::new() };
        tick.defs.push(self.host.subject(subject.series, group));
        subject.devices.clone()
    }

    pub(super) fn define_disk(&mut self, id: GroupId, device: Device, series: SeriesId, tick: &mut Tick) {
        let name = self.blocks.name(device, self.proc_root.as_fd(), &mut self.reader);
        if let Some(group) = self.groups.get(id) {
            tick.defs.push(self.host.disk(series, group, device, name));
        }
    }

    pub(super) fn define_extras(&self, id: GroupId, tick: &mut Tick) {
        let Some(group) = self.groups.get(id) else { return };
        for seen in group.subject.iter().flat_map(|s| &s.extras) {
            if let Some(series) = seen.series() {
                tick.defs.push(self.host.extra(series, group, self.extras.source(seen)));
            }
        }
    }

    /// Walks if a walk is due, and begins and ends what has come and gone.
    pub(super) fn turn_over(&mut self, tick: &mut Tick, now: &impl Fn() -> Micros) {
        let mut turnover = self.groups.refresh(&self.hierarchies);
        turnover.unsure.drain(..).for_each(|path| self.tasks.ask(path));
        turnover.renamed.drain(..).for_each(|id| self.rename(id, tick));
        while let Some(path) = self.tasks.confirmed() {
            match self.groups.promote(&path, &self.hierarchies) {
                Some(Promoted::Begun(id)) => turnover.started.push(id),
                Some(Promoted::Renamed(id)) => self.rename(id, tick),
                None => {}
            }
        }
        for group in turnover.ended {
            let Some(subject) = &group.subject else { continue };
            turn_out(subject, tick);
            let stopped = subject.watch.end().map(|change| changed(change, &subject.about, now()));
            tick.events.extend(stopped);
            tick.events.push(life(EventKind::SubjectStop, &subject.about, now()));
            self.kills.ended(&group, &subject.about, &self.groups);
            self.register.departed(&group, &self.host);
            self.lookup.tell(Message::Ended(subject.series));
            if let (None, Some(uid)) = (&group.class.container_id, &group.class.pod_uid) {
                self.restarts.pod_ended(uid);
            }
        }
        for id in turnover.started {
            if let Some(group) = self.groups.get_mut(id)
                && let Some(subject) = &mut group.subject
            {
                // The counter of a cgroup that began just now began at 0.
                subject.oom_kills = (!group.found_first).then_some(0);
            }
            self.refresh_about(id);
            if self.leave_out(id, tick) {
                continue;
            }
            self.define(id, tick);
            let Some(group) = self.groups.get(id) else { continue };
            let Some(subject) = &group.subject else { continue };
            if has_identity(group) {
                self.lookup.tell(Message::Question(Question {
                    series: subject.series,
                    container_id: group.class.container_id.clone(),
                    pod_uid: group.class.pod_uid.clone(),
                }));
            }
            let alone = group.class.pod_uid.is_none().then_some(&subject.about);
            tick.events.extend(alone.and_then(|a| self.restarts.named(subject.series, a, None, now())));
            // What was there before the recorder did not start now.
            if !group.found_first {
                tick.events.push(life(EventKind::SubjectStart, &subject.about, now()));
            }
        }
    }
}

/// Ends everything that a subject has rows in, but for its processes.
pub(super) fn turn_out(subject: &Subject, tick: &mut Tick) {
    tick.ended.push((Table::Containers, subject.series));
    tick.ended.extend(subject.devices.iter().map(|&(_, s)| (Table::Disks, s)));
    let extras = subject.extras.iter().filter_map(extras::Seen::series);
    tick.ended.extend(extras.map(|s| (Table::Extras, s)));
}
