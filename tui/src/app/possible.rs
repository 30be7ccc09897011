//! What can be done here and now, and why not.
//!
//! Owns: the reasons. Must not: carry anything out.

use fgm::metric::Table;

use super::App;
use super::panel::MOST_PANELS;
use super::timeline::{Pin, Timeline};
use crate::keymap::Action;

impl App {
    /// A hint for whoever sees the viewer for the first time.
    pub fn welcome(&mut self) {
        let key = |action| self.keymap.hint(action);
        self.notice = Some(format!(
            "{} shows all keys, {} finds metrics, {} containers, {} everything else",
            key(Action::Help),
            key(Action::SearchMetrics),
            key(Action::SearchSubjects),
            key(Action::Palette)
        ));
    }

    /// Why an action would do nothing at present; `None` when it would do something.
    pub fn idle_because(&self, action: Action) -> Option<&'static str> {
        let timeline = self.timeline.as_ref();
        let can_travel = |back| timeline.is_some_and(|t| t.can_travel(back));
        let reason = |idle: bool, why: &'static str| idle.then_some(why);
        match action {
            Action::Undo => reason(!can_travel(true), "no earlier view"),
            Action::Redo => reason(!can_travel(false), "no later view"),
            Action::Fit => reason(timeline.is_some_and(|t| t.pin() == Pin::Everything), "all is shown"),
            Action::Tree => {
                reason(!self.overview.tables.contains(&Table::Containers), "no containers were recorded")
            }
            Action::Follow => reason(!self.overview.live, "nobody is recording"),
            Action::DropCursor => reason(timeline.and_then(Timeline::cursor).is_none(), "there is no cursor"),
            Action::ClosePanel | Action::NextPanel | Action::PreviousPanel => {
                reason(self.panels.len() == 1, "there is one panel")
            }
            Action::AddPanel => reason(self.panels.len() == MOST_PANELS, "there is no room for more"),
            Action::FocusNext | Action::FocusPrevious => reason(!self.lists_shown(), "the lists are hidden"),
            Action::None => reason(self.drawn().iter().next().is_none(), "nothing is drawn"),
            Action::GroupBy if self.drawn().by.is_none() => self.panel().metric.adds_up().err(),
            Action::Rest if !self.drawn().rest => self.panel().metric.adds_up().err(),
            Action::Problems => {
                let fine = self.overview.problems.is_empty() && self.recorder.report.lines.is_empty();
                reason(fine, "there are none")
            }
            _ => None,
        }
    }
}
