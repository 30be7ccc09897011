//! A process between ticks, and one reading of it.
//!
//! Owns: telling processes apart (start time, exec), their files and derived gauges. Must not: choose whose PSS is
//! read.
//!
//! Every file is read on every tick: a stat line that has not changed does not prove that the others have not. CPU
//! time in stat has steps of 10 ms, so a process that runs for 50 µs a second changes its io counters and context
//! switches for minutes without changing its stat line.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use fgm::event::About;
use fgm::metric::{Table, processes as p};
use fgm::store::tick::{Row, SeriesId, Tick};
use fgm::time::Micros;

use super::access::{At, Got, Kept, Reader, Shape};
use super::groups::GroupId;
use super::open_files::OpenFiles;
use super::process_pss::Pss;
use super::rates::{delta, millicores};
use crate::read::pid_files::{cmdline, io, open_files_max, schedstat, status};
use crate::read::pid_stat::{PidStat, pid_stat};

#[derive(Clone, Copy, Debug)]
struct Previous {
    tick_no: i64,
    time: Micros,
    user: i64,
    system: i64,
}

/// Names of a process; kept to see changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) comm: Vec<u8>,
    pub(crate) ppid: u32,
    pub(crate) exe: Option<String>,
    pub(crate) cmdline: Option<String>,
    image: (u64, u64),
}

/// A process with its descriptors.
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) start_ticks: u64,
    pub(crate) series: SeriesId,
    pub(crate) owner: GroupId,
    pub(crate) names: Names,
    /// What events say of its subject.
    pub(crate) about: Arc<About>,
    pub(crate) pss: Pss,
    /// Resident bytes on this tick; `None` for a process without memory (zombie).
    pub(crate) rss: Option<u64>,
    /// Resident pages as stat has them.
    pub(crate) rss_pages: u64,
    /// CPU time used since it began, clock ticks.
    pub(crate) cpu_ticks: u64,
    /// Open files on this tick.
    pub(crate) open_files: Option<u64>,
    open_files_max: Option<u64>,
    /// Position of this tick's row.
    pub(crate) row: usize,
    /// Tick on which it was last listed.
    pub(crate) seen: i64,
    pub(super) dir: Vec<u8>,
    stat: Kept,
    status: Kept,
    io: Kept,
    schedstat: Kept,
    previous: Option<Previous>,
}

/// What a look at a process's stat gave.
pub(crate) enum Look {
    /// It is the process that we know.
    Same,
    /// Its names or subject have changed.
    Changed,
    /// Its pid belongs to another process now, or to nobody.
    Gone,
}

/// What a stat line said that had been otherwise.
#[derive(Clone, Copy)]
struct Change {
    /// It runs another program.
    renamed: bool,
    /// Its parent or its subject.
    other: bool,
}

/// Why there is no stat line.
enum NoStat {
    Gone,
    Garbled,
}

impl NoStat {
    fn count(&self, reader: &mut Reader) {
        if matches!(self, NoStat::Garbled) {
            reader.faults.garbled("stat");
        }
    }
}

/// Everything that reading processes needs.
pub(crate) struct Bench<'a> {
    pub(crate) proc_root: BorrowedFd<'a>,
    pub(crate) reader: &'a mut Reader,
    pub(crate) open_files: &'a mut OpenFiles,
    pub(crate) tick_usec: i64,
    pub(crate) omit_cmdline: bool,
}

/// First sight of a pid.
pub(crate) enum First {
    /// A process.
    Process(Box<Process>),
    /// A kernel thread, which is not recorded: it has no memory, and its work is the node's.
    Kernel,
    /// Gone or unreadable.
    Nobody,
}

