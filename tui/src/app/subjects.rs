//! The subject list of one table: who there is, who is hidden, who is high.
//!
//! Owns: names, order and filter of subjects. Must not: know which of them are drawn.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fgm::filter::Filter;
use fgm::metric::Table;
use fgm::series::Bucket;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, SECOND};

use super::list::List;
use super::order::Order;
use crate::headless::choose::Choice;
use crate::text::clean;

/// Most subjects that are ranked by value at once.
pub const RANKED: usize = 256;

/// A subject as lists and legends show it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identity.
    pub key: SubjectKey,
    /// Harmless title.
    pub title: String,
    /// Harmless text to search in: title, namespace, path, command.
    pub haystack: Arc<str>,
    /// Container, service, …; empty where nobody is hidden by kind.
    pub kind: String,
    /// Time of its last row.
    pub last: Micros,
    /// All of its samples in the window in which it was ranked.
    pub rank: Option<Bucket>,
    /// Whether it stands above all that are not.
    pub pinned: bool,
    /// Whether the filter lets it through.
    passes: bool,
}

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
    filter: Option<Filter>,
    known: Vec<Subject>,
    identities: Vec<Subject>,
    entries: Vec<Entry>,
    visible: Vec<usize>,
    by_key: HashMap<SubjectKey, usize>,
}

