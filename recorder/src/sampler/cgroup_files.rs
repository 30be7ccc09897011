//! Which files of a cgroup are read, and which columns of `containers` each fills.
//!
//! Owns: the list of files per controller. Must not: open them, or derive one column from another.

use fgm::metric::containers as c;
use fgm::store::tick::Row;

use super::extras::Unknown;
use crate::discover::Controller;
use crate::read::cpu::{CpuStat, Quota, cfs_quota, cpu_max, cpu_stat};
use crate::read::io::{Device, Direction, IoCounts, IoLimits, blkio, io_max, io_stat, weight};
use crate::read::memory;
use crate::read::psi::{Stall, pressure};
use crate::read::scan::pairs;
use crate::read::value::{Limit, cpu_list, limit, limit_v1, single};

/// How a file is read into columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    CpuStat,
    CpuMax,
    CfsQuota,
    CfsPeriod,
    MemoryStat,
    V1MemoryStat,
    MemoryEvents,
    OomControl,
    IoStat,
    BlkioBytes,
    BlkioOps,
    /// The first column of `some`, if it is recorded, and of `full`.
    Pressure(Option<usize>, usize),
    /// A number times 1/divisor.
    Number(usize, u64),
    /// A limit and its boolean.
    Limit(usize, usize),
    V1Limit(usize, usize),
    /// `max n` among keyed lines of pids.events.
    PidsEvents,
    SwapEvents,
    IoMax,
    IoWeight,
    CpuList(usize),
    /// 0 or 1.
    Flag(usize),
    /// `frozen` among keyed lines of cgroup.events.
    CgroupEvents,
}

/// A file of a cgroup directory.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    format: Format,
}

const fn spec(name: &'static str, format: Format) -> Spec {
    Spec { name, format }
}

/// Throttling and limits, which crun may keep in a sub-cgroup.
static V2_LIMITS: &[Spec] = &[
    spec("cpu.stat", Format::CpuStat),
    spec("cpu.max", Format::CpuMax),
    spec("memory.max", Format::Limit(c::memory_max_bytes, c::memory_max_unlimited)),
    spec("memory.high", Format::Limit(c::memory_high_bytes, c::memory_high_unlimited)),
    spec("memory.swap.max", Format::Limit(c::memory_swap_max_bytes, c::memory_swap_max_unlimited)),
    spec("pids.max", Format::Limit(c::pids_max, c::pids_max_unlimited)),
];

static V2: &[Spec] = &[
    spec("cpu.weight", Format::Number(c::cpu_weight, 1)),
    spec(
        "cpu.pressure",
        Format::Pressure(Some(c::cpu_pressure_some_usec_total), c::cpu_pressure_full_usec_total),
    ),
    spec("memory.current", Format::Number(c::memory_current_bytes, 1)),
    spec("memory.stat", Format::MemoryStat),
    spec("memory.peak", Format::Number(c::memory_peak_bytes, 1)),
    spec("memory.low", Format::Limit(c::memory_low_bytes, c::memory_low_unlimited)),
    spec("memory.min", Format::Limit(c::memory_min_bytes, c::memory_min_unlimited)),
    spec("memory.swap.current", Format::Number(c::memory_swap_current_bytes, 1)),
    spec("memory.zswap.current", Format::Number(c::memory_zswap_current_bytes, 1)),
    spec("memory.events", Format::MemoryEvents),
    spec(
        "memory.pressure",
        Format::Pressure(Some(c::memory_pressure_some_usec_total), c::memory_pressure_full_usec_total),
    ),
    spec("io.stat", Format::IoStat),
    spec(
        "io.pressure",
        Format::Pressure(Some(c::io_pressure_some_usec_total), c::io_pressure_full_usec_total),
    ),
    // Interrupts stall whatever runs: there is no `some`.
    spec("irq.pressure", Format::Pressure(None, c::irq_pressure_full_usec_total)),
    spec("pids.current", Format::Number(c::pids_current, 1)),
    spec("pids.peak", Format::Number(c::pids_peak, 1)),
    spec("pids.events", Format::PidsEvents),
    spec("memory.swap.events", Format::SwapEvents),
    spec("memory.oom.group", Format::Flag(c::memory_oom_group)),
    spec("io.max", Format::IoMax),
    spec("io.weight", Format::IoWeight),
    spec("io.bfq.weight", Format::IoWeight),
    spec("cpuset.cpus.effective", Format::CpuList(c::cpuset_cores)),
    spec("cgroup.events", Format::CgroupEvents),
    spec("hugetlb.2MB.current", Format::Number(c::hugetlb_2mb_current_bytes, 1)),
    spec("hugetlb.2MB.max", Format::Limit(c::hugetlb_2mb_max_bytes, c::hugetlb_2mb_max_unlimited)),
    spec("hugetlb.1GB.current", Format::Number(c::hugetlb_1gb_current_bytes, 1)),
    spec("hugetlb.1GB.max", Format::Limit(c::hugetlb_1gb_max_bytes, c::hugetlb_1gb_max_unlimited)),
];

