//! What happens on a host, as events.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::fs;
use std::io::Write as _;

use common::{FakeHost, Running};
use fgm::event::{Event, EventKind};
use fgm_recorder::{Config, Processes};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const UID: &str = "5ca25efd-ceac-1a16-3bb6-ce9c4ca8b39a";

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "systemd", 5, 10);
    fs::create_dir_all(h.dir.path().join("host/dev")).unwrap();
    h
}

fn path() -> String {
    format!("/kubepods/pod{UID}/{ID}")
}

fn container(h: &FakeHost, path: &str, pids: &str) {
    h.cgroup(&format!("{path}/cgroup.procs"), pids);
    h.cgroup(&format!("{path}/memory.max"), "2000000\n");
    kills(h, path, 0);
    cpu(h, path, 0, 0);
}

fn kills(h: &FakeHost, path: &str, n: u32) {
    h.cgroup(&format!("{path}/memory.events"), &format!("low 0\nhigh 0\nmax 9\noom 1\noom_kill {n}\n"));
}

fn cpu(h: &FakeHost, path: &str, periods: u32, throttled: u32) {
    let text = format!(
        "usage_usec 1000\nuser_usec 600\nsystem_usec 400\nnr_periods {periods}\nnr_throttled {throttled}\nthrottled_usec 0\n"
    );
    h.cgroup(&format!("{path}/cpu.stat"), &text);
}

fn detail(event: &Event) -> serde_json::Value {
    serde_json::from_str(event.detail.as_deref().unwrap()).unwrap()
}

/// REC-8: limits that change and throttling are told once, with the labels of whom they happened to.
#[test]
fn limits_and_throttling() {
    let h = node();
    container(&h, &path(), "");
    let run = h.start();
    run.pass(2);
    h.cgroup(&format!("{}/memory.max", path()), "max\n");
    cpu(&h, &path(), 10, 4);
    run.pass(2);
    cpu(&h, &path(), 20, 9);
    run.pass(2);
    let r = run.stop();
    let changes = r.events(EventKind::LimitChange);
    assert_eq!(changes.len(), 1, "{changes:?}");
    let e = &changes[0];
    assert_eq!((e.metric.as_deref(), e.unit.as_deref()), (Some("memory_max_bytes"), Some("bytes")));
    assert_eq!((e.value_before, e.value_after), (Some(2e6), None));
    assert_eq!((e.about.container_id.as_deref(), e.about.pod_uid.as_deref()), (Some(ID), Some(UID)));
    assert_eq!(e.about.subject_kind.as_deref(), Some("container"));
    assert!(e.message.ends_with("changed from 2000000 to unlimited"), "{}", e.message);
    let throttled = r.events(EventKind::ThrottlingStart);
    assert_eq!(throttled.iter().map(|e| e.value_after).collect::<Vec<_>>(), [Some(40.0)]);
    assert!(r.events(EventKind::ThrottlingStop).is_empty(), "ten seconds have not passed");
}

/// REC-8: what was being throttled when it ended is so no more, and that is told before its end.
#[test]
fn throttling_ends_with_the_subject() {
    let h = node();
    container(&h, &path(), "");
    let run = h.start();
    run.pass(2);
    cpu(&h, &path(), 10, 4);
    run.pass(2);
    h.remove_cgroup(&path());
    run.pass(2);
    let r = run.stop();
    let stops = r.events(EventKind::ThrottlingStop);
    assert_eq!(stops.iter().map(|e| e.value_before).collect::<Vec<_>>(), [Some(40.0)]);
    assert_eq!(stops[0].about.container_id.as_deref(), Some(ID));
    assert_eq!(r.events(EventKind::ThrottlingStart).len(), 1);
    assert_eq!(r.events(EventKind::SubjectStop).len(), 1);
}

/// REC-8: processes that come and go after the start are told, with pid, start time and name; not without processes.
#[test]
fn processes_come_and_go() {
    for processes in [Processes::All, Processes::None] {
        let h = node();
        container(&h, &path(), "100\n");
        h.process(100, "app", 50, 0);
        let run = Running::start(Config { processes, ..h.config() });
        run.pass(2);
        h.process(101, "child", 60, 0);
        h.cgroup(&format!("{}/cgroup.procs", path()), "100\n101\n");
        run.pass(2);
        h.cgroup(&format!("{}/cgroup.procs", path()), "100\n");
        h.end_process(101);
        run.pass(2);
        let r = run.stop();
        let (starts, stops) = (r.events(EventKind::ProcessStart), r.events(EventKind::ProcessStop));
        if processes == Processes::None {
            assert!(starts.is_empty() && stops.is_empty());
            continue;
        }
        assert_eq!((starts.len(), stops.len()), (1, 1), "{starts:?} {stops:?}");
        for e in [&starts[0], &stops[0]] {
            assert_eq!((e.pid, e.start_ticks), (Some(101), Some(60)));
            assert_eq!(
                (detail(e)["comm"].as_str(), e.about.container_id.as_deref()),
                (Some("child"), Some(ID))
            );
        }
    }
}

