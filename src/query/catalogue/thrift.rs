//! Parquet's footer as bytes: Thrift's compact protocol, read without building anything.
//!
//! Owns: what a field, a list and a number look like, and that nothing declares more than there are bytes. Must not:
//! allocate, or know what the fields mean.
//!
//! The parquet crate reserves memory for as many row groups as a footer declares, so that a few changed bytes would end
//! the process; and it builds a hundred and fifty columns' metadata of which the catalogue needs none.

/// Structs within structs: Parquet's own go eight deep.
const MAX_DEPTH: u8 = 32;

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::query) struct Malformed;

type Result<T> = std::result::Result<T, Malformed>;

/// Types of fields that are looked at.
pub(in crate::query) mod kind {
    const TRUE: u8 = 1;
    const FALSE: u8 = 2;
    const BYTE: u8 = 3;
    const I16: u8 = 4;
    pub(in crate::query) const I32: u8 = 5;
    pub(in crate::query) const I64: u8 = 6;
    const DOUBLE: u8 = 7;
    pub(in crate::query) const BINARY: u8 = 8;
    pub(in crate::query) const LIST: u8 = 9;
    const SET: u8 = 10;
    const MAP: u8 = 11;
    pub(in crate::query) const STRUCT: u8 = 12;
    const UUID: u8 = 13;

    /// What has to be done to pass over a value.
    pub(super) enum Pass {
        Nothing,
        Varint,
        Bytes(usize),
        Binary,
        List,
        Map,
        Struct,
    }

    pub(super) fn pass(kind: u8) -> Option<Pass> {
        Some(match kind {
            TRUE | FALSE => Pass::Nothing,
            BYTE => Pass::Bytes(1),
            I16 | I32 | I64 => Pass::Varint,
            DOUBLE => Pass::Bytes(8),
            BINARY => Pass::Binary,
            LIST | SET => Pass::List,
            MAP => Pass::Map,
            STRUCT => Pass::Struct,
            UUID => Pass::Bytes(16),
            _ => return None,
        })
    }
}

use kind::Pass;

