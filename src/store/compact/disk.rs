//! The system calls of compaction that matter, behind a seam at which tests cut the power.
//!
//! Owns: what each of them is in life. Must not: decide their order.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::store::temporary;

/// What compaction does to a disk; the defaults do it.
pub trait Disk: Sync {
    /// Creates a file under a temporary name, locked until it is closed.
    fn create(&self, path: &Path) -> io::Result<File> {
        temporary::create(path)
    }

    /// Writes some of the bytes.
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    /// Sets the time of the last change.
    fn set_modified(&self, file: &File, time: SystemTime) -> io::Result<()> {
        file.set_modified(time)
    }

    /// Brings a file's content to the disk.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    /// Gives a complete file its final name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Brings a directory's names to the disk.
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// The disk itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {}

/// A file that is written through a [`Disk`].
pub(super) struct DiskFile<'a> {
    pub(super) disk: &'a dyn Disk,
    pub(super) file: &'a File,
}

impl Write for DiskFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(self.file, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
