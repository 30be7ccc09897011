//! Sealing and sweeping in the background.
//!
//! Owns: the thread that syncs open segments, seals ended ones one after the other, and keeps the store within its
//! limits. Must not: decide when a segment ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Instant;

use super::error::StoreError;
use super::read::Damage;
use super::retention::{self, Cap, Limits, OnFull};
use super::seal;
use super::turn::in_turn;
use super::writer::StoreConfig;
use crate::time::{self, Micros};

/// A segment to be sealed, with its lock.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) path: PathBuf,
    /// Held, never read: it tells others that somebody is taking care of this segment.
    pub(super) _lock: File,
    pub(super) recovered: bool,
    /// When it ended.
    pub(super) now: Micros,
    /// Its length.
    pub(super) len: u64,
}

/// What the thread is asked for.
#[derive(Debug)]
enum Order {
    Seal(Job),
    /// Bring what was appended so far to the disk. Not on the writer's thread: a slow disk would cost it ticks.
    Sync(PathBuf, File),
}

/// What the thread has found and done so far.
#[derive(Debug, Default)]
struct Counts {
    used: AtomicU64,
    dropped: AtomicBool,
    seal_usec: AtomicU64,
}

/// Seals segments one after the other on its own thread; before the first and after each it deletes what is too old
/// or too much.
#[derive(Debug)]
pub(super) struct Sealer {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
    counts: Arc<Counts>,
}

impl Sealer {
    /// Starts with the segments that dead writers have left behind. A store that is full already, also once those are
    /// sealed, is an error.
    pub(super) fn start(
        config: &StoreConfig,
        leftovers: Vec<(PathBuf, File)>,
        now: Micros,
    ) -> Result<Sealer, StoreError> {
        let limits = Limits { cap: config.cap, retention: config.retention };
        let mut work = Work {
            root: config.root.clone(),
            limits,
            counts: Arc::default(),
            waiting: Vec::new(),
            said: false,
            sync_failed: false,
        };
        work.sweep(now, 0);
        let len = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
        let jobs = leftovers.into_iter().map(|(path, lock)| Job {
            len: len(&path),
            path,
            _lock: lock,
            recovered: true,
            now,
        });
        let mut jobs: Vec<Job> = jobs.collect();
        if work.is_full().is_some() {
            // Sealed they take less room. What cannot be sealed is said there, and is there for the next start.
            for job in jobs.drain(..) {
                let _ = work.take(job);
            }
        }
        if let Some(full) = work.is_full() {
            return Err(full);
        }
        let counts = Arc::clone(&work.counts);
        let (sender, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("fgm-sealer".to_owned())
            .spawn(move || work.run(&queue))
            .inspect_err(|error| tracing::error!(%error, "no thread for sealing: segments stay open until the next start"))
            .ok();
        let sealer = Sealer { orders: Some(sender), thread, counts };
        for job in jobs {
            // Its length has been counted.
            sealer.send(Job { len: 0, ..job });
        }
        Ok(sealer)
    }

    pub(super) fn send(&self, job: Job) {
        self.counts.used.fetch_add(job.len, Ordering::Relaxed);
        // Without the thread the segment just stays where it is, readable, for the next start to seal.
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Seal(job));
        }
    }

    /// Has an open segment synced.
    pub(super) fn sync(&self, path: &Path, file: File) {
        if let Some(orders) = &self.orders {
            let _ = orders.send(Order::Sync(path.to_owned(), file));
        }
    }

    /// Bytes below the root but for the open segment.
    pub(super) fn used(&self) -> u64 {
        self.counts.used.load(Ordering::Relaxed)
    }

    /// Whether closed files have been deleted to make room.
    pub(super) fn has_dropped(&self) -> bool {
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Time that the latest sealing took, µs.
    pub(super) fn last_seal_usec(&self) -> u64 {
        self.counts.seal_usec.load(Ordering::Relaxed)
    }

    /// Waits until everything is sealed; the first failure, if there was one.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.orders = None;
        self.thread.take().and_then(|t| t.join().ok()).unwrap_or(Ok(()))
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        // Reached without `finish` only when the owner failed; its error is already on its way.
        let _ = self.finish();
    }
}

