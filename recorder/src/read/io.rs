//! Block IO per device: v2's io.stat and v1's `blkio.throttle.io_service_bytes` / `io_serviced` (recursive).
//!
//! Owns: their lines. Must not: sum devices or know their names.

use super::scan::{fields, lines, number};
use super::value::{Limit, limit};

/// Block device number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Device {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

/// Counters of one device in one cgroup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoCounts {
    /// Bytes read.
    pub read_bytes: Option<u64>,
    /// Read operations.
    pub read_ops: Option<u64>,
    /// Bytes written.
    pub write_bytes: Option<u64>,
    /// Write operations.
    pub write_ops: Option<u64>,
    /// Bytes discarded.
    pub discard_bytes: Option<u64>,
    /// Discard operations.
    pub discard_ops: Option<u64>,
}

/// Reads `major:minor`.
pub fn device(text: &[u8]) -> Option<Device> {
    let colon = memchr::memchr(b':', text)?;
    let part = |t| number(t).and_then(|n| u32::try_from(n).ok());
    Some(Device { major: part(&text[..colon])?, minor: part(&text[colon + 1..])? })
}

/// Reads io.stat and calls `each` for every device that has counters, and `other` with device, key and value of what
/// is not known (the cost model's).
pub fn io_stat(
    text: &[u8],
    mut each: impl FnMut(Device, IoCounts),
    mut other: impl FnMut(&[u8], &[u8], u64),
) {
    for line in lines(text) {
        let mut f = fields(line);
        let Some(name) = f.next() else { continue };
        let Some(dev) = device(name) else { continue };
        let mut c = IoCounts::default();
        let mut any = false;
        for field in f {
            let Some(eq) = memchr::memchr(b'=', field) else { continue };
            let slot = match &field[..eq] {
                b"rbytes" => &mut c.read_bytes,
                b"wbytes" => &mut c.write_bytes,
                b"rios" => &mut c.read_ops,
                b"wios" => &mut c.write_ops,
                b"dbytes" => &mut c.discard_bytes,
                b"dios" => &mut c.discard_ops,
                key => {
                    if let Some(value) = number(&field[eq + 1..]) {
                        other(name, key, value);
                    }
                    continue;
                }
            };
            *slot = number(&field[eq + 1..]);
            any |= slot.is_some();
        }
        // The kernel prints a bare device number for a device that has only cost-model keys or nothing yet.
        if any {
            each(dev, c);
        }
    }
}

/// Limits of one device in one cgroup: bytes and operations per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoLimits {
    /// Bytes read per second.
    pub read_bytes: Limit,
    /// Bytes written per second.
    pub write_bytes: Limit,
    /// Read operations per second.
    pub read_ops: Limit,
    /// Write operations per second.
    pub write_ops: Limit,
}

impl IoLimits {
    /// Those of a device that io.max does not list.
    pub const NONE: IoLimits = IoLimits {
        read_bytes: Limit::Unlimited,
        write_bytes: Limit::Unlimited,
        read_ops: Limit::Unlimited,
        write_ops: Limit::Unlimited,
    };
}

/// Reads io.max, which lists only devices with a limit, and calls `each` for every one of them.
pub fn io_max(text: &[u8], mut each: impl FnMut(Device, IoLimits)) {
    for line in lines(text) {
        let mut f = fields(line);
        let Some(dev) = f.next().and_then(device) else { continue };
        let mut limits = IoLimits::NONE;
        for field in f {
            let Some(eq) = memchr::memchr(b'=', field) else { continue };
            let slot = match &field[..eq] {
                b"rbps" => &mut limits.read_bytes,
                b"wbps" => &mut limits.write_bytes,
                b"riops" => &mut limits.read_ops,
                b"wiops" => &mut limits.write_ops,
                _ => continue,
            };
            if let Some(limit) = limit(&field[eq + 1..]) {
                *slot = limit;
            }
        }
        each(dev, limits);
    }
}

/// The weight of io.weight or io.bfq.weight for devices without one of their own.
pub fn weight(text: &[u8]) -> Option<u64> {
    lines(text).find_map(|l| number(l.strip_prefix(b"default ")?))
}

/// Direction of a blkio line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Discards.
    Discard,
}

/// Reads a blkio.throttle.* file (`8:0 Read 4096`) and calls `each` per line; Sync, Async and totals are left out.
pub fn blkio(text: &[u8], mut each: impl FnMut(Device, Direction, u64)) {
    for line in lines(text) {
        let mut f = fields(line);
        let (Some(dev), Some(op), Some(n)) = (f.next().and_then(device), f.next(), f.next().and_then(number))
        else {
            continue;
        };
        match op {
            b"Read" => each(dev, Direction::Read, n),
            b"Write" => each(dev, Direction::Write, n),
            b"Discard" => each(dev, Direction::Discard, n),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-4: block IO per cgroup and device.
    #[test]
    fn io_stat_of_a_kubelet_node() {
        let mut all = Vec::new();
        io_stat(
            include_bytes!("../../../testdata/kernel/v2-6.1/kubepods.slice/io.stat"),
            |d, c| {
                all.push((d, c));
            },
            |_, k, _| panic!("{k:?}"),
        );
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, Device { major: 254, minor: 32 });
        assert_eq!((all[0].1.write_bytes, all[0].1.write_ops), (Some(144_269_312), Some(209)));
        assert_eq!(all[0].1.read_bytes, Some(0));
        let mut other = Vec::new();
        let text = b"8:0 \n8:16 cost.usage=1 cost.vrate=1.5\nnonsense\n";
        io_stat(text, |d, _| panic!("{d:?}"), |d, k, v| other.push((d.to_vec(), k.to_vec(), v)));
        assert_eq!(other, [(b"8:16".to_vec(), b"cost.usage".to_vec(), 1)]);
    }

    /// REC-4: limits per device; what is not limited is said to be so.
    #[test]
    fn io_limits() {
        let mut all = Vec::new();
        io_max(b"8:16 rbps=2097152 wbps=max riops=max wiops=120\nx rbps=1\n", |d, l| all.push((d.minor, l)));
        let expected =
            IoLimits { read_bytes: Limit::Value(2_097_152), write_ops: Limit::Value(120), ..IoLimits::NONE };
        assert_eq!(all, [(16, expected)]);
        assert_eq!(weight(b"default 250\n8:16 100\n"), Some(250));
        assert_eq!(weight(b"8:16 100\n"), None);
    }

    #[test]
    fn blkio_leaves_totals_out() {
        let mut all = Vec::new();
        blkio(b"8:0 Read 4096\n8:0 Write 1\n8:0 Sync 9\n8:0 Total 4097\nTotal 4097\n", |d, o, n| {
            all.push((d.minor, o, n));
        });
        assert_eq!(all, [(0, Direction::Read, 4096), (0, Direction::Write, 1)]);
    }
}
