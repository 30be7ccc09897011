//! What is known of containers: the table `identities`, and names that reach every row.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{FakeHost, Recording, Running, Seen};
use fgm::event::EventKind;
use fgm::metric::Table;
use fgm::store::tick::LabelValue;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ID2: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const UID: &str = "303cf9c5ca21986f571896128cab794d";

fn pod_path() -> String {
    format!("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID}.slice")
}

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "systemd", 5, 10);
    h
}

fn container(h: &FakeHost, path: &str, pids: &str) {
    h.cgroup(&format!("{path}/cgroup.procs"), pids);
    h.cgroup(&format!("{path}/memory.current"), "1000000\n");
}

fn host_file(h: &FakeHost, path: &str, text: &str) {
    let path = h.dir.path().join("host").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // As runtimes do: whole or not at all.
    fs::write(path.with_extension("new"), text).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
}

fn until(run: &Running, mut done: impl FnMut(&Recording) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done(&run.so_far()) {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn identities(r: &Recording, path: &str) -> Vec<Seen> {
    let rows = r.rows(Table::Identities);
    rows.into_iter().filter(|row| row.text("cgroup_path") == Some(path)).collect()
}

/// REC-7: a row with what the path tells, one when the runtime has told more, one when the container has ended with
/// exit code and time; unknown is null; each fact says its source.
#[test]
fn what_is_known_has_rows() {
    let h = node();
    let path = format!("/system.slice/docker-{ID}.scope");
    container(&h, &path, "");
    let run = h.start();
    until(&run, |r| !identities(r, &path).is_empty());
    let state = |state: &str| {
        format!(
            r#"{{"Name":"/web","RestartCount":2,"Created":"2026-11-20T15:49:43Z","State":{state},
            "Config":{{"Image":"busybox:latest","Labels":{{"tier":"front"}}}}}}"#
        )
    };
    let file = format!("var/lib/docker/containers/{ID}/config.v2.json");
    host_file(&h, &file, &state(r#"{"Running":true,"ExitCode":0,"StartedAt":"2026-11-20T15:49:54Z"}"#));
    until(&run, |r| identities(r, &path).len() > 1);
    host_file(&h, &file, &state(r#"{"Running":false,"ExitCode":137,"FinishedAt":"2026-11-20T15:50:00Z"}"#));
    let ended = run.pass(1);
    h.remove_cgroup(&path);
    until(&run, |r| identities(r, &path).iter().any(|row| row.value("exit_code").is_some()));
    let r = run.stop();
    let rows = identities(&r, &path);
    let first = &rows[0];
    for unknown in ["container_name", "namespace", "pod_name", "image", "labels", "sources"] {
        assert_eq!(first.label(unknown), &LabelValue::Null, "{unknown}");
    }
    assert_eq!((first.text("runtime"), first.text("container_id")), (Some("docker"), Some(ID)));
    assert_eq!(first.value("exit_code"), None);
    let second = &rows[1];
    assert_eq!((second.text("container_name"), second.text("image")), (Some("web"), Some("busybox:latest")));
    assert_eq!(second.text("labels"), Some(r#"{"tier":"front"}"#));
    let sources: serde_json::Value = serde_json::from_str(second.text("sources").unwrap()).unwrap();
    assert_eq!(sources["image"], "docker_state");
    assert_eq!(second.value("started"), Some(1_795_189_794_000_000.0));
    assert_eq!((second.value("exit_code"), second.value("restart_count")), (None, Some(2.0)));
    let last = rows.last().unwrap();
    assert_eq!(
        (last.value("exit_code"), last.value("finished")),
        (Some(137.0), Some(1_795_189_800_000_000.0))
    );
    assert_eq!(last.text("container_name"), Some("web"), "what was known stays known");
    let seen = r.of_path(&path);
    assert_eq!(last.value("last_seen"), Some(r.tick_of(seen.last().unwrap().tick_no) as f64));
    assert_eq!(last.value("first_seen"), Some(r.tick_of(seen[0].tick_no) as f64));
    assert!(seen.last().unwrap().tick_no >= ended - 1);
    // Nobody would know what the rows of a series mean that was not ended.
    let series: Vec<_> = r.ticks.iter().flat_map(|t| &t.ended).filter(|e| e.0 == Table::Identities).collect();
    assert_eq!(series.len(), r.rows(Table::Identities).len());
}

/// REC-7, REC-8: a name learnt late reaches the container, its processes and its devices, and a container that takes
/// another's place in its pod is a restart.
#[test]
fn names_reach_all_and_restarts_are_told() {
    let h = node();
    let path = |id: &str| format!("{}/cri-containerd-{id}.scope", pod_path());
    container(&h, &pod_path(), "");
    container(&h, &path(ID), "100\n");
    h.cgroup(&format!("{}/io.stat", path(ID)), "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n");
    h.process(100, "app", 50, 0);
    let run = h.start();
    run.pass(1);
    let link = |id: &str, n: u32| {
        let dir = h.dir.path().join("host/var/log/containers");
        fs::create_dir_all(&dir).unwrap();
        let target = format!("/var/log/pods/default_web-node1_{UID}/app/{n}.log");
        std::os::unix::fs::symlink(target, dir.join(format!("web-node1_default_app-{id}.log"))).unwrap();
    };
    host_file(&h, &format!("var/log/pods/default_web-node1_{UID}/app/0.log"), "");
    link(ID, 0);
    until(&run, |r| r.of_path(&path(ID)).last().is_some_and(|row| row.text("pod_name").is_some()));
    h.remove_cgroup(&path(ID));
    container(&h, &path(ID2), "");
    link(ID2, 1);
    until(&run, |r| !r.events(EventKind::Restart).is_empty());
    let r = run.stop();
    let named = |row: &Seen| {
        (row.text("namespace").map(str::to_owned), row.text("container_name").map(str::to_owned))
    };
    let names = (Some("default".to_owned()), Some("app".to_owned()));
    assert_eq!(named(&r.of_pid(100).pop().unwrap()), names);
    let mut devices = r.rows(Table::Disks).into_iter().filter(|row| row.text("container_id") == Some(ID));
    assert_eq!(named(&devices.next_back().unwrap()), names);
    let pod = r.of_path(&pod_path()).pop().unwrap();
    assert_eq!((pod.text("pod_name"), pod.text("namespace")), (Some("web-node1"), Some("default")));
    let restarts = r.events(EventKind::Restart);
    assert_eq!(restarts.len(), 1, "{restarts:?}");
    let e = &restarts[0];
    assert_eq!((e.value_before, e.value_after), (Some(0.0), Some(1.0)));
    assert_eq!(
        (e.about.pod_name.as_deref(), e.about.container_id.as_deref()),
        (Some("web-node1"), Some(ID2))
    );
    assert_eq!(e.detail.as_deref(), Some(format!(r#"{{"previous_container_id":"{ID}"}}"#).as_str()));
    let stop = r.events(EventKind::SubjectStop).remove(0);
    assert_eq!(stop.about.container_name.as_deref(), Some("app"), "events bear names");
}

/// REC-9: what a filter leaves out is not recorded, nor are its processes; while it is not known whether it should be,
/// it is; leaving something out is no end of it.
#[test]
fn filters() {
    let h = node();
    let (front, back) = (format!("/docker/{ID}"), format!("/docker/{ID2}"));
    container(&h, &pod_path(), "");
    container(&h, &front, "100\n");
    container(&h, &back, "200\n");
    h.process(100, "front", 50, 0);
    h.process(200, "back", 50, 0);
    let exclude = vec!["name:front".parse().unwrap(), "qos:burstable".parse().unwrap()];
    let run = Running::start(fgm_recorder::Config { exclude, ..h.config() });
    until(&run, |r| !r.of_pid(100).is_empty());
    for (id, name) in [(ID, "front"), (ID2, "back")] {
        let file = format!("var/lib/docker/containers/{id}/config.v2.json");
        host_file(&h, &file, &format!(r#"{{"Name":"/{name}"}}"#));
    }
    until(&run, |r| r.of_path(&back).last().is_some_and(|row| row.text("container_name").is_some()));
    let later = run.pass(3);
    let r = run.stop();
    let recorded = |rows: Vec<Seen>| rows.iter().any(|row| row.tick_no > later);
    assert!(recorded(r.of_path(&back)) && recorded(r.of_pid(200)));
    assert!(!recorded(r.of_path(&front)) && !recorded(r.of_pid(100)));
    assert!(r.of_path(&pod_path()).is_empty(), "its path tells its QoS class");
    assert!(r.events(EventKind::SubjectStop).is_empty() && r.events(EventKind::ProcessStop).is_empty());
    let ended: Vec<_> = r.ticks.iter().flat_map(|t| &t.ended).map(|e| e.0).collect();
    assert!(ended.contains(&Table::Containers) && ended.contains(&Table::Processes));
}

/// REC-9: --include keeps what matches one filter.
#[test]
fn only_what_is_included() {
    let h = node();
    let path = format!("{}/cri-containerd-{ID}.scope", pod_path());
    container(&h, &pod_path(), "");
    container(&h, &path, "");
    container(&h, &format!("/docker/{ID2}"), "");
    let include = vec!["ns:nowhere".parse().unwrap(), "qos:burstable kind:pod".parse().unwrap()];
    host_file(&h, &format!("var/log/pods/default_web-node1_{UID}/app/0.log"), "");
    host_file(&h, &format!("var/log/containers/web-node1_default_app-{ID}.log"), "");
    host_file(&h, &format!("var/lib/docker/containers/{ID2}/config.v2.json"), r#"{"Name":"/web"}"#);
    let run = Running::start(fgm_recorder::Config { include, ..h.config() });
    until(&run, |r| r.ticks.last().is_some_and(|t| t.tables[Table::Containers as usize].len() == 1));
    let last = run.pass(2);
    let r = run.stop();
    let rows = r.rows(Table::Containers);
    let kinds: Vec<_> =
        rows.iter().filter(|row| row.tick_no >= last).map(|row| row.text("subject_kind")).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|k| *k == Some("pod")), "{kinds:?}");
}

/// REC-9: what no source can ever tell is absent, not awaited for ever; a path may be asked for by name, of whatever.
#[test]
fn filters_by_label_and_path() {
    let h = node();
    let (front, back) = (format!("/docker/{ID}"), format!("/machine/{ID2}"));
    container(&h, &front, "");
    container(&h, &back, "");
    host_file(&h, &format!("var/lib/docker/containers/{ID}/config.v2.json"), r#"{"Name":"/front"}"#);
    let include = vec!["label:app=web".parse().unwrap(), "path:/mach*".parse().unwrap()];
    let run = Running::start(fgm_recorder::Config { include, ..h.config() });
    until(&run, |r| r.ticks.last().is_some_and(|t| t.tables[Table::Containers as usize].len() == 1));
    let last = run.pass(2);
    let r = run.stop();
    let late = |path: &str| r.of_path(path).iter().filter(|row| row.tick_no >= last).count();
    assert!(late(&back) > 0 && late(&front) == 0);
}
