//! REC-2, REC-3, REC-4: open files, waiting for a CPU, and when a container's sums are whole.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{FakeHost, Running};
use fgm::metric::Table;
use fgm_recorder::{Config, Scope};

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "memory\n");
    h.cgroup("app/memory.current", "1\n");
    h.cgroup("app/cgroup.procs", "100\n101\n");
    h.process(100, "a", 50, 0);
    h.process(101, "b", 50, 0);
    h.proc("100/fd/0", "");
    h.proc("101/fd/0", "");
    h.proc("100/schedstat", "7000 5000 3\n");
    h.proc("101/schedstat", "0 0 0\n");
    h.proc("100/limits", "Limit Soft Hard Units\nMax open files 1024 4096 files\n");
    h
}

fn last_pss(h: &FakeHost) -> (Option<f64>, Option<f64>) {
    let run = Running::start(Config { scope: Scope::All, ..h.config() });
    run.pass(3);
    let row = run.stop().of_path("/app").pop().unwrap();
    (row.value("memory_pss_bytes"), row.value("memory_rss_bytes"))
}

/// REC-2: a container's PSS is the sum over its processes: zombies and those that end under the reader have none, one
/// that may not be read makes it unknown.
#[test]
fn a_sum_of_pss_is_whole_or_null() {
    const KIB: f64 = 1024.0;
    let h = node();
    assert_eq!(last_pss(&h), (Some(1200.0 * KIB), Some(2000.0 * KIB)));
    std::fs::remove_file(h.dir.path().join("proc/101/smaps_rollup")).unwrap();
    assert_eq!(last_pss(&h), (Some(600.0 * KIB), Some(2000.0 * KIB)), "gone between two reads");
    std::fs::create_dir(h.dir.path().join("proc/101/smaps_rollup")).unwrap();
    assert_eq!(last_pss(&h).0, None, "not to be read");
    h.proc("101/status", "Name:\tx\nState:\tZ (zombie)\n");
    assert_eq!(last_pss(&h), (Some(600.0 * KIB), Some(1000.0 * KIB)), "a zombie");
    std::fs::remove_file(h.dir.path().join("proc/100/smaps_rollup")).unwrap();
    assert_eq!(last_pss(&h), (None, Some(1000.0 * KIB)), "a kernel without the file");
}

/// REC-3, REC-4: what the kernel does not count is null.
#[test]
fn small_files_of_processes() {
    let h = node();
    let run = Running::start(Config { scope: Scope::All, ..h.config() });
    run.pass(2);
    let r = run.stop();
    let (a, b) = (r.of_pid(100).remove(0), r.of_pid(101).remove(0));
    assert_eq!(a.value("main_thread_run_delay_usec_total"), Some(5.0));
    assert_eq!(
        (a.value("main_thread_timeslices_total"), a.value("open_files_max")),
        (Some(3.0), Some(1024.0))
    );
    assert_eq!((b.value("main_thread_run_delay_usec_total"), b.value("open_files_max")), (None, None));
    assert_eq!(
        a.value("open_files"),
        None,
        "a directory's size elsewhere than in procfs is not a number of files"
    );
    assert_eq!(r.of_path("/app").remove(0).value("open_files"), None);
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// REC-4: on the real kernel the number of open files is that of the list, and containers add it up.
#[test]
fn real_open_files() {
    if std::fs::metadata("/proc/self/fd").unwrap().len() == 0 {
        eprintln!("skipped: this kernel does not count");
        return;
    }
    let script = "exec 3</dev/null 4</dev/null 5</dev/null 8</dev/null; exec sleep 60";
    let child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
    let child = Killed(child);
    let config = Config { interval: Duration::from_millis(200), scope: Scope::All, ..Config::default() };
    let run = Running::start(config);
    run.pass(3);
    let pid = child.0.id();
    let listed = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let r = run.stop();
    let row = r.of_pid(i64::from(pid)).pop().unwrap();
    assert!(listed >= 7);
    assert_eq!(row.value("open_files"), Some(listed as f64));
    assert!(row.value("open_files_max") > Some(0.0));
    let path = row.text("cgroup_path").unwrap().to_owned();
    let here = r.rows(Table::Processes).into_iter().filter(|p| p.tick_no == row.tick_no);
    let here: Vec<_> = here.filter(|p| p.text("cgroup_path") == Some(&*path)).collect();
    let whole = r.of_path(&path).into_iter().find(|c| c.tick_no == row.tick_no).unwrap();
    if let Some(sum) = whole.value("open_files") {
        let living = here.iter().filter(|p| p.value("memory_rss_bytes").is_some());
        let added: f64 = living.filter_map(|p| p.value("open_files")).sum();
        assert!((sum - added).abs() < 0.5, "{sum} {added}");
    }
}
