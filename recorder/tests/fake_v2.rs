//! A cgroup v2 host made of plain files, with what real ones do to recorders: containers that come and go, limits
//! that change, crun's sub-cgroups, pids that are reused, names that bite.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::FakeHost;
use fgm::event::EventKind;
use fgm::metric::Table;
use fgm_recorder::Scope;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ID2: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const POD: &str = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5ca25efd_ceac_1a16_3bb6_ce9c4ca8b39a.slice";

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("cgroup.procs", "2\n1\n");
    h.process(1, "systemd", 5, 10);
    h.process(2, "kworker/0:1", 6, 0);
    h
}

fn container(h: &FakeHost, path: &str, pids: &str) {
    h.cgroup(&format!("{path}/cgroup.procs"), pids);
    h.cgroup(
        &format!("{path}/cpu.stat"),
        "usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
    );
    h.cgroup(&format!("{path}/cpu.max"), "50000 100000\n");
    h.cgroup(&format!("{path}/memory.current"), "1000000\n");
    h.cgroup(&format!("{path}/memory.stat"), "anon 400000\nfile 500000\ninactive_file 300000\n");
    h.cgroup(&format!("{path}/memory.max"), "2000000\n");
    h.cgroup(&format!("{path}/memory.events"), "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n");
    h.cgroup(&format!("{path}/io.stat"), "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n");
    h.cgroup(&format!("{path}/pids.max"), "max\n");
}

/// REC-1, REC-2, REC-3, REC-4: a container's and its pod's rows, labels, derived values, processes and devices.
#[test]
fn a_pod_with_a_container() {
    let h = node();
    let path = format!("{POD}/cri-containerd-{ID}.scope");
    container(&h, POD, "");
    container(&h, &path, "100\n101\n");
    // A monitor beside the container: no subject, but its process is the pod's.
    h.cgroup(&format!("{POD}/crio-conmon-{ID}.scope/cgroup.procs"), "102\n");
    for pid in [100, 101, 102] {
        h.process(pid, "web", 50, 7);
    }
    let run = h.start();
    run.pass(3);
    let r = run.stop();
    let rows = r.of_path(&path);
    let row = rows.last().unwrap();
    assert_eq!(row.text("subject_kind"), Some("container"));
    assert_eq!(row.text("container_id"), Some(ID));
    assert_eq!(row.text("pod_uid"), Some("5ca25efd-ceac-1a16-3bb6-ce9c4ca8b39a"));
    assert_eq!((row.text("qos_class"), row.text("runtime")), (Some("Burstable"), Some("containerd")));
    assert_eq!((row.text("pod_name"), row.text("node_name")), (None, Some("node-1")));
    assert_eq!(row.value("memory_working_set_bytes"), Some(700_000.0));
    assert_eq!(row.value("memory_percent_of_limit"), Some(35.0));
    assert_eq!(row.value("cpu_quota_cores"), Some(0.5));
    assert_eq!(row.value("cpu_usage_millicores"), Some(0.0));
    assert_eq!((row.value("pids_max"), row.value("pids_max_unlimited")), (None, Some(1.0)));
    assert_eq!(row.value("memory_peak_bytes"), None, "an absent file is null");
    assert_eq!(row.value("process_count"), Some(2.0));
    assert_eq!(row.value("memory_rss_bytes"), Some(2.0 * 1000.0 * 1024.0));
    assert_eq!(row.value("memory_pss_bytes"), Some(2.0 * 600.0 * 1024.0));
    assert_eq!(row.value("io_read_bytes_total"), Some(15.0));
    assert_eq!(rows[0].value("cpu_usage_millicores"), None, "null on a first reading");
    let pod = r.of_path(POD);
    assert_eq!(pod.last().unwrap().text("subject_kind"), Some("pod"));
    assert_eq!(pod.last().unwrap().value("process_count"), Some(1.0), "conmon");
    let p = r.of_pid(100);
    assert_eq!((p[0].text("comm"), p[0].text("exe")), (Some("web"), Some("/usr/bin/web")));
    assert_eq!(p[0].text("cmdline"), Some("web --flag"));
    assert_eq!((p[0].text("boot_id"), p[0].text("container_id")), (Some("boot-1"), Some(ID)));
    assert_eq!(p[0].value("cpu_user_usec_total"), Some(70_000.0));
    let devices = r.rows(Table::Disks);
    let sda = devices.iter().find(|d| d.text("device") == Some("8:0")).unwrap();
    assert_eq!((sda.text("device_name"), sda.value("io_write_ops_total")), (Some("sda"), Some(2.0)));
    assert_eq!(devices.iter().find(|d| d.text("device") == Some("8:16")).unwrap().text("device_name"), None);
    // Each live subject has one row on each tick.
    let ticks = r.ticks.len() - 1;
    assert_eq!((rows.len(), pod.len(), p.len()), (ticks, ticks, ticks));
    assert!(r.of_path("/").is_empty() && r.of_pid(1).is_empty(), "not in scope");
    assert_eq!(r.summary.last.containers, 1);
}

