//! Points at any times → values on a regular grid, with holes where there is none.
//!
//! Owns: the spacing, and which cell a point falls into. Must not: fill holes or turn counters into rates.

use super::stats::median;
use crate::time::Micros;

/// No grid has more cells: a week at 1 Hz has 604,800. Two recordings years apart get a coarser grid instead.
const MOST_CELLS: i64 = 1 << 21;

/// One value of a series, a counter as its rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub time: Micros,
    /// How much; a value that is not finite counts as missing.
    pub value: f64,
    /// Whether the line is broken before this point: a restart, a lost tick, an absent subject.
    pub gap_before: bool,
}

/// A series with one cell per interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Time of the first cell.
    pub start: Micros,
    /// Distance of two cells in µs; at least 1.
    pub step: Micros,
    /// One per cell; NaN where nothing was measured, the mean where several points fell into one cell.
    pub values: Vec<f64>,
    /// Cells before which the line is broken, ascending; nothing may be reckoned across one as if it were one run.
    pub breaks: Vec<usize>,
}

impl Grid {
    /// The grid of `points`, which are in order of time. The spacing is `interval` if the recording tells it, else the
    /// median of the differences. Without points, or with one and no interval, the grid has at most one cell.
    pub fn new(points: &[Point], interval: Option<Micros>) -> Self {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Self { start: 0, step: 1, values: Vec::new(), breaks: Vec::new() };
        };
        let start = first.time;
        let span = (last.time - start).max(0);
        let step = interval.unwrap_or_else(|| median_spacing(points)).max(1).max(span / (MOST_CELLS - 1));
        let cell = |time: Micros| usize::try_from((time - start + step / 2) / step).unwrap_or(0);
        let cells = cell(last.time.max(start)) + 1;
        let (mut values, mut counts) = (vec![f64::NAN; cells], vec![0_u32; cells]);
        let mut breaks = Vec::new();
        for point in points {
            let at = cell(point.time).min(cells - 1);
            if point.gap_before && at > 0 && breaks.last() != Some(&at) {
                breaks.push(at);
            }
            if point.value.is_finite() {
                counts[at] += 1;
                let n = f64::from(counts[at]);
                values[at] =
                    if counts[at] == 1 { point.value } else { values[at] + (point.value - values[at]) / n };
            }
        }
        Self { start, step, values, breaks }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of cells that hold a value.
    pub fn present(&self) -> usize {
        self.values.iter().filter(|v| !v.is_nan()).count()
    }

    /// Distance of two cells in seconds.
    pub fn step_s(&self) -> f64 {
        self.step as f64 / crate::time::SECOND as f64
    }

    /// Time at a cell; between two cells for a fraction.
    pub fn time(&self, cell: f64) -> Micros {
        self.start + (cell * self.step as f64).round() as Micros
    }
}

fn median_spacing(points: &[Point]) -> Micros {
    let mut spacings: Vec<f64> =
        points.windows(2).map(|p| (p[1].time - p[0].time) as f64).filter(|d| *d > 0.0).collect();
    median(&mut spacings).map_or(1, |m| m.round() as Micros)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests may fall over; these numbers are exact")]
    use super::*;
    use crate::time::SECOND;

    fn point(seconds: f64, value: f64) -> Point {
        Point { time: (seconds * SECOND as f64) as Micros, value, gap_before: false }
    }

    /// STU-1: jittered times fall into their second, holes stay holes.
    #[test]
    fn points_fall_into_their_cell_and_holes_stay() {
        let grid = Grid::new(&[point(0.0, 1.0), point(1.02, 2.0), point(1.99, 3.0), point(5.01, 4.0)], None);
        assert_eq!(grid.len(), 6);
        assert_eq!(grid.present(), 4);
        assert!(grid.values[3].is_nan() && grid.values[4].is_nan());
        assert_eq!((grid.values[2], grid.values[5]), (3.0, 4.0));
    }

    /// STU-1: values that fall into one cell are averaged, what is no number is missing.
    #[test]
    fn one_cell_holds_the_mean() {
        let grid = Grid::new(&[point(0.0, 1.0), point(0.3, 3.0), point(1.0, f64::INFINITY)], Some(SECOND));
        assert_eq!(grid.values[0], 2.0);
        assert!(grid.values[1].is_nan());
    }

    /// STU-3: a broken line is told by the cell after the break.
    #[test]
    fn breaks_are_kept() {
        let broken = Point { gap_before: true, ..point(4.0, 1.0) };
        assert_eq!(Grid::new(&[point(0.0, 0.0), broken], Some(SECOND)).breaks, [4]);
    }

    /// STU-1: a hole of years costs resolution, not memory.
    #[test]
    fn a_hole_of_years_is_bounded() {
        let year = 365.0 * 86_400.0;
        let grid = Grid::new(&[point(0.0, 0.0), point(1.0, 0.0), point(9.0 * year, 1.0)], Some(SECOND));
        assert!(grid.len() as i64 <= MOST_CELLS + 1);
        assert!(grid.values.last().unwrap().is_finite());
        assert!(Grid::new(&[], None).is_empty());
    }
}
