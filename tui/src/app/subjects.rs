//! The subject list of one table: who there is, who is hidden, who is high.
//!
//! Owns: order, ranks and pins of subjects, and what is visible. Must not: know which of them are drawn, or make names
//! (see [`super::names`]): whatever is done here is done for 50,000 between two keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fgm::filter::Filter;
use fgm::identity::SubjectKind;
use fgm::metric::Table;
use fgm::series::Bucket;
use fgm::subject::{Subject, SubjectKey};

use super::list::List;
pub use super::names::Entry;
use super::names::{Listed, Names};
use super::order::Order;

/// Most subjects that are ranked by value at once.
pub const RANKED: usize = 256;

/// The subjects of a table.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// The table.
    pub table: Table,
    /// Whether sandboxes, pods and slices are listed beside containers.
    pub all_kinds: bool,
    /// Selection among the visible.
    pub list: List,
    /// By what they are ordered.
    pub order: Order,
    listed: Listed,
    /// All samples in the window in which they were ranked, of those that were.
    ranks: HashMap<SubjectKey, Bucket>,
    /// Who stands above all that are not.
    pinned: HashSet<SubjectKey>,
    /// Numbers of the visible, in order.
    visible: Vec<u32>,
}

impl Subjects {
    /// Nobody yet.
    pub fn new(table: Table) -> Subjects {
        let nobody = Arc::new(Names::new(table, Vec::new()));
        Subjects {
            table,
            all_kinds: false,
            list: List::default(),
            order: Order::default(),
            listed: Listed::new(nobody, None, &Vec::new),
            ranks: HashMap::new(),
            pinned: HashSet::new(),
            visible: Vec::new(),
        }
    }

    /// Takes an answer, keeps ranks, pins and selection.
    pub fn update(&mut self, listed: Listed) {
        // With another filter another line is at the top.
        let selected = if self.listed.filter == listed.filter { self.kept() } else { self.selected_key() };
        self.listed = listed;
        self.arrange(selected.as_ref());
    }

    /// The filter that the list follows.
    pub fn filter(&self) -> Option<&Filter> {
        self.listed.filter.as_ref()
    }

    /// Everybody, for questions about them.
    pub fn names(&self) -> &Arc<Names> {
        &self.listed.names
    }

    /// Takes what all have in the window; subjects without anything go to the end.
    pub fn take_ranks(&mut self, ranks: HashMap<SubjectKey, Bucket>) {
        let selected = self.kept();
        self.ranks = ranks;
        self.arrange(selected.as_ref());
    }

    /// All of a subject's samples in the window in which it was ranked.
    pub fn rank(&self, key: &SubjectKey) -> Option<&Bucket> {
        self.ranks.get(key)
    }

    /// Orders by the next criterion.
    pub fn next_order(&mut self) {
        let selected = self.kept();
        self.order = self.order.next();
        self.arrange(selected.as_ref());
    }

    /// Pins a subject to the top of the list, or lets it go.
    pub fn toggle_pin(&mut self, key: &SubjectKey) {
        if !self.pinned.remove(key) {
            self.pinned.insert(key.clone());
        }
        self.arrange(Some(key));
    }

    /// Whether a subject stands above all that are not pinned.
    pub fn is_pinned(&self, key: &SubjectKey) -> bool {
        self.pinned.contains(key)
    }

    fn selected_key(&self) -> Option<SubjectKey> {
        self.selected().map(|e| e.key.clone())
    }

    /// The subject that stays selected when the order changes; a selection at the top stays at the top.
    fn kept(&self) -> Option<SubjectKey> {
        self.selected_key().filter(|_| self.list.selected > 0)
    }

    /// Forgets ranks that belong to another metric; the order stays until there are new ones.
    pub fn forget_ranks(&mut self) {
        self.ranks.clear();
    }

    /// Lists all kinds, or only those that matter.
    pub fn toggle_kinds(&mut self) {
        let selected = self.selected_key();
        self.all_kinds = !self.all_kinds;
        self.arrange(selected.as_ref());
    }

    /// Whether a number is listed.
    fn shows(&self, number: u32) -> bool {
        let shown = match self.listed.names.entries[number as usize].kind {
            Some(SubjectKind::Sandbox | SubjectKind::Pod) => self.all_kinds,
            Some(SubjectKind::Service | SubjectKind::Slice | SubjectKind::Root) => {
                self.all_kinds || !self.listed.names.containers
            }
            Some(SubjectKind::Container) | None => true,
        };
        shown && self.listed.passes(number)
    }

