//! Studies in the viewer: what is being studied, what was found, which finding is drawn (STU-1 to STU-6).
//!
//! Owns: the list of findings, going to one and coming back. Must not: study (workers do).

use std::sync::Arc;

use fgm::metric::{Metric, Table};
use fgm::subject::SubjectKey;
use fgm::time::{Micros, TimeRange};
use fgm::unit::Quantity;

use super::drawn::Drawn;
use super::list::List;
use super::message::{Effect, Question, Slot};
use super::panel::MOST_PANELS;
use super::{App, Overlay};
use crate::study::Informative;

/// What can be studied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What repeats.
    Periods,
    /// What took another level.
    Changes,
    /// What climbs without coming back.
    Leaks,
    /// What moved together.
    Links,
    /// Who had to wait for CPU quota.
    Throttling,
    /// Whom the kernel killed for memory.
    Kills,
}

impl Kind {
    /// As a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Kind::Periods => "what repeats",
            Kind::Changes => "what took another level",
            Kind::Leaks => "what climbs without coming back",
            Kind::Links => "what moved together",
            Kind::Throttling => "who was throttled",
            Kind::Kills => "OOM kills",
        }
    }
}

/// A question for a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Which.
    pub kind: Kind,
    /// Of which part of the recording.
    pub range: TimeRange,
    /// Of whom; `None` for all containers.
    pub subjects: Option<Vec<SubjectKey>>,
    /// Of what; `None` for all that is worth a study.
    pub metric: Option<&'static Metric>,
}

/// What a finding looks like in a chart.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Nothing but its place.
    None,
    /// Cycles.
    Cycles {
        /// Length of one.
        period: Micros,
        /// When a peak was due.
        peak: Micros,
        /// Where it holds.
        windows: Vec<TimeRange>,
    },
    /// Levels, one behind the other.
    Levels(Vec<(TimeRange, f64)>),
    /// A straight line from one value to another.
    Slope(TimeRange, f64, f64),
}

/// A finding, ready to be read and gone to.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Harmless.
    pub sentence: String,
    /// Of what, one panel each.
    pub metrics: Vec<&'static Metric>,
    /// Whose.
    pub subjects: Vec<SubjectKey>,
    /// What of the time shows it.
    pub range: TimeRange,
    /// Where the cursor belongs, if anywhere.
    pub at: Option<Micros>,
    /// What it looks like.
    pub figure: Figure,
}

/// All cycles of a finding over one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// Harmless.
    pub title: String,
    /// Of the numbers.
    pub quantity: Quantity,
    /// Length of a cycle, seconds.
    pub period_s: f64,
    /// Smallest, mean and greatest value by phase.
    pub columns: Vec<Option<(f64, f64, f64)>>,
}

/// How far a study is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// This share is done, 0..=1.
    Running(f64),
    /// The list is whole.
    Done,
    /// It came to nothing, for this reason.
    Failed(String),
}

/// A study and what came of it.
#[derive(Clone, Debug)]
pub struct Findings {
    /// What was asked.
    pub wanted: Wanted,
    /// How far it is.
    pub state: State,
    /// What matters most first.
    pub all: Arc<[Finding]>,
    /// Selection.
    pub list: List,
}

/// What was on the screen before a finding was gone to.
#[derive(Clone, Debug)]
struct Before {
    active: usize,
    metrics: Vec<&'static Metric>,
    drawn: Vec<(Table, Drawn)>,
    window: TimeRange,
}

/// Everything that studies are to the viewer.
#[derive(Clone, Debug, Default)]
pub struct Studies {
    /// The last study.
    pub findings: Option<Findings>,
    /// The finding that is drawn.
    pub shown: Option<Finding>,
    /// Whether only the drawn series of the active panel are studied.
    pub narrow: bool,
    before: Option<Before>,
}

impl App {
    /// Begins a study of the visible window.
    pub(super) fn study(&mut self, kind: Kind) -> Vec<Effect> {
        let Some(range) = self.window() else { return self.tell("there is nothing to study yet") };
        let metric = self.panel().metric;
        let narrow = self.studies.narrow && kind != Kind::Kills;
        let one = matches!(kind, Kind::Periods | Kind::Changes | Kind::Leaks) && narrow;
        if one && Informative::of(metric).is_none() {
            self.overlay = Overlay::None;
            return self
                .tell("no study is made of this metric: tab studies all containers and metrics instead");
        }
        let subjects = if narrow {
            Some(self.summed())
        } else {
            self.filter.as_ref().map(|_| self.subjects().visible().map(|e| e.key.clone()).collect())
        };
        let wanted = Wanted { kind, range, subjects, metric: one.then_some(metric) };
        let (all, list) = (Arc::from([]), List::default());
        let state = State::Running(0.0);
        self.studies.findings = Some(Findings { wanted: wanted.clone(), state, all, list });
        self.overlay = Overlay::Findings;
        vec![self.ask(Slot::Study, Question::Study(wanted))]
    }

    /// Shows the last study's findings again.
    pub(super) fn open_findings(&mut self) -> Vec<Effect> {
        if self.studies.findings.is_none() {
            return self.tell("nothing has been studied yet");
        }
        self.overlay = Overlay::Findings;
        Vec::new()
    }

