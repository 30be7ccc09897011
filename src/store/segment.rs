//! Open segments: where a tick goes within the second in which it was sampled (STO-3).
//!
//! Owns: the content of a segment's records and the writing side. Must not: know Parquet or decide when to rotate.
//!
//! The first record says who writes what ([`Head`]); each further record is one tick, appended in one write (at the very
//! end also names that were learnt on the tick after). Every
//! [`KEY_INTERVAL`] ticks a record repeats everything needed to read on from there, so that damage costs seconds, not
//! the rest of the file. A writer holds an exclusive advisory lock on its segment: whoever gets the lock knows that
//! the writer is dead.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::codec::{self, RowStates};
use super::error::StoreError;
use super::frame::{self, Kind};
use super::layout::{self, Place};
use super::manifest::RunInfo;
use super::temporary;
use super::tick::{LabelValue, SeriesDef, SeriesId, Tick};
use crate::metric::{SCHEMA_VERSION, Table};

/// Ticks between records that can be read on their own.
pub const KEY_INTERVAL: u32 = 30;

/// Version of the record format.
pub(crate) const FORMAT: u32 = 1;

/// First record of a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the record format.
    pub format: u32,
    /// Version of the dictionary.
    pub schema_version: u32,
    /// Where the segment stands and what it becomes.
    pub place: Place,
    /// The run.
    pub run: RunInfo,
    /// Number of the last tick before this segment, so that ticks lost between two segments are known.
    pub previous_tick_no: Option<i64>,
    /// Columns of each table as the writer knew them, by the number of the table.
    pub tables: Vec<HeadTable>,
}

/// Columns of one table in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadTable {
    /// The table's name.
    pub name: String,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Names of its metrics.
    pub metrics: Vec<String>,
}

impl Head {
    /// A head for a segment of this version's dictionary.
    pub fn new(place: Place, run: RunInfo, previous_tick_no: Option<i64>) -> Head {
        let tables = Table::ALL
            .iter()
            .map(|t| HeadTable {
                name: t.name().to_owned(),
                labels: t.labels().iter().map(|l| l.name.to_owned()).collect(),
                metrics: t.metrics().iter().map(|m| m.name.to_owned()).collect(),
            })
            .collect();
        Head { format: FORMAT, schema_version: SCHEMA_VERSION, place, run, previous_tick_no, tables }
    }
}

/// Label value tags.
pub(crate) const TAG_NULL: u8 = 0;
pub(crate) const TAG_TEXT: u8 = 1;
pub(crate) const TAG_INT: u8 = 2;

/// Turns ticks into records; outlives segments, because series do.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    states: HashMap<Table, RowStates>,
    defs: HashMap<(Table, SeriesId), Vec<LabelValue>>,
    since_key: Option<u32>,
    record: Vec<u8>,
    block: Vec<u8>,
}

impl Encoder {
    /// The next record will be readable on its own: at the start of a segment, and when a record was not written.
    pub(crate) fn restart(&mut self) {
        self.since_key = None;
    }

    /// The framed record of a tick, valid until the next call.
    pub(crate) fn encode(&mut self, tick: &Tick) -> &[u8] {
        let key = self.since_key.is_none_or(|n| n + 1 >= KEY_INTERVAL);
        self.since_key = Some(if key { 0 } else { self.since_key.map_or(0, |n| n + 1) });
        if key {
            self.states.values_mut().for_each(RowStates::clear);
        }
        self.record.clear();
        self.record.resize(frame::HEADER, 0);
        codec::put_i64(&mut self.record, tick.tick_no);
        codec::put_i64(&mut self.record, tick.tick);
        self.put_defs(tick);
        self.put_events(tick);
        self.put_tables(tick);
        codec::put_u64(&mut self.record, tick.ended.len() as u64);
        for &(table, id) in &tick.ended {
            self.record.push(table as u8);
            codec::put_u64(&mut self.record, u64::from(id));
            self.defs.remove(&(table, id));
            if let Some(s) = self.states.get_mut(&table) {
                s.remove(id);
            }
        }
        frame::seal_frame(&mut self.record, Kind::Tick, if key { frame::KEY } else { 0 });
        &self.record
    }

