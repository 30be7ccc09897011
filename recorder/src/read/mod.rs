//! Kernel files: bytes in, fields out; one file per format.
//!
//! Owns: the spelling of every kernel file that is sampled. Must not: open files, ask the time, keep state between
//! calls, or panic on any bytes. What a file does not say is `None`, never 0.

pub mod cpu;
pub mod diskstats;
pub mod io;
pub mod kmsg;
pub mod memory;
pub mod mountinfo;
pub mod net;
pub mod node;
pub mod pid_files;
pub mod pid_stat;
pub mod psi;
pub mod scan;
pub mod smaps;
pub mod value;

#[cfg(test)]
mod any_bytes;
