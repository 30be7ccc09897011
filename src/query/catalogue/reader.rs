//! Reading many files' footers at once.
//!
//! Owns: the threads. Must not: decide which files are to be read.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::find::Stat;
use super::footer::{self, Footer};
use super::index::IndexReader;
use super::{Books, FileEntry};

/// Files that a thread takes at a time: neighbours have the same labels, which are then read once.
const CHUNK: usize = 16;
/// More threads than this wait for the disk and for each other.
const MAX_THREADS: usize = 8;

/// What comes of reading a file: the error is one line without the path.
pub(super) type Outcome = Result<FileEntry, String>;

/// Reads these files' footers, in any order.
pub(super) fn read_all(files: &[(PathBuf, Stat)], books: &Books) -> Vec<(PathBuf, Stat, Outcome)> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MAX_THREADS).min(files.len().div_ceil(CHUNK));
    let next = AtomicUsize::new(0);
    let work = || {
        let mut reader = Reader::new(books);
        let mut done = Vec::new();
        while let Some(chunk) = files.chunks(CHUNK).nth(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(chunk.iter().map(|(path, stat)| reader.read(path, stat)));
        }
        done
    };
    // Threads take chunks in turn, and results come back in whatever order: each knows its path.
    let outcomes: Vec<(PathBuf, Stat, Outcome)> = thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut all = work();
        all.extend(others.into_iter().flat_map(|t| t.join().unwrap_or_default()));
        all
    });
    outcomes
}

/// One thread's reading.
struct Reader<'b> {
    books: &'b Books,
    buffer: Vec<u8>,
    index: IndexReader,
}

impl<'b> Reader<'b> {
    fn new(books: &'b Books) -> Self {
        Reader { books, buffer: Vec::new(), index: IndexReader::default() }
    }

    fn read(&mut self, path: &Path, stat: &Stat) -> (PathBuf, Stat, Outcome) {
        // Foreign bytes have made libraries panic before; such a file is bad, not the process.
        let read = catch_unwind(AssertUnwindSafe(|| {
            let footer = Footer::parse(footer::load(path, &mut self.buffer)?)?;
            FileEntry::new(path, stat, footer, &mut self.index, self.books)
        }));
        let outcome = read.unwrap_or_else(|_| Err("its footer makes the reader panic".to_owned()));
        (path.to_owned(), stat.clone(), outcome)
    }
}