    /// The framed record of what a tick has learnt of series that the open segment may hold rows of; `None` when that is
    /// nothing. It is what is still to be said to a segment that ends before the tick.
    pub(crate) fn encode_names(&mut self, tick: &Tick) -> Option<&[u8]> {
        // A label that changed (exec) is the next segment's; one that was unknown holds for what was read before, too.
        let learnt = |d: &&SeriesDef| {
            self.defs.get(&(d.table, d.id)).is_some_and(|old| {
                old.iter().zip(&d.labels).all(|(old, new)| *old == LabelValue::Null || old == new)
            })
        };
        let known: Vec<&SeriesDef> = tick.defs.iter().filter(learnt).collect();
        if known.is_empty() {
            return None;
        }
        self.record.clear();
        self.record.resize(frame::HEADER, 0);
        codec::put_u64(&mut self.record, known.len() as u64);
        for def in known {
            put_def(&mut self.record, (def.table, def.id), &def.labels);
        }
        frame::seal_frame(&mut self.record, Kind::Names, 0);
        Some(&self.record)
    }

    fn put_defs(&mut self, tick: &Tick) {
        for def in &tick.defs {
            self.defs.insert((def.table, def.id), def.labels.clone());
        }
        // Whatever has its first row since the last key record must be readable from there on; a series that has no row
        // on every tick (a process's regions) may have been defined segments ago.
        let rows = tick.tables.iter().flat_map(|t| t.iter().map(|(id, ..)| (t.table(), id)));
        let unknown = |(table, id): &(Table, SeriesId)| !self.states.get(table).is_some_and(|s| s.knows(*id));
        // A redefinition may come for a series without a row on this tick.
        let mut ids: Vec<(Table, SeriesId)> =
            rows.filter(unknown).chain(tick.defs.iter().map(|d| (d.table, d.id))).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|k| self.defs.contains_key(k));
        codec::put_u64(&mut self.record, ids.len() as u64);
        for key in &ids {
            put_def(&mut self.record, *key, &self.defs[key]);
        }
    }

    fn put_events(&mut self, tick: &Tick) {
        // An event holds plain text and numbers, which always serialise.
        let events: Vec<Vec<u8>> = tick.events.iter().filter_map(|e| serde_json::to_vec(e).ok()).collect();
        codec::put_u64(&mut self.record, events.len() as u64);
        for json in &events {
            codec::put_bytes(&mut self.record, json);
        }
    }

    /// Each table is a block with its length, so that a reader can pass over tables that it does not want.
    fn put_tables(&mut self, tick: &Tick) {
        let tables = tick.tables.iter().filter(|t| !t.is_empty());
        codec::put_u64(&mut self.record, tables.clone().count() as u64);
        for rows in tables {
            let states = self.states.entry(rows.table()).or_default();
            self.block.clear();
            codec::put_u64(&mut self.block, rows.len() as u64);
            for (id, time, cells) in rows.iter() {
                codec::put_u64(&mut self.block, u64::from(id));
                states.encode(&mut self.block, id, time.wrapping_sub(tick.tick), cells);
            }
            self.record.push(rows.table() as u8);
            codec::put_bytes(&mut self.record, &self.block);
        }
    }
}

fn put_def(record: &mut Vec<u8>, (table, id): (Table, SeriesId), labels: &[LabelValue]) {
    record.push(table as u8);
    codec::put_u64(record, u64::from(id));
    codec::put_u64(record, labels.len() as u64);
    for label in labels {
        match label {
            LabelValue::Null => record.push(TAG_NULL),
            LabelValue::Text(s) => {
                record.push(TAG_TEXT);
                codec::put_bytes(record, s.as_bytes());
            }
            LabelValue::Int(n) => {
                record.push(TAG_INT);
                codec::put_i64(record, *n);
            }
        }
    }
}

