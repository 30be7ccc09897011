//! `fgm-recorder compact`: compaction by hand, and beside a recording.
//!
//! Owns: what is said of it. Must not: know how files are merged.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use fgm::store::compact::{self, Control, Memory, Options, RealDisk, Report};
use fgm::time::Micros;

use crate::log::{self, LogFormat};

/// Compacts a store; success when nothing had to be left alone.
pub(crate) fn run(
    dir: &Path,
    older_than: Option<Duration>,
    dry_run: bool,
    log_format: LogFormat,
) -> ExitCode {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = Micros::try_from(now.as_micros()).unwrap_or(Micros::MAX);
    let options = Options { older_than, dry_run, ..Options::default() };
    let control = Control::new(1.0);
    match compact::compact(dir, now, &options, (&RealDisk, &control), &mut Memory::default()) {
        Err(error) => {
            log::last_words(log_format, &error);
            ExitCode::FAILURE
        }
        Ok(report) => {
            for problem in &report.problems {
                let line = format!("{}: left alone: {}", problem.path.display(), problem.reason);
                log::last_words(log_format, &line);
            }
            let printed = std::io::stdout().write_all(text(dir, &report).as_bytes()).is_ok();
            if printed && report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

/// Compacts a store as a recorder wants it done beside its work.
pub(crate) fn beside(dir: &Path, log_format: LogFormat) -> ExitCode {
    match compact::serve(dir) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody waits for the outcome any more.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            log::last_words(log_format, &error);
            ExitCode::FAILURE
        }
    }
}

fn text(dir: &Path, report: &Report) -> String {
    let mut out = String::new();
    let (mut files, mut before, mut after) = (0, 0, 0);
    for merge in &report.merges {
        let path = merge.path.strip_prefix(dir).unwrap_or(&merge.path).display();
        // Writing to a text cannot fail.
        let _ = match merge.after {
            Some(after) => writeln!(out, "{path}: {} files, {} -> {after} bytes", merge.files, merge.before),
            None => writeln!(out, "{path}: would be made of {} files, {} bytes", merge.files, merge.before),
        };
        files += merge.files;
        before += merge.before;
        after += merge.after.unwrap_or(0);
    }
    if report.finished > 0 {
        let _ = writeln!(out, "removed {} files that an earlier compaction had merged", report.finished);
    }
    let _ = match report.merges.len() {
        0 => writeln!(out, "nothing to merge"),
        _ if after == 0 => writeln!(out, "in all {files} files, {before} bytes; nothing was changed"),
        merges => writeln!(out, "in all {files} files -> {merges}, {before} -> {after} bytes"),
    };
    out
}
