//! The store from tick to Parquet and back, through files.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod common;

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use common::{START, fill, memory, open, process_def, tick};
use fgm::event::{Event, EventKind, Severity};
use fgm::metric::Table;
use fgm::store::layout;
use fgm::store::read::{SegmentData, SegmentReader};
use fgm::store::schema::{Extent, SubjectIndex, meta};
use fgm::store::tick::LabelValue;
use fgm::store::writer::StoreWriter;
use fgm::store::{StoreError, retention, segment};
use fgm::time::SECOND;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn files(root: &Path, ext: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(d) = dirs.pop() {
        for e in fs::read_dir(d).unwrap().flatten() {
            let path = e.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|x| x == ext) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

fn sealed(root: &Path, table: &str) -> Vec<PathBuf> {
    let all = files(root, "parquet");
    all.into_iter().filter(|p| p.strip_prefix(root).unwrap().starts_with(table)).collect()
}

fn read(path: &Path) -> (RecordBatch, Vec<(String, String)>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let kv = builder.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let kv = kv.into_iter().map(|k| (k.key, k.value.unwrap_or_default())).collect();
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.build().unwrap().map(Result::unwrap).collect();
    (arrow::compute::concat_batches(&schema, &batches).unwrap(), kv)
}

fn value(kv: &[(String, String)], key: &str) -> String {
    kv.iter().find(|(k, _)| k == key).unwrap().1.clone()
}

fn ints(b: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    b.column_by_name(name).unwrap().as_primitive::<Int64Type>().iter().collect()
}

fn texts(b: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let d = b.column_by_name(name).unwrap().as_dictionary::<Int32Type>();
    let values = d.values().as_string::<i32>();
    d.keys().iter().map(|k| k.map(|k| values.value(k as usize).to_owned())).collect()
}

/// STO-1, STO-2: rows come out as they went in, sorted by subject then time, absent is null, footers describe the file.
#[test]
fn what_was_appended_is_what_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 45);
    w.finish(START + 45 * SECOND).unwrap();
    let paths = sealed(dir.path(), "containers");
    assert_eq!(paths.len(), 1);
    let (b, kv) = read(&paths[0]);
    assert_eq!(b.num_rows(), 90);
    let mut expected: Vec<i64> = (0..45).map(|n| memory(2, n)).collect();
    expected.extend((0..45).map(|n| memory(1, n)));
    assert_eq!(ints(&b, "memory_current_bytes"), expected.into_iter().map(Some).collect::<Vec<_>>());
    assert_eq!(texts(&b, "cgroup_path")[44..46], [Some("/a".to_owned()), Some("/b".to_owned())]);
    assert_eq!(texts(&b, "pod_name")[0], None);
    assert_eq!(ints(&b, "memory_peak_bytes")[0], None);
    let mcores = b.column_by_name("cpu_usage_millicores").unwrap().as_primitive::<Float64Type>();
    assert!((mcores.value(7) - 0.7).abs() < f64::EPSILON);
    assert!(!b.column_by_name("memory_max_unlimited").unwrap().as_boolean().value(0));
    let time = b.column_by_name("time").unwrap().as_primitive::<TimestampMicrosecondType>();
    assert_eq!(time.value(3), START + 3 * SECOND + 2);

    let extent: Extent = serde_json::from_str(&value(&kv, meta::EXTENT)).unwrap();
    assert_eq!((extent.first_tick_no, extent.last_tick_no, extent.lost()), (0, 44, 0));
    let index: SubjectIndex = serde_json::from_str(&value(&kv, meta::SUBJECTS)).unwrap();
    assert_eq!((index.first_row, index.rows), (vec![0, 45], vec![45, 45]));
    assert_eq!(index.first_seen[0], START + 2);

    let (events, _) = read(&sealed(dir.path(), "events")[0]);
    assert_eq!(texts(&events, "event"), [Some("recorder_start".to_owned())]);
    assert!(files(dir.path(), "seg").is_empty());
}

