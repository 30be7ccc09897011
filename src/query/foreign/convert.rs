//! One long file → one store.
//!
//! Owns: gathering the values of a tick into rows, and writing them in the order of time. Must not: hold more than a
//! bounded number of values; a big file is read several times, for some of its ticks each.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::labels::{self, Set};
use super::names;
use super::read::{self, Layout, Value};
use super::ticks::{self, Run, Runs};
use crate::identity::{RunId, safe_identifier};
use crate::metric::{Repr, Table, extras};
use crate::store::layout;
use crate::store::manifest::RunInfo;
use crate::store::retention::{Cap, OnFull};
use crate::store::tick::{LabelValue, Row as StoreRow, SeriesDef, SeriesId, Tick};
use crate::store::writer::{StoreConfig, StoreWriter};
use crate::time::Micros;

/// Values that are held at a time (40 bytes each).
const MAX_VALUES: u64 = 1 << 20;
/// A store's file covers so much of the recording.
const ROTATION: Duration = Duration::from_hours(1);

/// Converts `path` into a store below `root`.
pub(super) fn convert(path: &Path, layout: &Layout, root: &Path) -> Result<(), String> {
    let mut numbered = layout.has_index;
    if numbered {
        // One row without a number and the numbers tell nothing.
        read::moments(path, layout, |m| numbered &= (0..m.len()).all(|row| m.index(row).is_some()))?;
    }
    let mut runs = Runs::default();
    read::moments(path, layout, |m| runs.push(m, numbered))?;
    runs.finish(numbered);
    if runs.without_time > 0 {
        return Err(format!("{} of its rows have no time", runs.without_time));
    }
    if runs.all.is_empty() {
        return Err("it has no rows".to_owned());
    }
    let identifier = layout::parse_sealed(path).and_then(|p| p.identifier);
    let identifier = safe_identifier(&identifier.unwrap_or_else(|| "foreign".to_owned()));
    let source = Source { path, layout, numbered };
    runs.all.iter().try_for_each(|(name, run)| source.convert_run(name, run, root, &identifier))
}

struct Source<'a> {
    path: &'a Path,
    layout: &'a Layout,
    numbered: bool,
}

impl Source<'_> {
    fn convert_run(&self, name: &str, run: &Run, root: &Path, identifier: &str) -> Result<(), String> {
        let failed = |e: crate::store::StoreError| e.to_string();
        let ticks: BTreeMap<i64, ticks::Tick> = run.ticks().collect();
        let (Some(first), Some(last)) = (ticks.values().next(), ticks.values().next_back()) else {
            return Ok(());
        };
        let config = StoreConfig {
            root: root.to_owned(),
            identifier: identifier.to_owned(),
            rotation: ROTATION,
            sync_every: Duration::from_hours(1),
            cap: Cap { max_bytes: None, on_full: OnFull::Stop },
            retention: None,
            compact: crate::store::compact::Beside::No,
        };
        let info = RunInfo {
            run_id: RunId::from_text(name).or(RunId::from_text("foreign")).ok_or("it has no run")?,
            node_name: identifier.to_owned(),
            cluster_name: None,
            interval: run.interval,
            recorder_version: "foreign".to_owned(),
            git_revision: None,
            facts: serde_json::Map::new(),
        };
        let mut writer = StoreWriter::open(config, info, first.time).map_err(failed)?;
        let mut series = Series { node: identifier.to_owned(), ..Series::default() };
        for part in parts(&ticks) {
            let mut values = Vec::new();
            read::rows(self.path, self.layout, |rows| {
                self.gather(rows, name, &ticks, &part, &mut series, &mut values);
            })?;
            // In the order of the file within a tick: of two values of one column the later holds.
            values.sort_by_key(|v| (v.tick, v.target.table as u8, v.target.series));
            for of_tick in values.chunk_by(|a, b| a.tick == b.tick) {
                let tick = as_tick(of_tick, &ticks, &mut series);
                writer.append(&tick).map_err(failed)?;
            }
        }
        writer.finish(last.time).map_err(failed)
    }

    fn gather(
        &self,
        rows: &read::Rows,
        run: &str,
        ticks: &BTreeMap<i64, ticks::Tick>,
        part: &RangeInclusive<i64>,
        series: &mut Series,
        values: &mut Vec<Placed>,
    ) {
        let mut sets: HashMap<Vec<(&str, &str)>, u32> = HashMap::new();
        for row in 0..rows.moments.len() {
            let tick = ticks::key(&rows.moments, row, self.numbered).filter(|t| part.contains(t));
            let (Some(tick), Some(time), Some(value)) = (tick, rows.moments.time(row), rows.value(row))
            else {
                continue;
            };
            if rows.moments.run(row) != run || !ticks.contains_key(&tick) {
                continue;
            }
            let labels = rows.labels(row);
            let set = match sets.get(&labels) {
                Some(set) => *set,
                None => {
                    let set = series.set(&labels);
                    sets.insert(labels, set);
                    set
                }
            };
            let target = series.target(set, rows.name(row), value);
            values.push(Placed { tick, time, target, value });
        }
    }
}

/// Spans of ticks with few enough values each.
fn parts(ticks: &BTreeMap<i64, ticks::Tick>) -> Vec<RangeInclusive<i64>> {
    let mut parts: Vec<(RangeInclusive<i64>, u64)> = Vec::new();
    for (key, tick) in ticks {
        match parts.last_mut() {
            Some((range, rows)) if *rows + tick.rows <= MAX_VALUES => {
                *range = *range.start()..=*key;
                *rows += tick.rows;
            }
            _ => parts.push((*key..=*key, tick.rows)),
        }
    }
    parts.into_iter().map(|(range, _)| range).collect()
}

