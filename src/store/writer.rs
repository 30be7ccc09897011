//! The writing side of a store: one run appending ticks, rotating and sealing in the background.
//!
//! Owns: when a segment ends, recovery of leftovers, the cap, the run's manifest. Must not: sample, or let the caller
//! wait for Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::layout::{OPEN_DIR, Place, SEGMENT_EXT};
use super::manifest::{ManifestFile, RunInfo};
use super::read::Damage;
use super::retention::{self, Cap, OnFull};
use super::seal;
use super::segment::{self, Encoder, Head, SegmentFile};
use super::tick::Tick;
use crate::identity::safe_identifier;
use crate::time::{self, Micros, SECOND};

/// Where and how to write.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The store's root; created if missing.
    pub root: PathBuf,
    /// Value of the partition `identifier`; made safe as a path component.
    pub identifier: String,
    /// A new file this often (STO-2).
    pub rotation: Duration,
    /// Appended ticks survive a power cut after at most this long.
    pub sync_every: Duration,
    /// Limit on the root's size.
    pub cap: Cap,
}

/// What one tick cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Bytes appended to the open segment.
    pub bytes: u64,
}

/// One run's hand on a store.
#[derive(Debug)]
pub struct StoreWriter {
    config: StoreConfig,
    run: RunInfo,
    manifest: ManifestFile,
    encoder: Encoder,
    open: Option<SegmentFile>,
    seq: u32,
    last_tick_no: Option<i64>,
    last_sync: Instant,
    sealer: Sealer,
}

impl StoreWriter {
    /// Opens the store for a run that begins at `now`: writes its manifest and hands leftover segments of dead
    /// writers, of whatever identifier, to the sealer.
    pub fn open(config: StoreConfig, run: RunInfo, now: Micros) -> Result<StoreWriter, StoreError> {
        let config = StoreConfig { identifier: safe_identifier(&config.identifier), ..config };
        let dir = config.root.join(OPEN_DIR);
        fs::create_dir_all(&dir).map_err(StoreError::io("create directory", &dir))?;
        for other in segment::living(&config.root) {
            if other.run.node_name == run.node_name && other.place.identifier == config.identifier {
                tracing::warn!(
                    run = %other.run.run_id, root = %config.root.display(),
                    "another recorder is recording this node into this directory: every tick will be there twice"
                );
            }
        }
        let manifest = ManifestFile::create(&config.root, &config.identifier, run.clone(), now)?;
        let sealer = Sealer::start(config.root.clone(), config.cap);
        for (path, lock) in leftovers(&dir) {
            sealer.send(Job { path, _lock: lock, recovered: true });
        }
        Ok(StoreWriter {
            config,
            run,
            manifest,
            encoder: Encoder::default(),
            open: None,
            seq: 0,
            last_tick_no: None,
            last_sync: Instant::now(),
            sealer,
        })
    }

    /// Appends a tick; begins a new segment when the rotation is due or the date changes. After an error the tick is
    /// not in the store, and the next one can be appended as if nothing had happened.
    pub fn append(&mut self, tick: &Tick) -> Result<Appended, StoreError> {
        self.check_cap()?;
        if self.rotation_due(tick.tick) {
            self.rotate();
        }
        let record = self.encoder.encode(tick);
        let bytes = record.len() as u64;
        let appended = match &mut self.open {
            Some(segment) => segment.append(record),
            None => {
                let place = Place {
                    identifier: self.config.identifier.clone(),
                    first_tick: tick.tick,
                    run_id: self.run.run_id.clone(),
                    seq: self.seq,
                };
                let head = Head::new(place, self.run.clone(), self.last_tick_no);
                SegmentFile::create(&self.config.root, head).and_then(|mut segment| {
                    self.seq += 1;
                    let done = segment.append(record);
                    self.open = Some(segment);
                    done
                })
            }
        };
        if let Err(error) = appended {
            if matches!(error, StoreError::Gone { .. }) {
                self.open = None;
            }
            // The record holds changes against rows that no reader will see: the next one must stand alone.
            self.encoder.restart();
            return Err(error);
        }
        self.last_tick_no = Some(tick.tick_no);
        self.sync_if_due()?;
        Ok(Appended { bytes })
    }

