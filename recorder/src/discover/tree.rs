//! One hierarchy's directories, and which of them came or went since the last walk.
//!
//! Owns: a walk that costs one `stat` per directory while nothing changes. Must not: read files.
//!
//! A directory's link count is two more than its children, so a child that came shows in its parent's count; one that
//! went shows by its own `stat`. Both together on one parent leave the count as it was, but then a known child is
//! gone, and a gone child makes its parent be listed. So nothing is missed although unchanged directories are never
//! listed. File systems that do not count links so (fixtures on overlayfs) are listed each time.

use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir};

use super::watch::Watch;

/// Deeper directories are not followed: no runtime nests so far, and a hostile tree must not exhaust the stack.
const MAX_DEPTH: usize = 64;

/// What a walk found. Parents come before their children, gone children before their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A directory, by its path below the root (starting with `/`), and its inode.
    Added(CString, u64),
    /// A directory that is gone.
    Removed(CString),
}

#[derive(Debug)]
struct Dir {
    /// Path relative to the root's descriptor: `.` or `a/b`.
    relative: CString,
    inode: u64,
    children: Vec<Dir>,
}

/// The directories of one hierarchy.
#[derive(Debug, Default)]
pub struct Tree {
    root: Option<Dir>,
}

impl Dir {
    fn path(&self) -> CString {
        let bytes = self.relative.as_bytes();
        let path = if bytes == b"." { b"/".to_vec() } else { [b"/", bytes].concat() };
        CString::new(path).unwrap_or_default()
    }

    fn name(&self) -> &[u8] {
        self.relative.as_bytes().rsplit(|&b| b == b'/').next().unwrap_or_default()
    }
}

impl Tree {
    /// Looks for changes and appends them. An unreadable directory counts as empty. New directories are watched.
    pub fn walk(&mut self, root: &OwnedFd, watch: &mut Watch, changes: &mut Vec<Change>) {
        let mut walk = Walk { root, watch, changes };
        match &mut self.root {
            Some(dir) => {
                if !walk.refresh(dir, 0) {
                    walk.removed(dir);
                    self.root = None;
                }
            }
            none => *none = walk.add(c".".to_owned(), 0),
        }
    }
}

struct Walk<'a> {
    root: &'a OwnedFd,
    watch: &'a mut Watch,
    changes: &'a mut Vec<Change>,
}

