//! The real kernel: a cgroup of our own, CPU burnt in it, and the recorder's view of it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::Running;
use fgm::event::EventKind;
use fgm_recorder::{Config, Scope};
use std::time::Duration;

/// A cgroup in the hierarchies that let us; removed at the end.
struct OwnCgroup {
    name: String,
    dirs: Vec<PathBuf>,
    children: Vec<Child>,
}

impl OwnCgroup {
    fn new(test: &str) -> Option<OwnCgroup> {
        OwnCgroup::within(test, &["cpu", "cpuacct", "memory", "pids", "unified"])
    }

    /// In these v1 hierarchies only, unless the host has v2 alone.
    fn within(test: &str, v1: &[&str]) -> Option<OwnCgroup> {
        let name = format!("fgm-test-{test}-{}", std::process::id());
        let root = Path::new("/sys/fs/cgroup");
        let v2 = root.join("cgroup.controllers").exists();
        let parents: Vec<PathBuf> =
            if v2 { vec![root.to_owned()] } else { v1.iter().map(|c| root.join(c)).collect() };
        let dirs: Vec<PathBuf> =
            parents.iter().map(|p| p.join(&name)).filter(|d| fs::create_dir(d).is_ok()).collect();
        if dirs.is_empty() {
            eprintln!("skipped: no cgroup can be made here (not root?)");
            return None;
        }
        Some(OwnCgroup { name, dirs, children: Vec::new() })
    }

    fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// Starts a shell that first moves into the cgroup.
    fn run(&mut self, script: &str) -> u32 {
        let mut enter = String::new();
        for dir in &self.dirs {
            enter.push_str("echo $$ > ");
            enter.push_str(&dir.display().to_string());
            enter.push_str("/cgroup.procs; ");
        }
        let child = Command::new("sh")
            .args(["-c", &format!("{enter} exec {script}")])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = child.id();
        self.children.push(child);
        pid
    }

