//! Files that hold one value: memory.current, pids.max, `memory.limit_in_bytes`, cgroup.procs' plain numbers.
//!
//! Owns: single values and limits with their spellings of "none". Must not: know which file it reads.

use super::scan::{lines, number, trim};

/// A limit that may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// No limit is set.
    Unlimited,
    /// The limit, in the file's unit.
    Value(u64),
}

/// The number that the file holds.
pub fn single(text: &[u8]) -> Option<u64> {
    number(trim(text))
}

/// A limit where `max` means none (cgroup v2, and pids.max on both).
pub fn limit(text: &[u8]) -> Option<Limit> {
    match trim(text) {
        b"max" => Some(Limit::Unlimited),
        digits => number(digits).map(Limit::Value),
    }
}

/// A v1 memory limit: "none" is the largest number of whole pages, which depends on the page size (up to 64 KiB).
pub fn limit_v1(text: &[u8]) -> Option<Limit> {
    const LARGEST_PAGE: u64 = 64 * 1024;
    let bytes = single(text)?;
    Some(if bytes > i64::MAX as u64 - LARGEST_PAGE { Limit::Unlimited } else { Limit::Value(bytes) })
}

/// The process ids of a cgroup.procs file; 0 (a process outside the reader's pid namespace) is left out.
pub fn pids(text: &[u8]) -> impl Iterator<Item = u32> {
    lines(text).filter_map(|l| u32::try_from(number(trim(l))?).ok()).filter(|&pid| pid != 0)
}

/// Number of CPUs in a list such as `0-3,7`.
pub fn cpu_list(text: &[u8]) -> Option<u64> {
    let mut all: u64 = 0;
    for part in trim(text).split(|&b| b == b',') {
        let n = match memchr::memchr(b'-', part) {
            None => number(part).map(|_| 1)?,
            Some(dash) => number(&part[dash + 1..])?.checked_sub(number(&part[..dash])?)?.checked_add(1)?,
        };
        all = all.checked_add(n)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-2: "max" and v1's huge number are both "no limit", never a number.
    #[test]
    fn unlimited_is_not_a_number() {
        assert_eq!(limit(b"max\n"), Some(Limit::Unlimited));
        assert_eq!(limit(b"67108864\n"), Some(Limit::Value(67_108_864)));
        assert_eq!(limit(b"mxa\n"), None);
        assert_eq!(limit_v1(b"9223372036854771712\n"), Some(Limit::Unlimited), "4 KiB pages");
        assert_eq!(limit_v1(b"9223372036854710272\n"), Some(Limit::Unlimited), "64 KiB pages");
        assert_eq!(limit_v1(b"67108864\n"), Some(Limit::Value(67_108_864)));
        assert_eq!(single(b""), None);
    }

    #[test]
    fn cpus_are_counted() {
        assert_eq!(cpu_list(b"0-3,7,9-10\n"), Some(7));
        assert_eq!(cpu_list(b"5\n"), Some(1));
        assert_eq!((cpu_list(b"\n"), cpu_list(b"3-1"), cpu_list(b"0-")), (None, None, None));
    }

    #[test]
    fn pids_skip_what_is_not_one() {
        assert_eq!(pids(b"12\n0\nx\n99999999999\n34").collect::<Vec<_>>(), [12, 34]);
    }
}
