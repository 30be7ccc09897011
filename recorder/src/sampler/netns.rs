//! The network namespaces of the host and of the recorded processes, each sampled once per tick (REC-4).
//!
//! Owns: which processes share a namespace, and who owns it. Must not: read counters, or anything else of a process.
//!
//! A namespace is told by the inode of its link below /proc/<pid>/ns, which is looked at when a process is first seen,
//! when it runs another program (runtimes join a pod's namespace and then exec), and once in a while. Its files are
//! those of any process within. A descriptor of one of them keeps the namespace alive, so none is kept longer than
//! there are processes in it, and none at all where a tick is long.

use std::collections::HashMap;

use fgm::store::tick::{SeriesId, Tick};
use fgm::time::Micros;
use rustix::io::Errno;

use super::access::At;
use super::groups::{GroupId, Groups};
use super::labels::Host;
use super::network::{Namespace, Owner, Site};
use crate::read::net;

/// A process's namespace is looked up again after this many ticks: it may have joined another.
const RECHECK: i64 = 60;
/// Descriptors are kept where ticks are at most this far apart.
const LONGEST_KEPT: Micros = 5_000_000;

/// A process as this module knows it.
struct Resident {
    /// Which process and program this was.
    token: u64,
    inode: Option<u64>,
    checked: i64,
    seen: i64,
}

/// All namespaces.
pub(crate) struct Namespaces {
    keep: bool,
    residents: HashMap<u32, Resident>,
    host: Option<Namespace>,
    others: HashMap<u64, Namespace>,
    host_checked: i64,
    next: SeriesId,
    next_interface: SeriesId,
    link: Vec<u8>,
}

impl Namespaces {
    /// `interval`: time between ticks.
    pub(crate) fn new(interval: Micros) -> Namespaces {
        Namespaces {
            keep: interval <= LONGEST_KEPT,
            residents: HashMap::new(),
            host: None,
            others: HashMap::new(),
            host_checked: 0,
            next: 0,
            next_interface: 0,
            link: Vec::new(),
        }
    }

    /// Samples the host's namespace and those of `processes`: (pid, what tells it and its program apart, owner).
    pub(crate) fn sample(
        &mut self,
        processes: impl Iterator<Item = (u32, u64, GroupId)>,
        site: &mut Site<'_>,
        tick: &mut Tick,
        now: &impl Fn() -> Micros,
    ) {
        self.find_host(site, tick);
        for (pid, token, owner) in processes {
            if let Some(inode) = self.locate(pid, token, site) {
                self.inhabit(inode, pid, owner, site, tick);
            }
        }
        let tick_no = tick.tick_no;
        self.residents.retain(|_, r| r.seen == tick_no);
        self.others.retain(|_, namespace| {
            let lives = namespace.seen == tick_no;
            if !lives {
                namespace.end(tick);
            }
            lives
        });
        for namespace in self.host.iter_mut().chain(self.others.values_mut()) {
            namespace.read(self.keep, &mut self.next_interface, site, tick, now());
        }
    }

    /// Defines anew the namespaces of a subject whose names have become known.
    pub(crate) fn redefine(&self, owner: GroupId, groups: &Groups, host: &Host, tick: &mut Tick) {
        for namespace in self.others.values().filter(|n| n.owner.is_some_and(|o| o.group == owner)) {
            namespace.redefine(groups, host, tick);
        }
    }

    /// The host's namespace is that of the procfs's first process.
    fn find_host(&mut self, site: &mut Site<'_>, tick: &mut Tick) {
        if self.host.is_some() && tick.tick_no - self.host_checked < RECHECK {
            return;
        }
        self.host_checked = tick.tick_no;
        let inode = self.read_link(b"1", site).or_else(|_| self.own_as_host(site)).ok();
        if self.host.as_ref().is_some_and(|h| h.inode == inode || inode.is_none()) {
            return;
        }
        self.host.iter().for_each(|h| h.end(tick));
        // What was taken for somebody's own is the host's after all.
        if let Some(other) = inode.and_then(|i| self.others.remove(&i)) {
            other.end(tick);
        }
        self.next += 1;
        let namespace = Namespace::new(inode, None, b"1".to_vec(), self.next - 1);
        namespace.define(site.groups, site.host, tick);
        self.host = Some(namespace);
    }

