//! Segments that something has happened to: whatever the bytes, reading neither panics, nor takes more memory than the
//! file can account for, nor yields anything that was not written.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]
// Counting what is allocated needs an allocator, and an allocator needs unsafe functions.
#![allow(unsafe_code, reason = "the trait is unsafe")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use common::{fill, open};
use fgm::metric::Table;
use fgm::store::read::{SegmentData, SegmentReader};
use fgm::store::tick::LabelValue;
use proptest::prelude::*;
use proptest::sample::Index;

/// Counts the live bytes of each thread and remembers the most.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that is ending has no counters any more.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + bytes);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: everything is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes that `work` had allocated at a time, on this thread.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before).cast_unsigned())
}

const TICKS: i64 = 70;

/// A genuine segment over several key records.
fn genuine() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path(), "0123456789abcdef0123456789abcdef");
        fill(&mut writer, 0, TICKS);
        let segment = fs::read_dir(dir.path().join(".open")).unwrap().flatten().next().unwrap();
        fs::read(segment.path()).unwrap()
    })
}

/// A row's table, key labels and tick.
type Key = (Table, Vec<LabelValue>, i64);
/// Its time and cells.
type Values = (i64, Vec<i64>);

fn rows(data: &SegmentData) -> Vec<(Key, Values)> {
    let of_table = |t: &fgm::store::read::TableData| {
        let width = t.table.metrics().len();
        let key = |series: u32| {
            let labels = &t.series[series as usize];
            t.table.key_labels().map(|i| labels[i].clone()).collect::<Vec<_>>()
        };
        let cells = t.cells.chunks(width).map(<[i64]>::to_vec);
        let rows = t.rows.iter().map(|r| ((t.table, key(r.series), r.tick_no), r.time));
        rows.zip(cells).map(|((key, time), cells)| (key, (time, cells))).collect::<Vec<_>>()
    };
    data.tables.iter().flat_map(of_table).collect()
}

fn read(path: &Path) -> Option<SegmentData> {
    let mut data = SegmentData::new(&Table::ALL);
    let mut reader = SegmentReader::open(path).ok()?;
    while reader.poll(&mut data).ok()? {}
    Some(data)
}

fn written() -> &'static HashMap<Key, Values> {
    static ROWS: OnceLock<HashMap<Key, Values>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.seg");
        fs::write(&path, genuine()).unwrap();
        rows(&read(&path).unwrap()).into_iter().collect()
    })
}

/// Reads the bytes as a segment and checks what comes of it. Returns the ticks that were read.
fn check(bytes: &[u8]) -> Vec<i64> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.seg");
    fs::write(&path, bytes).unwrap();
    let written = written();
    let (data, peak) = peak_of(|| read(&path));
    // A row that has not changed takes five bytes of a file, and about 120 cells twice of memory, in vectors that have
    // room to double; the head's names, and the buffer that it is read into, come once.
    let bound = (1 << 20) + bytes.len() * 1024;
    assert!(peak <= bound, "{peak} bytes for a segment of {}", bytes.len());
    let Some(data) = data else { return Vec::new() };
    let ticks: Vec<i64> = data.ticks.iter().map(|t| t.0).collect();
    assert!(ticks.windows(2).all(|w| w[0] < w[1]), "no tick twice: {ticks:?}");
    assert!(ticks.iter().all(|t| (0..TICKS).contains(t)), "{ticks:?}");
    let mut of_tick: HashMap<i64, usize> = HashMap::new();
    for (key, row) in rows(&data) {
        assert_eq!(written.get(&key), Some(&row), "{key:?}");
        *of_tick.entry(key.2).or_default() += 1;
    }
    // A tick is there with all of its rows or not at all.
    for tick in &ticks {
        assert_eq!(of_tick.get(tick), Some(&3), "tick {tick}");
    }
    ticks
}

/// STO-3: a segment that ends anywhere holds every tick whose record it holds, and no other.
#[test]
fn cut_anywhere() {
    let whole = genuine();
    let mut last = 0;
    for end in (0..whole.len()).step_by(5).chain([whole.len()]) {
        let ticks = check(&whole[..end]);
        assert!(ticks.iter().copied().eq(0..ticks.len() as i64), "in order, from the first on");
        assert!(ticks.len() >= last, "never fewer than in less");
        last = ticks.len();
    }
    assert_eq!(last as i64, TICKS);
}

