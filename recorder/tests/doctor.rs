//! What `doctor` says of hosts that lack something.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may fall over")]

mod common;

use common::FakeHost;
use fgm_recorder::doctor::{Finding, Status, examine};
use fgm_recorder::{Config, Scope};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn find<'a>(all: &'a [Finding], check: &str) -> &'a Finding {
    all.iter().find(|f| f.check == check).unwrap_or_else(|| panic!("no {check} in {all:#?}"))
}

/// REC-9: a v2 host with a container says so; what is not handed down, switched off or out of reach is missing, with
/// the reason and the way out.
#[test]
fn a_host_that_lacks_things() {
    let h = FakeHost::new();
    let out = tempfile::tempdir().unwrap();
    h.cgroup("cgroup.controllers", "cpu io memory\n");
    h.cgroup("cgroup.subtree_control", "cpu memory\n");
    h.cgroup("cgroup.procs", "1\n");
    let dir = format!("system.slice/docker-{ID}.scope");
    h.cgroup(&format!("{dir}/cgroup.procs"), "7\n");
    h.cgroup(&format!("{dir}/memory.current"), "4096\n");
    h.process(1, "init", 5, 0);
    h.process(7, "web", 9, 0);
    let config = Config { output_dir: out.path().join("new/store"), ..h.config() };
    let all = examine(&config);
    for (check, status, part) in [
        ("cgroup", Status::Ok, "v2 at"),
        ("controller-cpu", Status::Ok, "v2 at"),
        ("controller-io", Status::Missing, "subtree_control"),
        ("controller-pids", Status::Missing, "not mounted"),
        ("psi-node", Status::Missing, "pressure/cpu does not exist"),
        ("psi-cgroups", Status::Missing, "cpu.pressure does not exist"),
        ("containers", Status::Ok, "1 of docker; 1 processes"),
        ("process-pss", Status::Ok, "all 2 processes"),
        ("process-io", Status::Ok, "all 2 processes"),
        ("output", Status::Ok, "new/store"),
        ("identity", Status::Note, "no names"),
    ] {
        let f = find(&all, check);
        assert_eq!(f.status, status, "{f}");
        assert!(f.text.contains(part), "{f}");
        assert_eq!(f.to_string().lines().count(), 1);
        let json = f.to_json();
        assert_eq!((json["check"].as_str(), json["status"].as_str()), (Some(check), Some(status.name())));
    }
    assert!(find(&all, "controller-io").remedy.is_some());
    assert!(!out.path().join("new").exists(), "nothing is created");
}

/// REC-9: without a cgroup file system and without a directory to write to there is an answer, too.
#[test]
fn a_host_that_lacks_everything() {
    let h = FakeHost::new();
    let file = h.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let all = examine(&Config { output_dir: file.join("store"), scope: Scope::All, ..h.config() });
    let f = find(&all, "cgroup");
    assert!(f.status == Status::Missing && f.text.contains("--cgroup-root"), "{f}");
    let f = find(&all, "output");
    assert!(
        f.status == Status::Missing && f.remedy.as_deref().is_some_and(|r| r.contains("--output-dir")),
        "{f}"
    );
    let f = find(&all, "hidepid");
    assert_eq!(f.status, Status::Missing, "{f}");
}
