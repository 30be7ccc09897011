//! memory.stat of both cgroup versions straight into dictionary columns, memory.events, v1's `memory.oom_control`.
//!
//! Owns: which key fills which column of `containers`. Must not: derive anything.

use fgm::metric::containers as c;

use super::scan::pairs;

/// v2 keys in the kernel's order, so that a lookup that starts behind the previous hit usually finds its key at once.
const V2_KEYS: &[(&[u8], usize)] = &[
    (b"anon", c::memory_stat_anon_bytes),
    (b"file", c::memory_stat_file_bytes),
    (b"kernel", c::memory_stat_kernel_bytes),
    (b"kernel_stack", c::memory_stat_kernel_stack_bytes),
    (b"pagetables", c::memory_stat_pagetables_bytes),
    (b"sec_pagetables", c::memory_stat_sec_pagetables_bytes),
    (b"percpu", c::memory_stat_percpu_bytes),
    (b"sock", c::memory_stat_sock_bytes),
    (b"vmalloc", c::memory_stat_vmalloc_bytes),
    (b"shmem", c::memory_stat_shmem_bytes),
    (b"zswap", c::memory_stat_zswap_bytes),
    (b"zswapped", c::memory_stat_zswapped_bytes),
    (b"file_mapped", c::memory_stat_file_mapped_bytes),
    (b"file_dirty", c::memory_stat_file_dirty_bytes),
    (b"file_writeback", c::memory_stat_file_writeback_bytes),
    (b"swapcached", c::memory_stat_swapcached_bytes),
    (b"anon_thp", c::memory_stat_anon_thp_bytes),
    (b"file_thp", c::memory_stat_file_thp_bytes),
    (b"shmem_thp", c::memory_stat_shmem_thp_bytes),
    (b"inactive_anon", c::memory_stat_inactive_anon_bytes),
    (b"active_anon", c::memory_stat_active_anon_bytes),
    (b"inactive_file", c::memory_stat_inactive_file_bytes),
    (b"active_file", c::memory_stat_active_file_bytes),
    (b"unevictable", c::memory_stat_unevictable_bytes),
    (b"slab_reclaimable", c::memory_stat_slab_reclaimable_bytes),
    (b"slab_unreclaimable", c::memory_stat_slab_unreclaimable_bytes),
    (b"slab", c::memory_stat_slab_bytes),
    (b"hugetlb", c::memory_stat_hugetlb_bytes),
    (b"workingset_refault_anon", c::memory_stat_workingset_refault_anon_total),
    (b"workingset_refault_file", c::memory_stat_workingset_refault_file_total),
    (b"workingset_activate_anon", c::memory_stat_workingset_activate_anon_total),
    (b"workingset_activate_file", c::memory_stat_workingset_activate_file_total),
    (b"workingset_restore_anon", c::memory_stat_workingset_restore_anon_total),
    (b"workingset_restore_file", c::memory_stat_workingset_restore_file_total),
    (b"workingset_nodereclaim", c::memory_stat_workingset_nodereclaim_total),
    (b"pgscan", c::memory_stat_pgscan_total),
    (b"pgsteal", c::memory_stat_pgsteal_total),
    (b"pgscan_kswapd", c::memory_stat_pgscan_kswapd_total),
    (b"pgscan_direct", c::memory_stat_pgscan_direct_total),
    (b"pgsteal_kswapd", c::memory_stat_pgsteal_kswapd_total),
    (b"pgsteal_direct", c::memory_stat_pgsteal_direct_total),
    (b"pgfault", c::memory_stat_pgfault_total),
    (b"pgmajfault", c::memory_stat_pgmajfault_total),
    (b"pgrefill", c::memory_stat_pgrefill_total),
    (b"pgactivate", c::memory_stat_pgactivate_total),
    (b"pgdeactivate", c::memory_stat_pgdeactivate_total),
    (b"pglazyfree", c::memory_stat_pglazyfree_total),
    (b"pglazyfreed", c::memory_stat_pglazyfreed_total),
    (b"zswpin", c::memory_stat_zswpin_total),
    (b"zswpout", c::memory_stat_zswpout_total),
    (b"zswpwb", c::memory_stat_zswpwb_total),
    (b"thp_fault_alloc", c::memory_stat_thp_fault_alloc_total),
    (b"thp_collapse_alloc", c::memory_stat_thp_collapse_alloc_total),
];

