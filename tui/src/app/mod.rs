//! State of the viewer and its pure update: messages in, effects out.
//!
//! Owns: everything that decides what the screen shows. Must not: do I/O, know ratatui, or ask the time.
//!
//! [`App::update`] is the only way in. Questions to the recording leave as [`Effect::Ask`] with a ticket per slot; an
//! answer whose ticket is not the newest of its slot is dropped, except that an older picture of the same series is
//! better than none while the window moves (the chart places it by time and dims it).

pub mod answers;
mod ask;
mod branches;
mod choice;
pub mod clocks;
pub mod copy;
mod cursors;
pub mod drawn;
pub mod findings;
pub mod forest;
pub mod group;
pub mod groups;
mod jumps;
pub mod layout;
pub mod line;
pub mod list;
pub mod marks;
pub mod message;
pub mod metrics;
mod moves;
pub mod names;
pub mod opening;
pub mod order;
pub mod panel;
mod panels;
pub mod pointer;
mod possible;
mod preview;
pub mod processes;
mod prompt;
pub mod report;
pub mod search;
pub mod sparks;
pub mod stack;
pub mod subjects;
pub mod sums;
pub mod timeline;
pub mod tree;
pub mod update;
mod values;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use fgm::filter::Filter;
use fgm::metric::Table;
use fgm::query::model::Overview;
use fgm::time::{Micros, TimeRange};
use jiff::tz::TimeZone;

use crate::keymap::Keymap;
use drawn::Drawn;
use findings::{Folded, Studies};
use group::Group;
use layout::{Layout, Wanted};
use line::Prompt;
use marks::Marks;
use message::{Effect, Slot};
use metrics::Metrics;
use panel::Panel;
use processes::Processes;
use prompt::TypedAhead;
use report::Reported;
use search::Search;
use sparks::Sparks;
use subjects::Subjects;
use timeline::Timeline;
use tree::Tree;

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
    Search(Box<Search>),
    /// A line for a time or a filter.
    Prompt(Prompt),
    /// A container's processes.
    Processes(Processes),
    /// Pods, containers and processes as a tree.
    Tree,
    /// What can be copied.
    Copy,
    /// What can be studied.
    Studies,
    /// What a study has found.
    Findings,
    /// All cycles of a finding over one another, once they are there.
    Folded(Option<Folded>),
    /// The keys, scrolled down by so many lines.
    Help(usize),
    /// Files that could not be read and what the recorder says, likewise.
    Problems(usize),
}

/// How a line for the user is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As an answer.
    Said,
    /// Something went wrong.
    Failed,
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
    /// What keys mean.
    pub keymap: Arc<Keymap>,
    /// The recording, as a command line names it.
    pub paths: Vec<PathBuf>,
    /// The metric list.
    pub metrics: Metrics,
    /// The charts, from the top; never none.
    pub panels: Vec<Panel>,
    /// The chart that keys and lists are about.
    pub active: usize,
    /// Whether the lists may stand on the left.
    pub lists: bool,
    /// The window of time, once there is data.
    pub timeline: Option<Timeline>,
    /// Which list moves.
    pub focus: Focus,
    /// What lies over the chart.
    pub overlay: Overlay,
    marks: Marks,
    /// Who may be listed and chosen, if not all.
    pub filter: Option<Filter>,
    /// A drag that has begun.
    pub drag: Option<Drag>,
    /// One line that the user should read; gone with the next key.
    pub notice: Option<String>,
    /// How it is meant.
    pub tone: Tone,
    /// Whether the picture has been old for a moment.
    pub slow: bool,
    /// What the recorder in this process says.
    pub recorder: Reported,
    /// What was studied and found.
    pub studies: Studies,
    changes: Option<jumps::Changes>,
    /// Why the clocks of several nodes may not agree.
    pub doubt: Option<String>,
    /// How many nodes' clocks have been asked for.
    nodes: usize,
    /// The small pictures in the subject list.
    pub sparks: Sparks,
    /// Pods, containers and processes as a tree, as it was left.
    pub tree: Tree,
    /// Whether there was a recording of which nothing is left.
    pub gone: bool,
    /// One per table, in the order of the tables' numbers.
    groups: Vec<Group>,
    typed_ahead: Option<TypedAhead>,
    size: (u16, u16),
    newest: HashMap<Slot, u64>,
    accepted: HashMap<Slot, u64>,
    generation: u64,
    navigator_until: Micros,
    /// The part of the recording that has just come, while what the window shows of it is asked for.
    filling: Option<TimeRange>,
}