/// Looks at a pid for the first time.
pub(crate) fn first_look(pid: u32, series: SeriesId, owner: GroupId, bench: &mut Bench<'_>) -> First {
    let dir = pid.to_string().into_bytes();
    let mut stat = Kept::default();
    let at = At { root: bench.proc_root, dir: &dir, name: "stat" };
    let Got::Text(text) = bench.reader.kept(&mut stat, at, Shape::Piece) else { return First::Nobody };
    let Some(s) = pid_stat(text) else {
        bench.reader.faults.garbled("stat");
        return First::Nobody;
    };
    if s.is_kernel_thread() {
        return First::Kernel;
    }
    let (start_ticks, rss_pages) = (s.start_ticks, s.rss_pages);
    let cpu_ticks = s.user_ticks.saturating_add(s.system_ticks);
    let mut names = Names { comm: s.comm.to_vec(), ppid: s.ppid, image: s.image, ..Names::default() };
    read_names(&dir, &mut names, bench);
    First::Process(Box::new(Process {
        pid,
        start_ticks,
        series,
        owner,
        names,
        about: Arc::default(),
        pss: Pss::default(),
        rss: None,
        rss_pages,
        cpu_ticks,
        open_files: None,
        open_files_max: limit_of(&dir, bench),
        row: 0,
        seen: 0,
        dir,
        stat,
        status: Kept::default(),
        io: Kept::default(),
        schedstat: Kept::default(),
        previous: None,
    }))
}

fn limit_of(dir: &[u8], bench: &mut Bench<'_>) -> Option<u64> {
    let at = At { root: bench.proc_root, dir, name: "limits" };
    match bench.reader.once(at, Shape::Piece) {
        Got::Text(text) => open_files_max(text),
        Got::Gone | Got::Nothing => None,
    }
}

fn read_names(dir: &[u8], names: &mut Names, bench: &mut Bench<'_>) {
    let mut link = PathBuf::from(OsStr::from_bytes(dir));
    link.push("exe");
    let exe = rustix::fs::readlinkat(bench.proc_root, &link, Vec::new()).ok();
    names.exe = exe.map(|e| e.to_string_lossy().into_owned()).filter(|e| !e.is_empty());
    names.cmdline = None;
    if !bench.omit_cmdline {
        let at = At { root: bench.proc_root, dir, name: "cmdline" };
        if let Got::Text(text) = bench.reader.once(at, Shape::List) {
            names.cmdline = cmdline(text);
        }
    }
}

impl Process {
    /// Forgets the last reading: the clock was set.
    pub(crate) fn forget(&mut self) {
        self.previous = None;
    }

    /// Reads stat, status and io into a new row. Nothing is written when the process is gone.
    pub(crate) fn read(
        &mut self,
        owner: GroupId,
        time: Micros,
        bench: &mut Bench<'_>,
        tick: &mut Tick,
    ) -> Look {
        let (root, tick_no) = (bench.proc_root, bench.reader.tick_no);
        let s = match self.stat(root, bench.reader) {
            Ok(s) => s,
            Err(why) => {
                why.count(bench.reader);
                return Look::Gone;
            }
        };
        let change = self.note(&s, owner);
        let rows = tick.rows_mut(Table::Processes);
        self.row = rows.len();
        let mut row = rows.push(self.series, time);
        fill_stat(&s, bench.tick_usec, &mut row);
        derive(&mut row, &mut self.previous, tick_no, time);
        let at = At { root, dir: &self.dir, name: "status" };
        if let Got::Text(text) = bench.reader.kept(&mut self.status, at, Shape::Piece) {
            status(text, |column, v| row.set_u64(column, v));
        }
        let at = At { root, dir: &self.dir, name: "io" };
        if let Got::Text(text) = bench.reader.kept(&mut self.io, at, Shape::Piece) {
            io(text, |column, v| row.set_u64(column, v));
        }
        let at = At { root, dir: &self.dir, name: "schedstat" };
        if let Got::Text(text) = bench.reader.kept(&mut self.schedstat, at, Shape::Piece)
            && let Some((waited, slices)) = schedstat(text)
        {
            row.set_u64(p::main_thread_run_delay_usec_total, waited / 1000);
            row.set_u64(p::main_thread_timeslices_total, slices);
        }
        self.open_files = bench.open_files.count(root, &self.dir);
        row.set_opt(p::open_files, self.open_files);
        row.set_opt(p::open_files_max, self.open_files_max);
        self.rss = row.get(p::memory_rss_bytes).map(i64::unsigned_abs);
        self.pss.gone = false;
        self.learn(change, bench)
    }

