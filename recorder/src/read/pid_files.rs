//! /proc/<pid>/status, io and `smaps_rollup` straight into columns of `processes`, and cmdline as one line.
//!
//! Owns: which key fills which column. Must not: decide when to read them.

use fgm::metric::processes as p;

use super::scan::{fields, lines, number, trim};

/// Value of a `Key:   123 kB` line in bytes.
fn kib(rest: &[u8]) -> Option<u64> {
    number(fields(rest).next()?)?.checked_mul(1024)
}

/// Calls `each` with column and value for every known key of status. Processes without memory (zombies, kernel
/// threads) have no Vm lines.
pub fn status(text: &[u8], mut each: impl FnMut(usize, u64)) {
    for line in lines(text) {
        // Most of the 60 lines are not wanted; the first letter tells quickly.
        if !matches!(line.first(), Some(b'V' | b'R' | b'v' | b'n')) {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let rest = &line[colon + 1..];
        let (column, value) = match &line[..colon] {
            b"VmSize" => (p::memory_virtual_bytes, kib(rest)),
            b"VmHWM" => (p::memory_rss_peak_bytes, kib(rest)),
            b"VmRSS" => (p::memory_rss_bytes, kib(rest)),
            b"RssAnon" => (p::memory_rss_anon_bytes, kib(rest)),
            b"RssFile" => (p::memory_rss_file_bytes, kib(rest)),
            b"RssShmem" => (p::memory_rss_shmem_bytes, kib(rest)),
            b"VmData" => (p::memory_data_bytes, kib(rest)),
            b"VmStk" => (p::memory_stack_bytes, kib(rest)),
            b"VmPTE" => (p::memory_pagetables_bytes, kib(rest)),
            b"VmSwap" => (p::memory_swap_bytes, kib(rest)),
            b"voluntary_ctxt_switches" => (p::main_thread_voluntary_switches_total, number(trim(rest))),
            b"nonvoluntary_ctxt_switches" => (p::main_thread_involuntary_switches_total, number(trim(rest))),
            _ => continue,
        };
        if let Some(v) = value {
            each(column, v);
        }
    }
}

/// Calls `each` with column and value for every known key of io.
pub fn io(text: &[u8], mut each: impl FnMut(usize, u64)) {
    for line in lines(text) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let column = match &line[..colon] {
            b"rchar" => p::io_read_chars_bytes_total,
            b"wchar" => p::io_write_chars_bytes_total,
            b"syscr" => p::io_read_syscalls_total,
            b"syscw" => p::io_write_syscalls_total,
            b"read_bytes" => p::io_read_bytes_total,
            b"write_bytes" => p::io_write_bytes_total,
            b"cancelled_write_bytes" => p::io_cancelled_write_bytes_total,
            _ => continue,
        };
        if let Some(n) = number(trim(&line[colon + 1..])) {
            each(column, n);
        }
    }
}

/// Time waited for a CPU in ns and number of time slices, of schedstat; `None` where the kernel does not count (it then
/// prints zeros, which no living thread has).
pub fn schedstat(text: &[u8]) -> Option<(u64, u64)> {
    let mut f = fields(trim(text)).map(number);
    let (_, waited, slices) = (f.next()??, f.next()??, f.next()??);
    (slices > 0).then_some((waited, slices))
}

/// The soft limit on open files, of limits.
pub fn open_files_max(text: &[u8]) -> Option<u64> {
    lines(text).find_map(|l| number(fields(l.strip_prefix(b"Max open files")?).next()?))
}

/// `smaps_rollup` in bytes; keys that a kernel lacks are `None` (the split of PSS came with 5.9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rollup {
    /// Proportional set size.
    pub pss: Option<u64>,
    /// Anonymous part.
    pub pss_anon: Option<u64>,
    /// File part.
    pub pss_file: Option<u64>,
    /// Shared-memory part.
    pub pss_shmem: Option<u64>,
    /// Private memory.
    pub uss: Option<u64>,
    /// Share of swap.
    pub swap_pss: Option<u64>,
}

