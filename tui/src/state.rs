//! The last view of each recording, kept between sessions.
//!
//! Owns: where they lie, and that there are not ever more of them. Must not: know what a view is made of; a file that
//! cannot be read or written costs nothing but the view.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::app::opening::View;

/// Most views that are kept; the oldest go first.
const MOST: usize = 200;

/// A file's content: with the paths, since two recordings may share a file name by accident.
#[derive(Serialize, Deserialize)]
struct Kept {
    paths: Vec<PathBuf>,
    view: View,
}

/// Where a recording's view is kept.
#[derive(Clone, Debug)]
pub struct Place {
    file: PathBuf,
    paths: Vec<PathBuf>,
}

impl Place {
    /// The place for a recording: below `$XDG_STATE_HOME/fgm/views`, else below the home directory; `None` without
    /// either.
    pub fn of(paths: &[PathBuf], env: impl Fn(&str) -> Option<PathBuf>) -> Option<Place> {
        let absolute = |name| env(name).filter(|p: &PathBuf| p.is_absolute());
        let state =
            absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|h| h.join(".local/state")))?;
        let whole = |p: &PathBuf| fs::canonicalize(p).or_else(|_| std::path::absolute(p)).ok();
        let mut paths = paths.iter().map(whole).collect::<Option<Vec<_>>>()?;
        paths.sort();
        // FNV-1a.
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in paths.iter().flat_map(|p| p.as_os_str().as_encoded_bytes().iter().chain(b"\0")) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Some(Place { file: state.join("fgm/views").join(format!("{hash:016x}.json")), paths })
    }

    /// Makes the place, true when it was not there: this is the first session of all. False also where nothing can be
    /// kept, since every session would be the first there.
    pub fn make(&self) -> bool {
        self.file.parent().is_some_and(|dir| !dir.exists() && fs::create_dir_all(dir).is_ok())
    }

    /// The view that was kept.
    pub fn read(&self) -> Option<View> {
        let kept: Kept = serde_json::from_slice(&fs::read(&self.file).ok()?).ok()?;
        (kept.paths == self.paths).then_some(kept.view)
    }

    /// Keeps a view.
    pub fn write(&self, view: View) -> io::Result<()> {
        let dir = self.file.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(dir)?;
        let text = serde_json::to_vec(&Kept { paths: self.paths.clone(), view })?;
        let temporary = self.file.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, text)?;
        fs::rename(&temporary, &self.file)?;
        forget_oldest(dir)
    }
}

fn forget_oldest(dir: &Path) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        files.push((entry.metadata()?.modified()?, entry.path()));
    }
    files.sort();
    let surplus = files.len().saturating_sub(MOST);
    files.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-4: each recording has its own view, however it is named; rubbish is no view; old ones go.
    #[test]
    fn views_are_kept_by_recording() {
        let dir = tempfile::tempdir().unwrap();
        let (state, a, b) = (dir.path().join("s"), dir.path().join("a"), dir.path().join("b"));
        fs::create_dir_all(&a).unwrap();
        fs::create_dir_all(&b).unwrap();
        let of = |p: &Path| {
            Place::of(&[p.to_owned()], |n| (n == "XDG_STATE_HOME").then(|| state.clone())).unwrap()
        };
        let view = View { active: 3, ..View::default() };
        assert_eq!(of(&a).read(), None);
        assert!(of(&a).make());
        of(&a).write(view.clone()).unwrap();
        assert_eq!(of(&a.join("../a")).read(), Some(view));
        assert_eq!(of(&b).read(), None);
        assert!(!of(&b).make());
        fs::write(&of(&a).file, "{").unwrap();
        assert_eq!(of(&a).read(), None);
        for n in 0..MOST + 5 {
            fs::write(state.join(format!("fgm/views/{n}.json")), "").unwrap();
        }
        of(&b).write(View::default()).unwrap();
        assert_eq!(fs::read_dir(state.join("fgm/views")).unwrap().count(), MOST);
        assert!(of(&b).read().is_some());
        assert!(Place::of(&[a], |_| None).is_none());
    }
}
