//! Where live recordings go.
//!
//! Owns: the directory and every complaint about it. Must not: record.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The way out of every trouble with the directory.
pub const ELSEWHERE: &str = "; choose another directory with -o/--output-dir";

/// `$XDG_STATE_HOME/fgm/live`, else below the home directory; without either one for temporary files that belongs to
/// this user alone and is found again at the next start.
pub fn own(env: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, String> {
    let absolute = |name| env(name).filter(|p: &PathBuf| p.is_absolute());
    if let Some(state) = absolute("XDG_STATE_HOME") {
        return Ok(state.join("fgm/live"));
    }
    if let Some(home) = absolute("HOME") {
        return Ok(home.join(".local/state/fgm/live"));
    }
    let temporary = absolute("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
    let uid = rustix::process::geteuid().as_raw();
    let dir = temporary.join(format!("fgm-live-{uid}"));
    private(&dir, uid).map_err(|what| format!("{}: {what}{ELSEWHERE}", dir.display()))?;
    Ok(dir)
}

/// Makes a directory for this user alone. Anybody may write beside it, so one that is there already may have been
/// prepared by somebody else: it must be a real directory and ours.
fn private(dir: &Path, uid: u32) -> Result<(), String> {
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(format!("cannot create it: {e}")),
    }
    let found = fs::symlink_metadata(dir).map_err(|e| e.to_string())?;
    if !found.is_dir() {
        return Err("is not a directory".to_owned());
    }
    if found.uid() != uid {
        return Err("belongs to another user".to_owned());
    }
    // The umask can only take rights away; an older directory may have more.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|e| e.to_string())
}

/// Makes the directory that was chosen.
pub fn make(dir: &Path) -> Result<(), String> {
    fs::create_dir_all(dir).map_err(|e| format!("cannot create {}: {e}{ELSEWHERE}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(vars: &[(&str, &Path)]) -> Result<PathBuf, String> {
        own(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| v.to_path_buf()))
    }

    /// TUI-1: where live recordings go, with and without a home.
    #[test]
    fn the_directory_is_the_users_own() {
        let path = Path::new;
        let both = dir(&[("XDG_STATE_HOME", path("/s")), ("HOME", path("/h"))]).unwrap();
        assert_eq!(both, path("/s/fgm/live"));
        let home = dir(&[("XDG_STATE_HOME", path("rel")), ("HOME", path("/h"))]).unwrap();
        assert_eq!(home, path("/h/.local/state/fgm/live"));
        let tmp = tempfile::tempdir().unwrap();
        let private = dir(&[("TMPDIR", tmp.path())]).unwrap();
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(dir(&[("TMPDIR", tmp.path())]).unwrap(), private, "the next start finds it again");
    }

    /// TUI-1: a directory that somebody else has prepared is refused, and the line says where and what to do.
    #[test]
    fn prepared_directories_are_refused() {
        let tmp = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        let name = tmp.path().join(format!("fgm-live-{uid}"));
        std::os::unix::fs::symlink("/", &name).unwrap();
        let line = dir(&[("TMPDIR", tmp.path())]).unwrap_err();
        assert!(line.contains(name.to_str().unwrap()) && line.contains("--output-dir"), "{line}");
        assert!(private(tmp.path(), uid + 1).unwrap_err().contains("another user"));
        assert!(make(&name.join("proc/nowhere")).unwrap_err().contains("-o/--output-dir"));
    }
}
