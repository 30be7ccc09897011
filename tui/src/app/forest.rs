//! Pods with their containers, slices with their services: who stands below whom at a moment (TUI-7).
//!
//! Owns: the parents, names and order of subjects in a tree, and each one's value then. Must not: read them (workers
//! do), or know what is unfolded (see [`super::tree`]).

use std::collections::HashMap;

use fgm::filter::Filter;
use fgm::identity::SubjectKind;
use fgm::metric::{Metric, Table};
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, TimeRange};

use crate::headless::choose::Choice;
use crate::text::clean;

/// How many ticks back a value is looked for.
const BACK: Micros = 3;

/// What must be asked for a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Whose values stand beside the names; of containers.
    pub metric: &'static Metric,
    /// The moment.
    pub at: Micros,
    /// Length of a tick.
    pub interval: Micros,
    /// Whether sandboxes are shown, too.
    pub all_kinds: bool,
    /// Who is shown, if not all: they, and all that they stand below.
    pub filter: Option<Filter>,
}

impl Wanted {
    /// In which rows are looked for.
    pub fn range(&self) -> TimeRange {
        TimeRange::new(self.at - self.interval * BACK, self.at + self.interval / 2)
    }

    /// Whether a subject was there, as far as its first and last row tell.
    pub fn is_there(&self, subject: &Subject) -> bool {
        let range = self.range();
        subject.first < range.end && subject.last >= self.at - self.interval * 3 / 2
    }

    /// The question for the values: one column per tick.
    pub fn query(&self, subjects: &[Subject]) -> WindowQuery {
        let subjects = subjects.iter().map(Subject::key).collect();
        WindowQuery { metric: self.metric, subjects, range: self.range(), columns: BACK as usize + 1 }
    }
}

/// What tells a node from all others, also at another moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Id {
    /// A subject.
    Subject(SubjectKey),
    /// A pod of which only the containers were recorded: its node, and its uid or its namespace and name.
    Pod(String),
}

/// A line of the tree that may have others below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Which one it is.
    pub id: Id,
    /// Harmless name, without what stands above it already.
    pub title: String,
    /// What it is.
    pub kind: SubjectKind,
    /// Its value at the moment, if it had one; of a pod that was not recorded itself, the sum of those of its containers.
    pub value: Option<f64>,
    /// Number of the node above it.
    pub parent: Option<usize>,
    /// Numbers of the nodes below it, the highest first.
    pub children: Vec<usize>,
}

/// Everybody at a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// Those above which nobody stands: pods, then all else; the highest first.
    pub roots: Vec<usize>,
}

impl Forest {
    /// Puts everybody into place. `identities` are read only for filters that ask for more than labels tell.
    pub fn new(
        wanted: &Wanted,
        subjects: &[Subject],
        values: &WindowAnswer,
        identities: &dyn Fn() -> Vec<Subject>,
    ) -> Forest {
        let mut planted = Planted::new(wanted, subjects, values);
        for i in 0..planted.forest.nodes.len() {
            let parent = planted.parent(i);
            planted.forest.nodes[i].parent = parent;
        }
        let mut forest = planted.forest;
        if let Some(filter) = &wanted.filter {
            let choice = Choice::new(std::slice::from_ref(filter), &[], identities);
            let kept = planted.of.iter().map(|s| s.is_some_and(|s| choice.keeps(s))).collect();
            forest = forest.pruned(kept);
        }
        forest.arrange(wanted.metric.adds_up().is_ok());
        forest
    }

    /// Without those who are not kept and stand above nobody who is.
    fn pruned(mut self, mut kept: Vec<bool>) -> Forest {
        for i in 0..self.nodes.len() {
            let mut at = self.nodes[i].parent.filter(|_| kept[i]);
            while let Some(p) = at {
                kept[p] = true;
                at = self.nodes[p].parent;
            }
        }
        let mut number = vec![None; kept.len()];
        (0..kept.len()).filter(|i| kept[*i]).enumerate().for_each(|(new, old)| number[old] = Some(new));
        self.nodes = self.nodes.into_iter().zip(&kept).filter(|(_, k)| **k).map(|(n, _)| n).collect();
        for n in &mut self.nodes {
            n.parent = n.parent.and_then(|p| number[p]);
        }
        self
    }

    /// Gives everybody children; a pod that was not recorded itself has what its containers add up to, if they do.
    fn arrange(&mut self, adds_up: bool) {
        for i in 0..self.nodes.len() {
            match self.nodes[i].parent {
                Some(p) => self.nodes[p].children.push(i),
                None => self.roots.push(i),
            }
        }
        for i in (0..self.nodes.len()).filter(|_| adds_up) {
            if matches!(self.nodes[i].id, Id::Pod(_)) {
                let below = self.nodes[i].children.iter().filter_map(|c| self.nodes[*c].value);
                self.nodes[i].value = below.reduce(|a, b| a + b);
            }
        }
        let nodes = &self.nodes;
        let sorted = |all: &[usize]| {
            let mut all = all.to_vec();
            let value = |i: usize| nodes[i].value.unwrap_or(f64::NEG_INFINITY);
            let pod = |i: usize| nodes[i].kind == SubjectKind::Pod;
            all.sort_by(|&a, &b| {
                let by_value = || value(b).total_cmp(&value(a));
                pod(b).cmp(&pod(a)).then_with(by_value).then_with(|| nodes[a].title.cmp(&nodes[b].title))
            });
            all
        };
        let children: Vec<Vec<usize>> = nodes.iter().map(|n| sorted(&n.children)).collect();
        self.roots = sorted(&self.roots);
        self.nodes.iter_mut().zip(children).for_each(|(n, c)| n.children = c);
    }

