//! The two cursors on the time axis.
//!
//! Owns: where they stand and how they move; the window follows the first one. Must not: know what is drawn.

use fgm::time::{Micros, TimeRange};

use super::timeline::Timeline;

impl Timeline {
    /// The cursor.
    pub fn cursor(&self) -> Option<Micros> {
        self.cursor
    }

    /// The second cursor, from which differences are counted.
    pub fn mark(&self) -> Option<Micros> {
        self.mark
    }

    /// Leaves the second cursor where the first one is; takes it away if it is there already. False without a cursor.
    pub fn set_mark(&mut self) -> bool {
        let dot = self.dot();
        let same = |(m, c): (Micros, Micros)| (m - c).abs() < dot;
        self.mark = if self.mark.zip(self.cursor).is_some_and(same) { None } else { self.cursor };
        self.cursor.is_some()
    }

    /// Takes both cursors away.
    pub fn drop_cursors(&mut self) {
        (self.cursor, self.mark) = (None, None);
    }

    /// Shows exactly what lies between the two cursors; false unless there are two.
    pub fn show_between(&mut self) -> bool {
        let (Some(a), Some(b)) = (self.mark, self.cursor) else { return false };
        let half = self.dot() / 2;
        self.show(TimeRange::new(a.min(b) - half, a.max(b) + half));
        true
    }

    /// Puts the cursor on an instant, at the middle of its dot.
    pub fn set_cursor(&mut self, at: Option<Micros>) {
        let window = self.window();
        let dot = self.dot();
        self.cursor = at.map(|t| {
            let t = t.clamp(window.start, window.end - 1);
            window.start + (t - window.start) / dot * dot + dot / 2
        });
    }

    /// Moves the cursor by dots; a window that it leaves comes along. True when the window moved.
    pub fn move_cursor(&mut self, dots: Micros) -> bool {
        self.cursor_by(dots * self.dot())
    }

    /// The same by samples, however many of them share a dot: at least to the next dot.
    pub fn step_cursor(&mut self, samples: Micros) -> bool {
        self.cursor_by(samples * self.interval.max(self.dot()))
    }

    fn cursor_by(&mut self, by: Micros) -> bool {
        let window = self.window();
        let last = (self.bounds.end - 1).min(window.end - 1);
        let from = self.cursor.filter(|c| window.contains(*c)).unwrap_or(last);
        let at = (from + by).clamp(self.bounds.start, self.bounds.end.max(1) - 1);
        let moves = !window.contains(at);
        if moves {
            self.pan(if by < 0 { -0.25 } else { 0.25 });
        }
        self.set_cursor(Some(at));
        moves
    }

    /// Puts the cursor on an instant, which the window is moved to if it does not show it.
    pub fn look_at(&mut self, at: Micros) {
        if !self.window().contains(at) {
            self.centre(at);
        }
        self.set_cursor(Some(at));
    }
}
