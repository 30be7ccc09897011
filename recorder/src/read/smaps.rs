//! /proc/<pid>/smaps: sums over all mappings of one name, from text that comes in pieces.
//!
//! Owns: its lines, and which key fills which column of `regions`. Must not: read, or choose processes.

use std::collections::HashMap;

use fgm::metric::regions as r;
use fgm::store::tick::Row;

use super::scan::{fields, number};

/// Rows of one reading at most, one for the rest included.
pub const MOST_ROWS: usize = 33;
/// Names told apart while reading; a process with more of them has the rest under [`OTHER`].
const MOST_NAMES: usize = 4096;
/// A longer name is cut.
const LONGEST_NAME: usize = 256;
/// A longer line is no line of smaps (paths have 4096 bytes at most, each perhaps escaped by four).
const LONGEST_LINE: usize = 20_000;
const ANONYMOUS: &[u8] = b"[anon]";
const OTHER: &[u8] = b"[other]";
const COLUMNS: usize = r::METRICS.len();

/// Sums of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Region {
    cells: [Option<u64>; COLUMNS],
}

impl Region {
    fn add(&mut self, column: usize, value: u64) {
        let cell = &mut self.cells[column];
        *cell = Some(cell.unwrap_or(0).saturating_add(value));
    }

    fn absorb(&mut self, other: &Region) {
        for (column, value) in other.cells.iter().enumerate() {
            if let Some(value) = value {
                self.add(column, *value);
            }
        }
    }

    fn weight(&self) -> u64 {
        let of = |column: usize| self.cells[column].unwrap_or(0);
        of(r::memory_pss_bytes).saturating_add(of(r::memory_swap_bytes))
    }

    /// Fills a row of `regions`.
    pub fn fill(&self, row: &mut Row<'_>) {
        for (column, value) in self.cells.iter().enumerate() {
            row.set_opt(column, *value);
        }
    }

    /// The value of a column.
    pub fn get(&self, column: usize) -> Option<u64> {
        self.cells.get(column).copied().flatten()
    }
}

/// A reading under way.
#[derive(Debug, Default)]
pub struct Smaps {
    regions: Vec<(Vec<u8>, Region)>,
    by_name: HashMap<Vec<u8>, usize>,
    current: Option<usize>,
    /// A line whose end is in the next piece.
    torn: Vec<u8>,
}

impl Smaps {
    /// Ready for another process.
    pub fn clear(&mut self) {
        self.regions.clear();
        self.by_name.clear();
        self.current = None;
        self.torn.clear();
    }

    /// Takes the next piece of text.
    pub fn push(&mut self, mut text: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', text) {
            if self.torn.is_empty() {
                self.line(&text[..end]);
            } else {
                let mut whole = std::mem::take(&mut self.torn);
                whole.extend_from_slice(&text[..end]);
                self.line(&whole);
                whole.clear();
                self.torn = whole;
            }
            text = &text[end + 1..];
        }
        if self.torn.len() + text.len() <= LONGEST_LINE {
            self.torn.extend_from_slice(text);
        }
    }

    fn line(&mut self, line: &[u8]) {
        // Keys begin with a capital, mappings with a hexadecimal address.
        if line.first().is_some_and(u8::is_ascii_uppercase) {
            let Some(current) = self.current else { return };
            let Some(colon) = memchr::memchr(b':', line) else { return };
            let Some(column) = column(&line[..colon]) else { return };
            let kib = fields(&line[colon + 1..]).next().and_then(number);
            if let Some(bytes) = kib.and_then(|k| k.checked_mul(1024)) {
                self.regions[current].1.add(column, bytes);
            }
        } else if let Some(name) = mapping(line) {
            let current = self.region(name);
            self.regions[current].1.add(r::mappings, 1);
            self.current = Some(current);
        } else {
            self.current = None;
        }
    }

    fn region(&mut self, name: &[u8]) -> usize {
        let name = &name[..name.len().min(LONGEST_NAME)];
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        let name = if self.regions.len() < MOST_NAMES { name } else { OTHER };
        if let Some(&known) = self.by_name.get(name) {
            return known;
        }
        self.regions.push((name.to_vec(), Region::default()));
        self.by_name.insert(name.to_vec(), self.regions.len() - 1);
        self.regions.len() - 1
    }

    /// The names with the most memory, and the rest of them under one name.
    pub fn finish(&mut self) -> &[(Vec<u8>, Region)] {
        // What could not be told apart while reading.
        let other = self.regions.iter().position(|(name, _)| name == OTHER);
        let mut rest = other.map(|at| self.regions.swap_remove(at).1);
        self.regions.sort_by(|a, b| b.1.weight().cmp(&a.1.weight()).then_with(|| a.0.cmp(&b.0)));
        if self.regions.len() + usize::from(rest.is_some()) > MOST_ROWS {
            let rest = rest.get_or_insert_default();
            self.regions.drain(MOST_ROWS - 1..).for_each(|(_, small)| rest.absorb(&small));
        }
        self.regions.extend(rest.map(|r| (OTHER.to_vec(), r)));
        &self.regions
    }
}

