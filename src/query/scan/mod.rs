//! Exact row ranges of sealed files, read through the parquet crate below Arrow's reader.
//!
//! Owns: where columns and pages stand ([`layout`], [`pages`]), bytes → arrays ([`decode`]), what is kept of them
//! ([`cache`]) and the one way to a column's rows ([`reader`]). Must not: know questions or plans.

mod batch;
mod cache;
mod decode;
mod error;
mod exec;
mod layout;
mod pages;
mod reader;

pub(crate) use cache::What;
pub(crate) use error::ScanError;
pub(crate) use exec::{FilePart, ScanExec};
pub(crate) use reader::{OpenFile, Reader};
