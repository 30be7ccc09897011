//! The limit of the selected series as a line.
//!
//! Owns: where the line stands, and what is said of a limit that lies above the chart. Must not: ask for limits.

use fgm::time::TimeRange;

use super::raster;
use super::scale::Extent;
use crate::app::panel::Panel;

/// How many times as high as the values a limit may be and still be shown at its place: above that the values would
/// lie at the foot of the chart.
const FURTHEST: f64 = 2.0;

/// The limit of a series by columns of cells, in the unit of the chart.
pub struct LimitLine {
    /// One per cell; `None` where there is no limit.
    pub cells: Vec<Option<f64>>,
}

impl LimitLine {
    /// The limit of the series at this key.
    pub fn of(
        panel: &Panel,
        key: &fgm::subject::SubjectKey,
        window: TimeRange,
        cells: usize,
    ) -> Option<Self> {
        let (limit, picture) = panel.limit.as_ref()?;
        let (_, buckets) = picture.answer.series.iter().find(|(k, _)| k == key)?;
        let columns = raster::place(buckets, window, cells);
        let mut line: Vec<_> = columns.iter().map(|b| b.map(|b| b.last * limit.factor)).collect();
        // A limit holds until it is read again, as far as nothing was missed in between.
        let known: Vec<usize> = (0..cells).filter(|x| columns[*x].is_some()).collect();
        for pair in known.windows(2) {
            if columns[pair[1]].is_some_and(|b| b.gap_before.is_none()) {
                let (before, between) = (line[pair[0]], pair[0] + 1..pair[1]);
                line[between].fill(before);
            }
        }
        line.iter().any(Option::is_some).then_some(LimitLine { cells: line })
    }

    /// The last limit in the window.
    pub fn last(&self) -> Option<f64> {
        self.cells.iter().rev().flatten().next().copied()
    }

    /// The extent with the limit, if that leaves the values room.
    pub fn widen(&self, extent: Extent) -> Extent {
        let near = |v: &f64| *v <= extent.max * FURTHEST;
        let highest = self.cells.iter().flatten().copied().filter(near).fold(extent.max, f64::max);
        Extent { max: highest, ..extent }
    }
}
