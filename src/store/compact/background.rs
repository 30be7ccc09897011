//! Compaction beside a recording.
//!
//! Owns: its thread, and how often it looks. Must not: hold up the recorder: it works for a small share of the time, one
//! merge at a time, and stops within a column.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Beside, Control, MAX_BYTES, Memory, Options, RealDisk, Report, compact, compact_in_child, wall};
use crate::store::error::StoreError;
use crate::store::writer::StoreConfig;

/// Names are looked at this often, and for the first time.
const EVERY: Duration = Duration::from_mins(5);
/// Hours are left alone for so long after their end: until then their last segments are sealed.
const AGE: Duration = Duration::from_mins(5);

/// A thread that compacts a store, or has another process do it, until it is stopped.
#[derive(Debug)]
pub(in crate::store) struct Background {
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Compacts what has been recorded under the configured identifier, and under those under which nobody records any
    /// more.
    pub(in crate::store) fn start(config: &StoreConfig) -> Option<Background> {
        match &config.compact {
            Beside::No => None,
            Beside::Thread => Some(Background::every(EVERY, config, None)),
            Beside::Process(program) => Some(Background::every(EVERY, config, Some(program.clone()))),
        }
    }

    fn every(pause: Duration, config: &StoreConfig, program: Option<PathBuf>) -> Background {
        let control = Arc::<Control>::default();
        let root = config.root.clone();
        let options = Options {
            older_than: Some(AGE),
            own: Some(config.identifier.clone()),
            // A result is there beside its sources for a moment, uncounted: a small part of the cap.
            max_bytes: config.cap.max_bytes.map_or(MAX_BYTES, |cap| MAX_BYTES.min(cap / 16)),
            dry_run: false,
        };
        let own = Arc::clone(&control);
        let thread = std::thread::Builder::new().name("fgm-compact".to_owned()).spawn(move || {
            let mut memory = Memory::default();
            let mut failed = false;
            while !own.wait(pause) {
                let done = match &program {
                    Some(program) => compact_in_child(program, &root, &options, &own, &mut memory),
                    None => compact(&root, wall(), &options, (&RealDisk, &own), &mut memory),
                };
                give_back();
                failed = say(done, failed);
            }
        });
        let thread = thread
            .inspect_err(|error| tracing::warn!(%error, "no thread for compaction: small files stay"))
            .ok();
        Background { control, thread }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.control.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What looking at names and merging needed goes back to the system: the allocator would keep it for the rest of the run.
fn give_back() {
    // SAFETY: it takes no pointers, and may be called at any time from any thread.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Says what was done, and once what goes wrong; returns whether it did.
fn say(done: Result<Report, StoreError>, failed: bool) -> bool {
    match done {
        Ok(report) => {
            for problem in &report.problems {
                tracing::warn!(path = %problem.path.display(), reason = problem.reason, "not compacted");
            }
            for merge in &report.merges {
                tracing::debug!(
                    path = %merge.path.display(), files = merge.files, before = merge.before, after = merge.after,
                    "compacted"
                );
            }
            false
        }
        // Whoever it is does the same work.
        Err(StoreError::Compacting { .. }) => false,
        Err(error) => {
            if !failed {
                tracing::warn!(%error, "cannot compact; will try again");
            }
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::event::{Event, EventKind, Severity};
    use crate::identity::RunId;
    use crate::store::manifest::RunInfo;
    use crate::store::retention::{Cap, OnFull};
    use crate::store::tick::Tick;
    use crate::store::writer::StoreWriter;
    use crate::time::{Micros, SECOND};

    fn record(config: &StoreConfig, first: Micros) {
        let run = RunInfo {
            run_id: RunId::draw(first),
            node_name: "n1".into(),
            cluster_name: None,
            interval: SECOND,
            recorder_version: "0".into(),
            git_revision: None,
            facts: serde_json::Map::new(),
        };
        let mut writer = StoreWriter::open(config.clone(), run, first).unwrap();
        let mut tick = Tick::default();
        for n in 0..30 {
            tick.reset(n, first + n * SECOND);
            let told = "it has begun".to_owned();
            tick.events.push(Event::of_recorder(tick.tick, EventKind::RecorderStart, Severity::Info, told));
            writer.append(&tick).unwrap();
        }
        writer.finish(first).unwrap();
    }

    fn files(root: &Path) -> usize {
        let days = std::fs::read_dir(root.join("events")).unwrap().flatten();
        days.map(|day| std::fs::read_dir(day.path().join("identifier=n1")).unwrap().count()).sum()
    }

    /// STO-7: beside a recording, what is over is merged and what goes on is left alone; an end does not wait.
    #[test]
    fn hours_that_are_over_are_merged_by_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            root: dir.path().to_owned(),
            identifier: "n1".into(),
            rotation: Duration::from_secs(10),
            sync_every: Duration::from_secs(10),
            cap: Cap { max_bytes: None, on_full: OnFull::Stop },
            retention: None,
            compact: Beside::No,
        };
        record(&config, wall() / SECOND * SECOND - 26 * 3600 * SECOND);
        let old = files(dir.path());
        record(&config, wall() / SECOND * SECOND);
        let young = files(dir.path()) - old;
        assert!(old > 2 && young > 2);
        let background = Background::every(Duration::from_millis(10), &config, None);
        let begun = Instant::now();
        while files(dir.path()) > 1 + young && begun.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(files(dir.path()), 1 + young);
        drop(background);
        let begun = Instant::now();
        drop(Background::every(EVERY, &config, None));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
