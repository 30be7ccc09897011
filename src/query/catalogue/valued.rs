//! Which metrics have a value anywhere.
//!
//! Owns: adding up what footers and open segments say of each column. Must not: read rows of sealed files.

use std::collections::HashMap;
use std::sync::Arc;

use super::{FileEntry, Layout, OpenSegment};
use crate::metric::{Metric, Table};
use crate::store::read::SegmentData;
use crate::store::tick::NULL;

/// The metrics of a segment's tables that have been seen with a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Valued {
    /// By the number of the table: the cells looked at, and for each metric whether it had a value.
    tables: Vec<(usize, Vec<bool>)>,
}

impl Valued {
    /// Looks at what has been read since the last call.
    pub(super) fn read_on(&mut self, data: &SegmentData) {
        self.tables.resize_with(data.tables.len(), Default::default);
        for (table, (done, seen)) in data.tables.iter().zip(&mut self.tables) {
            let width = table.table.metrics().len();
            seen.resize(width, false);
            if !seen.iter().all(|s| *s) {
                for row in table.cells.get(*done..).unwrap_or_default().chunks(width) {
                    seen.iter_mut().zip(row).for_each(|(s, cell)| *s |= *cell != NULL);
                }
            }
            *done = table.cells.len();
        }
    }

    fn has(&self, table: Table, metric: usize) -> bool {
        self.tables.get(table as usize).is_some_and(|(_, seen)| seen.get(metric) == Some(&true))
    }
}

/// The metrics with values: in the order of the dictionary, each table's unknown ones after its own.
pub(super) fn metrics(files: &[Arc<FileEntry>], segments: &[Arc<OpenSegment>]) -> Vec<&'static Metric> {
    let mut by_layout: HashMap<*const Layout, (&FileEntry, Vec<bool>)> = HashMap::new();
    for f in files {
        let columns = f.layout.columns.len();
        let (_, seen) =
            by_layout.entry(Arc::as_ptr(&f.layout)).or_insert_with(|| (f.as_ref(), vec![false; columns]));
        (0..columns).for_each(|i| seen[i] |= f.has_values(i));
    }
    let of_column = |(layout, at): (&Layout, usize)| {
        let name = layout.columns[at].as_str();
        match layout.unknown.iter().find(|u| u.field.name() == name) {
            Some(unknown) => unknown.metric,
            None => layout.table.and_then(|t| Metric::find(t, name)),
        }
    };
    let seen = by_layout.values().flat_map(|(file, seen)| {
        let with_values = (0..seen.len()).filter(|i| seen[*i]);
        with_values.map(|i| (file.layout.as_ref(), i))
    });
    let mut found: Vec<&'static Metric> = seen.filter_map(of_column).collect();
    for s in segments {
        let valued = s.valued();
        for table in Table::ALL.into_iter().filter(|t| s.serves(*t)) {
            let seen = table.metrics().iter().enumerate().filter(|(i, _)| valued.has(table, *i));
            found.extend(seen.map(|(_, m)| m));
        }
    }
    let rank = |m: &&'static Metric| {
        let known = m.table.metric_index(m.name);
        (m.table, known.unwrap_or(usize::MAX), m.name)
    };
    found.sort_by_cached_key(rank);
    found.dedup();
    found
}
