//! Sealed files as the catalogue knows them.
//!
//! Owns: footer → [`FileEntry`], and which of them are to be read. Must not: touch files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::Books;
use super::find::Stat;
use super::footer::{Footer, RunExtent};
use super::index::IndexReader;
use super::layout::Layout;
use crate::metric::Table;
use crate::store::layout::{self, EVENTS, SealedPath};
use crate::store::schema::Extent;
use crate::time::{Micros, SECOND, TimeRange};

/// A sealed file.
#[derive(Debug)]
pub(crate) struct FileEntry {
    /// Never given twice in a process: another one when the file has changed.
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
    /// `None` for what is not in the dictionary, events among them.
    pub(crate) table: Option<Table>,
    /// Whether it holds events.
    pub(crate) events: bool,
    pub(crate) stem: String,
    pub(crate) identifier: Option<String>,
    pub(crate) rows: u64,
    /// By time; one, but for compacted files.
    pub(crate) parts: Vec<RunPart>,
    /// Of the column `time`: end excluded.
    pub(crate) time: TimeRange,
    /// Contiguous, in the order of rows, and all of them; none in tables without an index.
    pub(crate) runs: Vec<SubjectRun>,
    /// Its columns.
    pub(crate) layout: Arc<Layout>,
    /// A bit for each column that has values, as in the footer.
    pub(super) values: Option<Box<[u8]>>,
    /// Files whose rows this one has.
    pub(crate) sources: Vec<String>,
}

/// What a file has of one run of a recorder.
#[derive(Clone, Debug)]
pub(crate) struct RunPart {
    /// Number of the run in [`Books`].
    pub(crate) run: u32,
    pub(crate) extent: Extent,
}

/// Consecutive rows of one subject and one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubjectRun {
    /// Number of the subject in the table's book.
    pub(crate) subject: u32,
    pub(crate) first_row: u32,
    pub(crate) rows: u32,
    /// Position in [`FileEntry::parts`].
    pub(crate) part: u16,
    /// Time of the first row.
    pub(crate) first_seen: Micros,
    /// Time of the last row.
    pub(crate) last_seen: Micros,
}

impl SubjectRun {
    /// Whether it can have a row of this time.
    pub(crate) fn contains(&self, time: Micros) -> bool {
        self.first_seen <= time && time <= self.last_seen
    }

    /// From the first row to just after the last.
    pub(crate) fn seen(&self) -> TimeRange {
        TimeRange::new(self.first_seen, self.last_seen.saturating_add(1))
    }
}

/// What a footer says, in numbers of the books.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) rows: u64,
    pub(super) parts: Vec<RunPart>,
    pub(super) runs: Vec<SubjectRun>,
    pub(super) values: Option<Box<[u8]>>,
    pub(super) sources: Vec<String>,
}

impl FileEntry {
    /// Puts a footer's columns, subjects and runs into the books.
    pub(super) fn new(
        path: &Path,
        stat: &Stat,
        footer: Footer<'_>,
        index: &mut IndexReader,
        books: &Books,
    ) -> Result<FileEntry, String> {
        let place = place(path)?;
        let runs = match Table::from_name(&place.table) {
            Some(table) => index.read(table, &footer, books)?,
            None => Vec::new(),
        };
        let part = |r: RunExtent| RunPart { run: books.run(&r.run_id), extent: r.extent };
        let Footer { rows, schema, values, sources, .. } = footer;
        let parts = footer.runs.into_iter().map(part).collect();
        FileEntry::assemble(path, stat, place, schema, Contents { rows, parts, runs, values, sources }, books)
    }

    /// The same from a cache, whose books had other numbers of subjects: `subjects` are ours, by table.
    pub(super) fn of_cache(
        path: &Path,
        stat: &Stat,
        schema: &[u8],
        mut contents: Contents,
        books: &Books,
        subjects: &[Vec<u32>],
    ) -> Result<FileEntry, String> {
        let place = place(path)?;
        let numbers = Table::from_name(&place.table).and_then(|t| subjects.get(t as usize));
        for run in &mut contents.runs {
            let number = numbers.and_then(|n| n.get(run.subject as usize));
            run.subject = *number.ok_or("a subject that is not in the cache")?;
        }
        FileEntry::assemble(path, stat, place, schema, contents, books)
    }

    fn assemble(
        path: &Path,
        stat: &Stat,
        place: SealedPath,
        schema: &[u8],
        contents: Contents,
        books: &Books,
    ) -> Result<FileEntry, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let table = Table::from_name(&place.table);
        let layout = books.layouts.of(path, table, schema)?;
        let Contents { rows, parts, runs, values, sources } = contents;
        // Events carry no index; they are noticed on their tick.
        let ticks = parts.iter().map(|p| &p.extent);
        let first = runs.iter().map(|r| r.first_seen).min();
        let last = runs.iter().map(|r| r.last_seen).max();
        let first = first.or_else(|| ticks.clone().map(|e| e.first_tick.saturating_sub(SECOND)).min());
        let after = |e: &Extent| e.last_tick.saturating_add(e.interval).saturating_add(SECOND);
        let last = last.or_else(|| ticks.map(after).max());
        Ok(FileEntry {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            path: path.to_owned(),
            size: stat.size,
            modified: stat.modified,
            table,
            events: place.table == EVENTS,
            stem: place.stem,
            identifier: place.identifier,
            rows,
            time: TimeRange::new(first.unwrap_or(0), last.unwrap_or(0).saturating_add(1)),
            parts,
            runs,
            layout,
            values,
            sources,
        })
    }

    /// Whether a column can have values here; what a file does not say of its columns is taken for yes.
    pub(crate) fn may_have(&self, column: &str) -> bool {
        self.layout.columns.iter().position(|c| c == column).is_some_and(|at| self.has_values(at))
    }

    /// The same of the column at a position of the layout.
    pub(super) fn has_values(&self, at: usize) -> bool {
        let Some(bits) = &self.values else { return true };
        bits.get(at / 8).is_none_or(|byte| byte >> (at % 8) & 1 == 1)
    }

    /// Its first tick.
    pub(crate) fn first_tick(&self) -> Micros {
        self.parts.iter().map(|p| p.extent.first_tick).min().unwrap_or(self.time.start)
    }

    /// Its last tick.
    pub(crate) fn last_tick(&self) -> Micros {
        self.parts.iter().map(|p| p.extent.last_tick).max().unwrap_or(self.time.end)
    }
}

fn place(path: &Path) -> Result<SealedPath, String> {
    layout::parse_sealed(path).ok_or_else(|| "not in a table's directory".to_owned())
}

/// Leaves out files whose rows stand in a compacted one, which happens when compaction was stopped between completing
/// its result and removing what went into it.
pub(super) fn without_superseded(files: Vec<Arc<FileEntry>>) -> Vec<Arc<FileEntry>> {
    if files.iter().all(|f| f.sources.is_empty()) {
        return files;
    }
    let sources: HashSet<_> =
        files.iter().flat_map(|f| f.sources.iter().map(|s| (f.table, f.events, s.clone()))).collect();
    files.into_iter().filter(|f| !sources.contains(&(f.table, f.events, f.stem.clone()))).collect()
}
