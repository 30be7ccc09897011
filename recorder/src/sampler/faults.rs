//! What went wrong while reading, counted, and said once per cause.
//!
//! Owns: the counter behind `recorder_read_errors_total` and the rate limit of its log lines. Must not: decide what
//! a failure means for a row.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rustix::io::Errno;

/// A cause that goes on is said again this often, with its count.
const REPEAT: Duration = Duration::from_mins(10);

#[derive(Debug)]
struct Cause {
    count: u64,
    said: Instant,
}

/// Failures so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    total: u64,
    causes: HashMap<(&'static str, i32), Cause>,
}

impl Faults {
    /// Counts a file that could not be read.
    pub(crate) fn errno(&mut self, file: &'static str, errno: Errno, example: impl Fn() -> String) {
        self.note(file, errno.raw_os_error(), || {
            let hint = hint(errno, rustix::process::geteuid().is_root());
            format!("cannot read {file}, for example {}: {errno}{hint}", example())
        });
    }

    /// Counts a file whose contents were not understood.
    pub(crate) fn garbled(&mut self, file: &'static str) {
        self.note(file, 0, || format!("{file} holds something that this version does not understand"));
    }

    /// Counts a file that lists more than is recorded.
    pub(crate) fn excess(&mut self, file: &'static str, most: usize) {
        self.note(file, -1, || format!("{file} lists more than {most}; the rest is not recorded"));
    }

    fn note(&mut self, file: &'static str, code: i32, text: impl Fn() -> String) {
        self.total += 1;
        let now = Instant::now();
        let cause = self.causes.entry((file, code)).or_insert_with(|| {
            tracing::warn!("{}", text());
            Cause { count: 0, said: now }
        });
        cause.count += 1;
        if now.duration_since(cause.said) >= REPEAT {
            tracing::warn!(count = cause.count, "still: {}", text());
            cause.said = now;
        }
    }

    /// Failures since the start.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Every cause so far: file, error number (0: not understood) and count.
    pub(crate) fn causes(&self) -> impl Iterator<Item = (&'static str, i32, u64)> {
        self.causes.iter().map(|(&(file, code), cause)| (file, code, cause.count))
    }
}

/// The way out. Root is not told to become root: in a container it often lacks the capability.
fn hint(errno: Errno, root: bool) -> &'static str {
    match errno {
        Errno::ACCESS | Errno::PERM if root => {
            " (CAP_SYS_PTRACE is missing or a security module refuses; its columns stay null; `fgm-recorder doctor` explains)"
        }
        Errno::ACCESS | Errno::PERM => " (needs root or CAP_SYS_PTRACE; its columns stay null)",
        Errno::MFILE | Errno::NFILE => " (raise the limit on open files)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-9: each cause once, every loss counted.
    #[test]
    fn causes_are_few_and_losses_are_many() {
        let mut f = Faults::default();
        for n in 0..1000 {
            f.errno("io", Errno::ACCESS, || format!("/proc/{n}/io"));
        }
        f.errno("io", Errno::IO, || "/proc/1/io".to_owned());
        f.garbled("stat");
        assert_eq!((f.total(), f.causes().count()), (1002, 3));
    }

    /// REC-9: root is not told that it needs to be root.
    #[test]
    fn hints_fit_who_reads_them() {
        for errno in [Errno::ACCESS, Errno::PERM] {
            assert!(hint(errno, false).contains("needs root or CAP_SYS_PTRACE"));
            let to_root = hint(errno, true);
            assert!(!to_root.contains("needs root") && to_root.contains("CAP_SYS_PTRACE is missing"));
        }
        assert_eq!(hint(Errno::IO, true), "");
    }
}
