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
    match crate::clock::clock() {
        Err(e) => Finding::note("clock", format!("whether it is synchronized is unknown: {e}")),
        Ok(c) if !c.synchronized => {
            Finding::note("clock", "not synchronized: the ticks of several nodes may not line up")
                .remedy("run chrony, ntpd or systemd-timesyncd on the host")
        }
        Ok(c) => {
            Finding::ok("clock", format!("synchronized, at most {:.1} ms off", c.max_error_usec as f64 / 1e3))
        }
    }
}
