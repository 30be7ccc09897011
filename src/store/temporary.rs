//! Files that are still being written, and those whose writer died while writing.
//!
//! Owns: creating a file under a temporary name, locked, and removing what nobody will ever rename. Must not: choose
//! names, or touch the temporary of a sealed file: sealing again overwrites that by itself.
//!
//! A kill between creating and renaming leaves the temporary name behind. Segments and sealed files repeat their
//! names, but a manifest or a segment's first moment belongs to a run that will not come again. As with segments, an
//! advisory lock tells whether the writer lives.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::layout::OPEN_DIR;

/// Extension of files that will be renamed when they are complete; their names begin with a dot.
pub(crate) const TMP_EXT: &str = "tmp";
/// Extension of segments that have no head yet.
pub(crate) const NEW_EXT: &str = "new";

/// Creates a file under a temporary name, locked until it is closed.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        file.lock()?;
        // Somebody who found it unlocked a moment ago took it for a dead writer's.
        if file.metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Removes what writers that are dead have left half written directly below `root` and among the open segments.
pub(crate) fn sweep(root: &Path) {
    for (dir, extension) in [(root.to_owned(), TMP_EXT), (root.join(OPEN_DIR), NEW_EXT)] {
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten().map(|e| e.path());
        for path in entries.filter(|p| p.extension().is_some_and(|e| e == extension)) {
            // Held while removing, so that a writer that comes just now notices.
            let Some(_lock) = File::open(&path).ok().filter(|f| f.try_lock().is_ok()) else { continue };
            match fs::remove_file(&path) {
                Ok(()) => {
                    tracing::debug!(path = %path.display(), "removed: its writer died while writing it");
                }
                Err(error) => tracing::warn!(path = %path.display(), %error, "cannot remove a leftover"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-2, STO-3: what a killed writer left under a temporary name goes; what is being written stays.
    #[test]
    fn only_dead_writers_files_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join(OPEN_DIR)).unwrap();
        let names = [".session-a.json.tmp", ".open/a-00000.new"];
        for name in names {
            drop(create(&root.join(name)).unwrap());
        }
        let living = [".session-b.json.tmp", ".open/b-00000.new"].map(|n| create(&root.join(n)).unwrap());
        for other in [".open/c-00000.seg", "session-c.json"] {
            fs::write(root.join(other), "").unwrap();
        }
        sweep(root);
        assert!(names.iter().all(|n| !root.join(n).exists()));
        assert!(living.iter().all(|f| f.metadata().unwrap().nlink() == 1));
        assert!(root.join(".open/c-00000.seg").exists() && root.join("session-c.json").exists());
    }
}
