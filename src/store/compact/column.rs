//! One column of one row group of the result, gathered from all sources.
//!
//! Owns: which cell goes where, and the checksum by which what was written is compared with what is on the disk.
//! Must not: open files or choose encodings.
//!
//! This is all of the data that a merge holds, so that its memory does not depend on how much is merged.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};

use super::cursor::Cell;
use super::source::Source;

/// Rows that are handed to the writer at a time.
const STEP: usize = 4096;

/// Rows of a source, in its order, and where they go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) row: u64,
    pub(super) rows: usize,
    pub(super) to: usize,
}

/// The cells; texts as numbers of a list of them.
#[derive(Default)]
pub(super) struct Column {
    cells: Vec<i64>,
    levels: Vec<i16>,
    texts: Vec<ByteArray>,
    numbers: HashMap<Box<[u8]>, i64>,
    latest: i64,
}

impl Column {
    /// So many nulls.
    pub(super) fn clear(&mut self, rows: usize) {
        self.cells.clear();
        self.cells.resize(rows, 0);
        self.levels.clear();
        self.levels.resize(rows, 0);
        self.texts.clear();
        self.numbers.clear();
    }

    /// Whether any cell has a value.
    pub(super) fn has_values(&self) -> bool {
        self.levels.contains(&1)
    }

    fn set(&mut self, at: usize, cell: Option<Cell<'_>>) {
        let Some(cell) = cell else { return };
        self.levels[at] = 1;
        self.cells[at] = match cell {
            Cell::Bits(bits) => bits,
            Cell::Text(text) => self.number(text),
        };
    }

    fn number(&mut self, text: &[u8]) -> i64 {
        // Texts come in long runs of the same.
        if self.texts.get(self.latest as usize).is_some_and(|t| t.data() == text) {
            return self.latest;
        }
        self.latest = match self.numbers.get(text) {
            Some(&number) => number,
            None => {
                let number = self.texts.len() as i64;
                // A copy: the reader's would keep its whole page in memory.
                self.texts.push(ByteArray::from(text.to_vec()));
                self.numbers.insert(text.into(), number);
                number
            }
        };
        self.latest
    }

    /// Takes over a source's rows; `pieces` in the order of its rows.
    pub(super) fn take(
        &mut self,
        source: &Source,
        column: usize,
        pieces: &[Piece],
    ) -> std::result::Result<(), String> {
        let (mut group, mut base) = (0, 0u64);
        let mut open = None;
        for piece in pieces {
            let (mut row, mut left, mut to) = (piece.row, piece.rows, piece.to);
            while left > 0 {
                let rows =
                    source.groups.get(group).ok_or("its row groups are shorter than it says")?.rows as u64;
                if row >= base + rows {
                    base += rows;
                    group += 1;
                    open = None;
                    continue;
                }
                let (mut cursor, at) = match open.take() {
                    Some(open) => open,
                    None => (source.cursor(group, column)?, base),
                };
                cursor.skip((row - at) as usize)?;
                let n = left.min((base + rows - row) as usize);
                cursor.read(n, |cell| {
                    self.set(to, cell);
                    to += 1;
                })?;
                row += n as u64;
                left -= n;
                open = Some((cursor, row));
            }
        }
        Ok(())
    }

    /// Writes everything. `nullable` as in the file's schema.
    pub(super) fn write(&self, writer: &mut ColumnWriter<'_>, nullable: bool) -> Result<()> {
        for (cells, levels) in self.cells.chunks(STEP).zip(self.levels.chunks(STEP)) {
            let valid = cells.iter().zip(levels).filter(|(_, level)| **level == 1).map(|(cell, _)| *cell);
            let levels = nullable.then_some(levels);
            match writer {
                ColumnWriter::Int64ColumnWriter(w) => w.write_batch(&valid.collect::<Vec<_>>(), levels, None),
                ColumnWriter::DoubleColumnWriter(w) => {
                    let floats: Vec<f64> = valid.map(|bits| f64::from_bits(bits as u64)).collect();
                    w.write_batch(&floats, levels, None)
                }
                ColumnWriter::BoolColumnWriter(w) => {
                    w.write_batch(&valid.map(|bits| bits != 0).collect::<Vec<_>>(), levels, None)
                }
                ColumnWriter::ByteArrayColumnWriter(w) => {
                    let texts: Vec<ByteArray> = valid.map(|n| self.texts[n as usize].clone()).collect();
                    w.write_batch(&texts, levels, None)
                }
                _ => Err(ParquetError::General("a type that no column of a store has".to_owned())),
            }?;
        }
        Ok(())
    }

    /// Of all cells in their order.
    pub(super) fn checksum(&self) -> u64 {
        let mut sum = Checksum::default();
        for (&cell, &level) in self.cells.iter().zip(&self.levels) {
            let text = self.texts.get(cell as usize);
            sum.add((level == 1).then(|| text.map_or(Cell::Bits(cell), |t| Cell::Text(t.data()))));
        }
        sum.value()
    }
}

/// Tells two columns apart that differ in a value, a null or the order of either.
#[derive(Default)]
pub(super) struct Checksum(u64);

impl Checksum {
    pub(super) fn add(&mut self, cell: Option<Cell<'_>>) {
        let word = match cell {
            None => 0x6e75_6c6c,
            Some(Cell::Bits(bits)) => bits as u64,
            Some(Cell::Text(text)) => {
                let mut hasher = DefaultHasher::new();
                hasher.write(text);
                hasher.finish()
            }
        };
        // A null is not the number that stands for it.
        let word = word ^ u64::from(cell.is_some()).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    pub(super) fn value(&self) -> u64 {
        self.0
    }
}
