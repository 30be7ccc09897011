//! Host files: /proc/stat, loadavg, meminfo, diskstats (names only).
//!
//! Owns: which key fills which column of `node`. Must not: convert clock ticks or derive load.

use fgm::metric::node as n;

use super::io::Device;
use super::scan::{decimal, fields, lines, number};

/// Times of one CPU, or of all, in clock ticks, in the kernel's order: user, nice, system, idle, iowait, irq,
/// softirq, steal. Guest times are part of user and nice.
pub type CpuTimes = [u64; 8];

/// /proc/stat without the CPU lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelStat {
    /// All CPUs together.
    pub all: Option<CpuTimes>,
    /// Context switches.
    pub context_switches: Option<u64>,
    /// Tasks created.
    pub forks: Option<u64>,
    /// Running tasks.
    pub running: Option<u64>,
    /// Tasks waiting for IO.
    pub blocked: Option<u64>,
}

/// Reads /proc/stat and calls `each` with number and times of every CPU.
pub fn kernel_stat(text: &[u8], mut each: impl FnMut(u32, CpuTimes)) -> KernelStat {
    let mut k = KernelStat::default();
    for line in lines(text) {
        let mut f = fields(line);
        let Some(key) = f.next() else { continue };
        if let Some(cpu) = key.strip_prefix(b"cpu") {
            let mut times = [0; 8];
            let complete = times.iter_mut().all(|t| f.next().and_then(number).map(|v| *t = v).is_some());
            match (complete, cpu.is_empty(), number(cpu).and_then(|c| u32::try_from(c).ok())) {
                (true, true, _) => k.all = Some(times),
                (true, false, Some(cpu)) => each(cpu, times),
                _ => {}
            }
            continue;
        }
        let slot = match key {
            b"ctxt" => &mut k.context_switches,
            b"processes" => &mut k.forks,
            b"procs_running" => &mut k.running,
            b"procs_blocked" => &mut k.blocked,
            _ => continue,
        };
        *slot = f.next().and_then(number);
    }
    k
}

/// The three load averages.
pub fn loadavg(text: &[u8]) -> [Option<f64>; 3] {
    let mut f = fields(text);
    std::array::from_fn(|_| f.next().and_then(decimal))
}

/// Calls `each` with column and bytes for every known key of meminfo.
pub fn meminfo(text: &[u8], mut each: impl FnMut(usize, u64)) {
    for line in lines(text) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let column = match &line[..colon] {
            b"MemTotal" => n::memory_total_bytes,
            b"MemFree" => n::memory_free_bytes,
            b"MemAvailable" => n::memory_available_bytes,
            b"Buffers" => n::memory_buffers_bytes,
            b"Cached" => n::memory_cached_bytes,
            b"Dirty" => n::memory_dirty_bytes,
            b"Writeback" => n::memory_writeback_bytes,
            b"AnonPages" => n::memory_anon_bytes,
            b"Mapped" => n::memory_mapped_bytes,
            b"Shmem" => n::memory_shmem_bytes,
            b"Slab" => n::memory_slab_bytes,
            b"SReclaimable" => n::memory_slab_reclaimable_bytes,
            b"KernelStack" => n::memory_kernel_stack_bytes,
            b"PageTables" => n::memory_pagetables_bytes,
            b"SwapTotal" => n::memory_swap_total_bytes,
            b"SwapFree" => n::memory_swap_free_bytes,
            _ => continue,
        };
        let kib = fields(&line[colon + 1..]).next().and_then(number);
        if let Some(bytes) = kib.and_then(|k| k.checked_mul(1024)) {
            each(column, bytes);
        }
    }
}

/// The kernel's name of every block device.
pub fn device_names(text: &[u8]) -> impl Iterator<Item = (Device, &[u8])> {
    lines(text).filter_map(|line| {
        let mut f = fields(line);
        let major = u32::try_from(number(f.next()?)?).ok()?;
        let minor = u32::try_from(number(f.next()?)?).ok()?;
        Some((Device { major, minor }, f.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../testdata/kernel/v1-6.18/host/", $name))
        };
    }

    /// REC-4: node level.
    #[test]
    fn host_files() {
        let mut cpus = Vec::new();
        let k = kernel_stat(fixture!("stat"), |cpu, t| cpus.push((cpu, t)));
        assert_eq!(cpus.iter().map(|c| c.0).collect::<Vec<_>>(), [0, 1]);
        let user: u64 = cpus.iter().map(|c| c.1[0]).sum();
        assert!(k.all.unwrap()[0].abs_diff(user) <= 2);
        assert!(
            k.context_switches > Some(0) && k.forks > Some(0) && k.running >= Some(1) && k.blocked.is_some()
        );
        let mut mem = HashMap::new();
        meminfo(fixture!("meminfo"), |c, v| {
            mem.insert(c, v);
        });
        assert_eq!(mem.len(), 16);
        assert!(mem[&n::memory_total_bytes] > mem[&n::memory_free_bytes]);
        assert!(loadavg(fixture!("loadavg")).iter().all(Option::is_some));
        let vda = device_names(fixture!("diskstats")).find(|(_, name)| *name == b"vda");
        assert_eq!(vda.map(|d| d.0), Some(Device { major: 254, minor: 0 }));
    }

    #[test]
    fn a_short_cpu_line_is_not_zeros() {
        let k = kernel_stat(b"cpu  1 2 3\ncpu0 1 2\nctxt\n", |_, _| panic!());
        assert_eq!(k, KernelStat::default());
        assert_eq!(loadavg(b"0.50 x"), [Some(0.5), None, None]);
    }
}
