//! Which group is a subject, and groups whose part changes after they were found.
//!
//! Owns: the scope, which of a pod's cgroups stands for it, and containers that only their runtime's state tells. Must not: ask
//! runtimes; what they say is brought in.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ffi::CString;

use fgm::identity::SubjectKind;

use super::{GroupId, Groups, Turnover};
use crate::config::Scope;
use crate::discover::{Class, Hierarchies, Role, Runtime, classify};

/// What [`Groups::promote`] has made of a group.
pub(crate) enum Promoted {
    /// A new subject.
    Begun(GroupId),
    /// A subject that now is a container.
    Renamed(GroupId),
}

impl Groups {
    pub(super) fn settle_scope(&mut self, added: &[(usize, CString, u64)]) {
        let is_container = |path: &CString| {
            let role = classify(&path.to_string_lossy()).role;
            matches!(role, Role::Subject(SubjectKind::Container | SubjectKind::Pod))
        };
        if self.scope == Scope::Containers && !added.iter().any(|(_, path, _)| is_container(path)) {
            tracing::info!("no containers on this host: recording all cgroups (as --scope all does)");
            self.scope = Scope::All;
        }
    }

    pub(super) fn in_scope(&self, class: &Class) -> bool {
        let Role::Subject(kind) = class.role else { return false };
        match self.scope {
            Scope::All => true,
            Scope::Containers => {
                matches!(kind, SubjectKind::Container | SubjectKind::Sandbox | SubjectKind::Pod)
            }
            Scope::Services => matches!(kind, SubjectKind::Service | SubjectKind::Slice),
        }
    }

    /// Lets one cgroup stand for each pod. A kubelet may make every pod's cgroup by both of its drivers and use one: the
    /// twin without anything below it is no subject, and processes in it are the other's. Of two empty ones, as at a
    /// pod's beginning, it is the slice that stays, since it is systemd's driver that leaves the other behind.
    pub(super) fn settle_twins(&mut self, hierarchies: &Hierarchies, turnover: &mut Turnover) {
        let groups = || self.slots.iter().enumerate().filter_map(|(id, g)| Some((id, g.as_ref()?)));
        let used: HashSet<GroupId> = groups().filter_map(|(_, g)| g.parent).collect();
        let mut pods: HashMap<_, Vec<GroupId>> = HashMap::new();
        for (id, group) in groups().filter(|(_, g)| g.class.role == Role::Subject(SubjectKind::Pod)) {
            // Nodes within containers (kind) may have static pods of the same uid.
            pods.entry((group.class.pod_uid.clone(), self.container_above(id))).or_default().push(id);
        }
        for ids in pods.into_values() {
            let rank = |id: &GroupId| {
                let path = self.get(*id).map_or("", |g| &g.text);
                (used.contains(id), path.strip_suffix(".slice").is_some(), Reverse(path))
            };
            let Some(best) = ids.iter().copied().max_by_key(rank) else { continue };
            for id in ids {
                if id == best || used.contains(&id) {
                    self.begin(id, hierarchies, turnover);
                } else {
                    self.yield_to(id, best, turnover);
                }
            }
        }
    }

    fn container_above(&self, id: GroupId) -> Option<GroupId> {
        let mut above = self.get(id)?.parent;
        while let Some(group) = above.and_then(|id| self.get(id)) {
            if group.class.role == Role::Subject(SubjectKind::Container) {
                return above;
            }
            above = group.parent;
        }
        None
    }

    fn begin(&mut self, id: GroupId, hierarchies: &Hierarchies, turnover: &mut Turnover) {
        let wanted =
            self.get(id).is_some_and(|g| g.subject.is_none() && !g.left_out && self.in_scope(&g.class));
        if wanted {
            self.make_subject(id, hierarchies);
            turnover.started.push(id);
        }
    }

    fn yield_to(&mut self, id: GroupId, twin: GroupId, turnover: &mut Turnover) {
        let owner = self.get(twin).and_then(|g| g.owner);
        let Some(group) = self.get_mut(id) else { return };
        let ended = group.end();
        group.owner = owner;
        // One that was found on this very walk has not been anything yet.
        let at = turnover.started.iter().position(|&s| s == id);
        match at {
            Some(at) => drop(turnover.started.remove(at)),
            None => turnover.ended.extend(ended),
        }
    }

    /// podman keeps a pod below a bare id, wherever `--cgroup-parent` says; alone that looks like a container. What lies
    /// in it tells.
    pub(super) fn tell_podman_pod(&mut self, id: GroupId, turnover: &mut Turnover) {
        let Some(group) = self.get(id) else { return };
        if group.class.runtime != Some(Runtime::Podman) || group.class.container_id.is_none() {
            return;
        }
        let Some(above) = group.parent else { return };
        let Some(pod) = self.get_mut(above) else { return };
        let bare = pod.class.container_id.as_ref().is_some_and(|id| pod.text.ends_with(&format!("/{id}")));
        if bare && pod.class.runtime.is_none() {
            pod.class.role = Role::Subject(SubjectKind::Pod);
            pod.class.runtime = Some(Runtime::Podman);
            pod.class.pod_uid = pod.class.container_id.take();
            turnover.renamed.push(above);
        }
        let uid = pod.class.pod_uid.clone().filter(|_| pod.class.role == Role::Subject(SubjectKind::Pod));
        if let Some(group) = self.get_mut(id)
            && uid.is_some()
        {
            group.class.pod_uid = uid;
        }
    }

    /// Makes a container of a group whose path did not say that it is one. Nothing happens when it is gone.
    pub(crate) fn promote(&mut self, path: &str, hierarchies: &Hierarchies) -> Option<Promoted> {
        let id = *self.by_path.get(&CString::new(path).ok()?)?;
        let group = self.get_mut(id)?;
        let name = group.text.rsplit('/').next().map(str::to_owned);
        group.class = Class {
            role: Role::Subject(SubjectKind::Container),
            runtime: Some(Runtime::Containerd),
            container_id: name,
            pod_uid: None,
            qos_class: None,
        };
        if group.subject.is_some() {
            return Some(Promoted::Renamed(id));
        }
        if !self.get(id).is_some_and(|g| self.in_scope(&g.class)) {
            return None;
        }
        let owner = self.get(id)?.owner;
        self.make_subject(id, hierarchies);
        // What lies below it is its own, unless it is a subject itself.
        let below = format!("{path}/");
        for (_, group) in self.iter_mut() {
            if group.owner == owner && group.text.starts_with(&below) {
                group.owner = Some(id);
            }
        }
        Some(Promoted::Begun(id))
    }

    fn make_subject(&mut self, id: GroupId, hierarchies: &Hierarchies) {
        let mut subject = self.new_subject();
        let Some(group) = self.get_mut(id) else { return };
        group.places.iter().for_each(|p| subject.read_in(hierarchies, p.hierarchy));
        group.subject = Some(subject);
        group.owner = Some(id);
    }
}
