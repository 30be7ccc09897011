//! Tables for people: names, a rule, aligned columns.
//!
//! Owns: widths of columns. Must not: hold more than the first rows, from which it takes the widths.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::tz::TimeZone;

use super::cells::{Style, cells, is_number};
use crate::text::{clean, fit_middle, width};

/// Rows that decide the widths; later ones may be wider.
const SAMPLE: usize = 1000;
/// On a screen a column of text is not cut below this.
const NARROW: usize = 8;

struct Column {
    name: String,
    right: bool,
    width: usize,
}

/// A table under way.
pub(super) struct Text {
    columns: Vec<Column>,
    style: Style,
    /// Columns of the screen; `None` when nobody minds long lines.
    screen: Option<usize>,
    ascii: bool,
    /// Rows that wait for the widths.
    waiting: Option<Vec<Vec<String>>>,
}

impl Text {
    pub(super) fn new(schema: &SchemaRef, zone: TimeZone, screen: Option<usize>, ascii: bool) -> Text {
        let column = |name: &str, right| {
            let name = clean(name);
            Column { width: width(&name), name, right }
        };
        let columns = schema.fields().iter().map(|f| column(f.name(), is_number(f.data_type()))).collect();
        Text { columns, style: Style::People(zone), screen, ascii, waiting: Some(Vec::new()) }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch, out: &mut impl Write) -> io::Result<()> {
        let columns =
            batch.columns().iter().map(|c| cells(c, &self.style)).collect::<io::Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            let texts = columns.iter().map(|c| clean(c[row].as_deref().unwrap_or_default())).collect();
            match &mut self.waiting {
                Some(rows) => {
                    rows.push(texts);
                    if rows.len() >= SAMPLE {
                        self.begin(out)?;
                    }
                }
                None => self.row(&texts, out)?,
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)
    }

    /// Decides the widths and writes what has waited for them.
    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        let Some(rows) = self.waiting.take() else { return Ok(()) };
        for row in &rows {
            for (column, text) in self.columns.iter_mut().zip(row) {
                column.width = column.width.max(width(text));
            }
        }
        self.squeeze();
        let names: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        self.row(&names, out)?;
        let (line, cross) = if self.ascii { ("-", "-+-") } else { ("─", "─┼─") };
        let rule: Vec<String> = self.columns.iter().map(|c| line.repeat(c.width)).collect();
        writeln!(out, "{}", rule.join(cross))?;
        rows.iter().try_for_each(|row| self.row(row, out))
    }

    /// Makes the widest columns of text narrower until the line fits the screen.
    fn squeeze(&mut self) {
        let Some(screen) = self.screen else { return };
        let mut over = (self.columns.iter().map(|c| c.width + 3).sum::<usize>()).saturating_sub(screen + 3);
        while over > 0 {
            let texts = self.columns.iter_mut().filter(|c| !c.right && c.width > NARROW);
            let Some(widest) = texts.max_by_key(|c| c.width) else { return };
            widest.width -= 1;
            over -= 1;
        }
    }

    fn row(&self, texts: &[String], out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        for (i, (column, text)) in self.columns.iter().zip(texts).enumerate() {
            if i > 0 {
                line.push_str(if self.ascii { " | " } else { " │ " });
            }
            // Only names are cut, never a number.
            let cut = if self.screen.is_some() && !column.right {
                fit_middle(text, column.width)
            } else {
                text.clone()
            };
            let blanks = " ".repeat(column.width.saturating_sub(width(&cut)));
            line.push_str(&if column.right { blanks + &cut } else { cut + &blanks });
        }
        writeln!(out, "{}", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float64Array, StringArray};
    use std::sync::Arc;

    fn table(screen: Option<usize>) -> String {
        let names: ArrayRef =
            Arc::new(StringArray::from(vec![Some("日本\x1b[2J"), None, Some("a-very-long-name")]));
        let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), Some(-20.0), None]));
        let batch = RecordBatch::try_from_iter([("name", names), ("value", values)]).unwrap();
        let mut out = Vec::new();
        let mut text = Text::new(&batch.schema(), TimeZone::UTC, screen, false);
        text.write(&batch, &mut out).unwrap();
        text.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// QRY-3, TUI-5: numbers to the right, wide letters counted as such, no control characters, cut to the screen.
    #[test]
    fn tables() {
        let wide = table(None);
        assert_eq!(
            wide,
            "name             │ value\n─────────────────┼──────\n日本\\x1b[2J      │   1.5\n                 │   -20\n\
             a-very-long-name │\n"
        );
        assert!(table(Some(18)).lines().all(|l| width(l) <= 18), "{}", table(Some(18)));
    }
}
