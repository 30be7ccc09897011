//! Which rows of a file belong to which series, in tables whose index stops at the cgroup: processes, disks, interfaces.
//!
//! Owns: key columns → [`SubjectRun`]s of series, found once per file and kept. Must not: read values.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Int64Type;

use crate::metric::Table;
use crate::query::catalogue::{Catalogue, FileEntry, SubjectRun};
use crate::query::rows::LabelColumns;
use crate::query::scan::{OpenFile, ScanError, What};
use crate::store::columns::index_width;
use crate::store::schema::TIME;
use crate::store::tick::LabelValue;
use crate::subject::SubjectKey;

/// Series as numbers, never reused, for the tables whose index does not name them.
#[derive(Default)]
pub(crate) struct SeriesBook(Mutex<HashMap<SubjectKey, u32>>);

impl SeriesBook {
    /// The number of a series.
    pub(super) fn number(&self, key: SubjectKey) -> u32 {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = numbers.len() as u32;
        *numbers.entry(key).or_insert(new)
    }
}

/// Whether the index of a table names its series.
pub(super) fn indexed(table: Table) -> bool {
    index_width(table) == table.labels().len()
}

/// Rows looked at in one go.
const STRIDE: u32 = 1 << 16;

/// The runs of a file's series, in the order of rows; numbers are those of `book`.
pub(super) fn runs(
    entry: &FileEntry,
    file: &OpenFile<'_>,
    table: Table,
    catalogue: &Catalogue,
    book: &SeriesBook,
) -> Result<Arc<Vec<SubjectRun>>, ScanError> {
    if let Some(known) = file.cached(What::Series) {
        return Ok(known);
    }
    let width = index_width(table);
    let keys: Vec<usize> = table.key_labels().collect();
    let fine: Vec<usize> = keys.iter().copied().filter(|&i| i >= width).collect();
    let mut columns = Vec::new();
    for &i in &fine {
        columns.push(file.column(table.labels()[i].name)?);
    }
    let time = file.column(TIME)?.ok_or_else(|| ScanError::Bad("it has no column time".to_owned()))?;
    let mut found: Vec<SubjectRun> = Vec::new();
    for subject in &entry.runs {
        let labels = catalogue.books.of(table).labels(subject.subject);
        let key = |fine: &[LabelValue]| {
            let mut rest = fine.iter();
            let mut value = |&i: &usize| {
                let known = if i < width { labels.get(i) } else { rest.next() };
                known.cloned().unwrap_or(LabelValue::Null)
            };
            SubjectKey { table, values: keys.iter().map(&mut value).collect() }
        };
        let end = subject.first_row + subject.rows;
        let from = found.len();
        for start in (subject.first_row..end).step_by(STRIDE as usize) {
            let rows = start..end.min(start + STRIDE);
            let times = file.rows(time, rows.clone())?;
            let times = times.as_primitive_opt::<Int64Type>().ok_or_else(not_a_time)?;
            let mut arrays: Vec<ArrayRef> = Vec::new();
            for column in columns.iter().flatten() {
                arrays.push(file.rows(*column, rows.clone())?);
            }
            let here = LabelColumns::of(&arrays);
            for row in 0..rows.len() {
                let seen = times.value(row);
                if !subject.contains(seen) {
                    return Err(ScanError::misplaced());
                }
                let new = row == 0 || !here.same_as_before(row);
                if new {
                    let mut values = here.row(row).into_iter();
                    let read = |c: &Option<u16>| c.and_then(|_| values.next()).unwrap_or(LabelValue::Null);
                    let series = book.number(key(&columns.iter().map(read).collect::<Vec<_>>()));
                    let first_row = start + row as u32;
                    if found.len() == from || found.last().is_none_or(|r| r.subject != series) {
                        let part = subject.part;
                        found.push(SubjectRun {
                            subject: series,
                            first_row,
                            rows: 0,
                            part,
                            first_seen: seen,
                            last_seen: seen,
                        });
                    }
                }
                if let Some(run) = found.last_mut() {
                    run.rows += 1;
                    run.first_seen = run.first_seen.min(seen);
                    run.last_seen = run.last_seen.max(seen);
                }
            }
        }
    }
    let found = Arc::new(found);
    file.keep(What::Series, Arc::clone(&found), found.len() * size_of::<SubjectRun>());
    Ok(found)
}

fn not_a_time() -> ScanError {
    ScanError::Bad("its column time has another type".to_owned())
}
