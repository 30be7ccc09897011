//! A row stands in one file only.
//!
//! Owns: finding files of one run whose ticks overlap, and comparing their rows. Must not: read others.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasher, RandomState};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::rows::LabelColumns;
use super::{Checked, Findings};
use crate::metric::Table;
use crate::store::schema::{RUN_ID, TICK_NO};

/// Rows that are compared one by one: 8 bytes each.
const MAX_ROWS: u64 = 8 << 20;

/// First and last tick of a run in a file.
type Reach<'a> = (i64, i64, &'a Checked);

/// Checks all files against each other.
pub(super) fn check(checked: &[Checked], f: &mut Findings<'_>) {
    let mut by_run: BTreeMap<(Table, &str), Vec<Reach<'_>>> = BTreeMap::new();
    for c in checked {
        let Some(table) = c.table else { continue };
        for (run, (first, last)) in &c.ticks {
            by_run.entry((table, run)).or_default().push((*first, *last, c));
        }
    }
    for ((table, run), mut files) in by_run {
        files.sort_by_key(|(first, last, c)| (*first, *last, &c.path));
        let mut reaches: Option<(i64, &Checked)> = None;
        for (first, last, c) in files {
            if let Some((end, before)) = reaches.filter(|(end, _)| *end >= first) {
                f.about(&c.path);
                f.guard(|f| compare(table, run, (first, end.min(last)), (before, c), f));
            }
            if reaches.is_none_or(|(end, _)| last > end) {
                reaches = Some((last, c));
            }
        }
    }
}

fn compare(
    table: Table,
    run: &str,
    ticks: (i64, i64),
    (a, b): (&Checked, &Checked),
    f: &mut Findings<'_>,
) -> Option<()> {
    let other = a.path.display();
    if a.rows > MAX_ROWS {
        f.problem(format!(
            "has ticks {} to {} of run {run} that {other} has as well; too many rows to compare",
            ticks.0, ticks.1
        ));
        return None;
    }
    let state = RandomState::new();
    let mut seen = HashSet::new();
    rows(table, run, ticks, a, |key| {
        seen.insert(state.hash_one(key));
    })?;
    let mut twice = 0u64;
    rows(table, run, ticks, b, |key| twice += u64::from(seen.contains(&state.hash_one(key))))?;
    if twice > 0 {
        f.problem(format!("{twice} rows stand in {other} as well"));
    }
    Some(())
}

/// Hands over run, tick and key of each row of these ticks.
fn rows(
    table: Table,
    run: &str,
    (first, last): (i64, i64),
    c: &Checked,
    mut take: impl FnMut((i64, &[crate::store::tick::LabelValue])),
) -> Option<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&c.path).ok()?).ok()?;
    let keys: Vec<&str> = table.key_labels().map(|i| table.labels()[i].name).collect();
    let columns = [TICK_NO, RUN_ID].into_iter().chain(keys.iter().copied());
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    for batch in builder.with_projection(mask).build().ok()?.flatten() {
        let at = |name: &str| batch.schema().index_of(name).ok();
        let ticks = batch.column(at(TICK_NO)?).as_primitive_opt::<Int64Type>()?;
        let runs = LabelColumns::new(&batch, std::iter::once(at(RUN_ID)?));
        let labels = LabelColumns::new(&batch, keys.iter().filter_map(|k| at(k)));
        let mut key = Vec::new();
        let mut wanted = false;
        for row in 0..batch.num_rows() {
            if !runs.same_as_before(row) {
                wanted = runs.row(row)[0].as_text() == Some(run);
            }
            if !labels.same_as_before(row) {
                key = labels.row(row);
            }
            if wanted && (first..=last).contains(&ticks.value(row)) {
                take((ticks.value(row), &key));
            }
        }
    }
    Some(())
}