/// STO-2: a new file each rotation, aligned to the wall clock, and at each date change; none is lost between.
#[test]
fn rotation_and_midnight_begin_new_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    // START is noon; 43,170 s later it is 30 s to midnight.
    // It begins at 10, so that rotations do not coincide with key records.
    for n in (10..200).chain(43_170..43_230) {
        w.append(&tick(n, 10)).unwrap();
    }
    w.finish(START + 43_230 * SECOND).unwrap();
    let extents: Vec<Extent> = sealed(dir.path(), "containers")
        .iter()
        .map(|p| serde_json::from_str(&value(&read(p).1, meta::EXTENT)).unwrap())
        .collect();
    let spans: Vec<_> = extents.iter().map(|e| (e.first_tick_no, e.last_tick_no)).collect();
    assert_eq!(spans, [(10, 89), (90, 179), (180, 199), (43_170, 43_199), (43_200, 43_229)]);
    assert_eq!(extents[3].lost_ticks, [(200, 43_169)]);
    let (second, _) = read(&sealed(dir.path(), "containers")[1]);
    let expected = [2, 1].into_iter().flat_map(|c| (90..180).map(move |n| Some(memory(c, n))));
    assert_eq!(ints(&second, "memory_current_bytes"), expected.collect::<Vec<_>>());
    assert_eq!(texts(&second, "cgroup_path")[90], Some("/b".to_owned()));
    assert!(sealed(dir.path(), "containers")[4].to_string_lossy().contains("dt=2026-11-21"));
}

/// Copies the store as it is while the writer lives: what kill -9 would leave.
/// STO-2: a date change ends a segment also where no rotation is due.
#[test]
fn midnight_alone_begins_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = common::config(dir.path());
    config.rotation = std::time::Duration::from_secs(1_000_000);
    let mut w = StoreWriter::open(config, common::run_info("aaaaaaaa00000001"), START).unwrap();
    for n in 43_190..43_210 {
        w.append(&tick(n, 43_190)).unwrap();
    }
    w.finish(START + 43_210 * SECOND).unwrap();
    let all = sealed(dir.path(), "containers");
    let days: Vec<_> =
        all.iter().map(|p| (p.to_string_lossy().contains("dt=2026-11-21"), read(p).0.num_rows())).collect();
    assert_eq!(days, [(false, 20), (true, 20)]);
}

fn snapshot(root: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for f in files(root, "seg").into_iter().chain(files(root, "parquet")) {
        let to = copy.path().join(f.strip_prefix(root).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&f, to).unwrap();
    }
    copy
}

/// STO-3: kill -9 costs at most the tick under way, and the next start seals what was left, torn tail and all.
#[test]
fn a_killed_writer_loses_only_the_torn_tick() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 70);
    let left = snapshot(dir.path());
    let seg = files(left.path(), "seg").remove(0);
    let len = fs::metadata(&seg).unwrap().len();
    OpenOptions::new().write(true).open(&seg).unwrap().set_len(len - 5).unwrap();

    // Readable before anyone recovers it.
    let mut data = SegmentData::new(&Table::ALL);
    SegmentReader::open(&seg).unwrap().poll(&mut data).unwrap();
    assert_eq!(data.ticks.len(), 69);
    assert!(data.damage.tail_bytes > 0);
    assert!(!segment::is_live(&seg), "nobody writes the copy");
    assert!(segment::is_live(&files(dir.path(), "seg")[0]), "the original's writer lives");

    // The next start, by another run, seals it.
    open(left.path(), "bbbbbbbb00000002").finish(START).unwrap();
    assert!(files(left.path(), "seg").is_empty());
    let (b, _) = read(&sealed(left.path(), "containers")[0]);
    assert_eq!(b.num_rows(), 138);
}

/// STO-3: a living recorder's segment is left alone by another that starts on the same root.
#[test]
fn the_segment_of_a_living_writer_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut first, 0, 5);
    let mut second = open(dir.path(), "bbbbbbbb00000002");
    fill(&mut second, 0, 5);
    assert_eq!(files(dir.path(), "seg").len(), 2);
    second.finish(START).unwrap();
    assert_eq!(files(dir.path(), "seg").len(), 1);
    fill(&mut first, 5, 9);
    first.finish(START).unwrap();
    let rows: usize = sealed(dir.path(), "containers").iter().map(|p| read(p).0.num_rows()).sum();
    assert_eq!(rows, 10 + 18);
}

