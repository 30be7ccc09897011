//! The rows of a column: from the cache, or from as few bytes of the file as hold them.
//!
//! Owns: opening sealed files, and the rule that a file is read only while it is the one that the catalogue knows.
//! Must not: know what the rows are for. A panic of a library while it decodes means that the file is bad.

use std::cell::OnceCell;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, NullArray};
use bytes::Bytes;

use super::cache::{Cache, What};
use super::decode;
use super::error::ScanError;
use super::layout::{Group, Layout, Shapes};
use super::pages::Pages;
use crate::query::catalogue::FileEntry;
use crate::query::catalogue::footer::load_from;

type Result<T> = std::result::Result<T, ScanError>;

/// Reads files, and keeps what it has read.
pub(crate) struct Reader {
    pub(crate) cache: Cache,
    shapes: Shapes,
}

/// One file for as long as one question looks at it.
pub(crate) struct OpenFile<'r> {
    reader: &'r Reader,
    entry: &'r FileEntry,
    file: OnceCell<File>,
    layout: OnceCell<Arc<Layout>>,
}

impl Reader {
    /// Keeps at most about this many bytes.
    pub(crate) fn new(cache_bytes: usize) -> Reader {
        Reader { cache: Cache::new(cache_bytes), shapes: Shapes::default() }
    }

    /// Nothing is read before something is asked for.
    pub(crate) fn open<'r>(&'r self, entry: &'r FileEntry) -> OpenFile<'r> {
        OpenFile { reader: self, entry, file: OnceCell::new(), layout: OnceCell::new() }
    }
}

impl OpenFile<'_> {
    /// The column of this name; `None` when the file has none.
    pub(crate) fn column(&self, name: &str) -> Result<Option<u16>> {
        Ok(self.layout()?.column(name))
    }

    /// A column's values in these rows: Int64 (times too), Float64, Boolean, dictionary text, or nothing but nulls.
    pub(crate) fn rows(&self, column: u16, rows: Range<u32>) -> Result<ArrayRef> {
        let mut pieces = Vec::new();
        let mut next = rows.start;
        while next < rows.end {
            let (first, values) = guarded(|| self.page(column, next))?;
            let end = rows.end.min(first + values.len() as u32);
            if end <= next {
                return Err(ScanError::Bad("damaged (fewer rows than its index says)".to_owned()));
            }
            pieces.push(values.slice((next - first) as usize, (end - next) as usize));
            next = end;
        }
        join(pieces)
    }

    /// The page or chunk with a row, and its first row.
    fn page(&self, column: u16, row: u32) -> Result<(u32, ArrayRef)> {
        let layout = self.layout()?;
        let at = layout.groups.partition_point(|g| g.rows.end <= row);
        let Some(group) = layout.groups.get(at) else {
            return Err(ScanError::Bad("damaged (fewer rows than its index says)".to_owned()));
        };
        let unreadable = || ScanError::Bad("it has a column of a kind that no store has".to_owned());
        let chunk = group.chunk(column).ok_or_else(unreadable)?;
        let start = chunk.start;
        let whole = (group.rows.clone(), start..start.saturating_add(u64::from(chunk.bytes)));
        let pages = self.pages(group, at as u16, column)?;
        let in_group = row - group.rows.start;
        let place = pages.as_ref().and_then(|p| p.of_row(in_group, group.rows.len() as u32));
        let dictionary = pages.as_ref().map_or(0, |p| p.start().saturating_sub(start));
        let (rows, bytes) = match place {
            Some((rows, bytes)) => (rows.start + group.rows.start..rows.end + group.rows.start, bytes),
            None => whole,
        };
        let what = What::Values(column, rows.start);
        if let Some(known) = self.cached::<ArrayRef>(what) {
            return Ok((rows.start, (*known).clone()));
        }
        let bytes = if bytes.start == start {
            self.bytes(bytes)?
        } else {
            let mut all = self.bytes(start..start + dictionary)?;
            all.extend(self.bytes(bytes)?);
            all
        };
        let descriptor = layout.descriptor(column).ok_or_else(unreadable)?;
        let compression = chunk.compression().ok_or_else(unreadable)?;
        let values = decode::decode(descriptor, compression, Bytes::from(bytes), rows.len())?;
        let size = decode::bytes(&values);
        self.keep(what, Arc::new(values.clone()), size);
        Ok((rows.start, values))
    }

    fn pages(&self, group: &Group, at: u16, column: u16) -> Result<Option<Arc<Pages>>> {
        let Some((start, len)) = group.index(column) else { return Ok(None) };
        let what = What::Pages(column, at);
        if let Some(known) = self.cached(what) {
            return Ok(Some(known));
        }
        let bytes = self.bytes(start..start.saturating_add(u64::from(len)))?;
        let Some(pages) = Pages::parse(&bytes, group.rows.len() as u32) else { return Ok(None) };
        let (size, pages) = (pages.bytes(), Arc::new(pages));
        self.keep(what, Arc::clone(&pages), size);
        Ok(Some(pages))
    }

    /// What the cache holds of this file.
    pub(crate) fn cached<T: Send + Sync + 'static>(&self, what: What) -> Option<Arc<T>> {
        self.reader.cache.get(self.entry.id, what)
    }

    /// Keeps something of this file.
    pub(crate) fn keep<T: Send + Sync + 'static>(&self, what: What, value: Arc<T>, bytes: usize) {
        self.reader.cache.put(self.entry.id, what, value, bytes);
    }

    fn layout(&self) -> Result<&Arc<Layout>> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = match self.cached(What::Layout) {
            Some(known) => known,
            None => {
                let layout = Arc::new(guarded(|| self.read_layout())?);
                self.keep(What::Layout, Arc::clone(&layout), layout.bytes());
                layout
            }
        };
        Ok(self.layout.get_or_init(|| layout))
    }

    fn read_layout(&self) -> Result<Layout> {
        let mut buffer = Vec::new();
        let footer = load_from(self.file()?, &mut buffer).map_err(ScanError::Bad)?;
        Layout::parse(footer, &self.reader.shapes)
    }

    fn file(&self) -> Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = File::open(&self.entry.path)?;
        let stat = file.metadata()?;
        if stat.len() != self.entry.size || stat.modified().ok() != self.entry.modified {
            return Err(ScanError::Gone);
        }
        Ok(self.file.get_or_init(|| file))
    }

    fn bytes(&self, range: Range<u64>) -> Result<Vec<u8>> {
        // Before anything of that size is allocated.
        if range.end > self.entry.size || range.start > range.end {
            return Err(ScanError::Bad("damaged (a column reaches behind its end)".to_owned()));
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.file()?.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes)
    }
}

/// A panic inside the library is the file's fault.
fn guarded<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ScanError::Bad("it makes the Parquet reader panic".to_owned())))
}

/// One array out of several. Pages without any value are of no type of their own.
fn join(mut pieces: Vec<ArrayRef>) -> Result<ArrayRef> {
    if pieces.len() == 1 {
        return Ok(pieces.remove(0));
    }
    let rows = pieces.iter().map(Array::len).sum();
    let is_null = |p: &ArrayRef| p.as_any().is::<NullArray>();
    let Some(kind) = pieces.iter().find(|p| !is_null(p)).map(|p| p.data_type().clone()) else {
        return Ok(Arc::new(NullArray::new(rows)));
    };
    for p in pieces.iter_mut().filter(|p| is_null(p)) {
        *p = arrow::array::new_null_array(&kind, p.len());
    }
    let parts: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
    Ok(arrow::compute::concat(&parts)?)
}
