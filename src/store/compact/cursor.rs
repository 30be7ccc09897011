//! The values of one column chunk, one after the other, whatever their type.
//!
//! Owns: values and nulls side by side. Must not: know where they come from or go.

use parquet::column::reader::ColumnReader;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;

/// Rows that are decoded at a time.
const STEP: usize = 4096;

/// A value: numbers and truth values as 64 bits, so that all but texts are handled alike and nothing is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Bits(i64),
    Text(&'a [u8]),
}

/// Reads a column chunk once, from its first row on.
pub(super) struct Cursor {
    reader: ColumnReader,
    nullable: bool,
    rows: usize,
    levels: Vec<i16>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    bools: Vec<bool>,
    texts: Vec<ByteArray>,
}

impl Cursor {
    pub(super) fn new(reader: ColumnReader, nullable: bool, rows: usize) -> Cursor {
        let (levels, ints, floats, bools, texts) = Default::default();
        Cursor { reader, nullable, rows, levels, ints, floats, bools, texts }
    }

    /// Reads all rows.
    pub(super) fn read_all(&mut self, each: impl FnMut(Option<Cell<'_>>)) -> Result<(), String> {
        self.read(self.rows, each)
    }

    /// Passes over rows.
    pub(super) fn skip(&mut self, rows: usize) -> Result<(), String> {
        let skipped = match &mut self.reader {
            ColumnReader::Int64ColumnReader(r) => r.skip_records(rows),
            ColumnReader::DoubleColumnReader(r) => r.skip_records(rows),
            ColumnReader::BoolColumnReader(r) => r.skip_records(rows),
            ColumnReader::ByteArrayColumnReader(r) => r.skip_records(rows),
            _ => Err(ParquetError::General("a type that no column of a store has".to_owned())),
        };
        match skipped {
            Ok(n) if n == rows => Ok(()),
            Ok(_) => Err(ends_early()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Reads the next rows; `None` stands for null.
    pub(super) fn read(&mut self, rows: usize, mut each: impl FnMut(Option<Cell<'_>>)) -> Result<(), String> {
        let mut left = rows;
        while left > 0 {
            let read = self.fill(left.min(STEP)).map_err(|e| e.to_string())?;
            if read == 0 {
                return Err(ends_early());
            }
            let mut next = 0;
            for row in 0..read {
                if self.nullable && self.levels[row] == 0 {
                    each(None);
                    continue;
                }
                each(Some(match &self.reader {
                    ColumnReader::Int64ColumnReader(_) => Cell::Bits(self.ints[next]),
                    ColumnReader::DoubleColumnReader(_) => Cell::Bits(self.floats[next].to_bits() as i64),
                    ColumnReader::BoolColumnReader(_) => Cell::Bits(i64::from(self.bools[next])),
                    _ => Cell::Text(self.texts[next].data()),
                }));
                next += 1;
            }
            left -= read;
        }
        Ok(())
    }

    /// Decodes up to so many rows; returns their number.
    fn fill(&mut self, rows: usize) -> Result<usize, ParquetError> {
        self.levels.clear();
        let levels = self.nullable.then_some(&mut self.levels);
        let (records, ..) = match &mut self.reader {
            ColumnReader::Int64ColumnReader(r) => {
                self.ints.clear();
                r.read_records(rows, levels, None, &mut self.ints)
            }
            ColumnReader::DoubleColumnReader(r) => {
                self.floats.clear();
                r.read_records(rows, levels, None, &mut self.floats)
            }
            ColumnReader::BoolColumnReader(r) => {
                self.bools.clear();
                r.read_records(rows, levels, None, &mut self.bools)
            }
            ColumnReader::ByteArrayColumnReader(r) => {
                self.texts.clear();
                r.read_records(rows, levels, None, &mut self.texts)
            }
            _ => return Err(ParquetError::General("a type that no column of a store has".to_owned())),
        }?;
        Ok(records)
    }
}

fn ends_early() -> String {
    "a column ends before its last row".to_owned()
}
