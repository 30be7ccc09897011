//! When ticks happen: which file covers which seconds, what the recorder lost, and when it was restarted.
//!
//! Owns: the time line. Must not: know containers.

use std::ops::Range;

use fgm::time::{self, Micros, SECOND};

use super::random::Random;
use super::scenario::Scenario;

/// 2026-11-20T06:00:00Z.
const BEGIN: Micros = 1_795_154_400 * SECOND;
/// A recorder loses ticks in every so many files, and is restarted before every so many others.
const FILES_PER_LOSS: u32 = 25;
const FILES_PER_RESTART: u32 = 60;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In order: it said so.
    Stopped,
    /// Killed: the next run seals what it left.
    Killed,
}

/// The ticks of one file.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// The first tick.
    pub(crate) first: Micros,
    /// Number of scheduled ticks.
    pub(crate) ticks: u32,
    /// Those that were lost.
    pub(crate) lost: Range<u32>,
    /// The run ends after it.
    pub(crate) end: Option<End>,
}

/// One slot per file. Every recording has at least one loss and, from two files on, one restart.
pub(crate) fn slots(scenario: &Scenario, random: &mut Random) -> Vec<Slot> {
    let ticks = scenario.ticks_per_file();
    let every = i64::from(ticks) * SECOND;
    let mut slots: Vec<Slot> = Vec::with_capacity(scenario.files as usize);
    for at in 0..scenario.files {
        let start = time::next_tick(BEGIN, every) + i64::from(at) * every;
        // The writer begins a new file at midnight. So that there is one per slot, what follows midnight is lost.
        let midnight = time::next_tick(start + 1, 86_400 * SECOND);
        let ticks = ticks.min(((midnight - start) / SECOND) as u32);
        let mut slot = Slot { first: start, ticks, lost: 0..0, end: None };
        if at % FILES_PER_LOSS == 0 && ticks > 8 {
            let from = 2 + random.below(ticks / 2);
            slot.lost = from..from + 1 + random.below(ticks / 10);
        }
        if (at + FILES_PER_RESTART - 1).is_multiple_of(FILES_PER_RESTART) {
            let down = ticks / 10;
            let late = random.below(down + 1);
            slot.first += i64::from(late) * SECOND;
            slot.ticks -= late;
            slot.lost = 0..0;
            if let Some(before) = slots.last_mut() {
                before.ticks -= random.below(down + 1).min(before.ticks - 1);
                before.end = Some(if random.chance(0.5) { End::Killed } else { End::Stopped });
            }
        }
        slots.push(slot);
    }
    if let Some(last) = slots.last_mut() {
        last.end = Some(End::Stopped);
    }
    slots
}
