//! How far a long question is, on standard error.
//!
//! Owns: when a bar is shown, and that none is left behind. Must not: mix with the answer on standard output.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// What takes less shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two pictures of it.
const PACE: Duration = Duration::from_millis(100);
/// Cells of the bar.
const WIDTH: usize = 30;

/// A bar under way.
pub(super) struct Progress {
    what: &'static str,
    begun: Instant,
    /// When it was drawn last.
    drawn: Cell<Option<Instant>>,
    /// Whether somebody sees it.
    seen: bool,
}

impl Progress {
    /// Of a question of this name.
    pub(super) fn new(what: &'static str) -> Progress {
        let seen = std::io::stderr().is_terminal();
        Progress { what, begun: Instant::now(), drawn: Cell::new(None), seen }
    }

    /// This share is done, 0..=1.
    pub(super) fn tell(&self, share: f64) {
        let due = self.drawn.get().is_none_or(|at| at.elapsed() >= PACE);
        if !self.seen || !due || self.begun.elapsed() < PATIENCE {
            return;
        }
        self.drawn.set(Some(Instant::now()));
        write(&bar(self.what, share));
    }

    /// The answer comes: the line is empty again.
    pub(super) fn clear(&self) {
        if self.drawn.take().is_some() {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    let mut err = std::io::stderr().lock();
    // Who cannot be told of progress can do without.
    let _unseen = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

fn bar(what: &str, share: f64) -> String {
    let share = share.clamp(0.0, 1.0);
    let full = (share * WIDTH as f64) as usize;
    format!("\r{what} [{}{}] {:3.0} %", "#".repeat(full), ".".repeat(WIDTH - full), share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STU-1, TUI-6: the bar has one width, whatever the share.
    #[test]
    fn bars() {
        assert_eq!(bar("leaks", 0.5), format!("\rleaks [{}{}]  50 %", "#".repeat(15), ".".repeat(15)));
        assert_eq!(bar("x", 7.0).len(), bar("x", -1.0).len());
    }
}
