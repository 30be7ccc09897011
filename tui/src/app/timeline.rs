//! The window of time that is shown, and how it moves.
//!
//! Owns: range, cursor, history, and whether the window clings to the newest data. Must not: know what is drawn.

use fgm::time::{Micros, SECOND, TimeRange};

/// What the window clings to while data grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Nothing: it stays where it was put.
    Free,
    /// The newest data, at a constant width.
    Newest,
    /// The whole recording.
    Everything,
}

/// What the last change was; changes of one sort in a row are undone together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Pan,
    In,
    Out,
    Jump,
}

/// The window of time.
#[derive(Clone, Debug)]
pub struct Timeline {
    wanted: TimeRange,
    bounds: TimeRange,
    interval: Micros,
    columns: usize,
    pin: Pin,
    cursor: Option<Micros>,
    past: Vec<(TimeRange, Pin)>,
    future: Vec<(TimeRange, Pin)>,
    last: Option<Move>,
}

impl Timeline {
    /// Shows everything, or, of a recording that grows and is longer than the chart is wide, the newest part at one
    /// sample per dot.
    pub fn new(bounds: TimeRange, interval: Micros, columns: usize, live: bool) -> Timeline {
        let mut t = Timeline {
            wanted: bounds,
            bounds,
            interval: if interval > 0 { interval } else { SECOND },
            columns: columns.max(1),
            pin: Pin::Everything,
            cursor: None,
            past: Vec::new(),
            future: Vec::new(),
            last: None,
        };
        if live {
            t.pin = Pin::Newest;
            t.wanted.start = t.wanted.end - t.interval * t.columns as Micros;
        }
        t
    }

    /// The window, on a grid of whole dots so that a moving window does not shimmer.
    pub fn window(&self) -> TimeRange {
        let columns = self.columns as Micros;
        let dot = self.dot();
        let end = match self.pin {
            Pin::Newest => self.wanted.end,
            Pin::Free | Pin::Everything => {
                return TimeRange::new(self.wanted.start, self.wanted.start + dot * columns);
            }
        };
        let end = end.div_euclid(dot) * dot + if end.rem_euclid(dot) == 0 { 0 } else { dot };
        TimeRange::new(end - dot * columns, end)
    }

    /// Width of one dot column. When it comes close to the sampling interval it is exactly that, so that each dot is
    /// one sample.
    pub fn dot(&self) -> Micros {
        let columns = self.columns as Micros;
        let exact = (self.wanted.width() + columns - 1) / columns;
        let near = exact > self.interval * 9 / 10 && exact < self.interval * 11 / 10;
        if near && self.pin != Pin::Everything { self.interval } else { exact.max(1) }
    }

    /// All data.
    pub fn bounds(&self) -> TimeRange {
        self.bounds
    }

    /// What it clings to.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The cursor.
    pub fn cursor(&self) -> Option<Micros> {
        self.cursor
    }

    /// The screen has another width.
    pub fn set_columns(&mut self, columns: usize) {
        if columns > 0 && columns != self.columns {
            if self.pin == Pin::Newest {
                // A wider chart shows more time, not wider dots.
                self.wanted.start = self.wanted.end - self.dot() * columns as Micros;
            }
            self.columns = columns;
        }
    }

    /// The recording has grown; true when the window moved or shows some of what is new.
    pub fn grow(&mut self, bounds: TimeRange, interval: Micros) -> bool {
        if interval > 0 {
            self.interval = interval;
        }
        let old = std::mem::replace(&mut self.bounds, bounds);
        match self.pin {
            Pin::Everything => self.wanted = bounds,
            Pin::Newest => {
                let width = self.wanted.width();
                self.wanted = TimeRange::new(bounds.end - width, bounds.end);
            }
            Pin::Free => return old != bounds && self.window().end > old.end,
        }
        old != bounds
    }

