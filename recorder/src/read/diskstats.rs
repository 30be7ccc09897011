//! /proc/diskstats: the counters of whole block devices.
//!
//! Owns: which field fills which column of `disks`. Must not: decide which devices are recorded.

use fgm::metric::disks as d;

use super::io::Device;
use super::scan::{fields, lines, number};

/// Bytes of a sector, whatever the device's own are.
const SECTOR: u64 = 512;
/// Milliseconds in microseconds.
const MS: u64 = 1000;

/// Columns and factors of the fields behind the name, in the kernel's order. Merged discards are left out.
const FIELDS: [Option<(usize, u64)>; 17] = [
    Some((d::io_read_ops_total, 1)),
    Some((d::io_read_merges_total, 1)),
    Some((d::io_read_bytes_total, SECTOR)),
    Some((d::io_read_usec_total, MS)),
    Some((d::io_write_ops_total, 1)),
    Some((d::io_write_merges_total, 1)),
    Some((d::io_write_bytes_total, SECTOR)),
    Some((d::io_write_usec_total, MS)),
    Some((d::io_in_flight, 1)),
    Some((d::io_busy_usec_total, MS)),
    Some((d::io_queue_usec_total, MS)),
    Some((d::io_discard_ops_total, 1)),
    None,
    Some((d::io_discard_bytes_total, SECTOR)),
    Some((d::io_discard_usec_total, MS)),
    Some((d::io_flush_ops_total, 1)),
    Some((d::io_flush_usec_total, MS)),
];

/// One line of diskstats.
#[derive(Clone, Copy, Debug)]
pub struct DiskLine<'a> {
    /// Number of the device.
    pub device: Device,
    /// Name of the device.
    pub name: &'a [u8],
    counters: &'a [u8],
}

impl DiskLine<'_> {
    /// Whether anything has happened on the device since the boot.
    pub fn has_worked(&self) -> bool {
        fields(self.counters).any(|f| number(f).is_some_and(|n| n > 0))
    }

    /// Calls `each` with a column of `disks` and its value; discards came with 4.18, flushes with 5.5.
    pub fn counters(&self, mut each: impl FnMut(usize, u64)) {
        for (column, field) in FIELDS.iter().zip(fields(self.counters)) {
            if let Some((column, factor)) = column
                && let Some(value) = number(field).and_then(|n| n.checked_mul(*factor))
            {
                each(*column, value);
            }
        }
    }
}

/// The devices of diskstats.
pub fn diskstats(text: &[u8]) -> impl Iterator<Item = DiskLine<'_>> {
    lines(text).filter_map(|line| {
        let mut f = fields(line);
        let major = u32::try_from(number(f.next()?)?).ok()?;
        let minor = u32::try_from(number(f.next()?)?).ok()?;
        let name = f.next()?;
        let end = name.as_ptr() as usize - line.as_ptr() as usize + name.len();
        Some(DiskLine { device: Device { major, minor }, name, counters: &line[end..] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use std::collections::HashMap;

    /// REC-4: device-wide counters, each in the column whose source names its field, in bytes and µs.
    #[test]
    fn devices_of_a_host() {
        let text = include_bytes!("../../../testdata/kernel/v1-6.18/host/diskstats");
        assert_eq!(diskstats(text).count(), 10);
        let busy: Vec<_> = diskstats(text).filter(DiskLine::has_worked).collect();
        assert_eq!((busy.len(), busy[0].name), (1, &b"vda"[..]));
        assert_eq!(busy[0].device, Device { major: 254, minor: 0 });
        let mut got = HashMap::new();
        busy[0].counters(|c, v| assert!(got.insert(c, v).is_none()));
        let line: Vec<_> = fields(lines(text).nth(8).unwrap()).map(number).collect();
        for (at, m) in Table::Disks.metrics().iter().enumerate() {
            let source = m.source.split("; ").find_map(|p| p.strip_prefix("/proc/diskstats:"));
            let Some(part) = source else { continue };
            let (nth, factor) = match part.split_once(' ') {
                None => (part, 1),
                Some((nth, "sectors of 512 bytes")) => (nth, 512),
                Some((nth, "ms to µs")) => (nth, 1000),
                Some(other) => panic!("{}: {other:?}", m.name),
            };
            let nth: usize = nth.parse().unwrap();
            assert_eq!(got.get(&at).copied(), line[nth - 1].map(|n| n * factor), "{}", m.name);
        }
        assert_eq!(got.len(), FIELDS.iter().flatten().count());
    }

    #[test]
    fn short_lines_of_old_kernels_leave_the_rest_null() {
        let text = b" 8 0 sda 1 2 3 4 5 6 7 8 9 10 11\nx\n 8 16\n";
        let mut n = 0;
        diskstats(text).for_each(|l| l.counters(|_, _| n += 1));
        assert_eq!(n, 11);
    }
}
