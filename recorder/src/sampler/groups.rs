//! The cgroups of the host, each path once over all hierarchies, and which of them are subjects.
//!
//! Owns: who owns whose processes, the files of each subject. Must not: read counters, or ask anybody but the
//! kernel.

mod roles;

use std::collections::HashMap;
use std::ffi::CString;
use std::sync::Arc;

use fgm::event::About;
use fgm::identity::SubjectKind;
use fgm::store::tick::SeriesId;

use super::access::Kept;
use super::cgroup_files::{self, Spec};
use super::subject::Subject;
use crate::config::Scope;
use crate::discover::{Change, Class, Controller, Hierarchies, Role, Tree, Watch, classify, may_be_task};

pub(crate) use roles::Promoted;

/// Number of a group; reused after it is gone.
pub(crate) type GroupId = usize;

/// A cgroup in one hierarchy.
pub(crate) struct Place {
    /// Which hierarchy.
    pub(crate) hierarchy: usize,
    /// cgroup.procs, where its descriptor may be kept.
    pub(crate) procs: Kept,
    /// It may know of processes that the path's first hierarchy does not: unread yet, or so when it was last read.
    pub(crate) strays: bool,
}

/// A file of a subject.
pub(crate) struct Planned {
    pub(crate) spec: &'static Spec,
    pub(crate) hierarchy: usize,
    pub(crate) kept: Kept,
}

/// A path with its directories in one or several hierarchies.
pub(crate) struct Group {
    path: CString,
    /// The path as text.
    pub(crate) text: String,
    /// Inode of the directory in the hierarchy in which the path was first seen.
    pub(crate) inode: u64,
    pub(crate) class: Class,
    pub(crate) depth: usize,
    pub(crate) places: Vec<Place>,
    parent: Option<GroupId>,
    /// It was there before the recorder was.
    pub(crate) found_first: bool,
    /// The innermost subject that this cgroup's processes belong to.
    pub(crate) owner: Option<GroupId>,
    /// A filter has left it out, for good.
    pub(crate) left_out: bool,
    /// Set when the group is a subject itself.
    pub(crate) subject: Option<Subject>,
}

impl Group {
    /// Directory relative to a hierarchy's root.
    pub(crate) fn dir(&self) -> &[u8] {
        self.path.as_bytes().get(1..).unwrap_or_default()
    }

    /// What events say of it.
    pub(crate) fn about(&self) -> Arc<About> {
        self.subject.as_ref().map(|s| Arc::clone(&s.about)).unwrap_or_default()
    }

    /// Its kind as a subject.
    pub(crate) fn kind(&self) -> SubjectKind {
        match (&self.subject, self.class.role) {
            (Some(s), _) if s.identity.sandbox => SubjectKind::Sandbox,
            (_, Role::Subject(kind)) => kind,
            _ => SubjectKind::Slice,
        }
    }

    /// Takes its subject away; what is returned is the group as it was, without its places.
    fn end(&mut self) -> Option<Group> {
        let subject = Some(self.subject.take()?);
        let (path, text, class) = (self.path.clone(), self.text.clone(), self.class.clone());
        Some(Group { path, text, class, places: Vec::new(), subject, ..*self })
    }
}

/// What a walk changed among the subjects.
#[derive(Default)]
pub(crate) struct Turnover {
    pub(crate) started: Vec<GroupId>,
    /// Those that are gone, as they were.
    pub(crate) ended: Vec<Group>,
    /// Paths of new cgroups that only a runtime's state can tell from containers.
    pub(crate) unsure: Vec<String>,
    /// Subjects that turned out to be something else than their paths said.
    pub(crate) renamed: Vec<GroupId>,
}

/// All groups.
pub(crate) struct Groups {
    slots: Vec<Option<Group>>,
    by_path: HashMap<CString, GroupId>,
    trees: Vec<Tree>,
    watch: Watch,
    scope: Scope,
    walked: bool,
    next_series: SeriesId,
    changes: Vec<Change>,
}

impl Groups {
    pub(crate) fn new(hierarchies: &Hierarchies, scope: Scope) -> Groups {
        Groups {
            slots: Vec::new(),
            by_path: HashMap::new(),
            trees: hierarchies.all.iter().map(|_| Tree::default()).collect(),
            watch: Watch::over(hierarchies),
            scope,
            walked: false,
            next_series: 0,
            changes: Vec::new(),
        }
    }

