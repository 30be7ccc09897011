//! `sql`: any question over the tables of a recording (QRY-3).
//!
//! Owns: from batches to written rows. Must not: know SQL.

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::SqlArgs;
use super::print::{Printer, Trouble};
use super::{Recording, code, failed};

/// Answers.
pub(super) fn run(args: &SqlArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let recording = Recording::open(&args.paths, data, args.output.tz.as_ref())?;
    let rows = recording.engine.sql(&args.text, &recording.cancel).map_err(failed)?;
    let mut printer = Printer::new(&args.output, rows.schema(), &recording.zone)?;
    for batch in rows {
        printer.write(&batch.map_err(failed)?)?;
    }
    Ok(code(printer.finish()?))
}
