//! `periodicity`: what repeats (STU-1).
//!
//! Owns: whom a selector means, and the columns. Must not: find periods.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::filter::Filter;
use fgm::metric::Table;
use fgm::subject::Subject;

use super::{PeriodicityArgs, Study, columns, number, time, whose};
use crate::cli::{Failure, NOTHING, USAGE};
use crate::headless::args::{Format, Part};
use crate::headless::choose::Wanted;
use crate::headless::grid::{Cell, Grid};
use crate::headless::print::Trouble;
use crate::headless::series::unit;
use crate::study::{Clock, INFORMATIVE, Informative, PeriodFinding, by_default, periods};

/// The selector that means all containers.
const ALL: &str = "container";

/// Answers.
pub(in crate::headless) fn run(args: &PeriodicityArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let study = Study::open(&args.study, data, "periodicity")?;
    let subjects = selected(&study, args.of.as_deref())?;
    let metrics = match &args.metric {
        Some(name) => study.recording.metrics(name)?,
        None => Vec::new(),
    };
    let wanted = asked(&metrics)?;
    let found = study.run(&subjects, |task| periods(task, |i| wanted(i)))?;
    let sure = found.iter().filter(|f| f.period.confidence >= args.min_confidence).take(study.top());
    let text = study.args.output.format == Format::Text;
    let rows: Vec<_> = sure.map(|f| if text { people(f, &study.clock) } else { programs(f) }).collect();
    if text && rows.is_empty() {
        return Ok(study.nothing());
    }
    let names = if text {
        ["container", "metric", "period", "confidence", "amplitude", "cycles", "next", "windows"]
            .map(|name| (name, Cell::Text(None)))
            .to_vec()
    } else {
        columns(&[
            ("metric", Cell::Text(None)),
            ("period_seconds", Cell::Number(None)),
            ("confidence", Cell::Number(None)),
            ("z", Cell::Number(None)),
            ("amplitude", Cell::Number(None)),
            ("unit", Cell::Text(None)),
            ("cycles", Cell::Number(None)),
            ("cycles_seen", Cell::Int(None)),
            ("next", Cell::Time(None)),
            ("windows", Cell::Text(None)),
            ("sentence", Cell::Text(None)),
        ])
    };
    let mut grid = Grid::new(&names);
    for cells in rows {
        grid.push(cells);
    }
    study.recording.print(&study.args.output, &grid.finish()?)
}

/// Which of the metrics worth a study were asked for; all when none was named.
fn asked(metrics: &[Wanted]) -> Result<impl Fn(&Informative) -> bool, Failure> {
    let names: Vec<_> = metrics.iter().map(|w| (w.metric.table, w.metric.name)).collect();
    let one = |i: &Informative| names.is_empty() || names.contains(&(i.table, i.name));
    if !INFORMATIVE.iter().any(one) {
        let all: Vec<&str> = INFORMATIVE.iter().map(|i| i.name).collect();
        return Err(Failure::new(
            USAGE,
            format!("no study is made of this metric; there are {}", all.join(", ")),
        ));
    }
    Ok(move |i: &Informative| names.is_empty() || names.contains(&(i.table, i.name)))
}

/// The subjects that a selector means: all containers; else those of exactly this name, pod or id; else a filter's.
fn selected(study: &Study<'_>, selector: Option<&str>) -> Result<Vec<Subject>, Trouble> {
    let Some(text) = selector.filter(|s| *s != ALL) else { return study.subjects() };
    let part = &study.args.part;
    let all = || -> Result<Vec<Subject>, Failure> {
        let mut all = study.recording.subjects(Table::Containers, study.range, part)?;
        all.extend(study.recording.subjects(Table::Interfaces, study.range, part)?);
        Ok(all)
    };
    let mut named = all()?;
    named.retain(|s| is_named(s, text));
    if !named.is_empty() {
        return Ok(named);
    }
    let filter: Filter = text.parse().map_err(|e| Failure::new(USAGE, format!("{text}: {e}")))?;
    let narrowed = Part { include: vec![filter], ..part.clone() };
    let mut found = study.recording.subjects(Table::Containers, study.range, &narrowed)?;
    found.extend(study.recording.subjects(Table::Interfaces, study.range, &narrowed)?);
    let wanted = if part.include.is_empty() { found } else { among(found, &all()?) };
    // What was named by a word may be a pod with its containers: then it is about these.
    let usual = by_default(wanted.clone());
    let wanted = if usual.is_empty() { wanted } else { usual };
    if wanted.is_empty() {
        let known = by_default(all()?);
        let titles: Vec<String> = known.iter().map(Subject::title).collect();
        let hint = fgm::query::nearest(text, titles.iter().map(String::as_str));
        let hint = hint.map(|h| format!("; {h} is nearest")).unwrap_or_default();
        return Err(
            Failure::new(NOTHING, format!("nothing recorded is called or matches {text}{hint}")).into()
        );
    }
    Ok(wanted)
}

fn among(mut found: Vec<Subject>, all: &[Subject]) -> Vec<Subject> {
    found.retain(|s| all.iter().any(|a| a.key() == s.key()));
    found
}

/// An id is told by its first twelve digits, as the runtimes print it, or more.
fn is_named(subject: &Subject, text: &str) -> bool {
    const FEWEST_DIGITS: usize = 6;
    let is = |label: &str| subject.text(label) == Some(text);
    let id = subject.text("container_id");
    let begins = text.len() >= FEWEST_DIGITS && id.is_some_and(|id| id.starts_with(text));
    is("container_name") || is("pod_name") || is("cgroup_path") || begins || subject.title() == text
}

fn people(f: &PeriodFinding, clock: &Clock) -> Vec<Cell> {
    let (series, p) = (&f.series, &f.period);
    let windows: Vec<String> =
        p.windows.iter().map(|w| format!("{}–{}", clock.spell(w.start), clock.spell(w.end))).collect();
    [
        series.subject.title(),
        series.metric.name.to_owned(),
        fgm::analysis::period::duration(p.period_s),
        format!("{:.2}", p.confidence),
        series.quantity.format(p.amplitude),
        format!("{} of {}", p.seen, p.whole_cycles()),
        clock.spell(p.next),
        windows.join(", "),
    ]
    .map(Cell::text)
    .to_vec()
}

fn programs(f: &PeriodFinding) -> Vec<Cell> {
    let (series, p) = (&f.series, &f.period);
    let windows: Vec<String> =
        p.windows.iter().map(|w| format!("{}/{}", Clock::iso(w.start), Clock::iso(w.end))).collect();
    let mut cells = whose(&series.subject);
    cells.extend([
        Cell::text(series.metric.name),
        number(p.period_s),
        number(p.confidence),
        number(p.z),
        number(p.amplitude),
        Cell::text(unit(series.quantity)),
        number(p.cycles),
        Cell::Int(Some(p.seen as i64)),
        time(p.next),
        Cell::text(windows.join(";")),
        Cell::text(f.sentence()),
    ]);
    cells
}
