//! A recording with one of everything that a chart marks: five minutes of eight containers, in which one spikes, one is
//! absent, one is killed at its memory limit, and ticks are lost.

use std::path::Path;

use fgm::event::{About, Event, EventKind, Severity};
use fgm::metric::{Table, containers as c};
use fgm::store::tick::Tick;
use fgm::time::SECOND;

use super::{START, fill, finish, write};

/// Tick on which container 0 is killed.
pub const KILLED: i64 = 240;
/// The limit of container 0.
pub const LIMIT: i64 = 100 << 20;
/// Ticks that are recorded.
pub const TICKS: i64 = 300;

/// Records it. Spike, absence and lost ticks are those of [`write`].
pub fn record(root: &Path) {
    let mut writer = write(root, START, 0);
    let mut tick = Tick::default();
    for n in (0..TICKS).filter(|n| !(120..140).contains(n)) {
        fill(&mut tick, n, START);
        let mut row = tick.rows_mut(Table::Containers).row_mut(0);
        row.set(c::memory_max_effective_bytes, LIMIT);
        row.set(c::memory_current_bytes, if n < KILLED { n * LIMIT / KILLED } else { 4 << 20 });
        if n == KILLED {
            let about = About {
                subject_kind: Some("container".into()),
                cgroup_path: Some("/kubepods/0".into()),
                ..About::default()
            };
            let time = START + n * SECOND;
            let message = "the kernel killed java (77) in checkout/app";
            let event = Event::of_recorder(time, EventKind::OomKill, Severity::Error, message);
            tick.events.push(Event { about, ..event });
        }
        writer.append(&tick).unwrap();
    }
    finish(writer, START + TICKS * SECOND);
}
