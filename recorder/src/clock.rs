//! Whether the wall clock is kept in step with others'.
//!
//! Owns: asking the kernel. Must not: set anything.

use std::io;

/// What the kernel knows of the wall clock (adjtimex(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Whether somebody keeps it in step.
    pub(crate) synchronized: bool,
    /// How far it may be off, by the kernel's estimate, µs.
    pub(crate) max_error_usec: i64,
}

/// Asks; fails where a sandbox forbids the call.
pub(crate) fn clock() -> io::Result<Clock> {
    // SAFETY: all fields are plain numbers, for which zero is a value; modes 0 only asks.
    let mut answer: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole timex that lives through the call.
    match unsafe { libc::adjtimex(&raw mut answer) } {
        -1 => Err(io::Error::last_os_error()),
        state => Ok(Clock { synchronized: state != libc::TIME_ERROR, max_error_usec: answer.maxerror }),
    }
}
