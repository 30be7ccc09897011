//! Groups of subjects whose values are added up (TUI-3).
//!
//! Owns: by what subjects are grouped, what a group is called, and who may stand beside whom in a sum. Must not: add
//! (the engine does), or know screens.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use clap::ValueEnum;
use fgm::metric::Table;
use fgm::store::tick::LabelValue;
use fgm::subject::{NODE_KIND, Subject};

/// By what subjects are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum By {
    /// Pod, with its namespace.
    Pod,
    /// Kubernetes namespace.
    Namespace,
    /// Name of the container.
    Container,
    /// Node.
    Node,
    /// Not at all: everybody is one group.
    All,
}

/// What a group is called; none where its members lack the label.
pub type Name = Option<Arc<str>>;

/// Kinds of cgroups, the one that is added up first: a sum never mixes kinds, since some hold others.
const KINDS: [&str; 7] = ["container", "service", "pod", "sandbox", "slice", "root", NODE_KIND];

impl By {
    /// Every grouping, as the key goes through them.
    pub const ALL: [By; 5] = [By::Pod, By::Namespace, By::Container, By::Node, By::All];

    /// As titles have it: "by namespace".
    pub fn words(self) -> &'static str {
        match self {
            By::Pod => "by pod",
            By::Namespace => "by namespace",
            By::Container => "by container name",
            By::Node => "by node",
            By::All => "of all",
        }
    }

    /// As flags have it.
    pub fn flag(self) -> &'static str {
        match self {
            By::Pod => "pod",
            By::Namespace => "namespace",
            By::Container => "container",
            By::Node => "node",
            By::All => "all",
        }
    }

    /// The grouping of this flag.
    pub fn from_flag(flag: &str) -> Option<By> {
        By::ALL.into_iter().find(|by| by.flag() == flag)
    }

    /// The label that tells groups apart.
    fn label(self) -> Option<&'static str> {
        match self {
            By::Pod => Some("pod_name"),
            By::Namespace => Some("namespace"),
            By::Container => Some("container_name"),
            By::Node => Some("node_name"),
            By::All => None,
        }
    }

    /// Whether subjects of a table can be told apart by it.
    pub fn fits(self, table: Table) -> bool {
        self.label().is_none_or(|l| table.label_index(l).is_some())
    }

    /// The same, with what to say when they cannot.
    pub fn check(self, table: Table) -> Result<(), String> {
        let line =
            || format!("the subjects of {table} have no {}; --sum-by all adds all of them", self.flag());
        if self.fits(table) { Ok(()) } else { Err(line()) }
    }

    /// The filter that lets exactly a group's members through; none for those without a name, and for all.
    pub fn filter(self, name: &str) -> Option<String> {
        let (namespace, last) = name.split_once('/').map_or((None, name), |(n, l)| (Some(n), l));
        match (self, namespace) {
            (By::Pod, Some(namespace)) => Some(format!("ns:={namespace} pod:={last}")),
            (By::Pod, None) => Some(format!("pod:={name}")),
            (By::Namespace, _) => Some(format!("ns:={name}")),
            (By::Container, _) => Some(format!("name:={name}")),
            (By::Node, _) => Some(format!("label:node_name=={name}")),
            (By::All, _) => None,
        }
    }

    fn name_of(self, subject: &Subject) -> Name {
        let name = subject.text(self.label()?)?;
        match (self, subject.text("namespace")) {
            (By::Pod, Some(namespace)) => Some(format!("{namespace}/{name}").into()),
            _ => Some(name.into()),
        }
    }
}

/// What a group without a name is called by people.
pub fn spell(by: By, name: Option<&str>) -> String {
    match (by, name) {
        (_, Some(name)) => name.to_owned(),
        (By::All, None) => "all".to_owned(),
        (By::Pod, None) => "(no pod)".to_owned(),
        (By::Namespace, None) => "(no namespace)".to_owned(),
        (By::Container | By::Node, None) => "(no name)".to_owned(),
    }
}

