//! Studies: what repeats, what changed, what leaks, what moved together. Pure functions over series on a regular grid.
//!
//! Owns: what the studies share: the grid ([`Grid`]), whitening ([`whiten`]), Fourier transforms ([`fft`]), robust
//! statistics ([`stats`]). Must not: know Parquet, queries or screens. Counters are rates before they come here, and
//! units go through untouched: nothing decided here depends on the scale of a series.

pub mod change;
pub mod correlate;
pub mod enough;
pub mod fft;
mod floor;
pub mod grid;
#[cfg(test)]
mod made;
pub mod oom;
pub mod period;
pub mod season;
pub mod stats;
pub mod throttle;
pub mod trend;
pub mod whiten;

pub use enough::NotEnough;
pub use grid::{Grid, Point};
