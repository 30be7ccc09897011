//! The processes that are only glanced at, where only the biggest are recorded (`--processes top:N`, REC-6).
//!
//! Owns: the crowd, and the moves between it and the recorded ones. Must not: rank, or write rows.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use fgm::metric::Table;
use fgm::store::tick::{SeriesId, Tick};

use super::groups::{GroupId, Groups};
use super::process::{Bench, Process};
use super::top::{Contender, Leaders};

/// The choice is made anew after so many ticks.
const WINDOW: i64 = 10;

/// Everybody who has no row.
pub(crate) struct Crowd {
    most: usize,
    page_bytes: u64,
    members: HashMap<u32, Process>,
    leaders: Leaders,
    /// `None` before the first choice.
    next_choice: Option<i64>,
}

impl Crowd {
    /// Room for so many beside it, in each respect.
    pub(crate) fn new(most: NonZeroUsize) -> Crowd {
        Crowd {
            most: most.get(),
            page_bytes: rustix::param::page_size() as u64,
            members: HashMap::new(),
            leaders: Leaders::new(most.get()),
            next_choice: None,
        }
    }

    /// Whether a process that has just begun is recorded at once: there are fewer than may be. Not before the first
    /// choice, which would send away most of those that came first.
    pub(crate) fn has_room(&self, recorded: usize) -> bool {
        self.next_choice.is_some() && recorded + self.members.len() < self.most
    }

    /// A process joins.
    pub(crate) fn admit(&mut self, mut process: Process) {
        process.rss = Some(self.rss(&process)).filter(|&bytes| bytes > 0);
        self.members.insert(process.pid, process);
    }

    /// A member.
    pub(crate) fn get(&self, pid: u32) -> Option<&Process> {
        self.members.get(&pid)
    }

    /// Looks at a member; returns whether it lives. One that does not has left: `Err`.
    pub(crate) fn glance(
        &mut self,
        pid: u32,
        owner: GroupId,
        groups: &Groups,
        bench: &mut Bench<'_>,
    ) -> Option<Result<(), Process>> {
        let process = self.members.get_mut(&pid)?;
        let moved = process.owner != owner;
        if !process.glance(owner, self.page_bytes, bench) {
            return self.members.remove(&pid).map(Err);
        }
        process.seen = bench.reader.tick_no;
        if let Some(group) = groups.get(owner).filter(|_| moved) {
            process.about = group.about();
        }
        Some(Ok(()))
    }

    /// Members that were not listed on this tick leave.
    pub(crate) fn bury(&mut self, tick_no: i64, mut died: impl FnMut(&Process)) {
        let leaders = &mut self.leaders;
        self.members.retain(|&pid, process| {
            let there = process.seen == tick_no;
            if !there {
                died(process);
                leaders.forget(pid);
            }
            there
        });
    }

    /// A process is gone, recorded or not.
    pub(crate) fn forget(&mut self, pid: u32) {
        self.leaders.forget(pid);
    }

    /// Members of a subject.
    pub(crate) fn of(&mut self, owner: GroupId) -> impl Iterator<Item = &mut Process> {
        self.members.values_mut().filter(move |p| p.owner == owner)
    }

    /// Resident bytes by stat, for sums over processes of which some have no row.
    pub(crate) fn rss(&self, process: &Process) -> u64 {
        process.rss_pages.saturating_mul(self.page_bytes)
    }

    /// Adds up the members.
    pub(crate) fn add_up(&self, groups: &mut Groups) {
        for process in self.members.values() {
            let subject = groups.get_mut(process.owner).and_then(|g| g.subject.as_mut());
            let rss = self.rss(process);
            // A zombie has no memory.
            if let Some(subject) = subject.filter(|_| rss > 0) {
                subject.sums.add_unrecorded(rss);
            }
        }
    }

    /// When it is due, chooses who is recorded from now on. Those that no longer are come back, and their series end;
    /// the others are returned.
    pub(crate) fn choose(&mut self, known: &mut HashMap<u32, Process>, tick: &mut Tick) -> Vec<Process> {
        if self.next_choice.is_some_and(|due| tick.tick_no < due) {
            return Vec::new();
        }
        self.next_choice = Some(tick.tick_no + WINDOW);
        let all = known.values().chain(self.members.values());
        let contenders =
            all.map(|p| Contender { pid: p.pid, cpu_ticks: p.cpu_ticks, rss_pages: p.rss_pages });
        self.leaders.choose(&contenders.collect::<Vec<_>>());
        let leaders = &self.leaders;
        let come: Vec<Process> =
            self.members.extract_if(|&pid, _| leaders.contain(pid)).map(|(_, process)| process).collect();
        for (pid, mut process) in known.extract_if(|&pid, _| !leaders.contain(pid)) {
            tick.ended.push((Table::Processes, process.series));
            process.rest();
            self.members.insert(pid, process);
        }
        come
    }
}

/// Gives a process that is recorded from now on a series of its own: one that comes back is not continued.
pub(crate) fn begin_series(process: &mut Process, next: &mut SeriesId) {
    process.series = *next;
    *next += 1;
}
