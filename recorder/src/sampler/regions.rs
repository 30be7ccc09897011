//! What each process's memory is mapped from: `regions`, only with `--verbose-perf-risk` (REC-2).
//!
//! Owns: whose smaps is read on a tick, and its rows. Must not: exist without the flag.
//!
//! Reading smaps holds the target's memory lock for a page of text at a time, which may be one big mapping: its cost is
//! that of PSS and more. So it has a budget of its own, of the same kind, and nobody is read twice within 30 s.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;

use fgm::metric::Table;
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::{Micros, SECOND};

use super::access::{At, Got, Reader};
use super::groups::{GroupId, Groups};
use super::labels::Host;
use super::process::Process;
use super::pss::{Budget, Candidate, expected_cost};
use crate::pace::thread_cpu;
use crate::read::smaps::Smaps;

/// CPU time for reading smaps, per tick on average.
const BUDGET: Micros = 2000;
/// Nobody is read twice within this time.
const EVERY: Micros = 30 * SECOND;
/// Formatting mappings costs about this much more than summing them up does.
const DEARER: Micros = 2;

/// A process that has been read, or tried.
struct Known {
    token: u64,
    owner: GroupId,
    tick_no: i64,
    cost: Micros,
    series: HashMap<Vec<u8>, SeriesId>,
}

/// What reading regions needs of the sampler.
pub(crate) struct Survey<'a> {
    pub(crate) groups: &'a Groups,
    pub(crate) host: &'a Host,
    pub(crate) proc_root: BorrowedFd<'a>,
    pub(crate) reader: &'a mut Reader,
}

/// The regions of all recorded processes.
pub(crate) struct Regions {
    every_ticks: i64,
    budget: Budget,
    known: HashMap<u32, Known>,
    smaps: Smaps,
    next: SeriesId,
}

impl Regions {
    /// `interval`: time between ticks.
    pub(crate) fn new(interval: Micros) -> Regions {
        Regions {
            every_ticks: (EVERY / interval.max(1)).max(1),
            budget: Budget::new(BUDGET, interval),
            known: HashMap::new(),
            smaps: Smaps::default(),
            next: 0,
        }
    }

    /// Defines anew the regions of a subject's processes.
    pub(crate) fn redefine<'p>(
        &self,
        owner: GroupId,
        processes: impl Iterator<Item = &'p Process>,
        groups: &Groups,
        host: &Host,
        tick: &mut Tick,
    ) {
        let Some(group) = groups.get(owner) else { return };
        for process in processes.filter(|p| p.owner == owner) {
            for (name, &series) in self.known.get(&process.pid).iter().flat_map(|k| &k.series) {
                tick.defs.push(host.region(series, process, group, name));
            }
        }
    }

    /// Reads those whose turn it is.
    pub(crate) fn sample<'p>(
        &mut self,
        processes: impl Iterator<Item = &'p Process> + Clone,
        survey: &mut Survey<'_>,
        tick: &mut Tick,
        now: &impl Fn() -> Micros,
    ) {
        let by_pid: HashMap<u32, &Process> = processes.map(|p| (p.pid, p)).collect();
        self.known.retain(|pid, known| {
            let same = by_pid.get(pid).is_some_and(|p| p.token() == known.token && p.owner == known.owner);
            if !same {
                tick.ended.extend(known.series.values().map(|&s| (Table::Regions, s)));
            }
            same
        });
        let (tick_no, known, every) = (tick.tick_no, &self.known, self.every_ticks);
        self.budget.begin(by_pid.values().filter_map(|p| {
            let guess = expected_cost(p.rss?).saturating_mul(DEARER);
            let (age, cost) = match known.get(&p.pid) {
                None => (None, guess),
                Some(k) => (Some(tick_no - k.tick_no), k.cost.max(guess / 4)),
            };
            age.is_none_or(|a| a >= every).then_some(Candidate { pid: p.pid, age, cost })
        }));
        while let Some(pid) = self.budget.next() {
            if let Some(process) = by_pid.get(&pid) {
                self.read(process, survey, tick, now());
            }
        }
    }

    fn read(&mut self, process: &Process, survey: &mut Survey<'_>, tick: &mut Tick, time: Micros) {
        let began = thread_cpu();
        let dir = process.pid.to_string();
        let at = At { root: survey.proc_root, dir: dir.as_bytes(), name: "smaps" };
        self.smaps.clear();
        let smaps = &mut self.smaps;
        let whole = matches!(survey.reader.stream(at, |piece| smaps.push(piece)), Got::Text(_));
        let known = self.known.entry(process.pid).or_insert_with(|| Known {
            token: process.token(),
            owner: process.owner,
            tick_no: 0,
            cost: 0,
            series: HashMap::new(),
        });
        known.tick_no = tick.tick_no;
        if let Some(group) = survey.groups.get(process.owner).filter(|_| whole) {
            let mut before = std::mem::take(&mut known.series);
            for (name, region) in self.smaps.finish() {
                let series = before.remove(name).unwrap_or_else(|| {
                    self.next += 1;
                    tick.defs.push(survey.host.region(self.next - 1, process, group, name));
                    self.next - 1
                });
                region.fill(&mut tick.rows_mut(Table::Regions).push(series, time));
                known.series.insert(name.clone(), series);
            }
            tick.ended.extend(before.into_values().map(|s| (Table::Regions, s)));
        }
        known.cost = thread_cpu() - began;
        self.budget.spent(known.cost);
    }
}
