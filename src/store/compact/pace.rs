//! How much of a CPU compaction takes, and how it is stopped.
//!
//! Owns: pauses between columns. Must not: know what is being done in between.

use std::process::ChildStdin;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Trouble;

/// Share of a CPU, at most, beside a recording.
const BACKGROUND: f64 = 0.1;
/// Longest single pause: a machine that was suspended is not made up for.
const LONGEST: Duration = Duration::from_secs(2);

/// Stops and slows down a compaction from outside.
#[derive(Debug)]
pub struct Control {
    /// Share of the time in which work is done, at most 1.
    share: f64,
    stopped: Mutex<bool>,
    changed: Condvar,
    since: Mutex<Instant>,
    /// What keeps a process that does the work going.
    line: Mutex<Option<ChildStdin>>,
}

/// For work beside a recording.
impl Default for Control {
    fn default() -> Control {
        Control::new(BACKGROUND)
    }
}

impl Control {
    /// Works for this share of the time.
    pub fn new(share: f64) -> Control {
        Control {
            share: share.clamp(0.001, 1.0),
            stopped: Mutex::new(false),
            changed: Condvar::new(),
            since: Mutex::new(Instant::now()),
            line: Mutex::new(None),
        }
    }

    /// Ends the compaction under way before its next column; what it has written so far is removed.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
        self.line.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits; returns whether it has been stopped.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(stopped, time, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Work begins after a wait that is nobody's cost.
    pub(super) fn begin(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A pause as long as the work since the last one asks for.
    pub(super) fn breathe(&self) -> Result<(), Trouble> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = since.elapsed().mul_f64(1.0 / self.share - 1.0).min(LONGEST);
        let stopped = self.wait(pause);
        *since = Instant::now();
        if stopped { Err(Trouble::Stopped) } else { Ok(()) }
    }

    /// Share of the time in which work is done.
    pub(super) fn share(&self) -> f64 {
        self.share
    }

    /// Ends this pipe, too, when stopped.
    pub(super) fn tie(&self, line: ChildStdin) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
        // Perhaps it has been stopped just before.
        if self.is_stopped() {
            self.stop();
        }
    }

    /// Ends the pipe; returns whether it has been stopped.
    pub(super) fn untie(&self) -> bool {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
