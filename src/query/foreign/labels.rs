//! Labels of others as labels of ours.
//!
//! Owns: which subject a set of labels means, so that no two series are ever merged. Must not: know metrics.
//!
//! Others record no cgroup path. Ours is part of the key, so it is made of what identifies the container:
//! `/foreign/<pod uid>/<container id>`, followed by every label that has no place of its own, as `/key=value`.

use std::collections::BTreeMap;

use crate::identity::SubjectKind;
use crate::metric::{Label, LabelRepr, Table};
use crate::store::tick::LabelValue;
use crate::subject::NODE_KIND;

/// Labels that have a column of the same name in ours.
const NAMES: [&str; 8] = [
    "cluster_name",
    "container_id",
    "container_name",
    "namespace",
    "node_name",
    "pod_name",
    "pod_uid",
    "qos_class",
];
/// Its value is a number of ours.
const PID: &str = "pid";
const DEVICE: &str = "device";

/// A set of labels, sorted by key, without empty values.
pub(super) type Set = BTreeMap<String, String>;

/// The table whose rows are of such subjects.
pub(super) fn table(set: &Set) -> Table {
    if pid(set).is_some() {
        Table::Processes
    } else if set.contains_key(DEVICE) {
        Table::Disks
    } else {
        Table::Containers
    }
}

fn pid(set: &Set) -> Option<i64> {
    set.get(PID)?.parse().ok()
}

/// Labels of the series of a table that a set means; `source` is the name of what has no column.
pub(super) fn of(table: Table, set: &Set, source: &str, node: &str) -> Vec<LabelValue> {
    let kind = if set.contains_key("container_id") || set.contains_key("container_name") {
        SubjectKind::Container.name()
    } else if set.contains_key("pod_uid") || set.contains_key("pod_name") {
        SubjectKind::Pod.name()
    } else {
        NODE_KIND
    };
    let path = path(table, set);
    let value = |l: &Label| match (l.name, l.repr) {
        ("node_name", _) => LabelValue::text(set.get("node_name").map_or(node, String::as_str)),
        ("subject_kind", _) => LabelValue::text(kind),
        // Process ids of two containers may be of two hosts.
        ("cgroup_path" | "boot_id", _) => LabelValue::text(path.as_str()),
        ("source", _) => LabelValue::text(source),
        (PID, _) => pid(set).map_or(LabelValue::Null, LabelValue::Int),
        (name, LabelRepr::Text) => LabelValue::maybe(set.get(name).map(String::as_str)),
        (_, LabelRepr::Int) => LabelValue::Null,
    };
    table.labels().iter().map(value).collect()
}

fn path(table: Table, set: &Set) -> String {
    let mut path = "/foreign".to_owned();
    let mut push = |part: &str| {
        path.push('/');
        path.push_str(part);
    };
    let (pod, container) = (set.get("pod_uid"), set.get("container_id"));
    for part in pod.into_iter().chain(container) {
        push(part);
    }
    // Names identify only where there is no id; they may be learnt late.
    if pod.is_none() && container.is_none() {
        ["namespace", "pod_name", "container_name"].iter().filter_map(|n| set.get(*n)).for_each(|p| push(p));
    }
    for (key, value) in set {
        let own = NAMES.contains(&key.as_str())
            || (table == Table::Processes && key == PID)
            || (table == Table::Disks && key == DEVICE);
        if !own {
            push(&format!("{key}={value}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Set {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn label(table: Table, pairs: &[(&str, &str)], name: &str) -> LabelValue {
        of(table, &set(pairs), "some.metric", "n1")[table.label_index(name).unwrap()].clone()
    }

    /// QRY-4: series with different labels have different keys, whatever the labels are.
    #[test]
    fn no_two_sets_are_one_subject() {
        let c = ("container_id", "c1");
        let sets: [&[(&str, &str)]; 6] = [
            &[c],
            &[("container_id", "c2")],
            &[c, ("pid", "7")],
            &[c, ("pid", "8")],
            &[c, ("device", "8:0")],
            &[c, ("numa", "0")],
        ];
        for table in [Table::Extras, Table::Processes, Table::Disks, Table::Containers] {
            let keys: Vec<_> = sets
                .iter()
                .map(|s| crate::subject::SubjectKey::of(table, &of(table, &set(s), "m", "n1")))
                .collect();
            for (i, a) in keys.iter().enumerate() {
                assert!(keys[..i].iter().all(|b| a != b), "{table}: {a:?}");
            }
        }
        assert_eq!(table(&set(&[c, ("pid", "x")])), Table::Containers);
    }

    /// QRY-4, REC-7: names are labels like ours; what nobody said is null.
    #[test]
    fn names_are_ours() {
        let pairs = [("container_id", "c1"), ("pod_name", "web-0"), ("pid", "7")];
        assert_eq!(label(Table::Processes, &pairs, "pid"), LabelValue::Int(7));
        assert_eq!(label(Table::Processes, &pairs, "pod_name"), LabelValue::text("web-0"));
        assert_eq!(label(Table::Containers, &pairs[..2], "namespace"), LabelValue::Null);
        assert_eq!(label(Table::Containers, &pairs[..2], "subject_kind"), LabelValue::text("container"));
        assert_eq!(label(Table::Containers, &pairs[..2], "cgroup_path"), LabelValue::text("/foreign/c1"));
        assert_eq!(label(Table::Containers, &[], "node_name"), LabelValue::text("n1"));
    }
}
