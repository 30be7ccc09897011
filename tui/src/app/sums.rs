//! Sums of groups in the charts.
//!
//! Owns: the questions about sums, and what a sum is called. Must not: add (the engine does), or know who is a member of
//! what ([`super::groups`] does).

use fgm::metric::Metric;
use fgm::query::model::{SumAnswer, SumQuery};
use fgm::series::{Members, Sum};
use fgm::subject::SubjectKey;
use fgm::time::TimeRange;

use super::App;
use super::drawn::Who;
use super::message::{Effect, Question, Slot};
use super::panel::{Panel, Shape};
use super::timeline::Timeline;
use crate::grouping::{By, Name, spell};
use crate::text::clean;

/// An answered question about sums.
#[derive(Clone, Debug)]
pub struct SumPicture {
    /// What each sum is of.
    pub whose: Vec<Who>,
    /// What was asked.
    pub query: SumQuery,
    /// What came back.
    pub answer: SumAnswer,
}

impl SumPicture {
    /// The sums with what they are of.
    pub fn iter(&self) -> impl Iterator<Item = (&Who, &Sum)> {
        self.whose.iter().zip(&self.answer.groups)
    }
}

impl App {
    /// The members of the groups that are drawn.
    pub(super) fn summed(&self) -> Vec<SubjectKey> {
        let group = self.group_of(self.panel().metric.table);
        group.drawn.iter().flat_map(|(_, who)| group.members(who)).collect()
    }

    /// Why sums of a panel's metric cannot be drawn, if they cannot.
    pub fn no_sum(&self, panel: &Panel) -> Option<String> {
        let reason = panel.metric.adds_up().err()?;
        Some(format!("{} of several {} has no sum: {reason}", panel.metric.name, self.noun(panel)))
    }

    fn noun(&self, panel: &Panel) -> &'static str {
        self.group_of(panel.metric.table).subjects.noun()
    }

    /// Goes through the groupings that the active chart's subjects can have, and back to none.
    pub(super) fn next_grouping(&mut self) -> Vec<Effect> {
        let (table, by) = (self.panel().metric.table, self.drawn().by);
        let from = by.map_or(0, |by| By::ALL.iter().position(|b| *b == by).unwrap_or(0) + 1);
        let next = By::ALL.into_iter().skip(from).find(|by| by.fits(table));
        if let (None, Some(why)) = (by, self.no_sum(self.panel())) {
            return self.tell(&why);
        }
        self.group_mut().group_by(next);
        self.panel_mut().shape = Shape::Lines;
        match next {
            None => self.ungrouped(),
            Some(_) => {
                self.panel_mut().sums = None;
                self.ask_rank()
            }
        }
    }

    fn ungrouped(&mut self) -> Vec<Effect> {
        let mut effects = self.ask_rank();
        effects.extend(self.redraw_series());
        effects
    }

    /// Draws the sum of everybody who is listed and not drawn, or stops doing so.
    pub(super) fn toggle_rest(&mut self) -> Vec<Effect> {
        if !self.drawn().rest
            && let Some(why) = self.no_sum(self.panel())
        {
            return self.tell(&why);
        }
        let drawn = &mut self.group_mut().drawn;
        drawn.rest = !drawn.rest;
        if drawn.rest && self.group_of(self.panel().metric.table).members(&Who::Rest).is_empty() {
            self.notice = Some("there is no rest: everybody who is listed is drawn".to_owned());
        }
        self.redraw_series()
    }

    /// From the selected group to its members: the list has no one else, and those with the most are drawn.
    pub(super) fn open_group(&mut self, name: &Name) -> Vec<Effect> {
        let group = self.group_mut();
        let members = group.members(&Who::Group(name.clone()));
        let by = group.drawn.by;
        group.group_by(None);
        let filter = by.zip(name.as_deref()).and_then(|(by, name)| by.filter(name));
        let Some(filter) = filter.filter(|f| clean(f) == *f) else {
            let drawn = &mut self.group_mut().drawn;
            drawn.automatic = false;
            drawn.choose(members);
            return self.ungrouped();
        };
        self.group_mut().drawn.automatic = true;
        let before = self.filter.as_ref().map(|f| format!("{f} ")).unwrap_or_default();
        self.set_filter(&format!("{before}{filter}"))
    }

    /// Asks for the sums that a panel should show and does not yet.
    pub(super) fn ask_sums(&mut self, index: usize) -> Option<Effect> {
        let (range, columns) = (self.window()?, self.layout().columns());
        let (id, metric) = (self.panels[index].id, self.panels[index].metric);
        let slot = Slot::Sums(id);
        self.groups[metric.table as usize].keep_rest();
        let question = self.sums_of(metric, range, columns);
        let Some((whose, query)) = question else {
            self.panels[index].sums = None;
            self.forget(slot);
            return None;
        };
        let there = self.panels[index].sums.as_ref().is_some_and(|p| p.query == query && p.whose == whose);
        self.lacks(there, slot).then(|| self.ask(slot, Question::Sums(whose, query)))
    }

    /// The drawn sums of a metric's table as a question; `None` when there are none.
    pub(super) fn sums_of(
        &self,
        metric: &'static Metric,
        range: TimeRange,
        columns: usize,
    ) -> Option<(Vec<Who>, SumQuery)> {
        metric.adds_up().ok()?;
        let (whose, groups) = self.group_of(metric.table).sums();
        (!whose.is_empty()).then_some((whose, SumQuery { metric, groups, range, columns }))
    }

    /// All groups over the window, as a question for their order.
    pub(super) fn rank_of_groups(&self) -> Option<Question> {
        let (metric, range) = (self.panel().metric, self.window()?);
        metric.adds_up().ok()?;
        let lines = &self.group_of(metric.table).groups.lines;
        let whose = lines.iter().map(|l| Who::Group(l.name.clone())).collect();
        let groups: Vec<_> = lines.iter().map(|l| l.members.clone()).collect();
        (!groups.is_empty()).then_some(Question::Sums(whose, SumQuery { metric, groups, range, columns: 1 }))
    }

    /// How many members a drawn sum has, and how many of them had a value: at the cursor, else in the window.
    pub fn members_of(&self, panel: &Panel, who: &Who) -> Option<(usize, Option<Members>)> {
        let picture = panel.sums.as_ref()?;
        let at = picture.whose.iter().position(|w| w == who)?;
        let sum = picture.answer.groups.get(at)?;
        let cursor = self.timeline.as_ref().and_then(Timeline::cursor);
        let column = cursor.and_then(|c| sum.buckets.column_of(c));
        let there = column.map_or_else(|| sum.members(), |c| sum.members.get(c).copied().flatten());
        Some((picture.query.groups.get(at)?.len(), there))
    }

    /// What a drawn series is called: a sum tells how many it is of, and of how many there are where some were missing.
    pub fn title_of(&self, panel: &Panel, who: &Who) -> String {
        let group = self.group_of(panel.metric.table);
        let name = match who {
            Who::Subject(key) => return group.title(key),
            Who::Group(name) => clean(&spell(group.drawn.by.unwrap_or(By::All), name.as_deref())),
            Who::Rest => "rest".to_owned(),
        };
        match self.members_of(panel, who) {
            None => name,
            Some((all, Some(m))) if (m.least as usize) < all => {
                let there =
                    if m.least == m.most { m.least.to_string() } else { format!("{}–{}", m.least, m.most) };
                format!("{name} ({there} of {all})")
            }
            Some((all, _)) => format!("{name} ({all})"),
        }
    }
}
