//! A small store written by hand: two containers and one process, known values on every tick.
#![allow(dead_code, clippy::unwrap_used, clippy::must_use_candidate, missing_docs, unreachable_pub)]

use std::path::Path;
use std::time::Duration;

use fgm::event::{Event, EventKind, Severity};
use fgm::identity::RunId;
use fgm::metric::{Table, containers, processes};
use fgm::store::manifest::RunInfo;
use fgm::store::retention::{Cap, OnFull};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::{Micros, SECOND};

/// 2026-11-20T12:00:00Z.
pub const START: Micros = 1_795_176_000 * SECOND;

pub fn run_info(run: &str) -> RunInfo {
    RunInfo {
        run_id: RunId::from_text(run).unwrap(),
        node_name: "n1".into(),
        cluster_name: None,
        interval: SECOND,
        recorder_version: "test".into(),
        git_revision: None,
        facts: serde_json::Map::new(),
    }
}

pub fn config(root: &Path) -> StoreConfig {
    StoreConfig {
        root: root.to_owned(),
        identifier: "n1".into(),
        rotation: Duration::from_secs(90),
        sync_every: Duration::from_secs(10),
        cap: Cap { max_bytes: None, on_full: OnFull::Stop },
        retention: None,
        compact: fgm::store::compact::Beside::No,
    }
}

pub fn open(root: &Path, run: &str) -> StoreWriter {
    StoreWriter::open(config(root), run_info(run), START).unwrap()
}

fn container_def(id: u32, path: &str) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[containers::label::node_name] = LabelValue::text("n1");
    labels[containers::label::subject_kind] = LabelValue::text("container");
    labels[containers::label::cgroup_path] = LabelValue::text(path);
    labels[containers::label::cgroup_inode] = LabelValue::Int(i64::from(id) + 100);
    SeriesDef { table: Table::Containers, id, labels }
}

pub fn process_def(id: u32, path: &str, pid: i64) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Processes.labels().len()];
    labels[processes::label::node_name] = LabelValue::text("n1");
    labels[processes::label::cgroup_path] = LabelValue::text(path);
    labels[processes::label::boot_id] = LabelValue::text("boot");
    labels[processes::label::pid] = LabelValue::Int(pid);
    labels[processes::label::start_ticks] = LabelValue::Int(pid * 10);
    labels[processes::label::comm] = LabelValue::text("worker");
    SeriesDef { table: Table::Processes, id, labels }
}

/// Bytes in memory of container `c` on tick `n`.
pub fn memory(c: u32, n: i64) -> i64 {
    i64::from(c) * 1_000_000 + n * 10
}

/// Tick number `n`: containers /a and /b, and process 7 in /b; defines the series when `n` is `first`.
pub fn tick(n: i64, first: i64) -> Tick {
    let mut t = Tick::default();
    t.reset(n, START + n * SECOND);
    if n == first {
        // /b before /a, so that sealing has something to sort.
        t.defs = vec![container_def(1, "/b"), container_def(2, "/a"), process_def(1, "/b", 7)];
        t.events.push(Event::of_recorder(t.tick, EventKind::RecorderStart, Severity::Info, "started"));
    }
    for c in [1, 2] {
        let mut row = t.rows_mut(Table::Containers).push(c, START + n * SECOND + i64::from(c));
        row.set(containers::memory_current_bytes, memory(c, n));
        row.set(containers::io_read_ops_total, n * 5);
        row.set_fixed(containers::cpu_usage_millicores, n as f64 / 10.0);
        row.set_bool(containers::memory_max_unlimited, c == 1);
    }
    let mut row = t.rows_mut(Table::Processes).push(1, START + n * SECOND + 9);
    row.set(processes::threads, 3);
    t
}

/// Appends ticks `from..to`.
pub fn fill(writer: &mut StoreWriter, from: i64, to: i64) {
    for n in from..to {
        writer.append(&tick(n, from)).unwrap();
    }
}
