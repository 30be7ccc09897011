//! One tick: everything that is due is read, into one [`Tick`].
//!
//! Owns: the order of reading and the lives of series. Must not: wait, write, or look anything up outside the kernel.

mod access;
mod blocks;
mod cgroup_files;
mod choice;
mod crowd;
mod descriptors;
mod disks;
mod events;
mod extras;
mod faults;
mod gaps;
mod groups;
mod host;
mod host_files;
mod kernel_log;
mod kills;
mod labels;
mod limits;
mod lives;
mod members;
mod names;
mod netns;
mod network;
mod open_files;
mod own_cgroup;
mod process;
mod process_pss;
mod processes;
mod pss;
mod rates;
mod regions;
mod register;
mod report;
mod restarts;
mod subject;
mod sums;
mod top;
mod turnover;
mod watch;

use std::fs::File;
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use fgm::identity::SubjectKind;
use fgm::metric::Table;
use fgm::store::tick::{SeriesId, TableRows, Tick};
use fgm::time::Micros;

use crate::config::{Config, Processes, Scope};
use crate::discover::Hierarchies;
use crate::error::RecordError;
use crate::identify::{Lookup, Tasks};
use crate::pace::Slot;
use crate::priority::from_the_back;
use crate::read::io::IoLimits;
use access::Reader;
use blocks::Blocks;
use cgroup_files::Scratch;
use choice::Choice;
use disks::fill_disk;
use events::{tell_changes, tell_gap};
use extras::Extras;
use gaps::Gaps;
use groups::{GroupId, Groups};
pub(crate) use host::Progress;
use host::{HostFiles, SelfCost};
use kernel_log::KernelLog;
use kills::Kills;
use labels::Host;
use limits::fill_limits;
use members::Members;
use netns::Namespaces;
use network::Site;
use processes::{Herd, Pen};
use regions::{Regions, Survey};
use register::Register;
use restarts::Restarts;
use subject::{Bench, read_subject};
use sums::fill_sums;

/// What the sampler finds, for the start line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Subjects with a row.
    pub subjects: usize,
    /// Containers and sandboxes among them.
    pub containers: usize,
    /// Processes with a row.
    pub processes: usize,
    /// Descriptors kept open.
    pub descriptors: usize,
}

/// Reads the host.
pub(crate) struct Sampler {
    hierarchies: Hierarchies,
    proc_root: OwnedFd,
    host: Host,
    record_processes: bool,
    reader: Reader,
    groups: Groups,
    members: Members,
    herd: Herd,
    namespaces: Namespaces,
    /// Only with `--verbose-perf-risk`.
    regions: Option<Regions>,
    host_files: HostFiles,
    blocks: Blocks,
    lookup: Lookup,
    tasks: Tasks,
    choice: Choice,
    scratch: Scratch,
    spare: TableRows,
    next_disk: SeriesId,
    extras: Extras,
    last_cost: Option<(Micros, u64)>,
    kills: Kills,
    kernel_log: KernelLog,
    register: Register,
    restarts: Restarts,
    gaps: Gaps,
}