    /// A study is so far.
    pub(super) fn take_progress(&mut self, generation: u64, share: f64) {
        if self.newest.get(&Slot::Study) == Some(&generation)
            && let Some(f) = &mut self.studies.findings
            && let State::Running(before) = &mut f.state
        {
            *before = share;
        }
    }

    /// A study has come to its end.
    pub(super) fn take_findings(&mut self, done: Result<Arc<[Finding]>, String>) {
        let Some(f) = &mut self.studies.findings else { return };
        match done {
            Ok(all) => (f.all, f.state) = (all, State::Done),
            Err(line) => f.state = State::Failed(line),
        }
    }

    pub(super) fn select_finding(&mut self, by: isize) -> Vec<Effect> {
        if let Some(f) = &mut self.studies.findings {
            f.list.step(by, f.all.len());
        }
        Vec::new()
    }

    /// Goes to the next or previous finding without its list.
    pub(super) fn next_finding(&mut self, by: isize) -> Vec<Effect> {
        match &self.studies.findings {
            Some(f) if !f.all.is_empty() => {
                if self.studies.shown.is_some() {
                    self.select_finding(by);
                }
                self.go_to_finding()
            }
            _ => self.tell("there are no findings: A studies what is visible"),
        }
    }

    /// Shows the selected finding: its series, its part of the time, its figure.
    pub(super) fn go_to_finding(&mut self) -> Vec<Effect> {
        let Some(f) = &self.studies.findings else { return Vec::new() };
        let Some(finding) = f.all.get(f.list.selected).cloned() else { return Vec::new() };
        self.overlay = Overlay::None;
        if self.studies.before.is_none()
            && let Some(window) = self.window()
        {
            self.studies.before = Some(Before {
                active: self.active,
                metrics: self.panels.iter().map(|p| p.metric).collect(),
                drawn: Table::ALL.iter().map(|t| (*t, self.group_of(*t).drawn.clone())).collect(),
                window,
            });
        }
        let mut effects = Vec::new();
        for (n, metric) in finding.metrics.iter().enumerate() {
            effects.extend(self.draw_metric(metric, n == 0));
        }
        for key in &finding.subjects {
            let of_table = finding.subjects.iter().filter(|k| k.table == key.table).cloned();
            let group = &mut self.groups[key.table as usize];
            group.group_by(None);
            let drawn = &mut group.drawn;
            drawn.automatic = false;
            drawn.choose(of_table);
            if let Some(at) = drawn.position(key) {
                drawn.selected = at;
            }
            group.subjects.select(key);
        }
        self.notice = Some(finding.sentence.clone());
        let (range, at) = (finding.range, finding.at);
        self.studies.shown = Some(finding);
        effects.extend(self.travel(|t| {
            t.show(range);
            t.set_cursor(at);
        }));
        effects.extend(self.redraw_series());
        effects
    }

    /// Draws a metric in the panel that has it, else in the active one, else in one of its own.
    fn draw_metric(&mut self, metric: &'static Metric, first: bool) -> Vec<Effect> {
        match self.panels.iter().position(|p| p.metric == metric) {
            Some(i) => self.activate(i),
            None if first || self.panels.len() == MOST_PANELS => self.show_metric(metric),
            None => self.add_panel(metric),
        }
    }

    /// Takes the figure away and brings back what was on the screen before.
    pub(super) fn leave_findings(&mut self) -> Vec<Effect> {
        self.studies.shown = None;
        let Some(before) = self.studies.before.take() else {
            return self.tell("no finding is shown");
        };
        while self.panels.len() > before.metrics.len() {
            self.active = self.panels.len() - 1;
            self.close_panel();
        }
        for (at, metric) in before.metrics.iter().enumerate().take(self.panels.len()) {
            self.active = at;
            self.show_metric(metric);
        }
        self.active = before.active.min(self.panels.len() - 1);
        for (table, drawn) in before.drawn {
            let group = &mut self.groups[table as usize];
            group.drawn = drawn;
            group.regroup();
        }
        let mut effects = self.look_at_active();
        effects.extend(self.travel(|t| t.show(before.window)));
        effects
    }

    /// Closes the list of findings; a study under way is called off.
    pub(super) fn close_findings(&mut self) -> Vec<Effect> {
        self.overlay = Overlay::None;
        match &self.studies.findings {
            Some(Findings { state: State::Running(_), .. }) => {
                self.studies.findings = None;
                self.forget(Slot::Study);
                vec![Effect::CallOff]
            }
            _ => Vec::new(),
        }
    }

    /// Lays all cycles of the selected finding over one another.
    pub(super) fn fold_finding(&mut self) -> Vec<Effect> {
        let selected = self.studies.findings.as_ref().and_then(|f| f.all.get(f.list.selected));
        let finding = if self.overlay_is_findings() { selected } else { self.studies.shown.as_ref() };
        let Some(Finding { figure: Figure::Cycles { .. }, .. }) = finding else {
            return self.tell("only what repeats can be folded: A p looks for it");
        };
        let Some(finding) = finding.cloned() else { return Vec::new() };
        self.overlay = Overlay::Folded(None);
        vec![self.ask(Slot::Study, Question::Fold(finding))]
    }

    fn overlay_is_findings(&self) -> bool {
        matches!(self.overlay, Overlay::Findings)
    }

    /// The folded cycles are there.
    pub(super) fn take_folded(&mut self, folded: Folded) {
        if let Overlay::Folded(f) = &mut self.overlay {
            *f = Some(folded);
        }
    }
}
