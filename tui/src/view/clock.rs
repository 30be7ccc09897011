//! The clock axis below the charts, and the cursor through all of them.
//!
//! Owns: everything that stands for an instant. Must not: know values.

use fgm::time::{Micros, TimeRange};
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::Look;
use super::axis;
use super::paint::{put, right, span};
use crate::app::layout::{Area, Layout};
use crate::app::timeline::Timeline;
use crate::app::{App, Drag};
use crate::text::width;

/// Draws the axis, the cursor and a drag that has begun.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let Some(window) = app.window() else { return };
    clock(app, look, layout, window, buf);
    drag(app, look, layout, buf);
    mark(app, look, layout, window, buf);
    cursor(app, look, layout, window, buf);
}

/// Column of the plot in which an instant lies.
pub fn column(plot: Area, window: TimeRange, at: Micros) -> Option<u16> {
    fgm::series::column_of(window, usize::from(plot.w), at).map(|c| plot.x + c as u16)
}

fn clock(app: &App, look: Look, layout: &Layout, window: TimeRange, buf: &mut Buffer) {
    let (a, plot) = (layout.clock, layout.plot);
    let edge = "─".repeat(usize::from(plot.w));
    put(buf, plot.x - 1, a.y, plot.w + 1, &format!("└{edge}"), look.theme.faint());
    let zone = axis::zone_name(window.start, &app.zone);
    let date = axis::date(window.start, &app.zone);
    put(buf, a.x, a.y + 1, a.w, &date, look.theme.muted());
    let end = right(buf, a, 1, &zone, look.theme.strong());
    let taken = cursor_label(app, layout, window).map(|(from, label)| from..from + width(&label) as u16 + 1);
    let mut free = plot.x;
    for tick in axis::clock_ticks(window, plot.w, &app.zone) {
        let Some(x) = column(plot, window, tick.at) else { continue };
        put(buf, x, a.y, 1, "┬", look.theme.muted());
        let w = width(&tick.label) as u16;
        let from = x.saturating_sub(w / 2);
        // The date stands in the gutter; a label must not run into it.
        let hidden = taken.as_ref().is_some_and(|t| from < t.end && t.start <= from + w);
        if from > free && from + w < end && !hidden {
            let style = if tick.day { look.theme.strong() } else { look.theme.muted() };
            free = put(buf, from, a.y + 1, w, &tick.label, style);
        }
    }
}

/// What a drag covers.
fn drag(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let Some(Drag::Chart(from, to)) = app.drag.filter(|d| !matches!(d, Drag::Chart(a, b) if a == b)) else {
        return;
    };
    for plot in layout.panels.iter().map(|p| p.plot) {
        for x in from.min(to).max(plot.x)..=from.max(to).min(plot.x + plot.w - 1) {
            for y in plot.y..plot.bottom() {
                buf[(x, y)].set_style(look.theme.window());
            }
        }
    }
}

/// The second cursor.
fn mark(app: &App, look: Look, layout: &Layout, window: TimeRange, buf: &mut Buffer) {
    let at = app.timeline.as_ref().and_then(Timeline::mark);
    let Some(x) = at.and_then(|at| column(layout.plot, window, at)) else { return };
    for plot in layout.panels.iter().map(|p| p.plot) {
        for y in plot.y..plot.bottom() {
            if matches!(buf[(x, y)].symbol(), " " | "·") {
                put(buf, x, y, 1, "┊", look.theme.muted());
            }
        }
    }
    put(buf, x, layout.clock.y, 1, "◆", look.theme.accent());
}

fn cursor(app: &App, look: Look, layout: &Layout, window: TimeRange, buf: &mut Buffer) {
    let a = layout.clock;
    let at = app.timeline.as_ref().and_then(Timeline::cursor);
    let Some(x) = at.and_then(|at| column(layout.plot, window, at)) else { return };
    for plot in layout.panels.iter().map(|p| p.plot) {
        for y in plot.y..plot.bottom() {
            if matches!(buf[(x, y)].symbol(), " " | "·") {
                put(buf, x, y, 1, "│", look.theme.muted());
            } else {
                buf[(x, y)].set_style(look.theme.selected(false));
            }
        }
    }
    put(buf, x, a.y, 1, "▲", look.theme.accent());
    if let Some((from, label)) = cursor_label(app, layout, window) {
        let style = look.theme.accent().add_modifier(Modifier::REVERSED);
        put(buf, from, a.y + 1, width(&label) as u16, &label, style);
    }
}

/// The cursor's time and where it stands among the labels of the clock.
fn cursor_label(app: &App, layout: &Layout, window: TimeRange) -> Option<(u16, String)> {
    let timeline = app.timeline.as_ref()?;
    let (at, a) = (timeline.cursor()?, layout.clock);
    let x = column(layout.plot, window, at)?;
    let since = timeline.mark().filter(|m| *m != at).map(|m| {
        let sign = if at < m { "−" } else { "+" };
        format!("({sign}{}) ", span((at - m).abs()))
    });
    let label = format!(" {} {}", axis::clock(at, &app.zone, timeline.dot()), since.unwrap_or_default());
    let w = width(&label) as u16;
    // The date and the zone stand at the two ends.
    let zone = width(&axis::zone_name(window.start, &app.zone)) as u16;
    let last = (a.x + a.w).saturating_sub(w + zone + 1);
    Some((x.saturating_sub(w / 2).max(layout.plot.x).min(last), label))
}
