//! `summary`: a recording on one screen (TUI-6).
//!
//! Owns: how it is written, for people and as JSON. Must not: find anything: [`crate::study`] does.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use fgm::metric::Table;
use fgm::time::span;

use super::args::{Format, Output, SummaryArgs};
use super::choose::Choice;
use super::print::{self, Trouble};
use super::progress::Progress;
use super::{Recording, failed};
use crate::cli::{Failure, USAGE};
use crate::study::{Clock, Findings, Level, Summary, Task, by_default, summary};
use crate::text;

/// Columns of a line that was not asked to be longer.
const WIDTH: usize = 110;

/// Answers.
pub(super) fn run(args: &SummaryArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let Output { format, tz, .. } = &args.output;
    if !matches!(format, Format::Text | Format::Json) {
        let line = "a summary is text or JSON; its parts as tables: periodicity, changes, leaks, oom, throttling, top";
        return Err(Failure::new(USAGE, line).into());
    }
    let recording = Recording::open(&args.paths, data, tz.as_ref())?;
    let range = recording.range(&args.part)?;
    let mut subjects = recording.subjects(Table::Containers, range, &args.part)?;
    subjects.extend(recording.subjects(Table::Interfaces, range, &args.part)?);
    if args.part.include.is_empty() {
        subjects = by_default(subjects);
    }
    let clock = Clock::new(&recording.zone, range);
    let progress = Progress::new("summary");
    let task = Task {
        engine: &recording.engine,
        range,
        subjects: &subjects,
        cancel: &recording.cancel,
        progress: &|share| progress.tell(share),
    };
    let identities = || recording.identities(range);
    let choice = Choice::new(&args.part.include, &args.part.exclude, &identities);
    let sum = summary(&task, &clock, args.top as usize, |s| choice.keeps(s));
    progress.clear();
    let sum = sum.map_err(failed)?;
    let written = match format {
        Format::Json => {
            let json = serde_json::to_string_pretty(&sum).unwrap_or_default();
            print::lines(&args.output, json.lines())?
        }
        _ => print::lines(&args.output, people(&sum, &clock, range).lines())?,
    };
    debug_assert!(written > 0);
    Ok(ExitCode::SUCCESS)
}

fn people(sum: &Summary, clock: &Clock, range: fgm::time::TimeRange) -> String {
    let (r, c) = (&sum.recording, sum.containers);
    let mut out = String::new();
    let long = std::time::Duration::from_micros(range.width().unsigned_abs());
    // Writing to a text cannot fail.
    let _ = writeln!(
        out,
        "{} to {} ({}), a tick every {}, by {}{}",
        clock.spell(range.start),
        clock.spell(range.end),
        span(long),
        span(std::time::Duration::from_secs_f64(r.interval_seconds)),
        r.identifiers.join(", "),
        if r.live { ", still recording" } else { "" },
    );
    let _ = writeln!(
        out,
        "{} files, {} open segments, {} unreadable; {} ticks lost; {} containers, {} at the end",
        r.files, r.segments, r.unreadable_files, r.lost_ticks, c.seen, c.at_the_end
    );
    levels(&mut out, "CPU, by mean", &sum.cpu, |l| {
        format!("mean {}, max {}", l.quantity.format(l.mean), l.quantity.format(l.max))
    });
    levels(&mut out, "Memory against limit, by maximum", &sum.memory_against_limit, |l| {
        format!("max {}, now {}", l.quantity.format(l.max), l.quantity.format(l.last))
    });
    findings(&mut out, "OOM kills", &sum.oom_kills);
    findings(&mut out, "Throttled", &sum.throttling);
    findings(&mut out, "Leaks", &sum.leaks);
    findings(&mut out, "Changes", &sum.changes);
    findings(&mut out, "Repeats", &sum.periods);
    if !sum.gaps.is_empty() {
        let _ = writeln!(out, "\nGaps ({})", sum.gaps.len());
        for gap in sum.gaps.iter().take(5) {
            let who = gap.identifier.as_deref().unwrap_or("the recorder");
            let _ = writeln!(out, "  {} to {}: {who} lost {} ticks", gap.from, gap.to, gap.ticks);
        }
    }
    out
}

fn levels(out: &mut String, what: &str, levels: &[Level], say: impl Fn(&Level) -> String) {
    let _ = writeln!(out, "\n{what}{}", if levels.is_empty() { ": nobody" } else { "" });
    let widest = levels.iter().map(|l| text::width(&l.whose.subject)).max().unwrap_or(0);
    for level in levels {
        let gap = widest - text::width(&level.whose.subject);
        let _ = writeln!(out, "  {}{:gap$}  {}", level.whose.subject, "", say(level));
    }
}

fn findings(out: &mut String, what: &str, findings: &Findings) {
    let count = match findings.found {
        0 => ": none".to_owned(),
        n if n > findings.top.len() => format!(" ({n}, here {})", findings.top.len()),
        n => format!(" ({n})"),
    };
    let _ = writeln!(out, "\n{what}{count}");
    for finding in &findings.top {
        for (n, line) in wrapped(&finding.sentence).into_iter().enumerate() {
            let _ = writeln!(out, "{}{line}", if n == 0 { "  " } else { "      " });
        }
    }
}

/// Lines of a sentence, broken between words, but not between a number and its percent sign.
fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in sentence.split(' ') {
        let last = lines.len() - 1;
        let full = text::width(&lines[last]) + 1 + text::width(word) > WIDTH;
        if !lines[last].is_empty() && word != "%" && full {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}