static V1_CPU: &[Spec] = &[
    spec("cpu.stat", Format::CpuStat),
    spec("cpu.cfs_quota_us", Format::CfsQuota),
    spec("cpu.cfs_period_us", Format::CfsPeriod),
    spec("cpu.shares", Format::Number(c::v1_cpu_shares, 1)),
];

static V1_CPUACCT: &[Spec] = &[
    spec("cpuacct.usage", Format::Number(c::cpu_usage_usec_total, 1000)),
    spec("cpuacct.usage_user", Format::Number(c::cpu_user_usec_total, 1000)),
    spec("cpuacct.usage_sys", Format::Number(c::cpu_system_usec_total, 1000)),
];

static V1_MEMORY: &[Spec] = &[
    spec("memory.usage_in_bytes", Format::Number(c::memory_current_bytes, 1)),
    spec("memory.stat", Format::V1MemoryStat),
    spec("memory.max_usage_in_bytes", Format::Number(c::memory_peak_bytes, 1)),
    spec("memory.limit_in_bytes", Format::V1Limit(c::memory_max_bytes, c::memory_max_unlimited)),
    spec(
        "memory.soft_limit_in_bytes",
        Format::V1Limit(c::v1_memory_soft_limit_bytes, c::v1_memory_soft_limit_unlimited),
    ),
    spec("memory.failcnt", Format::Number(c::v1_memory_failcnt_total, 1)),
    spec("memory.oom_control", Format::OomControl),
];

static V1_BLKIO: &[Spec] = &[
    spec("blkio.throttle.io_service_bytes_recursive", Format::BlkioBytes),
    spec("blkio.throttle.io_serviced_recursive", Format::BlkioOps),
];

static V1_PIDS: &[Spec] = &[
    spec("pids.current", Format::Number(c::pids_current, 1)),
    spec("pids.max", Format::Limit(c::pids_max, c::pids_max_unlimited)),
    spec("pids.events", Format::PidsEvents),
];

/// The files of a controller.
pub(crate) fn specs(controller: Controller) -> impl Iterator<Item = &'static Spec> {
    let (first, second): (&[Spec], &[Spec]) = match controller {
        Controller::Unified => (V2_LIMITS, V2),
        Controller::Cpu => (V1_CPU, &[]),
        Controller::Cpuacct => (V1_CPUACCT, &[]),
        Controller::Memory => (V1_MEMORY, &[]),
        Controller::Blkio => (V1_BLKIO, &[]),
        Controller::Pids => (V1_PIDS, &[]),
        Controller::Systemd => (&[], &[]),
    };
    first.iter().chain(second)
}

/// The files of a sub-cgroup that may hold its container's limits.
pub(crate) fn limit_specs() -> impl Iterator<Item = &'static Spec> {
    V2_LIMITS.iter()
}

