//! One question at work: what it may read with, and what becomes of files that fail it.
//!
//! Owns: the state that all questions share, and the rule that a bad file is left out and named while a vanished one
//! makes the question start again. Must not: know what is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::cancel::Cancel;
use super::catalogue::FileEntry;
use super::error::QueryError;
use super::model::Problem;
use super::scan::{OpenFile, Reader, ScanError};
use super::window::SeriesBook;

/// What all questions of an engine share.
pub(crate) struct Scan {
    pub(crate) reader: Reader,
    pub(crate) series: SeriesBook,
    /// Files whose rows could not be read, by their id.
    bad: Mutex<HashMap<u64, Problem>>,
}

/// One question.
pub(crate) struct Ask {
    pub(crate) scan: Arc<Scan>,
    pub(crate) cancel: Cancel,
    /// How many threads may read for it.
    pub(crate) threads: usize,
}

impl Scan {
    pub(crate) fn new(cache_bytes: usize) -> Scan {
        Scan { reader: Reader::new(cache_bytes), series: SeriesBook::default(), bad: Mutex::default() }
    }

    fn bad(&self) -> MutexGuard<'_, HashMap<u64, Problem>> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files that have turned out to be bad since the last call.
    pub(crate) fn take_problems(&self) -> Vec<Problem> {
        self.bad().drain().map(|(_, problem)| problem).collect()
    }
}

impl Ask {
    /// Works on one file, unless the question was given up or the file is known to be bad. What cannot be read of it
    /// is `None`.
    pub(crate) fn read<T>(
        &self,
        entry: &FileEntry,
        work: impl FnOnce(&OpenFile<'_>) -> Result<T, ScanError>,
    ) -> Result<Option<T>, QueryError> {
        if self.cancel.is_cancelled() {
            return Err(QueryError::Cancelled);
        }
        if self.scan.bad().contains_key(&entry.id) {
            return Ok(None);
        }
        match work(&self.scan.reader.open(entry)) {
            Ok(value) => Ok(Some(value)),
            Err(ScanError::Gone) => Err(QueryError::Gone(entry.path.clone())),
            Err(ScanError::Bad(reason)) => {
                self.scan.bad().insert(entry.id, Problem { path: entry.path.clone(), reason });
                Ok(None)
            }
        }
    }
}
