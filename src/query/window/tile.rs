//! Tiles and blocks of a file, and what is known of a block before its values are read.
//!
//! Owns: the grid, times and ticks → [`Frame`]s. Must not: know questions.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::Int64Type;

use crate::query::catalogue::{FileEntry, SubjectRun};
use crate::query::scan::{OpenFile, ScanError, What};
use crate::store::schema::{TICK_NO, TIME};
use crate::time::Micros;

/// Rows of a tile: what is read and kept at once. A file of 90 s mostly is one tile; pages are about as long.
pub(super) const ROWS: u32 = 1 << 14;
/// Most rows of a block. A digest takes as much room as a dozen values.
const BLOCK: u32 = 128;

/// Consecutive rows of one run, within one tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Position in the file's runs.
    pub(super) run: usize,
    pub(super) first_row: u32,
    pub(super) rows: u32,
}

/// What is known of a block without its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) tick_no: i64,
    /// Whether ticks follow each other without a break and time goes on from row to row.
    pub(super) even: bool,
}

/// The rows of a tile, by its number.
pub(super) fn rows(tile: u32, entry: &FileEntry) -> Range<u32> {
    let start = tile * ROWS;
    start..start.saturating_add(ROWS).min(entry.rows as u32)
}

/// The blocks of a tile.
pub(super) fn blocks(runs: &[SubjectRun], tile: Range<u32>) -> impl Iterator<Item = Block> + '_ {
    let from = runs.partition_point(|r| r.first_row + r.rows <= tile.start);
    let within = runs.iter().enumerate().skip(from).take_while(move |(_, r)| r.first_row < tile.end);
    let end = tile.end;
    within.flat_map(move |(run, r)| {
        let (start, end) = (r.first_row.max(tile.start), (r.first_row + r.rows).min(end));
        let block = move |at: u32| Block { run, first_row: at, rows: BLOCK.min(end - at) };
        (start..end).step_by(BLOCK as usize).map(block)
    })
}

/// Times and tick numbers of a tile's rows.
#[derive(Clone)]
pub(super) struct Times {
    pub(super) time: Int64Array,
    pub(super) tick_no: Int64Array,
}

impl Times {
    pub(super) fn read(file: &OpenFile<'_>, rows: &Range<u32>) -> Result<Times, ScanError> {
        let read = |name: &str| {
            let column =
                file.column(name)?.ok_or_else(|| ScanError::Bad(format!("it has no column {name}")))?;
            integers(&file.rows(column, rows.clone())?)
                .ok_or_else(|| ScanError::Bad(format!("its column {name} has another type")))
        };
        Ok(Times { time: read(TIME)?, tick_no: read(TICK_NO)? })
    }
}

fn integers(array: &ArrayRef) -> Option<Int64Array> {
    array.as_primitive_opt::<Int64Type>().cloned()
}

/// The frames of all blocks of a tile.
pub(super) fn frames(
    file: &OpenFile<'_>,
    tile: u32,
    rows: &Range<u32>,
    runs: &[SubjectRun],
    times: &mut Option<Times>,
) -> Result<Arc<Vec<Frame>>, ScanError> {
    if let Some(known) = file.cached(What::Frames(tile)) {
        return Ok(known);
    }
    if times.is_none() {
        *times = Some(Times::read(file, rows)?);
    }
    let Some(read) = times else { return Ok(Arc::default()) };
    let (time, tick_no) = (read.time.values(), read.tick_no.values());
    let frame = |b: Block| {
        let at = (b.first_row - rows.start) as usize..(b.first_row - rows.start + b.rows) as usize;
        let (time, tick_no) = (&time[at.clone()], &tick_no[at]);
        if !time.iter().all(|&t| runs[b.run].contains(t)) {
            return Err(ScanError::misplaced());
        }
        let even =
            tick_no.windows(2).all(|t| t[0].wrapping_add(1) == t[1]) && time.windows(2).all(|t| t[0] < t[1]);
        Ok(Frame { first: time[0], last: time[time.len() - 1], tick_no: tick_no[0], even })
    };
    let frames = Arc::new(blocks(runs, rows.clone()).map(frame).collect::<Result<Vec<Frame>, _>>()?);
    file.keep(What::Frames(tile), Arc::clone(&frames), frames.len() * size_of::<Frame>());
    Ok(frames)
}
