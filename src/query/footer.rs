//! Sealed files as the catalogue knows them: what their footers say.
//!
//! Owns: footer → [`FileEntry`], and the reasons for which a file is refused. Must not: read rows.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaDataReader};

use crate::metric::{Label, LabelRepr, Table};
use crate::store::layout;
use crate::store::schema::{Extent, IndexLabel, SubjectIndex, meta};
use crate::store::tick::LabelValue;
use crate::time::{SECOND, TimeRange};

/// What a sealed file holds.
#[derive(Debug)]
pub(crate) struct FileEntry {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified: Option<SystemTime>,
    /// `None` for tables outside the dictionary (events).
    pub(crate) table: Option<Table>,
    pub(crate) stem: String,
    pub(crate) identifier: Option<String>,
    pub(crate) rows: u64,
    pub(crate) run_id: String,
    pub(crate) extent: Extent,
    pub(crate) index: SubjectIndex,
    /// Of the column `time`: end excluded.
    pub(crate) time: TimeRange,
}

/// Reads a file's footer; the error is one line without the path.
pub(crate) fn read(path: &Path) -> Result<FileEntry, String> {
    // Foreign bytes have made Parquet readers panic before; such a file is bad, not the process.
    catch_unwind(AssertUnwindSafe(|| read_footer(path)))
        .unwrap_or_else(|_| Err("its footer makes the Parquet reader panic".to_owned()))
}

fn read_footer(path: &Path) -> Result<FileEntry, String> {
    let file = File::open(path).map_err(|e| describe(&e))?;
    let stat = file.metadata().map_err(|e| describe(&e))?;
    if stat.len() == 0 {
        return Err("empty file".to_owned());
    }
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    reader.try_parse(&file).map_err(|e| format!("not a whole Parquet file ({e})"))?;
    let metadata = reader.finish().map_err(|e| format!("not a whole Parquet file ({e})"))?;
    let kv = metadata.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
    let extent = value(kv, meta::EXTENT)
        .ok_or("not written by fgm: its footer has no fgm.extent")
        .and_then(|j| serde_json::from_str::<Extent>(j).map_err(|_| "its footer's fgm.extent is damaged"))?;
    let index = match value(kv, meta::SUBJECTS) {
        Some(json) => serde_json::from_str(json).map_err(|_| "its footer's fgm.subjects is damaged")?,
        None => SubjectIndex::default(),
    };
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    check_index(&index, rows)?;
    let place = layout::parse_sealed(path).ok_or("not in a table's directory")?;
    // Events carry no index; they are noticed on their tick.
    let first = index.first_seen.iter().copied().min().unwrap_or(extent.first_tick - SECOND);
    let last = index.last_seen.iter().copied().max().unwrap_or(extent.last_tick + extent.interval + SECOND);
    Ok(FileEntry {
        path: path.to_owned(),
        size: stat.len(),
        modified: stat.modified().ok(),
        table: Table::from_name(&place.table),
        stem: place.stem,
        identifier: place.identifier,
        rows,
        run_id: value(kv, meta::RUN_ID).unwrap_or_default().to_owned(),
        time: TimeRange::new(first, last + 1),
        extent,
        index,
    })
}

/// A short cause; the path stands beside it.
fn describe(e: &io::Error) -> String {
    e.to_string()
}

fn value<'a>(kv: &'a [KeyValue], key: &str) -> Option<&'a str> {
    kv.iter().find(|k| k.key == key)?.value.as_deref()
}

/// An index is trusted for row ranges, so it must describe the file exactly.
fn check_index(index: &SubjectIndex, rows: u64) -> Result<(), String> {
    let n = index.rows.len();
    let lists = [index.first_row.len(), index.first_seen.len(), index.last_seen.len()];
    let labels = index.labels.values().all(|l| match l {
        IndexLabel::Ints(v) => v.len() == n,
        IndexLabel::Texts(v) => v.len() == n,
        IndexLabel::SameInt(_) | IndexLabel::SameText(_) => true,
    });
    let mut next = 0u64;
    let contiguous = index.first_row.iter().zip(&index.rows).all(|(&first, &len)| {
        let ok = first == next;
        next = next.saturating_add(len);
        ok
    });
    if lists.iter().all(|&l| l == n) && labels && contiguous && (n == 0 || next == rows) {
        Ok(())
    } else {
        Err("its footer's fgm.subjects does not describe its rows".to_owned())
    }
}

impl FileEntry {
    /// Number of subjects in the index.
    pub(crate) fn subjects(&self) -> usize {
        self.index.rows.len()
    }

    /// A label of the subject at this position of the index.
    pub(crate) fn label(&self, label: &Label, subject: usize) -> LabelValue {
        match (self.index.labels.get(label.name), label.repr) {
            (Some(IndexLabel::SameText(s)), LabelRepr::Text) => LabelValue::text(s.as_str()),
            (Some(IndexLabel::Texts(v)), LabelRepr::Text) => {
                LabelValue::maybe(v.get(subject).cloned().flatten())
            }
            (Some(IndexLabel::SameInt(n)), LabelRepr::Int) => LabelValue::Int(*n),
            (Some(IndexLabel::Ints(v)), LabelRepr::Int) => {
                v.get(subject).copied().flatten().map_or(LabelValue::Null, LabelValue::Int)
            }
            _ => LabelValue::Null,
        }
    }

    /// Time of the rows of the subject at this position of the index.
    pub(crate) fn seen(&self, subject: usize) -> TimeRange {
        TimeRange::new(self.index.first_seen[subject], self.index.last_seen[subject] + 1)
    }
}
