//! Reading segments: shared by recovery, sealing and the viewer, so that all agree on where a torn segment ends.
//!
//! Owns: records → rows. Must not: know Parquet, or write anything.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::codec::{Cursor, Malformed, RowStates};
use super::error::StoreError;
use super::frame::{self, Found, Kind};
use super::mapping::{TableMap, map_table, read_rows};
use super::segment::{FORMAT, Head, TAG_INT, TAG_NULL, TAG_TEXT};
use super::tick::{LabelValue, SeriesId};
use crate::event::Event;
use crate::metric::Table;
use crate::time::Micros;

/// Columns of one table that a head may name, several times what any dictionary has: each costs memory in every row,
/// while a row that has not changed takes five bytes of a file.
const MAX_COLUMNS: usize = 1000;

/// A row: which series, on which tick, read when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRow {
    /// Index into [`TableData::series`].
    pub series: u32,
    /// Number of the tick.
    pub tick_no: i64,
    /// Scheduled time of the tick.
    pub tick: Micros,
    /// Time of reading.
    pub time: Micros,
}

/// Rows of one table, in the order in which they were written.
#[derive(Clone, Debug)]
pub struct TableData {
    /// The table.
    pub table: Table,
    /// Labels of each series, as last defined.
    pub series: Vec<Vec<LabelValue>>,
    /// The rows.
    pub rows: Vec<DataRow>,
    /// Cells, row-major, as wide as the table has metrics.
    pub cells: Vec<i64>,
    index: HashMap<SeriesId, u32>,
}

impl TableData {
    fn new(table: Table) -> Self {
        TableData { table, series: Vec::new(), rows: Vec::new(), cells: Vec::new(), index: HashMap::new() }
    }

    pub(super) fn series_index(&mut self, id: SeriesId) -> u32 {
        *self.index.entry(id).or_insert_with(|| {
            self.series.push(vec![LabelValue::Null; self.table.labels().len()]);
            self.series.len() as u32 - 1
        })
    }
}

/// What could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes in the middle that are no whole record.
    pub skipped_bytes: u64,
    /// Whole records that could not be used because one before them was lost.
    pub skipped_records: u64,
    /// Bytes at the end that are no whole record (yet).
    pub tail_bytes: u64,
}

/// Everything read from a segment so far.
#[derive(Clone, Debug)]
pub struct SegmentData {
    /// The wanted tables, in the order of [`Table::ALL`].
    pub tables: Vec<TableData>,
    /// Events with number and time of their tick.
    pub events: Vec<(i64, Micros, Event)>,
    /// Number and time of every tick seen.
    pub ticks: Vec<(i64, Micros)>,
    /// What could not be read.
    pub damage: Damage,
}

impl SegmentData {
    /// Nothing read yet; only rows of `want` will be kept.
    pub fn new(want: &[Table]) -> Self {
        SegmentData {
            tables: want.iter().copied().map(TableData::new).collect(),
            events: Vec::new(),
            ticks: Vec::new(),
            damage: Damage::default(),
        }
    }

    /// The rows of a table, if it was wanted.
    pub fn table(&self, table: Table) -> Option<&TableData> {
        self.tables.iter().find(|t| t.table == table)
    }
}

/// Reads a segment from its beginning on, as far as it has been written.
pub struct SegmentReader {
    path: PathBuf,
    file: File,
    offset: u64,
    head: Head,
    maps: Vec<TableMap>,
    states: Vec<RowStates>,
    synced: bool,
    last_tick: Option<i64>,
}

impl SegmentReader {
    /// Opens a segment and reads its head.
    pub fn open(path: &Path) -> Result<SegmentReader, StoreError> {
        let bad = |reason: String| StoreError::Segment { path: path.to_owned(), reason };
        let mut file = File::open(path).map_err(StoreError::io("open", path))?;
        let mut bytes = Vec::new();
        // A head of this dictionary takes a few kilobytes.
        file.by_ref().take(1 << 20).read_to_end(&mut bytes).map_err(StoreError::io("read", path))?;
        let Found::Record { skipped: 0, frame } = frame::next(&bytes) else {
            return Err(bad("not a segment: it does not begin with a whole head".into()));
        };
        if frame.kind != Kind::Head as u8 {
            return Err(bad(format!("not a segment: its first record is of kind {}", frame.kind)));
        }
        let head: Head =
            serde_json::from_slice(frame.payload).map_err(|e| bad(format!("unreadable head: {e}")))?;
        if head.format > FORMAT {
            return Err(bad(format!(
                "written in segment format {}; this version reads up to {FORMAT}",
                head.format
            )));
        }
        if let Some(wide) = head.tables.iter().find(|t| t.labels.len().max(t.metrics.len()) > MAX_COLUMNS) {
            return Err(bad(format!("its table {:?} has more than {MAX_COLUMNS} columns", wide.name)));
        }
        let maps = head.tables.iter().map(map_table).collect::<Vec<_>>();
        let states = maps.iter().map(|_| RowStates::default()).collect();
        let offset = frame.len as u64;
        Ok(SegmentReader {
            path: path.to_owned(),
            file,
            offset,
            head,
            maps,
            states,
            synced: true,
            last_tick: None,
        })
    }

