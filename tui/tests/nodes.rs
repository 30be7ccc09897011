//! Several nodes in one recording.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::path::Path;

use fgm::metric::{Table, node as n};
use fgm::store::tick::{LabelValue, SeriesDef, Tick};
use fgm::time::SECOND;
use support::session::Session;
use support::{START, finish, store_of};

/// A minute of a node whose clock says this of itself, if anything.
fn record(root: &Path, node: &str, clock: Option<(bool, i64)>) {
    let mut writer = store_of(root, node, START);
    let mut tick = Tick::default();
    for at in 0..60 {
        tick.reset(at, START + at * SECOND);
        if at == 0 {
            let mut labels = vec![LabelValue::Null; Table::Node.labels().len()];
            labels[n::label::node_name] = LabelValue::text(node);
            tick.defs.push(SeriesDef { table: Table::Node, id: 0, labels });
        }
        let mut row = tick.rows_mut(Table::Node).push(0, START + at * SECOND);
        row.set(n::cpu_user_usec_total, at * 1000);
        if let Some((synchronized, error)) = clock {
            row.set_bool(n::clock_synchronized, synchronized || at < 50);
            row.set(n::clock_max_error_usec, error);
        }
        writer.append(&tick).unwrap();
    }
    finish(writer, START + 60 * SECOND);
}

fn screen(nodes: &[(&str, Option<(bool, i64)>)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    for (node, clock) in nodes {
        record(dir.path(), node, *clock);
    }
    let mut s = Session::open(dir.path(), 120, 40);
    let before = s.screen();
    s.keys("!");
    before + &s.screen()
}

/// TUI-7: nodes on one axis whose clocks may differ are noticed, and it is said which; nobody is accused without cause.
#[test]
fn clocks_that_differ_are_noticed() {
    let (good, alone) = (Some((true, 900)), Some((false, 16_000_000)));
    let said = screen(&[("node-a", good), ("node-of-b", alone)]);
    assert!(said.contains("clocks may differ (!)"), "{said}");
    assert!(said.contains("the clock of node-of-b is not synchronized"), "{said}");
    for nodes in [
        &[("node-a", good), ("node-of-b", good)][..],
        &[("node-a", alone)],
        &[("node-a", None), ("node-of-b", None)],
    ] {
        let said = screen(nodes);
        assert!(!said.contains("clocks may differ") && !said.contains("the clock"), "{nodes:?}: {said}");
    }
}