/// The file of one open segment, locked by this process.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    file: File,
    path: PathBuf,
    len: u64,
    head: Head,
}

impl SegmentFile {
    /// Creates the segment, locked and with its head, under its final name in one step.
    pub(crate) fn create(root: &Path, head: Head) -> Result<SegmentFile, StoreError> {
        let path = head.place.segment(root);
        let dir = root.join(layout::OPEN_DIR);
        fs::create_dir_all(&dir).map_err(StoreError::io("create directory", &dir))?;
        let new = path.with_extension(temporary::NEW_EXT);
        let mut file = temporary::create(&new).map_err(StoreError::io("create", &new))?;
        let json = serde_json::to_vec(&head).map_err(|e| StoreError::Io {
            doing: "encode the head of",
            path: path.clone(),
            source: e.into(),
        })?;
        let mut record = vec![0; frame::HEADER];
        record.extend_from_slice(&json);
        frame::seal_frame(&mut record, Kind::Head, frame::KEY);
        let written = file.write_all(&record).and_then(|()| fs::rename(&new, &path));
        if let Err(source) = written {
            // Best effort: the error that matters is the one being returned.
            let _ = fs::remove_file(&new);
            return Err(StoreError::Io { doing: "write", path, source });
        }
        Ok(SegmentFile { file, path, len: record.len() as u64, head })
    }

    /// Appends one record in one write. When that fails the file is cut back to its last whole record.
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<(), StoreError> {
        // Appending to a file that somebody has removed would succeed, and nobody would ever see it.
        if self.file.metadata().is_ok_and(|m| m.nlink() == 0) {
            return Err(StoreError::Gone { path: self.path.clone() });
        }
        if let Err(source) = self.file.write_all(record) {
            // If even this fails, readers still stop cleanly at, or skip, the torn record.
            let _ = self.file.set_len(self.len).and_then(|()| self.file.seek(SeekFrom::Start(self.len)));
            return Err(StoreError::Io { doing: "append to", path: self.path.clone(), source });
        }
        self.len += record.len() as u64;
        Ok(())
    }

    /// Makes what was appended survive a power cut.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Another handle on the same file, to sync it elsewhere; it shares the lock.
    pub(crate) fn try_clone_file(&self) -> Option<File> {
        self.file.try_clone().ok()
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Path and the locked file, which must be kept until the segment is gone.
    pub(crate) fn into_parts(self) -> (PathBuf, File) {
        (self.path, self.file)
    }
}

/// A leftover segment whose writer is dead: locked by the caller now, so that nobody else seals it. `None` when its
/// writer lives or it has gone meanwhile.
pub(crate) fn adopt(path: &Path) -> Option<File> {
    let file = File::open(path).ok()?;
    // A viewer that just looks whether the writer lives holds a shared lock for microseconds.
    for _ in 0..5 {
        if file.try_lock().is_ok() {
            // Sealed and removed by another between open and lock: the name is gone.
            return path.exists().then_some(file);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    None
}

/// Whether a segment's writer lives.
pub fn is_live(path: &Path) -> bool {
    File::open(path).is_ok_and(|f| matches!(f.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

/// Heads of the segments of a store whose writers live.
pub fn living(root: &Path) -> Vec<Head> {
    let Ok(entries) = fs::read_dir(root.join(layout::OPEN_DIR)) else { return Vec::new() };
    let segments = entries.flatten().map(|e| e.path());
    segments
        .filter(|p| p.extension().is_some_and(|e| e == layout::SEGMENT_EXT) && is_live(p))
        .filter_map(|p| super::read::SegmentReader::open(&p).ok().map(|r| r.head().clone()))
        .collect()
}
