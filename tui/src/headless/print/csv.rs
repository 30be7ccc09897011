//! CSV as RFC 4180 has it: a line of names, nothing for null, quotes where they are needed.
//!
//! Owns: quoting. Must not: spell values.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cells::{Style, cells};

/// The line of names.
pub(super) fn head(schema: &SchemaRef, out: &mut impl Write) -> io::Result<()> {
    let names: Vec<String> = schema.fields().iter().map(|f| quoted(f.name())).collect();
    writeln!(out, "{}", names.join(","))
}

/// Rows.
pub(super) fn write(batch: &RecordBatch, out: &mut impl Write) -> io::Result<()> {
    let columns = batch.columns().iter().map(|c| cells(c, &Style::Exact)).collect::<io::Result<Vec<_>>>()?;
    for row in 0..batch.num_rows() {
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                out.write_all(b",")?;
            }
            // An empty text is quoted, so that it differs from null.
            out.write_all(column[row].as_deref().map(quoted).unwrap_or_default().as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-3: a name can hold anything.
    #[test]
    fn quoting() {
        assert_eq!(quoted("a b"), "a b");
        assert_eq!(quoted("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