/// v1: only the `total_` keys, which count the cgroup and everything below it, as v2 does.
const V1_KEYS: &[(&[u8], usize)] = &[
    (b"total_cache", c::memory_stat_file_bytes),
    (b"total_rss", c::memory_stat_anon_bytes),
    (b"total_rss_huge", c::memory_stat_anon_thp_bytes),
    (b"total_shmem", c::memory_stat_shmem_bytes),
    (b"total_mapped_file", c::memory_stat_file_mapped_bytes),
    (b"total_dirty", c::memory_stat_file_dirty_bytes),
    (b"total_writeback", c::memory_stat_file_writeback_bytes),
    (b"total_workingset_refault_anon", c::memory_stat_workingset_refault_anon_total),
    (b"total_workingset_refault_file", c::memory_stat_workingset_refault_file_total),
    (b"total_swap", c::memory_swap_current_bytes),
    (b"total_swapcached", c::memory_stat_swapcached_bytes),
    (b"total_pgpgin", c::v1_memory_stat_pgpgin_total),
    (b"total_pgpgout", c::v1_memory_stat_pgpgout_total),
    (b"total_pgfault", c::memory_stat_pgfault_total),
    (b"total_pgmajfault", c::memory_stat_pgmajfault_total),
    (b"total_inactive_anon", c::memory_stat_inactive_anon_bytes),
    (b"total_active_anon", c::memory_stat_active_anon_bytes),
    (b"total_inactive_file", c::memory_stat_inactive_file_bytes),
    (b"total_active_file", c::memory_stat_active_file_bytes),
    (b"total_unevictable", c::memory_stat_unevictable_bytes),
];

const EVENT_KEYS: &[(&[u8], usize)] = &[
    (b"low", c::memory_events_low_total),
    (b"high", c::memory_events_high_total),
    (b"max", c::memory_events_max_total),
    (b"oom", c::memory_events_oom_total),
    (b"oom_kill", c::memory_events_oom_kill_total),
    (b"oom_group_kill", c::memory_events_oom_group_kill_total),
];

const SWAP_EVENT_KEYS: &[(&[u8], usize)] = &[
    (b"high", c::memory_swap_events_high_total),
    (b"max", c::memory_swap_events_max_total),
    (b"fail", c::memory_swap_events_fail_total),
];

fn keyed(
    text: &[u8],
    keys: &[(&[u8], usize)],
    mut each: impl FnMut(usize, u64),
    mut other: impl FnMut(&[u8], u64),
) {
    let mut next = 0;
    for (key, value) in pairs(text) {
        let (before, after) = keys.split_at(next);
        let hit = after
            .iter()
            .position(|(k, _)| *k == key)
            .map(|at| at + next)
            .or_else(|| before.iter().position(|(k, _)| *k == key));
        if let Some(at) = hit {
            each(keys[at].1, value);
            next = at + 1;
        } else {
            other(key, value);
        }
    }
}

/// Calls `each` with a column of `containers` and its value for every known key of v2's memory.stat, and `other` with
/// key and value of the rest.
pub fn stat_v2(text: &[u8], each: impl FnMut(usize, u64), other: impl FnMut(&[u8], u64)) {
    keyed(text, V2_KEYS, each, other);
}

/// The same for v1's memory.stat; what it says of the cgroup without those below is no business of ours.
pub fn stat_v1(text: &[u8], each: impl FnMut(usize, u64), mut other: impl FnMut(&[u8], u64)) {
    keyed(text, V1_KEYS, each, |key, value| {
        if key.starts_with(b"total_") {
            other(key, value);
        }
    });
}

/// The same for v2's memory.events.
pub fn events(text: &[u8], each: impl FnMut(usize, u64), other: impl FnMut(&[u8], u64)) {
    keyed(text, EVENT_KEYS, each, other);
}

