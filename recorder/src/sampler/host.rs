//! The host as a whole and its CPUs.
//!
//! Owns: the rows of `node` and `cpus`, and the recorder's own cost. Must not: read cgroups.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use fgm::metric::{Table, cpus, node as n};
use fgm::store::tick::{Row, SeriesId, Tick};
use fgm::time::Micros;

use super::access::{At, Got, Kept, Reader, Shape};
use super::host_files::{self, FILES};
use super::labels::Host;
use super::own_cgroup::OwnCgroup;
use super::rates::{delta, millicores, percent};
use crate::clock::clock;
use crate::pace::{children_cpu, own_faults, process_cpu};
use crate::read::node::{CpuTimes, kernel_stat};
use crate::read::pid_stat::pid_stat;
use crate::read::scan::{fields, number};

const NODE_TIMES: [usize; 8] = [
    n::cpu_user_usec_total,
    n::cpu_nice_usec_total,
    n::cpu_system_usec_total,
    n::cpu_idle_usec_total,
    n::cpu_iowait_usec_total,
    n::cpu_irq_usec_total,
    n::cpu_softirq_usec_total,
    n::cpu_steal_usec_total,
];

const CPU_TIMES: [usize; 8] = [
    cpus::cpu_user_usec_total,
    cpus::cpu_nice_usec_total,
    cpus::cpu_system_usec_total,
    cpus::cpu_idle_usec_total,
    cpus::cpu_iowait_usec_total,
    cpus::cpu_irq_usec_total,
    cpus::cpu_softirq_usec_total,
    cpus::cpu_steal_usec_total,
];

/// What the recorder says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SelfCost {
    pub(crate) tick_usec: Option<Micros>,
    pub(crate) late_usec: Micros,
    pub(crate) files_read: Option<u64>,
    pub(crate) progress: Progress,
}

/// How the run goes, as the pipeline knows it; all since the start but the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Bytes appended.
    pub(crate) written_bytes: u64,
    /// Scheduled ticks that were not taken.
    pub(crate) missed: u64,
    /// Ticks that found no room on the way to the writer.
    pub(crate) dropped: u64,
    /// Ticks that could not be written.
    pub(crate) failed: u64,
    /// Ticks that wait for the writer.
    pub(crate) queued: u64,
    /// Time that the latest sealing took; 0 before the first.
    pub(crate) seal_usec: u64,
}

struct Cpu {
    number: u32,
    series: SeriesId,
    previous: Option<(i64, CpuTimes)>,
}

/// The readings of the host.
pub(crate) struct HostFiles {
    stat: Kept,
    files: [Kept; FILES.len()],
    statm: Kept,
    own_stat: Kept,
    own_cgroup: OwnCgroup,
    own_proc: Option<OwnedFd>,
    defined: bool,
    cpus: Vec<Cpu>,
    previous: Option<(i64, Micros, i64)>,
    tick_usec: u64,
    page_bytes: u64,
}

fn busy(t: &CpuTimes) -> u64 {
    // All but idle and iowait.
    [t[0], t[1], t[2], t[5], t[6], t[7]].into_iter().fold(0, u64::saturating_add)
}

impl HostFiles {
    pub(crate) fn new(tick_usec: i64) -> HostFiles {
        // The recorder's own size, whatever procfs is sampled.
        let own_proc = std::fs::File::open("/proc/self").ok().map(OwnedFd::from);
        HostFiles {
            stat: Kept::default(),
            files: std::array::from_fn(|_| Kept::default()),
            statm: Kept::default(),
            own_stat: Kept::default(),
            own_cgroup: OwnCgroup::default(),
            own_proc,
            defined: false,
            cpus: Vec::new(),
            previous: None,
            tick_usec: tick_usec.unsigned_abs(),
            page_bytes: rustix::param::page_size() as u64,
        }
    }

    /// Forgets the last reading: the clock was set.
    pub(crate) fn forget(&mut self) {
        self.previous = None;
        self.cpus.iter_mut().for_each(|c| c.previous = None);
    }

