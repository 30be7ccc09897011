//! /proc/<pid>/stat.
//!
//! Owns: its fields. Must not: convert clock ticks or pages.

use super::scan::{fields, number, trim};

/// What fgm uses of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PidStat<'a> {
    /// Name of the main thread: any bytes, spaces and parentheses among them.
    pub comm: &'a [u8],
    /// State letter.
    pub state: u8,
    /// Parent's process id.
    pub ppid: u32,
    /// Kernel flags (`PF_*`).
    pub flags: u64,
    /// Page faults without IO.
    pub minor_faults: u64,
    /// Page faults with IO.
    pub major_faults: u64,
    /// User time, clock ticks.
    pub user_ticks: u64,
    /// Kernel time, clock ticks.
    pub system_ticks: u64,
    /// Threads.
    pub threads: u64,
    /// Start after boot, clock ticks.
    pub start_ticks: u64,
    /// Resident pages.
    pub rss_pages: u64,
    /// Start of the code and bottom of the stack: together they change with every exec (0 without permission).
    pub image: (u64, u64),
}

const PF_KTHREAD: u64 = 0x0020_0000;

impl PidStat<'_> {
    /// Whether this is a kernel thread.
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & PF_KTHREAD != 0
    }
}

/// Reads the line; `None` when it is torn before the fields in use.
pub fn pid_stat(text: &[u8]) -> Option<PidStat<'_>> {
    // comm may hold parentheses: it ends at the last one.
    let open = memchr::memchr(b'(', text)?;
    let close = memchr::memrchr(b')', text)?;
    let comm = text.get(open + 1..close)?;
    let mut f = fields(trim(&text[close + 1..]));
    let state = *f.next()?.first()?;
    let mut at = 3;
    // Fields are numbered as in proc(5): state is 3.
    let mut field = |n: usize| {
        let v = f.nth(n - at - 1)?;
        at = n;
        // Some are signed (pgrp of −1); none of those used here is.
        number(v)
    };
    Some(PidStat {
        comm,
        state,
        ppid: u32::try_from(field(4)?).ok()?,
        flags: field(9)?,
        minor_faults: field(10)?,
        major_faults: field(12)?,
        user_ticks: field(14)?,
        system_ticks: field(15)?,
        threads: field(20)?,
        start_ticks: field(22)?,
        rss_pages: field(24)?,
        image: (field(26)?, field(28)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-3: a name with spaces and parentheses does not shift the fields.
    #[test]
    fn a_hostile_name() {
        let s = pid_stat(include_bytes!("../../../testdata/kernel/v1-6.18/process/stat")).unwrap();
        assert_eq!(s.comm, b"a (b) c");
        assert_eq!(s.threads, 2);
        assert!(s.rss_pages > 1000 && s.image.1 > 0 && !s.is_kernel_thread());
        let s =
            pid_stat(b"7 () S 1) S 1 7 7 0 -1 64 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28");
        assert_eq!(s.map(|s| (s.comm, s.ppid)), Some((&b") S 1"[..], 1)));
    }

    #[test]
    fn fields_stand_where_proc5_says() {
        let s = pid_stat(b"7 (x) S 1 7 7 0 -1 64 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28")
            .unwrap();
        assert_eq!((s.minor_faults, s.major_faults, s.user_ticks, s.system_ticks), (10, 12, 14, 15));
        assert_eq!((s.threads, s.start_ticks, s.rss_pages, s.image), (20, 22, 24, (26, 28)));
        assert_eq!(pid_stat(b"7 (x) S 1 7 7 0 -1 64 10"), None, "torn");
        assert_eq!(pid_stat(b")("), None);
    }

    #[test]
    fn kernel_threads_are_told() {
        let s = pid_stat(include_bytes!("../../../testdata/kernel/v1-6.18/process/kthread.stat")).unwrap();
        assert!(s.is_kernel_thread());
    }
}