/// Where a value goes.
#[derive(Clone, Copy)]
struct Target {
    table: Table,
    series: SeriesId,
    column: usize,
}

/// What a column has to be able to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    Int,
    Whole,
    Fraction,
}

impl Shape {
    fn of(value: Value) -> Shape {
        match value {
            Value::Int(_) | Value::Beyond => Shape::Int,
            Value::Float(v) if v.fract() == 0.0 => Shape::Whole,
            Value::Float(_) => Shape::Fraction,
        }
    }
}

/// A value on its way.
struct Placed {
    tick: i64,
    time: Micros,
    target: Target,
    value: Value,
}

/// Every series met so far, under the number that it has in the store.
#[derive(Default)]
struct Series {
    node: String,
    sets: HashMap<Set, u32>,
    by_number: Vec<Set>,
    targets: HashMap<(u32, String, Shape), Target>,
    /// Number and labels of each key.
    ids: HashMap<(Table, Vec<LabelValue>), (SeriesId, Vec<LabelValue>)>,
    /// Definitions that the next tick brings along.
    defs: Vec<SeriesDef>,
}

impl Series {
    fn set(&mut self, labels: &[(&str, &str)]) -> u32 {
        let set: Set = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let next = self.by_number.len() as u32;
        *self.sets.entry(set.clone()).or_insert_with(|| {
            self.by_number.push(set);
            next
        })
    }

    fn target(&mut self, set: u32, name: &str, value: Value) -> Target {
        let shape = Shape::of(value);
        let key = (set, name.to_owned(), shape);
        if let Some(target) = self.targets.get(&key) {
            return *target;
        }
        let labels = &self.by_number[set as usize];
        let table = labels::table(labels);
        let fits =
            |at: &usize| shape != Shape::Fraction || matches!(table.metrics()[*at].repr, Repr::Fixed(_));
        let (table, column) = match names::column(table, name).filter(fits) {
            Some(at) => (table, at),
            None if shape == Shape::Int => (Table::Extras, extras::value),
            None => (Table::Extras, extras::value_decimal),
        };
        let labels = labels::of(table, labels, name, &self.node);
        let target = Target { table, series: self.series(table, labels), column };
        self.targets.insert(key, target);
        target
    }

    /// The number of a series: the same whenever the key is the same; what is learnt late is a new definition.
    fn series(&mut self, table: Table, mut labels: Vec<LabelValue>) -> SeriesId {
        let key = table.key_labels().map(|i| labels[i].clone()).collect();
        let next = self.ids.len() as SeriesId;
        let (id, known) = self.ids.entry((table, key)).or_insert_with(|| (next, Vec::new()));
        for (new, old) in labels.iter_mut().zip(known.iter()) {
            if *new == LabelValue::Null {
                new.clone_from(old);
            }
        }
        if labels != *known {
            known.clone_from(&labels);
            self.defs.push(SeriesDef { table, id: *id, labels });
        }
        *id
    }
}

fn as_tick(values: &[Placed], ticks: &BTreeMap<i64, ticks::Tick>, series: &mut Series) -> Tick {
    let mut tick = Tick::default();
    let Some(at) = values.first().and_then(|v| ticks.get(&v.tick)) else { return tick };
    tick.reset(at.number, at.time);
    tick.defs = std::mem::take(&mut series.defs);
    for of_series in
        values.chunk_by(|a, b| (a.target.table, a.target.series) == (b.target.table, b.target.series))
    {
        let Some(first) = of_series.first() else { continue };
        let time = of_series.iter().map(|v| v.time).min().unwrap_or(at.time);
        let mut row = tick.rows_mut(first.target.table).push(first.target.series, time);
        for v in of_series {
            set(&mut row, v.target, v.value);
        }
    }
    tick
}

/// Sets a cell, and the flag beside a limit.
fn set(row: &mut StoreRow<'_>, target: Target, value: Value) {
    let metrics = target.table.metrics();
    let metric = &metrics[target.column];
    match (metric.repr, value) {
        (_, Value::Beyond) => {}
        (Repr::Fixed(_), Value::Int(v)) => row.set_fixed(target.column, v as f64),
        (Repr::Fixed(_), Value::Float(v)) => row.set_fixed(target.column, v),
        (_, Value::Int(v)) => row.set(target.column, v),
        (_, Value::Float(v)) => row.set(target.column, v as i64),
    }
    let suffix = metric.unit.suffix().map(|s| format!("_{s}")).unwrap_or_default();
    let flag = format!("{}_unlimited", metric.name.strip_suffix(&suffix).unwrap_or(metric.name));
    if let Some(at) = target.table.metric_index(&flag) {
        row.set_bool(at, value == Value::Beyond);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// QRY-4: what is held at a time is bounded, and no tick is torn apart or left out.
    #[test]
    fn parts_cover_every_tick() {
        let tick = |rows| ticks::Tick { number: 0, time: 0, rows };
        let ticks: BTreeMap<i64, ticks::Tick> = [
            (1, tick(10)),
            (2, tick(MAX_VALUES - 5)),
            (3, tick(5)),
            (9, tick(2 * MAX_VALUES)),
            (10, tick(1)),
        ]
        .into();
        assert_eq!(parts(&ticks), [1..=1, 2..=3, 9..=9, 10..=10]);
        let names: HashSet<i64> = parts(&ticks).into_iter().flatten().collect();
        assert!(ticks.keys().all(|k| names.contains(k)));
    }
}
