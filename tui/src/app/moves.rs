//! Moving through time: windows, cursors, jumps.
//!
//! Owns: what actions do to the time axis. Must not: know how a window is kept on the recording (see
//! [`super::timeline`]).

use super::App;
use super::message::Effect;
use super::timeline::Timeline;

impl App {
    /// Changes the window and asks for what it shows.
    pub(super) fn travel(&mut self, change: impl FnOnce(&mut Timeline)) -> Vec<Effect> {
        let Some(timeline) = &mut self.timeline else { return Vec::new() };
        change(timeline);
        self.ask_charts()
    }

    /// Back to the window before, or forward again.
    pub(super) fn history(&mut self, back: bool) -> Vec<Effect> {
        let Some(timeline) = &mut self.timeline else { return Vec::new() };
        if !timeline.travel(back) {
            return self.tell(if back { "no earlier view" } else { "no later view" });
        }
        self.ask_charts()
    }

    pub(super) fn move_cursor(&mut self, dots: i64) -> Vec<Effect> {
        let moved = self.timeline.as_mut().is_some_and(|t| t.move_cursor(dots));
        if moved { self.ask_charts() } else { Vec::new() }
    }

    /// Moves the cursor by samples.
    pub(super) fn step_cursor(&mut self, samples: i64) -> Vec<Effect> {
        let moved = self.timeline.as_mut().is_some_and(|t| t.step_cursor(samples));
        if moved { self.ask_charts() } else { Vec::new() }
    }

    pub(super) fn set_mark(&mut self) -> Vec<Effect> {
        match self.timeline.as_mut().map(Timeline::set_mark) {
            Some(true) => Vec::new(),
            _ => self.tell("there is no cursor yet: h, l or a click set it"),
        }
    }

    pub(super) fn show_between(&mut self) -> Vec<Effect> {
        match self.timeline.as_mut().map(Timeline::show_between) {
            Some(true) => self.ask_charts(),
            _ => self.tell("two cursors are needed: m leaves one where the cursor is"),
        }
    }

    /// Says a line, and nothing else.
    pub(super) fn tell(&mut self, line: &str) -> Vec<Effect> {
        self.notice = Some(line.to_owned());
        Vec::new()
    }
}
