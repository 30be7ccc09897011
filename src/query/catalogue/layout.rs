//! The columns of files, kept once for all files that have the same.
//!
//! Owns: which columns a file has, and those among them that this version does not know (STO-8). Must not: read rows.

use std::collections::HashSet;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::FieldRef;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::footer;
use crate::metric::{Metric, Table};
use crate::store::schema;

/// Layouts kept for sharing; a recording has one per table and version.
const MAX_SHARED: usize = 64;

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) table: Option<Table>,
    /// As in the footer.
    pub(super) schema: Box<[u8]>,
    /// Names in the order of the file.
    pub(crate) columns: Vec<String>,
    /// Columns that the dictionary does not have.
    pub(crate) unknown: Vec<Unknown>,
}

/// A column that a newer version has written.
#[derive(Clone, Debug)]
pub(crate) struct Unknown {
    pub(crate) field: FieldRef,
    /// For numbers, truth values and times.
    pub(crate) metric: Option<&'static Metric>,
}

/// The layouts seen.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    seen: RwLock<Vec<Arc<Layout>>>,
}

impl Layouts {
    /// The layout of the file at this path, whose footer has this schema.
    pub(super) fn of(&self, path: &Path, table: Option<Table>, schema: &[u8]) -> Result<Arc<Layout>, String> {
        let same = |l: &&Arc<Layout>| l.table == table && *l.schema == *schema;
        if let Some(known) = self.seen.read().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
            return Ok(Arc::clone(known));
        }
        let columns = footer::columns(schema).map_err(|_| "its footer's schema is damaged")?;
        let known: HashSet<&str> = table.iter().flat_map(|t| known_columns(*t)).collect();
        let unknown = match table {
            Some(table) if columns.iter().any(|c| !known.contains(c.as_str())) => {
                unknown_columns(path, table, &known)?
            }
            _ => Vec::new(),
        };
        let new = Arc::new(Layout { table, schema: schema.into(), columns, unknown });
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_SHARED {
            seen.push(Arc::clone(&new));
        }
        Ok(new)
    }
}

fn known_columns(table: Table) -> impl Iterator<Item = &'static str> {
    let leading = [schema::TIME, schema::TICK, schema::TICK_NO, schema::RUN_ID];
    let labels = table.labels().iter().map(|l| l.name);
    leading.into_iter().chain(labels).chain(table.metrics().iter().map(|m| m.name))
}

/// The fields of a file that are not in the dictionary, with what they say of themselves.
fn unknown_columns(path: &Path, table: Table, known: &HashSet<&str>) -> Result<Vec<Unknown>, String> {
    // Its footer's lists have been found no longer than its bytes; whatever else makes the reader fall over is the
    // file's fault.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let file = File::open(path).map_err(|e| e.to_string())?;
        ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|e| format!("its schema cannot be read ({e})"))
    }));
    let metadata = read.unwrap_or_else(|_| Err("its schema makes the Parquet reader panic".to_owned()))?;
    let fields = metadata.schema().fields().iter().filter(|f| !known.contains(f.name().as_str()));
    Ok(fields.map(|f| Unknown { field: Arc::clone(f), metric: Metric::learn(table, f) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_knows_its_own_schema() {
        for table in Table::ALL {
            let schema = schema::table_schema(table);
            assert!(known_columns(table).eq(schema.fields().iter().map(|f| f.name().as_str())));
        }
    }
}
