//! State of the viewer and its pure update: messages in, effects out.
//!
//! Owns: everything that decides what the screen shows. Must not: do I/O, know ratatui, or ask the time.
//!
//! [`App::update`] is the only way in. Questions to the recording leave as [`Effect::Ask`] with a ticket per slot; an
//! answer whose ticket is not the newest of its slot is dropped, except that an older picture of the same series is
//! better than none while the window moves (the chart places it by time and dims it).

pub mod answers;
pub mod layout;
pub mod list;
pub mod message;
pub mod metrics;
pub mod panel;
pub mod pointer;
pub mod report;
pub mod search;
pub mod subjects;
pub mod timeline;
pub mod update;

use std::collections::HashMap;
use std::sync::Arc;

use fgm::metric::Metric;
use fgm::query::model::{Overview, WindowQuery};
use fgm::time::{Micros, TimeRange};
use jiff::tz::TimeZone;

use layout::Layout;
use message::{Effect, Question, Slot, Ticket};
use metrics::Metrics;
use panel::Panel;
use report::Reported;
use search::Search;
use subjects::Subjects;
use timeline::Timeline;

/// Number of ticks without a row after which a subject has ended.
const LATE: i64 = 4;

/// Which list moves on j and k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The metric list.
    Metrics,
    /// The subject list.
    Subjects,
    /// The series in the chart.
    Chart,
}

/// What lies over the chart.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// Nothing.
    None,
    /// A search prompt.
    Search(Search),
    /// The keys, scrolled down by so many lines.
    Help(usize),
    /// Files that could not be read and what the recorder says, likewise.
    Problems(usize),
}

/// A drag that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drag {
    /// In the chart, from this column to that.
    Chart(u16, u16),
    /// In the navigator.
    Navigator,
}

/// The state.
#[derive(Debug)]
pub struct App {
    /// What the recording holds.
    pub overview: Arc<Overview>,
    /// Zone of the clock axis.
    pub zone: TimeZone,
    /// The metric list.
    pub metrics: Metrics,
    /// The subjects of the chart's table.
    pub subjects: Subjects,
    /// The chart.
    pub panel: Panel,
    /// The window of time, once there is data.
    pub timeline: Option<Timeline>,
    /// Which list moves.
    pub focus: Focus,
    /// What lies over the chart.
    pub overlay: Overlay,
    /// A drag that has begun.
    pub drag: Option<Drag>,
    /// One line that the user should read; gone with the next key.
    pub notice: Option<String>,
    /// Whether the picture has been old for a moment.
    pub slow: bool,
    /// What the recorder in this process says.
    pub recorder: Reported,
    /// Whether there was a recording of which nothing is left.
    pub gone: bool,
    size: (u16, u16),
    newest: HashMap<Slot, u64>,
    accepted: HashMap<Slot, u64>,
    generation: u64,
    subjects_until: Micros,
    navigator_until: Micros,
}

impl App {
    /// The state after opening, and the first questions.
    pub fn new(overview: Arc<Overview>, zone: TimeZone, size: (u16, u16)) -> (App, Vec<Effect>) {
        let mut metrics = Metrics::default();
        metrics.update(&overview);
        let first = metrics.first_choice().unwrap_or(&fgm::metric::containers::METRICS[3]);
        metrics.select(first);
        let mut app = App {
            overview: Arc::new(Overview::default()),
            zone,
            metrics,
            subjects: Subjects::new(first.table),
            panel: Panel::new(first),
            timeline: None,
            focus: Focus::Subjects,
            overlay: Overlay::None,
            drag: None,
            notice: None,
            slow: false,
            recorder: Reported::default(),
            gone: false,
            size,
            newest: HashMap::new(),
            accepted: HashMap::new(),
            generation: 0,
            subjects_until: Micros::MIN,
            navigator_until: Micros::MIN,
        };
        let effects = app.take_overview(overview);
        (app, effects)
    }