/// REC-1: a new container has its row within one interval; a dead one has none after its last reading.
#[test]
fn containers_come_and_go() {
    let h = node();
    let (old, new) = (format!("/docker/{ID}"), format!("/docker/{ID2}"));
    container(&h, &old, "100\n");
    h.process(100, "a", 50, 0);
    let run = h.start();
    run.pass(2);
    h.process(200, "b", 60, 0);
    container(&h, &new, "200\n");
    let born = run.pass(2);
    h.remove_cgroup(&old);
    h.end_process(100);
    let died = run.pass(2);
    let r = run.stop();
    let first = r.of_path(&new)[0].tick_no;
    assert!(first <= born, "{first} {born}");
    assert!(r.of_path(&old).last().unwrap().tick_no < died);
    assert!(r.of_pid(100).last().unwrap().tick_no < died);
    let started = r.events(EventKind::SubjectStart);
    assert_eq!(started.iter().filter_map(|e| e.about.container_id.as_deref()).collect::<Vec<_>>(), [ID2]);
    assert_eq!(r.events(EventKind::SubjectStop)[0].about.cgroup_path.as_deref(), Some(old.as_str()));
    let ended: Vec<_> = r.ticks.iter().flat_map(|t| &t.ended).collect();
    assert!(ended.iter().any(|e| e.0 == Table::Containers) && ended.iter().any(|e| e.0 == Table::Processes));
    assert!(ended.iter().any(|e| e.0 == Table::Disks));
}

/// REC-8: an OOM kill is told once, for the cgroup that it happened in, though v2 counts it in every one above; a
/// limit that changes shows on the next tick.
#[test]
fn oom_kills_and_changed_limits() {
    let h = node();
    let path = format!("{POD}/cri-containerd-{ID}.scope");
    container(&h, POD, "");
    container(&h, &path, "");
    // Ticks far enough apart that all changes below fall between two of them.
    let config = fgm_recorder::Config { interval: std::time::Duration::from_millis(500), ..h.config() };
    let run = common::Running::start(config);
    run.pass(1);
    let killed = "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 0\n";
    h.cgroup(&format!("{path}/memory.events"), killed);
    h.cgroup(&format!("{POD}/memory.events"), killed);
    h.cgroup(&format!("{path}/memory.max"), "3000000\n");
    let changed = run.pass(2);
    let r = run.stop();
    let kills = r.events(EventKind::OomKill);
    assert_eq!(kills.len(), 1, "{kills:?}");
    assert_eq!(kills[0].about.container_id.as_deref(), Some(ID));
    assert_eq!((kills[0].value_before, kills[0].value_after), (Some(0.0), Some(2.0)));
    let rows = r.of_path(&path);
    assert!(rows.iter().filter(|x| x.tick_no >= changed).all(|x| x.value("memory_max_bytes") == Some(3e6)));
    assert_eq!(rows[0].value("memory_max_bytes"), Some(2e6));
}

/// REC-3: crun's limits and throttling come from its sub-cgroup, whose processes are the container's.
#[test]
fn crun_is_one_subject() {
    let h = node();
    let path = format!("/machine.slice/libpod-{ID}.scope");
    container(&h, &path, "");
    h.cgroup(&format!("{path}/cpu.max"), "max 100000\n");
    h.cgroup(&format!("{path}/memory.max"), "max\n");
    container(&h, &format!("{path}/container"), "100\n");
    h.cgroup(
        &format!("{path}/container/cpu.stat"),
        "usage_usec 9\nnr_periods 778\nnr_throttled 762\nthrottled_usec 59098532\n",
    );
    h.process(100, "app", 50, 0);
    let run = h.start();
    run.pass(2);
    let r = run.stop();
    let row = r.of_path(&path).pop().unwrap();
    assert_eq!((row.value("cpu_quota_cores"), row.value("cpu_quota_unlimited")), (Some(0.5), Some(0.0)));
    assert_eq!(row.value("cpu_throttled_periods_total"), Some(762.0));
    assert_eq!(row.value("memory_max_bytes"), Some(2e6));
    assert_eq!(row.value("cpu_usage_usec_total"), Some(1000.0), "counters are the scope's");
    assert_eq!(row.value("process_count"), Some(1.0));
    assert!(r.of_path(&format!("{path}/container")).is_empty());
    assert_eq!(r.of_pid(100)[0].text("cgroup_path"), Some(path.as_str()));
}

/// REC-3: a reused pid is another process; exec keeps the series and changes its names.
#[test]
fn pids_are_reused_and_programs_change() {
    let h = node();
    let path = format!("/docker/{ID}");
    container(&h, &path, "100\n101\n");
    h.process(100, "old", 50, 900);
    h.process(101, "sh", 51, 5);
    let run = h.start();
    run.pass(2);
    h.process(100, "new", 70, 1);
    h.process(101, "python", 51, 6);
    run.pass(2);
    let r = run.stop();
    let rows = r.of_pid(100);
    let (first, last) = (&rows[0], rows.last().unwrap());
    assert_ne!(first.series, last.series);
    assert_eq!((first.text("comm"), last.text("comm")), (Some("old"), Some("new")));
    let fresh = rows.iter().find(|x| x.series == last.series).unwrap();
    assert_eq!(fresh.value("cpu_usage_millicores"), None, "nothing to compare with");
    let rows = r.of_pid(101);
    assert_eq!(rows[0].series, rows.last().unwrap().series);
    assert_eq!(rows.last().unwrap().text("exe"), Some("/usr/bin/python"));
    assert_eq!(rows.last().unwrap().text("cmdline"), Some("python --flag"));
}

