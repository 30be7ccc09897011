//! The cap on a store's size (STO-4).
//!
//! Owns: counting what a root holds, and deleting the oldest closed files. Must not: touch open segments or manifests.

use std::fs;
use std::path::{Path, PathBuf};

use super::layout::SEALED_EXT;

/// What to do when the cap is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFull {
    /// Finish the files and stop.
    Stop,
    /// Delete the oldest closed files.
    DropOldest,
}

/// Limit on the bytes below a root, all sessions and identifiers counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The limit; `None` for none.
    pub max_bytes: Option<u64>,
    /// What happens at the limit.
    pub on_full: OnFull,
}

struct Entry {
    path: PathBuf,
    len: u64,
    /// `<compact time>` in the name: files are as old as their first tick.
    age: String,
}

/// Every file below a root.
fn files(root: &Path) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            // Links are not followed: what they point to is not ours.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                dirs.push(entry.path());
            } else if meta.is_file() {
                let path = entry.path();
                let age = age_of(&path);
                out.push(Entry { path, len: meta.len(), age });
            }
        }
    }
    out
}

/// Bytes below a root: open segments, closed files and manifests of all sessions.
pub fn used(root: &Path) -> u64 {
    files(root).iter().map(|f| f.len).sum()
}

/// The time in a sealed file's name: `<id>-<time>-<run8>-<seq>`.
fn age_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.rsplit('-').nth(2).unwrap_or_default().to_owned()
}

/// Bytes below a root, and those left after deleting the oldest closed files if the cap asks for it.
pub fn enforce(root: &Path, cap: Cap) -> u64 {
    let mut files = files(root);
    let mut used: u64 = files.iter().map(|f| f.len).sum();
    let Some(max) = cap.max_bytes.filter(|_| cap.on_full == OnFull::DropOldest) else { return used };
    if used <= max {
        return used;
    }
    files.retain(|f| f.path.extension().is_some_and(|e| e == SEALED_EXT));
    files.sort_by(|a, b| (&a.age, a.path.file_stem()).cmp(&(&b.age, b.path.file_stem())));
    let mut dropping = None;
    for f in files {
        // All tables of a rotation go together: half a rotation answers no question.
        let stem = f.path.file_stem().map(ToOwned::to_owned);
        if used <= max && dropping != stem {
            break;
        }
        dropping = stem;
        match fs::remove_file(&f.path) {
            Ok(()) => {
                used = used.saturating_sub(f.len);
                tracing::debug!(path = %f.path.display(), bytes = f.len, "dropped: the store is over its cap");
                remove_empty_parents(root, &f.path);
            }
            Err(error) => tracing::warn!(path = %f.path.display(), %error, "cannot drop the oldest file"),
        }
    }
    used
}

/// Partitions of days that are gone go too; `remove_dir` refuses those that are not empty.
fn remove_empty_parents(root: &Path, file: &Path) {
    for dir in file.ancestors().skip(1).take_while(|d| *d != root).take(2) {
        if fs::remove_dir(dir).is_err() {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-4: the oldest closed files of all identifiers go first; open segments and manifests stay.
    #[test]
    fn drops_the_oldest_closed_files_until_it_fits() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, [0; 100]).unwrap();
            path
        };
        let old = put("containers/dt=2026-01-01/identifier=b/b-20260101T000000Z-aaaaaaaa-00000.parquet");
        let same = put("cpus/dt=2026-01-01/identifier=b/b-20260101T000000Z-aaaaaaaa-00000.parquet");
        let mid = put("node/dt=2026-01-02/identifier=a/a-20260102T000000Z-aaaaaaaa-00000.parquet");
        let new = put("containers/dt=2026-01-03/identifier=a/a-20260103T000000Z-aaaaaaaa-00001.parquet");
        let open = put(".open/a-20250101T000000Z-aaaaaaaa-00000.seg");
        let session = put("session-a-20250101T000000Z-aaaaaaaa.json");
        let cap = |max_bytes, on_full| Cap { max_bytes: Some(max_bytes), on_full };
        assert_eq!(enforce(dir.path(), cap(500, OnFull::Stop)), 600);
        assert_eq!(enforce(dir.path(), cap(500, OnFull::DropOldest)), 400);
        assert!(!old.exists() && !same.exists() && mid.exists(), "a rotation goes as a whole");
        assert_eq!(enforce(dir.path(), cap(300, OnFull::DropOldest)), 300);
        assert!(!mid.exists() && new.exists() && open.exists() && session.exists());
        assert!(!dir.path().join("containers/dt=2026-01-01").exists());
    }
}
