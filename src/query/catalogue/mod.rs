//! What there is to query: sealed files and open segments, kept current as both change.
//!
//! Owns: finding them, each footer read once, the rule that a row is never counted twice: neither from a segment and
//! the file that it became, nor from a file and the one that it was compacted into. Must not: read rows of sealed files.

mod adopted;
mod book;
mod books;
mod cache;
mod entry;
mod find;
pub(super) mod footer;
mod index;
mod layout;
mod overview;
mod reader;
mod scanner;
mod segments;
pub(super) mod thrift;
mod valued;

use std::sync::{Arc, OnceLock};

pub(crate) use book::SubjectBook;
pub(crate) use books::Books;
pub(crate) use entry::{FileEntry, SubjectRun};
pub(crate) use layout::Layout;
pub(crate) use scanner::Scanner;
pub(crate) use segments::OpenSegment;

use super::model::Overview;
use super::names::Names;

/// One consistent view of a recording.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// By time of the first tick.
    pub(crate) files: Vec<Arc<FileEntry>>,
    pub(crate) segments: Vec<Arc<OpenSegment>>,
    /// What the numbers of subjects and runs mean; shared by all catalogues of a scanner.
    pub(crate) books: Arc<Books>,
    pub(crate) overview: Arc<Overview>,
    names: OnceLock<Names>,
}

impl Catalogue {
    /// What is known of each container, whichever file says it.
    pub(crate) fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(self))
    }
}
