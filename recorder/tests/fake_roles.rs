//! Cgroups whose path alone does not say what they are: a pod's empty twin, containers of `ctr`, limits of those above.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::{FakeHost, Running};
use fgm::event::EventKind;
use fgm_recorder::{Config, Scope};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SLICE: &str =
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod303cf9c5ca21986f571896128cab794d.slice";
const TWIN: &str = "/kubepods/burstable/pod303cf9c5ca21986f571896128cab794d";

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("cgroup.procs", "");
    h
}

fn cgroup(h: &FakeHost, path: &str, pids: &str) {
    h.cgroup(&format!("{path}/cgroup.procs"), pids);
    h.cgroup(&format!("{path}/memory.current"), "1000000\n");
    h.cgroup(&format!("{path}/memory.events"), "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\n");
    h.cgroup(&format!("{path}/memory.stat"), "inactive_file 0\n");
    h.cgroup(&format!("{path}/memory.max"), "max\n");
    h.cgroup(&format!("{path}/cpu.max"), "max 100000\n");
    h.cgroup(&format!("{path}/cpu.stat"), "usage_usec 5\n");
}

/// REC-1: of a pod's two cgroups the one without containers is no subject; its processes are the other's. When the
/// containers turn out to be in the other one, that is the subject; two empty ones are one pod, too.
#[test]
fn a_pod_is_recorded_once() {
    let h = node();
    cgroup(&h, SLICE, "");
    cgroup(&h, TWIN, "100\n");
    cgroup(&h, &format!("{SLICE}/cri-containerd-{ID}.scope"), "");
    h.process(100, "stray", 50, 0);
    let run = h.start();
    run.pass(2);
    h.remove_cgroup(&format!("{SLICE}/cri-containerd-{ID}.scope"));
    let empty = run.pass(2);
    cgroup(&h, &format!("{TWIN}/{ID}"), "");
    let moved = run.pass(2);
    h.remove_cgroup(&format!("{TWIN}/{ID}"));
    h.remove_cgroup(SLICE);
    let alone = run.pass(2);
    let r = run.stop();
    let at = |path: &str| r.of_path(path).iter().map(|x| x.tick_no).collect::<Vec<_>>();
    let (slice, twin) = (at(SLICE), at(TWIN));
    assert!(slice[0] == 0 && slice.contains(&empty) && !slice.contains(&moved), "{slice:?}");
    assert!(twin[0] > empty && twin.contains(&moved) && twin.contains(&alone), "{twin:?}");
    assert!(slice.iter().all(|tick| !twin.contains(tick)), "never both: {slice:?} {twin:?}");
    let stray = r.of_pid(100);
    assert_eq!(stray[0].text("cgroup_path"), Some(SLICE));
    assert_eq!(stray.last().unwrap().text("cgroup_path"), Some(TWIN));
}

/// REC-1: pods of the same uid within different containers (nodes of kind) are different pods.
#[test]
fn nested_nodes_do_not_share_pods() {
    let h = node();
    let inside = |n: &str| format!("/docker/{}{SLICE}", n.repeat(32));
    cgroup(&h, &inside("a1"), "");
    cgroup(&h, &inside("b2"), "");
    let run = h.start();
    run.pass(2);
    let r = run.stop();
    assert!(!r.of_path(&inside("a1")).is_empty() && !r.of_path(&inside("b2")).is_empty());
}

