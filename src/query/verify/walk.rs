//! What there is to check, and what has been left lying about.
//!
//! Owns: finding files. Must not: open them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::super::error::QueryError;
use crate::store::layout::{OPEN_DIR, SEALED_EXT, SEGMENT_EXT};

/// Directories below a root deeper than this hold no recording of ours.
const MAX_DEPTH: usize = 8;

#[derive(Default)]
pub(super) struct Found {
    pub(super) sealed: BTreeSet<PathBuf>,
    pub(super) segments: BTreeSet<PathBuf>,
    pub(super) manifests: BTreeSet<PathBuf>,
    /// With what they are.
    pub(super) leftovers: BTreeMap<PathBuf, &'static str>,
}

pub(super) fn walk(paths: &[PathBuf]) -> Result<Found, QueryError> {
    let mut found = Found::default();
    for path in paths {
        if fs::symlink_metadata(path).is_ok() {
            descend(path, 0, &mut found)
                .map_err(|source| QueryError::Unreadable { path: path.clone(), source })?;
            continue;
        }
        let text = path.to_string_lossy();
        if !text.contains(['*', '?', '[']) {
            return Err(QueryError::Missing(path.clone()));
        }
        let matches: Vec<PathBuf> = glob::glob(&text).map(|g| g.flatten().collect()).unwrap_or_default();
        if matches.is_empty() {
            return Err(QueryError::NoMatch(text.into_owned()));
        }
        for m in matches {
            descend(&m, 0, &mut found)
                .map_err(|source| QueryError::Unreadable { path: m.clone(), source })?;
        }
    }
    Ok(found)
}

fn descend(path: &Path, depth: usize, found: &mut Found) -> std::io::Result<()> {
    if !fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        take(path, found);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.') && name != OPEN_DIR;
        let is_dir = entry.file_type().is_ok_and(|t| t.is_dir());
        if is_dir && !hidden && depth < MAX_DEPTH {
            // A directory below that cannot be listed does not keep the rest from being checked.
            if descend(&entry.path(), depth + 1, found).is_err() {
                found.leftovers.insert(entry.path(), "this directory cannot be listed");
            }
        } else if !is_dir {
            take(&entry.path(), found);
        }
    }
    Ok(())
}

fn take(path: &Path, found: &mut Found) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match path.extension().and_then(|e| e.to_str()) {
        Some("tmp") => {
            found
                .leftovers
                .insert(path.to_owned(), "being written, or left behind by a writer that was killed");
        }
        Some("new") => {
            found.leftovers.insert(path.to_owned(), "a segment without a head: being begun, or left behind");
        }
        _ if name.starts_with('.') => {}
        Some(SEALED_EXT) => {
            found.sealed.insert(path.to_owned());
        }
        Some(SEGMENT_EXT) => {
            found.segments.insert(path.to_owned());
        }
        Some("json") if name.starts_with("session-") => {
            found.manifests.insert(path.to_owned());
        }
        _ => {}
    }
}
