//! Looking again and again.
//!
//! Owns: what was read of which file and segment, and that only what has changed is read again. Must not: parse.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::super::error::QueryError;
use super::super::model::Problem;
use super::adopted::Adopted;
use super::cache::{self, Cache};
use super::entry::without_superseded;
use super::find::{self, Stat, Visitor};
use super::segments::Tail;
use super::{Books, Catalogue, FileEntry, overview, reader};
use crate::metric::Table;

/// Finds files and segments again and again and remembers what it has read of them.
pub(crate) struct Scanner {
    roots: Vec<PathBuf>,
    books: Arc<Books>,
    known: HashMap<PathBuf, Known>,
    tails: HashMap<PathBuf, Tail>,
    problems: Vec<Problem>,
    adopted: Adopted,
    cache: Option<Cache>,
    /// Files read since the cache was written.
    fresh: usize,
    generation: u64,
}

struct Known {
    stat: Stat,
    entry: Result<Arc<FileEntry>, String>,
}

/// One walk's findings; segments are opened and read as they are found.
#[derive(Default)]
struct Walk {
    before: HashMap<PathBuf, Tail>,
    tails: HashMap<PathBuf, Tail>,
    sealed: HashMap<PathBuf, Stat>,
    problems: Vec<Problem>,
    changed: bool,
}

