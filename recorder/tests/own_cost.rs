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

/// REC-4, TUI-7: what the kernel says of the wall clock is recorded, so that nodes can be compared.
#[test]
fn the_clock_is_recorded() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    // SAFETY: all fields are plain numbers, for which zero is a value; modes 0 only asks.
    let mut asked: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole timex that lives through the call.
    let state = unsafe { libc::adjtimex(&raw mut asked) };
    let running = h.start();
    running.pass(2);
    let recording = running.stop();
    let node = recording.rows(Table::Node);
    let last = node.last().unwrap();
    if state == -1 {
        assert_eq!(last.value("clock_synchronized"), None, "a sandbox forbids it");
        return;
    }
    let kept_in_step = f64::from(u8::from(state != libc::TIME_ERROR));
    assert_eq!(last.value("clock_synchronized"), Some(kept_in_step));
    assert!(last.value("clock_max_error_usec") >= Some(0.0), "{last:?}");
}
