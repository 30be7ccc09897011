//! REC-2, REC-3, REC-4: what a cgroup tells beside its main counters, and what it tells that nobody expected.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::{FakeHost, Running, Seen};
use fgm::metric::Table;
use fgm_recorder::{Config, Scope};

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory io hugetlb cpuset\n");
    h.cgroup("app/cgroup.procs", "");
    h
}

fn record(h: &FakeHost) -> Running {
    Running::start(Config { scope: Scope::All, ..h.config() })
}

/// REC-2, REC-3, REC-4: huge pages, swap events, CPU set, IO weight, freezing; a limit that is not set is no number.
#[test]
fn the_rest_of_a_cgroup() {
    let h = node();
    h.cgroup("app/hugetlb.2MB.current", "4194304\n");
    h.cgroup("app/hugetlb.2MB.max", "8388608\n");
    h.cgroup("app/hugetlb.1GB.current", "0\n");
    h.cgroup("app/hugetlb.1GB.max", "max\n");
    h.cgroup("app/memory.swap.events", "high 1\nmax 2\nfail 3\n");
    h.cgroup("app/memory.oom.group", "1\n");
    h.cgroup("app/cpuset.cpus.effective", "0-2,5\n");
    h.cgroup("app/io.weight", "default 50\n8:0 70\n");
    h.cgroup("app/cgroup.events", "populated 0\nfrozen 1\n");
    h.cgroup("app/cpu.stat", "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnice_usec 3\n");
    h.cgroup("app/irq.pressure", "full avg10=1.50 avg60=0.25 avg300=0.00 total=77\n");
    let run = record(&h);
    run.pass(2);
    let r = run.stop();
    let row = r.of_path("/app").remove(0);
    for (name, value) in [
        ("hugetlb_2mb_current_bytes", Some(4_194_304.0)),
        ("hugetlb_2mb_max_bytes", Some(8_388_608.0)),
        ("hugetlb_2mb_max_unlimited", Some(0.0)),
        ("hugetlb_1gb_max_bytes", None),
        ("hugetlb_1gb_max_unlimited", Some(1.0)),
        ("memory_swap_events_fail_total", Some(3.0)),
        ("memory_oom_group", Some(1.0)),
        ("cpuset_cores", Some(4.0)),
        ("io_weight", Some(50.0)),
        ("frozen", Some(1.0)),
        ("cpu_nice_usec_total", Some(3.0)),
        ("irq_pressure_full_usec_total", Some(77.0)),
        ("irq_pressure_full_avg10_percent", Some(1.5)),
        ("irq_pressure_full_avg60_percent", Some(0.25)),
    ] {
        assert_eq!(row.value(name), value, "{name}");
    }
    let root = r.of_path("/").remove(0);
    assert_eq!(
        (root.value("frozen"), root.value("hugetlb_2mb_max_unlimited")),
        (None, None),
        "no such files"
    );
    assert!(r.rows(Table::Extras).is_empty(), "all of it is known");
}

/// REC-4: IO limits stand beside the counters of their device; a device without a limit says so, and one with a limit
/// that has done nothing has a row; without io.max nothing is said.
#[test]
fn io_limits_per_device() {
    let h = node();
    h.cgroup("app/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n");
    h.cgroup("app/io.max", "8:16 rbps=1048576 wbps=max riops=max wiops=120\n");
    h.cgroup("free/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n");
    let run = record(&h);
    run.pass(2);
    let r = run.stop();
    let disks = r.rows(Table::Disks);
    let of = |path: &str, device: &str| -> Seen {
        let mut here = disks.iter().filter(|d| d.text("cgroup_path") == Some(path));
        here.find(|d| d.text("device") == Some(device)).unwrap().clone()
    };
    let limits = |d: &Seen| {
        [
            "io_read_bytes_per_second_max",
            "io_read_bytes_per_second_max_unlimited",
            "io_write_ops_per_second_max",
        ]
        .map(|n| d.value(n))
    };
    assert_eq!(limits(&of("/app", "8:16")), [Some(1_048_576.0), Some(0.0), Some(120.0)]);
    assert_eq!(of("/app", "8:16").value("io_read_bytes_total"), None);
    assert_eq!(limits(&of("/app", "8:0")), [None, Some(1.0), None]);
    assert_eq!(limits(&of("/free", "8:0")), [None, None, None]);
}

/// REC-2: keys of newer kernels are kept as rows with their source, while known ones go where they belong.
#[test]
fn unknown_keys_are_kept() {
    let h = node();
    h.cgroup("app/memory.stat", "anon 5\nbrand_new 7\nnever_used 0\n");
    h.cgroup("app/cpu.stat", "usage_usec 9\nsprint_usec 11\n");
    h.cgroup("app/io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0 cost.usage=13\n");
    let run = record(&h);
    run.pass(2);
    h.cgroup("app/memory.stat", "anon 5\nbrand_new 8\nnever_used 0\n");
    let changed = run.pass(2);
    h.remove_cgroup("/app");
    run.pass(2);
    let r = run.stop();
    let rows = r.rows(Table::Extras);
    let mut of: Vec<_> =
        rows.iter().map(|x| (x.text("source").unwrap(), x.value("value").unwrap())).collect();
    of.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(
        of,
        [
            ("cpu.stat:sprint_usec", 11.0),
            ("io.stat:8:0 cost.usage", 13.0),
            ("memory.stat:brand_new", 7.0),
            ("memory.stat:brand_new", 8.0)
        ]
    );
    assert!(rows.iter().all(|x| x.text("cgroup_path") == Some("/app") && x.tick_no <= changed));
    assert_eq!(r.of_path("/app")[0].value("memory_stat_anon_bytes"), Some(5.0));
    let ended = r.ticks.iter().flat_map(|t| &t.ended).filter(|e| e.0 == Table::Extras).count();
    assert_eq!(ended, 3);
}
