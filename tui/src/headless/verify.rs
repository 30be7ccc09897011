//! `verify`: is a recording whole? (QRY-6)
//!
//! Owns: how findings are written, and the exit code. Must not: look for any.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use fgm::query::verify::{Finding, Summary, Weight, verify};
use fgm::unit::Unit;

use super::args::{VerifyArgs, VerifyFormat};
use super::print::{Trouble, trouble};
use crate::cli::{self, Failure, NOTHING, UNREADABLE};
use crate::text::clean;

/// Checks.
pub(super) fn run(args: &VerifyArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let paths = cli::recordings(&args.paths, data)?;
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let mut findings = Vec::new();
    let mut take = |finding: Finding| match args.format {
        VerifyFormat::Text if written.is_ok() => written = line(&mut out, &finding),
        VerifyFormat::Text => {}
        VerifyFormat::Json => findings.push(finding),
    };
    let sum = verify(&paths, &mut take).map_err(|e| Failure::new(UNREADABLE, e.to_string()))?;
    match args.format {
        VerifyFormat::Text => written.and_then(|()| writeln!(out, "{}", text(&sum))),
        VerifyFormat::Json => {
            let all = serde_json::json!({ "summary": sum, "findings": findings });
            writeln!(out, "{all:#}")
        }
    }
    .and_then(|()| out.flush())
    .map_err(|e| trouble(&e))?;
    Ok(ExitCode::from(code(&sum)))
}

fn code(sum: &Summary) -> u8 {
    match sum {
        Summary { files: 0, segments: 0, unreadable: 0, .. } => NOTHING,
        Summary { files: 0, segments: 0, .. } => UNREADABLE,
        Summary { problems: 0, .. } => 0,
        _ => NOTHING,
    }
}

fn line(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let weight = match finding.weight {
        Weight::Problem => "problem",
        Weight::Note => "note",
    };
    writeln!(out, "{weight}: {}: {}", clean(&finding.path.display().to_string()), clean(&finding.what))
}

fn text(sum: &Summary) -> String {
    if sum.files + sum.segments + sum.unreadable == 0 {
        return "nothing to check: no files and no segments".to_owned();
    }
    let size = Unit::Bytes.plain().format(sum.bytes as f64);
    format!(
        "{} files and {} segments read, {} not readable; {} rows in {size}; {} ticks lost while recording; \
         {} problems, {} notes",
        sum.files, sum.segments, sum.unreadable, sum.rows, sum.lost_ticks, sum.problems, sum.notes
    )
}
