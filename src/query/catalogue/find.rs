//! Finding what belongs to a recording.
//!
//! Owns: globs, the one walk through directories, its order, and what it passes over. Must not: open files.

use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::error::QueryError;
use super::super::model::Problem;
use crate::store::layout::{OPEN_DIR, SEALED_EXT, SEGMENT_EXT};

/// Files that match a path with `*`, `?` or `[…]`.
pub(super) fn expand(path: &Path) -> Result<Vec<PathBuf>, QueryError> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) {
        return Err(QueryError::Missing(path.to_owned()));
    }
    let matches: Vec<PathBuf> = glob::glob(&text).map(|g| g.flatten().collect()).unwrap_or_default();
    if matches.is_empty() { Err(QueryError::NoMatch(text.into_owned())) } else { Ok(matches) }
}

/// Directories below a root deeper than this hold no recording of ours.
const MAX_DEPTH: usize = 8;

/// A sealed file as the file system describes it: when any of this differs, it is another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    pub(super) inode: u64,
}

/// What a walk comes across.
pub(super) trait Visitor {
    /// A segment, before any file that it may have become is looked for.
    fn segment(&mut self, path: PathBuf);
    /// A sealed file.
    fn sealed(&mut self, path: PathBuf, stat: Stat);
    /// Something that should be readable and is not.
    fn problem(&mut self, problem: Problem);
}

/// Visits segments and sealed files at or below the roots. A directory's segments come before what else it holds, so
/// that a segment sealed meanwhile is missed here and its files are found.
///
/// Hidden directories other than the one of open segments are not entered, nor links to directories (they may lead in
/// circles); hidden files are still being written.
pub(super) fn walk(roots: &[PathBuf], visitor: &mut impl Visitor) {
    let of_segments = |r: &&PathBuf| is(r, SEGMENT_EXT) || r.file_name() == Some(OsStr::new(OPEN_DIR));
    let (first, rest): (Vec<_>, Vec<_>) = roots.iter().partition(of_segments);
    for root in first.into_iter().chain(rest) {
        if root.is_dir() { directory(root, 0, visitor) } else { file(root.clone(), visitor) }
    }
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|e| e == extension)
}

fn directory(path: &Path, depth: usize, visitor: &mut impl Visitor) {
    // Before this directory is listed: a table's first file brings a new directory with it.
    let open = path.join(OPEN_DIR);
    if let Ok(entries) = fs::read_dir(&open) {
        entries.flatten().for_each(|e| segment(e.path(), visitor));
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return,
        Err(e) => return visitor.problem(Problem { path: path.to_owned(), reason: e.to_string() }),
    };
    let mut empty = true;
    for entry in entries.flatten() {
        empty = false;
        let is_dir = entry.file_type().is_ok_and(|t| t.is_dir());
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if is_dir && depth < MAX_DEPTH {
            directory(&entry.path(), depth + 1, visitor);
        } else if !is_dir {
            file(entry.path(), visitor);
        }
    }
    if empty && is(path, SEALED_EXT) {
        visitor.problem(Problem { path: path.to_owned(), reason: "an empty directory".to_owned() });
    }
}

fn file(path: PathBuf, visitor: &mut impl Visitor) {
    if is(&path, SEGMENT_EXT) {
        segment(path, visitor);
    } else if is(&path, SEALED_EXT) {
        match stat(&path) {
            Ok(Some(stat)) => visitor.sealed(path, stat),
            Ok(None) => {}
            Err(reason) => visitor.problem(Problem { path, reason }),
        }
    }
}

fn segment(path: PathBuf, visitor: &mut impl Visitor) {
    if !is(&path, SEGMENT_EXT) {
        return;
    }
    match stat(&path) {
        Ok(Some(_)) => visitor.segment(path),
        Ok(None) => {}
        Err(reason) => visitor.problem(Problem { path, reason }),
    }
}

/// Describes a file; `None` when it has gone. Only regular files may be opened: a pipe would wait for a writer.
fn stat(path: &Path) -> Result<Option<Stat>, String> {
    use std::os::unix::fs::MetadataExt;
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => return Ok(None),
        Err(e) if e.kind() == ErrorKind::NotFound => return Err("a link that leads nowhere".to_owned()),
        Err(e) => return Err(e.to_string()),
    };
    match kind(found.file_type()) {
        None => Ok(Some(Stat { size: found.len(), modified: found.modified().ok(), inode: found.ino() })),
        Some(kind) => Err(format!("{kind}, not a file")),
    }
}

/// What is no regular file.
fn kind(t: FileType) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    match t {
        t if t.is_file() => None,
        t if t.is_dir() => Some("a link to a directory"),
        t if t.is_fifo() => Some("a pipe"),
        t if t.is_socket() => Some("a socket"),
        _ => Some("a device"),
    }
}