impl Sampler {
    /// Finds the host's hierarchies; nothing is sampled yet.
    pub(crate) fn new(config: &Config, node_name: String) -> Result<Sampler, RecordError> {
        let hierarchies = find_hierarchies(config)?;
        let no_proc = || RecordError::NoProc(config.proc_root.clone());
        if !config.proc_root.join("stat").is_file() {
            return Err(no_proc());
        }
        let proc_root = OwnedFd::from(File::open(&config.proc_root).map_err(|_| no_proc())?);
        let tick_usec =
            1_000_000 / i64::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100).max(1);
        let interval = Micros::try_from(config.interval.as_micros()).unwrap_or(Micros::MAX);
        let host = Host {
            node_name,
            cluster_name: config.cluster_name.clone().filter(|c| !c.is_empty()),
            boot_id: one_line(&config.proc_root.join("sys/kernel/random/boot_id")),
        };
        let further = |messages| names::further_sources(config, &host.node_name, messages);
        let (lookup, tasks) = from_the_back(|| {
            (Lookup::start(config.host_root.clone(), further), Tasks::start(&config.host_root))
        })
        .map_err(|e| RecordError::Thread("start", e))?;
        let lookup = lookup.map_err(|e| RecordError::Thread("identify", e))?;
        let tasks = tasks.map_err(|e| RecordError::Thread("tasks", e))?;
        Ok(Sampler {
            groups: Groups::new(&hierarchies, config.scope),
            herd: Herd::new(config, tick_usec, proc_root.as_fd()),
            namespaces: Namespaces::new(interval),
            regions: config.verbose_perf_risk.then(|| Regions::new(interval)),
            record_processes: config.processes != Processes::None,
            hierarchies,
            reader: Reader::new(config.max_fds, Some(proc_root.as_fd())),
            proc_root,
            host,
            members: Members::default(),
            host_files: HostFiles::new(tick_usec),
            blocks: Blocks::default(),
            lookup,
            tasks,
            choice: Choice::new(config),
            scratch: Scratch::default(),
            spare: TableRows::new(Table::Containers),
            next_disk: 0,
            extras: Extras::default(),
            last_cost: None,
            kills: Kills::default(),
            kernel_log: KernelLog::open(&config.host_root, &config.proc_root),
            register: Register::default(),
            restarts: Restarts::default(),
            gaps: Gaps::default(),
        })
    }

    /// `v2`, `v1` or `hybrid`.
    pub(crate) fn cgroup_mode(&self) -> &'static str {
        self.hierarchies.mode()
    }

    /// The scope in force; known after the first tick.
    pub(crate) fn scope(&self) -> Scope {
        self.groups.scope()
    }

    /// The boot's id, if the host tells.
    pub(crate) fn boot_id(&self) -> Option<&str> {
        self.host.boot_id.as_deref()
    }

    /// The tick before may have been lost: what it told once only is told again.
    pub(crate) fn repeat_identities(&mut self) {
        self.register.repeat();
    }

    /// Takes one tick. `now` reads the wall clock; `progress` is how the run has gone so far.
    pub(crate) fn sample(
        &mut self,
        slot: &Slot,
        tick: &mut Tick,
        now: impl Fn() -> Micros,
        progress: Progress,
    ) -> Census {
        let began = Instant::now();
        let files_before = self.reader.files_read;
        tick.reset(slot.tick_no, slot.tick);
        self.reader.begin(slot.tick_no);
        tell_gap(slot, &mut self.gaps, tick);
        if slot.stepped.is_some() {
            self.forget();
        }
        self.kills.begin();
        self.take_answers(tick, &now);
        self.turn_over(tick, &now);
        self.read_subjects(tick, &now);
        fill_limits(&self.groups, tick.rows_mut(Table::Containers));
        tell_changes(&mut self.groups, tick, now());
        self.members.refresh(&mut self.groups, &self.hierarchies, &mut self.reader);
        let mut pen = Pen {
            groups: &mut self.groups,
            host: &self.host,
            proc_root: self.proc_root.as_fd(),
            reader: &mut self.reader,
        };
        self.herd.sample(&self.members, &mut pen, tick, &now);
        self.sample_namespaces(tick, &now);
        self.sample_regions(tick, &now);
        self.fill_sums(tick);
        self.kills.tell(&mut self.groups, &mut self.kernel_log, self.herd.gone(), tick, now());
        self.register.write(&mut self.groups, &self.host, tick);
        let own = SelfCost {
            tick_usec: self.last_cost.map(|l| l.0),
            files_read: self.last_cost.map(|l| l.1),
            late_usec: slot.late,
            progress,
        };
        let proc = self.proc_root.as_fd();
        self.blocks.read(&self.host, proc, &mut self.reader, &mut self.next_disk, now(), tick);
        self.host_files.read(&self.host, own, proc, &mut self.reader, now(), tick);
        let took = Micros::try_from(began.elapsed().as_micros()).unwrap_or(Micros::MAX);
        self.last_cost = Some((took, self.reader.files_read - files_before));
        self.census(tick)
    }

    fn census(&self, tick: &Tick) -> Census {
        let is_container = |k| matches!(k, SubjectKind::Container | SubjectKind::Sandbox);
        Census {
            subjects: tick.rows(Table::Containers).len(),
            containers: self.groups.subjects().filter(|(_, g)| is_container(g.kind())).count(),
            processes: tick.rows(Table::Processes).len(),
            descriptors: self.reader.descriptors(),
        }
    }

    fn forget(&mut self) {
        self.host_files.forget();
        self.herd.forget();
        for (_, group) in self.groups.iter_mut() {
            group.subject.iter_mut().for_each(subject::Subject::forget);
        }
    }

    fn read_subjects(&mut self, tick: &mut Tick, now: &impl Fn() -> Micros) {
        for id in 0..self.groups.slots() {
            let Some(group) = self.groups.get_mut(id).filter(|g| g.subject.is_some()) else { continue };
            let mut bench = Bench {
                hierarchies: &self.hierarchies,
                reader: &mut self.reader,
                scratch: &mut self.scratch,
                spare: &mut self.spare,
            };
            let time = now();
            read_subject(group, &mut bench, tick, time);
            self.fill_disks(id, time, tick);
            self.fill_extras(id, time, tick);
        }
    }

    /// Writes the devices that reading a subject has left in the scratch.
    fn fill_disks(&mut self, id: GroupId, time: Micros, tick: &mut Tick) {
        for at in 0..self.scratch.devices.len() {
            let (device, counts) = self.scratch.devices[at];
            let Some(subject) = self.groups.get_mut(id).and_then(|g| g.subject.as_mut()) else { return };
            let known = subject.devices.iter().find(|d| d.0 == device).map(|d| d.1);
            let series = known.unwrap_or_else(|| {
                self.next_disk += 1;
                subject.devices.push((device, self.next_disk - 1));
                self.next_disk - 1
            });
            if known.is_none() {
                self.define_disk(id, device, series, tick);
            }
            // A device that io.max does not list has no limits.
            let limits = self
                .scratch
                .limits
                .as_ref()
                .map(|all| all.iter().find(|l| l.0 == device).map_or(IoLimits::NONE, |l| l.1));
            fill_disk(&counts, limits.as_ref(), &mut tick.rows_mut(Table::Disks).push(series, time));
        }
    }

    /// Writes the unknown keys that reading a subject has left in the scratch.
    fn fill_extras(&mut self, id: GroupId, time: Micros, tick: &mut Tick) {
        let Some(mut seen) =
            self.groups.get_mut(id).and_then(|g| Some(take(&mut g.subject.as_mut()?.extras)))
        else {
            return;
        };
        if let Some(group) = self.groups.get(id) {
            let define = |series, source| self.host.extra(series, group, source);
            if !self.extras.write(&self.scratch.unknown, &mut seen, define, time, tick) {
                self.reader.faults.excess("kernel keys", extras::MOST_KEYS);
            }
        }
        if let Some(subject) = self.groups.get_mut(id).and_then(|g| g.subject.as_mut()) {
            subject.extras = seen;
        }
    }

    fn sample_namespaces(&mut self, tick: &mut Tick, now: &impl Fn() -> Micros) {
        let mut site = Site {
            groups: &self.groups,
            host: &self.host,
            proc_root: self.proc_root.as_fd(),
            reader: &mut self.reader,
        };
        self.namespaces.sample(self.herd.living(&self.members), &mut site, tick, now);
    }

    fn sample_regions(&mut self, tick: &mut Tick, now: &impl Fn() -> Micros) {
        let Some(regions) = &mut self.regions else { return };
        let mut survey = Survey {
            groups: &self.groups,
            host: &self.host,
            proc_root: self.proc_root.as_fd(),
            reader: &mut self.reader,
        };
        regions.sample(self.herd.recorded(), &mut survey, tick, now);
    }

    fn fill_sums(&mut self, tick: &mut Tick) {
        let rows = tick.rows_mut(Table::Containers);
        for (_, group) in self.groups.iter_mut() {
            if let Some(subject) = &group.subject
                && let Some(at) = subject.row
            {
                fill_sums(&subject.sums, self.record_processes, &mut rows.row_mut(at));
            }
        }
    }
}

fn find_hierarchies(config: &Config) -> Result<Hierarchies, RecordError> {
    let default = Path::new("/sys/fs/cgroup");
    let found = match &config.cgroup_root {
        Some(root) => Hierarchies::below(root),
        None => {
            let mounted = Hierarchies::mounted(&std::fs::read("/proc/self/mountinfo").unwrap_or_default());
            if mounted.all.is_empty() { Hierarchies::below(default) } else { mounted }
        }
    };
    if found.all.is_empty() {
        let root = config.cgroup_root.as_deref().unwrap_or(default);
        return Err(RecordError::NoCgroups(root.to_owned()));
    }
    Ok(found)
}

fn one_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}
