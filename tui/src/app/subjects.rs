//! The subject list of one table: who there is, who is hidden, who is high.
//!
//! Owns: names, order and filter of subjects. Must not: know which of them are drawn.

use std::collections::HashMap;
use std::sync::Arc;

use fgm::metric::Table;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::Micros;

use super::list::List;
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
    /// Mean over the window in which it was ranked.
    pub mean: Option<f64>,
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
            entries: Vec::new(),
            visible: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    /// Takes an answer, keeps ranks and selection.
    pub fn update(&mut self, subjects: &[Subject]) {
        let selected = self.kept();
        let means: HashMap<_, _> = self.entries.drain(..).map(|e| (e.key, e.mean)).collect();
        self.entries = subjects.iter().map(entry).collect();
        for e in &mut self.entries {
            e.mean = means.get(&e.key).copied().flatten();
        }
        self.arrange(selected);
    }

    /// Takes means; subjects without one go to the end.
    pub fn rank(&mut self, means: &HashMap<SubjectKey, f64>) {
        let selected = self.kept();
        for e in &mut self.entries {
            e.mean = means.get(&e.key).copied();
        }
        self.arrange(selected);
    }

    /// The subject that stays selected when the order changes; a selection at the top stays at the top.
    fn kept(&self) -> Option<SubjectKey> {
        self.selected().filter(|_| self.list.selected > 0).map(|e| e.key.clone())
    }

    /// Forgets means that belong to another metric; the order stays until there are new ones.
    pub fn forget_ranks(&mut self) {
        self.entries.iter_mut().for_each(|e| e.mean = None);
    }

    /// Lists all kinds, or only those that matter.
    pub fn toggle_kinds(&mut self) {
        let selected = self.selected().map(|e| e.key.clone());
        self.all_kinds = !self.all_kinds;
        self.arrange(selected);
    }

    fn arrange(&mut self, selected: Option<SubjectKey>) {
        self.entries.sort_by(|a, b| {
            let mean = |e: &Entry| e.mean.unwrap_or(f64::NEG_INFINITY);
            mean(b).total_cmp(&mean(a)).then_with(|| a.title.cmp(&b.title))
        });
        self.by_key = self.entries.iter().enumerate().map(|(i, e)| (e.key.clone(), i)).collect();
        let containers = self.entries.iter().any(|e| e.kind == "container");
        let shown = |e: &Entry| match e.kind.as_str() {
            "sandbox" | "pod" => self.all_kinds,
            "service" | "slice" | "root" => self.all_kinds || !containers,
            _ => true,
        };
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

    /// The highest of the visible, by the last ranking.
    pub fn top(&self, n: usize) -> Vec<SubjectKey> {
        let ranked = self.visible().filter(|e| e.mean.is_some());
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
        mean: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::containers::label;
    use fgm::store::tick::LabelValue;

    fn subject(kind: &str, path: &str) -> Subject {
        let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
        labels[label::subject_kind] = LabelValue::text(kind);
        labels[label::cgroup_path] = LabelValue::text(path);
        Subject { table: Table::Containers, labels, first: 0, last: 0 }
    }

    fn titles(s: &Subjects) -> Vec<&str> {
        s.visible().map(|e| e.title.as_str()).collect()
    }

    /// REC-1, TUI-1: sandboxes, pods and slices are hidden beside containers; without containers services are shown.
    #[test]
    fn kinds_are_hidden_beside_containers() {
        let mut s = Subjects::new(Table::Containers);
        s.update(&[subject("service", "/ssh.service"), subject("slice", "/a.slice"), subject("pod", "/pod")]);
        assert_eq!(titles(&s), ["a.slice", "ssh.service"]);
        s.update(&[
            subject("service", "/ssh.service"),
            subject("container", "/c1"),
            subject("sandbox", "/c0"),
        ]);
        assert_eq!(titles(&s), ["c1"]);
        s.toggle_kinds();
        assert_eq!(titles(&s), ["c0", "c1", "ssh.service"]);
        assert_eq!(s.all().len(), 3);
    }

    /// TUI-3: the highest come first; those without a value last.
    #[test]
    fn ranking_orders_and_keeps_the_selection() {
        let mut s = Subjects::new(Table::Containers);
        let all = ["/a", "/b", "/c"].map(|p| subject("container", p));
        s.update(&all);
        s.list.selected = 1;
        s.rank(&HashMap::from([(all[2].key(), 5.0), (all[1].key(), 1.0)]));
        assert_eq!(titles(&s), ["c", "b", "a"]);
        assert_eq!(s.selected().unwrap().title, "b");
        assert_eq!(s.top(6).len(), 2);
        s.update(&all);
        assert_eq!(titles(&s), ["c", "b", "a"], "a new list keeps the ranks");
    }
}
