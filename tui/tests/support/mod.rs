//! Recordings made up for tests, written through the store itself.

// Each test binary uses its own part of this; clippy does not see that these are tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod busy;
pub mod foreign;
pub mod known;
pub mod pty;
pub mod session;
pub mod trouble;

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use fgm::identity::RunId;
use fgm::metric::containers::{self as c, label};
use fgm::metric::{Table, cpus, node};
use fgm::store::manifest::RunInfo;
use fgm::store::retention::{Cap, OnFull};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::{Micros, SECOND};

/// 2026-11-20T14:46:00Z.
pub const START: Micros = 1_795_185_960 * SECOND;

/// Containers of the made-up node; the last two have hostile names.
pub const CONTAINERS: [&str; 8] = [
    "checkout/app",
    "checkout/proxy",
    "frontend/app",
    "search/indexer",
    "search/api",
    "batch/worker",
    "evil\x1b[2J\x1b]0;x\x07/\u{202e}gpj",
    "日本語のとても長いポッド名前/コンテナ",
];

/// One run of `ticks` seconds from `start`. Container 3 is absent from tick 60 to 89; ticks 120 to 139 are missing
/// altogether; `pids_current` is unavailable from tick 30 to 49; container 1 has one spike, on tick 200.
pub fn record(root: &Path, start: Micros, ticks: i64) {
    finish(write(root, start, ticks), start + ticks * SECOND);
}

/// Five minutes in a directory of their own.
pub fn recording() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    record(dir.path(), START, 300);
    dir
}

/// Seals everything.
pub fn finish(writer: StoreWriter, now: Micros) {
    writer.finish(now).unwrap();
}

/// A store of one node, at 1 Hz and 90 s a file.
pub fn store(root: &Path, start: Micros) -> StoreWriter {
    store_of(root, "node-1", start)
}

/// The same of a node of this name.
pub fn store_of(root: &Path, node: &str, start: Micros) -> StoreWriter {
    let config = StoreConfig {
        root: root.to_owned(),
        identifier: node.into(),
        rotation: Duration::from_secs(90),
        sync_every: Duration::from_secs(1000),
        cap: Cap { max_bytes: None, on_full: OnFull::Stop },
        retention: None,
        compact: fgm::store::compact::Beside::No,
    };
    let run = RunInfo {
        run_id: RunId::from_text(&format!("0011223344556677{:04x}", node.len())).unwrap(),
        node_name: node.into(),
        cluster_name: None,
        interval: SECOND,
        recorder_version: "0".into(),
        git_revision: None,
        facts: serde_json::Map::default(),
    };
    StoreWriter::open(config, run, start).unwrap()
}

/// The same, left open as by a recorder at work.
pub fn write(root: &Path, start: Micros, ticks: i64) -> StoreWriter {
    let mut writer = store(root, start);
    let mut tick = Tick::default();
    for n in (0..ticks).filter(|n| !(120..140).contains(n)) {
        fill(&mut tick, n, start);
        writer.append(&tick).unwrap();
    }
    writer
}

/// Rows of tick `n`.
pub fn fill(tick: &mut Tick, n: i64, start: Micros) {
    let time = start + n * SECOND;
    tick.reset(n, time);
    if n == 0 {
        tick.defs = defs();
    }
    let rows = tick.rows_mut(Table::Containers);
    for id in (0..=CONTAINERS.len()).filter(|id| !(*id == 3 && (60..90).contains(&n))) {
        let mut row = rows.push(id as u32, time + 3000);
        let phase = n as f64 / (20.0 + 13.0 * id as f64) * TAU;
        let mut cpu = 100.0 * (id + 1) as f64 + 40.0 * (id + 1) as f64 * phase.sin();
        if id == 1 && n == 200 {
            cpu = 1900.0;
        }
        row.set_fixed(c::cpu_usage_millicores, cpu);
        row.set(c::cpu_usage_usec_total, n * 100_000 * (id as i64 + 1));
        row.set(c::memory_current_bytes, ((64 + n) * (id as i64 + 1)) << 18);
        if !(30..50).contains(&n) {
            row.set(c::pids_current, 10 + id as i64);
        }
    }
    let mut row = tick.rows_mut(Table::Node).push(0, time);
    for column in 0..node::METRICS.len() {
        if node::METRICS[column].repr == fgm::metric::Repr::Int {
            row.set(column, n * 10);
        }
    }
    for cpu in 0..2 {
        tick.rows_mut(Table::Cpus).push(cpu, time);
    }
}

fn defs() -> Vec<SeriesDef> {
    let blank = |t: Table| vec![LabelValue::Null; t.labels().len()];
    let mut defs = Vec::new();
    for (id, name) in CONTAINERS.iter().copied().chain(["/kubepods"]).enumerate() {
        let mut labels = blank(Table::Containers);
        labels[label::node_name] = LabelValue::text("node-1");
        labels[label::cgroup_path] = LabelValue::text(format!("/kubepods/{id}"));
        labels[label::cgroup_inode] = LabelValue::Int(100 + id as i64);
        let container = id < CONTAINERS.len();
        labels[label::subject_kind] = LabelValue::text(if container { "container" } else { "slice" });
        if let Some((pod, app)) = name.split_once('/').filter(|_| container) {
            labels[label::pod_name] = LabelValue::text(pod);
            labels[label::container_name] = LabelValue::text(app);
        }
        defs.push(SeriesDef { table: Table::Containers, id: id as u32, labels });
    }
    let mut labels = blank(Table::Node);
    labels[node::label::node_name] = LabelValue::text("node-1");
    defs.push(SeriesDef { table: Table::Node, id: 0, labels });
    for cpu in 0..2 {
        let mut labels = blank(Table::Cpus);
        labels[cpus::label::node_name] = LabelValue::text("node-1");
        labels[cpus::label::cpu] = LabelValue::Int(cpu);
        defs.push(SeriesDef { table: Table::Cpus, id: cpu as u32, labels });
    }
    defs
}