/// STO-3: a flipped bit costs its own record and those up to the next that stands alone.
#[test]
fn every_thirtieth_record_stands_alone() {
    let whole = genuine();
    let head = whole.windows(4).skip(1).position(|w| w == b"fGm1").unwrap() + 1;
    for at in (head..whole.len()).step_by(7) {
        let mut bytes = whole.to_vec();
        bytes[at] ^= 0x10;
        let ticks = check(&bytes).len() as i64;
        assert!((TICKS - 30..TICKS).contains(&ticks), "{ticks} ticks are left");
    }
}

#[derive(Clone, Debug)]
enum Harm {
    Cut(Index),
    Flip(Index, u8),
    Fill(Index, usize, u8),
    Noise(Index, Vec<u8>),
    Insert(Index, Vec<u8>),
    /// A range that was written to another place, too.
    Misplace(Index, Index, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<Index>;
    let noise = || prop::collection::vec(any::<u8>(), 1..64);
    prop_oneof![
        at().prop_map(Harm::Cut),
        (at(), 1..=255u8).prop_map(|(i, b)| Harm::Flip(i, b)),
        (at(), 1..4096usize, any::<u8>()).prop_map(|(i, n, b)| Harm::Fill(i, n, b)),
        (at(), noise()).prop_map(|(i, v)| Harm::Noise(i, v)),
        (at(), noise()).prop_map(|(i, v)| Harm::Insert(i, v)),
        (at(), at(), 1..4096usize).prop_map(|(i, j, n)| Harm::Misplace(i, j, n)),
    ]
}

fn inflict(bytes: &mut Vec<u8>, harm: &Harm) {
    let len = bytes.len();
    if len == 0 {
        return;
    }
    let range = |i: &Index, n: usize| i.index(len)..(i.index(len) + n).min(len);
    match harm {
        Harm::Cut(i) => bytes.truncate(i.index(len)),
        Harm::Flip(i, bits) => bytes[i.index(len)] ^= bits,
        Harm::Fill(i, n, with) => bytes[range(i, *n)].fill(*with),
        Harm::Noise(i, noise) => {
            let range = range(i, noise.len());
            let noise = &noise[..range.len()];
            bytes[range].copy_from_slice(noise);
        }
        Harm::Insert(i, noise) => drop(bytes.splice(i.index(len)..i.index(len), noise.iter().copied())),
        Harm::Misplace(i, j, n) => {
            let n = (*n).min(len - i.index(len)).min(len - j.index(len));
            bytes.copy_within(i.index(len)..i.index(len) + n, j.index(len));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// STO-3: whatever happened to a segment.
    #[test]
    fn any_harm(harms in prop::collection::vec(harm(), 1..5)) {
        let mut bytes = genuine().to_vec();
        for harm in &harms {
            inflict(&mut bytes, harm);
        }
        check(&bytes);
    }

    /// STO-3: bytes that never were a segment.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(check(&bytes).is_empty());
    }
}

/// STO-3: a head that names more columns than any dictionary will ever have is refused before it costs memory on each
/// row.
#[test]
fn a_head_that_is_too_wide() {
    let whole = genuine();
    let end = whole.windows(4).skip(1).position(|w| w == b"fGm1").unwrap() + 1;
    let mut head: serde_json::Value = serde_json::from_slice(&whole[16..end]).unwrap();
    head["tables"][0]["metrics"] = (0..60_000).map(|n| n.to_string()).collect();
    let mut bytes = framed(whole, 1, 0, &serde_json::to_vec(&head).unwrap());
    // One table of one row each for many series, none with any change: five bytes for 60,000 cells.
    let mut block = vec![0x80, 0x20];
    for series in 0..4096u16 {
        block.extend([series as u8 | 0x80, (series >> 7) as u8, 0, 0, 0xe0, 0xd4, 3]);
    }
    let mut tick = vec![0, 0, 0, 0, 1, 0];
    tick.extend([block.len() as u8 | 0x80, (block.len() >> 7) as u8 | 0x80, (block.len() >> 14) as u8]);
    tick.extend(block);
    tick.push(0);
    bytes.extend(framed(whole, 2, 1, &tick));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.seg");
    fs::write(&path, &bytes).unwrap();
    let (data, peak) = peak_of(|| read(&path));
    assert!(data.is_none() && peak < 32 << 20, "{peak}");
}

/// A record with a right checksum, as only somebody who means it writes.
fn framed(like: &[u8], kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = like[..4].to_vec();
    record.extend([kind, flags, 0, 0]);
    record.extend((payload.len() as u32).to_le_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&record[4..]);
    crc.update(payload);
    record.extend(crc.finalize().to_le_bytes());
    record.extend(payload);
    record
}