    /// Reads stat only: enough to count it and to see how big it is. Returns whether it lives.
    pub(crate) fn glance(&mut self, owner: GroupId, page_bytes: u64, bench: &mut Bench<'_>) -> bool {
        let s = match self.stat(bench.proc_root, bench.reader) {
            Ok(s) => s,
            Err(why) => {
                why.count(bench.reader);
                return false;
            }
        };
        let change = self.note(&s, owner);
        // A zombie has no memory.
        self.rss = Some(self.rss_pages.saturating_mul(page_bytes)).filter(|&bytes| bytes > 0);
        self.learn(change, bench);
        true
    }

    /// Forgets all that only rows need, and closes the files: from now on it is only glanced at.
    pub(crate) fn rest(&mut self) {
        self.pss = Pss::default();
        self.previous = None;
        self.open_files = None;
        (self.status, self.io, self.schedstat) = Default::default();
    }

    /// Its stat line, if it is still there.
    fn stat<'r>(&mut self, root: BorrowedFd<'_>, reader: &'r mut Reader) -> Result<PidStat<'r>, NoStat> {
        let at = At { root, dir: &self.dir, name: "stat" };
        let Got::Text(text) = reader.kept(&mut self.stat, at, Shape::Piece) else {
            return Err(NoStat::Gone);
        };
        let s = pid_stat(text).ok_or(NoStat::Garbled)?;
        if s.start_ticks == self.start_ticks { Ok(s) } else { Err(NoStat::Gone) }
    }

    /// Takes what a stat line says of who it is and how big.
    fn note(&mut self, s: &PidStat<'_>, owner: GroupId) -> Change {
        let moved = std::mem::replace(&mut self.owner, owner) != owner;
        let renamed = s.comm != self.names.comm || s.image != self.names.image;
        let adopted = s.ppid != self.names.ppid;
        if renamed || adopted {
            self.names.ppid = s.ppid;
            self.names.image = s.image;
            self.names.comm.clear();
            self.names.comm.extend_from_slice(s.comm);
        }
        self.rss_pages = s.rss_pages;
        self.cpu_ticks = s.user_ticks.saturating_add(s.system_ticks);
        Change { renamed, other: adopted || moved }
    }

    fn learn(&mut self, change: Change, bench: &mut Bench<'_>) -> Look {
        if change.renamed {
            // A new program: other memory, perhaps other rights.
            self.pss = Pss::default();
            read_names(&self.dir, &mut self.names, bench);
            self.open_files_max = limit_of(&self.dir, bench);
        }
        if change.renamed || change.other { Look::Changed } else { Look::Same }
    }

    /// Changes when the pid belongs to another process, and usually when it runs another program.
    pub(crate) fn token(&self) -> u64 {
        self.start_ticks ^ self.names.image.0.rotate_left(32)
    }
}

fn fill_stat(s: &PidStat<'_>, tick_usec: i64, row: &mut Row<'_>) {
    let usec = |ticks: u64| i64::try_from(ticks).ok().and_then(|t| t.checked_mul(tick_usec));
    if let (Some(user), Some(system)) = (usec(s.user_ticks), usec(s.system_ticks)) {
        row.set(p::cpu_usage_usec_total, user.saturating_add(system));
        row.set(p::cpu_user_usec_total, user);
        row.set(p::cpu_system_usec_total, system);
    }
    row.set_u64(p::threads, s.threads);
    row.set_u64(p::minor_faults_total, s.minor_faults);
    row.set_u64(p::major_faults_total, s.major_faults);
}

fn derive(row: &mut Row<'_>, previous: &mut Option<Previous>, tick_no: i64, time: Micros) {
    let (Some(user), Some(system)) = (row.get(p::cpu_user_usec_total), row.get(p::cpu_system_usec_total))
    else {
        return;
    };
    let now = Previous { tick_no, time, user, system };
    let Some(before) = previous.replace(now).filter(|b| b.tick_no + 1 == tick_no) else { return };
    let over = time - before.time;
    let rate = |a, b| delta(Some(a), Some(b)).and_then(|d| millicores(d, over));
    if let (Some(u), Some(s)) = (rate(before.user, user), rate(before.system, system)) {
        row.set_fixed(p::cpu_user_millicores, u);
        row.set_fixed(p::cpu_system_millicores, s);
        row.set_fixed(p::cpu_usage_millicores, u + s);
        row.set_fixed(p::cpu_percent_of_core, (u + s) / 10.0);
    }
}
