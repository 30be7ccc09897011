//! `config`: the settings as they come, and the key reference (TUI-4).
//!
//! Owns: writing them out. Must not: know what is in them.

use std::io::{self, Write};
use std::process::ExitCode;

use super::args::ConfigArgs;
use super::print::{Trouble, trouble};
use crate::config;

/// Prints.
pub(super) fn run(args: ConfigArgs) -> Result<ExitCode, Trouble> {
    let text = if args.keys { config::keys() } else { config::default_file() };
    io::stdout().lock().write_all(text.as_bytes()).map_err(|e| trouble(&e))?;
    Ok(ExitCode::SUCCESS)
}
