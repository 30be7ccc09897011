//! Compaction: many small closed files → few large ones, without losing or doubling a row (STO-7).
//!
//! Owns: what is compacted in which order, and what is done about files that cannot be. Must not: touch what a recorder
//! may still write.
//!
//! [`plan`] says which files become one, [`order`] how their rows interleave, [`merge`] writes them column by column,
//! [`publish`] makes the result count. Only one compaction at a time works on a store: it holds a lock on its root.

mod background;
mod child;
mod column;
mod cursor;
mod disk;
mod index;
mod merge;
mod order;
mod pace;
mod plan;
mod publish;
mod source;

use std::collections::{HashMap, HashSet};
use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::layout;
use super::segment;
use crate::time::Micros;
pub(super) use background::Background;
pub use child::{compact_in_child, serve};
pub use disk::{Disk, RealDisk};
pub use pace::Control;
use plan::{Closed, Partition};
use publish::Publication;
use source::{Schemas, Source, Stamp};

/// Largest sum of the files of one merge, unless a store's cap asks for less.
pub const MAX_BYTES: u64 = 64 << 20;

/// How a store is compacted beside a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Beside {
    /// Not at all.
    No,
    /// On a thread: what merging needs of memory stays with the process.
    #[default]
    Thread,
    /// In a process of this program, which is to call [`serve`] when its arguments are `compact --beside ROOT`.
    Process(PathBuf),
}

/// What is to be compacted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    /// Only hours and days that have been over for so long; `None` also takes what is closed of the ones that go on.
    pub older_than: Option<Duration>,
    /// Other identifiers than this are left to the recorders that record under them now; `None` takes all.
    pub own: Option<String>,
    /// Largest sum of the files of one merge.
    pub max_bytes: u64,
    /// Changes nothing.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { older_than: None, own: None, max_bytes: MAX_BYTES, dry_run: false }
    }
}

/// A file that was left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// One line.
    pub reason: String,
}

/// Files that became, or would become, one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// The result.
    pub path: PathBuf,
    /// Number of its sources.
    pub files: usize,
    /// Bytes of its sources.
    pub before: u64,
    /// Bytes of the result; `None` when nothing was changed.
    pub after: Option<u64>,
}

/// What a compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Merges, in their order.
    pub merges: Vec<Merge>,
    /// Files removed whose rows an earlier compaction, which died, had put into another one.
    pub finished: usize,
    /// Files that were left alone, and why.
    pub problems: Vec<Problem>,
}

/// What is remembered between two compactions of the same store, so that the second does not look at everything again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Files that cannot be merged, as they were then.
    refused: HashMap<PathBuf, Stamp>,
    /// Results none of whose sources are left.
    settled: HashSet<PathBuf>,
}

/// Why a merge did not come to its end.
enum Trouble {
    /// It is this file's fault: the others can be merged without it.
    File { path: PathBuf, reason: String },
    /// The files cannot be merged with each other.
    Batch { reason: String },
    /// Parquet could not be written.
    Write(ParquetError),
    /// The disk refused: nothing else will go better.
    Store(StoreError),
    /// Stopped from outside.
    Stopped,
}

/// Compacts a store at `now`. What cannot be merged is in the report and stays as it is; an error is one of the disk.
pub fn compact(
    root: &Path,
    now: Micros,
    options: &Options,
    (disk, control): (&dyn Disk, &Control),
    memory: &mut Memory,
) -> Result<Report, StoreError> {
    let _lock = lock(root)?;
    let spared = match &options.own {
        Some(own) => {
            let living = segment::living(root).into_iter().map(|head| head.place.identifier);
            living.filter(|identifier| identifier != own).collect()
        }
        None => HashSet::new(),
    };
    control.begin();
    let mut work = Work { root, now, options, disk, control, memory, report: Report::default() };
    for partition in plan::partitions(root, &spared) {
        match work.partition(partition) {
            Ok(()) => {}
            Err(Trouble::Store(error)) => return Err(error),
            Err(_) => break,
        }
    }
    let report = work.report;
    memory.refused.retain(|path, _| path.exists());
    memory.settled.retain(|path| path.exists());
    Ok(report)
}

/// The lock that only one compaction holds, on the root itself, so that nothing is added to a store.
fn lock(root: &Path) -> Result<File, StoreError> {
    let dir = File::open(root).map_err(StoreError::io("open", root))?;
    match dir.try_lock() {
        Ok(()) => Ok(dir),
        Err(TryLockError::WouldBlock) => Err(StoreError::Compacting { root: root.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::io("lock", root)(source)),
    }
}

fn wall() -> Micros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

/// Foreign bytes have made Parquet readers panic before: such a file is bad, not the process.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("its content makes the Parquet reader panic".to_owned()))
}

struct Work<'a> {
    root: &'a Path,
    now: Micros,
    options: &'a Options,
    disk: &'a dyn Disk,
    control: &'a Control,
    memory: &'a mut Memory,
    report: Report,
}

