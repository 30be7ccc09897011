//! From flags, or from what was kept, to a view of a recording that is there.
//!
//! Owns: which metrics and subjects are meant. Must not: draw.

use fgm::filter::Filter;
use fgm::metric::{Metric, Table};
use fgm::query::model::WindowQuery;
use fgm::query::{Engine, QueryError};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::TimeRange;
use jiff::tz::TimeZone;

use super::Recording;
use super::args::{Part, ViewArgs};
use crate::app::layout::MOST_SERIES;
use crate::app::metrics::Metrics;
use crate::app::opening::{Chosen, Opening, Summed, View};
use crate::app::panel::Scale;
use crate::cli::{Failure, NOTHING, USAGE};
use crate::grouping::{self, By, Name};
use crate::naming::key_text;
use crate::text::clean;

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
        sums: view.sums.iter().filter_map(|(t, s)| Some((Table::from_name(t)?, s.read()))).collect(),
        filter: None,
        range: view.range.map(|(a, b)| TimeRange::new(a, b)),
        follow: view.follow && overview.live,
        cursor: view.cursor,
    }
}

/// The sums that are meant of each table, and who may be in them.
type Sums = (Vec<(Table, Summed)>, Option<Filter>);

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
        if args.sum_by.is_some() || args.rest {
            let (sums, filter) = self.summed(&panels, range.unwrap_or(all), args)?;
            // Those that are drawn beside the rest.
            let args = if args.sum_by.is_some() { &ViewArgs::default() } else { args };
            let chosen = self.all_chosen(&panels, range.unwrap_or(all), args)?;
            return Ok(Opening { panels, chosen, sums, filter, range, cursor, ..Opening::default() });
        }
        let chosen = self.all_chosen(&panels, range.unwrap_or(all), args)?;
        Ok(Opening { panels, chosen, range, cursor, ..Opening::default() })
    }

    /// The sums that are meant, and who may be in them.
    fn summed(
        &self,
        panels: &[(&'static Metric, Scale)],
        range: TimeRange,
        args: &ViewArgs,
    ) -> Result<Sums, Failure> {
        let wrong = |line: String| Failure::new(USAGE, line);
        let mut sums: Vec<(Table, Summed)> = Vec::new();
        for (metric, _) in panels {
            metric
                .adds_up()
                .map_err(|reason| wrong(QueryError::NoSum { metric: metric.name, reason }.to_string()))?;
            if sums.iter().any(|(t, _)| *t == metric.table) {
                continue;
            }
            let mut groups = None;
            if let Some(by) = args.sum_by {
                by.check(metric.table).map_err(wrong)?;
                groups = self.groups(by, metric.table, range, args)?;
            }
            sums.push((metric.table, Summed { by: args.sum_by, rest: args.rest, groups }));
        }
        if args.sum_by.is_none() {
            return Ok((sums, None));
        }
        match (&args.include[..], &args.exclude[..]) {
            ([], []) => Ok((sums, None)),
            ([one], []) => Ok((sums, Some(one.clone()))),
            _ => Err(wrong("beside --sum-by there is room for one --include and no --exclude".to_owned())),
        }
    }

    /// The groups that `--subject` names.
    fn groups(
        &self,
        by: By,
        table: Table,
        range: TimeRange,
        args: &ViewArgs,
    ) -> Result<Option<[Option<Name>; MOST_SERIES]>, Failure> {
        if args.subject.is_empty() {
            return Ok(None);
        }
        let part = Part {
            range: super::Span::default(),
            include: args.include.clone(),
            exclude: Vec::new(),
            subject: Vec::new(),
        };
        let found = self.subjects(table, range, &part)?;
        let there = grouping::groups(by, &found.iter().collect::<Vec<_>>());
        let mut named = Vec::new();
        for word in &args.subject {
            let name = there
                .iter()
                .map(|(name, _)| name)
                .find(|n| clean(&grouping::spell(by, n.as_deref())) == *word);
            let unknown = || {
                let line = format!(
                    "nobody is summed {} as {word}; fgm-tui top METRIC --sum-by {} lists them",
                    by.words(),
                    by.flag()
                );
                Failure::new(NOTHING, line)
            };
            named.push(name.ok_or_else(unknown)?.clone());
        }
        let mut named = named.into_iter();
        Ok(Some(std::array::from_fn(|_| named.next())))
    }

    /// Who is drawn of each table, where somebody is named.
    fn all_chosen(
        &self,
        panels: &[(&'static Metric, Scale)],
        range: TimeRange,
        args: &ViewArgs,
    ) -> Result<Vec<(Table, Chosen)>, Failure> {
        let mut chosen: Vec<(Table, Chosen)> = Vec::new();
        let filtered = !(args.include.is_empty() && args.exclude.is_empty() && args.subject.is_empty());
        for (metric, _) in panels.iter().filter(|_| filtered) {
            if chosen.iter().all(|(t, _)| *t != metric.table) {
                chosen.push((metric.table, self.chosen(metric, range, args)?));
            }
        }
        if filtered && chosen.iter().all(|(_, c)| c.iter().all(Option::is_none)) {
            return Err(Failure::new(
                NOTHING,
                "nobody in this recording matches; fgm-tui subjects lists who is there",
            ));
        }
        Ok(chosen)
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
