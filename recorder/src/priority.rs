//! CPU and IO priority of the threads that have time (REC-6).
//!
//! Owns: how far they step back. Must not: touch the sampler's thread, which must be on time, or fail.
//!
//! Threads inherit both priorities from the thread that starts them, so what starts threads of its own (the store, the
//! sources of names) is started on one that has stepped back.

use std::io;

use rustix::process::{getpriority_process, setpriority_process};

/// So much nicer than the sampler.
const NICER: i32 = 5;
/// `IOPRIO_WHO_PROCESS`: the thread of this id; 0 is the calling one.
const THREAD: libc::c_int = 1;
/// Bits of an IO priority below its class.
const CLASS_SHIFT: libc::c_long = 13;
const CLASS_IDLE: libc::c_long = 3;
/// Class best-effort, level 7: the lowest that still gets its turn.
const LOWEST_BEST_EFFORT: libc::c_int = 2 << CLASS_SHIFT | 7;

/// Lets the calling thread step back.
pub(crate) fn step_back() {
    // For the calling thread, whatever the calls are named: on Linux priorities are the threads' own.
    let nicer = getpriority_process(None).and_then(|nice| setpriority_process(None, (nice + NICER).min(19)));
    if let Err(error) = nicer {
        tracing::debug!(%error, "a background thread keeps its CPU priority");
    }
    if let Err(error) = lower_io() {
        tracing::debug!(%error, "a background thread keeps its IO priority");
    }
}

fn lower_io() -> io::Result<()> {
    let checked =
        |result: libc::c_long| if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) };
    // SAFETY: the call takes numbers only.
    let now = checked(unsafe { libc::syscall(libc::SYS_ioprio_get, THREAD, 0) })?;
    if now >> CLASS_SHIFT == CLASS_IDLE {
        return Ok(());
    }
    // SAFETY: the call takes numbers only.
    checked(unsafe { libc::syscall(libc::SYS_ioprio_set, THREAD, 0, LOWEST_BEST_EFFORT) }).map(drop)
}

/// Runs something that starts threads which are to have stepped back, and waits for it.
pub(crate) fn from_the_back<T: Send>(start: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("fgm-start".to_owned()).spawn_scoped(scope, || {
            step_back();
            start()
        })?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
