//! What the processes of a subject add up to on one tick.
//!
//! Owns: when a sum is whole enough to be written. Must not: read processes.

use fgm::metric::containers as c;
use fgm::store::tick::Row;

use super::process::Process;

/// Sums over the processes of a subject.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    /// Processes, zombies included.
    pub(crate) count: u64,
    /// Processes with memory of their own: no zombies.
    with_memory: u64,
    rss: u64,
    pss: u64,
    pss_age: i64,
    pss_parts: u64,
    pss_unread: bool,
    open_files: u64,
    open_files_unknown: bool,
}

impl Sums {
    /// Adds a process with memory that has no row.
    pub(crate) fn add_unrecorded(&mut self, rss: u64) {
        self.with_memory += 1;
        self.rss = self.rss.saturating_add(rss);
        self.open_files_unknown = true;
        self.pss_unread = true;
    }

    /// Adds a process with memory; `pss_age` is that of its last reading.
    pub(crate) fn add(&mut self, process: &Process, rss: u64, pss_age: Option<i64>) {
        self.with_memory += 1;
        self.rss = self.rss.saturating_add(rss);
        match process.open_files {
            Some(n) => self.open_files = self.open_files.saturating_add(n),
            None => self.open_files_unknown = true,
        }
        match (process.pss.last, pss_age) {
            (Some((pss, _)), Some(age)) => {
                self.pss = self.pss.saturating_add(pss);
                self.pss_age = self.pss_age.max(age);
                self.pss_parts += 1;
            }
            // One that ended before its first turn has no memory any more.
            _ => self.pss_unread |= !process.pss.gone,
        }
    }
}

/// Writes the sums. All but the count are null for a subject without processes of its own (a pod's are its
/// containers'); PSS and open files also while one process is not known: not read yet, or not to be read.
pub(crate) fn fill_sums(sums: &Sums, recorded: bool, row: &mut Row<'_>) {
    row.set_u64(c::process_count, sums.count);
    if !recorded || sums.with_memory == 0 {
        return;
    }
    row.set_u64(c::memory_rss_bytes, sums.rss);
    if !sums.open_files_unknown {
        row.set_u64(c::open_files, sums.open_files);
    }
    if !sums.pss_unread && sums.pss_parts > 0 {
        row.set_u64(c::memory_pss_bytes, sums.pss);
        row.set(c::memory_pss_age_ticks, sums.pss_age);
    }
}
