//! The writing side of a store: one run appending ticks, rotating and sealing in the background.
//!
//! Owns: when a segment ends, recovery of leftovers, the cap, the run's manifest. Must not: sample, or let the caller
//! wait for Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::compact::{Background, Beside};
use super::error::StoreError;
use super::layout::{OPEN_DIR, Place, SEGMENT_EXT};
use super::manifest::{ManifestFile, RunInfo};
use super::retention::{Cap, OnFull};
use super::sealer::{Job, Sealer};
use super::segment::{self, Encoder, Head, SegmentFile};
use super::temporary;
use super::tick::Tick;
use crate::event::{Event, EventKind, Severity};
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
    /// Closed files older than this are deleted; `None` keeps them.
    pub retention: Option<Duration>,
    /// Whether closed files are merged into larger ones meanwhile (STO-7).
    pub compact: Beside,
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
    compaction: Option<Background>,
    /// Whether this run has said that closed files are being deleted for want of room.
    crowded: bool,
    /// Whether this run has said that another one records the same.
    twins: bool,
}

impl StoreWriter {
    /// Opens the store for a run that begins at `now`: writes its manifest and hands leftover segments of dead
    /// writers, of whatever identifier, to the sealer. A store that is full already is left as it is: restarts would
    /// only fill it with manifests.
    pub fn open(config: StoreConfig, run: RunInfo, now: Micros) -> Result<StoreWriter, StoreError> {
        let identifier = safe_identifier(&config.identifier);
        if identifier != config.identifier {
            tracing::warn!(
                "the identifier {:?} stands in paths as {identifier:?}: another one may become the same",
                config.identifier
            );
        }
        let config = StoreConfig { identifier, ..config };
        let dir = config.root.join(OPEN_DIR);
        fs::create_dir_all(&dir).map_err(StoreError::io("create directory", &dir))?;
        temporary::sweep(&config.root);
        let sealer = Sealer::start(&config, leftovers(&dir), now)?;
        let manifest = ManifestFile::create(&config.root, &config.identifier, run.clone(), now)?;
        let compaction = Background::start(&config);
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
            compaction,
            crowded: false,
            twins: false,
        })
    }

    /// Appends a tick; begins a new segment when the rotation is due or the date changes. After an error the tick is
    /// not in the store, and the next one can be appended as if nothing had happened.
    pub fn append(&mut self, tick: &Tick) -> Result<Appended, StoreError> {
        if let Err(full) = self.check_cap() {
            // The last of the run says why it ends; its rows would only add to what is too much already.
            let mut last = Tick::default();
            last.reset(tick.tick_no, tick.tick);
            last.events.clone_from(&tick.events);
            last.events.push(cap_reached(tick.tick, format!("stopped: {full}")));
            self.append_one(&last)?;
            return Err(full);
        }
        if self.sealer.has_dropped() && !std::mem::replace(&mut self.crowded, true) {
            let mut told = tick.clone();
            let root = self.config.root.display();
            let text = format!("{root} has reached its cap: the oldest closed files are deleted from now on");
            tracing::warn!("{text}");
            told.events.push(cap_reached(tick.tick, text));
            return self.append_one(&told);
        }
        self.append_one(tick)
    }

    fn append_one(&mut self, tick: &Tick) -> Result<Appended, StoreError> {
        if self.rotation_due(tick.tick) || self.is_too_long() {
            self.say_names(tick);
            self.rotate(tick.tick);
        }
        let began = self.open.is_none();
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
        // With a segment of one's own: of two that start at once, the later one sees the other.
        if began && !self.twins {
            self.look_for_twins();
        }
        if let Err(error) = appended {
            if matches!(error, StoreError::Gone { .. }) {
                self.open = None;
            }
            // The record holds changes against rows that no reader will see: the next one must stand alone.
            self.encoder.restart();
            return Err(error);
        }
        self.last_tick_no = Some(tick.tick_no);
        self.sync_if_due();
        Ok(Appended { bytes })
    }

    /// Seals everything and closes the manifest (STO-6).
    pub fn finish(mut self, now: Micros) -> Result<(), StoreError> {
        // What it has not finished is there to be compacted later.
        self.compaction = None;
        self.rotate(now);
        let sealed = self.sealer.finish();
        self.manifest.finish(now)?;
        sealed
    }

    /// Time that sealing the latest segment took, µs; 0 before the first.
    pub fn last_seal_usec(&self) -> u64 {
        self.sealer.last_seal_usec()
    }

    /// Bytes below the root when last counted, and the open segment's.
    fn used(&self) -> u64 {
        self.sealer.used() + self.open.as_ref().map_or(0, SegmentFile::len)
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

    /// Warns, once, when somebody else records the same under the same name.
    fn look_for_twins(&mut self) {
        for other in segment::living(&self.config.root) {
            let same =
                other.run.node_name == self.run.node_name && other.place.identifier == self.config.identifier;
            if same && other.run.run_id != self.run.run_id {
                self.twins = true;
                tracing::warn!(
                    run = %other.run.run_id, root = %self.config.root.display(),
                    "another recorder is recording this node into this directory: every tick will be there twice"
                );
            }
        }
    }

    /// With a small cap a whole rotation might not fit: then the segment ends early, so that it can be sealed, which
    /// makes it smaller, and older files can go.
    fn is_too_long(&self) -> bool {
        match (&self.open, self.config.cap) {
            (Some(open), Cap { max_bytes: Some(cap), on_full: OnFull::DropOldest }) => open.len() > cap / 4,
            _ => false,
        }
    }

    /// What appeared on a segment's last tick has its name looked up within milliseconds, and is told of with the next
    /// tick: without this its rows would stay nameless.
    fn say_names(&mut self, tick: &Tick) {
        if let (Some(segment), Some(record)) = (&mut self.open, self.encoder.encode_names(tick))
            && let Err(error) = segment.append(record)
        {
            tracing::warn!(%error, "names learnt last are missing in a segment; queries complete them from identities");
        }
    }

    fn rotate(&mut self, now: Micros) {
        self.encoder.restart();
        if let Some(segment) = self.open.take() {
            let len = segment.len();
            let (path, lock) = segment.into_parts();
            self.sealer.send(Job { path, _lock: lock, recovered: false, now, len });
        }
    }

    fn sync_if_due(&mut self) {
        if self.last_sync.elapsed() >= self.config.sync_every {
            self.last_sync = Instant::now();
            // Out of descriptors: the next one is as good.
            if let Some((path, file)) = self.open.as_ref().and_then(|s| Some((s.path(), s.try_clone_file()?)))
            {
                self.sealer.sync(path, file);
            }
        }
    }
}

fn cap_reached(time: Micros, text: String) -> Event {
    Event::of_recorder(time, EventKind::CapReached, Severity::Warning, text)
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
