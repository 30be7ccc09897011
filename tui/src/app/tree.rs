//! Pods, their containers and their processes as one tree at the cursor's moment (TUI-7).
//!
//! Owns: what is unfolded, its lines, which one is selected. Must not: read anything, or decide who stands below whom
//! (see [`super::forest`]).

use std::collections::{HashMap, HashSet};

use fgm::identity::SubjectKind;
use fgm::metric::{Metric, Table};
use fgm::subject::SubjectKey;
use fgm::time::Micros;

use super::forest::{Forest, Id, Wanted, of_containers};
use super::list::List;
use super::message::{Effect, Question, Slot};
use super::processes::{self, Process};
use super::timeline::Timeline;
use super::{App, Overlay};
use crate::keymap::Action;

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
    wanted: Option<Id>,
    /// Processes that were read, and of which moment they are.
    processes: HashMap<SubjectKey, (Micros, Vec<Process>)>,
}

impl Tree {
    /// Whether a node's children can be seen.
    pub fn is_open(&self, node: usize) -> bool {
        self.open.contains(&self.forest.nodes[node].id)
    }

    /// Whose processes stand below a node: a container's or service's own, which nothing but processes stands below.
    fn bearer(&self, node: usize) -> Option<&SubjectKey> {
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
    fn change(&mut self, change: impl FnOnce(&mut Tree)) {
        let selected = self.selected().and_then(|line| self.place(line));
        change(self);
        self.arrange(selected.as_ref());
    }

    fn take(&mut self, forest: Forest) {
        let first = self.forest.nodes.is_empty();
        self.change(|t| {
            t.stale = false;
            t.forest = forest;
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
    fn fold(&mut self) {
        let node = match self.selected() {
            Some(Line::Node(n)) if self.is_open(n) => return self.set_open(n, false),
            Some(Line::Node(n)) => self.forest.nodes[n].parent,
            Some(Line::Process(n, _) | Line::Nothing(n)) => Some(n),
            None => None,
        };
        let at = self.lines.iter().position(|(line, _)| node.map(Line::Node) == Some(*line));
        self.list.selected = at.unwrap_or(self.list.selected);
    }

    fn set_open(&mut self, node: usize, open: bool) {
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

impl App {
    /// Opens the tree at the cursor, or at the newest data of the window, where it was left; the list's selected
    /// container is selected.
    pub(super) fn open_tree(&mut self) -> Vec<Effect> {
        let Some(at) = self.moment() else { return Vec::new() };
        if let Some(why) = self.idle_because(Action::Tree) {
            return self.tell(why);
        }
        let target = self.target().filter(|key| key.table == Table::Containers).map(Id::Subject);
        self.tree.wanted = target;
        self.tree.metric = of_containers(self.panel().metric);
        self.tree.at = at;
        self.overlay = Overlay::Tree;
        self.ask_tree()
    }

    /// Whether there are processes that could stand below containers.
    pub fn reads_processes(&self) -> bool {
        self.overview.tables.contains(&Table::Processes)
    }

    fn ask_tree(&mut self) -> Vec<Effect> {
        let Some(metric) = self.tree.metric else { return Vec::new() };
        self.tree.stale = true;
        let wanted = Wanted {
            metric,
            at: self.tree.at,
            interval: self.overview.interval.max(1),
            all_kinds: self.group_of(Table::Containers).subjects.all_kinds,
            filter: self.filter.clone(),
        };
        vec![self.ask(Slot::Tree, Question::Tree(wanted))]
    }

    /// Takes who there is, unless the tree has moved on since.
    pub(super) fn take_tree(&mut self, wanted: &Wanted, forest: Forest) -> Vec<Effect> {
        if self.tree.at != wanted.at || self.tree.metric != Some(wanted.metric) {
            return Vec::new();
        }
        self.tree.take(forest);
        self.ask_branch()
    }

    /// Asks for the processes of the first unfolded line whose processes are not those of the moment: one after the
    /// other, since there is one slot for them.
    fn ask_branch(&mut self) -> Vec<Effect> {
        let t = &self.tree;
        if t.stale || !self.reads_processes() {
            return Vec::new();
        }
        let nodes = t.lines.iter().filter_map(|(line, _)| match line {
            Line::Node(n) if t.is_open(*n) && !t.is_read(*n) => t.bearer(*n),
            _ => None,
        });
        let (next, at) = (nodes.take(1).cloned().next(), t.at);
        next.map(|container| self.ask_processes_of(container, at)).into_iter().collect()
    }

    /// Takes a container's processes; the next one's may be asked for.
    pub(super) fn take_branch(&mut self, wanted: &processes::Wanted, mut rows: Vec<Process>) -> Vec<Effect> {
        if self.tree.at != wanted.at {
            return Vec::new();
        }
        let column = self.tree.column();
        self.tree.change(|t| {
            processes::sort(&mut rows, column);
            t.processes.insert(wanted.container.clone(), (wanted.at, rows));
        });
        self.ask_branch()
    }

    pub(super) fn select_line(&mut self, by: isize) -> Vec<Effect> {
        self.tree.list.step(by, self.tree.lines.len());
        Vec::new()
    }

    /// Unfolds or folds the selected line; of a process, draws its series.
    pub(super) fn open_line(&mut self) -> Vec<Effect> {
        match self.tree.selected() {
            Some(Line::Process(node, row)) => {
                let key = self.tree.process(node, row).map(|p| p.key.clone());
                let metric = processes::metric(self.tree.column());
                match key.zip(metric) {
                    Some((key, metric)) => self.draw_process(key, metric),
                    None => Vec::new(),
                }
            }
            Some(Line::Node(node)) if self.tree.is_open(node) => self.fold_line(),
            _ => self.unfold_line(),
        }
    }

    pub(super) fn unfold_line(&mut self) -> Vec<Effect> {
        if let Some(Line::Node(node)) = self.tree.selected() {
            self.tree.set_open(node, true);
        }
        self.ask_branch()
    }

    pub(super) fn fold_line(&mut self) -> Vec<Effect> {
        self.tree.fold();
        Vec::new()
    }

    /// Draws the selected subject in the charts of containers, or stops doing so.
    pub(super) fn draw_line(&mut self) -> Vec<Effect> {
        let Some(Line::Node(node)) = self.tree.selected() else {
            return self.tell(&format!("{} draws a process", self.keymap.hint(Action::TreeOpen)));
        };
        match self.tree.forest.nodes[node].id.clone() {
            Id::Subject(key) => {
                let effects = self.toggle(&key);
                if self.notice.is_none() && self.panels.iter().all(|p| p.metric.table != Table::Containers) {
                    self.notice = Some("no panel shows a metric of containers at present".to_owned());
                }
                effects
            }
            Id::Pod(_) => self.tell("of this pod only the containers were recorded"),
        }
    }

    /// The same tree some samples later; the cursor comes along.
    pub(super) fn step_tree(&mut self, samples: i64) -> Vec<Effect> {
        let Some(bounds) = self.timeline.as_ref().map(Timeline::bounds) else { return Vec::new() };
        let at = (self.tree.at + samples * self.overview.interval).clamp(bounds.start, bounds.end - 1);
        self.tree.at = at;
        let mut effects = self.travel(|t| t.look_at(at));
        effects.extend(self.ask_tree());
        effects
    }
}
