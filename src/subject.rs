//! Subjects as queries and viewers see them: who can be selected, and under which name.
//!
//! Owns: the identity of a drawable series across files and runs, and its title. Must not: know where it was read.

use crate::metric::Table;
use crate::metric::{cpus, disks, extras, interfaces, node, processes, regions};
use crate::store::tick::LabelValue;
use crate::time::Micros;

/// `subject_kind` of rows that tell of the whole host in tables whose other rows belong to cgroups: its network
/// namespace, its disks.
pub const NODE_KIND: &str = "node";

/// Identity of a subject across files and runs: its node and its table's key labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubjectKey {
    /// The table.
    pub table: Table,
    /// Values of the labels at [`Table::key_labels`].
    pub values: Vec<LabelValue>,
}

/// A subject with everything that its labels say.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The table.
    pub table: Table,
    /// One value per label of the table.
    pub labels: Vec<LabelValue>,
    /// Time of its first row.
    pub first: Micros,
    /// Time of its last row.
    pub last: Micros,
}

impl Subject {
    /// Identity across files and runs.
    pub fn key(&self) -> SubjectKey {
        SubjectKey::of(self.table, &self.labels)
    }

    /// The label of this name.
    pub fn label(&self, name: &str) -> Option<&LabelValue> {
        self.labels.get(self.table.label_index(name)?).filter(|v| **v != LabelValue::Null)
    }

    /// The text label of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.label(name)?.as_text()
    }

    /// What lists and legends call it: pod/container, the last words of a cgroup path, command and pid, …
    pub fn title(&self) -> String {
        let text = |i: usize| self.labels.get(i).and_then(LabelValue::as_text);
        let int = |i: usize| self.labels.get(i).and_then(LabelValue::as_int);
        match self.table {
            Table::Containers | Table::Netns | Table::Identities => self.cgroup_title(),
            Table::Processes => {
                let comm = text(processes::label::comm).unwrap_or("?");
                format!("{comm} [{}]", int(processes::label::pid).unwrap_or(-1))
            }
            Table::Node => text(node::label::node_name).unwrap_or("node").to_owned(),
            Table::Cpus => format!("cpu{}", int(cpus::label::cpu).unwrap_or(-1)),
            Table::Disks => {
                let device = text(disks::label::device_name).or(text(disks::label::device)).unwrap_or("?");
                format!("{} {device}", self.cgroup_title())
            }
            Table::Regions => {
                let comm = text(regions::label::comm).unwrap_or("?");
                let pid = int(regions::label::pid).unwrap_or(-1);
                format!("{comm} [{pid}] {}", text(regions::label::region).unwrap_or("?"))
            }
            Table::Extras => {
                format!("{} {}", self.cgroup_title(), text(extras::label::source).unwrap_or("?"))
            }
            Table::Interfaces => {
                format!("{} {}", self.cgroup_title(), text(interfaces::label::interface).unwrap_or("?"))
            }
        }
    }

    fn cgroup_title(&self) -> String {
        if self.text("subject_kind") == Some(NODE_KIND) {
            return self.text("node_name").unwrap_or("node").to_owned();
        }
        let name = self.text("container_name");
        let pod = self.text("pod_name");
        let id = self.text("container_id").map(|id| id.get(..12).unwrap_or(id));
        let path = self.text("cgroup_path").unwrap_or("/");
        match (pod, name.or(id)) {
            (Some(p), Some(c)) => format!("{p}/{c}"),
            (None, Some(c)) => c.to_owned(),
            (Some(p), None) => p.to_owned(),
            (None, None) => short_path(path),
        }
    }
}

impl SubjectKey {
    /// The key within these labels.
    pub fn of(table: Table, labels: &[LabelValue]) -> SubjectKey {
        let values = table.key_labels().filter_map(|i| labels.get(i).cloned()).collect();
        SubjectKey { table, values }
    }
}

/// The last component of a cgroup path, long hexadecimal ids cut to twelve digits; `/` stays.
fn short_path(path: &str) -> String {
    let last = path.rsplit('/').find(|p| !p.is_empty()).unwrap_or("/");
    let hex = |s: &str| s.len() >= 32 && s.chars().all(|c| c.is_ascii_hexdigit());
    if hex(last) { last[..12].to_owned() } else { last.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::containers;

    fn container(path: &str, pod: Option<&str>, name: Option<&str>) -> Subject {
        let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
        labels[containers::label::node_name] = LabelValue::text("n1");
        labels[containers::label::cgroup_path] = LabelValue::text(path);
        labels[containers::label::cgroup_inode] = LabelValue::Int(9);
        labels[containers::label::pod_name] = LabelValue::maybe(pod);
        labels[containers::label::container_name] = LabelValue::maybe(name);
        Subject { table: Table::Containers, labels, first: 0, last: 0 }
    }

    #[test]
    fn titles_use_the_best_name_known() {
        assert_eq!(container("/x/y", Some("web-0"), Some("app")).title(), "web-0/app");
        assert_eq!(container("/system.slice/ssh.service", None, None).title(), "ssh.service");
        assert_eq!(container(&format!("/a/{}", "0f".repeat(32)), None, None).title(), "0f0f0f0f0f0f");
        assert_eq!(container("/", None, None).title(), "/");
    }

    #[test]
    fn keys_ignore_what_is_learnt_late() {
        let (a, b) = (container("/x", None, None), container("/x", Some("p"), Some("c")));
        assert_eq!(a.key(), b.key());
        assert_eq!(a.key().values.len(), 3);
        assert_ne!(a.key(), container("/z", None, None).key());
    }
}
