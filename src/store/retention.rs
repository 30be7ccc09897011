//! The bounds on a store's size and age (STO-4).
//!
//! Owns: counting what a root holds, and deleting the oldest closed files. Must not: touch open segments, manifests or
//! files of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::layout;
use crate::time::{self, Micros};

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

/// Everything that bounds a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Limit on bytes.
    pub cap: Cap,
    /// Closed files older than this are deleted; `None` keeps them.
    pub retention: Option<Duration>,
}

/// What a sweep found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Bytes below the root afterwards.
    pub used: u64,
    /// Closed files deleted because of their age.
    pub aged: u64,
    /// Closed files deleted to make room.
    pub crowded: u64,
}

struct Entry {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
    /// `<compact time>` in the name of a closed file: it is as old as its first tick. `None` for any other file.
    age: Option<String>,
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
                if layout::is_compacting(&path) {
                    // There for moments, and what it will replace is counted.
                    continue;
                }
                let age = layout::sealed_time(&path);
                out.push(Entry { path, len: meta.len(), modified: meta.modified().ok(), age });
            }
        }
    }
    out
}

/// Bytes below a root: open segments, closed files and manifests of all sessions.
pub fn used(root: &Path) -> u64 {
    files(root).iter().map(|f| f.len).sum()
}

/// Deletes closed files that are too old at `now`, and then, if the cap asks for it, the oldest until there is room
/// for `reserve` bytes more. What has no name of a closed file is counted and never deleted.
pub fn sweep(root: &Path, limits: &Limits, now: Micros, reserve: u64) -> Swept {
    let mut files = files(root);
    let mut swept = Swept { used: files.iter().map(|f| f.len).sum(), ..Swept::default() };
    files.retain(|f| f.age.is_some());
    files.sort_by(|a, b| (&a.age, a.path.file_stem()).cmp(&(&b.age, b.path.file_stem())));
    if let Some(retention) = limits.retention {
        let horizon = now.saturating_sub(Micros::try_from(retention.as_micros()).unwrap_or(Micros::MAX));
        files.retain(|f| !f.is_older(horizon) || !f.remove(root, &mut swept, |s| &mut s.aged));
    }
    let Some(max) = limits.cap.max_bytes.filter(|_| limits.cap.on_full == OnFull::DropOldest) else {
        return swept;
    };
    let mut dropping = None;
    for f in files {
        // All tables of a rotation go together: half a rotation answers no question.
        let rotation = f.rotation();
        if swept.used.saturating_add(reserve) <= max && dropping != rotation {
            break;
        }
        dropping = rotation;
        f.remove(root, &mut swept, |s| &mut s.crowded);
    }
    swept
}

impl Entry {
    /// Whether all of its rows are from before the horizon. The name tells the first one; the last one is not younger
    /// than the file, which may have been made of many.
    fn is_older(&self, horizon: Micros) -> bool {
        let Ok(micros) = u64::try_from(horizon) else { return false };
        let begun = self.age.as_ref().is_some_and(|age| *age < time::compact(horizon));
        let instant = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        begun && self.modified.is_some_and(|m| m < instant)
    }

    /// What the names of all tables' files of a rotation, or of what was compacted to begin with it, have in common.
    fn rotation(&self) -> Option<String> {
        let (rotation, _) = self.path.file_stem()?.to_str()?.rsplit_once('-')?;
        Some(rotation.to_owned())
    }

