//! Reading kernel files through descriptors that stay open.
//!
//! Owns: the reused buffer, and what each error means: gone, absent, or a fault. Must not: know what any file says, or
//! decide which descriptors are kept.

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::descriptors::{Counted, Descriptors, Owner};
use super::faults::Faults;

/// A file longer than this is cut.
const LARGEST: usize = 8 << 20;
/// A part of a list shorter than this is the last one: pages are 4 KiB at least, entries far shorter than the rest.
const LIST_END: usize = 2048;
/// A file that was absent is looked for again after this many ticks.
const PROBE_EVERY: i64 = 60;
/// So often it is looked for at once: a runtime may still be setting the cgroup up.
const EAGER_PROBES: u8 = 3;

/// A file: a directory's descriptor, a directory below it, a name.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) root: BorrowedFd<'a>,
    /// Relative to `root`, without a slash at its end; may be empty.
    pub(crate) dir: &'a [u8],
    pub(crate) name: &'static str,
}

impl At<'_> {
    /// The whole path, for messages.
    pub(crate) fn shown(&self) -> String {
        let link = format!("/proc/self/fd/{}", self.root.as_raw_fd());
        let mut path = std::fs::read_link(link).unwrap_or_default();
        path.push(OsStr::from_bytes(self.dir));
        path.push(self.name);
        path.display().to_string()
    }
}

/// A file's descriptor between ticks, or the knowledge that it is not there.
#[derive(Default)]
pub(crate) struct Kept {
    fd: Option<Counted>,
    misses: u8,
    retry_at: i64,
}

impl Kept {
    fn absent(&mut self, tick_no: i64) {
        self.fd = None;
        self.misses = self.misses.saturating_add(1);
        self.retry_at = tick_no + if self.misses <= EAGER_PROBES { 1 } else { PROBE_EVERY };
    }
}

/// How much of a file one read returns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All of it: files that the kernel prints in one piece.
    Piece,
    /// A page at a time: lists such as cgroup.procs.
    List,
}

/// What a read gave.
pub(crate) enum Got<'a> {
    /// The contents.
    Text(&'a [u8]),
    /// Nothing: absent, not permitted, or failed (then it has been counted).
    Nothing,
    /// The process or cgroup is gone.
    Gone,
}

/// Reads files.
pub(crate) struct Reader {
    buffer: Vec<u8>,
    path: Vec<u8>,
    descriptors: Descriptors,
    /// procfs, to tell processes' files.
    proc_root: Option<RawFd>,
    pub(crate) tick_no: i64,
    pub(crate) files_read: u64,
    pub(crate) faults: Faults,
}

impl Reader {
    /// A reader that keeps at most so many descriptors. `proc_root` is the procfs below which processes' files are.
    pub(crate) fn new(most: usize, proc_root: Option<BorrowedFd<'_>>) -> Reader {
        Reader {
            buffer: vec![0; 64 << 10],
            path: Vec::with_capacity(512),
            descriptors: Descriptors::new(most),
            proc_root: proc_root.map(|fd| fd.as_raw_fd()),
            tick_no: 0,
            files_read: 0,
            faults: Faults::default(),
        }
    }

    /// A new tick.
    pub(crate) fn begin(&mut self, tick_no: i64) {
        self.tick_no = tick_no;
        self.descriptors.begin();
    }

    /// Number of descriptors that may be kept open.
    pub(crate) fn limit(&self) -> usize {
        self.descriptors.limit()
    }

    /// Number of descriptors kept open.
    pub(crate) fn descriptors(&self) -> usize {
        self.descriptors.held()
    }