/// REC-8: the victim of an OOM kill is the one in the kernel's log, else the biggest process that was gone; else null.
#[test]
fn oom_victims() {
    let h = node();
    let kmsg = h.dir.path().join("host/dev/kmsg");
    fs::write(&kmsg, "").unwrap();
    container(&h, &path(), "100\n101\n");
    h.process(100, "app", 50, 0);
    h.process(101, "leak", 60, 0);
    let config = Config { interval: std::time::Duration::from_millis(500), ..h.config() };
    let run = Running::start(config);
    run.pass(1);
    let mut log = fs::OpenOptions::new().append(true).open(&kmsg).unwrap();
    let line = format!(
        "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg={0},task_memcg={0},task=leak,pid=101,uid=0\n\
         3,2,1,-;Memory cgroup out of memory: Killed process 101 (leak) total-vm:9000kB, anon-rss:5000kB, file-rss:100kB, shmem-rss:20kB, UID:0\n",
        path()
    );
    log.write_all(line.as_bytes()).unwrap();
    kills(&h, &path(), 1);
    h.cgroup(&format!("{}/cgroup.procs", path()), "100\n");
    h.end_process(101);
    run.pass(1);
    // Nothing is logged now.
    kills(&h, &path(), 2);
    h.cgroup(&format!("{}/cgroup.procs", path()), "");
    h.end_process(100);
    run.pass(1);
    kills(&h, &path(), 3);
    run.pass(1);
    let r = run.stop();
    let told = r.events(EventKind::OomKill);
    assert_eq!(told.iter().map(|e| e.pid).collect::<Vec<_>>(), [Some(101), Some(100), None]);
    assert_eq!(told.iter().map(|e| e.start_ticks).collect::<Vec<_>>(), [Some(60), Some(50), None]);
    assert_eq!(
        (detail(&told[0])["victim_source"].as_str(), told[0].value_after),
        (Some("kernel_log"), Some(1.0))
    );
    assert_eq!(detail(&told[0])["victim_rss_bytes"], 5120 * 1024, "what the kernel saw");
    assert_eq!(detail(&told[1])["victim_rss_bytes"], 1_024_000, "what was seen last");
    assert_eq!(detail(&told[1])["victim_source"], "vanished");
    assert_eq!(told[2].detail, None);
}

/// REC-8: a container that was gone with its counter before the next tick: its kill is told from the kernel's log, and
/// not once more for the pod that counted it too.
#[test]
fn a_kill_that_ends_the_container() {
    let h = node();
    let kmsg = h.dir.path().join("host/dev/kmsg");
    fs::write(&kmsg, "").unwrap();
    let pod = format!("/kubepods/pod{UID}");
    container(&h, &pod, "");
    container(&h, &path(), "100\n");
    h.process(100, "leak", 50, 0);
    let run = Running::start(Config { interval: std::time::Duration::from_millis(500), ..h.config() });
    run.pass(1);
    let line = format!(
        "6,1,1,-;oom-kill:oom_memcg={0},task_memcg={0},task=leak,pid=100,uid=0\n\
         3,2,1,-;Memory cgroup out of memory: Killed process 100 (leak) total-vm:9kB, anon-rss:5kB, file-rss:2kB, shmem-rss:1kB, UID:0\n",
        path()
    );
    fs::OpenOptions::new().append(true).open(&kmsg).unwrap().write_all(line.as_bytes()).unwrap();
    kills(&h, &pod, 1);
    h.remove_cgroup(&path());
    h.end_process(100);
    run.pass(2);
    let r = run.stop();
    let told = r.events(EventKind::OomKill);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].about.container_id.as_deref(), told[0].pid), (Some(ID), Some(100)));
    assert_eq!(told[0].value_after, None);
    assert_eq!(detail(&told[0])["victim_rss_bytes"], 8192);
}
