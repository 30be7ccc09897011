//! The window of time that is shown, and how it moves.
//!
//! Owns: range, history, and whether the window clings to the newest data. Must not: know what is drawn. Its cursors are
//! in [`super::cursors`].

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
    pub(super) bounds: TimeRange,
    pub(super) interval: Micros,
    columns: usize,
    pin: Pin,
    pub(super) cursor: Option<Micros>,
    pub(super) mark: Option<Micros>,
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
            mark: None,
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

    /// Whether there is a window before, or one to go forward to.
    pub fn can_travel(&self, back: bool) -> bool {
        !if back { &self.past } else { &self.future }.is_empty()
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
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
