//! All cycles of a series laid over one another.
//!
//! Owns: which column of the folded view a cell falls into. Must not: remove trends or judge.

use crate::analysis::Grid;
use crate::time::Micros;

/// What all cycles have at one phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Number of values.
    pub count: u32,
}

/// A series folded at a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// Length of a cycle in seconds.
    pub period_s: f64,
    /// Time of phase 0: the start of the series.
    pub start: Micros,
    /// Phases of a cycle in order; `None` where no value fell.
    pub columns: Vec<Option<Column>>,
}

/// Folds a series at a period of `period_s` seconds into columns of one cell each, `None` if a cycle has fewer than two
/// cells.
pub fn fold(grid: &Grid, period_s: f64) -> Option<Folded> {
    let period = period_s / grid.step_s();
    if !period.is_finite() || period < 2.0 {
        return None;
    }
    let mut columns: Vec<Option<Column>> = vec![None; columns(period)];
    for (cell, &value) in grid.values.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
        let column = &mut columns[column(cell, period)];
        *column = Some(match *column {
            None => Column { min: value, max: value, mean: value, count: 1 },
            Some(held) => {
                let count = held.count + 1;
                Column {
                    min: held.min.min(value),
                    max: held.max.max(value),
                    mean: held.mean + (value - held.mean) / f64::from(count),
                    count,
                }
            }
        });
    }
    Some(Folded { period_s, start: grid.start, columns })
}

/// Number of columns of a cycle of `period` cells.
pub(super) fn columns(period: f64) -> usize {
    (period.round() as usize).max(2)
}

/// The column of a cell in a cycle of `period` cells.
pub(super) fn column(cell: usize, period: f64) -> usize {
    let columns = columns(period);
    let phase = (cell as f64 / period).fract();
    // The middle of a cell, so that rounding does not send cells of one phase to either side of an edge.
    ((phase * columns as f64 + 0.5) as usize) % columns
}
