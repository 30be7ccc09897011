//! REC-4: the host as a whole.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::time::Duration;

use common::{FakeHost, Running, Seen};
use fgm::metric::Table;
use fgm_recorder::{Config, Scope};

fn disks(kind: &str, rows: Vec<Seen>) -> Vec<Seen> {
    rows.into_iter().filter(|d| d.text("subject_kind") == Some(kind)).collect()
}

/// REC-4: whole disks are recorded under the node, apart from what cgroups do on them; partitions and devices that
/// have never worked are not; one that is plugged in later is.
#[test]
fn disks_of_the_whole_host() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "io\n");
    h.cgroup("docker/a/cgroup.procs", "");
    h.cgroup("io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
    let sda = "8 0 sda 11 12 13 14 15 16 17 18 2 20 21 0 0 0 0 5 6\n 8 1 sda1 11 12 13 14 15 16 17 18 2 20 21 0 0 0 0\n";
    h.proc("diskstats", &format!("{sda} 7 0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
    let run = Running::start(Config { scope: Scope::All, ..h.config() });
    run.pass(2);
    h.proc("diskstats", &format!("{sda} 7 0 loop0 1 0 8 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
    let plugged = run.pass(2);
    let r = run.stop();
    let node = disks("node", r.rows(Table::Disks));
    assert_eq!(disks("root", r.rows(Table::Disks))[0].value("io_read_bytes_total"), Some(10.0));
    let of = |name| node.iter().filter(|d| d.text("device_name") == Some(name)).collect::<Vec<_>>();
    let first = of("sda")[0];
    assert_eq!((first.text("cgroup_path"), first.text("device")), (None, Some("8:0")));
    assert_eq!(first.value("io_read_bytes_total"), Some(13.0 * 512.0));
    assert_eq!(first.value("io_busy_usec_total"), Some(20_000.0));
    assert_eq!((first.value("io_in_flight"), first.value("io_flush_ops_total")), (Some(2.0), Some(5.0)));
    assert_eq!(of("sda").len(), r.rows(Table::Node).len());
    assert!(of("sda1").is_empty());
    assert!(of("loop0").iter().any(|d| d.tick_no >= plugged) && of("loop0").len() < of("sda").len());
}

/// REC-4: on the real kernel the node's columns are there where their files are.
#[test]
fn a_real_node() {
    let run = Running::start(Config {
        interval: Duration::from_millis(200),
        scope: Scope::All,
        ..Config::default()
    });
    run.pass(2);
    let r = run.stop();
    let node = r.rows(Table::Node).pop().unwrap();
    for (file, column) in [
        ("/proc/vmstat", "vmstat_pgfault_total"),
        ("/proc/vmstat", "vmstat_allocstall_total"),
        ("/proc/sys/fs/file-nr", "file_handles_allocated"),
        ("/proc/1/net/sockstat", "tcp_memory_bytes"),
        ("/proc/pressure/irq", "irq_pressure_full_usec_total"),
        ("/proc/pressure/cpu", "cpu_pressure_some_usec_total"),
    ] {
        assert_eq!(node.value(column).is_some(), std::path::Path::new(file).exists(), "{column}");
    }
}
