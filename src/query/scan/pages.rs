//! Where the pages of a column chunk stand: Parquet's offset index.
//!
//! Owns: its bytes → [`Pages`]. Must not: trust them.
//!
//! The crate reads the indexes of all columns at once, which for one column of a hundred and fifty is most of the work.
//! One index is a Thrift compact struct of a list of three numbers each.

use std::ops::Range;

/// Pages of one column chunk, in order.
#[derive(Debug)]
pub(super) struct Pages {
    pages: Vec<Page>,
}

/// One data page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    /// First byte of its header.
    offset: u64,
    /// Bytes, header included.
    bytes: u32,
    /// First row, counted from the beginning of the row group.
    first_row: u32,
}

const STRUCT: u8 = 12;
const LIST: u8 = 9;
const I64: u8 = 6;
const I32: u8 = 5;

impl Pages {
    /// Parses an offset index for a row group of this many rows; `None` when it is not one that describes it.
    pub(super) fn parse(bytes: &[u8], rows: u32) -> Option<Pages> {
        let mut from = Thrift(bytes);
        if from.byte()? != (1 << 4 | LIST) {
            return None;
        }
        let (mut n, kind) = from.byte().map(|b| (u64::from(b >> 4), b & 15))?;
        if n == 15 {
            n = from.varint()?;
        }
        // Each takes six bytes at least.
        if kind != STRUCT || n > bytes.len() as u64 / 6 {
            return None;
        }
        let mut pages: Vec<Page> = Vec::with_capacity(usize::try_from(n).ok()?);
        for _ in 0..n {
            let offset = from.field(I64)?;
            let size = from.field(I32)?;
            let first = from.field(I64)?;
            if from.byte()? != 0 {
                return None;
            }
            let page = Page {
                offset: u64::try_from(offset).ok()?,
                bytes: u32::try_from(size).ok()?,
                first_row: u32::try_from(first).ok()?,
            };
            let follows = pages.last().map_or(page.first_row == 0, |p| p.first_row < page.first_row);
            if !follows || page.first_row >= rows {
                return None;
            }
            pages.push(page);
        }
        (!pages.is_empty()).then_some(Pages { pages })
    }

    /// The page with this row: its rows, and the bytes where it stands.
    pub(super) fn of_row(&self, row: u32, rows: u32) -> Option<(Range<u32>, Range<u64>)> {
        let at = self.pages.partition_point(|p| p.first_row <= row).checked_sub(1)?;
        let page = self.pages[at];
        let end = self.pages.get(at + 1).map_or(rows, |next| next.first_row);
        Some((page.first_row..end, page.offset..page.offset.checked_add(u64::from(page.bytes))?))
    }

    /// Where the first page begins: a dictionary stands before it.
    pub(super) fn start(&self) -> u64 {
        self.pages.first().map_or(0, |p| p.offset)
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Page>() * self.pages.len()
    }
}

struct Thrift<'a>(&'a [u8]);

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            value |= u64::from(b & 127) << shift;
            if b & 128 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number in the next field of a struct.
    fn field(&mut self, kind: u8) -> Option<i64> {
        if self.byte()? != (1 << 4 | kind) {
            return None;
        }
        let raw = self.varint()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Vec<u8> {
        // Two pages: at 4, 100 bytes, row 0; at 104, 50 bytes, row 20,000 (zigzag varints).
        let mut bytes = vec![0x19, 0x2c];
        bytes.extend([0x16, 8, 0x15, 0xc8, 1, 0x16, 0, 0]);
        bytes.extend([0x16, 0xd0, 1, 0x15, 100, 0x16, 0xc0, 0xb8, 2, 0]);
        bytes.push(0);
        bytes
    }

    /// QRY-2: pages are found by row.
    #[test]
    fn pages_are_found_by_row() {
        let pages = Pages::parse(&index(), 30_000).unwrap();
        assert_eq!(pages.of_row(19_999, 30_000), Some((0..20_000, 4..104)));
        assert_eq!(pages.of_row(20_000, 30_000), Some((20_000..30_000, 104..154)));
        assert_eq!(pages.start(), 4);
    }

    /// QRY-5: whatever the bytes are, they do not bring the process down.
    #[test]
    fn damaged_indexes_are_refused() {
        let whole = index();
        for cut in 0..whole.len() - 1 {
            assert!(Pages::parse(&whole[..cut], 30_000).is_none());
        }
        assert!(Pages::parse(&whole, 20_000).is_none(), "a page behind the last row");
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                let _ = Pages::parse(&bytes, 30_000);
            }
        }
    }
}
