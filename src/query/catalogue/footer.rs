//! What a sealed file says of itself.
//!
//! Owns: bytes at a file's end → [`Footer`], and the reasons for which a file is refused. Must not: read rows, or trust
//! what it reads.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaDataReader};
use serde::{Deserialize, Serialize};

use crate::store::schema::{Extent, IndexLabel, SubjectIndex, meta};

/// What a footer says, as far as the catalogue needs it.
#[derive(Debug)]
pub(super) struct Footer {
    pub(super) rows: u64,
    /// By time; one, but for compacted files.
    pub(super) runs: Vec<RunExtent>,
    pub(super) index: SubjectIndex,
    /// Stems of the files whose rows this one has.
    pub(super) sources: Vec<String>,
}

/// One run's ticks of a file: what `fgm.runs` lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct RunExtent {
    pub(super) run_id: String,
    pub(super) extent: Extent,
}

/// Reads a file's footer; the error is one line without the path.
pub(super) fn read(path: &Path) -> Result<Footer, String> {
    // Foreign bytes have made Parquet readers panic before; such a file is bad, not the process.
    catch_unwind(AssertUnwindSafe(|| read_footer(path)))
        .unwrap_or_else(|_| Err("its footer makes the Parquet reader panic".to_owned()))
}

fn read_footer(path: &Path) -> Result<Footer, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    if file.metadata().map_err(|e| e.to_string())?.len() == 0 {
        return Err("empty file".to_owned());
    }
    let mut reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Skip);
    reader.try_parse(&file).map_err(|e| format!("not a whole Parquet file ({e})"))?;
    let metadata = reader.finish().map_err(|e| format!("not a whole Parquet file ({e})"))?;
    let kv = metadata.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    let index: SubjectIndex = json(kv, meta::SUBJECTS)?.unwrap_or_default();
    check_index(&index, rows)?;
    let runs = match json(kv, meta::RUNS)? {
        Some(runs) => runs,
        None => {
            let extent = json(kv, meta::EXTENT)?.ok_or("not written by fgm: its footer has no fgm.extent")?;
            vec![RunExtent { run_id: value(kv, meta::RUN_ID).unwrap_or_default().to_owned(), extent }]
        }
    };
    Ok(Footer { rows, runs, index, sources: json(kv, meta::SOURCES)?.unwrap_or_default() })
}

fn value<'a>(kv: &'a [KeyValue], key: &str) -> Option<&'a str> {
    kv.iter().find(|k| k.key == key)?.value.as_deref()
}

fn json<'a, T: Deserialize<'a>>(kv: &'a [KeyValue], key: &str) -> Result<Option<T>, String> {
    let parse = |text| serde_json::from_str(text).map_err(|_| format!("its footer's {key} is damaged"));
    value(kv, key).map(parse).transpose()
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
