//! How many files a process holds open.
//!
//! Owns: finding out cheaply, and whether this kernel lets us. Must not: list descriptors.
//!
//! Since Linux 6.2 the size of /proc/<pid>/fd is their number. Before, counting means listing them, which takes longer
//! the more a process has; there the number stays null.

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, CWD, PROC_SUPER_MAGIC, fstatfs, statat};

/// Counts descriptors, where the kernel does.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    supported: bool,
    path: Vec<u8>,
}

impl OpenFiles {
    /// Asks the kernel about the recorder itself, which has some open. Other file systems give directories a size too.
    pub(crate) fn new(proc_root: BorrowedFd<'_>) -> OpenFiles {
        let real = fstatfs(proc_root).is_ok_and(|s| s.f_type == PROC_SUPER_MAGIC);
        let counts = statat(CWD, "/proc/self/fd", AtFlags::empty()).is_ok_and(|s| s.st_size > 0);
        OpenFiles { supported: real && counts, path: Vec::new() }
    }

    /// The number of files that the process of this directory has open.
    pub(crate) fn count(&mut self, proc_root: BorrowedFd<'_>, dir: &[u8]) -> Option<u64> {
        if !self.supported {
            return None;
        }
        self.path.clear();
        self.path.extend_from_slice(dir);
        self.path.extend_from_slice(b"/fd");
        let stat = statat(proc_root, &self.path[..], AtFlags::empty()).ok()?;
        u64::try_from(stat.st_size).ok()
    }
}
