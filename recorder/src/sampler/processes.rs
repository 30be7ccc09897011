//! All processes of the subjects: who came, who went, and their rows.
//!
//! Owns: the lives of process series, and whose PSS is read on a tick. Must not: know cgroup files.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use fgm::metric::{Table, processes as p};
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::Micros;

use super::access::Reader;
use super::crowd::{Crowd, begin_series};
use super::groups::{GroupId, Groups};
use super::labels::Host;
use super::lives::{Gone, Lives};
use super::members::Members;
use super::open_files::OpenFiles;
use super::process::{Bench, First, Look, Process, first_look};
use super::pss::{Budget, Candidate};
use crate::config::{Config, Processes};

/// Kernel threads are looked at again this often: a pid may have been reused unnoticed.
const KERNEL_RECHECK: i64 = 60;

/// What sampling processes needs of the sampler.
pub(crate) struct Pen<'a> {
    pub(crate) groups: &'a mut Groups,
    pub(crate) host: &'a Host,
    pub(crate) proc_root: BorrowedFd<'a>,
    pub(crate) reader: &'a mut Reader,
}

/// The processes.
pub(crate) struct Herd {
    record: bool,
    omit_cmdline: bool,
    tick_usec: i64,
    known: HashMap<u32, Process>,
    /// Kernel threads: the tick on which they were last listed.
    kernel: HashMap<u32, i64>,
    kernel_checked: i64,
    /// Processes that are only counted, with what told each apart when it was first seen.
    counted: HashMap<u32, u64>,
    /// Only with `--processes top:N`.
    crowd: Option<Crowd>,
    budget: Budget,
    open_files: OpenFiles,
    next_series: SeriesId,
    lives: Lives,
}

fn micros(d: Duration) -> Micros {
    Micros::try_from(d.as_micros()).unwrap_or(Micros::MAX / 8)
}

impl Herd {
    pub(crate) fn new(config: &Config, tick_usec: i64, proc_root: BorrowedFd<'_>) -> Herd {
        Herd {
            record: config.processes != Processes::None,
            omit_cmdline: config.omit_cmdline,
            tick_usec,
            known: HashMap::new(),
            kernel: HashMap::new(),
            kernel_checked: 0,
            counted: HashMap::new(),
            crowd: match config.processes {
                Processes::Top(n) => Some(Crowd::new(n)),
                Processes::All | Processes::None => None,
            },
            budget: Budget::new(micros(config.pss_budget), micros(config.interval)),
            open_files: OpenFiles::new(proc_root),
            next_series: 0,
            lives: Lives::default(),
        }
    }

    /// Processes that were gone on the last tick sampled.
    pub(crate) fn gone(&self) -> &[Gone] {
        self.lives.gone()
    }

    /// Forgets the last readings: the clock was set.
    pub(crate) fn forget(&mut self) {
        self.known.values_mut().for_each(Process::forget);
    }

