//! Studies on a thread of their own, so that charts go on answering.
//!
//! Owns: from the studies' findings to those of the viewer. Must not: judge.

use std::sync::Arc;

use fgm::analysis::period::{self, fold};
use fgm::metric::{Metric, Table};
use fgm::query::{Cancel, Engine, QueryError};
use fgm::subject::Subject;
use fgm::time::{Micros, SECOND, TimeRange};
use jiff::tz::TimeZone;

use crate::app::findings::{Figure, Finding, Folded, Kind, Wanted};
use crate::app::message::{Answer, Question};
use crate::study::{self, Clock, Informative, Task, by_default};
use crate::text::clean;

/// Most findings of one study: nobody reads on.
const MOST: usize = 500;
/// What is shown before and behind a moment, seconds.
const AROUND: i64 = 120;

/// The answer to a question for studies; `None` for any other question.
pub fn answer(
    engine: &Engine,
    question: &Question,
    zone: &TimeZone,
    cancel: &Cancel,
    progress: &dyn Fn(f64),
) -> Option<Answer> {
    let answer = match question {
        Question::Study(wanted) => run(engine, wanted, zone, cancel, progress).map(Answer::Findings),
        Question::Fold(finding) => folded(engine, finding, cancel).map(Answer::Folded),
        _ => return None,
    };
    Some(answer.unwrap_or_else(Answer::Failed))
}

fn run(
    engine: &Engine,
    wanted: &Wanted,
    zone: &TimeZone,
    cancel: &Cancel,
    progress: &dyn Fn(f64),
) -> Result<Arc<[Finding]>, String> {
    let failed = |e: QueryError| e.to_string();
    let mut subjects = engine.subjects(Table::Containers, wanted.range).map_err(failed)?;
    subjects.extend(engine.subjects(Table::Interfaces, wanted.range).map_err(failed)?);
    let subjects = match &wanted.subjects {
        Some(keys) => {
            subjects.retain(|s| keys.contains(&s.key()));
            subjects
        }
        None => by_default(subjects),
    };
    let task = Task { engine, range: wanted.range, subjects: &subjects, cancel, progress };
    let clock = Clock::new(zone, wanted.range);
    let asked = |i: &Informative| wanted.metric.is_none_or(|m| m.table == i.table && m.name == i.name);
    let mut found: Vec<Finding> = match wanted.kind {
        Kind::Periods => study::periods(&task, asked).map_err(failed)?.iter().map(period_of).collect(),
        Kind::Changes => {
            let all = study::changes(&task, asked).map_err(failed)?;
            all.iter().map(|f| change_of(f, &clock, wanted.range)).collect()
        }
        Kind::Leaks => {
            let all = study::leaks(&task).map_err(failed)?;
            all.into_iter().filter(|f| asked(f.series.about)).map(|f| leak_of(&f, &clock)).collect()
        }
        Kind::Links => {
            let all = study::links(&task, |_| true, MOST).map_err(failed)?;
            all.found.into_iter().map(|f| link_of(&f, wanted.range)).collect()
        }
        Kind::Throttling => {
            let all = study::throttling(&task).map_err(failed)?;
            all.into_iter().map(|f| throttled(&f, &clock)).collect()
        }
        Kind::Kills => {
            let mine = |s: &Subject| wanted.subjects.as_ref().is_none_or(|keys| keys.contains(&s.key()));
            study::kills(&task, mine).map_err(failed)?.into_iter().map(|f| killed(&f, &clock)).collect()
        }
    };
    found.truncate(MOST);
    Ok(found.into())
}

