//! Block IO per device: v2's io.stat and v1's `blkio.throttle.io_service_bytes` / `io_serviced` (recursive).
//!
//! Owns: their lines. Must not: sum devices or know their names.

use super::scan::{fields, lines, number};

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

/// Reads io.stat and calls `each` for every device that has counters.
pub fn io_stat(text: &[u8], mut each: impl FnMut(Device, IoCounts)) {
    for line in lines(text) {
        let mut f = fields(line);
        let Some(dev) = f.next().and_then(device) else { continue };
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
                _ => continue,
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
        io_stat(include_bytes!("../../../testdata/kernel/v2-6.1/kubepods.slice/io.stat"), |d, c| {
            all.push((d, c));
        });
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, Device { major: 254, minor: 32 });
        assert_eq!((all[0].1.write_bytes, all[0].1.write_ops), (Some(144_269_312), Some(209)));
        assert_eq!(all[0].1.read_bytes, Some(0));
        io_stat(b"8:0 \n8:16 cost.usage=1\nnonsense\n", |d, _| panic!("{d:?}"));
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