/// The thread's side.
struct Work {
    root: PathBuf,
    limits: Limits,
    counts: Arc<Counts>,
    /// Of the compaction that may work on the same store.
    waiting: Vec<Job>,
    /// Whether deleting by age has been said.
    said: bool,
    /// Whether the latest sync failed.
    sync_failed: bool,
}

impl Work {
    fn run(mut self, queue: &Receiver<Order>) -> Result<(), StoreError> {
        let mut result = Ok(());
        while let Ok(order) = queue.recv() {
            match order {
                Order::Seal(job) => result = self.take(job),
                Order::Sync(path, file) => self.sync(&path, &file),
            }
        }
        result
    }

    /// A failure loses nothing while the host runs: the ticks have been appended.
    fn sync(&mut self, path: &Path, file: &File) {
        let synced = file.sync_data();
        let failed_before = std::mem::replace(&mut self.sync_failed, synced.is_err());
        if let (Err(error), false) = (synced, failed_before) {
            tracing::error!(segment = %path.display(), %error, "cannot sync; a power cut would cost these ticks");
        }
    }

    /// A segment that cannot be sealed (a full disk, say) stays open on disk and is tried again with the next one.
    fn take(&mut self, job: Job) -> Result<(), StoreError> {
        let (now, len) = (job.now, job.len);
        self.waiting.push(job);
        let mut result = Ok(());
        self.waiting.retain(|job| {
            let there = job.path.exists();
            if !there {
                tracing::error!(segment = %job.path.display(), "removed by somebody else before it was sealed: its ticks are lost");
            }
            there
        });
        let began = Instant::now();
        self.waiting.retain(|job| match seal_one(&self.root, job) {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(segment = %job.path.display(), %error, "cannot seal; will try again");
                result = Err(error);
                true
            }
        });
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.counts.seal_usec.store(took, Ordering::Relaxed);
        // The next segment will be about as long as this one, and while it is sealed it is there twice.
        self.sweep(now, len.saturating_mul(2));
        result
    }

    fn sweep(&mut self, now: Micros, reserve: u64) {
        let most = self.limits.cap.max_bytes.map_or(0, |cap| cap / 2);
        let sweep = || retention::sweep(&self.root, &self.limits, now, reserve.min(most));
        let swept = in_turn(&self.root, sweep);
        self.counts.used.store(swept.used, Ordering::Relaxed);
        self.counts.dropped.fetch_or(swept.crowded > 0, Ordering::Relaxed);
        if swept.aged > 0 && !std::mem::replace(&mut self.said, true) {
            let age = self.limits.retention.map(time::span).unwrap_or_default();
            tracing::info!(
                files = swept.aged,
                "deleted closed files older than {age}, as --retention says; later ones go as they age"
            );
        }
    }

    fn is_full(&self) -> Option<StoreError> {
        let used = self.counts.used.load(Ordering::Relaxed);
        match self.limits.cap {
            Cap { max_bytes: Some(cap), on_full: OnFull::Stop } if used > cap => {
                Some(StoreError::Full { root: self.root.clone(), used, cap })
            }
            _ => None,
        }
    }
}

/// The job's lock is held until the job is dropped, which is after this.
fn seal_one(root: &Path, job: &Job) -> Result<(), StoreError> {
    let sealed = match seal::seal(root, &job.path) {
        Ok(sealed) => sealed,
        Err(StoreError::Segment { reason, .. }) => return set_aside(&job.path, &reason),
        Err(other) => return Err(other),
    };
    if job.recovered {
        tracing::info!(
            segment = %job.path.display(), ticks = sealed.ticks, rows = sealed.rows,
            torn_bytes = sealed.damage.tail_bytes, skipped_records = sealed.damage.skipped_records,
            "recovered the segment of a recorder that died"
        );
    } else if sealed.damage != Damage::default() {
        tracing::warn!(segment = %job.path.display(), damage = ?sealed.damage, "segment was damaged");
    }
    Ok(())
}

/// What is no segment of ours is never deleted, only moved out of the way of every later start.
fn set_aside(path: &Path, reason: &str) -> Result<(), StoreError> {
    let aside = path.with_extension("unreadable");
    fs::rename(path, &aside).map_err(StoreError::io("rename", path))?;
    tracing::warn!(path = %aside.display(), reason, "set aside: not a segment that can be read");
    Ok(())
}
