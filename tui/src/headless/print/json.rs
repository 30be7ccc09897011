//! JSON: an array with one object a line.
//!
//! Owns: brackets and commas, and what must not stand in a terminal as it is. Must not: spell values; Arrow does.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::json::writer::{LineDelimited, WriterBuilder};

use crate::text::is_plain;

/// An array under way.
pub(super) struct Json {
    begun: bool,
}

impl Json {
    pub(super) fn new() -> Json {
        Json { begun: false }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut impl Write) -> io::Result<()> {
        let mut lines = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
        lines.write(batch).and_then(|()| lines.finish()).map_err(io::Error::other)?;
        let bytes = lines.into_inner();
        for line in String::from_utf8_lossy(&bytes).lines() {
            out.write_all(if self.begun { b",\n" } else { b"[\n" })?;
            self.begun = true;
            write_plain(line, out)?;
        }
        Ok(())
    }

    pub(super) fn finish(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(if self.begun { b"\n]\n" } else { b"[]\n" })
    }
}

/// Escapes what could move the cursor or turn the line around; outside texts there is none of it.
fn write_plain(line: &str, out: &mut impl Write) -> io::Result<()> {
    if line.chars().all(is_plain) {
        return out.write_all(line.as_bytes());
    }
    for c in line.chars() {
        if is_plain(c) {
            write!(out, "{c}")?;
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-5, QRY-3: names stay what they are and cannot do anything to the terminal.
    #[test]
    fn hostile_names_are_escaped() {
        let mut out = Vec::new();
        write_plain("{\"a\":\"日\u{9b}m\u{202e}\u{e0001}\"}", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "{\"a\":\"日\\u009bm\\u202e\\udb40\\udc01\"}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["a"], "日\u{9b}m\u{202e}\u{e0001}");
    }
}
