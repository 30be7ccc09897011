//! Tests of who stands below whom.

use super::*;
use fgm::metric::containers::label;
use fgm::query::model::WindowAnswer;
use fgm::series::{Bucket, Buckets, shown_quantity};
use fgm::store::tick::LabelValue;

fn subject(kind: &str, path: &str, pod: &[&str]) -> Subject {
    let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
    labels[label::subject_kind] = LabelValue::text(kind);
    labels[label::cgroup_path] = LabelValue::text(path);
    labels[label::node_name] = LabelValue::text("n");
    let places = [label::namespace, label::pod_name, label::container_name, label::pod_uid];
    places.iter().zip(pod).for_each(|(at, text)| labels[*at] = LabelValue::text(*text));
    Subject { table: Table::Containers, labels, first: 0, last: 10 }
}

/// The tree in words: one line each, indented, with its value; each subject's value is its number among them.
fn words(subjects: &[Subject], filter: Option<&str>, all_kinds: bool) -> Vec<String> {
    let metric = &Table::Containers.metrics()[3];
    let filter = filter.map(|f| f.parse().unwrap());
    let wanted = Wanted { metric, at: 10, interval: 1, all_kinds, filter };
    let series = subjects.iter().enumerate().map(|(i, s)| {
        let v = i as f64;
        let bucket = Bucket { count: 1, min: v, max: v, first: v, last: v, mean: v, gap_before: None };
        (s.key(), Buckets { range: wanted.range(), columns: vec![Some(bucket)], stepped: false })
    });
    let answer = WindowAnswer { quantity: shown_quantity(metric), series: series.collect() };
    let forest = Forest::new(&wanted, subjects, &answer, &Vec::new);
    let mut out = Vec::new();
    let mut waiting: Vec<usize> = forest.roots.iter().rev().copied().collect();
    while let Some(i) = waiting.pop() {
        let n = &forest.nodes[i];
        let value = n.value.map_or("–".to_owned(), |v| v.to_string());
        out.push(format!("{}{} {value}", "  ".repeat(forest.above(i).count()), n.title));
        waiting.extend(n.children.iter().rev());
    }
    out
}

/// TUI-7: containers stand below their pods, whether those were recorded or not; the highest first; sandboxes are hidden.
#[test]
fn pods_and_their_containers() {
    let all = [
        subject("container", "/k/pod1/a", &["shop", "web-0", "app", "uid1"]),
        subject("pod", "/k/pod1", &["shop", "web-0", "", "uid1"]),
        subject("sandbox", "/k/pod1/s", &["shop", "web-0", "", "uid1"]),
        subject("container", "/k/pod1/b", &["shop", "web-0", "proxy", "uid1"]),
        subject("container", "/k/pod2/a", &["data", "db-0", "app"]),
        subject("container", "/k/pod2/b", &["data", "db-0", "log"]),
    ];
    let tree = ["data/db-0 9", "  log 5", "  app 4", "shop/web-0 1", "  proxy 3", "  app 0"];
    assert_eq!(words(&all, None, false), tree);
    assert_eq!(words(&all, None, true)[5], "  sandbox 2");
    let apps = ["data/db-0 4", "  app 4", "shop/web-0 1", "  app 0"];
    assert_eq!(words(&all, Some("name:app"), false), apps);
}

/// TUI-7: a host without pods: slices, services, and containers below what they were started by.
#[test]
fn slices_and_their_services() {
    let all = [
        subject("root", "/", &[]),
        subject("slice", "/system.slice", &[]),
        subject("service", "/system.slice/ssh.service", &[]),
        subject("container", "/system.slice/docker-1.scope", &["", "", "db"]),
        subject("service", "/user.slice/user-1000.slice/session-2.scope", &[]),
    ];
    let tree = ["/ 0", "  session-2.scope 4", "  system.slice 1", "    db 3", "    ssh.service 2"];
    assert_eq!(words(&all, None, false), tree);
    let other = Subject { labels: vec![LabelValue::Null; all[0].labels.len()], ..all[0].clone() };
    assert_eq!(words(&[other], None, false), Vec::<String>::new(), "of no kind");
}
