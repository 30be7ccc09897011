//! Which process belongs to which subject on this tick.
//!
//! Owns: reading cgroup.procs of every cgroup below a subject, and the rule for processes that stand in several
//! hierarchies. Must not: read processes.

use std::os::fd::AsFd;

use super::access::{At, Got, Kept, Reader, Shape};
use super::groups::{Group, GroupId, Groups};
use crate::discover::Hierarchies;
use crate::read::value::pids;

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
        for (_, group) in groups.iter_mut() {
            let Some(owner) = group.owner else { continue };
            let depth = self.depths.get(owner).copied().unwrap_or(0);
            let mut places = std::mem::take(&mut group.places);
            for place in &mut places {
                // Every process stands somewhere in every hierarchy, so one root lists those that stand nowhere else.
                if group.depth == 0 && place.hierarchy != 0 {
                    continue;
                }
                let text = procs(group, place.hierarchy, &mut place.procs, hierarchies, reader);
                self.list.extend(pids(text).map(|pid| (pid, depth, owner)));
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