    /// The first record.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Where the segment stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads whatever whole records have been appended since the last call into `data`; true when there were any.
    /// The wanted tables must be the same on every call.
    pub fn poll(&mut self, data: &mut SegmentData) -> Result<bool, StoreError> {
        let mut bytes = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.offset))
            .and_then(|_| self.file.read_to_end(&mut bytes))
            .map_err(StoreError::io("read", &self.path))?;
        let mut rest = bytes.as_slice();
        let mut any = false;
        loop {
            match frame::next(rest) {
                Found::Tail(n) => {
                    data.damage.tail_bytes = n as u64;
                    return Ok(any);
                }
                Found::Record { skipped, frame } => {
                    if skipped > 0 {
                        data.damage.skipped_bytes += skipped as u64;
                        self.synced = false;
                    }
                    let used = skipped + frame.len;
                    if frame.kind == Kind::Tick as u8 {
                        self.take_tick(frame.payload, frame.flags & frame::KEY != 0, data);
                        any = true;
                    } else if frame.kind == Kind::Names as u8 {
                        any |= self.take_names(frame.payload, data).is_ok();
                    }
                    self.offset += used as u64;
                    rest = &rest[used..];
                }
            }
        }
    }

    fn take_tick(&mut self, payload: &[u8], key: bool, data: &mut SegmentData) {
        if key {
            self.states.iter_mut().for_each(RowStates::clear);
            self.synced = true;
        }
        let lens: Vec<(usize, usize)> = data.tables.iter().map(|t| (t.rows.len(), t.cells.len())).collect();
        let (ticks, events) = (data.ticks.len(), data.events.len());
        if !self.synced || self.decode(payload, data).is_err() {
            // Half a tick is no tick: take back what was read of it, and wait for a record that stands alone.
            for (t, (rows, cells)) in data.tables.iter_mut().zip(lens) {
                t.rows.truncate(rows);
                t.cells.truncate(cells);
            }
            data.ticks.truncate(ticks);
            data.events.truncate(events);
            data.damage.skipped_records += 1;
            self.synced = false;
            return;
        }
        self.last_tick = data.ticks.last().map(|t| t.0);
    }

    /// Labels stand alone: they are right whatever was lost before them.
    fn take_names(&self, payload: &[u8], data: &mut SegmentData) -> Result<(), Malformed> {
        let mut from = Cursor::new(payload);
        for _ in 0..from.count()? {
            self.read_def(&mut from, data)?;
        }
        Ok(())
    }

    fn decode(&mut self, payload: &[u8], data: &mut SegmentData) -> Result<(), Malformed> {
        let mut from = Cursor::new(payload);
        let (tick_no, tick) = (from.i64()?, from.i64()?);
        // A whole record in a place that is not its own: what it says has been said.
        if self.last_tick.is_some_and(|last| last >= tick_no) {
            return Err(Malformed);
        }
        data.ticks.push((tick_no, tick));
        for _ in 0..from.count()? {
            self.read_def(&mut from, data)?;
        }
        for _ in 0..from.count()? {
            let json = from.bytes()?;
            // An event of a kind that this version does not know is passed over.
            if let Ok(event) = serde_json::from_slice(json) {
                data.events.push((tick_no, tick, event));
            }
        }
        for _ in 0..from.count()? {
            let number = usize::from(from.u8()?);
            let block = from.bytes()?;
            let (Some(map), Some(states)) = (self.maps.get(number), self.states.get_mut(number)) else {
                return Err(Malformed);
            };
            let Some(into) = map.table.and_then(|t| data.tables.iter_mut().find(|d| d.table == t)) else {
                continue;
            };
            read_rows(map, states, block, (tick_no, tick), into)?;
        }
        for _ in 0..from.count()? {
            let number = usize::from(from.u8()?);
            let id = from.u32()?;
            if let Some(states) = self.states.get_mut(number) {
                states.remove(id);
            }
        }
        Ok(())
    }

    fn read_def(&self, from: &mut Cursor<'_>, data: &mut SegmentData) -> Result<(), Malformed> {
        let map = self.maps.get(usize::from(from.u8()?)).ok_or(Malformed)?;
        let id = from.u32()?;
        let into = map.table.and_then(|t| data.tables.iter_mut().find(|d| d.table == t));
        let mut labels = into.map(|t| {
            let at = t.series_index(id) as usize;
            &mut t.series[at]
        });
        for i in 0..from.count()? {
            let value = match from.u8()? {
                TAG_NULL => LabelValue::Null,
                TAG_TEXT => LabelValue::text(String::from_utf8_lossy(from.bytes()?)),
                TAG_INT => LabelValue::Int(from.i64()?),
                _ => return Err(Malformed),
            };
            if let (Some(labels), Some(&Some(to))) = (&mut labels, map.labels.get(i)) {
                labels[to] = value;
            }
        }
        Ok(())
    }
}
