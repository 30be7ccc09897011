//! Columns that a newer version records and this one's dictionary does not have (STO-8).
//!
//! Owns: making a metric of what a column says of itself, once per process. Must not: change the dictionary.

use std::sync::{Mutex, PoisonError};

use arrow::datatypes::{DataType, Field};

use super::{Kind, Metric, Repr, Table};
use crate::unit::Unit;

/// Metrics are never given back: more than any version will have added are not learnt.
const MAX: usize = 1024;
/// Longest texts that are taken over.
const MAX_TEXT: usize = 1024;

static LEARNT: Mutex<Vec<&'static Metric>> = Mutex::new(Vec::new());

/// The metric of this name, if one was learnt.
pub(super) fn find(table: Table, name: &str) -> Option<&'static Metric> {
    let learnt = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
    learnt.iter().find(|m| m.table == table && m.name == name).copied()
}

/// The metric that a column of numbers describes; `None` for other columns and beyond what is kept.
pub(super) fn learn(table: Table, field: &Field) -> Option<&'static Metric> {
    let repr = match field.data_type() {
        t if t.is_integer() => Repr::Int,
        t if t.is_floating() => Repr::Fixed(3),
        DataType::Boolean => Repr::Bool,
        DataType::Timestamp(..) => Repr::Time,
        _ => return None,
    };
    let said = |key: &str| field.metadata().get(key).map_or("", String::as_str);
    let kind = match said("kind") {
        "counter" => Kind::Counter,
        "state" => Kind::State,
        "label" => return None,
        _ if field.name().ends_with("_total") => Kind::Counter,
        _ => Kind::Gauge,
    };
    if let Some(known) = find(table, field.name()) {
        return Some(known);
    }
    let texts = [field.name(), said("source"), said("help")];
    let mut learnt = LEARNT.lock().unwrap_or_else(PoisonError::into_inner);
    if learnt.len() >= MAX || texts.iter().any(|t| t.len() > MAX_TEXT) {
        return None;
    }
    let [name, source, help] = texts.map(|t| &*t.to_owned().leak());
    let unit = Unit::from_name(said("unit")).unwrap_or(Unit::None);
    let metric = &*Box::leak(Box::new(Metric { name, table, kind, unit, repr, source, help }));
    learnt.push(metric);
    Some(metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-8: a column of a newer version describes itself, and is the same metric in every file.
    #[test]
    fn columns_describe_themselves() {
        let meta = [("unit", "bytes"), ("kind", "gauge"), ("source", "memory.new"), ("help", "New.")];
        let meta = meta.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let field = Field::new("memory_new_bytes", DataType::Int64, true).with_metadata(meta);
        let learnt = Metric::learn(Table::Containers, &field).unwrap();
        assert_eq!((learnt.unit, learnt.kind, learnt.source), (Unit::Bytes, Kind::Gauge, "memory.new"));
        assert!(std::ptr::eq(learnt, Metric::learn(Table::Containers, &field).unwrap()));
        assert!(std::ptr::eq(learnt, Metric::find(Table::Containers, "memory_new_bytes").unwrap()));
        assert_eq!(Metric::find(Table::Node, "memory_new_bytes"), None);
        let bare = Metric::learn(Table::Containers, &Field::new("x_total", DataType::UInt32, true)).unwrap();
        assert_eq!((bare.unit, bare.kind), (Unit::None, Kind::Counter));
        let text = Field::new("new_label", DataType::Utf8, true);
        let long = Field::new("x".repeat(MAX_TEXT + 1), DataType::Int64, true);
        assert_eq!((Metric::learn(Table::Node, &text), Metric::learn(Table::Node, &long)), (None, None));
    }
}