/// STO-2: sealing again after a crash between two steps writes the same names and bytes.
#[test]
fn sealing_twice_gives_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 20);
    let left = snapshot(dir.path());
    let seg = files(left.path(), "seg").remove(0);
    let kept = fs::read(&seg).unwrap();
    fgm::store::seal::seal(left.path(), &seg).unwrap();
    let once: Vec<_> = files(left.path(), "parquet").iter().map(|p| fs::read(p).unwrap()).collect();
    fs::write(&seg, kept).unwrap();
    fgm::store::seal::seal(left.path(), &seg).unwrap();
    let twice: Vec<_> = files(left.path(), "parquet").iter().map(|p| fs::read(p).unwrap()).collect();
    assert!(once == twice, "sealing again wrote other bytes");
    assert_eq!(once.len(), 3);
}

/// STO-3: damage in the middle of a segment costs at most the ticks up to the next key record.
#[test]
fn damage_in_the_middle_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 80);
    let left = snapshot(dir.path());
    let seg = files(left.path(), "seg").remove(0);
    let mut bytes = fs::read(&seg).unwrap();
    let head = 16 + u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
    let mid = head + (bytes.len() - head) / 2;
    bytes[mid..mid + 64].fill(0);
    fs::write(&seg, bytes).unwrap();
    let mut data = SegmentData::new(&Table::ALL);
    SegmentReader::open(&seg).unwrap().poll(&mut data).unwrap();
    assert!(data.ticks.len() >= 80 - 31, "{} ticks", data.ticks.len());
    assert_eq!(data.ticks.last().unwrap().0, 79);
    assert!(data.damage.skipped_bytes > 0);
    let rows = data.table(Table::Containers).unwrap();
    for (i, row) in rows.rows.iter().enumerate() {
        let width = Table::Containers.metrics().len();
        let cell = rows.cells[i * width + fgm::metric::containers::memory_current_bytes];
        let c = if row.time == row.tick + 1 { 1 } else { 2 };
        assert_eq!(cell, memory(c, row.tick_no));
    }
}

/// REC-7: a label learnt late stands in all rows of the open segment.
#[test]
fn labels_learnt_late_are_filled_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 5);
    let mut t = tick(5, 0);
    let mut def = process_def(1, "/b", 7);
    def.labels[fgm::metric::processes::label::pod_name] = LabelValue::text("web-0");
    t.defs.push(def);
    w.append(&t).unwrap();
    w.finish(START).unwrap();
    let (b, _) = read(&sealed(dir.path(), "processes")[0]);
    assert_eq!(texts(&b, "pod_name"), vec![Some("web-0".to_owned()); 6]);
}

/// REC-7: what was learnt with the first tick after a rotation stands in the rows before it, too; what has changed then
/// does not.
#[test]
fn labels_learnt_on_the_boundary_are_filled_back() {
    use fgm::metric::processes::label;
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 90);
    let mut t = tick(90, 0);
    let mut def = process_def(1, "/b", 7);
    def.labels[label::pod_name] = LabelValue::text("web-0");
    t.defs.push(def.clone());
    w.append(&t).unwrap();
    fill(&mut w, 91, 180);
    let mut t = tick(180, 0);
    def.labels[label::comm] = LabelValue::text("other");
    t.defs.push(def);
    w.append(&t).unwrap();
    w.finish(START + 180 * SECOND).unwrap();
    let files = sealed(dir.path(), "processes");
    let (first, kv) = read(&files[0]);
    assert_eq!(texts(&first, "pod_name"), vec![Some("web-0".to_owned()); 90]);
    let extent: Extent = serde_json::from_str(&value(&kv, meta::EXTENT)).unwrap();
    assert_eq!((extent.last_tick_no, extent.lost()), (89, 0), "the tick itself is the next segment's");
    assert_eq!(texts(&read(&files[1]).0, "comm")[0].as_deref(), Some("worker"));
    assert_eq!(texts(&read(&files[2]).0, "comm")[0].as_deref(), Some("other"));
}

