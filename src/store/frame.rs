//! Self-delimiting, checksummed records in one append-only file.
//!
//! Owns: where a record begins and ends, and how a reader finds the next one behind damage. Must not: know what is in
//! a record.
//!
//! A frame is `"fGm1"`, kind (u8), flags (u8), two zero bytes, payload length (u32 LE), CRC-32 (u32 LE) of kind, flags,
//! zero bytes, length and payload; then the payload.

/// Bytes before the payload.
pub(crate) const HEADER: usize = 16;
const MAGIC: &[u8; 4] = b"fGm1";
/// No record is larger; a length above it is damage.
const MAX_PAYLOAD: usize = 256 << 20;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// JSON: run, schema, place in the store. First in every segment.
    Head = 1,
    /// One tick.
    Tick = 2,
    /// Definitions of series whose rows stand in this segment, learnt after its last tick.
    Names = 3,
}

/// The record can be read without the ones before it.
pub(crate) const KEY: u8 = 1;

/// Writes the frame's header over the first [`HEADER`] bytes of `record`, whose payload follows them.
pub(crate) fn seal_frame(record: &mut [u8], kind: Kind, flags: u8) {
    let len = (record.len() - HEADER) as u32;
    record[..4].copy_from_slice(MAGIC);
    record[4..8].copy_from_slice(&[kind as u8, flags, 0, 0]);
    record[8..12].copy_from_slice(&len.to_le_bytes());
    let crc = checksum(record);
    record[12..16].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(record: &[u8]) -> u32 {
    let mut h = crc32fast::Hasher::new();
    h.update(&record[4..12]);
    h.update(&record[HEADER..]);
    h.finalize()
}

/// A whole, verified record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// As written; an unknown kind is to be skipped.
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) payload: &'a [u8],
    /// Bytes of header and payload.
    pub(crate) len: usize,
}

/// What stands at a position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A record, after this many bytes of damage.
    Record { skipped: usize, frame: Frame<'a> },
    /// No whole record in the bytes that are left (their number): the end, a torn tail, or one still being written.
    Tail(usize),
}

/// The next whole record in `bytes`.
pub(crate) fn next(bytes: &[u8]) -> Found<'_> {
    let mut skipped = 0;
    loop {
        let rest = &bytes[skipped..];
        if let Some(frame) = parse(rest) {
            return Found::Record { skipped, frame };
        }
        // Look for the next place where a record could begin.
        match rest.get(1..).and_then(find_magic) {
            Some(at) => skipped += 1 + at,
            None => return Found::Tail(bytes.len()),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Frame<'_>> {
    let head = bytes.get(..HEADER)?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let len = word(8) as usize;
    if &head[..4] != MAGIC || len > MAX_PAYLOAD {
        return None;
    }
    let record = bytes.get(..HEADER + len)?;
    (checksum(record) == word(12)).then(|| Frame {
        kind: head[4],
        flags: head[5],
        payload: &record[HEADER..],
        len: record.len(),
    })
}

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|w| w == MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(payload: &[u8]) -> Vec<u8> {
        let mut r = vec![0; HEADER];
        r.extend_from_slice(payload);
        seal_frame(&mut r, Kind::Tick, KEY);
        r
    }

    fn payloads(mut bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
        let mut out = Vec::new();
        loop {
            match next(bytes) {
                Found::Record { skipped, frame } => {
                    out.push(frame.payload.to_vec());
                    bytes = &bytes[skipped + frame.len..];
                }
                Found::Tail(n) => return (out, n),
            }
        }
    }

    /// STO-3: a torn tail is cut and counted, wherever the tear is.
    #[test]
    fn any_tear_keeps_the_records_before_it() {
        let whole = [frame(b"one"), frame(b"two"), frame(b"three")].concat();
        let two = frame(b"one").len() + frame(b"two").len();
        for cut in two..whole.len() {
            let (got, tail) = payloads(&whole[..cut]);
            assert_eq!(got, [b"one".to_vec(), b"two".to_vec()]);
            assert_eq!(tail, cut - two);
        }
    }

    /// STO-3: damage in the middle costs the damaged record, not what follows.
    #[test]
    fn damage_is_skipped() {
        let mut bytes = [frame(b"one"), frame(&[7; 100]), frame(b"three")].concat();
        let at = frame(b"one").len() + 40;
        bytes[at..at + 20].fill(0);
        assert_eq!(payloads(&bytes).0, [b"one".to_vec(), b"three".to_vec()]);
        // A damaged length must not swallow the rest.
        let mut bytes = [frame(b"one"), frame(b"two"), frame(b"three")].concat();
        bytes[frame(b"one").len() + 8] = 0xff;
        assert_eq!(payloads(&bytes).0, [b"one".to_vec(), b"three".to_vec()]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = payloads(&bytes);
        }
    }
}
