//! Windows of series as buckets and as samples, straight from exact row ranges.
//!
//! Owns: which files and rows a question needs ([`select`]), what of them is looked at row by row and what is known in
//! digest ([`load`], [`tile`]), and folding it in the order of time ([`fold`], [`sum`], [`exec`]). Must not: know the
//! engine.
//!
//! A file's rows are cut into tiles of [`tile::ROWS`] rows, and within each into blocks of consecutive rows of one
//! series. Where a block lies in one column of the window, its digest stands for its rows; digests are kept, so that a
//! far-out view reads nothing twice. Elsewhere rows are folded one by one, from pages that are kept as well.

mod exec;
mod fold;
mod load;
mod select;
mod series;
mod sum;
mod ticks;
mod tile;

pub(crate) use exec::{BucketExec, buckets_of, read_samples};
pub(crate) use fold::Lost;
pub(crate) use select::Selection;
pub(crate) use series::SeriesBook;
pub(crate) use sum::SumPlan;