/// STO-3: a series that does not have a row on every tick keeps its labels in later segments, and behind damage.
#[test]
fn rare_rows_keep_their_labels() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    for n in 0..100 {
        let mut t = tick(n, 0);
        if n == 0 {
            t.defs.push(process_def(2, "/a", 8));
        }
        if n == 0 || n == 97 {
            t.rows_mut(Table::Processes).push(2, START + n * SECOND).set(fgm::metric::processes::threads, n);
        }
        w.append(&t).unwrap();
    }
    w.finish(START + 100 * SECOND).unwrap();
    let (b, _) = read(&sealed(dir.path(), "processes")[1]);
    let at = ints(&b, "threads").iter().position(|t| *t == Some(97)).unwrap();
    assert_eq!((texts(&b, "cgroup_path")[at].as_deref(), ints(&b, "pid")[at]), (Some("/a"), Some(8)));
}

/// STO-5: one manifest per run, with its end once it has ended.
#[test]
fn each_run_has_its_manifest() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), "aaaaaaaa00000001").finish(START + SECOND).unwrap();
    open(dir.path(), "bbbbbbbb00000002").finish(START + SECOND).unwrap();
    let all = files(dir.path(), "json");
    assert_eq!(all.len(), 2);
    let m: fgm::store::manifest::Manifest = serde_json::from_slice(&fs::read(&all[0]).unwrap()).unwrap();
    assert_eq!(m.run.run_id.as_str(), "aaaaaaaa00000001");
    assert_eq!(m.end.as_deref(), Some("2026-11-20T12:00:01.000000Z"));
}

/// STO-4: over the cap the writer stops with a message that names the way out.
#[test]
fn the_cap_stops_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = common::config(dir.path());
    config.cap = retention::Cap { max_bytes: Some(20_000), on_full: retention::OnFull::Stop };
    let mut w = StoreWriter::open(config, common::run_info("aaaaaaaa00000001"), START).unwrap();
    // The size is counted in the background after each file.
    let mut error = None;
    for n in 0..9000 {
        if n % 90 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        error = w.append(&tick(n, 0)).err();
        if error.is_some() {
            break;
        }
    }
    let error = error.unwrap();
    assert!(matches!(error, StoreError::Full { .. }));
    assert!(error.to_string().contains("--max-bytes"), "{error}");
    w.finish(START).unwrap();
    assert!(!sealed(dir.path(), "containers").is_empty());
    let (last, _) = read(sealed(dir.path(), "events").last().unwrap());
    assert_eq!(texts(&last, "event").last().unwrap().as_deref(), Some("cap_reached"));
    // Restarts must not fill it further.
    let used = retention::used(dir.path());
    let mut config = common::config(dir.path());
    config.cap = retention::Cap { max_bytes: Some(used - 1), on_full: retention::OnFull::Stop };
    let again = StoreWriter::open(config, common::run_info("bbbbbbbb00000002"), START);
    assert!(matches!(again, Err(StoreError::Full { .. })));
    assert_eq!(retention::used(dir.path()), used);
}

/// STO-4: with drop-oldest the store stays about within its cap, however small that is beside a rotation; the newest
/// ticks are there, and that others went is an event, once.
#[test]
fn a_small_cap_is_kept_by_ending_segments_early() {
    const CAP: u64 = 300_000;
    let dir = tempfile::tempdir().unwrap();
    let mut config = common::config(dir.path());
    config.cap = retention::Cap { max_bytes: Some(CAP), on_full: retention::OnFull::DropOldest };
    config.rotation = std::time::Duration::from_hours(24);
    let mut w = StoreWriter::open(config, common::run_info("aaaaaaaa00000001"), START).unwrap();
    let (mut most, mut told) = (0, false);
    for n in 0..2000_i64 {
        let mut tick = tick(n, 0);
        // Much that does not compress well.
        let noise: Vec<String> = (0..60)
            .map(|i| (n * 60 + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64).to_string())
            .collect();
        tick.events.push(Event::of_recorder(tick.tick, EventKind::DataLost, Severity::Info, noise.join(" ")));
        w.append(&tick).unwrap();
        // Ticks come much faster here than in life: let the sealer keep up.
        let open = || fs::read_dir(dir.path().join(layout::OPEN_DIR)).unwrap().flatten().map(|e| e.path());
        while open().count() > 1 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        most = most.max(retention::used(dir.path()));
        let is_told = |s: PathBuf| fs::read(s).unwrap().windows(11).any(|w| w == b"cap_reached");
        told = told || open().any(is_told);
    }
    assert!(w.last_seal_usec() > 0, "REC-6: what sealing took is known");
    w.finish(START).unwrap();
    assert!(retention::used(dir.path()) <= CAP, "{}", retention::used(dir.path()));
    assert!(most <= CAP * 3 / 2, "{most}");
    assert!(told);
    let last = |f: &PathBuf| {
        let (_, kv) = read(f);
        serde_json::from_str::<Extent>(&value(&kv, meta::EXTENT)).unwrap().last_tick_no
    };
    assert_eq!(sealed(dir.path(), "containers").iter().map(last).max(), Some(1999));
}

