//! Host files: /proc/stat, loadavg, meminfo, vmstat, file-nr, sockstat.
//!
//! Owns: which key fills which column of `node`. Must not: convert clock ticks or derive load.

use fgm::metric::node as n;

use super::scan::{decimal, fields, lines, number, pairs, trim};

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
            b"Committed_AS" => n::memory_committed_bytes,
            b"Percpu" => n::memory_percpu_bytes,
            b"Hugetlb" => n::memory_hugetlb_bytes,
            _ => continue,
        };
        let kib = fields(&line[colon + 1..]).next().and_then(number);
        if let Some(bytes) = kib.and_then(|k| k.checked_mul(1024)) {
            each(column, bytes);
        }
    }
}

/// Calls `each` with a column and its value for every known key of vmstat. Stalls of allocations are counted per zone
/// and added up.
pub fn vmstat(text: &[u8], mut each: impl FnMut(usize, u64)) {
    let mut stalls: Option<u64> = None;
    for (key, value) in pairs(text) {
        // Few of the two hundred lines are wanted; the first letter tells quickly.
        if !matches!(key.first(), Some(b'p' | b'o' | b'a' | b'w' | b'c' | b't')) {
            continue;
        }
        let column = match key {
            // In KiB, whatever their names say.
            b"pgpgin" => {
                value.checked_mul(1024).into_iter().for_each(|v| each(n::vmstat_pgpgin_bytes_total, v));
                continue;
            }
            b"pgpgout" => {
                value.checked_mul(1024).into_iter().for_each(|v| each(n::vmstat_pgpgout_bytes_total, v));
                continue;
            }
            b"pswpin" => n::vmstat_pswpin_total,
            b"pswpout" => n::vmstat_pswpout_total,
            b"pgfault" => n::vmstat_pgfault_total,
            b"pgmajfault" => n::vmstat_pgmajfault_total,
            b"oom_kill" => n::vmstat_oom_kill_total,
            b"pgscan_kswapd" => n::vmstat_pgscan_kswapd_total,
            b"pgscan_direct" => n::vmstat_pgscan_direct_total,
            b"pgsteal_kswapd" => n::vmstat_pgsteal_kswapd_total,
            b"pgsteal_direct" => n::vmstat_pgsteal_direct_total,
            b"workingset_refault_anon" => n::vmstat_workingset_refault_anon_total,
            b"workingset_refault_file" => n::vmstat_workingset_refault_file_total,
            b"compact_stall" => n::vmstat_compact_stall_total,
            b"thp_fault_alloc" => n::vmstat_thp_fault_alloc_total,
            b"thp_fault_fallback" => n::vmstat_thp_fault_fallback_total,
            _ => {
                if key.starts_with(b"allocstall") {
                    stalls = Some(stalls.unwrap_or(0).saturating_add(value));
                }
                continue;
            }
        };
        each(column, value);
    }
    if let Some(v) = stalls {
        each(n::vmstat_allocstall_total, v);
    }
}

/// The three numbers of file-nr: handles allocated, handles free (always 0 since 2.6), most handles.
pub fn file_nr(text: &[u8]) -> [Option<u64>; 3] {
    let mut f = fields(trim(text));
    std::array::from_fn(|_| f.next().and_then(number))
}

/// Calls `each` with a column and its value for what sockstat says of all network namespaces together; the rest of it
/// tells of one.
pub fn sockstat(text: &[u8], page_bytes: u64, mut each: impl FnMut(usize, u64)) {
    for line in lines(text) {
        let mut f = fields(line);
        let Some(group) = f.next() else { continue };
        while let (Some(key), Some(value)) = (f.next(), f.next()) {
            let (column, factor) = match (group, key) {
                (b"TCP:", b"alloc") => (n::tcp_sockets_allocated, 1),
                (b"TCP:", b"orphan") => (n::tcp_sockets_orphaned, 1),
                (b"TCP:", b"mem") => (n::tcp_memory_bytes, page_bytes),
                (b"UDP:", b"mem") => (n::udp_memory_bytes, page_bytes),
                _ => continue,
            };
            if let Some(v) = number(value).and_then(|v| v.checked_mul(factor)) {
                each(column, v);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
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
        assert_eq!(mem.len(), 19);
        assert!(mem[&n::memory_total_bytes] > mem[&n::memory_free_bytes]);
        assert!(loadavg(fixture!("loadavg")).iter().all(Option::is_some));
    }

    /// REC-4: what the host's memory management does, each key in the column whose source names it.
    #[test]
    fn vmstat_and_the_small_files() {
        let mut got = HashMap::new();
        vmstat(fixture!("vmstat"), |c, v| assert!(got.insert(c, v).is_none()));
        let keys: HashMap<&[u8], u64> = pairs(fixture!("vmstat")).collect();
        for (at, m) in Table::Node.metrics().iter().enumerate() {
            let Some(source) = m.source.strip_prefix("/proc/vmstat:") else { continue };
            let (key, factor) = source.split_once(' ').map_or((source, 1), |(key, _)| (key, 1024));
            let expected = match key.strip_suffix('*') {
                Some(stem) => {
                    keys.iter().filter(|(k, _)| k.starts_with(stem.as_bytes())).map(|(_, v)| v).sum()
                }
                None => keys[key.as_bytes()] * factor,
            };
            assert_eq!(got.remove(&at), Some(expected), "{}", m.name);
        }
        assert!(got.is_empty());
        assert_eq!(file_nr(b"929\t0\t2466177\n"), [Some(929), Some(0), Some(2_466_177)]);
        let mut sockets = HashMap::new();
        let text =
            b"sockets: used 27\nTCP: inuse 1 orphan 2 tw 0 alloc 3 mem 73\nUDP: inuse 0 mem 5\nFRAG: x\n";
        sockstat(text, 4096, |c, v| assert!(sockets.insert(c, v).is_none()));
        assert_eq!(sockets[&n::tcp_memory_bytes], 73 * 4096);
        assert_eq!((sockets.len(), sockets[&n::tcp_sockets_allocated]), (4, 3));
    }

    #[test]
    fn a_short_cpu_line_is_not_zeros() {
        let k = kernel_stat(b"cpu  1 2 3\ncpu0 1 2\nctxt\n", |_, _| panic!());
        assert_eq!(k, KernelStat::default());
        assert_eq!(loadavg(b"0.50 x"), [Some(0.5), None, None]);
    }
}
