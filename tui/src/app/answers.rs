//! What the state does with what workers bring.
//!
//! Owns: growing data, stale answers, the viewer's own choice of series. Must not: ask on its own account what nobody
//! needs: a quiet recording causes no questions.

use std::collections::HashMap;
use std::sync::Arc;

use fgm::metric::Table;
use fgm::query::model::{Overview, WindowAnswer};
use fgm::time::{SECOND, TimeRange};

use super::drawn::Drawn;
use super::layout::MOST_SERIES;
use super::message::{Answer, Effect, Slot, Ticket};
use super::panel::Picture;
use super::sums::SumPicture;
use super::timeline::Timeline;
use super::{App, Overlay, Tone};

/// How much newer data must be before subjects are listed again.
const SUBJECTS_EVERY: i64 = 5 * SECOND;
/// Number of ticks after which the viewer's own choice of series stays.
const YOUNG: i64 = 10;

impl App {
    /// Takes the state of the recording.
    pub(super) fn take_overview(&mut self, overview: Arc<Overview>) -> Vec<Effect> {
        let nothing = |o: &Overview| o.files + o.segments == 0;
        // Its last picture stays; without a word it would look as if the recorder were merely quiet.
        self.gone = nothing(&overview) && (self.gone || !nothing(&self.overview));
        if self.gone {
            self.overview = overview;
            return Vec::new();
        }
        if self.metrics.update(&overview) {
            // The list may only now have what the chart shows.
            self.metrics.select(self.panel().metric);
        }
        self.overview = overview;
        let Some(bounds) = self.overview.range else { return Vec::new() };
        let interval = self.overview.interval;
        let columns = self.layout().columns();
        let Some(timeline) = &mut self.timeline else {
            let timeline = Timeline::new(bounds, interval, columns, self.overview.live);
            self.timeline = Some(timeline);
            if let Some(m) = self.metrics.first_choice(self.overview.live) {
                self.panel_mut().show(m);
                self.metrics.select(m);
            }
            let mut effects = self.ask_subjects(self.panel().metric.table);
            effects.extend(self.ask_events());
            effects.extend(self.ask_clocks());
            return effects;
        };
        let mut effects = Vec::new();
        let before = timeline.bounds();
        if timeline.grow(bounds, interval) {
            self.filling = Some(TimeRange::new(before.end, bounds.end));
            effects.extend(self.ask_charts());
            effects.extend(self.ask_sparks());
            self.filling = None;
        }
        if bounds != before {
            effects.extend(self.ask_events());
        }
        effects.extend(self.ask_clocks());
        // A new subject shows up within a few seconds; at once when there is nothing to see yet.
        let empty = self.undecided();
        let mut tables: Vec<Table> = self.panels.iter().map(|p| p.metric.table).collect();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            let until = self.group_of(table).until;
            if bounds.end - until >= SUBJECTS_EVERY || (empty && bounds.end > until) {
                effects.extend(self.ask_subjects(table));
            }
        }
        // The navigator is redrawn when the recording has grown by one of its dots.
        if bounds.end - self.navigator_until >= bounds.width() / columns.max(1) as i64 {
            effects.extend(self.ask_navigator());
        }
        effects
    }

    /// Whether the viewer should still choose whom to draw: nothing is drawn, or the recording has only just begun.
    fn undecided(&self) -> bool {
        let young = |t: &Timeline| t.bounds().width() <= YOUNG * self.overview.interval;
        let empty = || self.panel().series(self.drawn()).all(|(_, b)| b.columns.iter().all(Option::is_none));
        self.drawn().automatic && (empty() || self.timeline.as_ref().is_some_and(young))
    }

    /// Takes an answer, unless a newer one was there first.
    pub(super) fn take_answer(&mut self, ticket: Ticket, answer: Answer) -> Vec<Effect> {
        let Ticket { slot, generation } = ticket;
        let newest = self.newest.get(&slot) == Some(&generation);
        let older = self.accepted.get(&slot).is_some_and(|a| *a >= generation);
        match answer {
            Answer::Failed(reason) if slot == Slot::Study => {
                if newest {
                    self.take_findings(Err(reason));
                }
                Vec::new()
            }
            Answer::Findings(all) if slot == Slot::Changes => {
                self.accepted.insert(slot, generation);
                if newest { self.take_changes(&all) } else { Vec::new() }
            }
            Answer::Findings(all) => {
                if newest {
                    self.take_findings(Ok(all));
                }
                Vec::new()
            }
            Answer::Folded(folded) => {
                if newest {
                    self.take_folded(folded);
                }
                Vec::new()
            }
            Answer::Failed(reason) => {
                if newest {
                    self.accepted.insert(slot, generation);
                    self.slow = false;
                    // Without them lines can still be read and taken.
                    if !matches!(slot, Slot::Preview | Slot::Sparks) {
                        (self.notice, self.tone) = (Some(reason), Tone::Failed);
                    }
                }
                Vec::new()
            }
            Answer::Subjects(listed) => {
                if !newest {
                    return Vec::new();
                }
                self.accepted.insert(slot, generation);
                self.take_listed(listed)
            }
            Answer::Clocks(clocks) => {
                self.take_clocks(&clocks);
                Vec::new()
            }
            Answer::Events(range, marks) => {
                if newest {
                    self.accepted.insert(slot, generation);
                    self.marks.update(range, marks);
                }
                Vec::new()
            }
            Answer::Processes(wanted, rows) => {
                self.accepted.insert(slot, generation);
                self.take_processes(&wanted, rows)
            }
            Answer::Tree(wanted, forest) => {
                self.accepted.insert(slot, generation);
                self.take_tree(&wanted, forest)
            }
            Answer::Sums(picture) => self.take_sums(ticket, (newest, older), picture),
            Answer::Window(query, answer) => {
                self.take_window(ticket, (newest, older), Picture { query, answer })
            }
        }
    }

    fn take_window(&mut self, ticket: Ticket, age: (bool, bool), picture: Picture) -> Vec<Effect> {
        let (Ticket { slot, generation }, (newest, older)) = (ticket, age);
        let metric = picture.query.metric;
        let fits = metric == self.panel().metric;
        match slot {
            Slot::Chart(id) => {
                let Some(i) = self.panels.iter().position(|p| p.id == id) else { return Vec::new() };
                let same = || picture.query.subjects == self.group_of(metric.table).drawn.keys();
                if newest || (self.panels[i].metric == metric && !older && same()) {
                    self.accepted.insert(slot, generation);
                    self.panels[i].picture = Some(picture);
                    self.slow &= self.pending();
                }
                Vec::new()
            }
            Slot::Heat(id) if newest => {
                self.accepted.insert(slot, generation);
                if let Some(panel) = self.panels.iter_mut().find(|p| p.id == id && p.metric == metric) {
                    panel.heat = Some(picture);
                }
                Vec::new()
            }
            Slot::Part(id, kind) if newest => {
                self.accepted.insert(slot, generation);
                if let Some(panel) = self.panels.iter_mut().find(|p| p.id == id) {
                    panel.parts[kind] = Some(picture);
                }
                Vec::new()
            }
            Slot::Limit(id) if newest => {
                self.accepted.insert(slot, generation);
                if let Some(panel) = self.panels.iter_mut().find(|p| p.id == id) {
                    let limit = panel.metric.limits().find(|l| l.metric == metric);
                    panel.limit = limit.map(|l| (l, picture));
                }
                Vec::new()
            }
            Slot::Navigator if newest && fits => {
                self.accepted.insert(slot, generation);
                self.panel_mut().whole = Some(picture);
                Vec::new()
            }
            Slot::Rank if newest && fits => {
                self.accepted.insert(slot, generation);
                self.take_ranks(&picture.answer)
            }
            Slot::Sparks if newest => {
                self.accepted.insert(slot, generation);
                self.sparks.picture = Some(picture);
                Vec::new()
            }
            Slot::Preview if newest => {
                self.accepted.insert(slot, generation);
                if let Overlay::Search(s) = &mut self.overlay {
                    s.preview = Some(picture);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn take_sums(&mut self, ticket: Ticket, age: (bool, bool), picture: SumPicture) -> Vec<Effect> {
        let (Ticket { slot, generation }, (newest, older)) = (ticket, age);
        let metric = picture.query.metric;
        let fits = metric == self.panel().metric;
        match slot {
            Slot::Sums(id) => {
                let Some(i) = self.panels.iter().position(|p| p.id == id) else { return Vec::new() };
                let same = |drawn: &Drawn| picture.whose.iter().all(|who| drawn.place(who).is_some());
                let mine = self.panels[i].metric == metric && same(&self.group_of(metric.table).drawn);
                if newest || (mine && !older) {
                    self.accepted.insert(slot, generation);
                    self.panels[i].sums = Some(picture);
                    self.slow &= self.pending();
                }
                Vec::new()
            }
            Slot::Navigator if newest && fits => {
                self.accepted.insert(slot, generation);
                self.panel_mut().whole_sums = Some(picture);
                Vec::new()
            }
            Slot::Rank if newest && fits => {
                self.accepted.insert(slot, generation);
                self.group_mut().rank_groups(&picture);
                if self.undecided() {
                    let group = self.group_mut();
                    group.drawn.choose(group.first_groups());
                    return self.redraw_series();
                }
                self.ask_charts()
            }
            _ => Vec::new(),
        }
    }

    fn take_ranks(&mut self, answer: &WindowAnswer) -> Vec<Effect> {
        let ranks: HashMap<_, _> =
            answer.series.iter().filter_map(|(k, b)| Some((k.clone(), b.whole()?))).collect();
        self.group_mut().subjects.take_ranks(ranks);
        // The viewer's own choice is made while there is nothing to see, and then left alone: series that came and
        // went by themselves would be worse than ones that are no longer the highest.
        if self.undecided() {
            let group = self.group_mut();
            group.drawn.choose(group.subjects.top(MOST_SERIES));
            return self.redraw_series();
        }
        // A heat strip is in the order of the list.
        self.ask_charts()
    }

    /// Takes a search's results.
    pub(super) fn take_found(&mut self, number: u64, found: super::message::Found) -> Vec<Effect> {
        match &mut self.overlay {
            Overlay::Search(s) if s.number == number => s.update(found),
            _ => return Vec::new(),
        }
        let effects = self.catch_up();
        if effects.is_empty() { self.ask_preview() } else { effects }
    }
}
