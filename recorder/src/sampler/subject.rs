//! A subject between ticks, and one reading of it.
//!
//! Owns: reading a subject's files into its rows, and the gauges derived from them. Must not: find subjects, or read
//! their processes.

use std::sync::Arc;

use fgm::event::About;
use fgm::metric::{Table, containers as c};
use fgm::store::tick::{Row, SeriesId, TableRows, Tick};
use fgm::time::Micros;

use rustix::fs::AtFlags;

use super::access::{At, Got, Reader, Shape};
use super::cgroup_files::{Scratch, adopt_limits, fill};
use super::disks::sum_devices;
use super::extras::Seen;
use super::groups::{Group, Planned, files};
use super::rates::{delta, millicores, percent};
use super::sums::Sums;
use super::watch::Watch;
use crate::discover::{Controller, Hierarchies};
use crate::identify::Identity;
use crate::read::io::Device;
use std::os::fd::AsFd;

/// Counters of the previous reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Previous {
    tick_no: i64,
    time: Micros,
    cells: [Option<i64>; 5],
}

const RATED: [usize; 5] = [
    c::cpu_usage_usec_total,
    c::cpu_user_usec_total,
    c::cpu_system_usec_total,
    c::cpu_periods_total,
    c::cpu_throttled_periods_total,
];

/// A series of `containers` with everything that its readings need.
pub(crate) struct Subject {
    pub(crate) series: SeriesId,
    pub(crate) identity: Identity,
    /// What is not known of it will not be learnt from the disk any more.
    pub(crate) settled: bool,
    /// What events say of it.
    pub(crate) about: Arc<About>,
    /// Ticks of the first and last row.
    pub(crate) seen: Option<(Micros, Micros)>,
    /// A row of `identities` is due.
    pub(crate) identity_due: bool,
    /// There has been one.
    pub(crate) identity_told: bool,
    pub(crate) watch: Watch,
    pub(crate) plan: Vec<Planned>,
    /// Limits of a sub-cgroup (crun).
    pub(crate) holder: Vec<Planned>,
    pub(crate) devices: Vec<(Device, SeriesId)>,
    /// Kernel keys that the dictionary does not know.
    pub(crate) extras: Vec<Seen>,
    pub(crate) oom_kills: Option<i64>,
    /// Position of this tick's row.
    pub(crate) row: Option<usize>,
    pub(crate) sums: Sums,
    previous: Option<Previous>,
    /// The v1 hierarchy that counts its CPU time.
    cpuacct: Option<usize>,
}

impl Subject {
    pub(crate) fn new(series: SeriesId) -> Subject {
        Subject {
            series,
            identity: Identity::default(),
            settled: false,
            about: Arc::default(),
            seen: None,
            identity_due: false,
            identity_told: false,
            watch: Watch::default(),
            plan: Vec::new(),
            holder: Vec::new(),
            devices: Vec::new(),
            extras: Vec::new(),
            oom_kills: None,
            row: None,
            sums: Sums::default(),
            previous: None,
            cpuacct: None,
        }
    }

    /// Has its files in one more hierarchy read. On a hybrid host both cpuacct and the unified hierarchy count CPU time,
    /// not quite the same: cpuacct it is, also when its directory is the first one to go.
    pub(crate) fn read_in(&mut self, hierarchies: &Hierarchies, h: usize) {
        self.plan.extend(files(hierarchies, h));
        if hierarchies.all[h].controllers.contains(&Controller::Cpuacct) {
            self.cpuacct = Some(h);
            // What was read before it was there is of another count.
            self.previous = None;
        }
        if self.cpuacct.is_some() {
            self.plan.retain(|p| !(hierarchies.all[p.hierarchy].is_v2() && p.spec.name == "cpu.stat"));
        }
    }

    /// Forgets the last reading: the clock was set.
    pub(crate) fn forget(&mut self) {
        self.previous = None;
    }
}

