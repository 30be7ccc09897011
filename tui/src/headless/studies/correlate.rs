//! `correlate`: what moved together, and which came first (STU-4).
//!
//! Owns: the columns, and which pairs were asked for. Must not: compare.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{CorrelateArgs, Row, Study};
use crate::cli::{Failure, USAGE};
use crate::headless::choose::Choice;
use crate::headless::grid::Cell;
use crate::headless::print::Trouble;
use crate::study::{INFORMATIVE, LinkFinding, Series, links};

/// Answers.
pub(in crate::headless) fn run(args: &CorrelateArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let metric = args.with.as_deref().map(known).transpose()?;
    let study = Study::open(&args.study, data, "correlate")?;
    let subjects = study.subjects()?;
    let identities = || study.recording.identities(study.range);
    let of: Vec<_> = args.of.iter().cloned().collect();
    let choice = Choice::new(&of, &[], &identities);
    let target = |s: &Series| metric.is_none_or(|m| s.metric.name == m) && choice.keeps(&s.subject);
    let answer = study.run(&subjects, |task| links(task, target, study.top()))?;
    if answer.left_out > 0 {
        eprintln!(
            "fgm-tui: {} series that move least were not compared; narrow with --include",
            answer.left_out
        );
    }
    let names = [
        ("subject_a", Cell::Text(None)),
        ("metric_a", Cell::Text(None)),
        ("subject_b", Cell::Text(None)),
        ("metric_b", Cell::Text(None)),
        ("b_follows_a_seconds", Cell::Number(None)),
        ("r", Cell::Number(None)),
        ("z", Cell::Number(None)),
        ("false_discovery_rate", Cell::Number(None)),
        ("cycle_seconds", Cell::Number(None)),
        ("pairs_compared", Cell::Int(None)),
    ];
    let row = |f: &LinkFinding| {
        let cells = vec![
            Cell::text(f.a.subject.title()),
            Cell::text(f.a.metric.name),
            Cell::text(f.b.subject.title()),
            Cell::text(f.b.metric.name),
            Cell::Number(Some(f.lag_s())),
            Cell::Number(Some(f.link.r)),
            Cell::Number(Some(f.link.z)),
            Cell::Number(Some(f.link.false_discovery_rate)),
            Cell::Number(f.cycle.map(|c| c.period_s)),
            Cell::Int(Some(answer.compared as i64)),
        ];
        Row { sentence: f.sentence(), cells }
    };
    study.print(&names, answer.found.iter().map(row).collect())
}

/// The name of a metric that is compared.
fn known(name: &str) -> Result<&'static str, Failure> {
    let names = || INFORMATIVE.iter().map(|i| i.name);
    names().find(|n| *n == name).ok_or_else(|| {
        let hint = match fgm::query::nearest(name, names()) {
            Some(near) => format!("{near} is nearest"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Failure::new(USAGE, format!("--with {name}: this metric is not compared; {hint}"))
    })
}
