//! What is wrong with a statement, in one line that says what was probably meant.
//!
//! Owns: the wording. Must not: know which tables there are other than from the error.

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use super::super::hint::nearest;
use super::SAMPLES;
use crate::metric::Table;
use crate::store::layout::EVENTS;

/// For everything that would change something.
pub(super) const READ_ONLY: &str = "only questions are answered, a recording is never changed: \
     SELECT, WITH, VALUES, EXPLAIN, SHOW TABLES, SHOW COLUMNS FROM and DESCRIBE";

/// The tables of SQL.
fn tables() -> impl Iterator<Item = &'static str> {
    Table::ALL.into_iter().map(Table::name).chain([EVENTS, SAMPLES])
}

/// One line.
pub(super) fn line(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match &**schema {
            SchemaError::FieldNotFound { field, valid_fields } => column(field, valid_fields),
            other => one_line(&other.to_string()),
        },
        DataFusionError::ResourcesExhausted(_) => {
            "the answer needs more memory than a query may take (256 MiB): narrow the time or the columns"
                .to_owned()
        }
        DataFusionError::Plan(text) => plan(text),
        DataFusionError::SQL(e, _) => syntax(&e.to_string()),
        DataFusionError::NotImplemented(text) if text.contains("single SQL statement") => {
            "one statement at a time".to_owned()
        }
        other => one_line(&other.strip_backtrace()),
    }
}

fn column(field: &Column, valid: &[Column]) -> String {
    let names = || valid.iter().map(|c| c.name.as_str());
    if let Some(hint) = nearest(&field.name, names()) {
        return format!("there is no column {}; {hint} is nearest", field.name);
    }
    let has = |t: &Table| t.metric_index(&field.name).is_some() || t.label_index(&field.name).is_some();
    match Table::ALL.iter().find(|t| has(t)) {
        Some(table) => format!("there is no column {} here; it is in the table {table}", field.name),
        None if valid.is_empty() => format!("there is no column {} here", field.name),
        None => {
            format!(
                "there is no column {}; DESCRIBE <table> or SHOW COLUMNS FROM <table> lists them",
                field.name
            )
        }
    }
}

fn plan(text: &str) -> String {
    let quoted = |text: &str| text.split('\'').nth(1).map(str::to_owned);
    if text.starts_with("table ") && text.contains("not found") {
        let full = quoted(text).unwrap_or_default();
        let name = full.rsplit('.').next().unwrap_or_default();
        return match nearest(name, tables()) {
            Some(hint) => format!("there is no table {name}; {hint} is nearest"),
            None => {
                format!(
                    "there is no table {name}; the tables are {}",
                    tables().collect::<Vec<_>>().join(", ")
                )
            }
        };
    }
    if let Some(rest) = text.strip_prefix("Invalid function ") {
        let mut names = rest.split('\'').skip(1).step_by(2);
        let (wrong, hint) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        return match nearest(wrong, [hint]).filter(|h| !h.is_empty()) {
            Some(hint) => format!("there is no function {wrong}; {hint} is nearest"),
            None => format!("there is no function {wrong}"),
        };
    }
    one_line(text)
}

fn syntax(text: &str) -> String {
    if text.contains("recursion limit") {
        return "the statement is nested too deeply".to_owned();
    }
    let text = text.trim_start_matches("sql parser error: ");
    format!("syntax: {}", one_line(text))
}

/// Without line breaks and what DataFusion puts before and behind its own messages.
fn one_line(text: &str) -> String {
    let text = text.split("\n\nbacktrace:").next().unwrap_or(text);
    let text = text.split("This issue was likely caused by a bug").next().unwrap_or(text);
    let prefixes = ["Error during planning: ", "Execution error: ", "Arrow error: ", "External error: "];
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(p) = prefixes.iter().find(|p| words.starts_with(**p)) {
        words.drain(..p.len());
    }
    words
}