/// What reading a subject needs beside the subject.
pub(crate) struct Bench<'a> {
    pub(crate) hierarchies: &'a Hierarchies,
    pub(crate) reader: &'a mut Reader,
    pub(crate) scratch: &'a mut Scratch,
    /// A row for a sub-cgroup's limits.
    pub(crate) spare: &'a mut TableRows,
}

/// Reads a subject's files into a new row. A subject that turns out to be gone before anything was read has no row.
/// Device counters and unknown keys stay in the scratch.
pub(crate) fn read_subject(group: &mut Group, bench: &mut Bench<'_>, tick: &mut Tick, time: Micros) {
    let Some(mut subject) = group.subject.take() else { return };
    subject.row = None;
    subject.sums = Sums::default();
    bench.scratch.clear();
    let tick_no = tick.tick_no;
    let rows = tick.rows_mut(Table::Containers);
    let at = rows.len();
    let mut pushed = false;
    let mut gone = false;
    for planned in &mut subject.plan {
        let file = At {
            root: bench.hierarchies.all[planned.hierarchy].root.as_fd(),
            dir: group.dir(),
            name: planned.spec.name,
        };
        let understood = match bench.reader.kept(&mut planned.kept, file, Shape::Piece) {
            Got::Nothing => continue,
            Got::Gone => {
                gone = true;
                break;
            }
            Got::Text(text) => {
                let mut row = if pushed { rows.row_mut(at) } else { rows.push(subject.series, time) };
                pushed = true;
                fill(planned.spec, text, &mut row, bench.scratch)
            }
        };
        if !understood {
            bench.reader.faults.garbled(planned.spec.name);
        }
    }
    if !pushed && !gone && still_there(group, bench.hierarchies) {
        // A live cgroup without any counters, such as one that only systemd's hierarchy knows.
        rows.push(subject.series, time);
        pushed = true;
    }
    if pushed {
        let mut row = rows.row_mut(at);
        if !subject.holder.is_empty() && !gone {
            read_holder(&mut subject.holder, group.dir(), bench, &mut row);
        }
        sum_devices(&bench.scratch.devices, &mut row);
        derive(&mut row, &mut subject.previous, tick_no, time);
        subject.row = Some(at);
        subject.seen = Some((subject.seen.map_or(tick.tick, |s| s.0), tick.tick));
    }
    group.subject = Some(subject);
}