impl Work<'_> {
    fn partition(&mut self, mut partition: Partition) -> Result<(), Trouble> {
        if !self.options.dry_run {
            publish::sweep(self.disk, &partition.dir);
        }
        self.settle(&mut partition)?;
        let open = plan::open_stems(self.root);
        partition.files.retain(|f| !open.contains(&f.stem));
        let known_bad = |f: &Closed| {
            let before = self.memory.refused.get(&f.path);
            before.is_some_and(|before| Stamp::of(&f.path).is_ok_and(|now| now == *before))
        };
        partition.files.retain(|f| !known_bad(f));
        // Many tiny files take several rounds; each leaves fewer.
        loop {
            let Options { older_than, max_bytes, dry_run, .. } = *self.options;
            let batches = plan::batches(partition.files.clone(), self.now, older_than, max_bytes);
            if batches.is_empty() {
                return Ok(());
            }
            for batch in batches {
                self.batch(&mut partition, &batch)?;
            }
            if dry_run {
                return Ok(());
            }
        }
    }

    /// Finishes what an earlier compaction has begun: removes sources of results that are complete.
    fn settle(&mut self, partition: &mut Partition) -> Result<(), Trouble> {
        let results = partition.files.iter().filter(|f| layout::compacted_number(&f.path).is_some());
        let results: Vec<Closed> =
            results.filter(|f| !self.memory.settled.contains(&f.path)).cloned().collect();
        if partition.files.len() < 2 {
            return Ok(());
        }
        for result in results {
            let source = match guarded(|| Source::open(&result.path, &mut Schemas::new())) {
                Ok(source) => source,
                Err(reason) => {
                    self.refuse(partition, result.path, reason);
                    continue;
                }
            };
            let left = partition.files.iter().filter(|f| source.replaces.contains(&f.stem));
            let left: Vec<Closed> = left.cloned().collect();
            if !left.is_empty() && !self.options.dry_run {
                match publish::check(&source, self.control) {
                    Err(Trouble::File { path, reason }) => {
                        // Neither it nor its sources can be relied on alone.
                        self.refuse(partition, path, reason);
                        partition.files.retain(|f| !left.contains(f));
                        continue;
                    }
                    other => other?,
                }
                let stamped = left.iter().filter_map(|f| Some((&f.path, Stamp::of(&f.path).ok()?)));
                publish::remove(self.disk, &partition.dir, stamped)?;
                self.report.finished += left.len();
            }
            partition.files.retain(|f| !left.contains(f));
            self.memory.settled.insert(result.path);
        }
        Ok(())
    }

    /// Leaves a file alone until it has changed.
    fn refuse(&mut self, partition: &mut Partition, path: PathBuf, reason: String) {
        partition.files.retain(|f| f.path != path);
        if let Ok(stamp) = Stamp::of(&path)
            && self.memory.refused.insert(path.clone(), stamp) != Some(stamp)
        {
            self.report.problems.push(Problem { path, reason });
        }
    }

    /// Merges files; without those that cannot be read, if there are any.
    fn batch(&mut self, partition: &mut Partition, batch: &[Closed]) -> Result<(), Trouble> {
        let (mut sources, mut schemas) = (Vec::new(), Schemas::new());
        for file in batch {
            match guarded(|| Source::open(&file.path, &mut schemas)) {
                Ok(source) => sources.push(source),
                // Deleted meanwhile, as --retention says.
                Err(_) if !file.path.exists() => partition.files.retain(|f| f != file),
                Err(reason) => self.refuse(partition, file.path.clone(), reason),
            }
        }
        // Without a readable directory there would be no batch.
        let Some(stem) = plan::stem_of(&partition.dir, batch) else { return Ok(()) };
        loop {
            if sources.len() < 2 {
                return Ok(());
            }
            let path = partition.dir.join(format!("{stem}.{}", layout::SEALED_EXT));
            let before = sources.iter().map(|s| s.stamp.len).sum();
            let mut merge = Merge { path, files: sources.len(), before, after: None };
            if self.options.dry_run {
                self.report.merges.push(merge);
                return Ok(());
            }
            let publication = Publication {
                table: partition.table,
                root: self.root,
                dir: &partition.dir,
                stem: &stem,
                sources: &sources,
                disk: self.disk,
                control: self.control,
            };
            match publication.run() {
                Ok(merged) => {
                    let Closed { time, .. } = batch[0];
                    let gone: HashSet<&PathBuf> = sources.iter().map(|s| &s.path).collect();
                    partition.files.retain(|f| !gone.contains(&f.path));
                    let result = Closed { path: merge.path.clone(), stem, time, len: merged.bytes };
                    partition.files.push(result);
                    partition.files.sort_by(|a, b| (a.time, &a.stem).cmp(&(b.time, &b.stem)));
                    self.memory.settled.insert(merge.path.clone());
                    merge.after = Some(merged.bytes);
                    self.report.merges.push(merge);
                    return Ok(());
                }
                Err(Trouble::File { path, reason }) => {
                    sources.retain(|s| s.path != path);
                    self.refuse(partition, path, reason);
                }
                Err(Trouble::Batch { reason }) => {
                    for source in sources {
                        self.refuse(partition, source.path, reason.clone());
                    }
                    return Ok(());
                }
                Err(other) => return Err(other),
            }
        }
    }
}
