//! What there is to query: sealed files and open segments, kept current as both change.
//!
//! Owns: finding them, each footer read once, the rule that a row is never counted both from a segment and from the
//! file that it became. Must not: read rows of sealed files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use super::error::QueryError;
use super::footer::{self, FileEntry};
use super::model::{Overview, Problem};
use crate::metric::Table;
use crate::store::layout::{OPEN_DIR, SEALED_EXT, SEGMENT_EXT};
use crate::store::read::{SegmentData, SegmentReader};
use crate::store::schema::Extent;
use crate::store::seal;
use crate::store::segment::{self, Head};
use crate::time::TimeRange;

/// An open segment and what has been read from it so far.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) head: Head,
    data: RwLock<SegmentData>,
    /// Tables whose sealed file already exists: their rows are taken from there.
    sealed: HashSet<Table>,
    live: bool,
}

impl OpenSegment {
    /// What has been read so far.
    pub(crate) fn data(&self) -> RwLockReadGuard<'_, SegmentData> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this table's rows are to be taken from here.
    pub(crate) fn serves(&self, table: Table) -> bool {
        !self.sealed.contains(&table)
    }

    pub(crate) fn extent(&self) -> Option<Extent> {
        seal::extent(&self.head, &self.data())
    }
}

/// One consistent view of a recording.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// By time of the first tick.
    pub(crate) files: Vec<Arc<FileEntry>>,
    pub(crate) segments: Vec<Arc<OpenSegment>>,
    pub(crate) overview: Arc<Overview>,
}

struct Known {
    size: u64,
    modified: Option<SystemTime>,
    entry: Result<Arc<FileEntry>, Problem>,
}

struct Tail {
    reader: SegmentReader,
    segment: Arc<OpenSegment>,
}

/// Finds files and segments again and again and remembers what it has read of them.
pub(crate) struct Scanner {
    roots: Vec<PathBuf>,
    known: HashMap<PathBuf, Known>,
    tails: HashMap<PathBuf, Tail>,
    generation: u64,
}

#[derive(Default)]
struct Found {
    segments: BTreeSet<PathBuf>,
    sealed: BTreeSet<PathBuf>,
}

impl Scanner {
    /// Scans `paths`: files, directories or globs.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Scanner, QueryError> {
        let mut roots = Vec::new();
        for path in paths {
            match fs::metadata(path) {
                Ok(_) => roots.push(path.clone()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => roots.extend(expand(path)?),
                Err(source) => return Err(QueryError::Unreadable { path: path.clone(), source }),
            }
        }
        let canonical = |p: PathBuf| fs::canonicalize(&p).unwrap_or(p);
        let roots: Vec<PathBuf> = roots.into_iter().map(canonical).collect();
        for root in roots.iter().filter(|r| r.is_dir()) {
            fs::read_dir(root).map_err(|source| QueryError::Unreadable { path: root.clone(), source })?;
        }
        Ok(Scanner { roots, known: HashMap::new(), tails: HashMap::new(), generation: 0 })
    }

    /// Looks again; `None` when nothing has changed.
    pub(crate) fn scan(&mut self) -> Option<Catalogue> {
        let mut problems = Vec::new();
        // Segments are opened before files are listed: what is sealed in between is seen in the list, and dropped here.
        let mut changed = self.scan_segments(&mut problems);
        let found = self.find();
        changed |= self.scan_files(&found.sealed, &mut problems);
        changed |= self.drop_what_is_sealed();
        if !changed && self.generation > 0 {
            return None;
        }
        self.generation += 1;
        let mut files: Vec<_> = self.known.values().filter_map(|k| k.entry.as_ref().ok().cloned()).collect();
        files.sort_by(|a, b| (a.extent.first_tick, &a.path).cmp(&(b.extent.first_tick, &b.path)));
        let mut segments: Vec<_> = self.tails.values().map(|t| Arc::clone(&t.segment)).collect();
        segments.sort_by_key(|s| s.head.place.first_tick);
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        let overview = Arc::new(overview(self.generation, &files, &segments, problems));
        Some(Catalogue { files, segments, overview })
    }

    fn find(&self) -> Found {
        let mut found = Found::default();
        for root in &self.roots {
            collect(root, 0, &mut found);
        }
        found
    }

    fn scan_segments(&mut self, problems: &mut Vec<Problem>) -> bool {
        let mut changed = false;
        let listed = self.find().segments;
        let before = self.tails.len();
        self.tails.retain(|path, _| listed.contains(path));
        changed |= self.tails.len() != before;
        for path in listed {
            let opened = match self.tails.remove(&path) {
                Some(tail) => Ok(tail),
                None => SegmentReader::open(&path).map(|reader| {
                    changed = true;
                    let head = reader.head().clone();
                    let data = RwLock::new(SegmentData::new(&Table::ALL));
                    let segment = OpenSegment { head, data, sealed: HashSet::new(), live: false };
                    Tail { reader, segment: Arc::new(segment) }
                }),
            };
            let polled = opened.and_then(|mut tail| {
                let mut data = tail.segment.data.write().unwrap_or_else(PoisonError::into_inner);
                changed |= tail.reader.poll(&mut data)?;
                drop(data);
                changed |= tail.set_live(segment::is_live(&path));
                Ok(tail)
            });
            match polled {
                Ok(tail) => {
                    self.tails.insert(path, tail);
                }
                // Sealed between listing and opening: its rows are in files now.
                Err(_) if !path.exists() => changed = true,
                Err(e) => problems.push(Problem { path, reason: e.to_string() }),
            }
        }
        changed
    }

