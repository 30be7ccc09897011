//! What may be seen of other users' processes.
//!
//! Owns: findings about procfs and permissions. Must not: read memory maps: whether `smaps_rollup` may be read is
//! decided when it is opened, before any page table is walked.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Finding, Status};
use crate::read::mountinfo::hidden_pids;
use crate::read::pid_stat::pid_stat;

/// Inode of the first pid namespace, fixed in the kernel (`PROC_PID_INIT_INO`).
const HOST_PID_NAMESPACE: &str = "pid:[4026531836]";
/// `CAP_SYS_PTRACE` in the mask of effective capabilities.
const CAP_SYS_PTRACE: u64 = 1 << 19;

pub(super) fn examine(proc_root: &Path, out: &mut Vec<Finding>) {
    out.push(pid_namespace(proc_root));
    out.push(hidden(proc_root));
    let seen = Seen::look(proc_root);
    out.push(seen.finding("process-pss", "smaps_rollup", "PSS", &seen.rollup));
    out.push(seen.finding("process-io", "io", "block IO", &seen.io));
}

fn link(path: &Path) -> Option<String> {
    fs::read_link(path).ok().map(|l| l.to_string_lossy().into_owned())
}

fn pid_namespace(proc_root: &Path) -> Finding {
    let shown = proc_root.display();
    let first = link(&proc_root.join("1/ns/pid"));
    let own = link(Path::new("/proc/self/ns/pid"));
    // Another user's namespaces cannot be read; then one's own tells, if this procfs is of it.
    let foreign = proc_root != Path::new("/proc");
    match first.or(own.filter(|_| !foreign)) {
        Some(ns) if ns == HOST_PID_NAMESPACE => {
            Finding::ok("pid-namespace", format!("{shown} shows the processes of the whole host"))
        }
        Some(_) => Finding::missing("pid-namespace", format!("{shown} is of a container's pid namespace: processes outside it cannot be seen"))
            .remedy("hostPID: true in the pod, --pid=host in podman or docker, or mount the host's /proc and name it with --proc-root"),
        None => Finding::note("pid-namespace", format!("whether {shown} shows the whole host is unknown: its pid 1 belongs to another user")),
    }
}

fn hidden(proc_root: &Path) -> Finding {
    let mountinfo = fs::read(proc_root.join("self/mountinfo")).unwrap_or_default();
    let option = hidden_pids(&mountinfo, proc_root.as_os_str().as_encoded_bytes());
    if File::open(proc_root.join("1/stat")).is_ok() {
        return Finding::ok("hidepid", "processes of other users are shown");
    }
    let why = option.map_or_else(|| "cannot be read".to_owned(), |o| format!("is hidden by hidepid={o}"));
    Finding::missing(
        "hidepid",
        format!("{}/1 {why}: processes of other users are not recorded", proc_root.display()),
    )
    .remedy("run as root or with CAP_SYS_PTRACE, or mount procfs with gid= of the recorder's group")
}

/// How many processes' files may be opened.
#[derive(Default)]
struct Tally {
    open: usize,
    /// An example of those that may not.
    denied: Option<String>,
}

#[derive(Default)]
struct Seen {
    processes: usize,
    others: usize,
    rollup: Tally,
    io: Tally,
}

impl Seen {
    fn look(proc_root: &Path) -> Seen {
        let mut seen = Seen::default();
        let me = rustix::process::geteuid().as_raw();
        for entry in fs::read_dir(proc_root).into_iter().flatten().flatten() {
            let dir = entry.path();
            let numbered = entry.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit());
            if !numbered || !is_process(&dir) {
                continue;
            }
            seen.processes += 1;
            seen.others += usize::from(entry.metadata().is_ok_and(|m| m.uid() != me));
            seen.rollup.add(&dir.join("smaps_rollup"), false);
            seen.io.add(&dir.join("io"), true);
        }
        seen
    }

    fn finding(&self, check: &'static str, file: &str, what: &str, tally: &Tally) -> Finding {
        let (all, others) = (self.processes, self.others);
        match &tally.denied {
            None => Finding::ok(check, format!("{what} of all {all} processes ({others} of other users)")),
            Some(example) => Finding {
                status: Status::Missing,
                ..Finding::ok(check, format!("{what} of {} of {all} processes only: {file} of the rest may not be read, for example {example}", tally.open))
                    .remedy(if capable(CAP_SYS_PTRACE) { "the recorder has CAP_SYS_PTRACE, but these processes have rights that it lacks, or a security module refuses" } else { "run as root or with CAP_SYS_PTRACE" })
            },
        }
    }
}

impl Tally {
    /// `smaps_rollup` checks on opening, `io` on reading.
    fn add(&mut self, path: &Path, read: bool) {
        let tried = File::open(path).and_then(|mut f| if read { f.read(&mut [0; 512]) } else { Ok(0) });
        match tried {
            Ok(_) => self.open += 1,
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                self.denied.get_or_insert_with(|| path.display().to_string());
            }
            // Gone meanwhile.
            Err(_) => {}
        }
    }
}

fn is_process(dir: &Path) -> bool {
    fs::read(dir.join("stat"))
        .is_ok_and(|text| pid_stat(&text).is_some_and(|s| !s.is_kernel_thread() && s.state != b'Z'))
}

fn capable(capability: u64) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("CapEff:")).map(str::trim);
    mask.and_then(|m| u64::from_str_radix(m, 16).ok()).is_some_and(|m| m & capability != 0)
}