impl App {
    /// The state after opening, and the first questions.
    pub fn new(overview: Arc<Overview>, zone: TimeZone, size: (u16, u16)) -> (App, Vec<Effect>) {
        let mut metrics = Metrics::default();
        metrics.update(&overview);
        let first = metrics.first_choice(overview.live).unwrap_or(&fgm::metric::containers::METRICS[3]);
        metrics.select(first);
        let mut app = App {
            overview: Arc::new(Overview::default()),
            zone,
            keymap: Arc::new(Keymap::default()),
            paths: Vec::new(),
            metrics,
            panels: vec![Panel::new(0, first)],
            active: 0,
            lists: true,
            timeline: None,
            focus: Focus::Subjects,
            overlay: Overlay::None,
            marks: Marks::default(),
            filter: None,
            drag: None,
            notice: None,
            tone: Tone::Said,
            slow: false,
            recorder: Reported::default(),
            studies: Studies::default(),
            changes: None,
            doubt: None,
            nodes: 0,
            sparks: Sparks::default(),
            tree: Tree::default(),
            gone: false,
            typed_ahead: None,
            groups: Table::ALL.into_iter().map(Group::new).collect(),
            size,
            newest: HashMap::new(),
            accepted: HashMap::new(),
            generation: 0,
            navigator_until: Micros::MIN,
            filling: None,
        };
        let effects = app.take_overview(overview);
        (app, effects)
    }

    /// Where the panels stand.
    pub fn layout(&self) -> Layout {
        let (panels, active, drawn) = (self.panels.len(), self.active, self.drawn());
        let series = drawn.iter().count() + usize::from(drawn.rest);
        Layout::new(self.size.0, self.size.1, Wanted { panels, active, series, lists: self.lists })
    }

    /// Whether the lists stand on the left.
    pub fn lists_shown(&self) -> bool {
        self.layout().lists.is_some()
    }

    /// The chart that keys and lists are about.
    pub fn panel(&self) -> &Panel {
        &self.panels[self.active]
    }

    fn panel_mut(&mut self) -> &mut Panel {
        &mut self.panels[self.active]
    }

    /// Subjects and drawn series of a table.
    pub fn group_of(&self, table: Table) -> &Group {
        &self.groups[table as usize]
    }

    fn group_mut(&mut self) -> &mut Group {
        let table = self.panel().metric.table;
        &mut self.groups[table as usize]
    }

    /// The subjects of the active chart's table.
    pub fn subjects(&self) -> &Subjects {
        &self.group_of(self.panel().metric.table).subjects
    }

    /// The series that are drawn of the active chart's table.
    pub fn drawn(&self) -> &Drawn {
        &self.group_of(self.panel().metric.table).drawn
    }

    /// The window, once there is data.
    pub fn window(&self) -> Option<TimeRange> {
        self.timeline.as_ref().map(Timeline::window)
    }

    /// Whether a picture shows an older window than the one wanted.
    pub fn pending(&self) -> bool {
        self.panels.iter().any(|p| self.waits(Slot::Chart(p.id)) || self.waits(Slot::Sums(p.id)))
    }

    /// Whether the newest question of a slot has no answer yet.
    pub fn waits(&self, slot: Slot) -> bool {
        self.newest.get(&slot) != self.accepted.get(&slot)
    }

    /// Whether a subject has no rows at the end of the recording, as of when subjects were last listed.
    pub fn ended(&self, entry: &subjects::Entry) -> bool {
        entry.last + LATE * self.overview.interval < self.group_of(entry.key.table).until
    }
}
