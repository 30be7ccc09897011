//! Where each panel stands on a screen of some size.
//!
//! Owns: the division of the screen, so that pointers can be understood and questions be asked with the right number
//! of columns. Must not: draw.

/// Columns left of the chart for the labels of the value axis.
pub const GUTTER: u16 = 10;
/// Smallest screen on which a chart makes sense.
pub const SMALLEST: (u16, u16) = (40, 12);
/// Most series that are drawn at once.
pub const MOST_SERIES: usize = 6;

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Number of columns.
    pub w: u16,
    /// Number of rows.
    pub h: u16,
}

impl Area {
    /// Whether a cell lies in it.
    pub fn contains(&self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.w).contains(&x) && (self.y..self.y + self.h).contains(&y)
    }

    /// First row below it.
    pub fn bottom(&self) -> u16 {
        self.y + self.h
    }
}

/// The list column, when there is room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lists {
    /// Heading and rows of the metric list.
    pub metrics: Area,
    /// What the selected metric is.
    pub detail: Area,
    /// Heading and rows of the subject list.
    pub subjects: Area,
}

/// Every panel. An area without height is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The whole screen.
    pub screen: Area,
    /// Too small for anything but one line that says so.
    pub too_small: bool,
    /// Metrics and subjects.
    pub lists: Option<Lists>,
    /// What is drawn and in which unit.
    pub title: Area,
    /// Labels of the value axis.
    pub gutter: Area,
    /// The dots.
    pub plot: Area,
    /// Line and labels of the clock, gutter included.
    pub clock: Area,
    /// The whole recording in small, gutter excluded.
    pub navigator: Area,
    /// Series with their values.
    pub legend: Area,
    /// State.
    pub status: Area,
    /// Key bar.
    pub keys: Area,
}

impl Layout {
    /// The layout for a screen with `series` lines of legend. A size of 0×0, as some terminals report at first, is
    /// treated as 80×24.
    pub fn new(w: u16, h: u16, series: usize) -> Layout {
        let (w, h) = if w == 0 || h == 0 { (80, 24) } else { (w, h) };
        let screen = Area { x: 0, y: 0, w, h };
        let wide = w >= 76 && h >= 18;
        let left = if wide { (w * 3 / 10).clamp(26, 46) } else { 0 };
        let x = if wide { left + 1 } else { 0 };
        let right = w - x;
        let row = |y: u16, h: u16| Area { x, y, w: right, h };

        let nav_h = if h >= 30 { 2 } else { u16::from(h >= 16) };
        let legend_h = (series.clamp(1, MOST_SERIES) as u16).min((h / 4).max(2));
        let below = 2 + nav_h + legend_h + 2;
        let plot_h = h.saturating_sub(1 + below).max(1);
        let title = row(0, 1);
        let plot = Area { x: x + GUTTER, y: 1, w: right.saturating_sub(GUTTER + 1).max(1), h: plot_h };
        let clock = row(plot.bottom(), 2);
        let navigator = Area { y: clock.bottom(), h: nav_h, ..plot };
        let legend = row(navigator.bottom(), legend_h);
        let lists = wide.then(|| {
            let body = h - 2;
            let detail_h = if h >= 30 { 5 } else { 3 };
            let metrics_h = (body - detail_h) / 2;
            let metrics = Area { x: 0, y: 0, w: left, h: metrics_h };
            let detail = Area { x: 0, y: metrics_h, w: left, h: detail_h };
            let y = detail.bottom();
            Lists { metrics, detail, subjects: Area { x: 0, y, w: left, h: body - y } }
        });
        Layout {
            screen,
            too_small: w < SMALLEST.0 || h < SMALLEST.1,
            lists,
            title,
            gutter: Area { x, y: 1, w: GUTTER, h: plot_h },
            plot,
            clock,
            navigator,
            legend,
            status: Area { x: 0, y: h.saturating_sub(2), w, h: 1 },
            keys: Area { x: 0, y: h.saturating_sub(1), w, h: 1 },
        }
    }

    /// Dot columns of the chart: two per cell.
    pub fn columns(&self) -> usize {
        usize::from(self.plot.w) * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-5: from 40×12 to 400×100 every panel lies on the screen and none lies over another.
    #[test]
    fn panels_fit_every_size() {
        for (w, h) in (40..400).step_by(7).flat_map(|w| (12..100).map(move |h| (w, h))) {
            for series in [0, 1, 6, 60] {
                let l = Layout::new(w, h, series);
                assert!(!l.too_small);
                let rows = [l.title, l.plot, l.clock, l.navigator, l.legend, l.status, l.keys];
                for pair in rows.windows(2) {
                    assert!(pair[0].bottom() <= pair[1].y, "{w}×{h}: {pair:?}");
                }
                assert_eq!(l.keys.bottom(), h);
                assert!(l.plot.x + l.plot.w <= w && l.plot.h >= 3, "{w}×{h}: {:?}", l.plot);
                if let Some(lists) = l.lists {
                    assert!(lists.subjects.bottom() <= l.status.y && lists.subjects.h >= 4);
                    assert!(lists.metrics.x + lists.metrics.w < l.gutter.x);
                }
            }
        }
    }

    /// TUI-5: tiny sizes and 0×0 do not overflow.
    #[test]
    fn tiny_sizes_survive() {
        for (w, h) in (0..45).flat_map(|w| (0..20).map(move |h| (w, h))) {
            let l = Layout::new(w, h, 6);
            assert_eq!(l.too_small, !(w == 0 || h == 0) && (w < 40 || h < 12), "{w}×{h}");
        }
    }
}