/// REC-1: a cgroup `/<namespace>/<name>` is a container when containerd keeps a task of that name.
#[test]
fn containers_of_ctr() {
    for scope in [Scope::Containers, Scope::All] {
        let h = node();
        let tasks = h.dir.path().join("host/run/containerd/io.containerd.runtime.v2.task");
        std::fs::create_dir_all(tasks.join("k8s.io/t1")).unwrap();
        cgroup(&h, &format!("/docker/{ID}"), "");
        cgroup(&h, "/k8s.io/t1", "");
        cgroup(&h, "/k8s.io/t1/inner", "100\n");
        cgroup(&h, "/k8s.io/other", "");
        h.process(100, "app", 50, 0);
        let run = Running::start(Config { scope, ..h.config() });
        run.pass(4);
        std::fs::create_dir_all(tasks.join("k8s.io/t2")).unwrap();
        cgroup(&h, "/k8s.io/t2", "");
        run.pass(4);
        let r = run.stop();
        for name in ["t1", "t2"] {
            let row = r.of_path(&format!("/k8s.io/{name}")).pop().unwrap();
            assert_eq!(row.text("subject_kind"), Some("container"), "{scope:?}");
            assert_eq!((row.text("container_id"), row.text("runtime")), (Some(name), Some("containerd")));
            assert_eq!(row.value("memory_current_bytes"), Some(1e6));
            let rows = r.of_path(&format!("/k8s.io/{name}"));
            assert!(rows.iter().all(|x| x.series == rows[0].series), "one series: {scope:?}");
        }
        let other = r.of_path("/k8s.io/other");
        assert_eq!(other.is_empty(), scope == Scope::Containers, "nobody knows it");
        assert!(other.iter().all(|x| x.text("subject_kind") == Some("slice")));
        let process = r.of_pid(100).pop().unwrap();
        let within = if scope == Scope::All { "/k8s.io/t1/inner" } else { "/k8s.io/t1" };
        assert_eq!(process.text("cgroup_path"), Some(within));
        let started = r.events(EventKind::SubjectStart);
        assert!(
            started.iter().all(|e| e.about.cgroup_path.as_deref() != Some("/k8s.io/t1")),
            "was there before"
        );
        assert!(started.iter().any(|e| e.about.cgroup_path.as_deref() == Some("/k8s.io/t2")));
        assert!(
            r.events(EventKind::OomKill).iter().all(|e| e.about.cgroup_path.as_deref() != Some("/k8s.io/t1")),
            "kills of before the recorder are not told"
        );
    }
}

/// REC-2, REC-3: a container without limits of its own is bound by its pod's; its own columns stay as they are.
#[test]
fn limits_are_inherited() {
    let h = node();
    let path = format!("{SLICE}/cri-containerd-{ID}.scope");
    cgroup(&h, SLICE, "");
    cgroup(&h, &path, "");
    h.cgroup(&format!("{SLICE}/memory.max"), "4000000\n");
    h.cgroup(&format!("{SLICE}/cpu.max"), "50000 100000\n");
    let run = h.start();
    run.pass(2);
    h.cgroup(&format!("{path}/memory.max"), "2000000\n");
    h.cgroup(&format!("{path}/cpu.max"), "80000 100000\n");
    let tightened = run.pass(2);
    let r = run.stop();
    let rows = r.of_path(&path);
    let (first, last) = (&rows[0], rows.iter().find(|x| x.tick_no == tightened).unwrap());
    let memory = |x: &common::Seen| {
        ["memory_max_bytes", "memory_max_effective_bytes", "memory_percent_of_limit"].map(|c| x.value(c))
    };
    assert_eq!(memory(first), [None, Some(4e6), Some(25.0)]);
    assert_eq!(memory(last), [Some(2e6), Some(2e6), Some(50.0)]);
    let quota = |x: &common::Seen| ["cpu_quota_cores", "cpu_quota_effective_cores"].map(|c| x.value(c));
    assert_eq!(quota(first), [None, Some(0.5)]);
    assert_eq!(quota(last), [Some(0.8), Some(0.5)], "the pod's is tighter");
    assert_eq!(last.value("cpu_percent_of_limit"), Some(0.0));
}

/// REC-1: a podman pod below any `--cgroup-parent` is a pod as soon as something lies in it, and is its containers' pod.
#[test]
fn pods_of_podman_anywhere() {
    let h = node();
    let pod = ID.replace('0', "f");
    let container = format!("/jobs/{pod}/libpod-{ID}");
    cgroup(&h, &format!("/jobs/{pod}"), "");
    let run = h.start();
    run.pass(2);
    cgroup(&h, &container, "");
    cgroup(&h, &format!("/jobs/{ID}"), "");
    let later = run.pass(2);
    let r = run.stop();
    let last = |path: &str| r.of_path(path).into_iter().rfind(|row| row.tick_no >= later).unwrap();
    let row = last(&format!("/jobs/{pod}"));
    assert_eq!((row.text("subject_kind"), row.text("runtime")), (Some("pod"), Some("podman")));
    assert_eq!((row.text("container_id"), row.text("pod_uid")), (None, Some(&*pod)));
    let row = last(&container);
    assert_eq!((row.text("subject_kind"), row.text("container_id")), (Some("container"), Some(ID)));
    assert_eq!(row.text("pod_uid"), Some(&*pod));
    assert_eq!(
        last(&format!("/jobs/{ID}")).text("subject_kind"),
        Some("container"),
        "an empty one may be one"
    );
}