/// Subjects in groups, by name; whoever must not be added to the others is left out.
pub fn groups<'s>(by: By, subjects: &[&'s Subject]) -> Vec<(Name, Vec<&'s Subject>)> {
    let mut groups: BTreeMap<Name, Vec<&Subject>> = BTreeMap::new();
    for s in summands(subjects) {
        groups.entry(by.name_of(s)).or_default().push(s);
    }
    groups.into_iter().collect()
}

/// Those of some subjects of one table whose values may be added: none of them holds another.
pub fn summands<'s>(subjects: &[&'s Subject]) -> Vec<&'s Subject> {
    let of = |kind: Option<&str>| {
        subjects.iter().copied().filter(move |s| s.text("subject_kind") == kind).collect::<Vec<_>>()
    };
    match subjects.first().map(|s| s.table) {
        Some(Table::Containers | Table::Disks) => {
            let present = |kind: &&str| subjects.iter().any(|s| s.text("subject_kind") == Some(kind));
            outermost(&of(KINDS.into_iter().find(present)))
        }
        // Each network namespace is recorded once; what the host's own carries is partly that of the others.
        Some(Table::Netns | Table::Interfaces) => {
            let others = subjects.iter().copied().filter(|s| s.text("subject_kind") != Some(NODE_KIND));
            let others: Vec<_> = others.collect();
            if others.is_empty() { subjects.to_vec() } else { others }
        }
        _ => subjects.to_vec(),
    }
}

/// Those who may be added besides some that are drawn: none of them is one of these, or lies within one.
pub fn others<'s>(subjects: &[&'s Subject], drawn: impl Fn(&Subject) -> bool) -> Vec<&'s Subject> {
    let (there, rest): (Vec<&Subject>, Vec<&Subject>) = subjects.iter().copied().partition(|s| drawn(s));
    let rest = summands(&rest);
    match subjects.first().map(|s| s.table) {
        Some(Table::Containers | Table::Disks) => {
            let all: Vec<&Subject> = there.into_iter().chain(rest).collect();
            outermost(&all).into_iter().filter(|s| !drawn(s)).collect()
        }
        _ => rest,
    }
}

