//! What actions do to the tree of pods, containers and processes, and what is asked for it.
//!
//! Owns: the moment, the questions. Must not: know how lines are folded (see [`super::tree`]).

use fgm::metric::Table;

use super::forest::{Forest, Id, Wanted, of_containers};
use super::message::{Effect, Question, Slot};
use super::processes::{self, Process};
use super::timeline::Timeline;
use super::tree::Line;
use super::{App, Overlay};
use crate::keymap::Action;

impl App {
    /// Opens the tree at the cursor, or at the newest data of the window, where it was left; the list's selected
    /// container is selected.
    pub(super) fn open_tree(&mut self) -> Vec<Effect> {
        let Some(at) = self.moment() else { return Vec::new() };
        if let Some(why) = self.idle_because(Action::Tree) {
            return self.tell(why);
        }
        let target = self.target().and_then(|who| who.subject().cloned());
        self.tree.wanted = target.filter(|key| key.table == Table::Containers).map(Id::Subject);
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
        let mut nodes = t.lines.iter().filter_map(|(line, _)| match line {
            Line::Node(n) if t.is_open(*n) && !t.is_read(*n) => t.bearer(*n),
            _ => None,
        });
        let (next, at) = (nodes.next().cloned(), t.at);
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
                    Some((key, metric)) => self.draw_process(&key, metric),
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
                let effects = self.toggle(key);
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