    /// Whether the recorder shares the host's namespace can be seen without permission to read the first process's
    /// link: /proc/<pid>/net/dev is one file in each namespace.
    fn own_as_host(&mut self, site: &mut Site<'_>) -> rustix::io::Result<u64> {
        let file = |path: &str| rustix::fs::statat(site.proc_root, path, rustix::fs::AtFlags::empty());
        if file("1/net/dev")?.st_ino == file("self/net/dev")?.st_ino {
            return self.read_link(b"self", site);
        }
        Err(Errno::NOENT)
    }

    fn read_link(&mut self, dir: &[u8], site: &Site<'_>) -> rustix::io::Result<u64> {
        let mut path = std::mem::take(&mut self.link);
        path.clear();
        path.extend_from_slice(dir);
        path.extend_from_slice(b"/ns/net");
        let link = rustix::fs::readlinkat(site.proc_root, &path[..], Vec::new());
        self.link = path;
        net::namespace_inode(link?.as_bytes()).ok_or(Errno::INVAL)
    }

    /// The namespace of a process.
    fn locate(&mut self, pid: u32, token: u64, site: &mut Site<'_>) -> Option<u64> {
        let tick_no = site.reader.tick_no;
        if let Some(r) = self.residents.get_mut(&pid)
            && r.token == token
            && tick_no - r.checked < RECHECK
        {
            r.seen = tick_no;
            return r.inode;
        }
        let dir = pid.to_string();
        let inode = match self.read_link(dir.as_bytes(), site) {
            Ok(inode) => Some(inode),
            // Gone, or a zombie.
            Err(Errno::NOENT | Errno::SRCH) => None,
            Err(errno) => {
                let link = At { root: site.proc_root, dir: dir.as_bytes(), name: "ns/net" };
                site.reader.faults.errno("ns/net", errno, || link.shown());
                None
            }
        };
        // Spread, so that the processes of the first tick are not all looked at again on one tick.
        let checked =
            if self.residents.contains_key(&pid) { tick_no } else { tick_no - i64::from(pid) % RECHECK };
        self.residents.insert(pid, Resident { token, inode, checked, seen: tick_no });
        inode
    }

    fn inhabit(&mut self, inode: u64, pid: u32, group: GroupId, site: &mut Site<'_>, tick: &mut Tick) {
        if self.host.as_ref().is_some_and(|h| h.inode == Some(inode)) {
            return;
        }
        let tick_no = tick.tick_no;
        if let Some(known) = self.others.get_mut(&inode) {
            if known.owner.is_some_and(|o| lives(o, site.groups)) {
                if known.seen != tick_no {
                    known.represent(pid);
                }
                known.seen = tick_no;
                return;
            }
            // Its owner is gone: the next one's rows are another series.
            known.end(tick);
        }
        let Some(owner) = owner_of(group, site.groups) else { return };
        self.next += 1;
        let mut namespace =
            Namespace::new(Some(inode), Some(owner), pid.to_string().into_bytes(), self.next - 1);
        namespace.seen = tick_no;
        namespace.define(site.groups, site.host, tick);
        self.others.insert(inode, namespace);
    }
}

fn lives(owner: Owner, groups: &Groups) -> bool {
    let subject = groups.get(owner.group).and_then(|g| g.subject.as_ref());
    subject.is_some_and(|s| s.series == owner.series)
}

/// The pod that a subject belongs to, or the subject.
fn owner_of(group: GroupId, groups: &Groups) -> Option<Owner> {
    let mut at = group;
    let pod = groups.get(at)?.class.pod_uid.as_deref();
    while pod.is_some()
        && let Some(above) = groups.owner_above(at)
        && groups.get(above).is_some_and(|g| g.class.pod_uid.as_deref() == pod)
    {
        at = above;
    }
    Some(Owner { group: at, series: groups.get(at)?.subject.as_ref()?.series })
}
