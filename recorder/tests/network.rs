//! REC-4: each network namespace once per tick, under the name of who owns it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{FakeHost, Recording, Running, Seen};
use fgm::metric::Table;
use fgm_recorder::{Config, Processes, Scope};

const UID: &str = "5ca25efd-ceac-1a16-3bb6-ce9c4ca8b39a";
const A: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const B: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

fn pod() -> String {
    format!("/kubepods/burstable/pod{UID}")
}

/// A pod of two containers in one namespace, a container in the host's, and the host.
fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("cgroup.procs", "1\n");
    for (path, pids) in [
        (pod(), ""),
        (format!("{}/{A}", pod()), "100\n101\n"),
        (format!("{}/{B}", pod()), "102\n"),
        (format!("/docker/{B}"), "200\n"),
    ] {
        h.cgroup(&format!("{path}/cgroup.procs"), pids);
        h.cgroup(&format!("{path}/memory.current"), "1\n");
    }
    h.process(1, "systemd", 5, 10);
    h.network(1, 9000, 77, &["lo", "eth0", "veth1"]);
    for pid in [100, 101, 102] {
        h.process(pid, "web", 50, 7);
        h.network(pid, 9001, 1000, &["lo", "eth0"]);
    }
    h.process(200, "agent", 50, 7);
    h.network(200, 9000, 77, &["lo", "eth0", "veth1"]);
    h
}

fn of_inode(r: &Recording, table: Table, inode: i64) -> Vec<Seen> {
    r.rows(table).into_iter().filter(|row| row.label("netns_inode").as_int() == Some(inode)).collect()
}

/// Ticks on which something was read; the one that tells of the end has only that.
fn sampled(r: &Recording) -> usize {
    r.rows(Table::Node).len()
}

/// REC-4: three processes of two containers share their pod's row; the host's own is recorded once, by name.
#[test]
fn a_namespace_has_one_row_and_an_owner() {
    let h = node();
    let run = h.start();
    run.pass(3);
    let r = run.stop();
    let ticks = sampled(&r);
    for (inode, interfaces) in [(9000, 3), (9001, 2)] {
        assert_eq!(of_inode(&r, Table::Netns, inode).len(), ticks);
        assert_eq!(of_inode(&r, Table::Interfaces, inode).len(), ticks * interfaces);
    }
    let own = &of_inode(&r, Table::Netns, 9001)[0];
    assert_eq!((own.text("subject_kind"), own.text("cgroup_path")), (Some("pod"), Some(&*pod())));
    assert_eq!((own.text("pod_uid"), own.text("container_id")), (Some(UID), None));
    assert_eq!(own.value("tcp_retransmits_total"), Some(1000.0));
    assert_eq!(own.value("tcp_listen_drops_total"), Some(5.0));
    assert_eq!(own.value("tcp_established"), None, "what the kernel does not say is null");
    let host = &of_inode(&r, Table::Netns, 9000)[0];
    assert_eq!((host.text("subject_kind"), host.text("cgroup_path")), (Some("node"), None));
    assert_eq!((host.text("node_name"), host.text("pod_uid")), (Some("node-1"), None));
    let eth0: Vec<_> = of_inode(&r, Table::Interfaces, 9001)
        .into_iter()
        .filter(|i| i.text("interface") == Some("eth0"))
        .collect();
    assert_eq!(eth0.len(), ticks);
    let names =
        ["receive_bytes_total", "receive_drops_total", "transmit_bytes_total", "transmit_drops_total"];
    assert_eq!(names.map(|n| eth0[0].value(n)), [1000.0, 4.0, 9.0, 12.0].map(Some));
}

/// REC-1, REC-4: when the process through which it is read ends, another one serves; with the last its rows end, and
/// a namespace that gets the same inode later is another series.
#[test]
fn a_namespace_lives_as_long_as_somebody_is_in_it() {
    let h = node();
    let run = h.start();
    run.pass(2);
    h.end_process(100);
    h.cgroup(&format!("{}/{A}/cgroup.procs", pod()), "101\n");
    run.pass(2);
    for pid in [101, 102] {
        h.end_process(pid);
    }
    for id in [A, B] {
        h.remove_cgroup(&format!("{}/{id}", pod()));
    }
    h.remove_cgroup(&pod());
    let gone = run.pass(2);
    let c = format!("/docker/{A}");
    h.process(300, "new", 90, 0);
    h.network(300, 9001, 3, &["lo"]);
    h.cgroup(&format!("{c}/memory.current"), "1\n");
    h.cgroup(&format!("{c}/cgroup.procs"), "300\n");
    run.pass(2);
    let r = run.stop();
    let rows = of_inode(&r, Table::Netns, 9001);
    let (old, new): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.text("pod_uid").is_some());
    assert!(old.len() >= 5 && old.last().unwrap().tick_no < gone);
    assert!(new.len() >= 2 && new.iter().all(|row| row.text("container_id") == Some(A)));
    assert_ne!(old[0].series, new[0].series);
    let ended: HashSet<_> = r.ticks.iter().flat_map(|t| &t.ended).filter(|e| e.0 == Table::Netns).collect();
    assert!(ended.contains(&(Table::Netns, old[0].series)));
}