/// REC-1: a host without containers shows everything instead, and containers that come later are shown as such.
#[test]
fn nothing_to_see_falls_back_to_everything() {
    let h = node();
    h.cgroup("system.slice/ssh.service/cgroup.procs", "100\n");
    h.cgroup("system.slice/cgroup.procs", "");
    h.process(100, "sshd (main)", 50, 0);
    let run = h.start();
    run.pass(2);
    container(&h, &format!("/docker/{ID}"), "");
    run.pass(2);
    let r = run.stop();
    assert_eq!(r.of_path("/system.slice/ssh.service")[0].text("subject_kind"), Some("service"));
    assert_eq!(r.of_path("/system.slice")[0].text("subject_kind"), Some("slice"));
    assert_eq!(r.of_path("/")[0].text("subject_kind"), Some("root"));
    assert_eq!(r.of_path(&format!("/docker/{ID}"))[0].text("subject_kind"), Some("container"));
    assert_eq!(r.of_pid(100)[0].text("comm"), Some("sshd (main)"));
    assert_eq!(r.of_pid(1)[0].text("cgroup_path"), Some("/"));
    assert!(r.of_pid(2).is_empty(), "kernel threads are not recorded");
    assert_eq!(r.of_path("/")[0].value("process_count"), Some(1.0));
}

/// REC-1: `services` records services and slices, and containers' processes under them.
#[test]
fn services_only() {
    let h = node();
    let path = format!("/system.slice/docker-{ID}.scope");
    container(&h, &path, "100\n");
    h.process(100, "x", 50, 0);
    h.cgroup("system.slice/cgroup.procs", "");
    let run = common::Running::start(fgm_recorder::Config { scope: Scope::Services, ..h.config() });
    run.pass(2);
    let r = run.stop();
    assert!(r.of_path(&path).is_empty() && r.of_path("/").is_empty());
    assert_eq!(r.of_pid(100)[0].text("cgroup_path"), Some("/system.slice"));
}

/// REC-9: hostile names, garbled files, unreadable files and vanished pids cost cells, never ticks.
#[test]
fn a_host_that_bites() {
    let h = node();
    let path = format!("/docker/{ID}");
    container(&h, &path, "100\n101\nxx\n999\n0\n");
    h.cgroup("docker/a\u{1b}[31m\nb =%s/cgroup.procs", "102\n");
    h.process(100, ") ) S 1 (", 50, 0);
    h.process(102, "ok", 50, 0);
    h.proc("101/stat", "101 (half");
    h.cgroup(&format!("{path}/cpu.stat"), "\u{0}\u{0}garbage 99999999999999999999999\n");
    h.cgroup(&format!("{path}/memory.current"), "-5\n");
    std::fs::create_dir_all(h.cgroup_root().join(format!("docker/{ID}/memory.peak"))).unwrap();
    let run = common::Running::start(fgm_recorder::Config { scope: Scope::All, ..h.config() });
    run.pass(3);
    let r = run.stop();
    let row = r.of_path(&path).pop().unwrap();
    assert_eq!((row.value("cpu_usage_usec_total"), row.value("memory_current_bytes")), (None, None));
    assert_eq!(row.value("memory_max_bytes"), Some(2e6), "the others are there");
    assert_eq!(r.of_pid(100)[0].text("comm"), Some(") ) S 1 ("));
    assert!(r.of_pid(101).is_empty() && r.of_pid(999).is_empty());
    assert_eq!(r.of_path("/docker/a\u{1b}[31m\nb =%s")[0].value("process_count"), Some(1.0));
    let node = r.rows(Table::Node);
    assert!(node.last().unwrap().value("recorder_read_errors_total") > Some(0.0));
}

/// REC-7: names from kubelet's log directory come without holding up a tick, to the container and its processes.
#[test]
fn names_are_learnt_late() {
    let h = node();
    let path = format!("{POD}/cri-containerd-{ID}.scope");
    container(&h, &path, "100\n");
    h.process(100, "app", 50, 0);
    let logs = h.dir.path().join("host/var/log/containers");
    std::fs::create_dir_all(&logs).unwrap();
    std::fs::write(logs.join(format!("web-0_prod_app-{ID}.log")), "").unwrap();
    let run = h.start();
    run.pass(6);
    let r = run.stop();
    let row = r.of_path(&path).pop().unwrap();
    assert_eq!((row.text("pod_name"), row.text("namespace")), (Some("web-0"), Some("prod")));
    let p = r.of_pid(100).pop().unwrap();
    assert_eq!((p.text("container_name"), p.text("pod_name")), (Some("app"), Some("web-0")));
}
