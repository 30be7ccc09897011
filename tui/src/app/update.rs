//! Messages and actions: how each changes the state.
//!
//! Owns: the meaning of actions. Must not: know which keys they have (see [`crate::keymap`]).

use super::drawn::Who;
use super::findings::Kind;
use super::line::{Asked, Prompt};
use super::message::{Effect, Message};
use super::search::Purpose;
use super::{App, Focus, Overlay, Tone};
use crate::keymap::{Action, Context, Key};

/// Factor of one zoom step by key.
const ZOOM: f64 = 0.6;
/// Lines of a page in lists.
const PAGE: isize = 10;

impl App {
    /// Where keys are read at present.
    pub fn context(&self) -> Context {
        match self.overlay {
            Overlay::None => Context::Main,
            Overlay::Search(_) => Context::Search,
            Overlay::Prompt(_) => Context::Prompt,
            Overlay::Processes(_) => Context::Processes,
            Overlay::Tree => Context::Tree,
            Overlay::Help(_) | Overlay::Problems(_) => Context::Overlay,
            Overlay::Copy => Context::Copy,
            Overlay::Studies => Context::Studies,
            Overlay::Findings | Overlay::Folded(_) => Context::Findings,
        }
    }

    /// Takes a message and tells what is to be done. The screen needs a new frame after each.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let Some(message) = self.hold_back(message) else { return Vec::new() };
        let mut effects = match message {
            Message::Key(key) => self.key(key),
            Message::Paste(text) => {
                match &mut self.overlay {
                    Overlay::Search(s) => return pattern(s.paste(&text)),
                    Overlay::Prompt(p) => p.paste(&text),
                    _ => {}
                }
                Vec::new()
            }
            Message::Pointer(p) => self.pointer(p),
            Message::Resize(w, h) => {
                self.size = (w, h);
                self.resized()
            }
            Message::Overview(o) => self.take_overview(o),
            Message::Answer(ticket, answer) => self.take_answer(ticket, answer),
            Message::Found(number, found) => self.take_found(number, found),
            Message::Progress(ticket, share) => {
                self.take_progress(ticket.generation, share);
                Vec::new()
            }
            Message::Slow => {
                self.slow = self.pending();
                Vec::new()
            }
            Message::Recorder(report) => {
                if let (Some(line), None) = (&report.greeting, &self.recorder.report.greeting) {
                    self.notice = Some(line.clone());
                }
                self.recorder.update(report);
                Vec::new()
            }
            Message::Trouble(line) => {
                (self.notice, self.tone) = (Some(line), Tone::Failed);
                Vec::new()
            }
            Message::Done(line) => {
                (self.notice, self.tone) = (Some(line), Tone::Said);
                Vec::new()
            }
        };
        self.reveal();
        effects.extend(self.ask_sparks());
        effects
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        (self.notice, self.tone) = (None, Tone::Said);
        self.recorder.seen();
        let action = self.keymap.action(self.context(), key);
        if let Some(action) = action {
            // What cannot be seen is not done by mistake, but there is always a way out.
            let blind = self.layout().too_small && !Action::NEEDED.contains(&action);
            return if blind { Vec::new() } else { self.act(action) };
        }
        match &mut self.overlay {
            Overlay::Search(s) => pattern(s.edit(key)),
            Overlay::Prompt(p) => {
                p.edit(key);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Carries out an action.
    #[allow(clippy::too_many_lines, reason = "a line for each action, all in one place")]
    pub fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::CursorLeft => self.move_cursor(-1),
            Action::CursorRight => self.move_cursor(1),
            Action::CursorFarLeft => self.move_cursor(-self.far()),
            Action::CursorFarRight => self.move_cursor(self.far()),
            Action::PanLeft => self.travel(|t| t.pan(-0.25)),
            Action::PanRight => self.travel(|t| t.pan(0.25)),
            Action::ZoomIn => self.travel(|t| t.zoom(ZOOM, None)),
            Action::ZoomOut => self.travel(|t| t.zoom(1.0 / ZOOM, None)),
            Action::Fit => self.travel(super::Timeline::fit),
            Action::Undo => self.history(true),
            Action::Redo => self.history(false),
            Action::First => self.travel(|t| t.jump(false)),
            Action::Last => self.travel(|t| t.jump(true)),
            Action::Follow => self.travel(super::Timeline::follow),
            Action::DropCursor => {
                self.drag = None;
                self.travel(super::Timeline::drop_cursors)
            }
            Action::StepForward => self.step_cursor(1),
            Action::StepBack => self.step_cursor(-1),
            Action::NextEvent => self.next_event(true),
            Action::PreviousEvent => self.next_event(false),
            Action::NextSpike => self.next_spike(true),
            Action::PreviousSpike => self.next_spike(false),
            Action::NextChange => self.next_change(true),
            Action::PreviousChange => self.next_change(false),
            Action::NextGap => self.next_gap(true),
            Action::PreviousGap => self.next_gap(false),
            Action::GoTo => self.open(Overlay::Prompt(Prompt::new(Asked::Time, ""))),
            Action::SetMark => self.set_mark(),
            Action::ShowBetween => self.show_between(),
            Action::SearchMetrics => self.open_search(Purpose::ShowMetric),
            Action::SearchSubjects => self.open_search(Purpose::DrawSubject),
            Action::Copy => self.open(Overlay::Copy),
            Action::CopyValues
            | Action::CopyCommand
            | Action::CopySql
            | Action::CopyLink
            | Action::CopyPicture => self.copy(action),
            Action::Studies => self.open(Overlay::Studies),
            Action::StudyPeriods => self.study(Kind::Periods),
            Action::StudyChanges => self.study(Kind::Changes),
            Action::StudyLeaks => self.study(Kind::Leaks),
            Action::StudyLinks => self.study(Kind::Links),
            Action::StudyThrottling => self.study(Kind::Throttling),
            Action::StudyKills => self.study(Kind::Kills),
            Action::StudyWhom => {
                self.studies.narrow = !self.studies.narrow;
                Vec::new()
            }
            Action::StudyAgain => self.open_findings(),
            Action::NextFinding => self.next_finding(1),
            Action::PreviousFinding => self.next_finding(-1),
            Action::FindingsBack => self.leave_findings(),
            Action::FindingsDown => self.select_finding(1),
            Action::FindingsUp => self.select_finding(-1),
            Action::FindingsTake => self.go_to_finding(),
            Action::FindingsFold | Action::Fold => self.fold_finding(),
            Action::FindingsClose => self.close_findings(),
            Action::Palette => self.open_search(Purpose::Act),
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(PAGE),
            Action::PageUp => self.step(-PAGE),
            Action::FocusNext => self.focus(true),
            Action::FocusPrevious => self.focus(false),
            Action::Toggle => self.toggle_selected(),
            Action::Filter => {
                let text = self.filter.as_ref().map(ToString::to_string).unwrap_or_default();
                self.open(Overlay::Prompt(Prompt::new(Asked::Filter, &text)))
            }
            Action::Sort => {
                let group = self.group_mut();
                group.subjects.next_order();
                group.order_groups();
                self.ask_charts()
            }
            Action::NextShape => self.next_shape(),
            Action::Pin => self.pin(),
            Action::Mute => {
                self.group_mut().drawn.mute();
                Vec::new()
            }
            Action::Solo => {
                self.group_mut().drawn.toggle_solo();
                Vec::new()
            }
            Action::GroupBy => self.next_grouping(),
            Action::Rest => self.toggle_rest(),
            Action::Open => self.open_selected(),
            Action::Only => self.only_selected(),
            Action::Top => {
                self.group_mut().drawn.automatic = true;
                (self.panel_mut().picture, self.panel_mut().sums) = (None, None);
                self.ask_rank()
            }
            Action::None => {
                let drawn = &mut self.group_mut().drawn;
                (drawn.automatic, drawn.rest) = (false, false);
                drawn.choose([] as [Who; 0]);
                self.redraw_series()
            }
            Action::AllKinds => {
                let group = self.group_mut();
                group.subjects.toggle_kinds();
                group.regroup();
                self.ask_rank()
            }
            Action::NextScale => {
                self.panel_mut().scale = self.panel().scale.next();
                Vec::new()
            }
            Action::FixScale => self.fix_scale(),
            Action::AddPanel => self.open_search(Purpose::AddPanel),
            Action::ClosePanel => self.close_panel(),
            Action::NextPanel => self.next_panel(true),
            Action::PreviousPanel => self.next_panel(false),
            Action::Sparks => self.toggle_sparks(),
            Action::Lists => {
                self.lists = !self.lists;
                self.resized()
            }
            Action::Problems => self.open(Overlay::Problems(0)),
            Action::Help => self.open(Overlay::Help(0)),
            Action::Redraw => vec![Effect::Redraw],
            Action::Suspend => vec![Effect::Suspend],
            Action::Quit => vec![Effect::Quit],
            Action::SearchTake => self.take_hit(true),
            Action::SearchToggle => self.take_hit(false),
            Action::SearchNext => self.step_search(1),
            Action::SearchPrevious => self.step_search(-1),
            Action::SearchClose => {
                self.overlay = Overlay::None;
                vec![Effect::CloseSearch]
            }
            Action::PromptTake => self.take_line(),
            Action::ProcessesOpen => self.open_process(),
            Action::ProcessesSort => self.sort_processes(true),
            Action::ProcessesSortBack => self.sort_processes(false),
            Action::ProcessesLater => self.step_processes(1),
            Action::ProcessesEarlier => self.step_processes(-1),
            Action::ProcessesDown => self.select_process(1),
            Action::ProcessesUp => self.select_process(-1),
            Action::Tree => self.open_tree(),
            Action::TreeOpen => self.open_line(),
            Action::TreeUnfold => self.unfold_line(),
            Action::TreeFold => self.fold_line(),
            Action::TreeDraw => self.draw_line(),
            Action::TreeLater => self.step_tree(1),
            Action::TreeEarlier => self.step_tree(-1),
            Action::TreeDown => self.select_line(1),
            Action::TreeUp => self.select_line(-1),
            Action::TreePageDown => self.select_line(PAGE),
            Action::TreePageUp => self.select_line(-PAGE),
            Action::OverlayDown => self.scroll_overlay(1),
            Action::OverlayUp => self.scroll_overlay(-1),
            Action::PromptClose
            | Action::ProcessesClose
            | Action::TreeClose
            | Action::OverlayClose
            | Action::StudiesClose
            | Action::CopyClose => self.open(Overlay::None),
        }
    }

