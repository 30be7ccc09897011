//! The memory that is charged to the recorder's own cgroup, where it is alone in one (REC-6).
//!
//! Owns: finding that cgroup. Must not: count a cgroup that others are in too.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::access::{At, Got, Kept, Reader, Shape};
use crate::read::mountinfo::memory_directories;
use crate::read::value::{pids, single};

/// The cgroup is looked for again after this many ticks: somebody may have joined it, or moved the recorder.
const RECHECK: i64 = 60;

/// The cgroup between ticks.
#[derive(Default)]
pub(crate) struct OwnCgroup {
    found: Option<(OwnedFd, &'static str)>,
    file: Kept,
    next_look: i64,
}

impl OwnCgroup {
    /// Bytes charged on this tick; `None` without a cgroup of its own.
    pub(crate) fn memory(&mut self, reader: &mut Reader) -> Option<u64> {
        if reader.tick_no >= self.next_look {
            self.next_look = reader.tick_no + RECHECK;
            self.file = Kept::default();
            self.found = find();
        }
        let (dir, name) = self.found.as_ref()?;
        match reader.kept(&mut self.file, At { root: dir.as_fd(), dir: b"", name }, Shape::Piece) {
            Got::Text(text) => single(text),
            Got::Gone | Got::Nothing => None,
        }
    }
}

fn find() -> Option<(OwnedFd, &'static str)> {
    let read = |name: &str| fs::read(format!("/proc/self/{name}")).ok();
    memory_directories(&read("cgroup")?, &read("mountinfo")?).into_iter().find_map(|(path, v2)| {
        let path = Path::new(OsStr::from_bytes(&path));
        let name = if v2 { "memory.current" } else { "memory.usage_in_bytes" };
        if !path.join(name).exists() {
            return None;
        }
        // Those of other pid namespaces are listed as 0.
        let members = fs::read(path.join("cgroup.procs")).ok()?;
        let alone =
            pids(&members).eq([std::process::id()]) && crate::read::scan::lines(&members).count() == 1;
        Some((OwnedFd::from(File::open(path).ok().filter(|_| alone)?), name))
    })
}
