//! The row of marks between charts and clock: what happened, and what it was where the cursor stands.
//!
//! Owns: glyphs of events. Must not: choose which events matter (the state does).

use fgm::event::{EventKind, Severity};
use fgm::time::TimeRange;
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

use super::Look;
use super::axis;
use super::clock::column;
use super::paint::put;
use crate::app::App;
use crate::app::layout::Layout;
use crate::app::marks::Mark;
use crate::app::timeline::Timeline;
use crate::text::{fit, width};

/// The sign of a kind of event.
fn glyph(kind: Option<EventKind>) -> &'static str {
    use EventKind as K;
    match kind {
        Some(K::OomKill) => "×",
        Some(K::SubjectStart | K::ProcessStart) => "▸",
        Some(K::SubjectStop | K::ProcessStop) => "◂",
        Some(K::Restart) => "↻",
        Some(K::LimitChange) => "±",
        Some(K::ThrottlingStart | K::ThrottlingStop) => "~",
        Some(K::RecorderStart) => "●",
        Some(K::RecorderStop) => "○",
        Some(K::RecorderGap | K::DataLost | K::CapReached) => "!",
        None => "?",
    }
}

/// Draws the row, and a thread through the charts where something that is drawn died.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let (Some(window), a) = (app.window(), layout.events) else { return };
    if a.h == 0 {
        return;
    }
    throttled(app, look, layout, window, buf);
    // What matters most stands on top of what shares its cell.
    let mut marks: Vec<_> = app.marks().filter(|(m, _)| window.contains(m.at)).collect();
    marks.sort_by_key(|(m, position)| (position.is_some(), m.severity));
    for (mark, position) in &marks {
        let Some(x) = column(layout.plot, window, mark.at) else { continue };
        put(buf, x, a.y, 1, glyph(mark.kind), style(look, mark, *position));
        if mark.severity == Severity::Error && position.is_some() {
            for plot in layout.panels.iter().map(|p| p.plot) {
                for y in plot.y..plot.bottom() {
                    if matches!(buf[(x, y)].symbol(), " " | "·") {
                        put(buf, x, y, 1, "┊", look.theme.warning());
                    }
                }
            }
        }
    }
    text(app, look, layout, window, &marks, buf);
}

fn style(look: Look, mark: &Mark, position: Option<usize>) -> Style {
    match (mark.severity, position) {
        (Severity::Error, Some(_)) => look.theme.warning(),
        (_, Some(p)) => look.theme.series(p, true),
        // The recorder's own troubles are everybody's.
        (Severity::Warning | Severity::Error, None) if mark.path.is_none() => look.theme.warning(),
        (_, None) => look.theme.muted(),
    }
}

/// The time for which a drawn subject was throttled.
fn throttled(app: &App, look: Look, layout: &Layout, window: TimeRange, buf: &mut Buffer) {
    let (a, plot) = (layout.events, layout.plot);
    let mut since: [Option<i64>; crate::app::layout::MOST_SERIES] = Default::default();
    let mut fill = |from: i64, to: i64, position: usize| {
        let (from, to) = (from.max(window.start), to.min(window.end - 1));
        if let (Some(x0), Some(x1)) = (column(plot, window, from), column(plot, window, to)) {
            for x in x0..=x1 {
                put(buf, x, a.y, 1, "~", look.theme.series(position, false));
            }
        }
    };
    for (mark, position) in app.marks() {
        let Some(p) = position else { continue };
        match mark.kind {
            Some(EventKind::ThrottlingStart) => since[p] = Some(mark.at),
            Some(EventKind::ThrottlingStop) => {
                // One that began before the first mark that is known has begun before the window.
                fill(since[p].take().unwrap_or(window.start), mark.at, p);
            }
            _ => {}
        }
    }
    for (p, from) in since.into_iter().enumerate() {
        if let Some(from) = from {
            fill(from, window.end, p);
        }
    }
}

/// What happened where the cursor stands, beside it.
fn text(
    app: &App,
    look: Look,
    layout: &Layout,
    window: TimeRange,
    marks: &[(&Mark, Option<usize>)],
    buf: &mut Buffer,
) {
    let cursor = app.timeline.as_ref().and_then(Timeline::cursor);
    let (a, Some(x)) = (layout.events, cursor.and_then(|t| column(layout.plot, window, t))) else { return };
    let here = |m: &&(&Mark, Option<usize>)| column(layout.plot, window, m.0.at) == Some(x);
    let mut found = marks.iter().rev().filter(here);
    let Some((mark, position)) = found.next() else { return };
    let more = found.count();
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    let at = axis::clock(mark.at, &app.zone, fgm::time::SECOND);
    let all = format!(" {at} {}{more} ", mark.message);
    let right = a.x + a.w - (x + 1);
    let left = x - a.x;
    let text = fit(&all, usize::from(right.max(left)));
    let w = width(&text) as u16;
    let from = if w <= right { x + 1 } else { x - w.min(left) };
    let style = style(look, mark, *position).add_modifier(Modifier::REVERSED);
    put(buf, from, a.y, w, &text, style);
}