/// STO-3: what is not a segment is set aside, not deleted and not fatal.
#[test]
fn garbage_among_the_segments_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let open_dir = dir.path().join(layout::OPEN_DIR);
    fs::create_dir_all(&open_dir).unwrap();
    fs::write(open_dir.join("junk.seg"), b"not a segment").unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 3);
    w.finish(START).unwrap();
    assert!(open_dir.join("junk.unreadable").exists());
    assert_eq!(sealed(dir.path(), "containers").len(), 1);
}

/// STO-8: a segment written by another version is read by column name; unknown columns do not shift known ones.
#[test]
fn segments_of_other_versions_are_mapped_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 3);
    let left = snapshot(dir.path());
    let seg = files(left.path(), "seg").remove(0);
    // As if a newer writer had renamed one column: the name is of the same length, so only the checksum changes.
    let bytes = fs::read(&seg).unwrap();
    let (head_len, json) = {
        let len = u32::from_le_bytes(bytes[8..12].try_into().unwrap()) as usize;
        (16 + len, String::from_utf8(bytes[16..16 + len].to_vec()).unwrap())
    };
    let json = json.replacen("memory_current_bytes", "memory_xxxxxxx_bytes", 1);
    let mut head = bytes[..16].to_vec();
    head.extend_from_slice(json.as_bytes());
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head[4..12]);
    crc.update(&head[16..]);
    head[12..16].copy_from_slice(&crc.finalize().to_le_bytes());
    fs::write(&seg, [&head, &bytes[head_len..]].concat()).unwrap();

    let mut data = SegmentData::new(&[Table::Containers]);
    SegmentReader::open(&seg).unwrap().poll(&mut data).unwrap();
    let width = Table::Containers.metrics().len();
    let cells = &data.tables[0].cells[width * 2..width * 3];
    assert_eq!(cells[fgm::metric::containers::memory_current_bytes], fgm::store::tick::NULL);
    assert_eq!(cells[fgm::metric::containers::io_read_ops_total], 5);
}

/// STO-3: when somebody removes the open segment, the loss is an error at once and the next tick begins a new one.
#[test]
fn a_removed_segment_is_noticed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 5);
    fs::remove_dir_all(dir.path().join(layout::OPEN_DIR)).unwrap();
    assert!(matches!(w.append(&tick(5, 0)), Err(StoreError::Gone { .. })));
    w.append(&tick(6, 0)).unwrap();
    w.finish(START).unwrap();
    let (b, _) = read(&sealed(dir.path(), "containers")[0]);
    assert_eq!(b.num_rows(), 2);
}

/// STO-1: who records into a store right now can be asked.
#[test]
fn living_writers_are_known() {
    let dir = tempfile::tempdir().unwrap();
    assert!(segment::living(dir.path()).is_empty());
    let mut w = open(dir.path(), "aaaaaaaa00000001");
    fill(&mut w, 0, 1);
    let living = segment::living(dir.path());
    assert_eq!(living.len(), 1);
    assert_eq!(living[0].run.node_name, "n1");
    w.finish(START).unwrap();
    assert!(segment::living(dir.path()).is_empty());
}