    fn remove(&self, root: &Path, swept: &mut Swept, count: impl Fn(&mut Swept) -> &mut u64) -> bool {
        let path = self.path.display();
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%path, %error, "cannot delete an old file");
            return false;
        }
        tracing::debug!(%path, bytes = self.len, "deleted an old file");
        swept.used = swept.used.saturating_sub(self.len);
        *count(swept) += 1;
        remove_empty_parents(root, &self.path);
        true
    }
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
        // Somebody's own files, one of them where a glob of a table finds it.
        let foreign = put("mine.parquet");
        let beside = put("containers/dt=2025-01-01/notes-20250101T000000Z.parquet");
        let sweep = |max_bytes, on_full, reserve| {
            let limits = Limits { cap: Cap { max_bytes: Some(max_bytes), on_full }, retention: None };
            sweep(dir.path(), &limits, 0, reserve)
        };
        assert_eq!(sweep(700, OnFull::Stop, 0), Swept { used: 800, aged: 0, crowded: 0 });
        assert_eq!(sweep(700, OnFull::DropOldest, 0), Swept { used: 600, aged: 0, crowded: 2 });
        assert!(!old.exists() && !same.exists() && mid.exists(), "a rotation goes as a whole");
        assert_eq!(sweep(600, OnFull::DropOldest, 0).crowded, 0);
        assert_eq!(sweep(600, OnFull::DropOldest, 50).used, 500, "room for what is being written");
        assert!(!mid.exists() && new.exists());
        assert_eq!(sweep(1, OnFull::DropOldest, 0).used, 400);
        assert!(!new.exists() && open.exists() && session.exists() && foreign.exists() && beside.exists());
        assert!(!dir.path().join("containers/dt=2026-01-01").exists());
    }

    /// STO-4, STO-7: compacted files age like others, all tables of a span at once; one that is being written does not
    /// count.
    #[test]
    fn compacted_files_are_closed_files() {
        let dir = tempfile::tempdir().unwrap();
        let put = |table: &str, name: &str| {
            let path = dir.path().join(table).join("dt=2026-01-01/identifier=a").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, [0; 100]).unwrap();
            path
        };
        let first = put("containers", "a-20260101T000000Z-compact-00001.parquet");
        let second = put("node", "a-20260101T000000Z-compact-00004.parquet");
        let later = put("node", "a-20260101T010000Z-compact-00001.parquet");
        let writing = put("node", ".a-20260101T010000Z-compact-00002.parquet.tmp");
        assert_eq!(used(dir.path()), 300);
        let cap = Cap { max_bytes: Some(250), on_full: OnFull::DropOldest };
        let swept = sweep(dir.path(), &Limits { cap, retention: None }, 0, 0);
        assert_eq!(swept, Swept { used: 100, aged: 0, crowded: 2 });
        assert!(!first.exists() && !second.exists() && later.exists() && writing.exists());
    }

    /// STO-4: `--retention` deletes closed files all of whose rows are older, and nothing else.
    #[test]
    fn drops_what_is_too_old() {
        let dir = tempfile::tempdir().unwrap();
        let day = Duration::from_hours(24);
        let now = 1_800_000_000 * time::SECOND;
        let put = |table: &str, days: u32, modified: u32| {
            let first = now - i64::from(days) * 86_400 * time::SECOND;
            let run_id = crate::identity::RunId::from_text("0123456789abcdef").unwrap();
            let place = layout::Place { identifier: "a".into(), first_tick: first, run_id, seq: days };
            let path =
                if table == ".open" { place.segment(dir.path()) } else { place.sealed(dir.path(), table) };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, [0; 10]).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_micros(now.unsigned_abs()) - day * modified;
            fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
            path
        };
        let gone = [put("containers", 9, 9), put("events", 8, 8)];
        let merged = put("node", 9, 6);
        let fresh = put("containers", 6, 6);
        let restored = put("cpus", 3, 30);
        let open = put(".open", 9, 9);
        let limits = |retention| Limits { cap: Cap { max_bytes: None, on_full: OnFull::Stop }, retention };
        assert_eq!(sweep(dir.path(), &limits(None), now, 0), Swept { used: 60, aged: 0, crowded: 0 });
        assert_eq!(
            sweep(dir.path(), &limits(Some(7 * day)), now, 0),
            Swept { used: 40, aged: 2, crowded: 0 }
        );
        assert!(gone.iter().all(|p| !p.exists()));
        assert!(merged.exists(), "its last rows are younger");
        assert!(fresh.exists() && restored.exists() && open.exists());
        assert_eq!(sweep(dir.path(), &limits(Some(Duration::MAX)), now, 0).aged, 0);
    }
}
