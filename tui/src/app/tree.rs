//! Pods, their containers and their processes as one tree at the cursor's moment (TUI-7).
//!
//! Owns: what is unfolded, its lines, which one is selected. Must not: ask questions (see [`super::branches`]), or decide
//! who stands below whom (see [`super::forest`]).

use std::collections::{HashMap, HashSet};

use fgm::identity::SubjectKind;
use fgm::metric::Metric;
use fgm::subject::SubjectKey;
use fgm::time::Micros;

use super::forest::{Forest, Id};
use super::list::List;
use super::processes::{self, Process};

/// A line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A node of the forest.
    Node(usize),
    /// A process of a node, by its place among them.
    Process(usize, usize),
    /// In place of a node's processes: there are none, or they are on their way.
    Nothing(usize),
}

/// What stays selected while lines come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Node(Id),
    Process(SubjectKey),
}

/// The tree, also while it is not on the screen: it comes back as it was left.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// What stands beside the names; of containers.
    pub metric: Option<&'static Metric>,
    /// The moment.
    pub at: Micros,
    /// Who there is.
    pub forest: Forest,
    /// Whether that is of an earlier question.
    pub stale: bool,
    /// What can be seen of it, with how far it is indented.
    pub lines: Vec<(Line, u16)>,
    /// Selection.
    pub list: List,
    /// What is unfolded.
    open: HashSet<Id>,
    /// What comes to be unfolded and selected as soon as it is there.
    pub(super) wanted: Option<Id>,
    /// Processes that were read, and of which moment they are.
    pub(super) processes: HashMap<SubjectKey, (Micros, Vec<Process>)>,
}

impl Tree {
    /// Whether a node's children can be seen.
    pub fn is_open(&self, node: usize) -> bool {
        self.open.contains(&self.forest.nodes[node].id)
    }

    /// Whose processes stand below a node: a container's or service's own, which nothing but processes stands below.
    pub(super) fn bearer(&self, node: usize) -> Option<&SubjectKey> {
        match &self.forest.nodes[node] {
            n if !n.children.is_empty() => None,
            n => match &n.id {
                Id::Subject(key) => Some(key),
                Id::Pod(_) => None,
            },
        }
    }

    /// A process on a line.
    pub fn process(&self, node: usize, row: usize) -> Option<&Process> {
        self.processes.get(self.bearer(node)?)?.1.get(row)
    }

    /// Whether a node's processes are of this moment.
    pub fn is_read(&self, node: usize) -> bool {
        self.bearer(node).and_then(|k| self.processes.get(k)).is_some_and(|(at, _)| *at == self.at)
    }

    /// Column of the table of processes that stands beside their names: what is nearest to the tree's metric.
    pub fn column(&self) -> usize {
        self.metric.map_or(0, processes::column_of)
    }

    /// The line that is selected.
    pub fn selected(&self) -> Option<Line> {
        self.lines.get(self.list.selected).map(|(line, _)| *line)
    }

    fn place(&self, line: Line) -> Option<Place> {
        match line {
            Line::Node(n) | Line::Nothing(n) => Some(Place::Node(self.forest.nodes[n].id.clone())),
            Line::Process(n, row) => self.process(n, row).map(|p| Place::Process(p.key.clone())),
        }
    }

    /// Makes the lines anew; what was selected stays so.
    fn arrange(&mut self, selected: Option<&Place>) {
        let mut lines = Vec::new();
        let mut waiting: Vec<(usize, u16)> = self.forest.roots.iter().rev().map(|r| (*r, 0)).collect();
        while let Some((node, depth)) = waiting.pop() {
            lines.push((Line::Node(node), depth));
            if !self.is_open(node) {
                continue;
            }
            waiting.extend(self.forest.nodes[node].children.iter().rev().map(|c| (*c, depth + 1)));
            if let Some(key) = self.bearer(node) {
                let n = self.processes.get(key).map_or(0, |(_, rows)| rows.len());
                lines.extend((0..n).map(|row| (Line::Process(node, row), depth + 1)));
                if n == 0 {
                    lines.push((Line::Nothing(node), depth + 1));
                }
            }
        }
        self.lines = lines;
        let here = |line: &Line| self.place(*line).as_ref() == selected;
        let at = self.lines.iter().position(|(line, _)| here(line));
        let last = self.lines.len().saturating_sub(1);
        self.list.selected = at.unwrap_or(self.list.selected).min(last);
    }

    /// The same lines after a change, where what was selected is still there.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Tree)) {
        let selected = self.selected().and_then(|line| self.place(line));
        change(self);
        self.arrange(selected.as_ref());
    }

    pub(super) fn take(&mut self, forest: Forest) {
        let first = self.forest.nodes.is_empty();
        self.change(|t| {
            t.stale = false;
            t.forest = forest;
            let column = t.column();
            t.processes.values_mut().for_each(|(_, rows)| processes::sort(rows, column));
            if first {
                // Of a host without pods, what is inside its slices.
                let slices = t
                    .forest
                    .nodes
                    .iter()
                    .filter(|n| matches!(n.kind, SubjectKind::Root | SubjectKind::Slice));
                t.open.extend(slices.filter(|n| !n.children.is_empty()).map(|n| n.id.clone()));
            }
        });
        let found = self.forest.nodes.iter().position(|n| self.wanted.as_ref() == Some(&n.id));
        if let Some(node) = found {
            self.wanted = None;
            self.open.extend(self.forest.above(node).map(|n| self.forest.nodes[n].id.clone()));
            self.arrange(Some(&Place::Node(self.forest.nodes[node].id.clone())));
        }
    }

    /// Folds a line together, or, if there is nothing to fold, goes to the one above.
    pub(super) fn fold(&mut self) {
        let node = match self.selected() {
            Some(Line::Node(n)) if self.is_open(n) => return self.set_open(n, false),
            Some(Line::Node(n)) => self.forest.nodes[n].parent,
            Some(Line::Process(n, _) | Line::Nothing(n)) => Some(n),
            None => None,
        };
        let at = self.lines.iter().position(|(line, _)| node.map(Line::Node) == Some(*line));
        self.list.selected = at.unwrap_or(self.list.selected);
    }

    pub(super) fn set_open(&mut self, node: usize, open: bool) {
        self.change(|t| {
            let id = t.forest.nodes[node].id.clone();
            if open {
                t.open.insert(id)
            } else {
                t.open.remove(&id)
            };
        });
    }
}
