//! Names that became known after a file was sealed: labels completed from `identities` (REC-7).
//!
//! Owns: which identity belongs to which subject. Must not: read rows; the index of `identities` has the names.

use std::collections::HashMap;

use super::catalogue::Catalogue;
use crate::metric::{Table, identities};
use crate::store::tick::LabelValue;
use crate::time::Micros;

/// What is known of each container, sandbox and pod.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// One value per label of the index of `identities`.
    known: Vec<Vec<LabelValue>>,
    /// By `container_id`.
    by_container: HashMap<LabelValue, usize>,
    /// By node, cgroup path and inode.
    by_cgroup: HashMap<[LabelValue; 3], usize>,
}

impl Names {
    /// Collects what a catalogue's files and segments say: of each subject the newest, and what that leaves out an
    /// older one may say.
    pub(crate) fn of(catalogue: &Catalogue) -> Names {
        let book = catalogue.books.of(Table::Identities);
        let mut last_seen: HashMap<u32, Micros> = HashMap::new();
        let files = catalogue.files.iter().filter(|f| f.table == Some(Table::Identities));
        for run in files.flat_map(|f| &f.runs) {
            let last = last_seen.entry(run.subject).or_insert(run.last_seen);
            *last = run.last_seen.max(*last);
        }
        let mut rows: Vec<(Micros, Vec<LabelValue>)> =
            last_seen.into_iter().map(|(subject, last)| (last, book.labels(subject))).collect();
        for segment in catalogue.segments.iter().filter(|s| s.serves(Table::Identities)) {
            let data = segment.data();
            let Some(table) = data.table(Table::Identities) else { continue };
            let last = table.rows.last().map_or(0, |r| r.time);
            rows.extend(table.series.iter().map(|labels| (last, labels[..book.width()].to_vec())));
        }
        rows.sort_by_key(|(last, _)| *last);
        let mut names = Names::default();
        for (_, labels) in rows {
            names.add(labels);
        }
        names
    }

    fn add(&mut self, labels: Vec<LabelValue>) {
        use identities::label::{cgroup_inode, cgroup_path, container_id, node_name};
        let id = &labels[container_id];
        let cgroup = [node_name, cgroup_path, cgroup_inode].map(|i| labels[i].clone());
        let known = match id {
            LabelValue::Null => self.by_cgroup.get(&cgroup),
            id => self.by_container.get(id),
        };
        let at = known.copied().unwrap_or(self.known.len());
        if *id != LabelValue::Null {
            self.by_container.insert(id.clone(), at);
        }
        self.by_cgroup.insert(cgroup, at);
        match self.known.get_mut(at) {
            None => self.known.push(labels),
            Some(older) => {
                let said = labels.into_iter().enumerate().filter(|(_, v)| *v != LabelValue::Null);
                said.for_each(|(i, v)| older[i] = v);
            }
        }
    }

    /// Fills in what a subject's labels leave out.
    pub(crate) fn complete(&self, table: Table, labels: &mut [LabelValue]) {
        if self.known.is_empty() || table == Table::Identities {
            return;
        }
        let of = |name: &str| table.label_index(name).map(|i| &labels[i]);
        let known = match of("container_id") {
            Some(LabelValue::Null) => {
                let cgroup = ["node_name", "cgroup_path", "cgroup_inode"].map(of);
                let [Some(node), Some(path), Some(inode)] = cgroup else { return };
                self.by_cgroup.get(&[node.clone(), path.clone(), inode.clone()])
            }
            Some(id) => self.by_container.get(id),
            None => None,
        };
        let Some(known) = known.map(|at| &self.known[*at]) else { return };
        for (value, name) in known.iter().zip(Table::Identities.labels().iter().map(|l| l.name)) {
            if let Some(at) = table.label_index(name)
                && labels[at] == LabelValue::Null
            {
                labels[at] = value.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{containers, processes};

    fn identity(id: Option<&str>, path: &str, name: Option<&str>, pod: Option<&str>) -> Vec<LabelValue> {
        let mut labels = vec![LabelValue::Null; identities::label::image];
        labels[identities::label::node_name] = LabelValue::text("n1");
        labels[identities::label::cgroup_path] = LabelValue::text(path);
        labels[identities::label::cgroup_inode] = LabelValue::Int(1);
        labels[identities::label::container_id] = LabelValue::maybe(id);
        labels[identities::label::container_name] = LabelValue::maybe(name);
        labels[identities::label::pod_name] = LabelValue::maybe(pod);
        labels
    }

    /// REC-7, QRY-1: the newest row of a container id wins; what it does not say, an older one does; pods go by cgroup.
    #[test]
    fn null_labels_are_completed() {
        let mut names = Names::default();
        names.add(identity(Some("c1"), "/a", Some("old"), Some("web-0")));
        names.add(identity(Some("c1"), "/a", Some("app"), None));
        names.add(identity(None, "/pod", None, Some("web-1")));
        let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
        labels[containers::label::container_id] = LabelValue::text("c1");
        labels[containers::label::cgroup_path] = LabelValue::text("/elsewhere");
        names.complete(Table::Containers, &mut labels);
        assert_eq!(labels[containers::label::container_name].as_text(), Some("app"));
        assert_eq!(labels[containers::label::pod_name].as_text(), Some("web-0"));
        assert_eq!(
            labels[containers::label::cgroup_path].as_text(),
            Some("/elsewhere"),
            "what is known stays"
        );

        let mut labels = vec![LabelValue::Null; Table::Processes.labels().len()];
        labels[processes::label::node_name] = LabelValue::text("n1");
        labels[processes::label::cgroup_path] = LabelValue::text("/pod");
        labels[processes::label::cgroup_inode] = LabelValue::Int(1);
        names.complete(Table::Processes, &mut labels);
        assert_eq!(labels[processes::label::pod_name].as_text(), Some("web-1"));
        let mut node = vec![LabelValue::Null; Table::Node.labels().len()];
        names.complete(Table::Node, &mut node);
        assert!(node.iter().all(|v| *v == LabelValue::Null));
    }
}