    /// Seals everything and closes the manifest (STO-6).
    pub fn finish(mut self, now: Micros) -> Result<(), StoreError> {
        self.rotate();
        let sealed = self.sealer.finish();
        self.manifest.finish(now)?;
        sealed
    }

    /// Bytes below the root when last counted, and the open segment's.
    fn used(&self) -> u64 {
        self.sealer.used.load(Ordering::Relaxed) + self.open.as_ref().map_or(0, SegmentFile::len)
    }

    fn check_cap(&self) -> Result<(), StoreError> {
        let used = self.used();
        match self.config.cap {
            Cap { max_bytes: Some(cap), on_full: OnFull::Stop } if used > cap => {
                Err(StoreError::Full { root: self.config.root.clone(), used, cap })
            }
            _ => Ok(()),
        }
    }

    /// Rotations are aligned to the wall clock like ticks, so that the files of all nodes cover the same spans.
    fn rotation_due(&self, tick: Micros) -> bool {
        let Some(open) = &self.open else { return false };
        let first = open.head().place.first_tick;
        let every = i64::try_from(self.config.rotation.as_micros()).unwrap_or(i64::MAX).max(SECOND / 10);
        tick.div_euclid(every) != first.div_euclid(every) || time::date(tick) != time::date(first)
    }

    fn rotate(&mut self) {
        self.encoder.restart();
        if let Some(segment) = self.open.take() {
            let (path, lock) = segment.into_parts();
            self.sealer.send(Job { path, _lock: lock, recovered: false });
        }
    }

    fn sync_if_due(&mut self) -> Result<(), StoreError> {
        if self.last_sync.elapsed() >= self.config.sync_every {
            self.last_sync = Instant::now();
            if let Some(segment) = &self.open {
                segment.sync()?;
            }
        }
        Ok(())
    }
}

/// Segments in the directory of open ones whose writers are dead, locked.
fn leftovers(dir: &Path) -> Vec<(PathBuf, File)> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == SEGMENT_EXT))
        .filter_map(|p| segment::adopt(&p).map(|lock| (p, lock)))
        .collect()
}

/// A segment to be sealed, with its lock.
#[derive(Debug)]
struct Job {
    path: PathBuf,
    /// Held, never read: it tells others that somebody is taking care of this segment.
    _lock: File,
    recovered: bool,
}

/// Seals segments one after the other on its own thread and counts the store's size after each.
#[derive(Debug)]
struct Sealer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<Result<(), StoreError>>>,
    used: Arc<AtomicU64>,
}

impl Sealer {
    fn start(root: PathBuf, cap: Cap) -> Sealer {
        let (jobs, queue) = mpsc::channel();
        let used = Arc::new(AtomicU64::new(retention::enforce(&root, cap)));
        let counted = Arc::clone(&used);
        let thread = std::thread::Builder::new()
            .name("fgm-sealer".to_owned())
            .spawn(move || run_sealer(&root, cap, &queue, &counted))
            .inspect_err(|error| tracing::error!(%error, "no thread for sealing: segments stay open until the next start"))
            .ok();
        Sealer { jobs: Some(jobs), thread, used }
    }

    fn send(&self, job: Job) {
        // Without the thread the segment just stays where it is, readable, for the next start to seal.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }

    /// Waits until everything is sealed; the first failure, if there was one.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.jobs = None;
        self.thread.take().and_then(|t| t.join().ok()).unwrap_or(Ok(()))
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        // Reached without `finish` only when the owner failed; its error is already on its way.
        let _ = self.finish();
    }
}

/// A segment that cannot be sealed (a full disk, say) stays open on disk and is tried again with the next one.
fn run_sealer(root: &Path, cap: Cap, queue: &Receiver<Job>, used: &AtomicU64) -> Result<(), StoreError> {
    let mut waiting: Vec<Job> = Vec::new();
    let mut result = Ok(());
    while let Ok(job) = queue.recv() {
        waiting.push(job);
        result = Ok(());
        waiting.retain(|job| {
            let there = job.path.exists();
            if !there {
                tracing::error!(segment = %job.path.display(), "removed by somebody else before it was sealed: its ticks are lost");
            }
            there
        });
        waiting.retain(|job| match seal_one(root, job) {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(segment = %job.path.display(), %error, "cannot seal; will try again");
                result = Err(error);
                true
            }
        });
        used.store(retention::enforce(root, cap), Ordering::Relaxed);
    }
    result
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
