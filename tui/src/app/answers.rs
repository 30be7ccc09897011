//! What the state does with what workers bring.
//!
//! Owns: growing data, stale answers, the viewer's own choice of series. Must not: ask on its own account what nobody
//! needs: a quiet recording causes no questions.

use std::collections::HashMap;
use std::sync::Arc;

use fgm::query::model::{Overview, WindowAnswer};
use fgm::time::SECOND;

use super::layout::MOST_SERIES;
use super::message::{Answer, Effect, Slot, Ticket};
use super::panel::{Panel, Picture};
use super::timeline::Timeline;
use super::{App, Overlay};

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
        self.metrics.update(&overview);
        self.overview = overview;
        let Some(bounds) = self.overview.range else { return Vec::new() };
        let interval = self.overview.interval;
        let columns = self.layout().columns();
        let Some(timeline) = &mut self.timeline else {
            let timeline = Timeline::new(bounds, interval, columns, self.overview.live);
            self.timeline = Some(timeline);
            if let Some(m) = self.metrics.first_choice() {
                self.panel = Panel::new(m);
                self.metrics.select(m);
            }
            return self.ask_subjects();
        };
        let mut effects = Vec::new();
        if timeline.grow(bounds, interval) {
            effects.extend(self.ask_chart());
        }
        // A new subject shows up within a few seconds; at once when there is nothing to see yet.
        let empty = self.undecided();
        if bounds.end - self.subjects_until >= SUBJECTS_EVERY || (empty && bounds.end > self.subjects_until) {
            effects.extend(self.ask_subjects());
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
        let empty = |p: &Picture| p.answer.series.iter().all(|(_, b)| b.columns.iter().all(Option::is_none));
        self.panel.automatic
            && (self.panel.picture.as_ref().is_none_or(empty) || self.timeline.as_ref().is_some_and(young))
    }

    /// Takes an answer, unless a newer one was there first.
    pub(super) fn take_answer(&mut self, ticket: Ticket, answer: Answer) -> Vec<Effect> {
        let Ticket { slot, generation } = ticket;
        let newest = self.newest.get(&slot) == Some(&generation);
        let older = self.accepted.get(&slot).is_some_and(|a| *a >= generation);
        match answer {
            Answer::Failed(reason) => {
                if newest {
                    self.accepted.insert(slot, generation);
                    self.slow = false;
                    self.notice = Some(reason);
                }
                Vec::new()
            }
            Answer::Subjects(table, subjects) => {
                if newest && table == self.subjects.table {
                    self.accepted.insert(slot, generation);
                    self.subjects.update(&subjects);
                    self.ask_rank()
                } else {
                    Vec::new()
                }
            }
            Answer::Window(query, answer) => {
                let fits = query.metric == self.panel.metric;
                let same = || query.subjects == self.panel.keys();
                match slot {
                    Slot::Chart(_) if newest || (fits && !older && same()) => {
                        self.accepted.insert(slot, generation);
                        self.slow &= !newest;
                        self.panel.picture = Some(Picture { query, answer });
                        Vec::new()
                    }
                    Slot::Navigator if newest && fits => {
                        self.accepted.insert(slot, generation);
                        self.panel.whole = Some(Picture { query, answer });
                        Vec::new()
                    }
                    Slot::Rank if newest && fits => {
                        self.accepted.insert(slot, generation);
                        self.take_ranks(&answer)
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    fn take_ranks(&mut self, answer: &WindowAnswer) -> Vec<Effect> {
        let means: HashMap<_, _> =
            answer.series.iter().filter_map(|(k, b)| Some((k.clone(), b.mean()?))).collect();
        self.subjects.rank(&means);
        // The viewer's own choice is made while there is nothing to see, and then left alone: series that came and
        // went by themselves would be worse than ones that are no longer the highest.
        if self.undecided() {
            self.panel.choose(self.subjects.top(MOST_SERIES));
            return self.redraw_series();
        }
        Vec::new()
    }

    /// Takes a search's results.
    pub(super) fn take_found(&mut self, number: u64, found: super::message::Found) {
        if let Overlay::Search(s) = &mut self.overlay
            && s.number == number
        {
            s.update(found);
        }
    }
}
