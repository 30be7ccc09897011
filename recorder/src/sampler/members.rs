//! Which process belongs to which subject on this tick.
//!
//! Owns: reading cgroup.procs of every cgroup below a subject, and the rule for processes that stand in several
//! hierarchies. Must not: read processes.
//!
//! A path that several hierarchies have nearly always has the same processes in each, and v1 has the file opened anew
//! each time (see [`Reader::once`]). So the first hierarchy that has the path is read on each tick and the others by
//! turns; one that knew of a process that the first did not is read on each tick until it no longer does.

use std::os::fd::AsFd;

use super::access::{At, Got, Kept, Reader, Shape};
use super::groups::{Group, GroupId, Groups};
use crate::discover::Hierarchies;
use crate::read::value::pids;

/// A hierarchy beside the first is read once in so many ticks.
const ROUND: i64 = 16;

/// Process ids with their subjects, sorted by pid, each once.
#[derive(Debug, Default)]
pub(crate) struct Members {
    list: Vec<(u32, usize, GroupId)>,
    depths: Vec<usize>,
}

impl Members {
    /// The pairs.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, GroupId)> {
        self.list.iter().map(|&(pid, _, owner)| (pid, owner))
    }

    /// Whether a pid is listed.
    pub(crate) fn contains(&self, pid: u32) -> bool {
        self.list.binary_search_by_key(&pid, |m| m.0).is_ok()
    }

    /// Reads who is where.
    pub(crate) fn refresh(&mut self, groups: &mut Groups, hierarchies: &Hierarchies, reader: &mut Reader) {
        self.list.clear();
        self.depths.clear();
        for (id, group) in groups.iter_mut() {
            self.depths.resize(id + 1, 0);
            self.depths[id] = group.depth;
        }
        for (id, group) in groups.iter_mut() {
            let Some(owner) = group.owner else { continue };
            let depth = self.depths.get(owner).copied().unwrap_or(0);
            let turn = reader.tick_no.wrapping_add_unsigned(id as u64);
            let mut places = std::mem::take(&mut group.places);
            // Every process stands somewhere in every hierarchy, so one root lists those that stand nowhere else.
            let used = if group.depth == 0 { 1 } else { places.len() };
            let begin = self.list.len();
            let mut of_first = begin;
            for (n, place) in places.iter_mut().enumerate().take(used) {
                // A runtime that ignores the first hierarchy leaves the cgroups there empty.
                let instead = n == 1 && of_first == begin;
                let by_turns = (turn + n as i64) % ROUND == 0;
                if !(n == 0 || instead || by_turns || place.strays) {
                    continue;
                }
                let text = procs(group, place.hierarchy, &mut place.procs, hierarchies, reader);
                let at = self.list.len();
                self.list.extend(pids(text).map(|pid| (pid, depth, owner)));
                if n == 0 {
                    self.list[begin..].sort_unstable();
                    of_first = self.list.len();
                } else {
                    let (known, here) = (&self.list[begin..of_first], &self.list[at..]);
                    place.strays = here.iter().any(|m| known.binary_search(m).is_err());
                }
            }
            group.places = places;
        }
        // The deepest subject wins; the order of groups makes ties stable.
        self.list.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        self.list.dedup_by_key(|m| m.0);
    }
}

fn procs<'r>(
    group: &Group,
    hierarchy: usize,
    kept: &mut Kept,
    hierarchies: &Hierarchies,
    reader: &'r mut Reader,
) -> &'r [u8] {
    let h = &hierarchies.all[hierarchy];
    let at = At { root: h.root.as_fd(), dir: group.dir(), name: "cgroup.procs" };
    let got = if h.is_v2() { reader.kept(kept, at, Shape::List) } else { reader.once(at, Shape::List) };
    match got {
        Got::Text(text) => text,
        Got::Nothing | Got::Gone => &[],
    }
}
