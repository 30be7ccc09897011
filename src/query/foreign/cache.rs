//! Where converted recordings are kept.
//!
//! Owns: the directory, names that change whenever the source does, completeness, the limit on size. Must not: convert.

use std::fs::{self, Metadata};
use std::hash::Hasher;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::query::caches;

/// Changes whenever a conversion would give something else.
const VERSION: u32 = 1;
/// Bytes of converted recordings beyond which the ones used least lately go.
const MAX_BYTES: u64 = 4 << 30;
/// What was used within this time may still be in use.
const IN_USE: Duration = Duration::from_hours(24);

/// The place of one conversion.
pub(super) struct Place {
    pub(super) path: PathBuf,
}

/// Where the conversion of this file belongs.
pub(super) fn place(source: &Path, stat: &Metadata) -> Result<Place, String> {
    let full = fs::canonicalize(source).map_err(|e| e.to_string())?;
    let mut name = crc32fast::Hasher::new();
    let mut wide = std::hash::DefaultHasher::new();
    for part in [
        full.as_os_str().as_encoded_bytes(),
        &stat.size().to_le_bytes(),
        &stat.mtime().to_le_bytes(),
        &stat.mtime_nsec().to_le_bytes(),
        &stat.ino().to_le_bytes(),
        &VERSION.to_le_bytes(),
    ] {
        name.update(part);
        wide.write(part);
    }
    let name = format!("{:016x}{:08x}", wide.finish(), name.finalize());
    let root = caches::directory().ok_or("no directory for caches (set XDG_CACHE_HOME)")?;
    Ok(Place { path: root.join("foreign").join(name) })
}

impl Place {
    /// Whether the conversion is there, whole; marks it as used.
    pub(super) fn is_there(&self) -> bool {
        let there = self.path.is_dir();
        if there && let Ok(dir) = fs::File::open(&self.path) {
            // Without the mark it is only forgotten sooner.
            let _kept = dir.set_modified(SystemTime::now());
        }
        there
    }

    /// Makes it, under a temporary name until it is whole.
    pub(super) fn fill(&self, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
        let parent = self.path.parent().unwrap_or(Path::new("."));
        let refused =
            |e: io::Error| format!("cannot write below {}: {e} (set XDG_CACHE_HOME)", parent.display());
        fs::create_dir_all(parent).map_err(refused)?;
        tidy(parent);
        let temporary = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let made = make(&temporary).and_then(|()| match fs::rename(&temporary, &self.path) {
            // Somebody else was quicker.
            Err(_) if self.path.is_dir() => Ok(()),
            other => other.map_err(refused),
        });
        // It is gone if all went well; if not, what there is of it is of no use.
        let _gone = fs::remove_dir_all(&temporary);
        made
    }
}

/// Removes what has been used least lately beyond the limit, and what killed programs have left.
fn tidy(root: &Path) {
    let now = SystemTime::now();
    let mut all: Vec<(Duration, PathBuf, u64)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| {
            let age = now.duration_since(e.metadata().ok()?.modified().ok()?).unwrap_or_default();
            Some((age, e.path(), size(&e.path())))
        })
        .collect();
    all.sort();
    let mut sum = 0;
    for (age, path, size) in all {
        sum += size;
        let left = path.extension().is_some_and(|e| e == "tmp");
        if age > IN_USE && (left || sum > MAX_BYTES) {
            // Whatever stays is looked at again the next time.
            let _gone = fs::remove_dir_all(&path);
        }
    }
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |m| m.len()) };
    entries.flatten().map(|e| size(&e.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-4: half a conversion never stands under its name, and a changed source has another one.
    #[test]
    fn a_conversion_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place { path: dir.path().join("a/b") };
        let broken = place.fill(|root| {
            fs::create_dir(root).unwrap();
            Err("no".to_owned())
        });
        assert_eq!((broken, place.is_there()), (Err("no".to_owned()), false));
        assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 0);
        place.fill(|root| fs::create_dir(root).map_err(|e| e.to_string())).unwrap();
        assert!(place.is_there());

        let source = dir.path().join("x.parquet");
        fs::write(&source, "1").unwrap();
        let name = || super::place(&source, &fs::metadata(&source).unwrap()).unwrap().path;
        let before = name();
        assert_eq!(before, name());
        fs::write(&source, "12").unwrap();
        assert_ne!(before, name());
    }
}
