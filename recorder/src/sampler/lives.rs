//! Lives of processes as events, and who has just died.
//!
//! Owns: telling starts and ends, and the list of those gone on this tick for whoever asks who it was. Must not: read.

use fgm::event::{About, Event, EventKind, Severity};
use fgm::store::tick::Tick;
use fgm::time::Micros;

use super::groups::GroupId;
use super::process::Process;

/// A process that was gone on this tick.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub(crate) pid: u32,
    pub(crate) start_ticks: u64,
    pub(crate) comm: Vec<u8>,
    /// Resident bytes when last seen.
    pub(crate) rss: u64,
    pub(crate) owner: GroupId,
}

/// Births and deaths.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// The first tick is over: what was there before the recorder did not start now.
    begun: bool,
    gone: Vec<Gone>,
}

impl Lives {
    /// A new tick.
    pub(crate) fn begin(&mut self) {
        self.gone.clear();
    }

    /// The tick is over.
    pub(crate) fn end(&mut self) {
        self.begun = true;
    }

    /// A process was seen for the first time.
    pub(crate) fn born(&self, process: &Process, time: Micros, tick: &mut Tick) {
        if self.begun {
            tick.events.push(life(EventKind::ProcessStart, process, time));
        }
    }

    /// A process is not there any more.
    pub(crate) fn died(&mut self, process: &Process, time: Micros, tick: &mut Tick) {
        tick.events.push(life(EventKind::ProcessStop, process, time));
        self.gone.push(Gone {
            pid: process.pid,
            start_ticks: process.start_ticks,
            comm: process.names.comm.clone(),
            rss: process.rss.unwrap_or(0),
            owner: process.owner,
        });
    }

    /// Those that were gone on this tick.
    pub(crate) fn gone(&self) -> &[Gone] {
        &self.gone
    }
}

fn life(kind: EventKind, process: &Process, time: Micros) -> Event {
    let verb = if kind == EventKind::ProcessStart { "started" } else { "ended" };
    let comm = String::from_utf8_lossy(&process.names.comm);
    Event {
        about: About::clone(&process.about),
        pid: Some(i64::from(process.pid)),
        start_ticks: i64::try_from(process.start_ticks).ok(),
        detail: Some(serde_json::json!({ "comm": comm }).to_string()),
        ..Event::of_recorder(time, kind, Severity::Info, format!("process {} ({comm}) {verb}", process.pid))
    }
}