/// Whether a directory of the group is left: what was removed between the walk and its first reading has no files
/// either, but no row.
fn still_there(group: &Group, hierarchies: &Hierarchies) -> bool {
    // The root's own directory is named by nothing.
    let dir: &[u8] = if group.dir().is_empty() { b"." } else { group.dir() };
    let mut roots = group.places.iter().map(|p| hierarchies.all[p.hierarchy].root.as_fd());
    roots.any(|root| rustix::fs::statat(root, dir, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

fn read_holder(holder: &mut [Planned], dir: &[u8], bench: &mut Bench<'_>, row: &mut Row<'_>) {
    bench.spare.clear();
    let mut sub = bench.spare.push(0, 0);
    let mut below = dir.to_vec();
    below.extend_from_slice(b"/container");
    for planned in holder {
        let root = bench.hierarchies.all[planned.hierarchy].root.as_fd();
        let file = At { root, dir: &below, name: planned.spec.name };
        if let Got::Text(text) = bench.reader.kept(&mut planned.kept, file, Shape::Piece) {
            fill(planned.spec, text, &mut sub, bench.scratch);
        }
    }
    adopt_limits(&sub, row);
}

fn derive(row: &mut Row<'_>, previous: &mut Option<Previous>, tick_no: i64, time: Micros) {
    let cells = RATED.map(|col| row.get(col));
    // Null on a first reading, after a reset, and when the previous tick is missing.
    let before = previous.replace(Previous { tick_no, time, cells }).filter(|p| p.tick_no + 1 == tick_no);
    if let Some(p) = before {
        let since = |n: usize| delta(p.cells[n], cells[n]);
        let gauges = [c::cpu_usage_millicores, c::cpu_user_millicores, c::cpu_system_millicores];
        for (n, column) in gauges.into_iter().enumerate() {
            if let Some(m) = since(n).and_then(|used| millicores(used, time - p.time)) {
                row.set_fixed(column, m);
            }
        }
        if let (Some(periods), Some(throttled)) = (since(3), since(4))
            && let Some(share) = percent(throttled as f64, periods as f64)
        {
            row.set_fixed(c::cpu_throttled_periods_percent, share);
        }
    }
    if let (Some(current), Some(inactive)) =
        (row.get(c::memory_current_bytes), row.get(c::memory_stat_inactive_file_bytes))
    {
        row.set(c::memory_working_set_bytes, current.saturating_sub(inactive).max(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Scope;
    use crate::sampler::groups::Groups;

    fn reading(tick_no: i64, time: Micros, usage: i64, previous: &mut Option<Previous>) -> Option<i64> {
        let mut rows = TableRows::new(Table::Containers);
        let mut row = rows.push(0, time);
        row.set(c::cpu_usage_usec_total, usage);
        derive(&mut row, previous, tick_no, time);
        row.get(c::cpu_usage_millicores)
    }

    /// REC-3: rates divide by the time between the readings, and are null where there is nothing to compare with.
    #[test]
    fn rates_follow_the_rulings() {
        let mut p = None;
        assert_eq!(reading(0, 1_000_000, 500_000, &mut p), None, "first");
        // 0.22 s of CPU in 1.1 s are 200 millicores.
        assert_eq!(reading(1, 2_100_000, 720_000, &mut p), Some(2000));
        assert_eq!(reading(3, 4_000_000, 900_000, &mut p), None, "a tick is missing");
        assert_eq!(reading(4, 5_000_000, 10, &mut p), None, "reset");
        assert_eq!(reading(5, 5_000_000, 20, &mut p), None, "no time has passed");
        assert_eq!(reading(6, 6_000_000, 20, &mut p), Some(0));
    }

    /// REC-2: working set as kubelet computes it, never negative.
    #[test]
    fn working_set() {
        let mut rows = TableRows::new(Table::Containers);
        let mut row = rows.push(0, 0);
        row.set(c::memory_current_bytes, 100);
        row.set(c::memory_stat_inactive_file_bytes, 130);
        derive(&mut row, &mut None, 0, 0);
        assert_eq!(row.get(c::memory_working_set_bytes), Some(0));
    }

    /// REC-1: a cgroup that goes between the walk and its first reading leaves no row; a live one without files does.
    #[test]
    fn what_is_gone_before_its_first_reading_has_no_row() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("cgroup.controllers"), "").unwrap();
        std::fs::create_dir(dir.path().join("brief")).unwrap();
        let hierarchies = Hierarchies::below(dir.path());
        let mut groups = Groups::new(&hierarchies, Scope::All);
        assert_eq!(groups.refresh(&hierarchies).started.len(), 2, "the root and what is below");
        let (mut scratch, mut spare) = (Scratch::default(), TableRows::new(Table::Containers));
        let mut reader = Reader::new(usize::MAX, None);
        let mut rows_now = |tick_no| {
            let mut tick = Tick::default();
            tick.reset(tick_no, tick_no);
            reader.begin(tick_no);
            for (_, group) in groups.iter_mut() {
                let (reader, scratch, spare) = (&mut reader, &mut scratch, &mut spare);
                let mut bench = Bench { hierarchies: &hierarchies, reader, scratch, spare };
                read_subject(group, &mut bench, &mut tick, tick_no);
            }
            tick.rows(Table::Containers).len()
        };
        assert_eq!(rows_now(0), 2);
        std::fs::remove_dir(dir.path().join("brief")).unwrap();
        assert_eq!(rows_now(1), 1);
    }
}
