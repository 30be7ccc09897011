//! Footers as they were read the last time, kept outside the recording (QRY-1).
//!
//! Owns: the cache's bytes, and that an entry is believed only for the very same file. Must not: be needed: a cache
//! that is missing, stale, damaged or of another version costs the time to read the footers, and nothing else.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Books;
use super::entry::{Contents, FileEntry, RunPart, SubjectRun};
use super::find::Stat;
use super::index::MAX_TIME;
use crate::metric::Table;
use crate::store::codec::{Cursor, Malformed, put_bytes, put_i64, put_u64};
use crate::store::schema::Extent;

/// Changes whenever older bytes would mean something else; the version of fgm is part of it, too.
const FORMAT: &str = concat!("fgm catalogue 1 ", env!("CARGO_PKG_VERSION"));
/// A larger cache is neither written nor read: a month of a busy node takes a tenth of it.
const MAX_BYTES: u64 = 256 << 20;
/// Caches beyond this many are those of recordings that have not been opened for long.
const MAX_CACHES: usize = 64;
/// Footers of fewer files are read as fast.
pub(super) const MIN_FILES: usize = 64;

/// The cache of one set of roots. Dropping it waits until it has been written: a program that asks one question and ends
/// would otherwise often leave none.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    /// What is being written.
    saving: Option<JoinHandle<()>>,
}

/// A file as it was, and what its footer said.
pub(super) type Remembered = HashMap<PathBuf, (Stat, FileEntry)>;

impl Cache {
    /// The cache of these roots below a directory that need not exist.
    pub(super) fn new(directory: &Path, roots: &[PathBuf]) -> Cache {
        let mut name = crc32fast::Hasher::new();
        for root in roots {
            name.update(root.as_os_str().as_bytes());
            name.update(b"\0");
        }
        Cache { path: directory.join(format!("{:08x}.catalogue", name.finalize())), saving: None }
    }

    /// What it holds; nothing when it cannot be used.
    pub(super) fn load(&self, books: &Books) -> Remembered {
        let read = || {
            let stat = fs::metadata(&self.path).ok().filter(|m| m.is_file() && m.len() <= MAX_BYTES)?;
            let bytes = fs::read(&self.path).ok().filter(|b| b.len() as u64 == stat.len())?;
            decode(&bytes, books).ok()
        };
        read().unwrap_or_default()
    }

    /// Writes it anew on a thread of its own. That it cannot be written is nobody's concern.
    pub(super) fn save(&mut self, files: Vec<(Stat, Arc<FileEntry>)>, books: Arc<Books>) {
        // They share a temporary name.
        self.finish();
        let path = self.path.clone();
        let work = move || {
            let bytes = encode(&files, &books);
            if bytes.len() as u64 <= MAX_BYTES && write(&path, &bytes).is_ok() {
                tidy(&path);
            }
        };
        self.saving = thread::Builder::new().name("fgm-cache".to_owned()).spawn(work).ok();
    }

    fn finish(&mut self) {
        if let Some(saving) = self.saving.take() {
            // That it cannot be written is nobody's concern.
            let _panicked = saving.join();
        }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Under a temporary name first: a reader sees the old one or the new one.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::File::create(&temporary)
        .and_then(|mut f| f.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _gone = fs::remove_file(&temporary);
    }
    written
}

/// Removes the caches written least lately beyond the limit, and what killed programs have left.
fn tidy(path: &Path) {
    let Some(entries) = path.parent().and_then(|d| fs::read_dir(d).ok()) else { return };
    let mut all: Vec<(SystemTime, PathBuf)> =
        entries.flatten().filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path()))).collect();
    all.sort_by(|a, b| b.cmp(a));
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    let mut caches = 0;
    for (modified, path) in all {
        let extension = path.extension().and_then(OsStr::to_str);
        caches += usize::from(extension == Some("catalogue"));
        let surplus = extension == Some("catalogue") && caches > MAX_CACHES;
        if surplus || (extension == Some("tmp") && modified < hour_ago) {
            let _gone = fs::remove_file(path);
        }
    }
}

