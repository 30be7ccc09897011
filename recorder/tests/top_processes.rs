//! REC-6: `--processes top:N` records the biggest, counts the others, and says which it does.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use common::{FakeHost, Recording, Running};
use fgm::event::EventKind;
use fgm::metric::Table;
use fgm_recorder::{Config, Scope};

const PAGE: f64 = 4096.0;
/// Ticks after which a choice has been made for certain.
const CHOSEN: usize = 11;

/// Six processes in `/many` and one in `/one`; 106 has most memory, 103 has used most CPU.
fn node() -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpu memory\n");
    h.cgroup("many/cgroup.procs", "100\n101\n102\n103\n104\n105\n");
    h.cgroup("one/cgroup.procs", "106\n");
    for pid in 100..=106 {
        h.process(pid, "web", 50, 7);
    }
    h.stat(103, "web", 50, 500, 250);
    h.stat(106, "web", 50, 7, 9000);
    h
}

fn start(h: &FakeHost, processes: &str) -> Running {
    Running::start(Config { scope: Scope::All, processes: processes.parse().unwrap(), ..h.config() })
}

/// Pids with a row on a tick.
fn recorded(r: &Recording, tick_no: i64) -> Vec<i64> {
    let rows = r.rows(Table::Processes).into_iter().filter(|row| row.tick_no == tick_no);
    let mut pids: Vec<i64> = rows.map(|row| row.label("pid").as_int().unwrap()).collect();
    pids.sort_unstable();
    pids
}

/// REC-6: rows for the biggest, from the first tick on; the others are in the counts and in the sum of resident memory,
/// and what is not known of all processes of a container has no sum.
#[test]
fn only_the_biggest_have_rows() {
    let h = node();
    let run = start(&h, "top:1");
    run.pass(3);
    let r = run.stop();
    for tick in &r.ticks[..3] {
        assert_eq!(recorded(&r, tick.tick_no), [103, 106]);
    }
    let (many, one) = (r.of_path("/many"), r.of_path("/one"));
    for row in &many[1..] {
        assert_eq!(row.value("process_count"), Some(6.0));
        assert_eq!(row.value("memory_rss_bytes"), Some(6.0 * 250.0 * PAGE));
        assert_eq!((row.value("memory_pss_bytes"), row.value("open_files")), (None, None));
    }
    assert_eq!(many[0].value("memory_rss_bytes"), many[1].value("memory_rss_bytes"), "the first tick too");
    assert_eq!(one[2].value("memory_rss_bytes"), Some(9000.0 * PAGE));
    assert_eq!(one[2].value("memory_pss_bytes"), Some(600.0 * 1024.0), "all of its processes have rows");
}

/// REC-6: who leads is looked at again; a series that leaves ends, one that comes back is a new one, and neither is a
/// process that started or ended.
#[test]
fn the_biggest_change() {
    let h = node();
    let run = start(&h, "top:1");
    run.pass(2);
    h.stat(104, "web", 50, 900, 250);
    let second = run.pass(CHOSEN) + 10;
    h.stat(103, "web", 50, 5000, 250);
    let third = run.pass(CHOSEN) + 10;
    let r = run.stop();
    assert_eq!(recorded(&r, second), [104, 106]);
    assert_eq!(recorded(&r, third), [103, 106]);
    let mut series: Vec<_> = r.of_pid(103).iter().map(|row| row.series).collect();
    series.dedup();
    assert_eq!(series.len(), 2, "{series:?}");
    let ended: Vec<_> = r.ticks.iter().flat_map(|t| t.ended.iter().map(|e| (t.tick_no, *e))).collect();
    for row in r.rows(Table::Processes) {
        let end = ended.iter().find(|(_, e)| *e == (Table::Processes, row.series));
        assert!(end.is_none_or(|(at, _)| *at >= row.tick_no), "{row:?}");
    }
    assert_eq!(ended.len(), 2, "{ended:?}");
    let came_back = r.of_pid(103).into_iter().find(|row| row.series == series[1]).unwrap();
    assert_eq!(came_back.value("cpu_usage_millicores"), None, "a first reading");
    assert!(r.events(EventKind::ProcessStart).is_empty() && r.events(EventKind::ProcessStop).is_empty());
}

/// REC-6, REC-8: those without a row live and die all the same; a pid that is another's is another process, and a
/// program that is replaced keeps its process.
#[test]
fn the_others_live_too() {
    let h = node();
    let run = start(&h, "top:1");
    run.pass(2);
    h.cgroup("many/cgroup.procs", "100\n101\n102\n103\n104\n107\n");
    h.process(107, "new", 90, 0);
    h.stat(101, "other", 77, 0, 250);
    h.stat(102, "execd", 50, 7, 0);
    let after = run.pass(CHOSEN);
    let r = run.stop();
    let pids = |kind| {
        let mut pids: Vec<_> =
            r.events(kind).iter().map(|e| (e.pid.unwrap(), e.start_ticks.unwrap())).collect();
        pids.sort_unstable();
        pids
    };
    assert_eq!(pids(EventKind::ProcessStart), [(101, 77), (107, 90)]);
    assert_eq!(pids(EventKind::ProcessStop), [(101, 50), (105, 50)]);
    let row = r.of_path("/many").into_iter().find(|row| row.tick_no == after).unwrap();
    assert_eq!(row.value("process_count"), Some(6.0));
    assert_eq!(row.value("memory_rss_bytes"), Some(5.0 * 250.0 * PAGE), "a zombie has none");
}

/// REC-6: where there are fewer processes than may be recorded, all are, the new ones at once.
#[test]
fn a_small_host_is_recorded_whole() {
    let h = node();
    let run = start(&h, "top:10");
    run.pass(2);
    h.process(107, "new", 90, 0);
    h.cgroup("one/cgroup.procs", "106\n107\n");
    let at_once = run.pass(1);
    let later = run.pass(CHOSEN);
    let r = run.stop();
    let all: Vec<i64> = (100..=107).collect();
    assert_eq!((recorded(&r, at_once), recorded(&r, later)), (all.clone(), all));
    assert!(r.of_path("/one").last().unwrap().value("memory_pss_bytes").is_some());
}