/// A cgroup's numbers hold those of the cgroups within it: whoever lies within another one is left out.
fn outermost<'s>(subjects: &[&'s Subject]) -> Vec<&'s Subject> {
    let place = |s: &'s Subject| (s.text("node_name"), s.label("device"));
    let there: HashSet<(Option<&str>, Option<&LabelValue>, &str)> = subjects
        .iter()
        .filter_map(|s| {
            let (node, device) = place(s);
            Some((node, device, s.text("cgroup_path")?))
        })
        .collect();
    let within = |s: &&'s Subject| {
        let (node, device) = place(s);
        let path = s.text("cgroup_path").unwrap_or_default();
        let mut above = path.match_indices('/').map(|(at, _)| if at == 0 { "/" } else { &path[..at] });
        above.any(|p| p != path && there.contains(&(node, device, p)))
    };
    subjects.iter().copied().filter(|s| !within(s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(table: Table, labels: &[(&str, &str)]) -> Subject {
        let mut all = vec![LabelValue::Null; table.labels().len()];
        for (name, value) in labels {
            all[table.label_index(name).unwrap()] = LabelValue::text(*value);
        }
        Subject { table, labels: all, first: 0, last: 0 }
    }

    fn container(path: &str, kind: &str, namespace: &str, pod: &str) -> Subject {
        let labels = [
            ("node_name", "n1"),
            ("cgroup_path", path),
            ("subject_kind", kind),
            ("namespace", namespace),
            ("pod_name", pod),
            ("container_name", "app"),
        ];
        let known: Vec<_> = labels.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        subject(Table::Containers, &known)
    }

    fn named(by: By, subjects: &[Subject]) -> Vec<(Option<String>, usize)> {
        let all: Vec<&Subject> = subjects.iter().collect();
        groups(by, &all).into_iter().map(|(n, m)| (n.map(|n| n.to_string()), m.len())).collect()
    }

    /// TUI-3: groups by pod, namespace, container name, node; pods of two namespaces stay apart, and whoever lacks
    /// the label is a group too.
    #[test]
    fn groups_have_the_names_of_labels() {
        let all = [
            container("/p/a", "container", "shop", "web-0"),
            container("/p/b", "container", "shop", "web-0"),
            container("/q/a", "container", "data", "web-0"),
            container("/x", "container", "", ""),
        ];
        let some = |n: &str| Some(n.to_owned());
        assert_eq!(named(By::Pod, &all), [(None, 1), (some("data/web-0"), 1), (some("shop/web-0"), 2)]);
        assert_eq!(named(By::Namespace, &all), [(None, 1), (some("data"), 1), (some("shop"), 2)]);
        assert_eq!(named(By::Container, &all), [(some("app"), 4)]);
        assert_eq!(named(By::Node, &all), [(some("n1"), 4)]);
        assert_eq!(named(By::All, &all), [(None, 4)]);
        assert!(By::Node.fits(Table::Cpus) && !By::Pod.fits(Table::Cpus) && By::All.fits(Table::Node));
        assert!(By::ALL.into_iter().all(|by| By::from_flag(by.flag()) == Some(by)));
    }

    /// TUI-3: the rest is nobody who is drawn, and nobody within one who is.
    #[test]
    fn the_rest_is_neither_drawn_nor_within_what_is() {
        let all = [
            container("/a", "container", "shop", "a"),
            container("/s", "slice", "", ""),
            container("/s/b", "container", "shop", "b"),
            container("/c", "container", "data", "c"),
        ];
        let listed: Vec<&Subject> = all.iter().collect();
        let rest = |drawn: &[&str]| {
            let drawn = |s: &Subject| drawn.contains(&s.text("cgroup_path").unwrap());
            let paths = others(&listed, drawn).into_iter().filter_map(|s| s.text("cgroup_path"));
            paths.collect::<Vec<_>>()
        };
        assert_eq!(rest(&["/a"]), ["/s/b", "/c"]);
        assert_eq!(rest(&["/a", "/s"]), ["/c"]);
    }

    /// TUI-3, ruling on subjects: sums never mix kinds, and nothing is counted twice: not a container within another,
    /// not a pod beside its containers, not the host beside everybody on it.
    #[test]
    fn nothing_is_counted_twice() {
        let all = [
            container("/", "root", "", ""),
            container("/pod", "pod", "shop", "web-0"),
            container("/pod/a", "container", "shop", "web-0"),
            container("/pod/a/inner", "container", "shop", ""),
            container("/pod/ab", "container", "shop", "web-0"),
            container("/ssh.service", "service", "", ""),
        ];
        assert_eq!(named(By::Namespace, &all), [(Some("shop".to_owned()), 2)]);
        assert_eq!(named(By::All, &all[..2]), [(None, 1)], "pods before the root");
        let services = [
            container("/user.service", "service", "", ""),
            container("/user.service/app.slice/x.service", "service", "", ""),
        ];
        assert_eq!(named(By::All, &services), [(None, 1)]);
        let netns = |kind: &str| subject(Table::Netns, &[("subject_kind", kind)]);
        assert_eq!(named(By::All, &[netns("node"), netns("pod"), netns("container")]), [(None, 2)]);
        assert_eq!(named(By::All, &[netns("node")]), [(None, 1)]);
        let process =
            |kind: &str| subject(Table::Processes, &[("subject_kind", kind), ("cgroup_path", "/a")]);
        assert_eq!(named(By::All, &[process("container"), process("service")]), [(None, 2)]);
    }
}