    /// Fills the rows of `node` and `cpus`.
    pub(crate) fn read(
        &mut self,
        host: &Host,
        own: SelfCost,
        proc: BorrowedFd<'_>,
        reader: &mut Reader,
        time: Micros,
        tick: &mut Tick,
    ) {
        if !self.defined {
            self.defined = true;
            tick.defs.push(host.node(0));
        }
        let tick_no = tick.tick_no;
        let at = |name| At { root: proc, dir: b"", name };
        let mut times = Vec::new();
        let mut kernel = None;
        if let Got::Text(text) = reader.kept(&mut self.stat, at("stat"), Shape::Piece) {
            kernel = Some(kernel_stat(text, |cpu, t| times.push((cpu, t))));
        }
        for (cpu, t) in times {
            self.fill_cpu(host, cpu, &t, time, tick);
        }
        let mut row = tick.rows_mut(Table::Node).push(0, time);
        if let Some(k) = kernel {
            row.set_opt(n::context_switches_total, k.context_switches);
            row.set_opt(n::forks_total, k.forks);
            row.set_opt(n::procs_running, k.running);
            row.set_opt(n::procs_blocked, k.blocked);
            if let Some(all) = k.all {
                self.fill_times(&NODE_TIMES, &all, &mut row);
                let now = i64::try_from(busy(&all).saturating_mul(self.tick_usec)).unwrap_or(i64::MAX);
                let before = self.previous.replace((tick_no, time, now)).filter(|p| p.0 + 1 == tick_no);
                if let Some((_, then, used)) = before
                    && let Some(m) = delta(Some(used), Some(now)).and_then(|d| millicores(d, time - then))
                {
                    row.set_fixed(n::cpu_busy_millicores, m);
                }
            }
        }
        for (spec, kept) in FILES.iter().zip(&mut self.files) {
            if let Got::Text(text) = reader.kept(kept, at(spec.name), Shape::Piece) {
                host_files::fill(spec, text, self.page_bytes, &mut row);
            }
        }
        if let Ok(c) = clock() {
            row.set_bool(n::clock_synchronized, c.synchronized);
            row.set(n::clock_max_error_usec, c.max_error_usec);
        }
        self.fill_own(own, reader, &mut row);
    }

    fn fill_own(&mut self, own: SelfCost, reader: &mut Reader, row: &mut Row<'_>) {
        row.set(n::recorder_cpu_usec_total, process_cpu());
        if let Some(dir) = &self.own_proc {
            let at = At { root: dir.as_fd(), dir: b"", name: "statm" };
            if let Got::Text(text) = reader.kept(&mut self.statm, at, Shape::Piece) {
                let pages = fields(text).nth(1).and_then(number);
                row.set_opt(n::recorder_rss_bytes, pages.and_then(|p| p.checked_mul(self.page_bytes)));
            }
            let at = At { root: dir.as_fd(), dir: b"", name: "stat" };
            if let Got::Text(text) = reader.kept(&mut self.own_stat, at, Shape::Piece) {
                row.set_opt(n::recorder_threads, pid_stat(text).map(|s| s.threads));
            }
        }
        row.set_opt(n::recorder_cgroup_memory_bytes, self.own_cgroup.memory(reader));
        if let Some(usec) = own.tick_usec {
            row.set(n::recorder_tick_usec, usec);
        }
        row.set(n::recorder_late_usec, own.late_usec);
        row.set_opt(n::recorder_files_read, own.files_read);
        row.set_u64(n::recorder_read_errors_total, reader.faults.total());
        row.set_u64(n::recorder_descriptors, reader.descriptors() as u64);
        let (minor, major) = own_faults();
        row.set_opt(n::recorder_minor_faults_total, minor);
        row.set_opt(n::recorder_major_faults_total, major);
        row.set_opt(n::recorder_compaction_cpu_usec_total, children_cpu());
        let p = own.progress;
        row.set_u64(n::recorder_written_bytes_total, p.written_bytes);
        row.set_u64(n::recorder_ticks_missed_total, p.missed);
        row.set_u64(n::recorder_ticks_lost_total, p.dropped.saturating_add(p.failed));
        row.set_u64(n::recorder_write_failures_total, p.failed);
        row.set_u64(n::recorder_queue_ticks, p.queued);
        row.set_opt(n::recorder_seal_usec, Some(p.seal_usec).filter(|&t| t > 0));
    }

    fn fill_times(&self, columns: &[usize; 8], times: &CpuTimes, row: &mut Row<'_>) {
        for (&column, &t) in columns.iter().zip(times) {
            row.set_opt(column, t.checked_mul(self.tick_usec));
        }
    }

    fn fill_cpu(&mut self, host: &Host, cpu: u32, times: &CpuTimes, time: Micros, tick: &mut Tick) {
        let tick_no = tick.tick_no;
        let at = self.cpus.iter().position(|c| c.number == cpu).unwrap_or_else(|| {
            let series = self.cpus.len() as SeriesId;
            tick.defs.push(host.cpu(series, cpu));
            self.cpus.push(Cpu { number: cpu, series, previous: None });
            self.cpus.len() - 1
        });
        let mut row = tick.rows_mut(Table::Cpus).push(self.cpus[at].series, time);
        self.fill_times(&CPU_TIMES, times, &mut row);
        let before = self.cpus[at].previous.replace((tick_no, *times)).filter(|p| p.0 + 1 == tick_no);
        if let Some((_, then)) = before {
            let sum = |t: &CpuTimes| t.iter().copied().fold(0, u64::saturating_add) as i64;
            let worked = delta(Some(busy(&then) as i64), Some(busy(times) as i64));
            let all = delta(Some(sum(&then)), Some(sum(times)));
            if let (Some(worked), Some(all)) = (worked, all)
                && let Some(share) = percent(worked as f64, all as f64)
            {
                row.set_fixed(cpus::cpu_busy_percent, share);
            }
        }
    }
}