/// What has to be remembered between two files of one cgroup.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    quota: Vec<u8>,
    /// Counters per device.
    pub(crate) devices: Vec<(Device, IoCounts)>,
    /// Limits per device that has one; `None` when nothing says whether there are any.
    pub(crate) limits: Option<Vec<(Device, IoLimits)>>,
    /// Keys that no column is for.
    pub(crate) unknown: Unknown,
}

impl Scratch {
    /// Ready for the next cgroup; keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.quota.clear();
        self.devices.clear();
        self.limits = None;
        self.unknown.clear();
    }

    fn device(&mut self, device: Device) -> &mut IoCounts {
        let at = self.devices.iter().position(|d| d.0 == device).unwrap_or_else(|| {
            self.devices.push((device, IoCounts::default()));
            self.devices.len() - 1
        });
        &mut self.devices[at].1
    }
}

/// Fills the columns that a file's text gives; returns whether it was understood.
pub(crate) fn fill(spec: &Spec, text: &[u8], row: &mut Row<'_>, scratch: &mut Scratch) -> bool {
    match spec.format {
        Format::CpuStat => {
            let s = cpu_stat(text, |key, v| scratch.unknown.note(spec.name, &[key], v));
            fill_cpu(&s, row);
            return s != CpuStat::default();
        }
        Format::CpuMax => return cpu_max(text).map(|q| fill_quota(q, row)).is_some(),
        Format::CfsQuota => scratch.quota.extend_from_slice(text),
        Format::CfsPeriod => return cfs_quota(&scratch.quota, text).map(|q| fill_quota(q, row)).is_some(),
        Format::MemoryStat => memory::stat_v2(
            text,
            |col, v| row.set_u64(col, v),
            |key, v| scratch.unknown.note(spec.name, &[key], v),
        ),
        Format::V1MemoryStat => memory::stat_v1(
            text,
            |col, v| row.set_u64(col, v),
            |key, v| scratch.unknown.note(spec.name, &[key], v),
        ),
        Format::MemoryEvents => memory::events(
            text,
            |col, v| row.set_u64(col, v),
            |key, v| scratch.unknown.note(spec.name, &[key], v),
        ),
        Format::OomControl => row.set_opt(c::memory_events_oom_kill_total, memory::oom_control(text)),
        Format::SwapEvents => memory::swap_events(
            text,
            |col, v| row.set_u64(col, v),
            |key, v| scratch.unknown.note(spec.name, &[key], v),
        ),
        Format::IoStat => {
            let mut unknown = std::mem::take(&mut scratch.unknown);
            io_stat(
                text,
                |d, counts| *scratch.device(d) = counts,
                |device, key, v| unknown.note(spec.name, &[device, key], v),
            );
            scratch.unknown = unknown;
        }
        Format::IoMax => {
            let mut limits = Vec::new();
            io_max(text, |device, l| {
                // A device that has limits and has done nothing yet has a row too.
                scratch.device(device);
                limits.push((device, l));
            });
            scratch.limits = Some(limits);
        }
        Format::IoWeight => row.set_opt(c::io_weight, weight(text)),
        Format::CpuList(col) => row.set_opt(col, cpu_list(text)),
        Format::Flag(col) => {
            let flag = single(text).filter(|n| *n <= 1);
            if let Some(n) = flag {
                row.set_bool(col, n == 1);
            }
            return flag.is_some();
        }
        Format::CgroupEvents => {
            if let Some((_, n)) = pairs(text).find(|(key, _)| *key == b"frozen") {
                row.set_bool(c::frozen, n == 1);
            }
        }
        Format::BlkioBytes => blkio(text, |d, direction, n| {
            let counts = scratch.device(d);
            *match direction {
                Direction::Read => &mut counts.read_bytes,
                Direction::Write => &mut counts.write_bytes,
                Direction::Discard => &mut counts.discard_bytes,
            } = Some(n);
        }),
        Format::BlkioOps => blkio(text, |d, direction, n| {
            let counts = scratch.device(d);
            *match direction {
                Direction::Read => &mut counts.read_ops,
                Direction::Write => &mut counts.write_ops,
                Direction::Discard => &mut counts.discard_ops,
            } = Some(n);
        }),
        Format::Pressure(some, full) => {
            let p = pressure(text);
            some.into_iter().zip(p.some).for_each(|(first, s)| fill_stall(s, first, row));
            p.full.iter().for_each(|s| fill_stall(*s, full, row));
            return p.some.or(p.full).is_some();
        }
        Format::Number(col, divisor) => {
            let n = single(text);
            row.set_opt(col, n.map(|n| n / divisor));
            return n.is_some();
        }
        Format::Limit(col, flag) => return fill_limit(limit(text), col, flag, row),
        Format::V1Limit(col, flag) => return fill_limit(limit_v1(text), col, flag, row),
        Format::PidsEvents => {
            let max = pairs(text).find(|(key, _)| *key == b"max");
            row.set_opt(c::pids_events_max_total, max.map(|(_, n)| n));
        }
    }
    true
}

