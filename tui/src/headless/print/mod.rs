//! Answers written down: text for people, JSON, CSV and Parquet for programs.
//!
//! Owns: the formats. Must not: know questions.

mod cells;
mod csv;
mod json;
mod text;

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use jiff::tz::TimeZone;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::args::{Format, Output};
use crate::caps::{Caps, Wish};
use crate::cli::{Failure, UNREADABLE, USAGE};
use crate::terminal;
use crate::text::clean;
use crate::view::raster::Marker;

type Out = BufWriter<Box<dyn Write + Send>>;

/// Writes one answer.
pub(super) struct Printer {
    kind: Kind,
    file: Option<Unfinished>,
    rows: u64,
}

enum Kind {
    Text(text::Text, Out),
    Json(json::Json, Out),
    Csv(Out),
    Parquet(Box<ArrowWriter<Out>>),
}

/// A file under a temporary name, removed unless it is finished.
struct Unfinished {
    temporary: PathBuf,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is there only if finishing has not renamed it.
        let _gone = fs::remove_file(&self.temporary);
    }
}

/// Why an answer could not be written.
pub(super) enum Trouble {
    /// Nobody reads any more.
    Closed,
    /// One line.
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(f: Failure) -> Trouble {
        Trouble::Failed(f)
    }
}

impl From<ArrowError> for Trouble {
    fn from(e: ArrowError) -> Trouble {
        cannot(&e)
    }
}

impl Printer {
    /// Begins an answer with these columns.
    pub(super) fn new(output: &Output, schema: &SchemaRef, zone: &TimeZone) -> Result<Printer, Trouble> {
        let (mut out, file) = sink(output)?;
        let kind = match output.format {
            Format::Text => {
                let caps = Caps::new(|name| std::env::var(name).ok(), Wish::default());
                let screen = file.is_none() && io::stdout().is_terminal();
                let width = screen.then(|| terminal::size().0.into());
                let ascii = caps.marker == Marker::Ascii;
                Kind::Text(text::Text::new(schema, zone.clone(), width, ascii), out)
            }
            Format::Json => Kind::Json(json::Json::new(), out),
            Format::Csv => {
                csv::head(schema, &mut out).map_err(|e| trouble(&e))?;
                Kind::Csv(out)
            }
            Format::Parquet => {
                if file.is_none() {
                    return Err(Failure::new(USAGE, "--format parquet needs a file: -o FILE").into());
                }
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
                    .build();
                let writer =
                    ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(|e| cannot(&e))?;
                Kind::Parquet(Box::new(writer))
            }
        };
        Ok(Printer { kind, file, rows: 0 })
    }

    /// Writes rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Trouble> {
        self.rows += batch.num_rows() as u64;
        match &mut self.kind {
            Kind::Text(text, out) => text.write(batch, out).map_err(|e| trouble(&e)),
            Kind::Json(json, out) => json.write(batch, out).map_err(|e| trouble(&e)),
            Kind::Csv(out) => csv::write(batch, out).map_err(|e| trouble(&e)),
            Kind::Parquet(writer) => writer.write(batch).map_err(|e| cannot(&e)),
        }
    }

    /// Writes what is left; returns the number of rows.
    pub(super) fn finish(self) -> Result<u64, Trouble> {
        let out = match self.kind {
            Kind::Text(text, mut out) => text.finish(&mut out).map(|()| out).map_err(|e| trouble(&e))?,
            Kind::Json(json, mut out) => json.finish(&mut out).map(|()| out).map_err(|e| trouble(&e))?,
            Kind::Csv(out) => out,
            Kind::Parquet(writer) => writer.into_inner().map_err(|e| cannot(&e))?,
        };
        put_in_place(out, self.file)?;
        Ok(self.rows)
    }
}

/// Writes lines as they are, made harmless; returns their number.
pub(super) fn lines<'l>(output: &Output, lines: impl Iterator<Item = &'l str>) -> Result<u64, Trouble> {
    let (mut out, file) = sink(output)?;
    let mut rows = 0;
    for line in lines {
        writeln!(out, "{}", clean(line)).map_err(|e| trouble(&e))?;
        rows += 1;
    }
    put_in_place(out, file)?;
    Ok(rows)
}

fn sink(output: &Output) -> Result<(Out, Option<Unfinished>), Failure> {
    let (sink, file): (Box<dyn Write + Send>, _) = match &output.file {
        Some(path) => {
            let (file, unfinished) = create(path)?;
            (Box::new(file), Some(unfinished))
        }
        None => (Box::new(io::stdout()), None),
    };
    Ok((BufWriter::new(sink), file))
}

fn put_in_place(mut out: Out, file: Option<Unfinished>) -> Result<(), Trouble> {
    out.flush().map_err(|e| trouble(&e))?;
    drop(out);
    if let Some(file) = file {
        fs::rename(&file.temporary, &file.path).map_err(|e| refused(&file.path, &e))?;
    }
    Ok(())
}

/// A file beside the one that is wanted, so that a name never stands for half an answer.
fn create(path: &Path) -> Result<(File, Unfinished), Failure> {
    let name = path.file_name().ok_or_else(|| Failure::new(USAGE, "-o needs the name of a file"))?;
    let hidden = format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id());
    let temporary = path.with_file_name(hidden);
    if path.is_dir() {
        return Err(Failure::new(USAGE, format!("-o {}: is a directory", path.display())));
    }
    let file = File::create(&temporary).map_err(|e| refused(path, &e))?;
    Ok((file, Unfinished { temporary, path: path.to_owned() }))
}

fn refused(path: &Path, e: &io::Error) -> Failure {
    Failure::new(UNREADABLE, format!("cannot write {}: {e}", path.display()))
}

fn cannot(e: &dyn std::fmt::Display) -> Trouble {
    Failure::new(UNREADABLE, format!("cannot write the answer: {e}")).into()
}

/// A closed pipe ends quietly; anything else is said.
pub(super) fn trouble(e: &io::Error) -> Trouble {
    if e.kind() == io::ErrorKind::BrokenPipe { Trouble::Closed } else { cannot(e) }
}
