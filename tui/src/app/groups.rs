//! The subjects of a table in groups.
//!
//! Owns: the list of groups, who is a member of what, and what was drawn before there were groups. Must not: ask
//! questions, or decide who may be added to whom ([`crate::grouping`] does).

use std::cmp::Ordering;

use fgm::series::Bucket;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, SECOND};

use super::drawn::{Drawn, Who};
use super::group::Group;
use super::layout::MOST_SERIES;
use super::list::List;
use super::order::Order;
use super::sums::SumPicture;
use crate::grouping::{By, Name, groups, others, spell};
use crate::text::clean;

/// A group as lists and legends show it.
#[derive(Clone, Debug)]
pub struct Line {
    /// What its members share.
    pub name: Name,
    /// Harmless.
    pub title: String,
    /// Who is added up.
    pub members: Vec<SubjectKey>,
    /// Time of the newest row of any of them.
    pub last: Micros,
    /// All of its sums in the window in which it was ranked.
    pub rank: Option<Bucket>,
}

/// The groups of a table, while sums of groups are drawn in place of subjects.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// Selection.
    pub list: List,
    /// In the order of the subject list.
    pub lines: Vec<Line>,
    /// What was drawn before there were groups.
    before: Option<Box<Drawn>>,
    /// Who the rest are beside these: found once, since many may be listed.
    rest: Option<(Vec<SubjectKey>, Vec<SubjectKey>)>,
}

impl Groups {
    /// The selected group.
    pub fn selected(&self) -> Option<&Line> {
        self.lines.get(self.list.selected)
    }

    fn arrange(&mut self, order: Order) {
        let kept = self.selected().filter(|_| self.list.selected > 0).map(|l| l.name.clone());
        let value = |l: &Line| l.rank.as_ref().map_or(f64::NEG_INFINITY, |r| order.value(r));
        self.lines.sort_by(|a, b| {
            let by_order = match order {
                Order::Name => Ordering::Equal,
                Order::Recent => (b.last / SECOND).cmp(&(a.last / SECOND)),
                _ => value(b).total_cmp(&value(a)),
            };
            by_order.then_with(|| a.title.cmp(&b.title))
        });
        let at = kept.and_then(|name| self.lines.iter().position(|l| l.name == name));
        self.list.selected = at.unwrap_or(self.list.selected).min(self.lines.len().saturating_sub(1));
    }
}

impl Group {
    /// Makes the groups anew from who is listed; ranks and selection stay.
    pub(super) fn regroup(&mut self) {
        self.groups.rest = None;
        let Some(by) = self.drawn.by else {
            self.groups.lines.clear();
            return;
        };
        let before = std::mem::take(&mut self.groups.lines);
        let listed: Vec<&Subject> = self.subjects.listed().collect();
        let line = |(name, members): (Name, Vec<&Subject>)| Line {
            title: clean(&spell(by, name.as_deref())),
            last: members.iter().map(|s| s.last).max().unwrap_or(Micros::MIN),
            members: members.into_iter().map(Subject::key).collect(),
            rank: before.iter().find(|l| l.name == name).and_then(|l| l.rank),
            name,
        };
        self.groups.lines = groups(by, &listed).into_iter().map(line).collect();
        self.groups.arrange(self.subjects.order);
    }

    /// Draws sums of groups; with none, what was drawn before there were groups.
    pub(super) fn group_by(&mut self, by: Option<By>) {
        if by == self.drawn.by {
            return;
        }
        let rest = self.drawn.rest;
        let old = std::mem::replace(&mut self.drawn, Drawn { by, rest, ..Drawn::default() });
        if old.by.is_none() {
            self.groups.before = Some(Box::new(old));
        }
        if by.is_none()
            && let Some(before) = self.groups.before.take()
        {
            self.drawn = Drawn { rest, ..*before };
        }
        self.groups.list = List::default();
        self.regroup();
    }

    /// Everybody whose values make up a series.
    pub(super) fn members(&self, who: &Who) -> Vec<SubjectKey> {
        match who {
            Who::Subject(key) => vec![key.clone()],
            Who::Group(name) => {
                let line = self.groups.lines.iter().find(|l| l.name == *name);
                line.map(|l| l.members.clone()).unwrap_or_default()
            }
            Who::Rest if self.drawn.by.is_some() => {
                let drawn = |l: &&Line| self.drawn.place(&Who::Group(l.name.clone())).is_some();
                let others = self.groups.lines.iter().filter(|l| !drawn(l));
                others.flat_map(|l| l.members.iter().cloned()).collect()
            }
            Who::Rest => match &self.groups.rest {
                Some((drawn, rest)) if *drawn == self.drawn.keys() => rest.clone(),
                _ => self.find_rest(),
            },
        }
    }

    fn find_rest(&self) -> Vec<SubjectKey> {
        let listed: Vec<&Subject> = self.subjects.listed().collect();
        let drawn = |s: &Subject| self.drawn.position(&s.key()).is_some();
        others(&listed, drawn).into_iter().map(Subject::key).collect()
    }

    /// Finds out who the rest are, unless that is known.
    pub(super) fn keep_rest(&mut self) {
        let drawn = self.drawn.keys();
        let known = self.groups.rest.as_ref().is_some_and(|(before, _)| *before == drawn);
        if self.drawn.rest && self.drawn.by.is_none() && !known {
            self.groups.rest = Some((drawn, self.find_rest()));
        }
    }

    /// The sums that are drawn, with their members.
    pub(super) fn sums(&self) -> (Vec<Who>, Vec<Vec<SubjectKey>>) {
        let groups = self.drawn.iter().map(|(_, who)| who.clone()).filter(|who| who.subject().is_none());
        let all = groups.chain(self.drawn.rest.then_some(Who::Rest));
        all.map(|who| (self.members(&who), who))
            .filter(|(m, _)| !m.is_empty())
            .map(|(m, who)| (who, m))
            .unzip()
    }

    /// The groups that have the most, as the list orders them.
    pub(super) fn first_groups(&self) -> Vec<Who> {
        self.groups.lines.iter().take(MOST_SERIES).map(|l| Who::Group(l.name.clone())).collect()
    }

    /// Takes what the groups have in the window.
    pub(super) fn rank_groups(&mut self, picture: &SumPicture) {
        for (who, sum) in picture.iter() {
            if let Who::Group(name) = who
                && let Some(line) = self.groups.lines.iter_mut().find(|l| l.name == *name)
            {
                line.rank = sum.buckets.whole();
            }
        }
        self.groups.arrange(self.subjects.order);
    }

    /// Orders the groups as the subjects are.
    pub(super) fn order_groups(&mut self) {
        self.groups.arrange(self.subjects.order);
    }
}
