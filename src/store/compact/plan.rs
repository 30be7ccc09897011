//! Which files are merged with which (specs/decisions/0010).
//!
//! Owns: finding closed files, and the spans whose files become one. Must not: open them.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::metric::Table;
use crate::store::layout::{self, EVENTS, OPEN_DIR, SEGMENT_EXT};
use crate::time::{self, Micros, SECOND};

/// Files of one merge: each keeps a descriptor open.
const MOST_FILES: usize = 64;
/// A file of this part of the most that is merged stays as it is: little is gained by making it larger.
const LARGE: u64 = 4;
const HOUR: Micros = 3600 * SECOND;
const DAY: Micros = 24 * HOUR;

/// A closed file by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) path: PathBuf,
    /// Name without extension.
    pub(super) stem: String,
    /// Time of its first tick.
    pub(super) time: Micros,
    pub(super) len: u64,
}

/// The closed files of one table, date and identifier, by time.
#[derive(Debug)]
pub(super) struct Partition {
    /// `None` for events.
    pub(super) table: Option<Table>,
    pub(super) dir: PathBuf,
    pub(super) files: Vec<Closed>,
}

/// Every partition that has closed files, of all identifiers but the spared ones.
pub(super) fn partitions(root: &Path, spared: &HashSet<String>) -> Vec<Partition> {
    let mut all = Vec::new();
    for name in Table::ALL.iter().map(|t| t.name()).chain([EVENTS]) {
        for day in directories(&root.join(name), "dt=") {
            for dir in directories(&day, "identifier=") {
                let identifier = dir.file_name().and_then(|n| n.to_str()?.strip_prefix("identifier="));
                if identifier.is_none_or(|i| spared.contains(i)) {
                    continue;
                }
                let files = closed(&dir);
                if !files.is_empty() {
                    all.push(Partition { table: Table::from_name(name), dir, files });
                }
            }
        }
    }
    all
}

fn directories(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    // Links are not followed: what they point to is not ours.
    let own = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    let mut all: Vec<PathBuf> =
        own.filter(|e| e.file_name().to_string_lossy().starts_with(prefix)).map(|e| e.path()).collect();
    all.sort();
    all
}

fn closed(dir: &Path) -> Vec<Closed> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<Closed> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let time = time::parse_compact(&layout::sealed_time(&path)?)?;
            let stat = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let stem = path.file_stem()?.to_str()?.to_owned();
            Some(Closed { stem, time, len: stat.len(), path })
        })
        .collect();
    files.sort_by(|a, b| (a.time, &a.stem).cmp(&(b.time, &b.stem)));
    files
}

/// Stems of the segments that are there: their files may be written (again). To be asked after files were listed: a
/// segment goes only when all of its files are complete.
pub(super) fn open_stems(root: &Path) -> HashSet<String> {
    let entries = fs::read_dir(root.join(OPEN_DIR)).into_iter().flatten().flatten().map(|e| e.path());
    let segments = entries.filter(|p| p.extension().is_some_and(|e| e == SEGMENT_EXT));
    segments.filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())).collect()
}

/// What becomes one file each: of a day that is over as much as fits, before that of each hour. With an age, only of
/// days and hours that have been over for so long. A file that is large already is not written again.
pub(super) fn batches(
    files: Vec<Closed>,
    now: Micros,
    older_than: Option<Duration>,
    max_bytes: u64,
) -> Vec<Vec<Closed>> {
    let age = older_than.map(|a| Micros::try_from(a.as_micros()).unwrap_or(Micros::MAX));
    let horizon = now.saturating_sub(age.unwrap_or(0));
    let mut spans: BTreeMap<Micros, Vec<Closed>> = BTreeMap::new();
    for file in files.into_iter().filter(|f| f.len < max_bytes / LARGE) {
        let (day, hour) = (file.time.div_euclid(DAY), file.time.div_euclid(HOUR));
        if (day + 1) * DAY <= horizon {
            spans.entry(day * DAY).or_default().push(file);
        } else if age.is_none() || (hour + 1) * HOUR <= horizon {
            spans.entry(hour * HOUR).or_default().push(file);
        }
    }
    let mut all = Vec::new();
    for files in spans.into_values() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for file in files {
            if batch.len() == MOST_FILES || (bytes > 0 && bytes + file.len > max_bytes) {
                all.push(std::mem::take(&mut batch));
                bytes = 0;
            }
            bytes += file.len;
            batch.push(file);
        }
        all.push(batch);
    }
    all.retain(|batch| batch.len() > 1);
    all
}

/// Name of what a batch becomes, without extension: as old as its first file, and never used before.
pub(super) fn stem_of(dir: &Path, batch: &[Closed]) -> Option<String> {
    let first = batch.first()?;
    let identifier = dir.file_name()?.to_str()?.strip_prefix("identifier=")?;
    let entries = fs::read_dir(dir).ok()?.flatten().map(|e| e.path());
    let number = entries.filter_map(|p| layout::compacted_number(&p)).max().unwrap_or(0);
    Some(layout::compacted_stem(identifier, first.time, number + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T00:00:00Z.
    const MIDNIGHT: Micros = 1_795_132_800 * SECOND;

    fn file(time: Micros, len: u64) -> Closed {
        let stem = format!("{}-{len}", time::compact(time));
        Closed { path: PathBuf::from(&stem), stem, time, len }
    }

    fn sizes(batches: &[Vec<Closed>]) -> Vec<usize> {
        batches.iter().map(Vec::len).collect()
    }

    /// STO-7: an hour that is over becomes one file, a day that is over too, and what goes on is left alone.
    #[test]
    fn spans_that_are_over_become_one() {
        let minutes = |from: i64, n: i64| (from..from + n).map(|m| file(MIDNIGHT + m * 60 * SECOND, 10));
        let now = MIDNIGHT + 2 * HOUR + 10 * 60 * SECOND;
        let files = || minutes(0, 3).chain(minutes(60, 4)).chain(minutes(120, 5)).collect::<Vec<_>>();
        let none = Some(Duration::ZERO);
        assert_eq!(sizes(&batches(files(), now, none, 1000)), [3, 4]);
        assert_eq!(sizes(&batches(files(), now, Some(Duration::from_mins(11)), 1000)), [3]);
        assert_eq!(
            sizes(&batches(files(), now, None, 1000)),
            [3, 4, 5],
            "by hand also of the hour that goes on"
        );
        assert_eq!(sizes(&batches(files(), MIDNIGHT + DAY, none, 1000)), [12]);
        assert_eq!(sizes(&batches(files(), now, Some(Duration::MAX), 1000)), Vec::<usize>::new());
    }

    /// STO-7: a merge has a bounded number of files and bytes; a file that is merged already stays.
    #[test]
    fn merges_are_bounded() {
        let files = |n: i64| (0..n).map(|s| file(MIDNIGHT + s * SECOND, 10)).collect::<Vec<_>>();
        assert_eq!(sizes(&batches(files(150), MIDNIGHT, None, 10_000)), [64, 64, 22]);
        assert_eq!(sizes(&batches(files(10), MIDNIGHT, None, 45)), [4, 4, 2]);
        assert!(batches(files(1), MIDNIGHT, None, 1000).is_empty());
        let mut big = files(3);
        big[1].len = 5000;
        assert_eq!(sizes(&batches(big, MIDNIGHT, None, 1000)), [2], "a large file is not written again");
    }
}
