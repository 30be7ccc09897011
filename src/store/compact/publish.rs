//! The steps by which several files become one, in the order that makes each of them safe to be the last (STO-7).
//!
//! Owns: that order, and checking what was written before it counts. Must not: choose what is merged.
//!
//! write to a hidden temporary name → sync → read back and compare → rename → sync the directory → remove the sources →
//! sync the directory. The result names its sources in its footer: from the rename on, readers leave them out, and
//! the next compaction removes what is left of them.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};

use super::column::Checksum;
use super::disk::Disk;
use super::merge::{self, Written};
use super::pace::Control;
use super::source::{Schemas, Source, Stamp, value};
use super::{Trouble, guarded};
use crate::metric::Table;
use crate::store::error::StoreError;
use crate::store::layout::{self, SEALED_EXT};
use crate::store::temporary::TMP_EXT;
use crate::store::turn::in_turn;

/// One merge.
pub(super) struct Publication<'a> {
    pub(super) table: Option<Table>,
    /// The store.
    pub(super) root: &'a Path,
    pub(super) dir: &'a Path,
    /// Name of the result without extension.
    pub(super) stem: &'a str,
    pub(super) sources: &'a [Source],
    pub(super) disk: &'a dyn Disk,
    pub(super) control: &'a Control,
}

/// What a merge came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Publication<'_> {
    /// Writes the result and removes the sources.
    pub(super) fn run(&self) -> Result<Merged, Trouble> {
        let path = self.dir.join(format!("{}.{SEALED_EXT}", self.stem));
        let tmp = self.dir.join(format!(".{}.{SEALED_EXT}.{TMP_EXT}", self.stem));
        let merged = self.write(&tmp, &path);
        if merged.is_err() {
            // Best effort: the error that matters is the one being returned, and the next compaction sweeps.
            let _ = self.disk.remove(&tmp);
        }
        let merged = merged?;
        in_turn(self.root, || {
            let renamed = self.disk.rename(&tmp, &path).and_then(|()| self.disk.sync_dir(self.dir));
            renamed.map_err(|e| Trouble::Store(StoreError::io("rename", &tmp)(e)))?;
            remove(self.disk, self.dir, self.sources.iter().map(|s| (&s.path, s.stamp)))
        })?;
        Ok(merged)
    }

    fn write(&self, tmp: &Path, path: &Path) -> Result<Merged, Trouble> {
        let io = |doing, path| move |e| Trouble::Store(StoreError::io(doing, path)(e));
        let file = self.disk.create(tmp).map_err(io("create", tmp))?;
        let named = |trouble| match trouble {
            Trouble::Write(source) => Trouble::Store(StoreError::Parquet { path: path.to_owned(), source }),
            other => other,
        };
        let written =
            merge::write(self.table, self.sources, (self.disk, &file), self.control).map_err(named)?;
        // As old as the newest of its sources, which is what --retention goes by.
        if let Some(newest) = self.sources.iter().filter_map(|s| s.stamp.modified).max() {
            self.disk.set_modified(&file, newest).map_err(io("set the time of", tmp))?;
        }
        self.disk.sync(&file).map_err(io("sync", tmp))?;
        let bytes = file.metadata().map_err(io("look at", tmp))?.len();
        self.compare(tmp, &written)?;
        let changed = self.sources.iter().find(|s| Stamp::of(&s.path).is_ok_and(|now| now != s.stamp));
        if let Some(changed) = changed {
            return Err(changed.refuse("it has changed while it was being merged".to_owned()));
        }
        Ok(Merged { rows: written.rows, bytes })
    }

    /// Reads everything back from the disk.
    fn compare(&self, tmp: &Path, written: &Written) -> Result<(), Trouble> {
        let differs = |what: String| Trouble::Batch {
            reason: format!("merged with others, what was read back was not what was written: {what}"),
        };
        let result = guarded(|| Source::open(tmp, &mut Schemas::new())).map_err(differs)?;
        let expected: u64 = self.sources.iter().map(|s| s.rows).sum();
        if (result.rows, written.rows) != (expected, expected) {
            return Err(differs(format!("{} rows of {expected}", result.rows)));
        }
        if result.groups.len() != written.checksums.len() {
            return Err(differs("other row groups".to_owned()));
        }
        for (group, sums) in written.checksums.iter().enumerate() {
            for (column, sum) in sums.iter().enumerate() {
                if checksum(&result, group, column).map_err(differs)? != *sum {
                    return Err(differs(format!("column {}", result.schema.fields[column].name())));
                }
                self.control.breathe()?;
            }
        }
        let footer = File::open(tmp).map_err(|e| differs(e.to_string())).and_then(|file| {
            let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
            reader.try_parse(&file).and_then(|()| reader.finish()).map_err(|e| differs(e.to_string()))
        })?;
        let kv = footer.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
        match written.metadata.iter().find(|w| value(kv, &w.key) != w.value.as_deref()) {
            Some(other) => Err(differs(other.key.clone())),
            None => Ok(()),
        }
    }
}

fn checksum(source: &Source, group: usize, column: usize) -> Result<u64, String> {
    guarded(|| {
        let mut sum = Checksum::default();
        source.cursor(group, column)?.read_all(|cell| sum.add(cell))?;
        Ok(sum.value())
    })
}

/// Whether every value of a file can be read.
pub(super) fn check(source: &Source, control: &Control) -> Result<(), Trouble> {
    for group in 0..source.groups.len() {
        for column in 0..source.schema.fields.len() {
            checksum(source, group, column).map_err(|reason| source.refuse(reason))?;
            control.breathe()?;
        }
    }
    Ok(())
}

/// Removes files whose rows are in another one by now, where they are still those that were read.
pub(super) fn remove<'a>(
    disk: &dyn Disk,
    dir: &Path,
    files: impl Iterator<Item = (&'a PathBuf, Stamp)>,
) -> Result<(), Trouble> {
    for (path, stamp) in files {
        match Stamp::of(path) {
            Ok(now) if now == stamp => {
                disk.remove(path).map_err(|e| Trouble::Store(StoreError::io("remove", path)(e)))?;
            }
            // Gone by --retention or a hand meanwhile, or somebody else's by now.
            _ => {}
        }
    }
    disk.sync_dir(dir).map_err(|e| Trouble::Store(StoreError::io("sync", dir)(e)))
}

/// Removes temporary files of compactions that died. The caller holds the store's lock, so that none lives.
pub(super) fn sweep(disk: &dyn Disk, dir: &Path) {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    for path in entries.filter(|p| layout::is_compacting(p)) {
        if let Err(error) = disk.remove(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove a leftover");
        }
    }
}