    fn change(&mut self, to: TimeRange, pin: Pin, how: Move) {
        let from = (self.window(), self.pin);
        if self.last != Some(how) || how == Move::Jump {
            self.past.push(from);
        }
        self.future.clear();
        self.last = Some(how);
        self.wanted = to;
        self.pin = pin;
    }

    /// Changes the width by a factor; `about` keeps its place.
    pub fn zoom(&mut self, factor: f64, about: Option<Micros>) {
        let window = self.window();
        let shortest = (self.interval * 8).max(self.columns as Micros);
        let longest = self.bounds.width().max(self.interval * self.columns as Micros).max(shortest);
        let width = ((window.width() as f64 * factor) as Micros).clamp(shortest, longest);
        if width == window.width() {
            return;
        }
        let how = if factor < 1.0 { Move::In } else { Move::Out };
        let about = about.or(self.cursor).filter(|t| window.contains(*t));
        if self.pin == Pin::Newest && about.is_none() {
            return self.change(TimeRange::new(window.end - width, window.end), Pin::Newest, how);
        }
        let about = about.unwrap_or(window.start + window.width() / 2);
        let share = (about - window.start) as f64 / window.width() as f64;
        let start = about - (width as f64 * share) as Micros;
        self.change(self.kept(TimeRange::new(start, start + width)), Pin::Free, how);
    }

    /// Moves by a share of the width.
    pub fn pan(&mut self, share: f64) {
        let window = self.window();
        let by = (window.width() as f64 * share) as Micros / self.dot() * self.dot();
        let to = self.kept(TimeRange::new(window.start + by, window.end + by));
        if to.start != window.start {
            self.change(to, Pin::Free, Move::Pan);
        }
    }

    /// At least a quarter of the window keeps showing the recording.
    fn kept(&self, r: TimeRange) -> TimeRange {
        let quarter = r.width() / 4;
        let start = r.start.min(self.bounds.end - quarter).max(self.bounds.start - r.width() + quarter);
        TimeRange::new(start, start + r.width())
    }

    /// Everything.
    pub fn fit(&mut self) {
        if self.pin != Pin::Everything {
            self.change(self.bounds, Pin::Everything, Move::Jump);
        }
    }

    /// Exactly this, if it is long enough to draw.
    pub fn show(&mut self, range: TimeRange) {
        if range.width() >= self.interval {
            let width = range.width().max((self.interval * 8).max(self.columns as Micros));
            let middle = range.start + range.width() / 2;
            self.change(
                TimeRange::new(middle - width / 2, middle - width / 2 + width),
                Pin::Free,
                Move::Jump,
            );
        }
    }

    /// The same width around an instant.
    pub fn centre(&mut self, at: Micros) {
        let window = self.window();
        let start = at - window.width() / 2;
        let to = self.kept(TimeRange::new(start, start + window.width()));
        self.change(to, Pin::Free, Move::Pan);
    }

    /// The start or the end of the recording.
    pub fn jump(&mut self, end: bool) {
        let width = self.window().width();
        let Self { bounds, .. } = *self;
        let to = if end {
            TimeRange::new(bounds.end - width, bounds.end)
        } else {
            TimeRange::new(bounds.start, bounds.start + width)
        };
        self.change(to, Pin::Free, Move::Jump);
    }

    /// Starts or stops clinging to the newest data.
    pub fn follow(&mut self) {
        let window = self.window();
        if self.pin == Pin::Newest {
            self.change(window, Pin::Free, Move::Jump);
        } else {
            let end = self.bounds.end;
            self.change(TimeRange::new(end - window.width(), end), Pin::Newest, Move::Jump);
        }
    }