/// REC-4: a runtime's helper joins the pod's namespace and then becomes the program; an interface that goes ends.
#[test]
fn a_process_that_changes_its_namespace_is_followed() {
    let h = node();
    h.process(400, "runc", 95, 0);
    h.network(400, 9000, 77, &["lo"]);
    h.cgroup(&format!("/docker/{A}/memory.current"), "1\n");
    h.cgroup(&format!("/docker/{A}/cgroup.procs"), "400\n");
    let run = h.start();
    run.pass(2);
    // The same start time, another program.
    h.network(400, 9400, 5, &["lo", "eth0"]);
    h.proc(
        "400/stat",
        "400 (app) S 1 1 1 0 -1 4194304 10 0 0 0 0 0 0 0 20 0 3 0 95 4096000 250 18446744073709551615 4096 9 77 0 0\n",
    );
    run.pass(2);
    h.network(400, 9400, 6, &["lo"]);
    let after = run.pass(2);
    let r = run.stop();
    let rows = of_inode(&r, Table::Interfaces, 9400);
    let last = rows.iter().rfind(|i| i.text("interface") == Some("eth0")).unwrap();
    assert!(last.tick_no < after && last.text("container_id") == Some(A));
    assert!(rows.iter().any(|i| i.tick_no >= after && i.text("interface") == Some("lo")));
}

/// REC-4: network is a node's and a pod's, so it does not depend on processes being recorded; REC-9: a namespace that
/// may not be looked at is counted and costs nothing else.
#[test]
fn without_process_rows_and_without_permission() {
    let h = node();
    let run = Running::start(Config { processes: Processes::None, ..h.config() });
    run.pass(2);
    let r = run.stop();
    assert!(r.rows(Table::Processes).is_empty());
    assert_eq!(of_inode(&r, Table::Netns, 9001).len(), sampled(&r));

    // What reading a link that one may not read gives cannot be made here as root; one that is no link is near it.
    let h = node();
    for pid in [100, 101, 102] {
        let link = h.dir.path().join(format!("proc/{pid}/ns/net"));
        std::fs::remove_file(&link).unwrap();
        std::fs::write(link, "").unwrap();
    }
    let run = h.start();
    run.pass(2);
    let r = run.stop();
    assert!(of_inode(&r, Table::Netns, 9001).is_empty());
    assert_eq!(of_inode(&r, Table::Netns, 9000).len(), sampled(&r));
    let errors = r.rows(Table::Node).last().unwrap().value("recorder_read_errors_total");
    assert_eq!(errors, Some(3.0), "once per process, not per tick");
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// REC-4: on the real kernel a descriptor that is kept goes on telling of the namespace in which it was opened.
#[test]
fn a_real_namespace() {
    // Processes that wait for their end: the shell's child inherits the pipe.
    let start = |script: &str| {
        Command::new("unshare")
            .args(["-n", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map(Killed)
    };
    let Ok(mut ours) = start("readlink /proc/self/ns/net; exec sleep 60") else {
        eprintln!("skipped: no unshare here");
        return;
    };
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(ours.0.stdout.take().unwrap()), &mut line)
        .unwrap();
    let Some(inode) = line.trim().strip_prefix("net:[").and_then(|l| l.strip_suffix(']')) else {
        eprintln!("skipped: no namespace can be made here (not root?)");
        return;
    };
    let inode: i64 = inode.parse().unwrap();
    let config = Config { interval: Duration::from_millis(200), scope: Scope::All, ..Config::default() };
    let run = Running::start(config);
    let began = run.pass(3);
    drop(ours);
    let gone = run.pass(2);
    let r = run.stop();
    let rows = of_inode(&r, Table::Interfaces, inode);
    let names: HashSet<_> = rows.iter().filter_map(|i| i.text("interface")).collect();
    assert!(names.contains("lo") && !names.contains("eth0"), "{names:?}");
    assert!(rows.iter().any(|i| i.tick_no >= began) && rows.iter().all(|i| i.tick_no < gone));
    let host: Vec<_> =
        r.rows(Table::Interfaces).into_iter().filter(|i| i.text("subject_kind") == Some("node")).collect();
    let of_host: HashSet<_> = host.iter().filter_map(|i| i.text("interface")).collect();
    let dev = std::fs::read_to_string("/proc/1/net/dev").unwrap();
    let expected = dev.lines().filter_map(|l| Some(l.split_once(':')?.0.trim())).collect();
    assert_eq!(of_host, expected);
}
