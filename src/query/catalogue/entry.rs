//! Sealed files as the catalogue knows them.
//!
//! Owns: footer → [`FileEntry`], and which of them are to be read. Must not: touch files.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::book::Books;
use super::footer::Footer;
use crate::metric::{Label, LabelRepr, Table};
use crate::store::layout::{EVENTS, SealedPath};
use crate::store::schema::{Extent, IndexLabel, SubjectIndex};
use crate::store::tick::LabelValue;
use crate::time::{Micros, SECOND, TimeRange};

/// A sealed file.
#[derive(Debug)]
pub(crate) struct FileEntry {
    /// Never given twice in a process: another one when the file has changed.
    #[allow(dead_code, reason = "the key of caches of what was read from it")]
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
    /// From the first row to just after the last.
    pub(crate) fn seen(&self) -> TimeRange {
        TimeRange::new(self.first_seen, self.last_seen.saturating_add(1))
    }
}

/// Where a file stands and what the file system says of it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) place: SealedPath,
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
}

impl FileEntry {
    /// Puts a footer's subjects and runs into the books.
    pub(super) fn new(found: Found, footer: &Footer, books: &Books) -> Result<FileEntry, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let table = Table::from_name(&found.place.table);
        let runs = match table {
            Some(table) => subject_runs(table, footer, books)?,
            None => Vec::new(),
        };
        let parts: Vec<RunPart> = footer
            .runs
            .iter()
            .map(|r| RunPart { run: books.run(&r.run_id), extent: r.extent.clone() })
            .collect();
        // Events carry no index; they are noticed on their tick.
        let ticks = parts.iter().map(|p| &p.extent);
        let first = runs.iter().map(|r| r.first_seen).min();
        let last = runs.iter().map(|r| r.last_seen).max();
        let first = first.or_else(|| ticks.clone().map(|e| e.first_tick.saturating_sub(SECOND)).min());
        let after = |e: &Extent| e.last_tick.saturating_add(e.interval).saturating_add(SECOND);
        let last = last.or_else(|| ticks.map(after).max());
        Ok(FileEntry {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            path: found.path,
            size: found.size,
            modified: found.modified,
            table,
            events: found.place.table == EVENTS,
            stem: found.place.stem,
            identifier: found.place.identifier,
            rows: footer.rows,
            time: TimeRange::new(first.unwrap_or(0), last.unwrap_or(0).saturating_add(1)),
            parts,
            runs,
            sources: footer.sources.clone(),
        })
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

/// Label of an index that is not one of the table's: which run a subject's rows are of.
const RUN_LABEL: &str = "run_id";

fn subject_runs(table: Table, footer: &Footer, books: &Books) -> Result<Vec<SubjectRun>, String> {
    let (index, book) = (&footer.index, books.of(table));
    if footer.rows > u64::from(u32::MAX) {
        return Err(format!("{} rows in one file are more than fgm reads", footer.rows));
    }
    let labels = &table.labels()[..book.width()];
    let mut runs = Vec::with_capacity(index.rows.len());
    for s in 0..index.rows.len() {
        let of_subject: Vec<LabelValue> = labels.iter().map(|l| label(index, l, s)).collect();
        let run_id = index.labels.get(RUN_LABEL).map(|l| text(l, s));
        let part = match run_id {
            None => Some(0),
            Some(id) => footer.runs.iter().position(|r| id.is_some_and(|id| r.run_id == id)),
        };
        let part = part.and_then(|p| u16::try_from(p).ok());
        runs.push(SubjectRun {
            subject: book.number(&of_subject),
            first_row: index.first_row[s] as u32,
            rows: index.rows[s] as u32,
            part: part.ok_or("its footer's fgm.subjects names a run that fgm.runs does not")?,
            first_seen: index.first_seen[s],
            last_seen: index.last_seen[s],
        });
    }
    Ok(runs)
}

fn text(label: &IndexLabel, subject: usize) -> Option<&str> {
    match label {
        IndexLabel::SameText(s) => Some(s),
        IndexLabel::Texts(v) => v.get(subject)?.as_deref(),
        IndexLabel::SameInt(_) | IndexLabel::Ints(_) => None,
    }
}

fn label(index: &SubjectIndex, label: &Label, subject: usize) -> LabelValue {
    match (index.labels.get(label.name), label.repr) {
        (Some(values), LabelRepr::Text) => LabelValue::maybe(text(values, subject)),
        (Some(IndexLabel::SameInt(n)), LabelRepr::Int) => LabelValue::Int(*n),
        (Some(IndexLabel::Ints(v)), LabelRepr::Int) => {
            v.get(subject).copied().flatten().map_or(LabelValue::Null, LabelValue::Int)
        }
        _ => LabelValue::Null,
    }
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