    /// Back to the window before, or forward again; false when there is none.
    pub fn travel(&mut self, back: bool) -> bool {
        let here = (self.window(), self.pin);
        let (from, to) =
            if back { (&mut self.past, &mut self.future) } else { (&mut self.future, &mut self.past) };
        let Some((range, pin)) = from.pop() else { return false };
        to.push(here);
        self.last = None;
        self.pin = pin;
        self.wanted = match pin {
            Pin::Free => range,
            Pin::Newest => TimeRange::new(self.bounds.end - range.width(), self.bounds.end),
            Pin::Everything => self.bounds,
        };
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
        let window = self.window();
        let last = (self.bounds.end - 1).min(window.end - 1);
        let from = self.cursor.filter(|c| window.contains(*c)).unwrap_or(last);
        let at = (from + dots * self.dot()).clamp(self.bounds.start, self.bounds.end.max(1) - 1);
        let moves = !window.contains(at);
        if moves {
            self.pan(if dots < 0 { -0.25 } else { 0.25 });
        }
        self.set_cursor(Some(at));
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(live: bool) -> Timeline {
        Timeline::new(TimeRange::new(0, 1000 * SECOND), SECOND, 100, live)
    }

    /// TUI-2: zooming keeps the instant under the pointer where it is; undo and redo travel through views.
    #[test]
    fn zoom_keeps_its_place_and_can_be_undone() {
        let mut t = timeline(false);
        assert_eq!(t.window(), TimeRange::new(0, 1000 * SECOND));
        t.zoom(0.5, Some(250 * SECOND));
        t.zoom(0.5, Some(250 * SECOND));
        let w = t.window();
        assert_eq!(w.width(), 250 * SECOND);
        assert_eq!((250 * SECOND - w.start) * 4, w.width());
        t.pan(0.5);
        assert!(t.window().start > w.start);
        assert!(t.travel(true));
        assert_eq!(t.window(), w);
        assert!(t.travel(true), "two zooms in a row are one step");
        assert_eq!(t.window().width(), 1000 * SECOND);
        assert_eq!(t.pin(), Pin::Everything);
        assert!(!t.travel(true));
        assert!(t.travel(false) && t.travel(false) && !t.travel(false));
    }

    /// TUI-2: following keeps the right edge and the dots' grid; panning away stops it.
    #[test]
    fn following_keeps_the_newest_data() {
        let mut t = timeline(true);
        assert_eq!((t.window().end, t.dot()), (1000 * SECOND, SECOND));
        assert!(t.grow(TimeRange::new(0, 1001 * SECOND), SECOND));
        assert_eq!(t.window(), TimeRange::new(901 * SECOND, 1001 * SECOND));
        t.pan(-0.5);
        assert_eq!(t.pin(), Pin::Free);
        let before = t.window();
        assert!(!t.grow(TimeRange::new(0, 1002 * SECOND), SECOND), "nothing new is in view");
        assert_eq!(t.window(), before);
        t.follow();
        assert_eq!(t.window().end, 1002 * SECOND);
        t.zoom(2.0, None);
        assert_eq!((t.pin(), t.window().end), (Pin::Newest, 1002 * SECOND));
        t.set_columns(200);
        assert_eq!(t.window().width(), 400 * SECOND);
    }

    #[test]
    fn the_window_never_leaves_the_recording() {
        let mut t = timeline(false);
        t.zoom(0.1, None);
        for _ in 0..100 {
            t.pan(1.0);
        }
        assert!(t.window().overlaps(t.bounds()));
        for _ in 0..100 {
            t.zoom(0.5, None);
        }
        assert!(t.window().width() >= 8 * SECOND && t.window().overlaps(t.bounds()));
    }

    /// TUI-2: the cursor stands on dots and takes the window along.
    #[test]
    fn the_cursor_walks_over_dots() {
        let mut t = timeline(false);
        assert!(!t.move_cursor(-1));
        assert_eq!(t.cursor(), Some(985 * SECOND));
        t.zoom(0.1, Some(500 * SECOND));
        t.set_cursor(Some(t.window().end - 1));
        assert!(t.move_cursor(1), "leaving the window moves it");
        assert!(t.window().contains(t.cursor().unwrap()));
    }
}