fn fill_cpu(s: &CpuStat, row: &mut Row<'_>) {
    row.set_opt(c::cpu_usage_usec_total, s.usage_usec);
    row.set_opt(c::cpu_user_usec_total, s.user_usec);
    row.set_opt(c::cpu_system_usec_total, s.system_usec);
    row.set_opt(c::cpu_nice_usec_total, s.nice_usec);
    row.set_opt(c::cpu_periods_total, s.periods);
    row.set_opt(c::cpu_throttled_periods_total, s.throttled_periods);
    row.set_opt(c::cpu_throttled_usec_total, s.throttled_usec);
    row.set_opt(c::cpu_bursts_total, s.bursts);
    row.set_opt(c::cpu_burst_usec_total, s.burst_usec);
}

fn fill_quota(quota: Quota, row: &mut Row<'_>) {
    row.set_bool(c::cpu_quota_unlimited, quota == Quota::Unlimited);
    if let Quota::Cores(cores) = quota {
        row.set_fixed(c::cpu_quota_cores, cores);
    }
}

fn fill_limit(limit: Option<Limit>, col: usize, flag: usize, row: &mut Row<'_>) -> bool {
    if let Some(l) = limit {
        row.set_bool(flag, l == Limit::Unlimited);
        if let Limit::Value(v) = l {
            row.set_u64(col, v);
        }
    }
    limit.is_some()
}

/// A pressure's columns follow each other: total, avg10, avg60, avg300.
pub(crate) fn fill_stall(s: Stall, first: usize, row: &mut Row<'_>) {
    row.set_opt(first, s.total);
    for (offset, avg) in [s.avg10, s.avg60, s.avg300].into_iter().enumerate() {
        if let Some(percent) = avg {
            row.set_fixed(first + 1 + offset, percent);
        }
    }
}