    /// A tenth of the chart in dots.
    fn far(&self) -> i64 {
        (self.layout().columns() / 10).max(1) as i64
    }

    fn open(&mut self, overlay: Overlay) -> Vec<Effect> {
        self.overlay = overlay;
        Vec::new()
    }

    fn resized(&mut self) -> Vec<Effect> {
        let columns = self.layout().columns();
        if let Some(t) = &mut self.timeline {
            t.set_columns(columns);
        }
        self.drag = None;
        self.redraw_series()
    }

    fn focus(&mut self, forward: bool) -> Vec<Effect> {
        let order = [Focus::Metrics, Focus::Subjects, Focus::Chart];
        let at = order.iter().position(|f| *f == self.focus).unwrap_or(0);
        self.focus = order[(at + if forward { 1 } else { 2 }) % 3];
        Vec::new()
    }

    /// Moves in the list that has the focus; without lists on the screen, among the series.
    fn step(&mut self, by: isize) -> Vec<Effect> {
        let focus = if self.layout().lists.is_some() { self.focus } else { Focus::Chart };
        match focus {
            Focus::Metrics => match self.metrics.step(by) {
                Some(m) => self.show_metric(m),
                None => Vec::new(),
            },
            Focus::Subjects => {
                self.group_mut().step(by);
                self.ask_charts()
            }
            Focus::Chart => {
                self.group_mut().drawn.select_next(by > 0);
                self.ask_charts()
            }
        }
    }

    fn scroll_overlay(&mut self, by: isize) -> Vec<Effect> {
        if let Overlay::Help(at) | Overlay::Problems(at) = &mut self.overlay {
            *at = at.saturating_add_signed(by).min(200);
        }
        Vec::new()
    }

    /// Scrolls the lists so that what is selected can be seen.
    fn reveal(&mut self) {
        if let Some(lists) = self.layout().lists {
            let rows = |h: u16| usize::from(h.saturating_sub(1));
            self.metrics.list.reveal(self.metrics.lines.len(), rows(lists.metrics.h));
            self.group_mut().reveal(rows(lists.subjects.h));
        }
    }
}

fn pattern(changed: Option<(String, bool)>) -> Vec<Effect> {
    changed.into_iter().map(|(text, longer)| Effect::Pattern(text, longer)).collect()
}
