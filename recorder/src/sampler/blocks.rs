//! Block devices of the host: their names, and their device-wide rows of `disks` (REC-4).
//!
//! Owns: which devices of diskstats are recorded. Must not: read cgroups.
//!
//! Partitions are left out, because their IO is counted in their disk's row too; so is a device on which nothing has
//! happened since the boot (a node may list a hundred loop devices).

use std::collections::HashMap;
use std::os::fd::BorrowedFd;

use fgm::metric::Table;
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::Micros;

use super::access::{At, Got, Kept, Reader, Shape};
use super::labels::Host;
use crate::read::diskstats::{DiskLine, diskstats};
use crate::read::io::Device;

/// More devices than this are not recorded.
const MOST_DEVICES: usize = 1024;

struct Known {
    device: Device,
    /// `None` for a device that is not recorded (yet).
    series: Option<SeriesId>,
    partition: bool,
    seen: i64,
}

/// The host's block devices.
#[derive(Default)]
pub(crate) struct Blocks {
    kept: Kept,
    known: Vec<Known>,
    names: HashMap<Device, String>,
}

impl Blocks {
    /// The kernel's name of a block device.
    pub(crate) fn name(&mut self, device: Device, proc: BorrowedFd<'_>, reader: &mut Reader) -> Option<&str> {
        if !self.names.contains_key(&device)
            && let Got::Text(text) = reader.kept(&mut self.kept, file(proc), Shape::List)
        {
            self.names = diskstats(text).map(|l| (l.device, name_of(&l))).collect();
        }
        self.names.get(&device).map(String::as_str)
    }

    /// Writes the device-wide rows.
    pub(crate) fn read(
        &mut self,
        host: &Host,
        proc: BorrowedFd<'_>,
        reader: &mut Reader,
        next: &mut SeriesId,
        time: Micros,
        tick: &mut Tick,
    ) {
        let Got::Text(text) = reader.kept(&mut self.kept, file(proc), Shape::List) else { return };
        let tick_no = tick.tick_no;
        // They come in the same order on each tick.
        let mut expected = 0;
        let mut all = true;
        for line in diskstats(text) {
            let same = |k: &Known| k.device == line.device;
            let hit = if self.known.get(expected).is_some_and(same) {
                Some(expected)
            } else {
                self.known.iter().position(same)
            };
            let at = match hit {
                Some(at) => at,
                None if self.known.len() >= MOST_DEVICES => {
                    all = false;
                    continue;
                }
                None => {
                    let partition = diskstats(text).any(|disk| is_partition(line.name, disk.name));
                    self.names.insert(line.device, name_of(&line));
                    self.known.push(Known { device: line.device, series: None, partition, seen: tick_no });
                    self.known.len() - 1
                }
            };
            expected = at + 1;
            let known = &mut self.known[at];
            known.seen = tick_no;
            if known.partition || (known.series.is_none() && !line.has_worked()) {
                continue;
            }
            let series = *known.series.get_or_insert_with(|| {
                *next += 1;
                tick.defs.push(host.device(*next - 1, line.device, &name_of(&line)));
                *next - 1
            });
            let mut row = tick.rows_mut(Table::Disks).push(series, time);
            line.counters(|column, v| row.set_u64(column, v));
        }
        let names = &mut self.names;
        self.known.retain(|k| {
            let lives = k.seen == tick_no;
            if !lives {
                // Its numbers may be given to another device.
                names.remove(&k.device);
                tick.ended.extend(k.series.map(|s| (Table::Disks, s)));
            }
            lives
        });
        if !all {
            reader.faults.excess("diskstats", MOST_DEVICES);
        }
    }
}

fn file(proc: BorrowedFd<'_>) -> At<'_> {
    At { root: proc, dir: b"", name: "diskstats" }
}

fn name_of(line: &DiskLine<'_>) -> String {
    String::from_utf8_lossy(line.name).into_owned()
}

/// Whether a name is that of a partition of a disk: the kernel appends a number, after a `p` where the disk's name ends
/// in a digit.
fn is_partition(name: &[u8], disk: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(disk) else { return false };
    let number = match disk.last() {
        Some(d) if d.is_ascii_digit() => rest.strip_prefix(b"p"),
        Some(_) => Some(rest),
        None => None,
    };
    number.is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-4: a partition's IO is its disk's too and must not be summed with it.
    #[test]
    fn partitions_are_told_by_name() {
        for (name, disk) in
            [("sda1", "sda"), ("nvme0n1p12", "nvme0n1"), ("md0p1", "md0"), ("mmcblk0p1", "mmcblk0")]
        {
            assert!(is_partition(name.as_bytes(), disk.as_bytes()), "{name}");
        }
        for (name, disk) in [
            ("sda", "sda"),
            ("dm-10", "dm-1"),
            ("loop10", "loop1"),
            ("sdaa", "sda"),
            ("mmcblk0boot0", "mmcblk0"),
        ] {
            assert!(!is_partition(name.as_bytes(), disk.as_bytes()), "{name}");
        }
    }
}