/// Lets the limits of a sub-cgroup stand where the container above it says that it has none: quota with its
/// throttling counters, and each memory and pids limit by itself.
pub(crate) fn adopt_limits(sub: &Row<'_>, row: &mut Row<'_>) {
    let unlimited = |r: &Row<'_>, flag: usize| r.get(flag) == Some(1);
    if unlimited(row, c::cpu_quota_unlimited) && sub.get(c::cpu_quota_unlimited) == Some(0) {
        row.set_bool(c::cpu_quota_unlimited, false);
        if let Some(millis) = sub.get(c::cpu_quota_cores) {
            row.set_fixed(c::cpu_quota_cores, millis as f64 / 1000.0);
        }
        for col in [
            c::cpu_periods_total,
            c::cpu_throttled_periods_total,
            c::cpu_throttled_usec_total,
            c::cpu_bursts_total,
            c::cpu_burst_usec_total,
        ] {
            sub.get(col).into_iter().for_each(|v| row.set(col, v));
        }
    }
    for spec in V2_LIMITS {
        if let Format::Limit(col, flag) = spec.format
            && unlimited(row, flag)
            && let Some(v) = sub.get(col)
        {
            row.set_bool(flag, false);
            row.set(col, v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use fgm::store::tick::TableRows;
    use std::collections::HashSet;
    use std::path::Path;

    fn read(dir: &str, controller: Controller, rows: &mut TableRows) -> usize {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/kernel").join(dir);
        let mut row = rows.push(0, 0);
        let mut scratch = Scratch::default();
        for s in specs(controller) {
            if let Ok(text) = std::fs::read(dir.join(s.name)) {
                assert!(fill(s, &text, &mut row, &mut scratch), "{}", s.name);
            }
        }
        rows.len() - 1
    }

    /// REC-3: crun keeps quota, limits and throttling in a sub-cgroup; counters stay the scope's.
    #[test]
    fn crun_limits_are_found_below() {
        let mut rows = TableRows::new(Table::Containers);
        let mut sub_rows = TableRows::new(Table::Containers);
        let at = read("v2-6.1/crun.scope", Controller::Unified, &mut rows);
        read("v2-6.1/crun.scope/container", Controller::Unified, &mut sub_rows);
        let mut row = rows.row_mut(at);
        assert_eq!(row.get(c::cpu_quota_unlimited), Some(1));
        adopt_limits(&sub_rows.row_mut(0), &mut row);
        assert_eq!((row.get(c::cpu_quota_unlimited), row.get(c::cpu_quota_cores)), (Some(0), Some(200)));
        assert_eq!(row.get(c::cpu_throttled_periods_total), Some(762));
        assert_eq!(
            (row.get(c::memory_max_unlimited), row.get(c::memory_max_bytes)),
            (Some(0), Some(67_108_864))
        );
        assert_eq!(row.get(c::memory_current_bytes), Some(225_280), "the scope's");
    }

    /// REC-2, REC-3: a v1 container fills the same columns in the same units.
    #[test]
    fn v1_files() {
        let mut rows = TableRows::new(Table::Containers);
        for controller in [Controller::Cpu, Controller::Cpuacct, Controller::Memory, Controller::Pids] {
            read("v1-6.18/podman", controller, &mut rows);
        }
        assert_eq!(rows.row_mut(0).get(c::cpu_quota_cores), Some(200));
        assert_eq!(rows.row_mut(0).get(c::v1_cpu_shares), Some(1024));
        assert_eq!(rows.row_mut(1).get(c::cpu_usage_usec_total), Some(922_788));
        assert_eq!(rows.row_mut(2).get(c::memory_max_bytes), Some(67_108_864));
        assert_eq!(rows.row_mut(2).get(c::memory_events_oom_kill_total), Some(0));
        assert_eq!(rows.row_mut(3).get(c::pids_max), Some(50));
    }

    /// Every column with a kernel source is filled by the file that its source names; the others are derived.
    #[test]
    fn no_column_is_forgotten() {
        let mut named: HashSet<&str> = HashSet::from(["cgroup.procs"]);
        for controller in [
            Controller::Unified,
            Controller::Cpu,
            Controller::Cpuacct,
            Controller::Memory,
            Controller::Blkio,
            Controller::Pids,
        ] {
            named.extend(specs(controller).map(|s| s.name));
        }
        for m in Table::Containers.metrics().iter().filter(|m| !m.source.starts_with("derived")) {
            for part in m.source.split("; ").filter(|p| !p.starts_with("summed")) {
                let file = part.trim_start_matches("v1 ").trim_start_matches("v2 ");
                let file = file.split([':', ' ']).next().unwrap_or_default();
                assert!(named.contains(file), "{}: nobody reads {file}", m.name);
            }
        }
    }
}
