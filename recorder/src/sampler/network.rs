//! One network namespace between ticks, and one reading of it.
//!
//! Owns: its files, its interfaces and their rows. Must not: know who lives in it.

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};

use fgm::metric::Table;
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::Micros;

use super::access::{At, Got, Kept, Reader, Shape};
use super::groups::{GroupId, Groups};
use super::labels::Host;
use crate::read::net;

/// More interfaces than this in one namespace are not recorded.
const MOST_INTERFACES: usize = 1024;

/// What sampling namespaces needs of the sampler.
pub(crate) struct Site<'a> {
    pub(crate) groups: &'a Groups,
    pub(crate) host: &'a Host,
    pub(crate) proc_root: BorrowedFd<'a>,
    pub(crate) reader: &'a mut Reader,
}

/// A subject; groups' numbers are reused, series' are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) group: GroupId,
    pub(crate) series: SeriesId,
}

struct Interface {
    name: Vec<u8>,
    series: SeriesId,
    seen: i64,
}

#[derive(Default)]
struct Files {
    dev: Kept,
    snmp: Kept,
    netstat: Kept,
}

/// A namespace. The host's has no owner.
pub(crate) struct Namespace {
    pub(crate) inode: Option<u64>,
    pub(crate) owner: Option<Owner>,
    /// Directory of a process within.
    dir: Vec<u8>,
    pub(crate) seen: i64,
    series: SeriesId,
    files: Files,
    interfaces: Vec<Interface>,
}

impl Namespace {
    /// A namespace whose files lie below `dir`.
    pub(crate) fn new(inode: Option<u64>, owner: Option<Owner>, dir: Vec<u8>, series: SeriesId) -> Namespace {
        Namespace { inode, owner, dir, seen: 0, series, files: Files::default(), interfaces: Vec::new() }
    }

    /// From now on its files are read below this process, where they are not open already.
    pub(crate) fn represent(&mut self, pid: u32) {
        self.dir.clear();
        // Writing to memory cannot fail.
        let _ = write!(self.dir, "{pid}");
    }

    /// Begins its series.
    pub(crate) fn define(&self, groups: &Groups, host: &Host, tick: &mut Tick) {
        let owner = self.owner.and_then(|o| groups.get(o.group));
        tick.defs.push(host.netns(self.series, owner, self.inode));
    }

    fn define_interface(&self, interface: &Interface, groups: &Groups, host: &Host, tick: &mut Tick) {
        let owner = self.owner.and_then(|o| groups.get(o.group));
        tick.defs.push(host.interface(interface.series, owner, self.inode, &interface.name));
    }

    /// Defines it and its interfaces, whose owner's names have become known.
    pub(crate) fn redefine(&self, groups: &Groups, host: &Host, tick: &mut Tick) {
        self.define(groups, host, tick);
        for interface in &self.interfaces {
            self.define_interface(interface, groups, host, tick);
        }
    }

    /// Its series end.
    pub(crate) fn end(&self, tick: &mut Tick) {
        tick.ended.push((Table::Netns, self.series));
        tick.ended.extend(self.interfaces.iter().map(|i| (Table::Interfaces, i.series)));
    }

    /// Reads it into new rows.
    pub(crate) fn read(
        &mut self,
        keep: bool,
        next: &mut SeriesId,
        site: &mut Site<'_>,
        tick: &mut Tick,
        time: Micros,
    ) {
        let mut files = std::mem::take(&mut self.files);
        let at = |name| At { root: site.proc_root.as_fd(), dir: &self.dir, name };
        let mut row = None;
        for (name, kept) in [("net/snmp", &mut files.snmp), ("net/netstat", &mut files.netstat)] {
            let got = if keep {
                site.reader.kept(kept, at(name), Shape::Piece)
            } else {
                site.reader.once(at(name), Shape::Piece)
            };
            if let Got::Text(text) = got {
                let rows = tick.rows_mut(Table::Netns);
                let row = *row.get_or_insert_with(|| {
                    rows.push(self.series, time);
                    rows.len() - 1
                });
                let mut row = rows.row_mut(row);
                net::snmp(text, |column, v| row.set_u64(column, v));
            }
        }
        let got = if keep {
            site.reader.kept(&mut files.dev, at("net/dev"), Shape::List)
        } else {
            site.reader.once(at("net/dev"), Shape::List)
        };
        if let Got::Text(text) = got
            && !self.read_interfaces(text, next, site.groups, site.host, tick, time)
        {
            site.reader.faults.excess("net/dev", MOST_INTERFACES);
        }
        self.files = files;
    }

    /// Returns whether there was room for all.
    fn read_interfaces(
        &mut self,
        text: &[u8],
        next: &mut SeriesId,
        groups: &Groups,
        host: &Host,
        tick: &mut Tick,
        time: Micros,
    ) -> bool {
        let tick_no = tick.tick_no;
        let mut all = true;
        // They come in the same order on each tick.
        let mut expected = 0;
        for line in net::dev(text) {
            let known = self.interfaces.get(expected).is_some_and(|i| i.name == line.name);
            let at =
                if known { Some(expected) } else { self.interfaces.iter().position(|i| i.name == line.name) };
            let at = match at {
                Some(at) => at,
                None if self.interfaces.len() >= MOST_INTERFACES => {
                    all = false;
                    continue;
                }
                None => {
                    let new = Interface { name: line.name.to_vec(), series: *next, seen: -1 };
                    *next += 1;
                    self.define_interface(&new, groups, host, tick);
                    self.interfaces.push(new);
                    self.interfaces.len() - 1
                }
            };
            let interface = &mut self.interfaces[at];
            if interface.seen == tick_no {
                // Listed twice: one went while the list was read.
                continue;
            }
            interface.seen = tick_no;
            expected = at + 1;
            let mut row = tick.rows_mut(Table::Interfaces).push(interface.series, time);
            line.counters(|column, v| row.set_u64(column, v));
        }
        self.interfaces.retain(|i| {
            let lives = i.seen == tick_no;
            if !lives {
                tick.ended.push((Table::Interfaces, i.series));
            }
            lives
        });
        all
    }
}
