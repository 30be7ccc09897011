//! What the mouse does where.
//!
//! Owns: clicks, drags and the wheel by panel. Must not: know how terminals report them.

use fgm::time::{Micros, TimeRange};

use super::drawn::REST;
use super::message::{Effect, Pointer, Press};
use super::{App, Drag, Focus, Overlay};

/// Factor of one zoom step by wheel.
const WHEEL: f64 = 0.8;
/// Lines that a wheel step moves a list by.
const LINES: isize = 3;

impl App {
    pub(super) fn pointer(&mut self, p: Pointer) -> Vec<Effect> {
        if !matches!(self.overlay, Overlay::None) {
            return self.pointer_over_overlay(p);
        }
        let layout = self.layout();
        if layout.too_small {
            return Vec::new();
        }
        match p.press {
            Press::Drag | Press::Up => self.drag_on(p),
            Press::WheelUp | Press::WheelDown => self.wheel(p),
            Press::Down => {
                self.notice = None;
                self.drag = None;
                if let Some(panel) = layout.panel_at(p.x, p.y) {
                    let dots = panel.plot.contains(p.x, p.y);
                    self.drag = dots.then_some(Drag::Chart(p.x, p.x));
                    self.activate(panel.index)
                } else if layout.clock.contains(p.x, p.y) {
                    self.drag = Some(Drag::Chart(p.x, p.x));
                    Vec::new()
                } else if layout.navigator.contains(p.x, p.y) {
                    self.drag = Some(Drag::Navigator);
                    self.navigate(p.x)
                } else if layout.legend.contains(p.x, p.y) {
                    let row = usize::from(p.y - layout.legend.y);
                    if let Some(at) = self.legend_order().get(row).copied().filter(|at| *at != REST) {
                        self.group_mut().drawn.selected = at;
                    }
                    self.ask_charts()
                } else {
                    self.click_list(p)
                }
            }
        }
    }

    fn pointer_over_overlay(&mut self, p: Pointer) -> Vec<Effect> {
        let by = match p.press {
            Press::WheelUp => -1,
            Press::WheelDown => 1,
            _ => return Vec::new(),
        };
        match &mut self.overlay {
            Overlay::Search(s) => s.step(by),
            Overlay::Help(at) | Overlay::Problems(at) => *at = at.saturating_add_signed(by * LINES).min(200),
            Overlay::Processes(p) => p.list.step(by * LINES, p.rows.len()),
            Overlay::Tree => drop(self.select_line(by * LINES)),
            Overlay::Findings => drop(self.select_finding(by)),
            Overlay::Prompt(_) | Overlay::None | Overlay::Copy | Overlay::Studies | Overlay::Folded(_) => {}
        }
        Vec::new()
    }

    fn drag_on(&mut self, p: Pointer) -> Vec<Effect> {
        let plot = self.layout().plot;
        let x = p.x.clamp(plot.x, plot.x + plot.w - 1);
        match self.drag {
            Some(Drag::Navigator) => {
                if p.press == Press::Up {
                    self.drag = None;
                }
                self.navigate(x)
            }
            Some(Drag::Chart(from, _)) if p.press == Press::Drag => {
                self.drag = Some(Drag::Chart(from, x));
                Vec::new()
            }
            Some(Drag::Chart(from, _)) => {
                self.drag = None;
                let (a, b) = (from.clamp(plot.x, plot.x + plot.w - 1).min(x), from.max(x));
                if b - a < 2 {
                    let at = self.time_at(x);
                    self.focus = Focus::Chart;
                    return self.travel(|t| t.set_cursor(at));
                }
                let (Some(start), Some(end)) = (self.time_at(a), self.time_at(b + 1)) else {
                    return Vec::new();
                };
                self.travel(|t| t.show(TimeRange::new(start, end)))
            }
            None => Vec::new(),
        }
    }

    fn wheel(&mut self, p: Pointer) -> Vec<Effect> {
        let layout = self.layout();
        let up = p.press == Press::WheelUp;
        let by = if up { -LINES } else { LINES };
        if let Some(lists) = layout.lists {
            if lists.metrics.contains(p.x, p.y) {
                return match self.metrics.step(by) {
                    Some(m) => self.show_metric(m),
                    None => Vec::new(),
                };
            }
            if lists.subjects.contains(p.x, p.y) {
                self.group_mut().step(by);
                return Vec::new();
            }
        }
        if p.shift {
            return self.travel(|t| t.pan(if up { -0.1 } else { 0.1 }));
        }
        let at = if layout.plot.x <= p.x { self.time_at(p.x) } else { None };
        self.travel(|t| t.zoom(if up { WHEEL } else { 1.0 / WHEEL }, at))
    }

    fn click_list(&mut self, p: Pointer) -> Vec<Effect> {
        let Some(lists) = self.layout().lists else { return Vec::new() };
        if lists.metrics.contains(p.x, p.y) {
            self.focus = Focus::Metrics;
            let line = (usize::from(p.y - lists.metrics.y) + self.metrics.list.offset).checked_sub(1);
            if let Some(m) = line.and_then(|l| self.metrics.at(l)) {
                return self.show_metric(m);
            }
        } else if lists.subjects.contains(p.x, p.y) {
            self.focus = Focus::Subjects;
            let row = usize::from(p.y - lists.subjects.y).checked_sub(1);
            if let Some(who) = row.and_then(|row| self.group_mut().click(row)) {
                return self.toggle(who);
            }
        }
        Vec::new()
    }

    /// The instant at the left edge of a column of the chart.
    fn time_at(&self, x: u16) -> Option<Micros> {
        let (window, plot) = (self.window()?, self.layout().plot);
        let x = Micros::from(x.saturating_sub(plot.x).min(plot.w));
        Some(window.start + window.width() * x / Micros::from(plot.w))
    }

    /// Centres the window on a place in the navigator.
    fn navigate(&mut self, x: u16) -> Vec<Effect> {
        let plot = self.layout().navigator;
        let x = Micros::from(x.saturating_sub(plot.x).min(plot.w));
        self.travel(|t| {
            let bounds = t.bounds();
            t.centre(bounds.start + bounds.width() * x / Micros::from(plot.w));
        })
    }
}
