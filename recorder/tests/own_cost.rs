//! What the recorder says of itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may fall over")]

mod common;

use common::FakeHost;
use fgm::metric::Table;

/// REC-6: the recorder's own cost and losses are metrics like any other, absent where there is nothing to tell.
#[test]
fn own_cost_is_recorded() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    let running = h.start();
    running.pass(5);
    let recording = running.stop();
    let node = recording.rows(Table::Node);
    let last = node.last().unwrap();
    // At least stat, status and io of the process, and stat and meminfo of the node.
    assert!(last.value("recorder_descriptors") >= Some(5.0), "{last:?}");
    assert!(last.value("recorder_minor_faults_total") > Some(0.0));
    assert!(last.value("recorder_major_faults_total").is_some());
    let missed = recording.summary.missed as f64;
    assert!(last.value("recorder_ticks_missed_total").is_some_and(|m| m <= missed));
    assert!(last.value("recorder_ticks_lost_total") <= Some(recording.summary.lost as f64));
    assert_eq!(last.value("recorder_write_failures_total"), Some(0.0));
    assert!(last.value("recorder_queue_ticks").is_some());
    // The sampler's, the writer's, the test's own.
    assert!(last.value("recorder_threads") >= Some(3.0), "{last:?}");
    assert_eq!(last.value("recorder_seal_usec"), None, "nothing has been sealed");
}