fn nanos(t: Option<SystemTime>) -> Option<i64> {
    t.and_then(|t| i64::try_from(t.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok())
}

/// Checksum, then everything else: subjects and runs under the numbers that they have here, layouts, files.
fn encode(files: &[(Stat, Arc<FileEntry>)], books: &Books) -> Vec<u8> {
    let mut out = vec![0; 4];
    put_bytes(&mut out, FORMAT.as_bytes());
    let runs = books.run_ids();
    put_u64(&mut out, runs.len() as u64);
    for id in &runs {
        put_bytes(&mut out, id.as_bytes());
    }
    for table in Table::ALL {
        books.of(table).encode(&mut out);
    }
    let mut layouts: Vec<&FileEntry> = Vec::new();
    let mut numbers = HashMap::new();
    for (_, f) in files {
        numbers.entry(Arc::as_ptr(&f.layout)).or_insert_with(|| {
            layouts.push(f);
            layouts.len() as u64 - 1
        });
    }
    put_u64(&mut out, layouts.len() as u64);
    for f in layouts {
        put_bytes(&mut out, &f.layout.schema);
    }
    put_u64(&mut out, files.len() as u64);
    for (stat, f) in files {
        put_bytes(&mut out, f.path.as_os_str().as_bytes());
        put_u64(&mut out, stat.size);
        put_i64(&mut out, nanos(stat.modified).unwrap_or(i64::MIN));
        put_u64(&mut out, stat.inode);
        put_u64(&mut out, numbers.get(&Arc::as_ptr(&f.layout)).copied().unwrap_or(u64::MAX));
        encode_contents(&mut out, f);
    }
    let sum = crc32fast::hash(&out[4..]);
    out[..4].copy_from_slice(&sum.to_le_bytes());
    out
}

fn encode_contents(out: &mut Vec<u8>, f: &FileEntry) {
    put_u64(out, f.rows);
    put_u64(out, f.parts.len() as u64);
    for part in &f.parts {
        put_u64(out, u64::from(part.run));
        let e = &part.extent;
        for v in [e.first_tick, e.last_tick, e.first_tick_no, e.last_tick_no, e.interval] {
            put_i64(out, v);
        }
        put_u64(out, e.lost_ticks.len() as u64);
        for &(a, b) in &e.lost_ticks {
            put_i64(out, a);
            put_i64(out, b);
        }
    }
    let values = f.values.as_deref();
    put_u64(out, u64::from(values.is_some()));
    put_bytes(out, values.unwrap_or_default());
    put_u64(out, f.sources.len() as u64);
    f.sources.iter().for_each(|s| put_bytes(out, s.as_bytes()));
    // Rows follow each other, and times are near the file's first.
    put_u64(out, f.runs.len() as u64);
    put_i64(out, f.time.start);
    for run in &f.runs {
        put_u64(out, u64::from(run.subject));
        put_u64(out, u64::from(run.rows));
        put_u64(out, u64::from(run.part));
        put_i64(out, run.first_seen - f.time.start);
        put_i64(out, run.last_seen - run.first_seen);
    }
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed)
}

/// Numbers of the cache → numbers of this process, and the files by path.
fn decode(bytes: &[u8], books: &Books) -> Result<Remembered, Malformed> {
    let (sum, rest) = bytes.split_first_chunk::<4>().ok_or(Malformed)?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
        return Err(Malformed);
    }
    let mut at = Cursor::new(rest);
    if at.bytes()? != FORMAT.as_bytes() {
        return Err(Malformed);
    }
    let runs = (0..at.count()?).map(|_| Ok(books.run(&text(at.bytes()?)?))).collect::<Result<Vec<_>, _>>()?;
    let subjects =
        Table::ALL.into_iter().map(|t| books.of(t).decode(&mut at)).collect::<Result<Vec<_>, _>>()?;
    let layouts = (0..at.count()?).map(|_| at.bytes()).collect::<Result<Vec<_>, _>>()?;
    let mut files = HashMap::new();
    for _ in 0..at.count()? {
        let path = PathBuf::from(OsStr::from_bytes(at.bytes()?));
        let size = at.u64()?;
        let modified = u64::try_from(at.i64()?).ok().map(|n| UNIX_EPOCH + Duration::from_nanos(n));
        let stat = Stat { size, modified, inode: at.u64()? };
        let schema = *usize::try_from(at.u64()?).ok().and_then(|n| layouts.get(n)).ok_or(Malformed)?;
        let contents = decode_contents(&mut at, &runs)?;
        // Of a table that this process would not take it for, it is another file.
        if let Ok(entry) = FileEntry::of_cache(&path, &stat, schema, contents, books, &subjects) {
            files.insert(path, (stat, entry));
        }
    }
    Ok(files)
}

fn decode_contents(at: &mut Cursor<'_>, run_numbers: &[u32]) -> Result<Contents, Malformed> {
    let rows = at.u64()?;
    let mut parts = Vec::new();
    for _ in 0..at.count()? {
        let run = *run_numbers.get(at.u32()? as usize).ok_or(Malformed)?;
        let [first_tick, last_tick, first_tick_no, last_tick_no, interval] =
            [at.i64()?, at.i64()?, at.i64()?, at.i64()?, at.i64()?];
        let lost_ticks =
            (0..at.count()?).map(|_| Ok((at.i64()?, at.i64()?))).collect::<Result<_, Malformed>>()?;
        let extent = Extent { first_tick, last_tick, first_tick_no, last_tick_no, interval, lost_ticks };
        if !extent.is_sound() {
            return Err(Malformed);
        }
        parts.push(RunPart { run, extent });
    }
    let has_values = at.u64()? == 1;
    let values = Some(Box::from(at.bytes()?)).filter(|_| has_values);
    let sources = (0..at.count()?).map(|_| text(at.bytes()?)).collect::<Result<_, _>>()?;
    let count = at.count()?;
    let start = at.i64()?;
    let mut runs = Vec::new();
    let mut next = 0u32;
    for _ in 0..count {
        let (subject, rows, part) = (at.u32()?, at.u32()?, at.u32()?);
        let first_seen = start.checked_add(at.i64()?).ok_or(Malformed)?;
        let last_seen = first_seen.checked_add(at.i64()?).ok_or(Malformed)?;
        if first_seen > last_seen || first_seen < -MAX_TIME || last_seen > MAX_TIME {
            return Err(Malformed);
        }
        let part = u16::try_from(part).ok().filter(|p| usize::from(*p) < parts.len()).ok_or(Malformed)?;
        runs.push(SubjectRun { subject, first_row: next, rows, part, first_seen, last_seen });
        next = next.checked_add(rows).ok_or(Malformed)?;
    }
    if count > 0 && u64::from(next) != rows {
        return Err(Malformed);
    }
    Ok(Contents { rows, parts, runs, values, sources })
}