    fn end_processes(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for OwnCgroup {
    fn drop(&mut self) {
        self.end_processes();
        for dir in &self.dirs {
            for _ in 0..50 {
                if fs::remove_dir(dir).is_ok() || !dir.exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn config() -> Config {
    Config { interval: Duration::from_millis(200), scope: Scope::All, ..Config::default() }
}

/// REC-1, REC-3: a burn in a new cgroup is found within a tick, at its height, and ends with the cgroup.
#[test]
fn a_burn_is_seen() {
    let before = Running::start(config());
    before.pass(2);
    let Some(mut own) = OwnCgroup::new("burn") else { return };
    let pid = own.run("sh -c 'while :; do :; done'");
    let began = before.pass(10);
    // What `cat` says between two ticks lies between their values.
    let usage = |o: &OwnCgroup| {
        o.dirs
            .iter()
            .find_map(|d| fs::read_to_string(d.join("cpuacct.usage")).ok()?.trim().parse::<f64>().ok())
    };
    let cat = usage(&own).map(|ns| ns / 1000.0);
    let looked = before.pass(1);
    own.end_processes();
    let path = own.path();
    drop(own);
    let gone = before.pass(2);
    let r = before.stop();
    let rows = r.of_path(&path);
    assert!(rows.len() >= 8, "{}", rows.len());
    assert!(rows.last().unwrap().tick_no < gone, "no row after its end");
    assert!(r.events(EventKind::SubjectStart).iter().any(|e| e.about.cgroup_path.as_deref() == Some(&*path)));
    assert!(r.events(EventKind::SubjectStop).iter().any(|e| e.about.cgroup_path.as_deref() == Some(&*path)));
    let burning: Vec<_> = rows.iter().filter(|x| x.tick_no > began && x.tick_no <= looked).collect();
    let (Some(first), Some(last)) = (burning.first(), burning.last()) else {
        panic!("no rows while burning")
    };
    let (Some(a), Some(b)) = (first.value("cpu_usage_usec_total"), last.value("cpu_usage_usec_total")) else {
        eprintln!("no CPU controller here");
        return;
    };
    let cores = (b - a) / (last.time - first.time).max(1) as f64;
    assert!(cores > 0.2 && cores < 1.1, "one loop uses one CPU, or its share of a busy host: {cores}");
    if let Some(cat) = cat {
        let low =
            rows.iter().filter(|x| x.tick_no < looked - 1).filter_map(|x| x.value("cpu_usage_usec_total"));
        let high = rows.iter().filter(|x| x.tick_no > looked).filter_map(|x| x.value("cpu_usage_usec_total"));
        assert!(low.fold(0.0, f64::max) <= cat + 1.0);
        assert!(high.fold(f64::MAX, f64::min) >= cat - 1.0);
    }
    let p = r.of_pid(i64::from(pid));
    let hot = p.iter().filter_map(|x| x.value("cpu_percent_of_core")).fold(0.0, f64::max);
    assert!(hot > 20.0 && hot < 130.0, "{hot}");
    assert_eq!(p.last().unwrap().text("cgroup_path"), Some(&*path));
    assert!(p.iter().any(|x| x.value("memory_pss_bytes") > Some(0.0)));
}

/// REC-1: a process that moves is seen where it is on the next tick. v1 gives a reader that keeps its descriptor of
/// cgroup.procs a cached list for up to a second, which is what this test is about.
#[test]
fn membership_is_never_stale() {
    let Some(mut own) = OwnCgroup::within("move", &["memory"]) else { return };
    // Asked of the process: reading cgroup.procs here would refresh the kernel's list for everybody.
    let inside = |own: &OwnCgroup, pid: u32| {
        let at = || fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        while !at().contains(&own.name) {
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    let first = own.run("sleep 60");
    inside(&own, first);
    let r = Running::start(Config { interval: Duration::from_millis(100), ..config() });
    r.pass(5);
    let second = own.run("sleep 60");
    inside(&own, second);
    let seen = r.pass(1);
    let path = own.path();
    let r = r.stop();
    for pid in [first, second] {
        let row = r.of_pid(i64::from(pid)).into_iter().find(|x| x.tick_no >= seen).unwrap();
        assert_eq!(row.text("cgroup_path"), Some(&*path));
    }
    let row = r.of_path(&path).into_iter().find(|x| x.tick_no >= seen).unwrap();
    assert_eq!(row.value("process_count"), Some(2.0));
}

/// REC-2, REC-4: values agree with the kernel's files.
#[test]
fn values_agree_with_the_kernel() {
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let r = Running::start(config());
    r.pass(4);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id())).unwrap_or_default();
    let r = r.stop();
    let _ = child.kill();
    let _ = child.wait();
    let kib = |text: &str, key: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|k| k * 1024.0)
    };
    let rows = r.of_pid(i64::from(child.id()));
    let last = rows.last().unwrap();
    assert_eq!(last.text("comm"), Some("sleep"));
    assert_eq!(last.text("cmdline"), Some("sleep 60"));
    assert_eq!(last.value("memory_virtual_bytes"), kib(&status, "VmSize:"));
    assert_eq!(last.value("memory_rss_bytes"), kib(&status, "VmRSS:"));
    let pss = rows.iter().filter_map(|x| x.value("memory_pss_bytes")).next_back();
    if let (Some(pss), Some(kernel)) = (pss, kib(&rollup, "Pss:")) {
        assert!((pss - kernel).abs() <= kernel / 2.0 + 65536.0, "{pss} {kernel}");
    }
}

/// DESIGN, idle processes: a stat line that stands still does not prove that the other files do, so they are read on
/// every tick. This process does a little IO five times a second, far below one clock tick of CPU.
#[test]
fn a_process_that_looks_idle_is_read_in_full() {
    let script =
        r#"open F, "<", "/dev/zero"; while (1) { select(undef, undef, undef, 0.2); sysread F, $b, 10 }"#;
    let Ok(mut child) = Command::new("perl").args(["-e", script]).spawn() else {
        eprintln!("skipped: no perl here");
        return;
    };
    let r = Running::start(Config { interval: Duration::from_millis(500), ..config() });
    r.pass(5);
    let r = r.stop();
    let _ = child.kill();
    let _ = child.wait();
    let rows = r.of_pid(i64::from(child.id()));
    let same_cpu: Vec<_> = rows
        .windows(2)
        .filter(|w| w[0].value("cpu_usage_usec_total") == w[1].value("cpu_usage_usec_total"))
        .collect();
    assert!(!same_cpu.is_empty(), "this process used CPU on every tick");
    for w in same_cpu {
        let column = "io_read_chars_bytes_total";
        if w[0].value(column).is_none() {
            eprintln!("skipped: no permission to read io");
            return;
        }
        assert!(w[1].value(column) > w[0].value(column));
        let column = "main_thread_voluntary_switches_total";
        assert!(w[1].value(column) > w[0].value(column));
    }
}

/// REC-1: a cgroup that is removed and made again under its path between two ticks is another subject, although
/// neither its path nor its parent's number of children has changed.
#[test]
fn a_path_is_reused() {
    let Some(own) = OwnCgroup::new("reuse") else { return };
    let children: Vec<PathBuf> = own.dirs.iter().map(|d| d.join("child")).collect();
    for d in &children {
        fs::create_dir(d).unwrap();
    }
    let r = Running::start(Config { interval: Duration::from_millis(500), ..config() });
    r.pass(2);
    for _ in 0..3 {
        // Right after a tick, so that both fall between two.
        r.pass(1);
        for d in &children {
            fs::remove_dir(d).unwrap();
        }
        for d in &children {
            fs::create_dir(d).unwrap();
        }
        r.pass(2);
    }
    for d in &children {
        fs::remove_dir(d).unwrap();
    }
    let gone = r.pass(1);
    let path = format!("{}/child", own.path());
    let r = r.stop();
    let rows = r.of_path(&path);
    let mut lives: Vec<_> =
        rows.iter().map(|x| (x.series, x.label("cgroup_inode").as_int().unwrap())).collect();
    lives.dedup();
    assert_eq!(lives.len(), 4, "{lives:?}");
    lives.sort_by_key(|l| l.1);
    lives.dedup_by_key(|l| l.1);
    assert_eq!(lives.len(), 4, "inodes tell them apart");
    // A busy machine may lose ticks, and one may fall between removing and making.
    let taken = |from, to| r.ticks.iter().filter(|t| t.tick_no > from && t.tick_no < to).count();
    for w in rows.windows(2) {
        let skipped = taken(w[0].tick_no, w[1].tick_no);
        assert!(skipped <= usize::from(w[0].series != w[1].series), "on every tick there was one");
    }
    assert!(rows.last().unwrap().tick_no < gone);
    let ended = r.events(EventKind::SubjectStop);
    assert_eq!(ended.iter().filter(|e| e.about.cgroup_path.as_deref() == Some(&*path)).count(), 4);
}

/// REC-1: cgroups made below new cgroups, in whatever order, are found on the next tick, and so is their end.
#[test]
fn deep_trees_come_and_go() {
    let Some(own) = OwnCgroup::new("deep") else { return };
    let r = Running::start(config());
    r.pass(2);
    for _ in 0..3 {
        let deep: Vec<PathBuf> = own.dirs.iter().map(|d| d.join("a/b/c")).collect();
        for d in &deep {
            fs::create_dir_all(d).unwrap();
        }
        r.pass(2);
        for d in own.dirs.iter().flat_map(|d| ["a/b/c", "a/b", "a"].map(|p| d.join(p))) {
            fs::remove_dir(d).unwrap();
        }
        r.pass(2);
    }
    let end = r.pass(1);
    let path = format!("{}/a/b/c", own.path());
    let r = r.stop();
    let rows = r.of_path(&path);
    let series: std::collections::BTreeSet<_> = rows.iter().map(|x| x.series).collect();
    assert_eq!(series.len(), 3);
    assert!(rows.len() >= 6 && rows.last().unwrap().tick_no < end, "{}", rows.len());
}