/// The name in the first line of a mapping: `00400000-00452000 r-xp 00000000 08:02 173521   /usr/bin/dbus-daemon`.
fn mapping(line: &[u8]) -> Option<&[u8]> {
    let hex = |t: &[u8]| !t.is_empty() && t.iter().all(u8::is_ascii_hexdigit);
    let mut f = fields(line);
    let range = f.next()?;
    let dash = memchr::memchr(b'-', range)?;
    if !hex(&range[..dash]) || !hex(&range[dash + 1..]) {
        return None;
    }
    // Rights, offset, device, inode; the name may have spaces in it.
    let inode = f.nth(3)?;
    let end = inode.as_ptr() as usize - line.as_ptr() as usize + inode.len();
    let name = line[end..].trim_ascii();
    Some(if name.is_empty() { ANONYMOUS } else { name })
}

fn column(key: &[u8]) -> Option<usize> {
    Some(match key {
        b"Size" => r::memory_virtual_bytes,
        b"Rss" => r::memory_rss_bytes,
        b"Pss" => r::memory_pss_bytes,
        b"Shared_Clean" => r::memory_shared_clean_bytes,
        b"Shared_Dirty" => r::memory_shared_dirty_bytes,
        b"Private_Clean" => r::memory_private_clean_bytes,
        b"Private_Dirty" => r::memory_private_dirty_bytes,
        b"Anonymous" => r::memory_anonymous_bytes,
        b"Swap" => r::memory_swap_bytes,
        b"SwapPss" => r::memory_swap_pss_bytes,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    const SMAPS: &[u8] = include_bytes!("../../../testdata/kernel/v1-6.18/process/smaps");
    const ROLLUP: &[u8] = include_bytes!("../../../testdata/kernel/v1-6.18/process/smaps.rollup");

    fn read(text: &[u8], piece: usize) -> Vec<(String, Region)> {
        let mut s = Smaps::default();
        text.chunks(piece).for_each(|c| s.push(c));
        s.finish().iter().map(|(n, r)| (String::from_utf8_lossy(n).into_owned(), *r)).collect()
    }

    /// REC-2: mappings add up by name, to what the kernel's own sum of the same process says.
    #[test]
    fn regions_of_a_process() {
        let all = read(SMAPS, usize::MAX);
        let names: Vec<_> = all.iter().map(|(n, _)| n.as_str()).collect();
        for name in ["[heap]", "[stack]", "[anon]"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert!(names.iter().any(|n| n.ends_with("with space")), "{names:?}");
        assert!(all.len() < SMAPS.split(|b| *b == b'\n').filter(|l| mapping(l).is_some()).count());
        let mut whole = Smaps::default();
        whole.push(ROLLUP);
        let whole = whole.finish()[0].1;
        for column in (0..COLUMNS).filter(|c| ![r::mappings, r::memory_virtual_bytes].contains(c)) {
            let sum: u64 = all.iter().filter_map(|(_, r)| r.get(column)).sum();
            // The kernel rounds each PSS down to KiB.
            let slack = if column == r::memory_pss_bytes { 1024 * 200 } else { 0 };
            let name = r::METRICS[column].name;
            assert!(whole.get(column).unwrap().abs_diff(sum) <= slack, "{name}: {sum}");
        }
        for piece in [1, 7, 4096] {
            assert_eq!(read(SMAPS, piece), all, "in pieces of {piece}");
        }
    }

    /// REC-2: many names become a bounded number of rows, and nothing is left out of the sum.
    #[test]
    fn small_regions_are_put_together() {
        let mut text = String::new();
        for n in 0..6000u64 {
            writeln!(text, "1000-2000 r--p 0 08:02 7  /lib/{n}\nRss: 1 kB\nPss: {n} kB").unwrap();
        }
        let all = read(text.as_bytes(), usize::MAX);
        assert_eq!(all.len(), MOST_ROWS);
        let sum: u64 = all.iter().map(|(_, r)| r.get(r::memory_rss_bytes).unwrap()).sum();
        assert_eq!(sum, 6000 * 1024);
        assert!(all.iter().any(|(n, _)| n == "[other]"));
    }
}