/// Reads `smaps_rollup`.
pub fn smaps_rollup(text: &[u8]) -> Rollup {
    let mut r = Rollup::default();
    for line in lines(text) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let slot = match &line[..colon] {
            b"Pss" => &mut r.pss,
            b"Pss_Anon" => &mut r.pss_anon,
            b"Pss_File" => &mut r.pss_file,
            b"Pss_Shmem" => &mut r.pss_shmem,
            b"SwapPss" => &mut r.swap_pss,
            b"Private_Clean" | b"Private_Dirty" => {
                if let Some(n) = kib(&line[colon + 1..]) {
                    r.uss = Some(r.uss.unwrap_or(0).saturating_add(n));
                }
                continue;
            }
            _ => continue,
        };
        *slot = kib(&line[colon + 1..]);
    }
    r
}

/// Longest command line that is kept, in bytes.
pub const CMDLINE_MAX: usize = 512;

/// cmdline with spaces between the arguments, at most [`CMDLINE_MAX`] bytes, without control characters; `None` when
/// empty (kernel threads, zombies).
pub fn cmdline(text: &[u8]) -> Option<String> {
    let cut = &text[..text.len().min(CMDLINE_MAX)];
    let joined: Vec<u8> = cut.iter().map(|&b| if b == 0 { b' ' } else { b }).collect();
    // A cut may fall into a character: what is left of it is not text.
    let mut out: String = String::from_utf8_lossy(&joined)
        .trim_end_matches(char::REPLACEMENT_CHARACTER)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    out.truncate(out.trim_end().len());
    (!out.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../testdata/kernel/v1-6.18/process/", $name))
        };
    }

    fn columns(f: impl FnOnce(&mut dyn FnMut(usize, u64))) -> HashMap<usize, u64> {
        let mut m = HashMap::new();
        f(&mut |c, v| {
            assert!(m.insert(c, v).is_none());
        });
        m
    }

    /// REC-2: RSS and its split add up, in bytes.
    #[test]
    fn status_in_bytes() {
        let m = columns(|each| status(fixture!("status"), each));
        assert_eq!(m.len(), 12);
        let split =
            m[&p::memory_rss_anon_bytes] + m[&p::memory_rss_file_bytes] + m[&p::memory_rss_shmem_bytes];
        assert_eq!(m[&p::memory_rss_bytes], split);
        assert!(m[&p::memory_rss_bytes] > 5 << 20, "the process held 5 MiB");
        assert!(columns(|each| status(b"Name:\tx\nVmRSS:\tlots kB\n", each)).is_empty());
    }

    /// REC-4: per-process IO.
    #[test]
    fn io_keys() {
        let m = columns(|each| io(fixture!("io"), each));
        assert_eq!(m.len(), 7);
        assert!(m[&p::io_read_chars_bytes_total] > m[&p::io_read_syscalls_total]);
    }

    /// REC-3, REC-4: waiting for a CPU; the limit on open files.
    #[test]
    fn the_small_files() {
        assert_eq!(schedstat(b"5093916 4482525 9\n"), Some((4_482_525, 9)));
        assert_eq!(schedstat(b"0 0 0\n"), None, "not counted is not 0");
        assert_eq!(schedstat(b"5 6\n"), None);
        let text = b"Limit  Soft  Hard  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files_max(text), Some(1024));
        assert_eq!(open_files_max(b"Max processes 1 2 processes\n"), None);
    }

    /// REC-2: PSS with its split.
    #[test]
    fn pss_and_its_parts() {
        let r = smaps_rollup(fixture!("smaps_rollup"));
        let parts = r.pss_anon.unwrap() + r.pss_file.unwrap() + r.pss_shmem.unwrap();
        // The kernel rounds each part down to KiB.
        assert!(r.pss.unwrap() - parts <= 3 * 1024);
        assert!(r.uss.unwrap() <= r.pss.unwrap());
        assert_eq!(smaps_rollup(b"Pss:   x kB\nRss: 3 kB\n"), Rollup::default());
    }

    #[test]
    fn command_lines_become_one_line() {
        assert_eq!(cmdline(b"sh\0-c\0a\nb\0").as_deref(), Some("sh -c a b"));
        assert_eq!(cmdline(b""), None);
        assert_eq!(cmdline(b"\0\0"), None);
        let long = "é".repeat(400);
        assert_eq!(cmdline(long.as_bytes()).map(|s| s.len()), Some(512));
        assert_eq!(cmdline(format!("x{long}").as_bytes()).map(|s| s.len()), Some(511));
    }
}
