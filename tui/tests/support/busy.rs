//! A recording in which something happens: one container grows to its limit and is killed, another is throttled.

use std::path::Path;

use fgm::event::{About, Event, EventKind, Severity};
use fgm::metric::containers as c;
use fgm::metric::processes::{self as p, label};
use fgm::metric::{Table, containers};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::time::SECOND;

use super::{START, fill, finish, write};

/// Tick on which container 0 is killed.
pub const KILLED: i64 = 80;
/// Ticks from which and until which container 5 is throttled.
pub const THROTTLED: (i64, i64) = (20, 40);
/// Ticks that are recorded.
pub const TICKS: i64 = 120;

/// Two minutes. Container 0 (`checkout/app`) holds two processes, a small one with much CPU and one that grows; there is
/// a memory limit of 64 MiB and a CPU quota of one CPU on it.
pub fn record_busy(root: &Path) {
    let mut writer = write(root, START, 0);
    let mut tick = Tick::default();
    for n in 0..TICKS {
        fill(&mut tick, n, START);
        if n == 0 {
            for (id, pid, cmdline) in [(0, 17, "/bin/spin --fast"), (1, 23, "/bin/grow -n 9")] {
                let mut labels = vec![LabelValue::Null; Table::Processes.labels().len()];
                labels[label::node_name] = LabelValue::text("node-1");
                labels[label::subject_kind] = LabelValue::text("container");
                labels[label::cgroup_path] = LabelValue::text("/kubepods/0");
                labels[label::cgroup_inode] = LabelValue::Int(100);
                labels[label::boot_id] = LabelValue::text("b007");
                labels[label::pid] = LabelValue::Int(pid);
                labels[label::start_ticks] = LabelValue::Int(1);
                labels[label::comm] = LabelValue::text(if id == 0 { "spin" } else { "grow" });
                labels[label::cmdline] = LabelValue::text(cmdline);
                tick.defs.push(SeriesDef { table: Table::Processes, id, labels });
            }
        }
        let time = START + n * SECOND;
        limits(&mut tick, n);
        let rows = tick.rows_mut(Table::Processes);
        for (id, cpu, rss) in [(0, 900.0, 1 << 20), (1, 20.0, (4 + n) << 19)] {
            // The one that grows is the one that is killed.
            if id == 1 && n >= KILLED {
                continue;
            }
            let mut row = rows.push(id, time + 3000);
            row.set_fixed(p::cpu_usage_millicores, cpu);
            row.set(p::memory_rss_bytes, rss);
            row.set(p::memory_rss_anon_bytes, rss / 2);
            row.set(p::io_read_bytes_total, n * 4096 * (i64::from(id) + 1));
            row.set(p::threads, 3 + i64::from(id));
        }
        let mut happened = |at: i64, kind, severity, id: i64, message: &str| {
            if n == at {
                let about = About {
                    subject_kind: Some("container".into()),
                    cgroup_path: Some(format!("/kubepods/{id}")),
                    ..About::default()
                };
                tick.events.push(Event { about, ..Event::of_recorder(time, kind, severity, message) });
            }
        };
        happened(
            KILLED,
            EventKind::OomKill,
            Severity::Error,
            0,
            "the kernel killed grow (23) in checkout/app",
        );
        let from = "batch/worker is being throttled";
        happened(THROTTLED.0, EventKind::ThrottlingStart, Severity::Warning, 5, from);
        happened(
            THROTTLED.1,
            EventKind::ThrottlingStop,
            Severity::Info,
            5,
            "batch/worker is no longer throttled",
        );
        writer.append(&tick).unwrap();
    }
    finish(writer, START + TICKS * SECOND);
}

/// Rows of containers with limits in place of those without.
fn limits(tick: &mut Tick, n: i64) {
    let time = START + n * SECOND;
    tick.rows_mut(Table::Containers).clear();
    let rows = tick.rows_mut(Table::Containers);
    for id in 0..6i64 {
        let mut row = rows.push(id as u32, time + 3000);
        row.set_fixed(c::cpu_usage_millicores, 950.0 - 100.0 * id as f64);
        row.set(containers::memory_current_bytes, (4 + n) << 19);
        if id == 0 {
            row.set_fixed(c::cpu_quota_effective_cores, 1.0);
            row.set(c::memory_max_effective_bytes, 64 << 20);
            row.set(c::memory_stat_anon_bytes, n << 19);
            row.set(c::memory_stat_shmem_bytes, 4 << 20);
            row.set(c::memory_stat_file_bytes, 12 << 20);
        }
    }
}
