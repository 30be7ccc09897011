//! Which rows of a file a query can want: from filters to row ranges, by what the catalogue knows.
//!
//! Owns: reading time bounds and label values out of filter expressions, and comparing them with a file's index.
//! Must not: decide a filter exactly; DataFusion filters what is read again.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::prelude::{col, lit};

use super::catalogue::{FileEntry, SubjectBook};
use crate::store::schema::{TICK, TIME};
use crate::store::tick::LabelValue;
use crate::time::{Micros, TimeRange};

/// What a conjunction of filters demands.
#[derive(Debug, Default)]
pub(crate) struct Demand {
    /// Inclusive bounds of `time`.
    after: Option<Micros>,
    before: Option<Micros>,
    /// Inclusive bounds of `tick`.
    tick_after: Option<Micros>,
    tick_before: Option<Micros>,
    /// Allowed values of labels.
    labels: HashMap<String, HashSet<LabelValue>>,
}

impl Demand {
    /// Reads what can be understood; anything else demands nothing.
    pub(crate) fn of(filters: &[Expr]) -> Demand {
        let mut demand = Demand::default();
        for f in filters {
            demand.add(f);
        }
        demand
    }

    fn add(&mut self, filter: &Expr) {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                self.add(left);
                self.add(right);
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                if let (Some(column), Some(value)) = (column(left), literal(right)) {
                    self.compare(column, *op, value);
                } else if let (Some(value), Some(column), Some(op)) =
                    (literal(left), column(right), op.swap())
                {
                    self.compare(column, op, value);
                }
            }
            Expr::Between(b) if !b.negated => {
                if let (Some(column), Some(low), Some(high)) =
                    (column(&b.expr), literal(&b.low), literal(&b.high))
                {
                    self.compare(column, Operator::GtEq, low);
                    self.compare(column, Operator::LtEq, high);
                }
            }
            Expr::InList(list) if !list.negated => {
                if let Some(column) = column(&list.expr)
                    && let Some(values) = list.list.iter().map(|e| literal(e).and_then(label)).collect()
                {
                    self.restrict(column, values);
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, column: &str, op: Operator, value: &ScalarValue) {
        if op == Operator::Eq
            && column != TIME
            && column != TICK
            && let Some(v) = label(value)
        {
            self.restrict(column, HashSet::from([v]));
        }
        let Some(t) = micros(value) else { return };
        let (after, before) = match column {
            TIME => (&mut self.after, &mut self.before),
            TICK => (&mut self.tick_after, &mut self.tick_before),
            _ => return,
        };
        if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
            *after = Some(after.map_or(t, |a| a.max(t)));
        }
        if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
            *before = Some(before.map_or(t, |b| b.min(t)));
        }
    }

    fn restrict(&mut self, column: &str, values: HashSet<LabelValue>) {
        self.labels
            .entry(column.to_owned())
            .and_modify(|old| old.retain(|v| values.contains(v)))
            .or_insert(values);
    }

    /// Whether rows within these times can be wanted.
    pub(crate) fn may_match(&self, time: TimeRange, first_tick: Micros, last_tick: Micros) -> bool {
        self.after.is_none_or(|a| time.end > a)
            && self.before.is_none_or(|b| time.start <= b)
            && self.tick_after.is_none_or(|a| last_tick >= a)
            && self.tick_before.is_none_or(|b| first_tick <= b)
    }

    /// For each subject of a book, by number, whether its labels can be wanted; `None` when all can.
    pub(crate) fn subjects(&self, book: &SubjectBook) -> Option<Vec<bool>> {
        book.allowed(&self.labels)
    }

    /// The row ranges of a file that can be wanted, merged where they touch. `subjects` are those of
    /// [`Demand::subjects`].
    pub(crate) fn rows(&self, file: &FileEntry, subjects: Option<&[bool]>) -> Vec<Range<u32>> {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        if file.runs.is_empty() && file.rows > 0 {
            ranges.push(0..file.rows as u32);
        }
        for run in &file.runs {
            let seen = run.seen();
            let in_time =
                self.after.is_none_or(|a| seen.end > a) && self.before.is_none_or(|b| seen.start <= b);
            let wanted = subjects.is_none_or(|s| s.get(run.subject as usize).copied().unwrap_or(true));
            if !in_time || !wanted {
                continue;
            }
            let (start, end) = (run.first_row, run.first_row + run.rows);
            match ranges.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => ranges.push(start..end),
            }
        }
        ranges
    }
}

/// Filters for rows in a range of time.
pub(crate) fn time_filters(range: TimeRange) -> Vec<Expr> {
    let at = |t: Micros| lit(ScalarValue::TimestampMicrosecond(Some(t), Some("UTC".into())));
    // `tick` lets whole files be left out as well; a row is read after its tick, at most a while later.
    vec![col(TIME).gt_eq(at(range.start)), col(TIME).lt(at(range.end)), col(TICK).lt(at(range.end))]
}

fn column(e: &Expr) -> Option<&str> {
    match e {
        Expr::Column(c) => Some(&c.name),
        Expr::Cast(c) => column(&c.expr),
        _ => None,
    }
}

fn literal(e: &Expr) -> Option<&ScalarValue> {
    if let Expr::Literal(v, _) = e { Some(v) } else { None }
}

fn micros(v: &ScalarValue) -> Option<Micros> {
    match v {
        ScalarValue::TimestampSecond(Some(t), _) => t.checked_mul(1_000_000),
        ScalarValue::TimestampMillisecond(Some(t), _) => t.checked_mul(1_000),
        ScalarValue::TimestampMicrosecond(Some(t), _) => Some(*t),
        ScalarValue::TimestampNanosecond(Some(t), _) => Some(t.div_euclid(1_000)),
        _ => None,
    }
}

fn label(v: &ScalarValue) -> Option<LabelValue> {
    match v {
        ScalarValue::Dictionary(_, inner) => label(inner),
        ScalarValue::Utf8(Some(s)) | ScalarValue::Utf8View(Some(s)) | ScalarValue::LargeUtf8(Some(s)) => {
            Some(LabelValue::Text(s.clone()))
        }
        ScalarValue::Int64(Some(n)) => Some(LabelValue::Int(*n)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(t: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some(t), Some("UTC".into())))
    }

    /// QRY-2: files outside the asked-for time are not opened.
    #[test]
    fn times_prune_both_ways_round() {
        let d = Demand::of(&[col(TIME).gt_eq(at(100)).and(at(200).gt(col(TIME)))]);
        let hit = |a, b| d.may_match(TimeRange::new(a, b), a, b);
        assert!(hit(50, 101) && hit(150, 160) && hit(200, 300));
        assert!(!hit(50, 100) && !hit(201, 300));
        let d = Demand::of(&[col(TICK).between(at(100), at(200))]);
        assert!(
            !d.may_match(TimeRange::new(0, 1000), 201, 300) && d.may_match(TimeRange::new(0, 1000), 200, 300)
        );
    }

    #[test]
    fn what_is_not_understood_demands_nothing() {
        let d = Demand::of(&[col(TIME).gt(at(1)).or(col("pid").eq(lit(1i64))), col("pid").not_eq(lit(1i64))]);
        assert!(d.labels.is_empty() && d.may_match(TimeRange::new(-10, -5), -10, -5));
        let d =
            Demand::of(&[col("pid").in_list(vec![lit(1i64), lit(2i64)], false), col("pid").eq(lit(2i64))]);
        assert_eq!(d.labels["pid"], HashSet::from([LabelValue::Int(2)]));
    }
}