/// The same for v2's memory.swap.events.
pub fn swap_events(text: &[u8], each: impl FnMut(usize, u64), other: impl FnMut(&[u8], u64)) {
    keyed(text, SWAP_EVENT_KEYS, each, other);
}

/// `oom_kill` of v1's `memory.oom_control`; absent before Linux 4.13.
pub fn oom_control(text: &[u8]) -> Option<u64> {
    pairs(text).find(|(k, _)| *k == b"oom_kill").map(|(_, n)| n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use std::collections::HashMap;

    /// REC-2: the whole of memory.stat, each key in the column whose source names it.
    #[test]
    fn every_column_is_filled_from_the_key_that_its_source_names() {
        let mut got = HashMap::new();
        stat_v2(
            include_bytes!("../../../testdata/kernel/v2-6.1/memory.stat"),
            |col, v| {
                assert!(got.insert(col, v).is_none());
            },
            |key, _| panic!("{key:?} is not known"),
        );
        assert_eq!(got[&c::memory_stat_anon_bytes], 14_557_184);
        assert_eq!(got[&c::memory_stat_slab_bytes], 95_624);
        assert_eq!(got[&c::memory_stat_thp_fault_alloc_total], 1);
        assert_eq!(got.len(), 47, "all keys of this kernel");
        for (prefix, keys) in [("v2 memory.stat:", V2_KEYS), ("v1 memory.stat:", V1_KEYS)] {
            for (key, col) in keys {
                let m = &Table::Containers.metrics()[*col];
                let want = format!("{prefix}{}", String::from_utf8_lossy(key));
                assert!(m.source.split("; ").any(|s| s == want), "{}: {} lacks {want}", m.name, m.source);
            }
        }
        let named =
            Table::Containers.metrics().iter().filter(|m| m.source.contains("v2 memory.stat:")).count();
        assert_eq!(named, V2_KEYS.len(), "a column whose key nobody reads");
    }

    #[test]
    fn v1_reads_the_recursive_keys() {
        let mut got = HashMap::new();
        let mut other = Vec::new();
        stat_v1(
            include_bytes!("../../../testdata/kernel/v1-6.18/host/memory.stat"),
            |col, v| {
                got.insert(col, v);
            },
            |key, _| other.push(String::from_utf8_lossy(key).into_owned()),
        );
        assert_eq!(got.len(), V1_KEYS.len());
        assert!(other.is_empty(), "{other:?}");
        assert_eq!(got[&c::v1_memory_stat_pgpgin_total], 21_737_109);
        assert_eq!(got[&c::memory_stat_anon_bytes], 11_206_656, "total_rss, not rss");
    }

    /// REC-8: OOM kills of both versions.
    #[test]
    fn oom_kills() {
        let v1 = include_bytes!("../../../testdata/kernel/v1-6.18/podman/oom1.oom_control");
        assert_eq!(oom_control(v1), Some(2));
        assert_eq!(oom_control(b"oom_kill_disable 0\nunder_oom 0\n"), None);
        let mut got = HashMap::new();
        let text = include_bytes!("../../../testdata/kernel/v2-6.1/kubepods.slice/memory.events");
        events(text, |col, v| assert!(got.insert(col, v).is_none()), |k, _| panic!("{k:?}"));
        assert_eq!(got[&c::memory_events_oom_kill_total], 2);
        assert_eq!(got[&c::memory_events_max_total], 97);
    }

    #[test]
    fn order_does_not_matter() {
        let (mut got, mut other) = (Vec::new(), Vec::new());
        let text = b"slab 3\nanon 1\nnew_key 7\nfile 2\n";
        stat_v2(text, |col, v| got.push((col, v)), |key, v| other.push((key.to_vec(), v)));
        assert_eq!(other, [(b"new_key".to_vec(), 7)], "kept, not dropped");
        assert_eq!(
            got,
            [(c::memory_stat_slab_bytes, 3), (c::memory_stat_anon_bytes, 1), (c::memory_stat_file_bytes, 2)]
        );
    }
}
