//! Whether any cgroup may have come or gone since the last look.
//!
//! Owns: the kernel's notices about directories (inotify), and doing without them where they cannot be had. Must not:
//! find out what came or went: the walk does.
//!
//! A cgroup is made and removed by mkdir and rmdir, whoever does it, in whichever mount and namespace; so the kernel
//! tells watchers of the parent on v1 and v2 alike. Other file systems that look like cgroupfs (an emulation, fixtures)
//! promise no such thing: there every tick is a walk.

use std::ffi::{CStr, OsStr};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use rustix::fs::{AtFlags, fstatfs, statat};
use rustix::io::Errno;

use super::hierarchy::Hierarchies;

/// A walk after so many quiet ticks, in case that a notice was not what it seemed.
const WALK_EVERY: u32 = 30;
const CGROUP_MAGIC: u64 = 0x0027_e0eb;
const CGROUP2_MAGIC: u64 = 0x6367_7270;

/// Notices about the directories of all hierarchies.
#[derive(Debug)]
pub struct Watch {
    /// None: every tick is a walk.
    inotify: Option<OwnedFd>,
    quiet: u32,
}

impl Watch {
    /// One that knows nothing, so that every tick is a walk.
    pub fn none() -> Watch {
        Watch { inotify: None, quiet: 0 }
    }

    /// One for these hierarchies, if the kernel tells about all of them.
    pub fn over(hierarchies: &Hierarchies) -> Watch {
        let told = hierarchies.all.iter().all(|h| fstatfs(&h.root).is_ok_and(|fs| is_cgroupfs(fs.f_type)));
        if told { Watch::of_any_directories() } else { Watch::none() }
    }

    fn of_any_directories() -> Watch {
        let inotify = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC);
        if let Err(errno) = inotify {
            give_up(errno);
        }
        // The first look is a walk, whatever the kernel says.
        Watch { inotify: inotify.ok(), quiet: WALK_EVERY }
    }

    /// Has the kernel tell about what comes and goes in a directory; to be called before it is listed.
    pub(super) fn add(&mut self, root: &OwnedFd, relative: &CStr) {
        let Some(inotify) = &self.inotify else { return };
        let mut path = PathBuf::from(format!("/proc/self/fd/{}", root.as_raw_fd()));
        path.push(OsStr::from_bytes(relative.to_bytes()));
        let flags = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::ONLYDIR;
        if let Err(errno) = add_watch(inotify, path, flags)
            // One that is gone by now is told by its parent.
            && statat(root, relative, AtFlags::SYMLINK_NOFOLLOW).is_ok()
        {
            give_up(errno);
            self.inotify = None;
        }
    }

    /// Whether a walk is due. Costs one system call while nothing happens.
    pub fn stirred(&mut self) -> bool {
        let Some(inotify) = &self.inotify else { return true };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut notices = Reader::new(inotify, &mut buffer);
        let mut stirred = false;
        loop {
            match notices.next() {
                // A watch that ended with its directory; the directory's parent has told.
                Ok(notice) if notice.events() == ReadFlags::IGNORED => {}
                // Among them an overflow of the kernel's queue.
                Ok(_) => stirred = true,
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => break,
                Err(errno) => {
                    give_up(errno);
                    self.inotify = None;
                    return true;
                }
            }
        }
        self.quiet = if stirred || self.quiet >= WALK_EVERY { 0 } else { self.quiet + 1 };
        self.quiet == 0
    }
}

fn is_cgroupfs(magic: impl TryInto<u64>) -> bool {
    matches!(magic.try_into(), Ok(CGROUP_MAGIC | CGROUP2_MAGIC))
}

fn give_up(errno: Errno) {
    let reason = match errno {
        Errno::NOSPC => "fs.inotify.max_user_watches is used up".to_owned(),
        Errno::MFILE => "fs.inotify.max_user_instances is used up".to_owned(),
        other => format!("inotify: {other}"),
    };
    tracing::info!("looking at every cgroup on every tick: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// REC-1: what comes and goes below watched directories is told once; that a watch has ended is no news.
    #[test]
    fn notices() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        let root = OwnedFd::from(fs::File::open(dir.path()).unwrap());
        let mut watch = Watch::of_any_directories();
        watch.add(&root, c".");
        watch.add(&root, c"a");
        watch.add(&root, c"gone");
        let mut told = |what: &str| {
            let first = watch.stirred();
            assert!(!watch.stirred(), "told twice: {what}");
            first
        };
        assert!(told("the first look") && !told("nothing"));
        fs::create_dir(dir.path().join("a/b")).unwrap();
        assert!(told("made"));
        fs::remove_dir(dir.path().join("a/b")).unwrap();
        assert!(told("removed"));
        fs::remove_dir(dir.path().join("a")).unwrap();
        assert!(told("a watched one is removed") && !told("nothing"));
    }

    /// REC-1, REC-9: now and then there is a walk without a notice, and without inotify there is one on every tick.
    #[test]
    fn walks_without_notices() {
        let mut watch = Watch::of_any_directories();
        let walks = (0..100).filter(|_| watch.stirred()).count();
        assert_eq!(walks, 4, "the first and every 31st");
        let dir = tempfile::tempdir().unwrap();
        let root = OwnedFd::from(fs::File::open(dir.path()).unwrap());
        // As when no watches are left: the descriptor does not take one.
        let mut watch = Watch { inotify: Some(fs::File::open("/dev/null").unwrap().into()), quiet: 0 };
        watch.add(&root, c".");
        assert!((0..10).all(|_| watch.stirred()));
        assert!(is_cgroupfs(CGROUP2_MAGIC) && !is_cgroupfs(0x0102_1994u64), "not tmpfs");
    }
}