    /// Where the panels stand.
    pub fn layout(&self) -> Layout {
        Layout::new(self.size.0, self.size.1, self.panel.drawn().count())
    }

    /// The window, once there is data.
    pub fn window(&self) -> Option<TimeRange> {
        self.timeline.as_ref().map(Timeline::window)
    }

    /// Whether the picture shows an older window than the one wanted.
    pub fn pending(&self) -> bool {
        self.newest.get(&Slot::Chart(0)) != self.accepted.get(&Slot::Chart(0))
    }

    /// Whether a subject has no rows at the end of the recording, as of when subjects were last listed.
    pub fn ended(&self, entry: &subjects::Entry) -> bool {
        entry.last + LATE * self.overview.interval < self.subjects_until
    }

    fn ask(&mut self, slot: Slot, question: Question) -> Effect {
        self.generation += 1;
        self.newest.insert(slot, self.generation);
        Effect::Ask(Ticket { slot, generation: self.generation }, question)
    }

    /// Asks for what the chart should show; nothing when nothing is drawn.
    fn ask_chart(&mut self) -> Vec<Effect> {
        let Some(range) = self.window() else { return Vec::new() };
        let subjects = self.panel.keys();
        if subjects.is_empty() {
            self.panel.picture = None;
            self.panel.whole = None;
            self.newest.remove(&Slot::Chart(0));
            self.accepted.remove(&Slot::Chart(0));
            return Vec::new();
        }
        let columns = self.layout().columns();
        let query = WindowQuery { metric: self.panel.metric, subjects, range, columns };
        if self.panel.picture.as_ref().is_some_and(|p| p.query == query) && !self.pending() {
            return Vec::new();
        }
        vec![self.ask(Slot::Chart(0), Question::Window(query))]
    }

    /// Asks for the whole recording in small.
    fn ask_navigator(&mut self) -> Vec<Effect> {
        let (Some(timeline), subjects) = (&self.timeline, self.panel.keys()) else { return Vec::new() };
        let range = timeline.bounds();
        let columns = self.layout().columns();
        if subjects.is_empty() || self.layout().navigator.h == 0 || range.width() == 0 {
            return Vec::new();
        }
        self.navigator_until = range.end;
        let query = WindowQuery { metric: self.panel.metric, subjects, range, columns };
        vec![self.ask(Slot::Navigator, Question::Window(query))]
    }

    fn ask_subjects(&mut self) -> Vec<Effect> {
        let Some(timeline) = &self.timeline else { return Vec::new() };
        let range = timeline.bounds();
        self.subjects_until = range.end;
        vec![self.ask(Slot::Subjects, Question::Subjects(self.panel.metric.table, range))]
    }

    fn ask_rank(&mut self) -> Vec<Effect> {
        let (Some(range), subjects) = (self.window(), self.subjects.candidates()) else { return Vec::new() };
        if subjects.is_empty() {
            return Vec::new();
        }
        let query = WindowQuery { metric: self.panel.metric, subjects, range, columns: 1 };
        vec![self.ask(Slot::Rank, Question::Window(query))]
    }

    /// Shows another metric. Chosen subjects stay when they have it too; the viewer's own choice is made anew.
    fn show_metric(&mut self, metric: &'static Metric) -> Vec<Effect> {
        if self.panel.metric == metric {
            return Vec::new();
        }
        self.panel.metric = metric;
        self.panel.picture = None;
        self.panel.whole = None;
        self.metrics.select(metric);
        if metric.table != self.subjects.table {
            self.subjects = Subjects::new(metric.table);
            self.panel.choose([]);
            self.panel.automatic = true;
            return self.ask_subjects();
        }
        self.subjects.forget_ranks();
        let mut effects = self.ask_rank();
        if !self.panel.automatic {
            effects.extend(self.ask_chart());
            effects.extend(self.ask_navigator());
        }
        effects
    }

    fn redraw_series(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_chart();
        effects.extend(self.ask_navigator());
        effects
    }
}
