//! Tests of the subject list.

use std::sync::Arc;

use super::*;
use fgm::metric::containers::label;
use fgm::store::tick::LabelValue;
use fgm::subject::Subject;
use fgm::time::SECOND;

fn subject(kind: &str, path: &str) -> Subject {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[label::subject_kind] = LabelValue::text(kind);
    labels[label::cgroup_path] = LabelValue::text(path);
    Subject { table: Table::Containers, labels, first: 0, last: 0 }
}

fn listed(all: &[Subject], filter: Option<&str>) -> Listed {
    let names = Arc::new(Names::new(Table::Containers, all.to_vec()));
    Listed::new(names, filter.map(|f| f.parse().unwrap()), &Vec::new)
}

fn titles(s: &Subjects) -> Vec<&str> {
    s.visible().map(|e| e.title.as_str()).collect()
}

/// REC-1, TUI-1: sandboxes, pods and slices are hidden beside containers; without containers services are shown.
#[test]
fn kinds_are_hidden_beside_containers() {
    let mut s = Subjects::new(Table::Containers);
    s.update(listed(
        &[subject("service", "/ssh.service"), subject("slice", "/a.slice"), subject("pod", "/pod")],
        None,
    ));
    assert_eq!(titles(&s), ["a.slice", "ssh.service"]);
    s.update(listed(
        &[subject("service", "/ssh.service"), subject("container", "/c1"), subject("sandbox", "/c0")],
        None,
    ));
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
    s.update(listed(&all, None));
    s.list.selected = 1;
    s.take_ranks(HashMap::from([(all[2].key(), bucket(5.0, 5.0)), (all[1].key(), bucket(1.0, 1.0))]));
    assert_eq!(titles(&s), ["c", "b", "a"]);
    assert_eq!(s.selected().unwrap().title, "b");
    assert_eq!(s.top(6).len(), 2);
    s.update(listed(&all, None));
    assert_eq!(titles(&s), ["c", "b", "a"], "a new list keeps the ranks");
}

fn bucket(first: f64, last: f64) -> Bucket {
    let (min, max) = (first.min(last), first.max(last));
    Bucket { count: 2, min, max, first, last, mean: f64::midpoint(first, last), gap_before: None }
}

/// TUI-3: by mean, max, last value, growth, name and recency; who is pinned comes first whatever the order.
#[test]
fn every_order() {
    let mut s = Subjects::new(Table::Containers);
    let mut all = ["/a", "/b", "/c"].map(|p| subject("container", p));
    all[1].last = 100 * SECOND;
    s.update(listed(&all, None));
    let ranks = [bucket(8.0, 8.0), bucket(9.0, 1.0), bucket(0.0, 4.0)];
    s.take_ranks(all.iter().map(Subject::key).zip(ranks).collect());
    let mut orders = Vec::new();
    for _ in Order::ALL {
        orders.push((s.order.words(), titles(&s).concat()));
        s.next_order();
    }
    let wanted = ["abc", "bac", "acb", "cab", "abc", "bac"];
    assert_eq!(orders.iter().map(|(_, t)| t.as_str()).collect::<Vec<_>>(), wanted, "{orders:?}");
    s.toggle_pin(&all[2].key());
    assert_eq!(titles(&s), ["c", "a", "b"]);
    s.update(listed(&all, None));
    assert_eq!(titles(&s), ["c", "a", "b"], "a new list keeps pins");
    s.toggle_pin(&all[2].key());
    assert_eq!(titles(&s), ["a", "b", "c"]);
}

/// TUI-3: the filter of `--include` works in the list, and on what is listed later.
#[test]
fn filters_hide() {
    let mut s = Subjects::new(Table::Containers);
    let mut all = ["/a", "/b"].map(|p| subject("container", p));
    all[0].labels[label::namespace] = LabelValue::text("data");
    s.update(listed(&all, None));
    s.update(listed(&all, Some("ns:data")));
    assert_eq!(titles(&s), ["a"]);
    s.update(listed(&all, Some("ns:data")));
    assert_eq!((titles(&s), s.all().len()), (vec!["a"], 2));
    s.update(listed(&all, None));
    assert_eq!(titles(&s), ["a", "b"]);
}
