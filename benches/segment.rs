//! What a tick costs the store: appended to a segment in our encoding, and, for comparison, as Arrow IPC, one
//! message per table; then what sealing 90 ticks costs. 50 containers × 4 processes, one of
//! each four waking every second.
//!
//! `cargo bench -p fgm --bench segment`

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench may fall over")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use arrow::ipc::writer::StreamWriter;
use common::{START, open, process_def};
use fgm::metric::{Repr, Table, containers, processes};
use fgm::store::columns::Columns;
use fgm::store::read::{SegmentData, SegmentReader};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::time::SECOND;

const CONTAINERS: u32 = 50;
const PROCESSES: u32 = 4;
const TICKS: i64 = 90;

fn main() {
    report_sizes();
    divan::main();
}

/// A tick of a node under a mixed load: counters that move on busy subjects, gauges that jitter, much that stands.
fn load(n: i64) -> Tick {
    let mut t = Tick::default();
    t.reset(n, START + n * SECOND);
    let noise = |c: u32, m: usize| (n * 7919 + i64::from(c) * 104_729 + m as i64 * 1_299_709).rem_euclid(997);
    if n == 0 {
        t.defs.extend((0..CONTAINERS).map(container_def));
        t.defs.extend(
            (0..CONTAINERS * PROCESSES)
                .map(|p| process_def(p, &format!("/kubepods/pod{}", p / PROCESSES), i64::from(p) + 1000)),
        );
    }
    for c in 0..CONTAINERS {
        let mut row =
            t.rows_mut(Table::Containers).push(c, START + n * SECOND + i64::from(c) * 40 + noise(c, 0));
        for (m, metric) in Table::Containers.metrics().iter().enumerate() {
            let busy = m % 3 == 0;
            let moved = if busy { n * 1000 + noise(c, m) } else { i64::from(c) * 4096 };
            match metric.repr {
                Repr::Int | Repr::Time => row.set(m, moved),
                Repr::Fixed(_) => row.set_fixed(m, if busy { noise(c, m) as f64 / 10.0 } else { 0.0 }),
                Repr::Bool => row.set_bool(m, true),
            }
        }
        row.set(containers::pids_current, 4);
    }
    for p in 0..CONTAINERS * PROCESSES {
        let mut row =
            t.rows_mut(Table::Processes).push(p, START + n * SECOND + 3000 + i64::from(p) * 20 + noise(p, 1));
        let awake = p % PROCESSES == 0;
        for (m, metric) in Table::Processes.metrics().iter().enumerate() {
            let moved = if awake && m % 2 == 0 { n * 500 + noise(p, m) } else { i64::from(p) * 4096 };
            match metric.repr {
                Repr::Int | Repr::Time => row.set(m, moved),
                Repr::Fixed(_) => row.set_fixed(m, if awake { noise(p, m) as f64 / 10.0 } else { 0.0 }),
                Repr::Bool => row.set_bool(m, false),
            }
        }
        row.set(processes::threads, 1);
    }
    t
}

fn container_def(id: u32) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[containers::label::node_name] = LabelValue::text("n1");
    labels[containers::label::subject_kind] = LabelValue::text("container");
    labels[containers::label::cgroup_path] = LabelValue::text(format!("/kubepods/pod{id}"));
    labels[containers::label::cgroup_inode] = LabelValue::Int(i64::from(id) + 100);
    labels[containers::label::container_id] = LabelValue::text(format!("{id:064x}"));
    SeriesDef { table: Table::Containers, id, labels }
}

fn values(t: &Tick) -> u64 {
    t.tables.iter().map(|r| (r.len() * r.table().metrics().len()) as u64).sum()
}

fn segment_of(ticks: &[Tick], dir: &std::path::Path) -> std::path::PathBuf {
    let mut w = open(dir, "aaaaaaaa00000001");
    for t in ticks {
        w.append(t).unwrap();
    }
    let path = std::fs::read_dir(dir.join(".open")).unwrap().next().unwrap().unwrap().path();
    let copy = dir.join("copy.seg");
    std::fs::copy(path, &copy).unwrap();
    copy
}

fn ipc_bytes(ticks: &[Tick]) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let mut total = 0;
    for t in ticks {
        // One batch per table and tick, labels included, as a stream would hold it.
        let mut first = t.clone();
        first.defs.clone_from(&ticks[0].defs);
        let path = segment_of(&[first], dir.path());
        let mut reader = SegmentReader::open(&path).unwrap();
        let mut data = SegmentData::new(&[Table::Containers, Table::Processes]);
        reader.poll(&mut data).unwrap();
        for rows in &data.tables {
            let batch = Columns::new(rows, reader.head()).batch().unwrap();
            let mut out = Vec::new();
            let mut w = StreamWriter::try_new(&mut out, &batch.schema()).unwrap();
            w.write(&batch).unwrap();
            let before = w.get_ref().len();
            w.write(&batch).unwrap();
            total += w.get_ref().len() - before;
        }
    }
    total
}

fn report_sizes() {
    let ticks: Vec<Tick> = (0..TICKS).map(load).collect();
    let cells: u64 = ticks.iter().map(values).sum();
    let dir = tempfile::tempdir().unwrap();
    let copy = segment_of(&ticks, dir.path());
    let segment = std::fs::metadata(&copy).unwrap().len();
    let ipc = ipc_bytes(&ticks[..3]) as u64 * TICKS as u64 / 3;
    let sealed = fgm::store::seal::seal(dir.path(), &copy).map_or(0, |s| s.bytes);
    println!(
        "values {cells}; bytes per value: segment {:.2}, Arrow IPC {:.2}, sealed {:.2}",
        segment as f64 / cells as f64,
        ipc as f64 / cells as f64,
        sealed as f64 / cells as f64
    );
}

/// One append of a tick to an open segment, write call included.
#[divan::bench]
fn append_tick(bencher: divan::Bencher<'_, '_>) {
    let ticks: Vec<Tick> = (0..TICKS).map(load).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    w.append(&ticks[0]).unwrap();
    let mut n = 0;
    bencher.bench_local(|| {
        n = n % (ticks.len() - 1) + 1;
        w.append(black_box(&ticks[n])).unwrap()
    });
}

/// The rows of a tick as two Arrow IPC messages in memory, without any write call and from ready-made arrays.
#[divan::bench]
fn arrow_ipc_tick(bencher: divan::Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let path = segment_of(&[load(0)], dir.path());
    let mut reader = SegmentReader::open(&path).unwrap();
    let mut data = SegmentData::new(&[Table::Containers, Table::Processes]);
    reader.poll(&mut data).unwrap();
    let batches: Vec<_> =
        data.tables.iter().map(|t| Columns::new(t, reader.head()).batch().unwrap()).collect();
    bencher.bench_local(|| {
        for b in &batches {
            let mut w = StreamWriter::try_new(Vec::new(), &b.schema()).unwrap();
            w.write(black_box(b)).unwrap();
            black_box(w.into_inner().unwrap());
        }
    });
}

/// Sealing 90 ticks into Parquet.
#[divan::bench(sample_count = 10)]
fn seal_90_ticks(bencher: divan::Bencher<'_, '_>) {
    let ticks: Vec<Tick> = (0..TICKS).map(load).collect();
    let dir = tempfile::tempdir().unwrap();
    let copy = segment_of(&ticks, dir.path());
    let bytes = std::fs::read(&copy).unwrap();
    bencher
        .with_inputs(|| std::fs::write(&copy, &bytes).unwrap())
        .bench_local_values(|()| fgm::store::seal::seal(dir.path(), &copy).unwrap());
}
