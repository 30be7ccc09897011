//! What can go wrong with a store, each with the thing's name and, where there is one, the way out.

use std::io;
use std::path::{Path, PathBuf};

/// Failure of a store operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// A verb phrase.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Not a segment, or of a format that this version does not read.
    #[error("{}: {reason}", path.display())]
    Segment {
        /// The file.
        path: PathBuf,
        /// One line.
        reason: String,
    },
    /// The open segment has been removed by somebody else.
    #[error("{} has been removed while it was being written; what was in it is lost", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else is compacting this store.
    #[error("{} is being compacted by another process: let it finish", root.display())]
    Compacting {
        /// The store's root.
        root: PathBuf,
    },
    /// A compaction in a process of its own has failed.
    #[error("{}: the process that was to compact it: {what}", root.display())]
    Beside {
        /// The store's root.
        root: PathBuf,
        /// One line.
        what: String,
    },
    /// Parquet could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: parquet::errors::ParquetError,
    },
    /// The store has reached its cap (STO-4).
    #[error(
        "{} holds {used} bytes, more than its cap of {cap}: remove old recordings, raise --max-bytes, \
         or use --on-full drop-oldest",
        root.display()
    )]
    Full {
        /// The store's root.
        root: PathBuf,
        /// Bytes in it.
        used: u64,
        /// The cap in bytes.
        cap: u64,
    },
}

impl StoreError {
    /// For `map_err`: names what was being done to which path.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_owned();
        move |source| StoreError::Io { doing, path, source }
    }
}
