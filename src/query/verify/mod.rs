//! Is a recording whole? (QRY-6)
//!
//! Owns: what is looked at, findings and their weight, what files have to agree on. Must not: change anything, or hold
//! more than one batch of one file and what is known of its subjects.

mod file;
mod groups;
mod overlap;
mod segment;
mod walk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::QueryError;
use crate::metric::Table;
use crate::store::schema::Extent;

/// Findings per file beyond which the rest is only counted.
const MAX_PER_FILE: usize = 20;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Nothing is wrong; it is good to know.
    Note,
    /// Something is not as it should be.
    Problem,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// Where.
    pub path: PathBuf,
    /// One line.
    pub what: String,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Sealed files that could be read to their end.
    pub files: u64,
    /// Open segments that could be read.
    pub segments: u64,
    /// Files and segments of which nothing could be used.
    pub unreadable: u64,
    /// Rows, those of superseded files left out.
    pub rows: u64,
    /// Bytes of what was read.
    pub bytes: u64,
    /// Ticks that recorders say they have lost.
    pub lost_ticks: i64,
    /// Findings that are problems.
    pub problems: u64,
    /// Findings that are not.
    pub notes: u64,
}

/// One run in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RunPart {
    run_id: String,
    extent: Extent,
}

/// What is remembered of a file that could be read.
#[derive(Debug)]
struct Checked {
    path: PathBuf,
    table: Option<Table>,
    stem: String,
    rows: u64,
    parts: Vec<RunPart>,
    /// First and last tick number of each run, by the rows.
    ticks: BTreeMap<String, (i64, i64)>,
    /// Stems that it replaces.
    sources: Vec<String>,
}

/// Collects findings and hands them on.
struct Findings<'a> {
    take: &'a mut dyn FnMut(Finding),
    path: PathBuf,
    of_this: usize,
    problems: u64,
    notes: u64,
}

impl Findings<'_> {
    fn about(&mut self, path: &Path) {
        if self.of_this > MAX_PER_FILE {
            let more = format!("and {} findings more", self.of_this - MAX_PER_FILE);
            (self.take)(Finding { weight: Weight::Note, path: self.path.clone(), what: more });
        }
        self.of_this = 0;
        path.clone_into(&mut self.path);
    }

    fn add(&mut self, weight: Weight, what: String) {
        match weight {
            Weight::Problem => self.problems += 1,
            Weight::Note => self.notes += 1,
        }
        self.of_this += 1;
        if self.of_this <= MAX_PER_FILE {
            (self.take)(Finding { weight, path: self.path.clone(), what });
        }
    }

    fn problem(&mut self, what: impl Into<String>) {
        self.add(Weight::Problem, what.into());
    }

    fn note(&mut self, what: impl Into<String>) {
        self.add(Weight::Note, what.into());
    }

    /// Runs a check; a panic within it is a finding as well.
    fn guard<T>(&mut self, check: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| check(self)));
        done.unwrap_or_else(|_| {
            self.problem("makes the Parquet reader panic");
            None
        })
    }
}

/// Checks everything at or below `paths` (files, directories, globs) and hands each finding to `take` as it is made.
pub fn verify(paths: &[PathBuf], take: &mut dyn FnMut(Finding)) -> Result<Summary, QueryError> {
    let found = walk::walk(paths)?;
    let mut f = Findings { take, path: PathBuf::new(), of_this: 0, problems: 0, notes: 0 };
    let mut sum = Summary::default();
    for (path, what) in &found.leftovers {
        f.about(path);
        f.note(*what);
    }
    let mut checked = Vec::new();
    for path in &found.sealed {
        f.about(path);
        match f.guard(|f| file::check(path, f)) {
            Some(c) => {
                sum.bytes += std::fs::metadata(path).map_or(0, |m| m.len());
                checked.push(c);
            }
            None => sum.unreadable += 1,
        }
    }
    for path in &found.manifests {
        f.about(path);
        if std::fs::read(path).map_or(true, |b| serde_json::from_slice::<serde_json::Value>(&b).is_err()) {
            f.problem("this run's description is not whole JSON");
        }
    }
    let superseded = superseded(&checked, &mut f);
    checked.retain(|c| !superseded.contains(&c.path));
    sum.files = (checked.len() + superseded.len()) as u64;
    sum.rows = checked.iter().map(|c| c.rows).sum();
    sum.lost_ticks = lost(&checked);
    overlap::check(&checked, &mut f);
    let sealed: HashSet<&str> = checked.iter().map(|c| c.stem.as_str()).collect();
    for path in &found.segments {
        f.about(path);
        match f.guard(|f| segment::check(path, &sealed, f)) {
            Some(s) => {
                sum.segments += 1;
                sum.rows += s.rows;
                sum.lost_ticks += s.lost_ticks;
                sum.bytes += std::fs::metadata(path).map_or(0, |m| m.len());
            }
            None => sum.unreadable += 1,
        }
    }
    f.about(Path::new(""));
    (sum.problems, sum.notes) = (f.problems, f.notes);
    Ok(sum)
}

/// Files whose rows another one has as well; readers leave them out.
fn superseded(checked: &[Checked], f: &mut Findings<'_>) -> HashSet<PathBuf> {
    let mut by: HashMap<(Option<Table>, &str), &Path> = HashMap::new();
    for c in checked {
        by.extend(c.sources.iter().map(|s| ((c.table, s.as_str()), c.path.as_path())));
    }
    let mut all = HashSet::new();
    for c in checked {
        let Some(newer) = by.get(&(c.table, c.stem.as_str())).filter(|p| **p != c.path) else { continue };
        f.about(&c.path);
        f.note(format!("compacted into {} and not read any more; it can go", newer.display()));
        all.insert(c.path.clone());
    }
    all
}

/// Ticks lost by each run; every table of a rotation says the same, so each range counts once.
fn lost(checked: &[Checked]) -> i64 {
    let mut ranges: HashSet<(&str, i64, i64)> = HashSet::new();
    for part in checked.iter().flat_map(|c| &c.parts) {
        ranges.extend(part.extent.lost_ticks.iter().map(|&(a, b)| (part.run_id.as_str(), a, b)));
    }
    // A footer may hold any numbers.
    ranges.iter().fold(0i64, |n, (_, a, b)| n.saturating_add(b.saturating_sub(*a).saturating_add(1)))
}
