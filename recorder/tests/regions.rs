//! REC-2: the breakdown of memory by mapping, on request only.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::{FakeHost, Running};
use fgm::metric::Table;
use fgm_recorder::{Config, Scope};

fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "memory\n");
    h.cgroup("docker/cgroup.procs", "100\n101\n");
    for pid in [100, 101] {
        h.process(pid, "web", 50, 7);
        h.proc(
            &format!("{pid}/smaps"),
            "1000-2000 r--p 0 08:02 7   /lib/a\nSize: 8 kB\nRss: 4 kB\nPss: 2 kB\n\
             2000-3000 rw-p 0 08:02 7   /lib/a\nSize: 8 kB\nRss: 1 kB\nPss: 1 kB\n\
             3000-4000 rw-p 0 00:00 0\nSize: 9 kB\nRss: 9 kB\nPss: 9 kB\nSwap: 5 kB\n",
        );
    }
    h
}

/// REC-2: each process's mappings add up by name, once in 30 s; the same on another program of the same pid.
#[test]
fn regions_on_request() {
    let h = node();
    let run = Running::start(Config { scope: Scope::All, verbose_perf_risk: true, ..h.config() });
    run.pass(3);
    h.proc(
        "101/stat",
        "101 (new) S 1 1 1 0 -1 4194304 10 0 0 0 0 0 0 0 20 0 3 0 50 4096000 250 18446744073709551615 4096 9 77 0 0\n",
    );
    h.proc("101/smaps", "1000-2000 r--p 0 08:02 7   /lib/b\nSize: 8 kB\nRss: 4 kB\nPss: 2 kB\n");
    run.pass(2);
    let r = run.stop();
    let rows = r.rows(Table::Regions);
    let of = |pid: i64| rows.iter().filter(|x| x.label("pid").as_int() == Some(pid)).collect::<Vec<_>>();
    let names = |pid: i64| of(pid).iter().map(|x| x.text("region").unwrap()).collect::<Vec<_>>();
    assert_eq!(names(100), ["[anon]", "/lib/a"], "once in 30 s, the biggest first");
    assert_eq!(names(101), ["[anon]", "/lib/a", "/lib/b"]);
    let lib = of(100)[1];
    assert_eq!((lib.value("mappings"), lib.value("memory_virtual_bytes")), (Some(2.0), Some(16384.0)));
    assert_eq!((lib.value("memory_pss_bytes"), lib.value("memory_swap_bytes")), (Some(3072.0), None));
    assert_eq!((lib.text("comm"), lib.text("cgroup_path")), (Some("web"), Some("/docker")));
    assert_eq!(of(101)[2].text("comm"), Some("new"));
    let ended = r.ticks.iter().flat_map(|t| &t.ended).filter(|e| e.0 == Table::Regions).count();
    assert_eq!(ended, 2, "those of the program that is no more");
}

/// REC-2: without the flag there are none.
#[test]
fn no_regions_unasked() {
    let h = node();
    let run = Running::start(Config { scope: Scope::All, ..h.config() });
    run.pass(3);
    let r = run.stop();
    assert!(r.rows(Table::Regions).is_empty() && !r.rows(Table::Processes).is_empty());
}
