//! REC-9: no parser panics on any bytes, and none makes up a value from nothing.

use proptest::prelude::*;

use super::{cpu, diskstats, io, memory, mountinfo, net, node, pid_files, pid_stat, psi, scan, value};

/// Arbitrary bytes, and bytes that look enough like kernel text to get past the first checks.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just("some".to_owned()),
        Just("cpu".to_owned()),
        Just("max".to_owned()),
        Just("8:0".to_owned()),
        Just("rbytes=".to_owned()),
        Just("avg10=".to_owned()),
        Just("VmRSS:".to_owned()),
        Just("Pss:".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("-".to_owned()),
        Just("cgroup2".to_owned()),
        Just("\\040".to_owned()),
        Just("oom_kill".to_owned()),
        Just("Tcp:".to_owned()),
        Just("eth0:".to_owned()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        ".{0,4}",
    ];
    let like =
        prop::collection::vec((token, prop_oneof![Just(" "), Just("\n"), Just("\t"), Just("")]), 0..60)
            .prop_map(|v| v.into_iter().flat_map(|(t, s)| (t + s).into_bytes()).collect());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..400), like]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// REC-9
    #[test]
    fn no_parser_panics(bytes in text(), other in text()) {
        cpu::cpu_stat(&bytes);
        cpu::cpu_max(&bytes);
        cpu::cfs_quota(&bytes, &other);
        psi::pressure(&bytes);
        io::io_stat(&bytes, |_, _| {});
        io::blkio(&bytes, |_, _, _| {});
        memory::stat_v1(&bytes, |_, _| {});
        memory::stat_v2(&bytes, |_, _| {});
        memory::events(&bytes, |_, _| {});
        memory::oom_control(&bytes);
        mountinfo::cgroup_mounts(&bytes);
        net::dev(&bytes).for_each(|i| i.counters(|_, _| {}));
        net::snmp(&bytes, |_, _| {});
        net::namespace_inode(&bytes);
        node::kernel_stat(&bytes, |_, _| {});
        node::loadavg(&bytes);
        node::meminfo(&bytes, |_, _| {});
        node::vmstat(&bytes, |_, _| {});
        node::file_nr(&bytes);
        node::sockstat(&bytes, 4096, |_, _| {});
        diskstats::diskstats(&bytes).for_each(|d| d.counters(|_, _| {}));
        pid_stat::pid_stat(&bytes);
        pid_files::status(&bytes, |_, _| {});
        pid_files::io(&bytes, |_, _| {});
        pid_files::smaps_rollup(&bytes);
        pid_files::cmdline(&bytes);
        value::single(&bytes);
        value::limit(&bytes);
        value::limit_v1(&bytes);
        value::pids(&bytes).count();
        scan::signed(&bytes);
        scan::decimal(&bytes);
    }

    /// REC-9: a number is read as it was written, whatever stands around it.
    #[test]
    fn numbers_survive(n in any::<u64>()) {
        prop_assert_eq!(value::single(format!("{n}\n").as_bytes()), Some(n));
        prop_assert_eq!(cpu::cpu_stat(format!("nr_periods {n}\n").as_bytes()).periods, Some(n));
    }
}