    /// The processes that have a row on this tick.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = &Process> + Clone {
        self.known.values()
    }

    /// The processes that live on this tick: pid, what tells it and its program apart, owner.
    pub(crate) fn living<'a>(
        &'a self,
        members: &'a Members,
    ) -> impl Iterator<Item = (u32, u64, GroupId)> + 'a {
        members.iter().filter_map(|(pid, owner)| {
            let process = || self.known.get(&pid).or_else(|| self.crowd.as_ref()?.get(pid));
            let token = if self.record { process()?.token() } else { *self.counted.get(&pid)? };
            Some((pid, token, owner))
        })
    }

    /// Defines anew the processes of a subject whose names have become known.
    pub(crate) fn redefine(&mut self, owner: GroupId, groups: &Groups, host: &Host, tick: &mut Tick) {
        let Some(group) = groups.get(owner) else { return };
        let Some(subject) = &group.subject else { return };
        for process in self.known.values_mut().filter(|p| p.owner == owner) {
            process.about.clone_from(&subject.about);
            tick.defs.push(host.process(process, group));
        }
        for process in self.crowd.iter_mut().flat_map(|c| c.of(owner)) {
            process.about.clone_from(&subject.about);
        }
    }

    /// Ends the series of a subject's processes, which live on and are recorded no more.
    pub(crate) fn disown(&mut self, owner: GroupId, tick: &mut Tick) {
        self.known.retain(|_, process| {
            if process.owner == owner {
                tick.ended.push((Table::Processes, process.series));
            }
            process.owner != owner
        });
    }

    /// Writes the rows of all members and adds them up per subject.
    pub(crate) fn sample(
        &mut self,
        members: &Members,
        pen: &mut Pen<'_>,
        tick: &mut Tick,
        now: &impl Fn() -> Micros,
    ) {
        let tick_no = tick.tick_no;
        self.lives.begin();
        if tick_no - self.kernel_checked >= KERNEL_RECHECK {
            self.kernel_checked = tick_no;
            self.kernel.clear();
        }
        for (pid, owner) in members.iter() {
            // A subject that is left out still claims its processes, so that no other one counts them.
            if pen.groups.get(owner).is_none_or(|g| g.subject.is_none()) {
                self.counted.remove(&pid);
                continue;
            }
            if let Some(seen) = self.kernel.get_mut(&pid) {
                *seen = tick_no;
                continue;
            }
            let lives = if self.record {
                self.sample_one(pid, owner, pen, tick, now)
            } else {
                self.count_one(pid, owner, pen)
            };
            if lives && let Some(subject) = pen.groups.get_mut(owner).and_then(|g| g.subject.as_mut()) {
                subject.sums.count += 1;
            }
        }
        self.kernel.retain(|_, seen| *seen == tick_no);
        if self.record {
            self.bury(tick, now());
            self.read_pss(pen, tick);
            self.add_up(pen.groups, tick);
            self.choose(pen, tick, now);
        } else {
            self.counted.retain(|&pid, _| members.contains(pid));
        }
        self.lives.end();
    }

    /// Reads a process; returns whether it lives.
    fn sample_one(
        &mut self,
        pid: u32,
        owner: GroupId,
        pen: &mut Pen<'_>,
        tick: &mut Tick,
        now: &impl Fn() -> Micros,
    ) -> bool {
        let tick_no = tick.tick_no;
        let mut bench = Bench {
            proc_root: pen.proc_root,
            reader: pen.reader,
            open_files: &mut self.open_files,
            tick_usec: self.tick_usec,
            omit_cmdline: self.omit_cmdline,
        };
        if let Some(process) = self.known.get_mut(&pid) {
            match process.read(owner, now(), &mut bench, tick) {
                Look::Same => {
                    process.seen = tick_no;
                    return true;
                }
                Look::Changed => {
                    process.seen = tick_no;
                    if let Some(group) = pen.groups.get(owner) {
                        process.about = group.about();
                        tick.defs.push(pen.host.process(process, group));
                    }
                    return true;
                }
                // Its pid may already be somebody else's: look again below.
                Look::Gone => {
                    tick.ended.push((Table::Processes, process.series));
                    self.lives.died(process, now(), tick);
                    self.known.remove(&pid);
                    self.crowd.iter_mut().for_each(|c| c.forget(pid));
                }
            }
        } else if let Some(crowd) = &mut self.crowd
            && let Some(look) = crowd.glance(pid, owner, pen.groups, &mut bench)
        {
            let Err(process) = look else { return true };
            self.lives.died(&process, now(), tick);
            crowd.forget(pid);
        }
        match first_look(pid, self.next_series, owner, &mut bench) {
            First::Nobody => false,
            First::Kernel => {
                self.kernel.insert(pid, tick_no);
                false
            }
            First::Process(mut process) => {
                process.seen = tick_no;
                if let Some(group) = pen.groups.get(owner) {
                    process.about = group.about();
                }
                if let Some(crowd) = &mut self.crowd
                    && !crowd.has_room(self.known.len())
                {
                    self.lives.born(&process, now(), tick);
                    crowd.admit(*process);
                    return true;
                }
                if matches!(process.read(owner, now(), &mut bench, tick), Look::Gone) {
                    return false;
                }
                self.next_series += 1;
                if let Some(group) = pen.groups.get(owner) {
                    tick.defs.push(pen.host.process(&process, group));
                }
                self.lives.born(&process, now(), tick);
                self.known.insert(pid, *process);
                true
            }
        }
    }

    /// Tells processes from kernel threads without recording them; returns whether it is a process.
    fn count_one(&mut self, pid: u32, owner: GroupId, pen: &mut Pen<'_>) -> bool {
        if self.counted.contains_key(&pid) {
            return true;
        }
        let mut bench = Bench {
            proc_root: pen.proc_root,
            reader: pen.reader,
            open_files: &mut self.open_files,
            tick_usec: self.tick_usec,
            omit_cmdline: true,
        };
        match first_look(pid, 0, owner, &mut bench) {
            First::Nobody => false,
            First::Kernel => {
                let tick_no = bench.reader.tick_no;
                self.kernel.insert(pid, tick_no);
                false
            }
            First::Process(process) => {
                self.counted.insert(pid, process.token());
                true
            }
        }
    }

    /// Ends the series of processes that were not listed on this tick.
    fn bury(&mut self, tick: &mut Tick, time: Micros) {
        let tick_no = tick.tick_no;
        let lives = &mut self.lives;
        let mut crowd = self.crowd.as_mut();
        self.known.retain(|&pid, process| {
            let there = process.seen == tick_no;
            if !there {
                tick.ended.push((Table::Processes, process.series));
                lives.died(process, time, tick);
                if let Some(crowd) = &mut crowd {
                    crowd.forget(pid);
                }
            }
            there
        });
        if let Some(crowd) = crowd {
            crowd.bury(tick_no, |process| lives.died(process, time, tick));
        }
    }

    /// Lets those come and go that are recorded from now on, or no longer. Those that come have a row already on this
    /// tick; they have been counted and added up.
    fn choose(&mut self, pen: &mut Pen<'_>, tick: &mut Tick, now: &impl Fn() -> Micros) {
        let Some(crowd) = &mut self.crowd else { return };
        for mut process in crowd.choose(&mut self.known, tick) {
            let (pid, owner) = (process.pid, process.owner);
            begin_series(&mut process, &mut self.next_series);
            if let Some(group) = pen.groups.get(owner) {
                tick.defs.push(pen.host.process(&process, group));
            }
            self.known.insert(pid, process);
            self.sample_one(pid, owner, pen, tick, now);
        }
    }

    fn read_pss(&mut self, pen: &mut Pen<'_>, tick: &mut Tick) {
        let tick_no = tick.tick_no;
        self.budget.begin(self.known.values().filter_map(|process| {
            Some(Candidate { pid: process.pid, age: process.pss_age(tick_no), cost: process.pss_cost()? })
        }));
        let mut bench = Bench {
            proc_root: pen.proc_root,
            reader: pen.reader,
            open_files: &mut self.open_files,
            tick_usec: self.tick_usec,
            omit_cmdline: self.omit_cmdline,
        };
        while let Some(pid) = self.budget.next() {
            if let Some(process) = self.known.get_mut(&pid) {
                let cost = process.read_pss(&mut bench, tick);
                self.budget.spent(cost);
                if let Some(every) = self.budget.rare(cost) {
                    process.say_rare(cost, every);
                }
            }
        }
    }

    fn add_up(&self, groups: &mut Groups, tick: &mut Tick) {
        let tick_no = tick.tick_no;
        let rows = tick.rows_mut(Table::Processes);
        for process in self.known.values() {
            let age = process.pss_age(tick_no);
            if let Some(age) = age {
                rows.row_mut(process.row).set(p::memory_pss_age_ticks, age);
            }
            let Some(mut rss) = process.rss else { continue };
            if let Some(crowd) = &self.crowd {
                rss = crowd.rss(process);
            }
            let Some(subject) = groups.get_mut(process.owner).and_then(|g| g.subject.as_mut()) else {
                continue;
            };
            subject.sums.add(process, rss, age);
        }
        self.crowd.iter().for_each(|c| c.add_up(groups));
    }
}
