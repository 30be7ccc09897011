//! What can stop a recorder.
//!
//! Owns: errors that end a run, each naming the thing and the way out. Must not: hold what a tick survives (those
//! are counted and logged by the sampler).

use std::path::PathBuf;
use std::time::Duration;

use fgm::store::StoreError;

/// Why a run could not begin or had to end.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A setting is out of bounds.
    #[error("{what} {value}: {rule}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// No cgroup hierarchy where it should be.
    #[error("no cgroup hierarchy at {}: name the directory where the host's /sys/fs/cgroup is mounted with --cgroup-root", .0.display())]
    NoCgroups(PathBuf),
    /// procfs is not where it should be.
    #[error("{} is not a procfs: name the directory where the host's /proc is mounted with --proc-root", .0.display())]
    NoProc(PathBuf),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store has reached its cap.
    #[error("stopped: {0}")]
    Full(StoreError),
    /// A thread could not be started.
    #[error("cannot start the {0} thread: {1}")]
    Thread(&'static str, std::io::Error),
    /// At the end the disk took nothing any more.
    #[error("the last {ticks} ticks could not be written and are lost: {cause}")]
    Lost {
        /// Ticks, that of the end included.
        ticks: u64,
        /// Why the latest of them could not be written.
        cause: StoreError,
    },
    /// At the end the disk did not answer in time.
    #[error(
        "the disk did not take the last {ticks} ticks within {patience:?}: they are lost; what was written before is sealed at the next start"
    )]
    Stalled {
        /// Ticks, that of the end included.
        ticks: u64,
        /// How long it was waited for.
        patience: Duration,
    },
    /// The writer's thread ended by a bug of its own.
    #[error("the writer thread died; what had been appended is in the store")]
    WriterDied,
}