/// A place in the bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::query) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(in crate::query) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        let (&first, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(first)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// An integer field's value.
    pub(in crate::query) fn int(&mut self) -> Result<i64> {
        let v = self.varint()?;
        Ok((v >> 1).cast_signed() ^ -((v & 1).cast_signed()))
    }

    /// A binary field's value.
    pub(in crate::query) fn binary(&mut self) -> Result<&'a [u8]> {
        let len = self.varint()?;
        self.take(usize::try_from(len).map_err(|_| Malformed)?)
    }

    /// The type and number of a list's elements: no more than there are bytes, since each takes at least one.
    pub(in crate::query) fn list(&mut self) -> Result<(u8, usize)> {
        let head = self.byte()?;
        let short = usize::from(head >> 4);
        let len = if short == 15 { usize::try_from(self.varint()?).map_err(|_| Malformed)? } else { short };
        if len > self.rest.len() { Err(Malformed) } else { Ok((head & 0xf, len)) }
    }

    /// The structs of a list field, each read by `read`.
    pub(in crate::query) fn structs(
        &mut self,
        mut read: impl FnMut(&mut Cursor<'a>) -> Result<()>,
    ) -> Result<()> {
        let (of, len) = self.list()?;
        if len > 0 && of != kind::STRUCT {
            return Err(Malformed);
        }
        (0..len).try_for_each(|_| read(self))
    }

    /// The fields of a struct: `read` gets number and type of each, and answers whether it has read the value.
    pub(in crate::query) fn fields(
        &mut self,
        mut read: impl FnMut(i64, u8, &mut Cursor<'a>) -> Result<bool>,
    ) -> Result<()> {
        let mut number = 0i64;
        while let Some(kind) = self.field(&mut number)? {
            if !read(number, kind, self)? {
                self.skip(kind, MAX_DEPTH)?;
            }
        }
        Ok(())
    }

    /// The next field's type; none at the struct's end.
    fn field(&mut self, number: &mut i64) -> Result<Option<u8>> {
        let head = self.byte()?;
        let (step, kind) = (i64::from(head >> 4), head & 0xf);
        if kind == 0 {
            return Ok(None);
        }
        *number = if step == 0 { self.int()? } else { number.checked_add(step).ok_or(Malformed)? };
        Ok(Some(kind))
    }

    /// Passes over a value and returns its bytes.
    pub(in crate::query) fn value(&mut self, kind: u8) -> Result<&'a [u8]> {
        let before = self.rest;
        self.skip(kind, MAX_DEPTH)?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Result<()> {
        let deeper = depth.checked_sub(1).ok_or(Malformed)?;
        match kind::pass(kind).ok_or(Malformed)? {
            Pass::Nothing => Ok(()),
            Pass::Varint => self.varint().map(|_| ()),
            Pass::Bytes(n) => self.take(n).map(|_| ()),
            Pass::Binary => self.binary().map(|_| ()),
            Pass::List => {
                let (of, len) = self.list()?;
                (0..len).try_for_each(|_| self.skip_element(of, deeper))
            }
            Pass::Map => {
                let len = self.varint()?;
                let kinds = if len > 0 { self.byte()? } else { 0 };
                if len > self.rest.len() as u64 {
                    return Err(Malformed);
                }
                (0..len).try_for_each(|_| {
                    self.skip_element(kinds >> 4, deeper)?;
                    self.skip_element(kinds & 0xf, deeper)
                })
            }
            Pass::Struct => {
                let mut number = 0;
                while let Some(kind) = self.field(&mut number)? {
                    self.skip(kind, deeper)?;
                }
                Ok(())
            }
        }
    }

    /// A truth value is part of a field's head, and a byte in a list.
    fn skip_element(&mut self, kind: u8, depth: u8) -> Result<()> {
        match kind::pass(kind) {
            Some(Pass::Nothing) => self.take(1).map(|_| ()),
            _ => self.skip(kind, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-5: what declares more than there is, or nests without end, is refused without being followed.
    #[test]
    fn nothing_is_believed_beyond_the_bytes() {
        // A list field of 2^31 structs, in a struct.
        let huge = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00];
        assert_eq!(Cursor::new(&huge).value(kind::STRUCT), Err(Malformed));
        // Lists of one list each.
        let deep = [0x19; 4096];
        assert_eq!(Cursor::new(&deep).value(kind::LIST), Err(Malformed));
        assert_eq!(Cursor::new(&[0xff; 11]).int(), Err(Malformed));
        assert_eq!(Cursor::new(&[200, 1, 0]).binary(), Err(Malformed));
        assert_eq!(Cursor::new(&[]).value(kind::STRUCT), Err(Malformed));
    }

    /// Every kind of value is passed over, and what follows is found.
    #[test]
    fn values_are_passed_over_whole() {
        // 1: true, 2: i32 -1, 3: "ab", 4: list of 2 bools, 5: map of one i32 to one, 6: double, 7: struct, then 20: 150.
        let bytes = [
            0x11, 0x15, 0x01, 0x18, 2, b'a', b'b', 0x19, 0x21, 1, 2, 0x1b, 1, 0x55, 2, 4, 0x17, 0, 0, 0, 0,
            0, 0, 0, 0, 0x1c, 0x13, 9, 0, 0x06, 40, 0xac, 0x02, 0,
        ];
        let mut seen = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        let read = cursor.fields(|number, kind, at| {
            seen.push((number, kind));
            Ok(number == 20 && at.int()? == 150)
        });
        assert_eq!(read, Ok(()));
        assert!(cursor.rest.is_empty());
        assert_eq!(seen, [(1, 1), (2, 5), (3, 8), (4, 9), (5, 11), (6, 7), (7, 12), (20, 6)]);
    }
}
