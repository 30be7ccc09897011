//! From the kernel to the query: a cgroup of the test's own burns CPU for five seconds, and the recorded series shows
//! that burn at the right seconds and of the right height.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fgm::metric::{Metric, Table};
use fgm::query::model::WindowQuery;
use fgm::query::{Cancel, Engine};
use fgm::time::{Micros, SECOND, TimeRange};
use fgm_recorder::{Config, Scope, StopHandle, record};

/// A cgroup in every hierarchy that accounts CPU, removed when dropped.
struct Cgroup {
    name: String,
    dirs: Vec<PathBuf>,
}

impl Cgroup {
    fn create() -> Cgroup {
        let name = format!("fgm-test-burn-{}", std::process::id());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let mount = |line: &str| -> Option<PathBuf> {
            let (left, right) = line.split_once(" - ")?;
            let mut right = right.split(' ');
            let (kind, options) = (right.next()?, right.nth(1)?);
            let counts_cpu = options.split(',').any(|o| o == "cpu" || o == "cpuacct");
            let point = left.split(' ').nth(4)?;
            (kind == "cgroup2" || kind == "cgroup" && counts_cpu).then(|| fs::canonicalize(point).unwrap())
        };
        // cpu and cpuacct may be one hierarchy under two names.
        let mounts: BTreeSet<PathBuf> = mounts.lines().filter_map(mount).collect();
        let dirs: Vec<PathBuf> = mounts.into_iter().map(|m| m.join(&name)).collect();
        for d in &dirs {
            fs::create_dir(d).unwrap();
        }
        Cgroup { name: format!("/{name}"), dirs }
    }

    /// CPU time in µs as the kernel counts it.
    fn usage(&self) -> i64 {
        let v1 = self.dirs.iter().find_map(|d| fs::read_to_string(d.join("cpuacct.usage")).ok());
        if let Some(ns) = v1 {
            return ns.trim().parse::<i64>().unwrap() / 1000;
        }
        let stat = self.dirs.iter().find_map(|d| fs::read_to_string(d.join("cpu.stat")).ok()).unwrap();
        stat.lines().find_map(|l| l.strip_prefix("usage_usec ")).unwrap().parse().unwrap()
    }

    fn burn(&self) -> Child {
        let enter = self.dirs.iter().map(|d| format!("echo $$ > {}/cgroup.procs", d.display()));
        let enter = enter.collect::<Vec<_>>().join("; ");
        let script = format!("{enter}; while :; do :; done");
        Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).spawn().unwrap()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for dir in &self.dirs {
            for _ in 0..50 {
                if fs::remove_dir(dir).is_ok() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn now() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

/// REC-1, REC-3, QRY-2: the burn is found in the queried series, when it was and as high as it was.
#[test]
fn a_burn_is_found_where_it_was_and_as_high_as_it_was() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: making a cgroup needs root");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = Config { output_dir: dir.path().to_owned(), scope: Scope::All, ..Config::default() };
    let stop = StopHandle::new();
    let recorder = {
        let (config, stop) = (config.clone(), stop.clone());
        std::thread::spawn(move || record(&config, &stop).unwrap())
    };
    let cgroup = Cgroup::create();
    std::thread::sleep(Duration::from_secs(3));

    let (began, before) = (now(), cgroup.usage());
    let mut child = cgroup.burn();
    std::thread::sleep(Duration::from_secs(5));
    child.kill().unwrap();
    child.wait().unwrap();
    let (ended, burnt) = (now(), cgroup.usage() - before);
    std::thread::sleep(Duration::from_secs(3));

    let engine = Engine::open(&[dir.path().to_owned()]).unwrap();
    assert!(engine.overview().live, "the open segment is enough");
    let range = TimeRange::new(began - 3 * SECOND, ended + 3 * SECOND);
    let subjects = engine.subjects(Table::Containers, range).unwrap();
    let subject = subjects.iter().find(|s| s.text("cgroup_path") == Some(&cgroup.name)).unwrap();
    let metric = Metric::find(Table::Containers, "cpu_usage_millicores").unwrap();
    let query = WindowQuery {
        metric,
        subjects: vec![subject.key()],
        range,
        columns: (range.width() / (SECOND / 10)) as usize,
    };
    let answer = engine.window(&query, &Cancel::default()).unwrap();
    stop.stop();
    recorder.join().unwrap();
    drop(cgroup);

    // Each reading tells of the second before it.
    let readings: Vec<(Micros, f64)> = (0i64..)
        .zip(&answer.series[0].1.columns)
        .filter_map(|(i, b)| Some((range.start + i * SECOND / 10, (*b)?.mean)))
        .collect();
    let total: f64 = readings.iter().map(|r| r.1).sum::<f64>() * 1000.0;
    assert!(
        (total - burnt as f64).abs() < 0.05 * burnt as f64,
        "{total} µs recorded, {burnt} µs burnt: {readings:?}"
    );
    let height = burnt as f64 / 1000.0 / ((ended - began) as f64 / SECOND as f64);
    assert!(height > 200.0, "the machine was too busy to burn anything: {height} millicores");
    for &(t, v) in &readings {
        let inside = t > began + SECOND + SECOND / 5 && t < ended - SECOND / 5;
        let outside = t < began - SECOND / 5 || t > ended + SECOND + SECOND / 5;
        assert!(
            !inside || v > 0.4 * height,
            "{v} millicores at {t}, within the burn of {height}: {readings:?}"
        );
        assert!(!outside || v < 0.05 * height, "{v} millicores at {t}, outside the burn: {readings:?}");
    }
    assert!(readings.iter().filter(|r| r.1 > 0.4 * height).count() >= 4, "{readings:?}");
}