impl Subjects {
    /// Nobody yet.
    pub fn new(table: Table) -> Subjects {
        Subjects {
            table,
            all_kinds: false,
            list: List::default(),
            order: Order::default(),
            filter: None,
            known: Vec::new(),
            identities: Vec::new(),
            entries: Vec::new(),
            visible: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    /// Takes an answer, keeps ranks, pins and selection.
    pub fn update(&mut self, subjects: &[Subject]) {
        let selected = self.kept();
        let mut before: HashMap<_, _> = self.entries.drain(..).map(|e| (e.key, (e.rank, e.pinned))).collect();
        self.entries = subjects.iter().map(entry).collect();
        for e in &mut self.entries {
            (e.rank, e.pinned) = before.remove(&e.key).unwrap_or_default();
        }
        self.known = subjects.to_vec();
        self.apply_filter();
        self.arrange(selected);
    }

    /// Lets only those through that match, or all; `identities` tell what filters may ask for beyond the labels.
    pub fn set_filter(&mut self, filter: Option<Filter>, identities: &[Subject]) {
        let selected = self.selected().map(|e| e.key.clone());
        self.filter = filter;
        self.identities = identities.to_vec();
        self.apply_filter();
        self.arrange(selected);
    }

    fn apply_filter(&mut self) {
        let include: Vec<Filter> = self.filter.iter().cloned().collect();
        let identities = || self.identities.clone();
        let choice = Choice::new(&include, &[], &identities);
        let passing: HashSet<SubjectKey> =
            self.known.iter().filter(|s| choice.keeps(s)).map(Subject::key).collect();
        for e in &mut self.entries {
            e.passes = passing.contains(&e.key);
        }
    }

    /// Takes what all have in the window; subjects without anything go to the end.
    pub fn rank(&mut self, ranks: &HashMap<SubjectKey, Bucket>) {
        let selected = self.kept();
        for e in &mut self.entries {
            e.rank = ranks.get(&e.key).copied();
        }
        self.arrange(selected);
    }

    /// Orders by the next criterion.
    pub fn next_order(&mut self) {
        let selected = self.kept();
        self.order = self.order.next();
        self.arrange(selected);
    }

    /// Pins a subject to the top of the list, or lets it go.
    pub fn toggle_pin(&mut self, key: &SubjectKey) {
        for e in self.entries.iter_mut().filter(|e| e.key == *key) {
            e.pinned = !e.pinned;
        }
        self.arrange(Some(key.clone()));
    }

    /// The subject that stays selected when the order changes; a selection at the top stays at the top.
    fn kept(&self) -> Option<SubjectKey> {
        self.selected().filter(|_| self.list.selected > 0).map(|e| e.key.clone())
    }

    /// Forgets ranks that belong to another metric; the order stays until there are new ones.
    pub fn forget_ranks(&mut self) {
        self.entries.iter_mut().for_each(|e| e.rank = None);
    }

    /// Lists all kinds, or only those that matter.
    pub fn toggle_kinds(&mut self) {
        let selected = self.selected().map(|e| e.key.clone());
        self.all_kinds = !self.all_kinds;
        self.arrange(selected);
    }

    fn arrange(&mut self, selected: Option<SubjectKey>) {
        let order = self.order;
        self.entries.sort_by(|a, b| {
            let value = |e: &Entry| e.rank.as_ref().map_or(f64::NEG_INFINITY, |r| order.value(r));
            let by_order = match order {
                Order::Name => Ordering::Equal,
                // Rows of one tick are read one after the other.
                Order::Recent => (b.last / SECOND).cmp(&(a.last / SECOND)),
                _ => value(b).total_cmp(&value(a)),
            };
            b.pinned.cmp(&a.pinned).then(by_order).then_with(|| a.title.cmp(&b.title))
        });
        self.by_key = self.entries.iter().enumerate().map(|(i, e)| (e.key.clone(), i)).collect();
        let containers = self.entries.iter().any(|e| e.kind == "container");
        let shown = |e: &Entry| match e.kind.as_str() {
            "sandbox" | "pod" => self.all_kinds,
            "service" | "slice" | "root" => self.all_kinds || !containers,
            _ => true,
        };
        let shown = |e: &Entry| e.passes && shown(e);
        self.visible = (0..self.entries.len()).filter(|&i| shown(&self.entries[i])).collect();
        let at = selected.and_then(|k| self.visible().position(|e| e.key == k));
        self.list.selected = at.unwrap_or(self.list.selected).min(self.visible.len().saturating_sub(1));
    }

    /// The entries that the list shows, in order.
    pub fn visible(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.visible.iter().map(|&i| &self.entries[i])
    }

    /// Every entry, hidden ones included.
    pub fn all(&self) -> &[Entry] {
        &self.entries
    }

    /// A visible entry.
    pub fn at(&self, line: usize) -> Option<&Entry> {
        self.visible.get(line).map(|&i| &self.entries[i])
    }

    /// The selected entry.
    pub fn selected(&self) -> Option<&Entry> {
        self.at(self.list.selected)
    }

    /// Everything known of a subject.
    pub fn find(&self, key: &SubjectKey) -> Option<&Entry> {
        self.by_key.get(key).map(|&i| &self.entries[i])
    }

    /// Puts the selection on a subject, if it is visible.
    pub fn select(&mut self, key: &SubjectKey) {
        let at = self.visible().position(|e| e.key == *key);
        self.list.selected = at.unwrap_or(self.list.selected);
    }

    /// Visible subjects to rank: those with the newest rows.
    pub fn candidates(&self) -> Vec<SubjectKey> {
        let mut all: Vec<_> = self.visible().collect();
        all.sort_by_key(|e| std::cmp::Reverse(e.last));
        all.into_iter().take(RANKED).map(|e| e.key.clone()).collect()
    }

    /// The first of the visible that have values.
    pub fn top(&self, n: usize) -> Vec<SubjectKey> {
        let ranked = self.visible().filter(|e| e.rank.is_some());
        let mut keys: Vec<_> = ranked.take(n).map(|e| e.key.clone()).collect();
        if keys.is_empty() {
            keys = self.visible().take(n).map(|e| e.key.clone()).collect();
        }
        keys
    }

    /// What the list is called.
    pub fn noun(&self) -> &'static str {
        match self.table {
            Table::Containers if self.visible().any(|e| e.kind == "container") => "containers",
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

fn entry(s: &Subject) -> Entry {
    let title = clean(&s.title());
    let mut haystack = title.clone();
    for name in ["namespace", "cgroup_path", "cmdline", "exe", "node_name"] {
        if let Some(t) = s.text(name) {
            haystack.push_str("  ");
            haystack.push_str(&clean(t));
        }
    }
    Entry {
        key: s.key(),
        title,
        haystack: haystack.into(),
        kind: if s.table == Table::Processes { "" } else { s.text("subject_kind").unwrap_or_default() }
            .to_owned(),
        last: s.last,
        rank: None,
        pinned: false,
        passes: true,
    }
}

#[cfg(test)]
#[path = "subjects_tests.rs"]
mod tests;
