//! Recordings made by others, as one of ours (QRY-4): the long format with a row for each value.
//!
//! Owns: recognising such a file, and converting it once, through the store's own writer, into a directory of caches.
//! Must not: change the file, or write anywhere else.
//!
//! From then on it is a recording like any other: every view and every command answers alike. What has no column of
//! ours goes to `extras` under its own name (`specs/decisions/0011-foreign-recordings.md`).

mod cache;
mod convert;
mod labels;
mod names;
mod read;
mod ticks;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow::datatypes::Schema;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use self::read::Layout;

/// Whether a schema is that of the long format.
pub(super) fn is_long(schema: &Schema) -> bool {
    Layout::of(schema).is_some()
}

/// The store that a foreign file has been made into; `None` when the file is not foreign but something else. The
/// error is one line without the path.
pub(super) fn adopt(path: &Path) -> Result<Option<PathBuf>, String> {
    catch_unwind(AssertUnwindSafe(|| try_adopt(path)))
        .unwrap_or_else(|_| Err("a recording by others that makes the Parquet reader panic".to_owned()))
}

fn try_adopt(path: &Path) -> Result<Option<PathBuf>, String> {
    let Ok(stat) = std::fs::metadata(path) else { return Ok(None) };
    // What cannot be read at all is not foreign but damaged; that is said elsewhere.
    if !stat.is_file() {
        return Ok(None);
    }
    let Ok(file) = File::open(path) else { return Ok(None) };
    let Ok(metadata) = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()) else {
        return Ok(None);
    };
    let Some(layout) = Layout::of(metadata.schema()) else { return Ok(None) };
    let said = |reason: String| format!("a recording by others that cannot be taken over: {reason}");
    let place = cache::place(path, &stat).map_err(said)?;
    if !place.is_there() {
        place.fill(|root| convert::convert(path, &layout, root)).map_err(said)?;
    }
    Ok(Some(place.path))
}
