//! A node in trouble, twenty minutes of it: `shop/web` takes another level of CPU, `shop/db` writes four seconds after
//! it, `shop/leaky` leaks until it is killed, `batch/greedy` is throttled in bursts, `shop/calm` does nothing of note.

use std::path::Path;

use fgm::event::{About, Event, EventKind, Severity};
use fgm::metric::containers::{self as c, label};
use fgm::metric::{Table, processes};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::time::SECOND;

use super::START;

const TICKS: i64 = 1200;
/// The tick on which the web's CPU rises.
pub const STEP: i64 = 600;
/// The tick on which the kill is noticed.
pub const KILL: i64 = 1100;
const NAMES: [&str; 5] = ["shop/web", "shop/db", "shop/leaky", "batch/greedy", "shop/calm"];
const MIB: f64 = 1_048_576.0;

/// Noise of mean 0 and variance 1, the same for the same arguments.
fn noise(series: i64, n: i64) -> f64 {
    let one = |k: i64| {
        let mut z = (series * 1_000_003 + n * 13 + k).cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..12).map(one).sum::<f64>() - 6.0
}

/// What nobody foresees of the web's load.
fn surprise(n: i64) -> f64 {
    20.0 * noise(0, n)
}

/// Bytes of anonymous memory of the leaky one: 300 MiB after an hour, killed at 512.
fn leaked(n: i64) -> f64 {
    if n < KILL { (180.0 + 0.3 * n as f64) * MIB } else { 20.0 * MIB }
}

/// Records it.
pub fn record(root: &Path) {
    let mut writer = super::store(root, START);
    let mut node = Node::default();
    let mut tick = Tick::default();
    for n in 0..TICKS {
        tick.reset(n, START + n * SECOND);
        node.fill(&mut tick, n);
        writer.append(&tick).unwrap();
    }
    writer.finish(START + TICKS * SECOND).unwrap();
}

/// Counters so far.
#[derive(Default)]
struct Node {
    written: i64,
    periods: i64,
    throttled: i64,
    throttled_usec: i64,
    stalled_usec: i64,
}

impl Node {
    fn fill(&mut self, tick: &mut Tick, n: i64) {
        let time = START + n * SECOND + 3000;
        if n == 0 {
            tick.defs = defs();
        }
        let busy = n % 120 < 10;
        self.written += ((50.0 + surprise(n - 4).max(-40.0) + noise(1, n)) * 4096.0) as i64;
        self.periods += 10;
        self.throttled += if busy { 8 } else { 0 };
        // A CPU and a half wanted, half a one granted: one CPU's worth of standing still in each throttled period.
        self.throttled_usec += if busy { 8 * 100_000 } else { 0 };
        self.stalled_usec += if (KILL - 40..KILL).contains(&n) { 400_000 } else { 0 };
        let rows = tick.rows_mut(Table::Containers);
        for id in 0..NAMES.len() as u32 {
            let mut row = rows.push(id, time);
            let cpu = match id {
                0 if n < STEP => 200.0 + surprise(n),
                0 => 500.0 + surprise(n),
                3 if busy => 500.0,
                _ => 100.0 + 5.0 * noise(10 + i64::from(id), n),
            };
            row.set_fixed(c::cpu_usage_millicores, cpu);
            let anon = if id == 2 { leaked(n) } else { (64.0 + noise(20 + i64::from(id), n) * 0.01) * MIB };
            row.set(c::memory_stat_anon_bytes, anon as i64);
            row.set(c::memory_stat_file_bytes, (8.0 * MIB) as i64);
            row.set(c::memory_current_bytes, (anon + 8.0 * MIB) as i64);
            // Of one it is not known which limit binds, as in recordings of others.
            let limit = if id == 2 { c::memory_max_bytes } else { c::memory_max_effective_bytes };
            row.set(limit, (512.0 * MIB) as i64);
            match id {
                1 => row.set(c::io_write_bytes_total, self.written),
                2 => row.set(c::memory_pressure_some_usec_total, self.stalled_usec),
                3 => {
                    row.set_fixed(c::cpu_quota_cores, 0.5);
                    row.set(c::cpu_periods_total, self.periods);
                    row.set(c::cpu_throttled_periods_total, self.throttled);
                    row.set(c::cpu_throttled_usec_total, self.throttled_usec);
                }
                _ => {}
            }
        }
        if n < KILL {
            let mut row = tick.rows_mut(Table::Processes).push(0, time);
            row.set(processes::memory_rss_bytes, leaked(n) as i64);
        }
        if n == KILL {
            tick.events.push(kill(time));
        }
    }
}

fn kill(time: i64) -> Event {
    Event {
        about: About {
            cgroup_path: Some("/kubepods/2".into()),
            subject_kind: Some("container".into()),
            ..About::default()
        },
        pid: Some(77),
        detail: Some(r#"{"victim_comm":"java","victim_source":"kernel_log"}"#.into()),
        ..Event::of_recorder(time, EventKind::OomKill, Severity::Error, "OOM kill")
    }
}

fn defs() -> Vec<SeriesDef> {
    let mut defs: Vec<SeriesDef> = (0..NAMES.len() as u32)
        .map(|id| {
            let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
            let (pod, name) = NAMES[id as usize].split_once('/').unwrap();
            labels[label::node_name] = LabelValue::text("node-1");
            labels[label::subject_kind] = LabelValue::text("container");
            labels[label::cgroup_path] = LabelValue::text(format!("/kubepods/{id}"));
            labels[label::cgroup_inode] = LabelValue::Int(100 + i64::from(id));
            labels[label::pod_name] = LabelValue::text(pod);
            labels[label::container_name] = LabelValue::text(name);
            SeriesDef { table: Table::Containers, id, labels }
        })
        .collect();
    let mut labels = vec![LabelValue::Null; Table::Processes.labels().len()];
    labels[processes::label::node_name] = LabelValue::text("node-1");
    labels[processes::label::cgroup_path] = LabelValue::text("/kubepods/2");
    labels[processes::label::boot_id] = LabelValue::text("b");
    labels[processes::label::pid] = LabelValue::Int(77);
    labels[processes::label::start_ticks] = LabelValue::Int(5);
    labels[processes::label::comm] = LabelValue::text("java");
    defs.push(SeriesDef { table: Table::Processes, id: 0, labels });
    defs
}
