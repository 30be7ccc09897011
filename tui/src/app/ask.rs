//! What the state asks of the recording, and when it need not.
//!
//! Owns: the questions. Must not: take answers.

use std::sync::Arc;

use fgm::metric::Table;
use fgm::query::model::WindowQuery;
use fgm::time::{Micros, SECOND, TimeRange};

use super::App;
use super::message::{Effect, Question, Slot, Ticket};
use super::panel::Shape;

/// How long after its tick an event may be written.
const EVENTS_LATE: Micros = 15 * SECOND;
/// How long before the first tick a recorder may have begun.
const EVENTS_EARLY: Micros = 5 * SECOND;

impl App {
    pub(super) fn ask(&mut self, slot: Slot, question: Question) -> Effect {
        self.generation += 1;
        self.newest.insert(slot, self.generation);
        Effect::Ask(Ticket { slot, generation: self.generation }, question)
    }

    /// Lets a slot rest: what may still come for it is dropped.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.newest.remove(&slot);
        self.accepted.remove(&slot);
    }

    /// Whether something must be asked for: it is not there, or not as it is now.
    pub(super) fn lacks(&self, there: bool, slot: Slot) -> bool {
        !there || self.filling.is_some() || self.waits(slot)
    }

    /// Asks for what the charts should show and do not yet.
    pub(super) fn ask_charts(&mut self) -> Vec<Effect> {
        let charts = (0..self.panels.len()).filter_map(|i| self.ask_chart(i)).collect::<Vec<_>>();
        let sums = (0..self.panels.len()).filter_map(|i| self.ask_sums(i)).collect::<Vec<_>>();
        let limits = (0..self.panels.len()).filter_map(|i| self.ask_limit(i)).collect::<Vec<_>>();
        let heats = (0..self.panels.len()).filter_map(|i| self.ask_heat(i)).collect::<Vec<_>>();
        let stacks = (0..self.panels.len()).flat_map(|i| self.ask_stack(i)).collect();
        [charts, sums, limits, heats, stacks].concat()
    }

    /// Asks for a heat strip of the first on the list, two for each row of text.
    fn ask_heat(&mut self, index: usize) -> Option<Effect> {
        let (panel, layout) = (&self.panels[index], self.layout());
        let area = layout.panels.iter().find(|p| p.index == index)?;
        if panel.shape != Shape::Heat {
            return None;
        }
        let (range, columns) = (self.window()?, usize::from(layout.plot.w));
        let listed = self.group_of(panel.metric.table).subjects.visible();
        let subjects: Vec<_> = listed.take(usize::from(area.plot.h) * 2).map(|e| e.key.clone()).collect();
        if subjects.is_empty() {
            return None;
        }
        let query = WindowQuery { metric: panel.metric, subjects, range, columns };
        let there = panel.heat.as_ref().is_some_and(|p| p.query == query);
        let slot = Slot::Heat(panel.id);
        self.lacks(there, slot).then(|| self.ask(slot, Question::Window(query)))
    }

    /// Asks for the limits of what a chart shows.
    fn ask_limit(&mut self, index: usize) -> Option<Effect> {
        let (range, columns) = (self.window()?, self.layout().columns());
        let panel = &self.panels[index];
        let limit = panel.metric.limits().find(|l| self.overview.metrics.contains(&l.metric))?;
        let subjects = self.group_of(panel.metric.table).drawn.keys();
        if subjects.is_empty() {
            return None;
        }
        let query = WindowQuery { metric: limit.metric, subjects, range, columns };
        let there = panel.limit.as_ref().is_some_and(|(_, p)| p.query == query);
        let slot = Slot::Limit(panel.id);
        self.lacks(there, slot).then(|| self.ask(slot, Question::Window(query)))
    }

    /// Asks for what has happened since the last time.
    pub(super) fn ask_events(&mut self) -> Vec<Effect> {
        let Some(bounds) = self.timeline.as_ref().map(super::Timeline::bounds) else { return Vec::new() };
        // An event may be written a little after the tick that it belongs to.
        let from = self.marks.until.map_or(bounds.start, |t| (t - 2 * EVENTS_LATE).max(bounds.start));
        let range = TimeRange::new(from - EVENTS_EARLY, bounds.end + EVENTS_LATE);
        vec![self.ask(Slot::Events, Question::Events(range))]
    }

    fn ask_chart(&mut self, index: usize) -> Option<Effect> {
        let (range, columns) = (self.window()?, self.layout().columns());
        let (id, metric) = (self.panels[index].id, self.panels[index].metric);
        let slot = Slot::Chart(id);
        let subjects = self.group_of(metric.table).drawn.keys();
        if subjects.is_empty() {
            self.panels[index].picture = None;
            self.panels[index].whole = None;
            self.forget(slot);
            return None;
        }
        let query = WindowQuery { metric, subjects, range, columns };
        let there = self.panels[index].picture.as_ref().is_some_and(|p| p.query == query);
        self.lacks(there, slot).then(|| self.ask(slot, Question::Window(query)))
    }

    /// Asks for the whole recording in small.
    pub(super) fn ask_navigator(&mut self) -> Vec<Effect> {
        let (Some(timeline), subjects) = (&self.timeline, self.drawn().keys()) else { return Vec::new() };
        let range = timeline.bounds();
        let layout = self.layout();
        if layout.navigator.h == 0 || range.width() == 0 {
            return Vec::new();
        }
        if subjects.is_empty() {
            return self.ask_navigator_sums(range, layout.columns());
        }
        self.panel_mut().whole_sums = None;
        self.navigator_until = range.end;
        let query = WindowQuery { metric: self.panel().metric, subjects, range, columns: layout.columns() };
        if self.panel().whole.as_ref().is_some_and(|p| p.query == query) {
            self.forget(Slot::Navigator);
            return Vec::new();
        }
        vec![self.ask(Slot::Navigator, Question::Window(query))]
    }

    /// Where nothing but sums are drawn, the navigator shows these.
    fn ask_navigator_sums(&mut self, range: TimeRange, columns: usize) -> Vec<Effect> {
        let Some((whose, query)) = self.sums_of(self.panel().metric, range, columns) else {
            self.panel_mut().whole_sums = None;
            return Vec::new();
        };
        self.navigator_until = range.end;
        if self.panel().whole_sums.as_ref().is_some_and(|p| p.query == query) {
            self.forget(Slot::Navigator);
            return Vec::new();
        }
        vec![self.ask(Slot::Navigator, Question::Sums(whose, query))]
    }

    pub(super) fn ask_subjects(&mut self, table: Table) -> Vec<Effect> {
        let Some(timeline) = &self.timeline else { return Vec::new() };
        let range = timeline.bounds();
        self.groups[table as usize].until = range.end;
        vec![self.ask(Slot::Subjects(table), Question::Subjects(table, range, self.filter.clone()))]
    }

    /// Asks who of those that are listed pass the filter.
    pub(super) fn ask_passing(&mut self, table: Table) -> Vec<Effect> {
        let subjects = &self.group_of(table).subjects;
        let Some(timeline) = &self.timeline else { return Vec::new() };
        // Who is on the way will come with the filter.
        if self.waits(Slot::Subjects(table)) {
            return self.ask_subjects(table);
        }
        let (names, range) = (Arc::clone(subjects.names()), timeline.bounds());
        vec![self.ask(Slot::Subjects(table), Question::Passing(names, range, self.filter.clone()))]
    }

    pub(super) fn ask_rank(&mut self) -> Vec<Effect> {
        if self.drawn().by.is_some() {
            let question = self.rank_of_groups();
            return question.into_iter().map(|q| self.ask(Slot::Rank, q)).collect();
        }
        let (Some(range), subjects) = (self.window(), self.subjects().candidates()) else {
            return Vec::new();
        };
        if subjects.is_empty() {
            return Vec::new();
        }
        let query = WindowQuery { metric: self.panel().metric, subjects, range, columns: 1 };
        vec![self.ask(Slot::Rank, Question::Window(query))]
    }

    pub(super) fn redraw_series(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_charts();
        effects.extend(self.ask_navigator());
        effects
    }
}
