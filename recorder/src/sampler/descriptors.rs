//! Which descriptors are kept between ticks.
//!
//! Owns: the bound on kept descriptors and who may use it. Must not: open or read.
//!
//! Every file is read on every tick, in turn, so closing the least recently used descriptor would close each just
//! before it is wanted again. Instead those that are open stay open, and files beyond the bound are opened for each
//! reading. A file of a cgroup gains half as much again by staying open as one of a process, at the same cost
//! (specs/decisions/0005): processes keep what the others leave.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors left to everything else in the process.
const RESERVED: usize = 256;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A process.
    Process,
    /// A cgroup or the node.
    Other,
}

/// A descriptor that counts as long as it lives.
pub(crate) struct Counted {
    fd: OwnedFd,
    count: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The kept descriptors.
pub(crate) struct Descriptors {
    limit: usize,
    of_processes: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
    /// Readings of others' files on the previous tick and so far on this one.
    demand: [usize; 2],
}

impl Descriptors {
    /// At most so many, and no more than the process may have, less a reserve.
    pub(crate) fn new(most: usize) -> Descriptors {
        let limit = raise_limit().saturating_sub(RESERVED).min(most);
        Descriptors { limit, of_processes: Arc::default(), others: Arc::default(), demand: [0, 0] }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn held(&self) -> usize {
        self.of_processes.load(Ordering::Relaxed) + self.others.load(Ordering::Relaxed)
    }

    /// A new tick.
    pub(crate) fn begin(&mut self) {
        self.demand = [self.demand[1], 0];
    }

    /// A file has been read; returns whether it should give its descriptor back, if it has one.
    pub(crate) fn read(&mut self, owner: Owner) -> bool {
        if owner == Owner::Other {
            self.demand[1] += 1;
        }
        owner == Owner::Process && self.of_processes.load(Ordering::Relaxed) > self.left_for_processes()
    }

    /// Keeps a descriptor if there is room.
    pub(crate) fn keep(&self, fd: OwnedFd, owner: Owner) -> Option<Counted> {
        let (count, room) = match owner {
            Owner::Process => (&self.of_processes, self.left_for_processes()),
            Owner::Other => (&self.others, self.limit),
        };
        if self.held() >= self.limit || count.load(Ordering::Relaxed) >= room {
            return None;
        }
        count.fetch_add(1, Ordering::Relaxed);
        Some(Counted { fd, count: Arc::clone(count) })
    }

    /// No more can be opened: somebody else in this process uses more than the reserve. Keeps no more than there are.
    pub(crate) fn exhausted(&mut self) {
        self.limit = self.held().saturating_sub(RESERVED);
    }

    fn left_for_processes(&self) -> usize {
        self.limit.saturating_sub(self.demand[0].max(self.demand[1]))
    }
}

/// Raises the soft limit on descriptors to the hard one and returns it.
fn raise_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current };
    limit.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tick in the order of the sampler: others first; returns how many of each are kept.
    fn tick(
        d: &mut Descriptors,
        others: &mut [Option<Counted>],
        processes: &mut [Option<Counted>],
    ) -> [usize; 2] {
        let open = || OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
        d.begin();
        for (slots, owner) in [(&mut *others, Owner::Other), (&mut *processes, Owner::Process)] {
            for slot in slots {
                if slot.is_none() {
                    *slot = d.keep(open(), owner);
                }
                if d.read(owner) {
                    *slot = None;
                }
            }
        }
        assert!(d.held() <= d.limit());
        [others, processes].map(|s| s.iter().flatten().count())
    }

    fn slots(n: usize) -> Vec<Option<Counted>> {
        std::iter::repeat_with(|| None).take(n).collect()
    }

    /// REC-1: within the bound cgroups' files are kept before processes', also when they come later; those that are
    /// kept stay, and what cgroups give back goes to processes.
    #[test]
    fn processes_keep_what_cgroups_leave() {
        let mut d = Descriptors::new(6);
        let mut processes = slots(8);
        assert_eq!(tick(&mut d, &mut slots(1), &mut processes), [1, 5]);
        let mut others = slots(4);
        tick(&mut d, &mut others, &mut processes);
        assert_eq!(tick(&mut d, &mut others, &mut processes), [4, 2]);
        let kept: Vec<bool> = processes.iter().map(Option::is_some).collect();
        tick(&mut d, &mut others, &mut processes);
        assert_eq!(processes.iter().map(Option::is_some).collect::<Vec<_>>(), kept, "the same ones");
        others.extend(slots(5));
        tick(&mut d, &mut others, &mut processes);
        assert_eq!(tick(&mut d, &mut others, &mut processes), [6, 0]);
        others.truncate(1);
        tick(&mut d, &mut others, &mut processes);
        assert_eq!(tick(&mut d, &mut others, &mut processes), [1, 5]);
        assert_eq!(tick(&mut Descriptors::new(0), &mut slots(3), &mut slots(3)), [0, 0]);
    }
}
