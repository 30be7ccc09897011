//! From flags, or from what was kept, to a view of a recording that is there.
//!
//! Owns: which metrics and subjects are meant. Must not: draw.

use fgm::metric::{Metric, Table};
use fgm::query::Engine;
use fgm::query::model::WindowQuery;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::TimeRange;
use jiff::tz::TimeZone;

use super::Recording;
use super::args::{Part, ViewArgs};
use crate::app::layout::MOST_SERIES;
use crate::app::metrics::Metrics;
use crate::app::opening::{Chosen, Opening, View};
use crate::cli::{Failure, NOTHING, USAGE};
use crate::naming::key_text;

/// The view that flags ask for; `None` when they ask for nothing.
pub(crate) fn asked(
    engine: Engine,
    args: &ViewArgs,
    zone: &TimeZone,
) -> (Engine, Result<Option<Opening>, Failure>) {
    let recording = Recording::of(engine, zone);
    let opening = (*args != ViewArgs::default()).then(|| recording.opening(args)).transpose();
    (recording.engine, opening)
}

/// A view that was kept, as far as its metrics and subjects are still there.
pub(crate) fn kept(engine: &Engine, view: &View) -> Opening {
    let overview = engine.overview();
    let metric = |name: &str| {
        let (table, name) = name.split_once('.')?;
        Metric::find(Table::from_name(table)?, name).filter(|m| overview.tables.contains(&m.table))
    };
    let panels =
        view.panels.iter().filter_map(|(m, scale)| Some((metric(m)?, scale.parse().ok()?))).collect();
    let all = overview.range.unwrap_or(TimeRange::new(0, 0));
    let chosen = |(table, texts): (&String, &Vec<String>)| {
        let table = Table::from_name(table)?;
        // Without subjects the viewer's own choice stands.
        let found = engine.subjects(table, all).unwrap_or_default();
        let mut chosen = Chosen::default();
        for (slot, text) in chosen.iter_mut().zip(texts).filter(|(_, t)| !t.is_empty()) {
            *slot = found.iter().map(Subject::key).find(|k| key_text(k) == *text);
        }
        let nobody = chosen.iter().all(Option::is_none) && texts.iter().any(|t| !t.is_empty());
        (!nobody).then_some((table, chosen))
    };
    Opening {
        panels,
        active: view.active,
        without_lists: view.without_lists,
        sparks: view.sparks,
        chosen: view.chosen.iter().filter_map(chosen).collect(),
        range: view.range.map(|(a, b)| TimeRange::new(a, b)),
        follow: view.follow && overview.live,
        cursor: view.cursor,
    }
}

impl Recording {
    fn opening(&self, args: &ViewArgs) -> Result<Opening, Failure> {
        let overview = self.engine.overview();
        let all = overview.range.unwrap_or(TimeRange::new(0, 0));
        let wrong = |line| Failure::new(USAGE, line);
        let range = args.range.map(|r| r.within(all, &self.zone)).transpose().map_err(wrong)?;
        if let Some(outside) = range.filter(|r| !r.overlaps(all)) {
            let line = format!("--range: nothing was recorded then ({})", span(outside, &self.zone));
            return Err(Failure::new(NOTHING, line));
        }
        let cursor =
            args.cursor.map(|c| c.within(all, &self.zone).map(|r| r.start)).transpose().map_err(wrong)?;
        let mut panels = Vec::new();
        for (i, name) in args.metric.iter().enumerate() {
            let scale = args.scale.get(i).copied().unwrap_or_default();
            panels.extend(self.metrics(name)?.first().map(|w| (w.metric, scale)));
        }
        let usual = || {
            let mut metrics = Metrics::default();
            metrics.update(&overview);
            metrics.first_choice(overview.live)
        };
        if panels.is_empty() {
            panels.extend(usual().map(|m| (m, args.scale.first().copied().unwrap_or_default())));
        }
        let mut chosen: Vec<(Table, Chosen)> = Vec::new();
        let filtered = !(args.include.is_empty() && args.exclude.is_empty() && args.subject.is_empty());
        for (metric, _) in panels.iter().filter(|_| filtered) {
            if chosen.iter().all(|(t, _)| *t != metric.table) {
                chosen.push((metric.table, self.chosen(metric, range.unwrap_or(all), args)?));
            }
        }
        if filtered && chosen.iter().all(|(_, c)| c.iter().all(Option::is_none)) {
            return Err(Failure::new(
                NOTHING,
                "nobody in this recording matches; fgm-tui subjects lists who is there",
            ));
        }
        Ok(Opening { panels, chosen, range, cursor, ..Opening::default() })
    }

    /// Who is meant; of too many the highest.
    fn chosen(&self, metric: &'static Metric, range: TimeRange, args: &ViewArgs) -> Result<Chosen, Failure> {
        let part = Part {
            range: super::Span::default(),
            include: args.include.clone(),
            exclude: args.exclude.clone(),
            subject: args.subject.clone(),
        };
        let found = self.subjects(metric.table, range, &part)?;
        let mut keys: Vec<SubjectKey> = found.iter().map(Subject::key).collect();
        if keys.len() > MOST_SERIES {
            let query = WindowQuery { metric, subjects: keys, range, columns: 1 };
            let mut ranked: Vec<(f64, SubjectKey)> = Vec::new();
            for (key, buckets) in self.window(&query)?.series {
                ranked.push((buckets.mean().unwrap_or(f64::NEG_INFINITY), key));
            }
            ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
            keys = ranked.into_iter().map(|(_, key)| key).collect();
        }
        let mut chosen = Chosen::default();
        chosen.iter_mut().zip(keys).for_each(|(slot, key)| *slot = Some(key));
        Ok(chosen)
    }
}

/// A range as clock times of a zone.
fn span(range: TimeRange, zone: &TimeZone) -> String {
    let at = |t| crate::view::axis::zoned(t, zone).strftime("%F %T").to_string();
    format!("{} to {}", at(range.start), at(range.end))
}