impl Walk<'_> {
    // Link counts are narrower on other architectures.
    #[allow(clippy::useless_conversion)]
    fn stat(&self, relative: &CStr) -> Option<(u64, u64)> {
        let st = rustix::fs::statat(self.root, relative, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        (FileType::from_raw_mode(st.st_mode) == FileType::Directory)
            .then_some((st.st_ino, u64::from(st.st_nlink)))
    }

    fn add(&mut self, relative: CString, depth: usize) -> Option<Dir> {
        let (inode, _) = self.stat(&relative)?;
        let mut dir = Dir { relative, inode, children: Vec::new() };
        self.watch.add(self.root, &dir.relative);
        self.changes.push(Change::Added(dir.path(), inode));
        self.list(&mut dir, depth);
        Some(dir)
    }

    fn removed(&mut self, dir: &Dir) {
        for child in &dir.children {
            self.removed(child);
        }
        self.changes.push(Change::Removed(dir.path()));
    }

    /// Whether `dir` is still the same directory; brings what is below it up to date.
    fn refresh(&mut self, dir: &mut Dir, depth: usize) -> bool {
        let Some((inode, links)) = self.stat(&dir.relative) else { return false };
        // A removed directory that somebody holds open can still be looked at: without links.
        if inode != dir.inode || links == 0 {
            return false;
        }
        let mut dirty = links < 2 || links - 2 != dir.children.len() as u64;
        let mut at = 0;
        while at < dir.children.len() {
            if self.refresh(&mut dir.children[at], depth + 1) {
                at += 1;
            } else {
                let gone = dir.children.swap_remove(at);
                self.removed(&gone);
                dirty = true;
            }
        }
        if dirty {
            self.list(dir, depth);
        }
        true
    }

    fn list(&mut self, dir: &mut Dir, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        let names = self.subdirectories(&dir.relative);
        let known: HashSet<Vec<u8>> = dir.children.iter().map(|d| d.name().to_vec()).collect();
        for name in names {
            if known.contains(name.to_bytes()) {
                continue;
            }
            let relative = if dir.relative.as_bytes() == b"." {
                name
            } else {
                CString::new([dir.relative.as_bytes(), b"/", name.as_bytes()].concat()).unwrap_or_default()
            };
            dir.children.extend(self.add(relative, depth + 1));
        }
    }

    fn subdirectories(&self, relative: &CStr) -> Vec<CString> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(fd) = rustix::fs::openat(self.root, relative, flags, Mode::empty()) else { return Vec::new() };
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut dir = RawDir::new(&fd, &mut buffer);
        let mut names = Vec::new();
        while let Some(Ok(entry)) = dir.next() {
            let name = entry.file_name();
            let wanted = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            if wanted && name != c"." && name != c".." {
                names.push(name.to_owned());
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    struct Host {
        dir: tempfile::TempDir,
        root: OwnedFd,
        tree: Tree,
    }

    impl Host {
        fn new() -> Host {
            let dir = tempfile::tempdir().unwrap();
            let root = OwnedFd::from(fs::File::open(dir.path()).unwrap());
            Host { dir, root, tree: Tree::default() }
        }

        fn path(&self) -> &Path {
            self.dir.path()
        }

        fn walk(&mut self) -> Vec<String> {
            let mut changes = Vec::new();
            self.tree.walk(&self.root, &mut Watch::none(), &mut changes);
            let text = |p: &CString| p.to_string_lossy().into_owned();
            changes
                .iter()
                .map(|c| match c {
                    Change::Added(p, _) => format!("+{}", text(p)),
                    Change::Removed(p) => format!("-{}", text(p)),
                })
                .collect()
        }
    }

    /// REC-1: new and dead cgroups are told on the next walk, also when one replaces another.
    #[test]
    fn changes_are_told_once() {
        let mut h = Host::new();
        fs::create_dir_all(h.path().join("a/b")).unwrap();
        fs::write(h.path().join("a/file"), "").unwrap();
        assert_eq!(h.walk(), ["+/", "+/a", "+/a/b"]);
        assert_eq!(h.walk(), [""; 0]);
        fs::remove_dir(h.path().join("a/b")).unwrap();
        fs::create_dir(h.path().join("a/c")).unwrap();
        assert_eq!(h.walk(), ["-/a/b", "+/a/c"], "the link count of a has not changed");
        // The same name again: only the inode tells (the old one is kept busy so that it cannot be reused).
        let keep = fs::File::open(h.path().join("a/c")).unwrap();
        fs::remove_dir(h.path().join("a/c")).unwrap();
        fs::create_dir(h.path().join("a/c")).unwrap();
        assert_eq!(h.walk(), ["-/a/c", "+/a/c"]);
        drop(keep);
        fs::remove_dir_all(h.path().join("a")).unwrap();
        assert_eq!(h.walk(), ["-/a/c", "-/a"]);
        fs::remove_dir(h.path()).unwrap();
        assert_eq!(h.walk(), ["-/"]);
    }

    #[test]
    fn symlinks_and_hostile_names_do_no_harm() {
        let mut h = Host::new();
        fs::create_dir(h.path().join("a\nb \u{1b}[31m")).unwrap();
        std::os::unix::fs::symlink("/", h.path().join("loop")).unwrap();
        let deep = "d/".repeat(200);
        fs::create_dir_all(h.path().join(deep)).unwrap();
        assert_eq!(h.walk().len(), 2 + MAX_DEPTH);
    }
}
