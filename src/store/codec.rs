//! Variable-length integers and the delta coding of rows.
//!
//! Owns: the bytes of a row within a tick record. Must not: frame, checksum or do I/O.
//!
//! Cells are coded against the same series' previous row: a run of unchanged cells is two bytes, a changed one its
//! zigzag difference. An idle process costs three bytes a tick.

use std::collections::HashMap;

use super::tick::{NULL, SeriesId};

/// A record ends in the middle of something, or says something impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Appends an unsigned LEB128.
pub(crate) fn put_u64(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends a signed number, small magnitudes first.
pub(crate) fn put_i64(out: &mut Vec<u8>, v: i64) {
    put_u64(out, zigzag(v));
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn zigzag(v: i64) -> u64 {
    ((v << 1) ^ (v >> 63)) as u64
}

fn unzigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// Reads what the functions above wrote.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        let (&b, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(b)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            v |= u64::from(b & 0x7f).checked_shl(shift).ok_or(Malformed)?;
            if b < 0x80 {
                return Ok(v);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.u64().map(unzigzag)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.u64().and_then(|v| u32::try_from(v).map_err(|_| Malformed))
    }

    /// A count of things that take at least one byte each, so that no forged count allocates beyond the record.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let n = usize::try_from(self.u64()?).map_err(|_| Malformed)?;
        if n <= self.rest.len() { Ok(n) } else { Err(Malformed) }
    }

    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let n = self.count()?;
        self.take(n)
    }
}

/// Cell tokens: a run of unchanged cells, a cell that became null, eight literal bytes; above them zigzag differences.
const RUN: u64 = 0;
const TO_NULL: u64 = 1;
const LITERAL: u64 = 2;
const DELTA: u64 = 3;

/// The previous row of each series of one table.
#[derive(Debug, Default)]
pub(crate) struct RowStates {
    rows: HashMap<SeriesId, RowState>,
}

#[derive(Debug)]
struct RowState {
    offset: i64,
    cells: Vec<i64>,
}

impl RowStates {
    /// Forgets everything: the next record can be read without the ones before.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(crate) fn remove(&mut self, series: SeriesId) {
        self.rows.remove(&series);
    }

    /// Whether it has had a row since everything was forgotten.
    pub(crate) fn knows(&self, series: SeriesId) -> bool {
        self.rows.contains_key(&series)
    }

    fn state(&mut self, series: SeriesId, width: usize) -> &mut RowState {
        self.rows.entry(series).or_insert_with(|| RowState { offset: 0, cells: vec![0; width] })
    }

    /// Appends a row: time of reading as an offset from the tick, then the cells.
    pub(crate) fn encode(&mut self, out: &mut Vec<u8>, series: SeriesId, offset: i64, cells: &[i64]) {
        let state = self.state(series, cells.len());
        put_i64(out, offset.wrapping_sub(state.offset));
        state.offset = offset;
        let mut run = 0u64;
        for (before, &now) in state.cells.iter_mut().zip(cells) {
            if *before == now {
                run += 1;
                continue;
            }
            put_run(out, &mut run);
            let base = if *before == NULL { 0 } else { *before };
            *before = now;
            if now == NULL {
                put_u64(out, TO_NULL);
                continue;
            }
            match now.checked_sub(base).map(zigzag).and_then(|z| z.checked_add(DELTA)) {
                Some(token) => put_u64(out, token),
                None => {
                    put_u64(out, LITERAL);
                    out.extend_from_slice(&now.to_le_bytes());
                }
            }
        }
        put_run(out, &mut run);
    }

    /// Reads a row of `width` cells into the series' state and returns offset and cells.
    pub(crate) fn decode(
        &mut self,
        from: &mut Cursor<'_>,
        series: SeriesId,
        width: usize,
    ) -> Result<(i64, &[i64]), Malformed> {
        let state = self.state(series, width);
        state.offset = state.offset.wrapping_add(from.i64()?);
        let mut at = 0;
        while at < width {
            match from.u64()? {
                RUN => {
                    let n = usize::try_from(from.u64()?).map_err(|_| Malformed)?;
                    if n == 0 || n > width - at {
                        return Err(Malformed);
                    }
                    at += n;
                    continue;
                }
                TO_NULL => state.cells[at] = NULL,
                LITERAL => {
                    let bytes = from.take(8)?.try_into().map_err(|_| Malformed)?;
                    state.cells[at] = i64::from_le_bytes(bytes);
                }
                token => {
                    let base = if state.cells[at] == NULL { 0 } else { state.cells[at] };
                    state.cells[at] = base.wrapping_add(unzigzag(token - DELTA));
                }
            }
            at += 1;
        }
        Ok((state.offset, &state.cells))
    }
}

fn put_run(out: &mut Vec<u8>, run: &mut u64) {
    if *run > 0 {
        put_u64(out, RUN);
        put_u64(out, *run);
        *run = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell() -> impl Strategy<Value = i64> {
        prop_oneof![Just(NULL), Just(0), Just(i64::MAX), Just(i64::MIN + 1), any::<i64>(), 0..1000i64]
    }

    proptest! {
        #[test]
        fn rows_round_trip(rows in prop::collection::vec((any::<i64>(), prop::collection::vec(cell(), 7)), 1..20)) {
            let mut out = Vec::new();
            let mut states = RowStates::default();
            for (offset, cells) in &rows {
                states.encode(&mut out, 3, *offset, cells);
            }
            let mut from = Cursor::new(&out);
            let mut states = RowStates::default();
            for (offset, cells) in &rows {
                prop_assert_eq!(states.decode(&mut from, 3, 7), Ok((*offset, cells.as_slice())));
            }
            prop_assert!(from.is_empty());
        }

        /// STO-3: no bytes make the decoder panic.
        #[test]
        fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut from = Cursor::new(&bytes);
            let mut states = RowStates::default();
            while states.decode(&mut from, 1, 40).is_ok() {}
        }
    }

    #[test]
    fn an_unchanged_row_is_three_bytes() {
        let mut out = Vec::new();
        let mut states = RowStates::default();
        states.encode(&mut out, 1, 5, &[9; 100]);
        out.clear();
        states.encode(&mut out, 1, 5, &[9; 100]);
        assert_eq!(out.len(), 3);
    }
}
