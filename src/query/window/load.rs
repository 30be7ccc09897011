//! One tile of one file, read as far as a question needs it.
//!
//! Owns: the choice between a block's digest and its rows. Must not: fold.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};

use super::select::Selection;
use super::tile::{self, Block, Frame, Times};
use crate::metric::Kind;
use crate::query::catalogue::{FileEntry, SubjectRun};
use crate::query::scan::{OpenFile, ScanError, What};
use crate::series::{Digest, Span};

type Result<T> = std::result::Result<T, ScanError>;

/// What a question needs of one tile.
pub(super) struct Loaded {
    /// In the order of rows.
    pub(super) pieces: Vec<Piece>,
    /// All rows of the tile, when some piece is without digest.
    pub(super) rows: Option<Rows>,
}

/// A block of a series that was asked for.
pub(super) struct Piece {
    /// Place of the series in the question.
    pub(super) slot: u32,
    pub(super) run: u32,
    /// Rows, counted from the beginning of the tile.
    pub(super) rows: Range<usize>,
    /// Stands for the rows where it is there.
    pub(super) digest: Option<(Span, Digest)>,
}

/// Rows of a tile.
pub(super) struct Rows {
    pub(super) times: Times,
    pub(super) values: Values,
}

/// A metric as it is stored.
#[derive(Clone)]
pub(super) enum Values {
    /// No value on any row.
    None,
    Int(Int64Array),
    Float(Float64Array),
    Bool(BooleanArray),
}

impl Values {
    /// Truth values are 0 and 1; times have no number.
    fn of(array: &ArrayRef) -> Values {
        if let Some(v) = array.as_primitive_opt::<Int64Type>() {
            Values::Int(v.clone())
        } else if let Some(v) = array.as_primitive_opt::<Float64Type>() {
            Values::Float(v.clone())
        } else if let Some(v) = array.as_boolean_opt() {
            Values::Bool(v.clone())
        } else {
            Values::None
        }
    }

    pub(super) fn get(&self, row: usize) -> Option<f64> {
        match self {
            Values::None => None,
            Values::Int(v) => v.is_valid(row).then(|| v.value(row) as f64),
            Values::Float(v) => v.is_valid(row).then(|| v.value(row)),
            Values::Bool(v) => v.is_valid(row).then(|| f64::from(u8::from(v.value(row)))),
        }
    }
}

/// The tile's parts while they are being read.
struct Tile<'a> {
    file: &'a OpenFile<'a>,
    number: u32,
    rows: Range<u32>,
    runs: &'a [SubjectRun],
    column: Option<u16>,
    counter: bool,
    times: Option<Times>,
    values: Option<Values>,
}

/// Reads what a question needs of a tile.
pub(super) fn load(
    entry: &FileEntry,
    file: &OpenFile<'_>,
    runs: &[SubjectRun],
    number: u32,
    selection: &Selection,
) -> Result<Loaded> {
    let rows = tile::rows(number, entry);
    let wanted: Vec<(usize, u32, Block)> = tile::blocks(runs, rows.clone())
        .enumerate()
        .filter_map(|(at, block)| {
            let run = &runs[block.run];
            let slot = selection.slot(run)?;
            let from = block.first_row - run.first_row;
            selection.may_have(entry, run, from..from + block.rows).then_some((at, slot, block))
        })
        .collect();
    if wanted.is_empty() {
        return Ok(Loaded { pieces: Vec::new(), rows: None });
    }
    let counter = selection.metric.kind == Kind::Counter;
    let name = selection.metric.name;
    let column = if entry.may_have(name) { file.column(name)? } else { None };
    let mut tile = Tile { file, number, rows, runs, column, counter, times: None, values: None };
    let frames = tile::frames(file, number, &tile.rows, runs, &mut tile.times)?;
    let in_span = |f: &Frame| !f.even || (f.first < selection.span.end && f.last >= selection.span.start);
    let wanted: Vec<_> = wanted.into_iter().filter(|&(at, ..)| in_span(&frames[at])).collect();
    let fits = |f: &Frame| f.even && f.first >= selection.span.start && selection.fits(f.first, f.last);
    let fitting = wanted.iter().filter(|&&(at, ..)| fits(&frames[at])).count();
    // Where few blocks fit, rows are read anyway, and making digests would cost more than folding them.
    let digests = if fitting * 2 > wanted.len() { Some(tile.digests(&frames)?) } else { None };
    let mut pieces = Vec::with_capacity(wanted.len());
    for (at, slot, block) in wanted {
        let (frame, part) = (frames[at], usize::from(runs[block.run].part));
        let run = entry.parts.get(part).map_or(u32::MAX, |p| p.run);
        let digest = digests.as_ref().filter(|_| fits(&frame)).map(|d| d[at]).filter(|d| *d != Digest::Mixed);
        let span =
            Span { first: frame.first, last: frame.last, run, tick_no: frame.tick_no, rows: block.rows };
        let start = (block.first_row - tile.rows.start) as usize;
        let rows = start..start + block.rows as usize;
        pieces.push(Piece { slot, run, rows, digest: digest.map(|d| (span, d)) });
    }
    let rows = if pieces.iter().any(|p| p.digest.is_none()) {
        Some(Rows { times: tile.times()?, values: tile.values()? })
    } else {
        None
    };
    Ok(Loaded { pieces, rows })
}

impl Tile<'_> {
    fn times(&self) -> Result<Times> {
        match &self.times {
            Some(times) => Ok(times.clone()),
            None => Times::read(self.file, &self.rows),
        }
    }

    fn values(&self) -> Result<Values> {
        match (&self.values, self.column) {
            (Some(values), _) => Ok(values.clone()),
            (None, Some(column)) => Ok(Values::of(&self.file.rows(column, self.rows.clone())?)),
            // An older version's file: what it does not know is absent.
            (None, None) => Ok(Values::None),
        }
    }

    /// The digests of all blocks. Blocks that are not even have none that could be used.
    fn digests(&mut self, frames: &[Frame]) -> Result<Arc<Vec<Digest>>> {
        let what = self.column.map(|c| What::Digests(c, self.number));
        if let Some(known) = what.and_then(|w| self.file.cached(w)) {
            return Ok(known);
        }
        let values = self.values()?;
        let times = if self.counter { Some(self.times()?) } else { None };
        let digest = |(block, frame): (Block, &Frame)| {
            if !frame.even {
                return Digest::Mixed;
            }
            let start = (block.first_row - self.rows.start) as usize;
            let time = |i: usize| times.as_ref().map_or(0, |t| t.time.value(start + i));
            Digest::of(self.counter, block.rows as usize, time, |i| values.get(start + i))
        };
        let digests: Vec<Digest> =
            tile::blocks(self.runs, self.rows.clone()).zip(frames).map(digest).collect();
        let digests = Arc::new(digests);
        if let Some(what) = what {
            self.file.keep(what, Arc::clone(&digests), digests.len() * size_of::<Digest>());
        }
        self.values = Some(values);
        self.times = times.or(self.times.take());
        Ok(digests)
    }
}