/// Lays all cycles of a finding over one another.
fn folded(engine: &Engine, finding: &Finding, cancel: &Cancel) -> Result<Folded, String> {
    let (Figure::Cycles { period, windows, .. }, Some(metric)) = (&finding.figure, finding.metrics.first())
    else {
        return Err("this does not repeat".to_owned());
    };
    // Where it holds: elsewhere there is nothing to lay over anything.
    let range = match (windows.first(), windows.last()) {
        (Some(first), Some(last)) => TimeRange::new(first.start, last.end),
        _ => finding.range,
    };
    let series = study::one(engine, metric, &finding.subjects, range, cancel).map_err(|e| e.to_string())?;
    let period_s = *period as f64 / SECOND as f64;
    let folded = fold(&series.1, period_s).ok_or("a cycle has fewer than two samples")?;
    let columns = folded.columns.iter().map(|c| c.map(|c| (c.min, c.mean, c.max))).collect();
    let title = format!("{}, every {}", metric.name, period::duration(period_s));
    Ok(Folded { title, quantity: series.0, period_s, columns })
}

fn finding(sentence: &str, metric: Option<&'static Metric>, subject: &Subject, range: TimeRange) -> Finding {
    Finding {
        sentence: clean(sentence),
        metrics: metric.into_iter().collect(),
        subjects: vec![subject.key()],
        range,
        at: None,
        figure: Figure::None,
    }
}

fn period_of(f: &study::PeriodFinding) -> Finding {
    let (s, sentence) = (&f.series, f.sentence());
    let range = match (f.period.windows.first(), f.period.windows.last()) {
        (Some(first), Some(last)) => TimeRange::new(first.start, last.end),
        _ => TimeRange::new(s.grid.start, s.grid.time(s.grid.len() as f64)),
    };
    let period = (f.period.period_s * SECOND as f64) as Micros;
    let figure = Figure::Cycles { period, peak: f.period.next, windows: f.period.windows.clone() };
    Finding { figure, ..finding(&sentence, Some(s.metric), &s.subject, range) }
}

fn change_of(f: &study::ChangeFinding, clock: &Clock, all: TimeRange) -> Finding {
    let (s, at) = (&f.series, f.change.time);
    let around = AROUND * SECOND;
    let range = TimeRange::new((at - around).max(all.start), (at + around).min(all.end));
    let levels = vec![
        (TimeRange::new(range.start, at), f.change.before),
        (TimeRange::new(at, range.end), f.change.after),
    ];
    let base = finding(&f.sentence(clock), Some(s.metric), &s.subject, range);
    Finding { at: Some(at), figure: Figure::Levels(levels), ..base }
}

fn leak_of(f: &study::LeakFinding, clock: &Clock) -> Finding {
    let (s, t) = (&f.series, &f.trend);
    let figure = Figure::Slope(t.range, t.floor - t.rise(), t.floor);
    Finding { figure, ..finding(&f.sentence(clock), Some(s.metric), &s.subject, t.range) }
}

fn link_of(f: &study::LinkFinding, all: TimeRange) -> Finding {
    let base = finding(&f.sentence(), Some(f.a.metric), &f.a.subject, all);
    let metrics = if f.a.metric == f.b.metric { vec![f.a.metric] } else { vec![f.a.metric, f.b.metric] };
    let mut subjects = vec![f.a.subject.key(), f.b.subject.key()];
    subjects.dedup();
    Finding { metrics, subjects, ..base }
}

fn throttled(f: &study::ThrottlingFinding, clock: &Clock) -> Finding {
    let metric = Metric::find(Table::Containers, "cpu_throttled_usec_total");
    let longest = f.report.stretches.iter().max_by_key(|s| s.width()).copied();
    let base = finding(&f.sentence(clock), metric, &f.subject, f.report.range);
    let usage = Metric::find(Table::Containers, "cpu_usage_millicores");
    let metrics = usage.into_iter().chain(metric).collect();
    Finding { metrics, at: longest.map(|s| s.start), ..base }
}

fn killed(f: &study::KillFinding, clock: &Clock) -> Finding {
    let find = |name| Metric::find(Table::Containers, name);
    let metrics = ["memory_current_bytes", "memory_stat_anon_bytes"].into_iter().filter_map(find).collect();
    let around = TimeRange::new(f.report.window.start, f.report.window.end + AROUND / 4 * SECOND);
    let base = finding(&f.sentence(clock), None, &f.subject, around);
    Finding { metrics, at: Some(f.event.time), ..base }
}