    /// Few are ranked or pinned; the others stay in one of the two orders in which they came.
    fn arrange(&mut self, selected: Option<&SubjectKey>) {
        let names = &self.listed.names;
        let all = 0..names.entries.len() as u32;
        let base: Vec<u32> = if self.order == Order::Recent { names.newest.clone() } else { all.collect() };
        let value = |key: &SubjectKey| match self.order {
            Order::Name | Order::Recent => None,
            _ => self.ranks.get(key).map(|r| self.order.value(r)),
        };
        let mut is_first = vec![false; base.len()];
        let mut first: Vec<(bool, f64, usize, u32)> = Vec::new();
        let ranked = self.ranks.keys().filter(|k| value(k).is_some());
        for (key, number) in self.pinned.iter().chain(ranked).filter_map(|k| Some((k, names.number(k)?))) {
            if std::mem::replace(&mut is_first[number as usize], true) {
                continue;
            }
            let place = match self.order {
                Order::Recent => base.iter().position(|n| *n == number).unwrap_or(0),
                _ => number as usize,
            };
            first.push((self.is_pinned(key), value(key).unwrap_or(f64::NEG_INFINITY), place, number));
        }
        first.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
        let first = first.iter().map(|(.., number)| *number);
        let others = base.iter().copied().filter(|number| !is_first[*number as usize]);
        self.visible = first.chain(others).filter(|number| self.shows(*number)).collect();
        let at = selected.and_then(|k| self.line(k));
        self.list.selected = at.unwrap_or(self.list.selected).min(self.visible.len().saturating_sub(1));
    }

    /// Line of a subject, if it is visible.
    fn line(&self, key: &SubjectKey) -> Option<usize> {
        let number = self.listed.names.number(key)?;
        self.visible.iter().position(|n| *n == number)
    }

    /// The entries that the list shows, in order.
    pub fn visible(&self) -> impl ExactSizeIterator<Item = &Entry> + Clone {
        self.visible.iter().map(|&i| &self.listed.names.entries[i as usize])
    }

    /// The visible subjects with all of their labels.
    pub fn listed(&self) -> impl Iterator<Item = &Subject> {
        self.visible.iter().map(|&i| &self.listed.names.subjects[i as usize])
    }

    /// Every entry, hidden ones included, by title.
    pub fn all(&self) -> &[Entry] {
        &self.listed.names.entries
    }

    /// Everybody's numbers: the visible as the list has them, then the others.
    pub fn numbers(&self) -> Vec<u32> {
        let hidden = (0..self.all().len() as u32).filter(|number| !self.shows(*number));
        self.visible.iter().copied().chain(hidden).collect()
    }

    /// A visible entry.
    pub fn at(&self, line: usize) -> Option<&Entry> {
        self.visible.get(line).map(|&i| &self.listed.names.entries[i as usize])
    }

    /// The selected entry.
    pub fn selected(&self) -> Option<&Entry> {
        self.at(self.list.selected)
    }

    /// Everything known of a subject.
    pub fn find(&self, key: &SubjectKey) -> Option<&Entry> {
        self.listed.names.number(key).map(|i| &self.listed.names.entries[i as usize])
    }

    /// Puts the selection on a subject, if it is visible.
    pub fn select(&mut self, key: &SubjectKey) {
        self.list.selected = self.line(key).unwrap_or(self.list.selected);
    }

    /// Visible subjects to rank: those with the newest rows.
    pub fn candidates(&self) -> Vec<SubjectKey> {
        let newest = self.listed.names.newest.iter().filter(|number| self.shows(**number));
        newest.take(RANKED).map(|&i| self.listed.names.entries[i as usize].key.clone()).collect()
    }

    /// The first of the visible that have values.
    pub fn top(&self, n: usize) -> Vec<SubjectKey> {
        let keys = |all: &mut dyn Iterator<Item = &Entry>| all.take(n).map(|e| e.key.clone()).collect();
        let ranked: Vec<_> = keys(&mut self.visible().filter(|e| self.ranks.contains_key(&e.key)));
        if ranked.is_empty() { keys(&mut self.visible()) } else { ranked }
    }

    /// What the list is called.
    pub fn noun(&self) -> &'static str {
        match self.table {
            Table::Containers if self.listed.names.containers => "containers",
            Table::Containers => "services and slices",
            Table::Processes => "processes",
            Table::Node => "nodes",
            Table::Cpus => "CPUs",
            Table::Disks => "disks",
            Table::Interfaces => "interfaces",
            Table::Netns => "network namespaces",
            Table::Regions => "memory regions",
            Table::Extras => "kernel keys",
            Table::Identities => "identities",
        }
    }
}

#[cfg(test)]
#[path = "subjects_tests.rs"]
mod tests;
