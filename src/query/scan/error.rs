//! Why rows of a file could not be had.
//!
//! Owns: the difference between a file that is bad and one that is gone. Must not: decide what follows.

use std::fmt;

/// Failure to read rows of one file.
#[derive(Clone, Debug)]
pub(crate) enum ScanError {
    /// It is not there, or is another file than the catalogue knows: look again.
    Gone,
    /// It cannot be read; one line without its path.
    Bad(String),
}

impl ScanError {
    /// Pages carry no checksum; that damaged ones decode to anything shows in times that their index does not have.
    pub(crate) fn misplaced() -> ScanError {
        ScanError::Bad("damaged (times of rows are not those of its index)".to_owned())
    }
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScanError::Gone => f.write_str("removed or replaced while it was being read; ask again"),
            ScanError::Bad(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ScanError {}

impl From<parquet::errors::ParquetError> for ScanError {
    fn from(e: parquet::errors::ParquetError) -> Self {
        ScanError::Bad(format!("damaged ({e})"))
    }
}

impl From<arrow::error::ArrowError> for ScanError {
    fn from(e: arrow::error::ArrowError) -> Self {
        ScanError::Bad(format!("damaged ({e})"))
    }
}

impl From<std::io::Error> for ScanError {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::NotFound => ScanError::Gone,
            std::io::ErrorKind::UnexpectedEof => ScanError::Bad("shorter than its footer says".to_owned()),
            _ => ScanError::Bad(e.to_string()),
        }
    }
}