    /// Reads a file through its kept descriptor, opening it first where needed.
    pub(crate) fn kept(&mut self, slot: &mut Kept, at: At<'_>, shape: Shape) -> Got<'_> {
        if slot.retry_at > self.tick_no {
            return Got::Nothing;
        }
        let kept = slot.fd.is_some();
        let of_process = !at.dir.is_empty() && self.proc_root == Some(at.root.as_raw_fd());
        let owner = if of_process { Owner::Process } else { Owner::Other };
        let read = match &slot.fd {
            Some(c) => read_into(&mut self.buffer, c.as_fd(), shape),
            None => self.open(at).and_then(|fd| {
                let read = read_into(&mut self.buffer, fd.as_fd(), shape);
                if read.is_ok() {
                    slot.fd = self.descriptors.keep(fd, owner);
                }
                read
            }),
        };
        if self.descriptors.read(owner) && kept {
            slot.fd = None;
        }
        self.files_read += 1;
        match read {
            Ok(n) => {
                slot.misses = 0;
                Got::Text(&self.buffer[..n])
            }
            Err(Errno::SRCH | Errno::NODEV) => Got::Gone,
            // Not there, or a feature that is switched off (PSI).
            Err(Errno::NOENT | Errno::OPNOTSUPP) => {
                slot.absent(self.tick_no);
                Got::Nothing
            }
            Err(Errno::MFILE | Errno::NFILE) => {
                // Somebody else in this process uses more than the reserve: keep no more than we have.
                self.descriptors.exhausted();
                self.fault(at, Errno::MFILE);
                Got::Nothing
            }
            Err(errno @ (Errno::ACCESS | Errno::PERM)) => {
                self.fault(at, errno);
                slot.misses = EAGER_PROBES;
                slot.absent(self.tick_no);
                Got::Nothing
            }
            Err(errno) => {
                self.fault(at, errno);
                if kept {
                    slot.fd = None;
                }
                Got::Nothing
            }
        }
    }

    /// Opens, reads and closes a file. For files whose descriptor must not be kept: v1's cgroup.procs gives a reader
    /// that keeps its descriptor a cached list for up to a second, and `smaps_rollup` keeps the memory map that the
    /// process had when it was opened, across exec.
    pub(crate) fn once(&mut self, at: At<'_>, shape: Shape) -> Got<'_> {
        self.files_read += 1;
        let read = self.open(at).and_then(|fd| read_into(&mut self.buffer, fd.as_fd(), shape));
        match read {
            Ok(n) => Got::Text(&self.buffer[..n]),
            Err(Errno::SRCH | Errno::NODEV | Errno::NOENT) => Got::Gone,
            Err(Errno::OPNOTSUPP) => Got::Nothing,
            Err(errno) => {
                self.fault(at, errno);
                Got::Nothing
            }
        }
    }

    /// Opens a file of any length, gives it piece by piece to `each`, and closes it. The text returned is empty.
    pub(crate) fn stream(&mut self, at: At<'_>, mut each: impl FnMut(&[u8])) -> Got<'_> {
        self.files_read += 1;
        let read = self.open(at).and_then(|fd| {
            loop {
                match rustix::io::read(&fd, &mut self.buffer[..]) {
                    Ok(0) => return Ok(()),
                    Ok(n) => each(&self.buffer[..n]),
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(errno),
                }
            }
        });
        match read {
            Ok(()) => Got::Text(&[]),
            Err(Errno::SRCH | Errno::NOENT) => Got::Gone,
            Err(errno) => {
                self.fault(at, errno);
                Got::Nothing
            }
        }
    }

    fn open(&mut self, at: At<'_>) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat(at.root, join(&mut self.path, at)?, flags, Mode::empty())
    }

    fn fault(&mut self, at: At<'_>, errno: Errno) {
        self.faults.errno(at.name, errno, || at.shown());
    }
}

/// `dir/name` as a C string in a reused buffer.
fn join<'p>(path: &'p mut Vec<u8>, at: At<'_>) -> rustix::io::Result<&'p CStr> {
    path.clear();
    if !at.dir.is_empty() {
        path.extend_from_slice(at.dir);
        path.push(b'/');
    }
    path.extend_from_slice(at.name.as_bytes());
    path.push(0);
    CStr::from_bytes_with_nul(path).map_err(|_| Errno::INVAL)
}

fn read_into(buffer: &mut Vec<u8>, fd: BorrowedFd<'_>, shape: Shape) -> rustix::io::Result<usize> {
    let mut filled = 0;
    loop {
        let got = match rustix::io::pread(fd, &mut buffer[filled..], filled as u64) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        filled += got;
        // Lists come a page at a time, filled but for one entry: one that leaves more room has ended.
        let ended = match shape {
            Shape::Piece => filled < buffer.len(),
            Shape::List => got < LIST_END,
        };
        if got == 0 || ended {
            return Ok(filled);
        }
        if filled == buffer.len() {
            if filled >= LARGEST {
                return Ok(filled);
            }
            buffer.resize(filled * 2, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn text<'a>(got: &'a Got<'a>) -> Option<&'a str> {
        match got {
            Got::Text(t) => std::str::from_utf8(t).ok(),
            _ => None,
        }
    }

    /// REC-9: an absent file is not opened again on every tick, and is found when it appears.
    #[test]
    fn absence_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::File::open(dir.path()).unwrap();
        let at = At { root: root.as_fd(), dir: b"", name: "f" };
        let (mut r, mut slot) = (Reader::new(usize::MAX, None), Kept::default());
        let mut tries = 0;
        for tick in 0..100 {
            r.tick_no = tick;
            let before = r.files_read;
            assert!(matches!(r.kept(&mut slot, at, Shape::Piece), Got::Nothing));
            tries += r.files_read - before;
        }
        assert!(tries <= 6, "{tries}");
        assert_eq!(r.faults.total(), 0, "absent is not an error");
        fs::write(dir.path().join("f"), "x".repeat(200_000)).unwrap();
        r.tick_no = 200;
        assert_eq!(text(&r.kept(&mut slot, at, Shape::Piece)).map(str::len), Some(200_000));
        assert_eq!(r.descriptors(), 1);
        drop(slot);
        assert_eq!(r.descriptors(), 0);
    }

    /// REC-9: near the limit files are opened and closed instead of kept, and nothing fails.
    #[test]
    fn descriptors_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("f"), "1").unwrap();
        let root = fs::File::open(dir.path()).unwrap();
        let at = At { root: root.as_fd(), dir: b".", name: "f" };
        let mut r = Reader::new(2, None);
        let mut slots: Vec<Kept> = (0..5).map(|_| Kept::default()).collect();
        for _ in 0..2 {
            for s in &mut slots {
                assert_eq!(text(&r.kept(s, at, Shape::List)), Some("1"));
            }
        }
        assert_eq!(r.descriptors(), 2);
    }
}