    /// The scope in force: `all` when `containers` was asked for on a host that had none at the start.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// Every group's number is below this.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.slots.get(id)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.slots.get_mut(id)?.as_mut()
    }

    /// Every group with its number.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (GroupId, &mut Group)> {
        self.slots.iter_mut().enumerate().filter_map(|(id, g)| Some((id, g.as_mut()?)))
    }

    /// Every group that is a subject.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        let all = self.slots.iter().enumerate().filter_map(|(id, g)| Some((id, g.as_ref()?)));
        all.filter(|(_, g)| g.subject.is_some())
    }

    /// The subject above a subject.
    pub(crate) fn owner_above(&self, id: GroupId) -> Option<GroupId> {
        self.owner_above_of(self.get(id)?)
    }

    /// The same of one that is not listed any more.
    pub(crate) fn owner_above_of(&self, group: &Group) -> Option<GroupId> {
        self.get(group.parent?)?.owner
    }

    /// Walks all hierarchies, if anything may have changed, and brings the groups up to date. Removals of all
    /// hierarchies are applied before additions, so that a path that was removed and made again between two walks is a
    /// new group.
    pub(crate) fn refresh(&mut self, hierarchies: &Hierarchies) -> Turnover {
        let mut turnover = Turnover::default();
        if !self.watch.stirred() {
            return turnover;
        }
        let (mut added, mut removed) = (Vec::new(), false);
        let mut changes = std::mem::take(&mut self.changes);
        for (h, hierarchy) in hierarchies.all.iter().enumerate() {
            self.trees[h].walk(&hierarchy.root, &mut self.watch, &mut changes);
            for change in changes.drain(..) {
                match change {
                    Change::Added(path, inode) => added.push((h, path, inode)),
                    Change::Removed(path) => {
                        removed = true;
                        self.detach(h, &path, &mut turnover);
                    }
                }
            }
        }
        self.changes = changes;
        if !self.walked {
            self.settle_scope(&added);
        }
        let changed = removed || !added.is_empty();
        for (h, path, inode) in added {
            self.attach(hierarchies, h, path, inode, &mut turnover);
        }
        if changed {
            self.settle_twins(hierarchies, &mut turnover);
        }
        self.walked = true;
        turnover
    }

    fn attach(
        &mut self,
        hierarchies: &Hierarchies,
        h: usize,
        path: CString,
        inode: u64,
        turnover: &mut Turnover,
    ) {
        let id = if let Some(&id) = self.by_path.get(&path) {
            id
        } else {
            let id = self.create(path, inode);
            if let Some(group) = self.get(id) {
                if group.subject.is_some() {
                    turnover.started.push(id);
                }
                if may_be_task(&group.text) {
                    turnover.unsure.push(group.text.clone());
                }
            }
            self.tell_podman_pod(id, turnover);
            id
        };
        let unified = hierarchies.all[h].controllers.contains(&Controller::Unified);
        let Some(group) = self.get_mut(id) else { return };
        let at = group.places.partition_point(|p| p.hierarchy < h);
        group.places.insert(at, Place { hierarchy: h, procs: Kept::default(), strays: true });
        let parent = group.parent;
        // crun's sub-cgroup (its name is a constant there) may hold what the container's own files lack.
        let limits_holder =
            group.class.role == Role::Inner && group.dir().ends_with(b"/container") && unified;
        if let Some(subject) = &mut group.subject {
            subject.read_in(hierarchies, h);
        }
        if limits_holder
            && let Some(above) = parent.and_then(|p| self.get_mut(p))
            && let Some(subject) = &mut above.subject
        {
            let files = cgroup_files::limit_specs();
            subject.holder =
                files.map(|spec| Planned { spec, hierarchy: h, kept: Kept::default() }).collect();
        }
    }

    fn create(&mut self, path: CString, inode: u64) -> GroupId {
        let text = path.to_string_lossy().into_owned();
        let class = classify(&text);
        let parent = parent_of(&path).and_then(|p| self.by_path.get(&p).copied());
        let id = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let subject = self.in_scope(&class).then(|| self.new_subject());
        let owner = if subject.is_some() { Some(id) } else { parent.and_then(|p| self.get(p)?.owner) };
        let depth = text.split('/').filter(|p| !p.is_empty()).count();
        self.by_path.insert(path.clone(), id);
        self.slots[id] = Some(Group {
            path,
            text,
            inode,
            class,
            depth,
            places: Vec::new(),
            parent,
            found_first: !self.walked,
            left_out: false,
            owner,
            subject,
        });
        id
    }

    fn new_subject(&mut self) -> Subject {
        self.next_series += 1;
        Subject::new(self.next_series - 1)
    }

    fn detach(&mut self, h: usize, path: &CString, turnover: &mut Turnover) {
        let Some(&id) = self.by_path.get(path) else { return };
        let Some(group) = self.get_mut(id) else { return };
        group.places.retain(|p| p.hierarchy != h);
        if let Some(subject) = &mut group.subject {
            subject.plan.retain(|p| p.hierarchy != h);
        }
        let (gone, parent) = (group.places.is_empty(), group.parent);
        let holder = group.class.role == Role::Inner && group.dir().ends_with(b"/container");
        if holder
            && let Some(above) = parent.and_then(|p| self.get_mut(p))
            && let Some(subject) = &mut above.subject
        {
            subject.holder.retain(|p| p.hierarchy != h);
        }
        if gone {
            self.by_path.remove(path);
            turnover.ended.extend(self.slots[id].take().filter(|g| g.subject.is_some()));
        }
    }
}

/// What is read of a cgroup in one hierarchy.
pub(super) fn files(hierarchies: &Hierarchies, h: usize) -> impl Iterator<Item = Planned> {
    let specs = hierarchies.all[h].controllers.iter().flat_map(|&c| cgroup_files::specs(c));
    // On a hybrid host runtimes freeze by v1's controller, of which cgroup.events knows nothing.
    let hybrid = hierarchies.all.len() > 1;
    specs.filter(move |spec| !(hybrid && spec.name == "cgroup.events")).map(move |spec| Planned {
        spec,
        hierarchy: h,
        kept: Kept::default(),
    })
}

fn parent_of(path: &CString) -> Option<CString> {
    let bytes = path.as_bytes();
    let slash = memchr::memrchr(b'/', bytes)?;
    match (slash, bytes.len()) {
        (0, 1) => None,
        (0, _) => Some(c"/".to_owned()),
        _ => CString::new(&bytes[..slash]).ok(),
    }
}