    fn scan_files(&mut self, listed: &BTreeSet<PathBuf>, problems: &mut Vec<Problem>) -> bool {
        let before = self.known.len();
        self.known.retain(|path, _| listed.contains(path));
        let mut changed = self.known.len() != before;
        for path in listed {
            let stat = fs::metadata(path).ok();
            let (size, modified) = stat.map_or((0, None), |m| (m.len(), m.modified().ok()));
            let same = self.known.get(path).is_some_and(|k| k.size == size && k.modified == modified);
            if !same {
                changed = true;
                let entry =
                    footer::read(path).map(Arc::new).map_err(|reason| Problem { path: path.clone(), reason });
                self.known.insert(path.clone(), Known { size, modified, entry });
            }
        }
        problems.extend(self.known.values().filter_map(|k| k.entry.as_ref().err().cloned()));
        changed
    }

    fn drop_what_is_sealed(&mut self) -> bool {
        let mut by_stem: HashMap<&str, HashSet<Table>> = HashMap::new();
        for entry in self.known.values().filter_map(|k| k.entry.as_ref().ok()) {
            if let Some(table) = entry.table {
                by_stem.entry(&entry.stem).or_default().insert(table);
            }
        }
        let mut changed = false;
        for tail in self.tails.values_mut() {
            let stem = tail.segment.head.place.stem();
            let sealed = by_stem.get(stem.as_str()).cloned().unwrap_or_default();
            if sealed != tail.segment.sealed {
                changed = true;
                tail.replace(|s| s.sealed = sealed);
            }
        }
        changed
    }
}

impl Tail {
    fn set_live(&mut self, live: bool) -> bool {
        let changed = self.segment.live != live;
        if changed {
            self.replace(|s| s.live = live);
        }
        changed
    }

    /// Changes what queries under way may be looking at: they keep the old one.
    fn replace(&mut self, change: impl FnOnce(&mut OpenSegment)) {
        let old = &self.segment;
        let data = old.data().clone();
        let mut new = OpenSegment {
            head: old.head.clone(),
            data: RwLock::new(data),
            sealed: old.sealed.clone(),
            live: old.live,
        };
        change(&mut new);
        self.segment = Arc::new(new);
    }
}

/// Files that match a path with `*`, `?` or `[…]`.
fn expand(path: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return Err(QueryError::Missing(path.to_owned()));
    }
    let matches: Vec<PathBuf> = glob::glob(&text).map(|g| g.flatten().collect()).unwrap_or_default();
    if matches.is_empty() { Err(QueryError::NoMatch(text.into_owned())) } else { Ok(matches) }
}

/// Directories below a root deeper than this hold no recording of ours.
const MAX_DEPTH: usize = 8;

/// Collects sealed files and segments at or below a path. Hidden directories other than the one of open segments are
/// not entered, nor links to directories (they may lead in circles); hidden files are still being written.
fn collect(path: &Path, depth: usize, found: &mut Found) {
    let Ok(entries) = fs::read_dir(path) else { return take(path, found) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.') && name != OPEN_DIR;
        match entry.file_type() {
            _ if hidden => {}
            Ok(t) if t.is_dir() && depth < MAX_DEPTH => collect(&entry.path(), depth + 1, found),
            Ok(t) if !t.is_dir() => take(&entry.path(), found),
            _ => {}
        }
    }
}

fn take(path: &Path, found: &mut Found) {
    match path.extension().and_then(|e| e.to_str()) {
        Some(SEALED_EXT) => found.sealed.insert(path.to_owned()),
        Some(SEGMENT_EXT) => found.segments.insert(path.to_owned()),
        _ => false,
    };
}

fn overview(
    generation: u64,
    files: &[Arc<FileEntry>],
    segments: &[Arc<OpenSegment>],
    problems: Vec<Problem>,
) -> Overview {
    let mut tables = BTreeSet::new();
    let mut identifiers = BTreeSet::new();
    // Every table of a rotation says the same of its ticks: count each stem once.
    let mut extents: HashMap<String, Extent> = HashMap::new();
    for f in files {
        tables.extend(f.table);
        identifiers.extend(f.identifier.clone());
        extents.entry(f.stem.clone()).or_insert_with(|| f.extent.clone());
    }
    for s in segments {
        tables.extend(s.data().tables.iter().filter(|t| !t.rows.is_empty()).map(|t| t.table));
        identifiers.insert(s.head.place.identifier.clone());
        if let Some(extent) = s.extent() {
            extents.insert(s.head.place.stem(), extent);
        }
    }
    let range = extents
        .values()
        .map(|e| TimeRange::new(e.first_tick, e.last_tick + e.interval))
        .reduce(TimeRange::union);
    let interval = extents.values().max_by_key(|e| e.last_tick).map_or(crate::time::SECOND, |e| e.interval);
    Overview {
        generation,
        range,
        interval,
        tables: tables.into_iter().collect(),
        files: files.len(),
        segments: segments.len(),
        live: segments.iter().any(|s| s.live),
        lost_ticks: extents.values().map(Extent::lost).sum(),
        identifiers: identifiers.into_iter().collect(),
        problems,
    }
}
