//! The kernel and its clock.
//!
//! Owns: findings about the host as a whole. Must not: look at cgroups or processes.

use std::io;
use std::path::Path;

use super::Finding;

pub(super) fn kernel() -> Finding {
    let uname = rustix::system::uname();
    let text = |s: &std::ffi::CStr| s.to_string_lossy().into_owned();
    Finding::ok(
        "kernel",
        format!("{} {} {}", text(uname.sysname()), text(uname.release()), text(uname.machine())),
    )
}

pub(super) fn node_pressure(proc_root: &Path) -> Finding {
    let path = proc_root.join("pressure/cpu");
    match std::fs::read(&path) {
        Ok(_) => Finding::ok("psi-node", format!("{} is there", path.display())),
        Err(e) => pressure_missing("psi-node", &path, &e),
    }
}

/// Why pressure files cannot be read; the same for the node's and those of cgroups.
pub(super) fn pressure_missing(check: &'static str, path: &Path, error: &io::Error) -> Finding {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Finding::missing(
            check,
            format!("{path} does not exist: this kernel has no pressure stall information"),
        )
        .remedy("a kernel 4.20 or newer with CONFIG_PSI"),
        io::ErrorKind::Unsupported => {
            Finding::missing(check, format!("{path}: pressure stall information is switched off"))
                .remedy("boot with psi=1")
        }
        _ => Finding::missing(check, format!("cannot read {path}: {error}")),
    }
}

/// Whether the wall clock is kept in step, so that the ticks of several nodes line up.
pub(super) fn clock() -> Finding {
    // SAFETY: all fields are plain numbers, for which zero is a value; modes 0 only asks.
    let mut answer: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole timex that lives through the call.
    let state = unsafe { libc::adjtimex(&raw mut answer) };
    let micros = answer.maxerror;
    match state {
        -1 => Finding::note(
            "clock",
            format!("whether it is synchronized is unknown: {}", io::Error::last_os_error()),
        ),
        libc::TIME_ERROR => {
            Finding::note("clock", "not synchronized: the ticks of several nodes may not line up")
                .remedy("run chrony, ntpd or systemd-timesyncd on the host")
        }
        _ => Finding::ok("clock", format!("synchronized, at most {:.1} ms off", micros as f64 / 1e3)),
    }
}