impl Scanner {
    /// Scans `paths`: files, directories or globs.
    pub(crate) fn new(paths: &[PathBuf]) -> Result<Scanner, QueryError> {
        let mut roots = Vec::new();
        for path in paths {
            match fs::metadata(path) {
                Ok(_) => roots.push(path.clone()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => roots.extend(find::expand(path)?),
                Err(source) => return Err(QueryError::Unreadable { path: path.clone(), source }),
            }
        }
        let canonical = |p: PathBuf| fs::canonicalize(&p).unwrap_or(p);
        let roots: Vec<PathBuf> = roots.into_iter().map(canonical).collect();
        for root in roots.iter().filter(|r| r.is_dir()) {
            fs::read_dir(root).map_err(|source| QueryError::Unreadable { path: root.clone(), source })?;
        }
        Ok(Scanner {
            roots,
            books: Arc::default(),
            known: HashMap::new(),
            tails: HashMap::new(),
            problems: Vec::new(),
            adopted: Adopted::default(),
            cache: None,
            fresh: 0,
            generation: 0,
        })
    }

    /// Keeps what it reads in this directory, and looks there first.
    pub(crate) fn with_cache(mut self, directory: Option<&Path>) -> Scanner {
        self.cache = directory.map(|d| Cache::new(d, &self.roots));
        self
    }

    /// Looks again; `None` when nothing has changed.
    pub(crate) fn scan(&mut self) -> Option<Catalogue> {
        let bad = self.books.events.take_problems();
        let condemned = !bad.is_empty();
        for problem in bad {
            self.condemn(problem);
        }
        let mut walk = Walk { before: std::mem::take(&mut self.tails), ..Walk::default() };
        find::walk(&self.roots, &mut walk);
        let mut changed = condemned || walk.changed || !walk.before.is_empty();
        self.tails = walk.tails;
        let mut problems = walk.problems;
        problems.extend(self.adopted.exchange(&mut walk.sealed));
        changed |= self.read_files(walk.sealed);
        problems.extend(self.known.iter().filter_map(|(path, k)| {
            Some(Problem { path: path.clone(), reason: k.entry.as_ref().err()?.clone() })
        }));
        problems.sort_by(|a, b| a.path.cmp(&b.path));
        problems.dedup();
        changed |= problems != self.problems;
        self.problems.clone_from(&problems);
        changed |= self.drop_what_is_sealed();
        if !changed && self.generation > 0 {
            return None;
        }
        self.generation += 1;
        let files: Vec<_> = self.known.values().filter_map(|k| k.entry.as_ref().ok().cloned()).collect();
        let mut files = without_superseded(files);
        files.sort_by(|a, b| (a.first_tick(), &a.path).cmp(&(b.first_tick(), &b.path)));
        self.books.events.retain(&files.iter().map(|f| f.id).collect());
        let mut segments: Vec<_> = self.tails.values().map(|t| Arc::clone(&t.segment)).collect();
        segments.sort_by_key(|s| s.head.place.first_tick);
        for s in &segments {
            self.books.run(s.head.run.run_id.as_str());
        }
        let overview = Arc::new(overview::of(self.generation, &files, &segments, &self.books, problems));
        Some(Catalogue { files, segments, books: Arc::clone(&self.books), overview, names: OnceLock::new() })
    }

    /// From the next look on, a file whose rows turned out not to be readable is bad, until it changes.
    pub(crate) fn condemn(&mut self, problem: Problem) {
        if let Some(known) = self.known.get_mut(&problem.path) {
            known.entry = Err(problem.reason);
        }
    }

    fn read_files(&mut self, found: HashMap<PathBuf, Stat>) -> bool {
        let before = self.known.len();
        self.known.retain(|path, k| found.get(path) == Some(&k.stat));
        let mut changed = self.known.len() != before;
        let mut new: Vec<_> = found.into_iter().filter(|(path, _)| !self.known.contains_key(path)).collect();
        changed |= !new.is_empty();
        new.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(cache) =
            self.cache.as_ref().filter(|_| self.generation == 0 && new.len() >= cache::MIN_FILES)
        {
            let mut remembered = cache.load(&self.books);
            new.retain(|(path, stat)| {
                let Some((was, entry)) = remembered.remove(path).filter(|(was, _)| was == stat) else {
                    return true;
                };
                self.known.insert(path.clone(), Known { stat: was, entry: Ok(Arc::new(entry)) });
                false
            });
        }
        self.fresh += new.len();
        for (path, stat, outcome) in reader::read_all(&new, &self.books) {
            self.known.insert(path, Known { stat, entry: outcome.map(Arc::new) });
        }
        if let Some(cache) = self.cache.as_mut().filter(|_| self.fresh >= cache::MIN_FILES) {
            self.fresh = 0;
            let good = self
                .known
                .values()
                .filter_map(|k| Some((k.stat.clone(), Arc::clone(k.entry.as_ref().ok()?))));
            cache.save(good.collect(), Arc::clone(&self.books));
        }
        changed
    }

    fn drop_what_is_sealed(&mut self) -> bool {
        if self.tails.is_empty() {
            return false;
        }
        let mut by_stem: HashMap<&str, HashSet<Table>> = HashMap::new();
        for entry in self.known.values().filter_map(|k| k.entry.as_ref().ok()) {
            if let Some(table) = entry.table {
                by_stem.entry(&entry.stem).or_default().insert(table);
                // A compacted file may be there before the segment of a source has gone.
                for source in &entry.sources {
                    by_stem.entry(source).or_default().insert(table);
                }
            }
        }
        let mut changed = false;
        for tail in self.tails.values_mut() {
            let stem = tail.segment.head.place.stem();
            changed |= tail.set_sealed(by_stem.get(stem.as_str()).cloned().unwrap_or_default());
        }
        changed
    }
}

impl Visitor for Walk {
    fn segment(&mut self, path: PathBuf) {
        let opened = match self.before.remove(&path) {
            Some(tail) => Ok(tail),
            None => Tail::open(&path).inspect(|_| self.changed = true),
        };
        let polled = opened.and_then(|mut tail| {
            self.changed |= tail.poll()?;
            Ok(tail)
        });
        match polled {
            Ok(tail) => {
                self.tails.insert(path, tail);
            }
            // Sealed between listing and opening: its rows are in files now.
            Err(_) if !path.exists() => self.changed = true,
            Err(e) => self.problem(Problem { path, reason: e.to_string() }),
        }
    }

    fn sealed(&mut self, path: PathBuf, stat: Stat) {
        self.sealed.insert(path, stat);
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}
