//! A hybrid cgroup v1 host made of plain files: one path, a directory in each of several hierarchies.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::FakeHost;
use fgm::metric::Table;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn host() -> FakeHost {
    let h = FakeHost::new();
    for v1 in ["cpu,cpuacct", "memory", "pids", "blkio", "systemd", "freezer"] {
        h.cgroup(&format!("{v1}/cgroup.procs"), "1\n2\n");
    }
    h.cgroup("unified/cgroup.controllers", "");
    h.cgroup("unified/cgroup.procs", "1\n2\n7\n");
    h.process(1, "init", 5, 0);
    h.process(2, "kworker/0:0", 5, 0);
    h
}

fn container(h: &FakeHost, path: &str, pid: u32) {
    for v1 in ["cpu,cpuacct", "memory", "pids", "blkio", "systemd", "unified"] {
        h.cgroup(&format!("{v1}{path}/cgroup.procs"), &format!("{pid}\n"));
    }
    h.cgroup(&format!("cpu,cpuacct{path}/cpuacct.usage"), "922788497\n");
    h.cgroup(
        &format!("cpu,cpuacct{path}/cpu.stat"),
        "nr_periods 67\nnr_throttled 3\nthrottled_time 43567690\n",
    );
    h.cgroup(&format!("cpu,cpuacct{path}/cpu.cfs_quota_us"), "-1\n");
    h.cgroup(&format!("cpu,cpuacct{path}/cpu.cfs_period_us"), "100000\n");
    h.cgroup(&format!("memory{path}/memory.usage_in_bytes"), "348160\n");
    h.cgroup(&format!("memory{path}/memory.limit_in_bytes"), "9223372036854771712\n");
    h.cgroup(
        &format!("memory{path}/memory.stat"),
        "cache 1\nrss 2\ntotal_cache 8192\ntotal_rss 57344\ntotal_inactive_file 8160\n",
    );
    h.cgroup(&format!("memory{path}/memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    h.cgroup(&format!("pids{path}/pids.current"), "1\n");
    h.cgroup(
        &format!("blkio{path}/blkio.throttle.io_service_bytes_recursive"),
        "8:0 Read 4096\n8:0 Write 0\nTotal 4096\n",
    );
    h.cgroup(
        &format!("blkio{path}/blkio.throttle.io_serviced_recursive"),
        "8:0 Read 1\n8:0 Write 0\nTotal 1\n",
    );
    h.cgroup(&format!("unified{path}/cpu.stat"), "usage_usec 1\nuser_usec 1\nsystem_usec 0\n");
    h.cgroup(
        &format!("unified{path}/cpu.pressure"),
        "some avg10=26.22 avg60=5.54 avg300=1.18 total=3861663\n",
    );
}

/// REC-1, REC-2, REC-3, REC-4: one subject whose columns come from several hierarchies, PSI from the v2 one.
#[test]
fn one_subject_over_all_hierarchies() {
    let h = host();
    let path = format!("/libpod_parent/libpod-{ID}");
    container(&h, &path, 100);
    h.process(100, "app", 50, 0);
    let run = h.start();
    run.pass(3);
    let r = run.stop();
    let rows = r.of_path(&path);
    assert_eq!(rows.len(), r.ticks.len() - 1, "one row per tick");
    let row = rows.last().unwrap();
    assert_eq!(row.value("cpu_usage_usec_total"), Some(922_788.0), "cpuacct, not the v2 cpu.stat");
    assert_eq!(row.value("cpu_throttled_usec_total"), Some(43_567.0));
    assert_eq!((row.value("cpu_quota_cores"), row.value("cpu_quota_unlimited")), (None, Some(1.0)));
    assert_eq!((row.value("memory_max_bytes"), row.value("memory_max_unlimited")), (None, Some(1.0)));
    assert_eq!(row.value("memory_working_set_bytes"), Some(340_000.0));
    assert_eq!(row.value("memory_stat_anon_bytes"), Some(57_344.0), "total_rss");
    assert_eq!(row.value("memory_events_oom_kill_total"), Some(1.0));
    assert_eq!(row.value("io_read_bytes_total"), Some(4096.0));
    assert_eq!(row.value("cpu_pressure_some_avg10_percent"), Some(26.22));
    assert_eq!((row.value("cpu_pressure_full_avg10_percent"), row.value("memory_high_bytes")), (None, None));
    assert_eq!((row.value("process_count"), row.text("runtime")), (Some(1.0), Some("podman")));
    assert_eq!(r.rows(Table::Disks)[0].value("io_read_ops_total"), Some(1.0));
}

/// REC-1: a process is in the deepest subject over all hierarchies, and is recorded once.
#[test]
fn a_process_that_only_one_hierarchy_knows_better() {
    let h = host();
    for v1 in ["cpu,cpuacct", "memory", "pids", "blkio", "systemd", "unified"] {
        h.cgroup(&format!("{v1}/cgroup.procs"), "1\n2\n7\n");
    }
    h.cgroup("memory/jobs/cgroup.procs", "");
    h.cgroup("memory/jobs/a/cgroup.procs", "7\n");
    h.cgroup("memory/jobs/a/memory.usage_in_bytes", "5\n");
    h.process(7, "job", 50, 0);
    let run = h.start();
    run.pass(2);
    // It moves: the series goes on under another subject.
    h.cgroup("memory/jobs/a/cgroup.procs", "");
    h.cgroup("memory/jobs/cgroup.procs", "7\n");
    run.pass(2);
    let r = run.stop();
    let rows = r.of_pid(7);
    assert_eq!(rows.len(), r.ticks.len() - 1);
    assert_eq!(rows[0].text("cgroup_path"), Some("/jobs/a"));
    let last = rows.last().unwrap();
    assert_eq!((last.text("cgroup_path"), last.series), (Some("/jobs"), rows[0].series));
    assert_eq!(r.of_path("/")[0].value("process_count"), Some(1.0), "the kernel thread does not count");
    assert_eq!(r.of_path("/jobs/a")[0].value("memory_current_bytes"), Some(5.0));
}

/// REC-1: hierarchies beside the first are asked by turns, and on each tick where they know of processes that the first
/// does not: those are found, late at worst, and are never lost again.
#[test]
fn processes_that_the_first_hierarchy_does_not_know() {
    let h = host();
    let path = format!("/libpod_parent/libpod-{ID}");
    container(&h, &path, 100);
    h.cgroup(&format!("memory{path}/cgroup.procs"), "100\n101\n");
    // A runtime that ignores the first hierarchy, but for making the cgroup.
    let other = format!("/libpod_parent/libpod-{}", ID.replace('0', "f"));
    container(&h, &other, 104);
    h.cgroup(&format!("unified{other}/cgroup.procs"), "");
    h.cgroup(&format!("memory{other}/cgroup.procs"), "");
    for pid in 100..=104 {
        h.process(pid, "app", 50, 0);
    }
    let run = h.start();
    run.pass(2);
    h.cgroup(&format!("memory{path}/cgroup.procs"), "100\n101\n102\n");
    let at_once = run.pass(2);
    h.cgroup(&format!("pids{path}/cgroup.procs"), "100\n103\n");
    let late = run.pass(18);
    let end = run.pass(3);
    let r = run.stop();
    let ticks = |pid: i64| r.of_pid(pid).iter().map(|x| x.tick_no).collect::<Vec<_>>();
    // On a busy machine the recorder may miss one.
    let taken: Vec<i64> = r.ticks.iter().map(|t| t.tick_no).collect();
    for (pid, from) in [(100, 0), (101, 0), (102, at_once), (103, late + 16), (104, 0)] {
        let seen = ticks(pid);
        let mut due = taken.iter().filter(|t| (from..=end).contains(*t));
        assert!(due.all(|tick| seen.contains(tick)), "{pid} from {from} to {end}: {seen:?} of {taken:?}");
    }
}

/// REC-3: the CPU time of a subject is counted by one hierarchy, also while its directories go one after the other.
#[test]
fn cpu_time_never_changes_its_source() {
    let h = host();
    let path = format!("/libpod_parent/libpod-{ID}");
    container(&h, &path, 100);
    // The freezer is v1's here, of which the unified hierarchy knows nothing.
    h.cgroup(&format!("unified{path}/cgroup.events"), "populated 1\nfrozen 0\n");
    h.process(100, "app", 50, 0);
    let run = h.start();
    run.pass(2);
    h.remove_cgroup(&format!("cpu,cpuacct{path}"));
    run.pass(3);
    let r = run.stop();
    let rows = r.of_path(&path);
    let usage: Vec<_> = rows.iter().map(|row| row.value("cpu_usage_usec_total")).collect();
    assert!(usage.contains(&Some(922_788.0)) && usage.contains(&None), "{usage:?}");
    assert!(usage.iter().all(|u| u.is_none_or(|u| u > 900_000.0)), "{usage:?}");
    assert!(rows.iter().all(|row| row.value("frozen").is_none()));
}
