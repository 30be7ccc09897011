//! Victims of the OOM killer from the kernel's log, where it may be read.
//!
//! Owns: the descriptor, and victims that nobody has asked for yet. Must not: block, or know subjects.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::read::kmsg;

/// Records that are read on one tick; what is left waits for the next.
const MAX_RECORDS: usize = 10_000;
/// Inode of the initial pid namespace, which the kernel's log counts pids in.
const INITIAL_PIDS: u64 = 0xEFFF_FFFC;

/// A victim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Victim {
    /// Its pid, where the log counts as the recorder does.
    pub(crate) pid: Option<u32>,
    pub(crate) comm: String,
    /// Path of its cgroup.
    pub(crate) cgroup: String,
    /// Resident bytes when it was killed.
    pub(crate) rss: Option<u64>,
    logged_pid: u32,
    seen: i64,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct KernelLog {
    file: Option<File>,
    same_pids: bool,
    victims: Vec<Victim>,
    buffer: Vec<u8>,
}

impl KernelLog {
    /// Opens the log at its end; without permission it stays empty.
    pub(crate) fn open(host_root: &Path, proc_root: &Path) -> KernelLog {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::open(host_root.join("dev/kmsg"), flags, Mode::empty());
        let file = opened.ok().map(File::from).and_then(|mut file| {
            file.seek(SeekFrom::End(0)).ok()?;
            Some(file)
        });
        let ours = std::fs::metadata(proc_root.join("self/ns/pid")).map(|m| m.ino());
        KernelLog {
            file,
            same_pids: ours.map_or(true, |inode| inode == INITIAL_PIDS),
            victims: Vec::new(),
            buffer: vec![0; 8 << 10],
        }
    }

    /// Reads what has been logged since the last call. A victim that nobody takes is kept for this tick and the next:
    /// its cgroup's counter may have been read just before.
    pub(crate) fn refresh(&mut self, tick_no: i64) {
        self.victims.retain(|v| v.seen + 1 >= tick_no);
        let Some(file) = &mut self.file else { return };
        for _ in 0..MAX_RECORDS {
            let read = match file.read(&mut self.buffer) {
                Ok(0) => return,
                Ok(n) => n,
                // Records were overwritten before they were read: the next read goes on with the oldest left.
                Err(e) if e.raw_os_error() == Some(rustix::io::Errno::PIPE.raw_os_error()) => continue,
                Err(_) => return,
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            for record in self.buffer[..read].split(|&b| b == b'\n') {
                if let Some(v) = kmsg::victim(record) {
                    self.victims.push(Victim {
                        pid: Some(v.pid).filter(|_| self.same_pids),
                        comm: text(v.comm),
                        cgroup: text(v.cgroup),
                        rss: None,
                        logged_pid: v.pid,
                        seen: tick_no,
                    });
                } else if let Some((pid, rss)) = kmsg::killed(record)
                    && let Some(v) = self.victims.iter_mut().rfind(|v| v.logged_pid == pid)
                {
                    v.rss = Some(rss);
                }
            }
        }
    }

    /// Takes a victim whose cgroup is the one at this path, or lies below it, or bears this container id.
    pub(crate) fn take(&mut self, path: &str, container_id: Option<&str>) -> Option<Victim> {
        let within = |v: &Victim| {
            let below =
                v.cgroup.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            below || container_id.is_some_and(|id| v.cgroup.contains(id))
        };
        let at = self.victims.iter().position(within)?;
        Some(self.victims.remove(at))
    }
}