    /// The nodes above a node, the nearest first.
    pub fn above(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.nodes[node].parent, |p| self.nodes[*p].parent)
    }
}

/// Nodes that have no parents yet.
struct Planted<'a> {
    forest: Forest,
    /// The subject of each node.
    of: Vec<Option<&'a Subject>>,
    /// Slices, services and the root by node and path.
    by_path: HashMap<(&'a str, &'a str), usize>,
    /// Pods by what their containers know of them.
    pods: HashMap<String, usize>,
}

impl<'a> Planted<'a> {
    fn new(wanted: &Wanted, subjects: &'a [Subject], values: &WindowAnswer) -> Planted<'a> {
        let mut all = Planted {
            forest: Forest::default(),
            of: Vec::new(),
            by_path: HashMap::new(),
            pods: HashMap::new(),
        };
        for (subject, (_, buckets)) in subjects.iter().zip(&values.series) {
            let kind = subject.text("subject_kind").and_then(SubjectKind::from_name);
            let Some(kind) = kind.filter(|k| *k != SubjectKind::Sandbox || wanted.all_kinds) else {
                continue;
            };
            let number = all.forest.nodes.len();
            match (kind, subject.text("cgroup_path")) {
                (SubjectKind::Pod, _) => all.pods.extend(pod(subject).map(|pod| (pod, number))),
                (SubjectKind::Service | SubjectKind::Slice | SubjectKind::Root, Some(path)) => {
                    all.by_path.insert((node(subject), path.trim_end_matches('/')), number);
                }
                _ => {}
            }
            let value = buckets.columns.iter().rev().flatten().next().map(|b| b.last);
            let (id, title) = (Id::Subject(subject.key()), title(subject, kind));
            all.add(Some(subject), Node { id, title, kind, value, parent: None, children: Vec::new() });
        }
        all
    }

    fn add(&mut self, subject: Option<&'a Subject>, node: Node) -> usize {
        self.forest.nodes.push(node);
        self.of.push(subject);
        self.of.len() - 1
    }

    /// The node above a node. A container stands below its pod, which is made up if it was not recorded itself; all
    /// else below the nearest slice or service that its path goes through.
    fn parent(&mut self, i: usize) -> Option<usize> {
        let (subject, kind) = (self.of[i]?, self.forest.nodes[i].kind);
        if kind == SubjectKind::Pod {
            return None;
        }
        if let Some(pod) =
            pod(subject).filter(|_| matches!(kind, SubjectKind::Container | SubjectKind::Sandbox))
        {
            if let Some(there) = self.pods.get(&pod) {
                return Some(*there);
            }
            let (id, kind) = (Id::Pod(pod.clone()), SubjectKind::Pod);
            let title = title(subject, kind);
            let node = Node { id, title, kind, value: None, parent: None, children: Vec::new() };
            let number = self.add(None, node);
            self.pods.insert(pod, number);
            return Some(number);
        }
        let (node, mut path) = (node(subject), subject.text("cgroup_path")?.trim_end_matches('/'));
        while let Some((above, _)) = path.rsplit_once('/') {
            if let Some(there) = self.by_path.get(&(node, above)) {
                return Some(*there);
            }
            path = above;
        }
        None
    }
}

fn node(s: &Subject) -> &str {
    s.text("node_name").unwrap_or_default()
}

/// What a pod's own row and those of its containers have in common.
fn pod(s: &Subject) -> Option<String> {
    let uid = s.text("pod_uid").map(str::to_owned);
    let name = || Some(format!("{}/{}", s.text("namespace").unwrap_or_default(), s.text("pod_name")?));
    uid.or_else(name).map(|pod| format!("{} {pod}", node(s)))
}

/// A name without what stands above it.
fn title(s: &Subject, kind: SubjectKind) -> String {
    let of_pod = |pod: &str| s.text("namespace").map_or(pod.to_owned(), |ns| format!("{ns}/{pod}"));
    let id = |id: &str| id.get(..12).unwrap_or(id).to_owned();
    let own = match kind {
        SubjectKind::Pod => s.text("pod_name").map(of_pod).or_else(|| s.text("pod_uid").map(id)),
        SubjectKind::Sandbox => Some("sandbox".to_owned()),
        SubjectKind::Container => {
            s.text("container_name").map(str::to_owned).or_else(|| s.text("container_id").map(id))
        }
        SubjectKind::Service | SubjectKind::Slice | SubjectKind::Root => None,
    };
    clean(&own.unwrap_or_else(|| s.title()))
}

/// The metric of containers that is nearest to one of any table: itself, what has its name, else the CPU in use.
pub fn of_containers(metric: &'static Metric) -> Option<&'static Metric> {
    let named = |name| Metric::find(Table::Containers, name);
    let own = Some(metric).filter(|m| m.table == Table::Containers);
    own.or_else(|| named(metric.name)).or_else(|| named("cpu_usage_millicores"))
}

#[cfg(test)]
#[path = "forest_tests.rs"]
mod tests;
