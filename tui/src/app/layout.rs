//! Where each part of the screen stands, for any size.
//!
//! Owns: the division of the screen, so that pointers can be understood and questions be asked with the right number
//! of columns. Must not: draw.

/// Columns left of the chart for the labels of the value axis.
pub const GUTTER: u16 = 10;
/// Smallest screen on which a chart makes sense.
pub const SMALLEST: (u16, u16) = (40, 12);
/// Fewest rows of a panel, its title included.
const LOWEST_PANEL: u16 = 4;
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

/// One chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PanelArea {
    /// Which of the panels it is.
    pub index: usize,
    /// What is drawn, in which unit, on which axis.
    pub title: Area,
    /// Labels of the value axis.
    pub gutter: Area,
    /// The dots.
    pub plot: Area,
}

/// What there is to be divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Number of panels.
    pub panels: usize,
    /// The one that must be seen.
    pub active: usize,
    /// Lines of legend.
    pub series: usize,
    /// Whether the lists may stand on the left.
    pub lists: bool,
}

/// Every part of the screen. An area without height is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The whole screen.
    pub screen: Area,
    /// Too small for anything but one line that says so.
    pub too_small: bool,
    /// Metrics and subjects.
    pub lists: Option<Lists>,
    /// The panels that there is room for, from the top.
    pub panels: Vec<PanelArea>,
    /// The dots of the active panel. All panels have its columns.
    pub plot: Area,
    /// Marks of what happened.
    pub events: Area,
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
    /// The layout for a screen. A size of 0×0, as some terminals report at first, is treated as 80×24.
    pub fn new(w: u16, h: u16, wanted: Wanted) -> Layout {
        let (w, h) = if w == 0 || h == 0 { (80, 24) } else { (w, h) };
        let screen = Area { x: 0, y: 0, w, h };
        let wide = w >= 76 && h >= 18 && wanted.lists;
        let left = if wide { (w * 3 / 10).clamp(26, 46) } else { 0 };
        let x = if wide { left + 1 } else { 0 };
        let right = w - x;
        let row = |y: u16, h: u16| Area { x, y, w: right, h };

        let nav_h = if h >= 30 { 2 } else { u16::from(h >= 16) };
        let events_h = u16::from(h >= 16);
        let legend_h = (wanted.series.clamp(1, MOST_SERIES + 1) as u16).min((h / 4).max(2));
        let below = events_h + 2 + nav_h + legend_h + 2;
        let panels = panels(row(0, h.saturating_sub(below).max(2)), wanted);
        let active = panels.iter().find(|p| p.index == wanted.active).or(panels.first());
        let plot = active.map_or_else(Area::default, |p| p.plot);
        let bottom = panels.last().map_or(1, |p| p.plot.bottom());
        let events = Area { y: bottom, h: events_h, ..plot };
        let clock = row(events.bottom(), 2);
        let navigator = Area { y: clock.bottom(), h: nav_h, ..plot };
        let legend = row(navigator.bottom(), legend_h);
        Layout {
            screen,
            too_small: w < SMALLEST.0 || h < SMALLEST.1,
            lists: wide.then(|| lists(left, h)),
            panels,
            plot,
            events,
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

    /// The panel in whose rows a cell lies.
    pub fn panel_at(&self, x: u16, y: u16) -> Option<&PanelArea> {
        self.panels.iter().find(|p| (p.title.y..p.plot.bottom()).contains(&y) && x >= p.title.x)
    }
}

/// As many panels as fit, the active one among them, one above the other; the upper ones get the rows left over.
fn panels(area: Area, wanted: Wanted) -> Vec<PanelArea> {
    let shown = usize::from(area.h / LOWEST_PANEL).clamp(1, wanted.panels.max(1));
    let first = wanted.active.saturating_sub(shown - 1);
    let (each, over) = (area.h / shown as u16, usize::from(area.h) % shown);
    let mut y = area.y;
    (0..shown)
        .map(|i| {
            let h = each + u16::from(i < over);
            let title = Area { y, h: 1, ..area };
            let gutter = Area { x: area.x, y: y + 1, w: GUTTER, h: (h - 1).max(1) };
            let w = area.w.saturating_sub(GUTTER + 1).max(1);
            let plot = Area { x: area.x + GUTTER, w, ..gutter };
            y += h;
            PanelArea { index: first + i, title, gutter, plot }
        })
        .collect()
}

fn lists(w: u16, h: u16) -> Lists {
    let body = h - 2;
    let detail_h = if h >= 30 { 5 } else { 3 };
    let metrics_h = (body - detail_h) / 2;
    let metrics = Area { x: 0, y: 0, w, h: metrics_h };
    let detail = Area { x: 0, y: metrics_h, w, h: detail_h };
    let y = detail.bottom();
    Lists { metrics, detail, subjects: Area { x: 0, y, w, h: body - y } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(w: u16, h: u16, series: usize, panels: usize, active: usize) -> Layout {
        Layout::new(w, h, Wanted { panels, active, series, lists: true })
    }

    /// TUI-5, TUI-2: from 40×12 to 400×100 every part lies on the screen and none lies over another, with one panel
    /// and with six; the active one is always there.
    #[test]
    fn parts_fit_every_size() {
        for (w, h) in (40..400).step_by(7).flat_map(|w| (12..100).map(move |h| (w, h))) {
            for (series, panels, active) in [(0, 1, 0), (1, 2, 1), (6, 6, 0), (60, 6, 3), (6, 6, 5)] {
                let l = layout(w, h, series, panels, active);
                assert!(!l.too_small);
                let mut rows: Vec<Area> = l.panels.iter().flat_map(|p| [p.title, p.plot]).collect();
                rows.extend([l.events, l.clock, l.navigator, l.legend, l.status, l.keys]);
                for pair in rows.windows(2) {
                    assert!(pair[0].bottom() <= pair[1].y, "{w}×{h}: {pair:?}");
                }
                assert_eq!(l.keys.bottom(), h);
                assert!(l.panels.iter().any(|p| p.index == active && p.plot == l.plot), "{w}×{h}: {active}");
                assert!(l.panels.len() == panels || h < 12 + 4 * panels as u16 + 9, "{w}×{h}");
                for p in &l.panels {
                    assert!(p.plot.x + p.plot.w <= w && p.plot.h >= 3 && p.index < panels, "{w}×{h}: {p:?}");
                    assert_eq!((p.plot.x, p.plot.w), (l.plot.x, l.plot.w), "one time axis");
                }
                if let Some(lists) = l.lists {
                    assert!(lists.subjects.bottom() <= l.status.y && lists.subjects.h >= 4);
                    assert!(lists.metrics.x + lists.metrics.w < l.panels[0].gutter.x);
                }
            }
        }
    }

    /// TUI-5: without the lists the charts have the whole width.
    #[test]
    fn lists_can_go() {
        let wanted = Wanted { panels: 1, active: 0, series: 1, lists: false };
        let l = Layout::new(120, 40, wanted);
        assert!(l.lists.is_none() && l.plot.x == GUTTER && l.plot.w == 120 - GUTTER - 1);
    }

    /// TUI-5: tiny sizes and 0×0 do not overflow.
    #[test]
    fn tiny_sizes_survive() {
        for (w, h) in (0..45).flat_map(|w| (0..20).map(move |h| (w, h))) {
            let l = layout(w, h, 6, 6, 5);
            assert_eq!(l.too_small, !(w == 0 || h == 0) && (w < 40 || h < 12), "{w}×{h}");
        }
    }
}
