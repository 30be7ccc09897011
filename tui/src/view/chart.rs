//! The chart: value axis, dots, gaps, cursor, clock.
//!
//! Owns: the panel that everything else serves. Must not: compute buckets (the query engine does).

use fgm::series::{Bucket, Gap};
use fgm::time::{Micros, TimeRange};
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::Look;
use super::axis::{self, ValueAxis};
use super::paint::{middle, put, right};
use super::raster::{self, Raster};
use crate::app::layout::{Area, Layout};
use crate::app::timeline::Timeline;
use crate::app::{App, Drag};
use crate::text::{pad_left, width};

/// A series placed into the columns of the window.
struct Placed {
    position: usize,
    columns: Vec<Option<Bucket>>,
    stepped: bool,
}

/// Draws title, axes and dots.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let Some(window) = app.window() else {
        title(app, look, layout, None, buf);
        message(look, layout.plot, "waiting for the first data …", buf);
        return;
    };
    let columns = layout.columns();
    let placed: Vec<Placed> = app
        .panel
        .series()
        .map(|(position, _, b)| Placed {
            position,
            columns: raster::place(b, window, columns),
            stepped: b.stepped,
        })
        .collect();
    let extent = placed
        .iter()
        .flat_map(|p| p.columns.iter().flatten())
        .map(|b| (b.min, b.max))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let quantity = fgm::series::shown_quantity(app.panel.metric);
    let (min, max) = extent.unwrap_or((0.0, 1.0));
    let axis = axis::value_axis(min, max, app.panel.zero_based, quantity, layout.plot.h);
    // A cut axis makes small changes look big.
    let from = (extent.is_some() && axis.low != 0.0)
        .then(|| format!("from {}", fgm::unit::significant(axis.low / axis.scale.divisor)));
    title(app, look, layout, from, buf);
    value_axis(look, layout, &axis, extent.is_some(), buf);
    recorder_down(look, layout.plot, &placed, buf);
    dots(app, look, layout.plot, &axis, &placed, buf);
    if extent.is_none() {
        message(look, layout.plot, &why_empty(app), buf);
    }
    clock(app, look, layout, window, buf);
    cursor(app, look, layout, window, buf);
}

fn why_empty(app: &App) -> String {
    if app.panel.drawn().next().is_none() {
        if app.panel.automatic {
            return "loading …".to_owned();
        }
        return "nothing is drawn: space draws the selected subject, a the highest".to_owned();
    }
    if app.pending() || app.panel.picture.is_none() {
        return "loading …".to_owned();
    }
    format!("no values of {} in this window", app.panel.metric.name)
}

/// The metric, where the value axis starts if not at zero, and what kind of number it is.
fn title(app: &App, look: Look, layout: &Layout, from: Option<String>, buf: &mut Buffer) {
    let (a, m) = (layout.title, app.panel.metric);
    let name = format!("{}.{}", m.table, m.name);
    let at = layout.plot.x;
    let room = (a.x + a.w).saturating_sub(at);
    // Where the axis starts matters more than the end of a long name.
    let kept = from.as_ref().map_or(0, |f| width(f) as u16 + 2);
    let mut x = put(buf, at, a.y, room.saturating_sub(kept), &name, look.theme.strong());
    if let Some(from) = from {
        x = put(buf, x + 2, a.y, (a.x + a.w).saturating_sub(x + 2), &from, look.theme.warning());
    }
    let rest = (a.x + a.w).saturating_sub(x + 2);
    if rest > 20 && layout.lists.is_none() {
        put(buf, x + 2, a.y, rest, m.help, look.theme.muted());
    } else if rest > 12 {
        let note = if m.kind == fgm::metric::Kind::Counter { "per second" } else { m.kind.name() };
        put(buf, x + 2, a.y, rest, note, look.theme.muted());
    }
}

fn message(look: Look, plot: Area, text: &str, buf: &mut Buffer) {
    let at = middle(plot, width(text) as u16, 1);
    put(buf, at.x, at.y, at.w, text, look.theme.muted());
}

/// Row of a value in the plot.
fn row_of(axis: &ValueAxis, plot: Area, value: f64, rows: usize) -> u16 {
    let dots = usize::from(plot.h) * rows;
    let share = ((axis.high - value) / (axis.high - axis.low)).clamp(0.0, 1.0);
    plot.y + (((share * (dots - 1) as f64).round() as usize) / rows) as u16
}

fn value_axis(look: Look, layout: &Layout, axis: &ValueAxis, labelled: bool, buf: &mut Buffer) {
    let (g, plot) = (layout.gutter, layout.plot);
    for y in g.y..g.bottom() {
        put(buf, g.x + g.w - 1, y, 1, "│", look.theme.faint());
    }
    if !labelled {
        return;
    }
    let unit = pad_left(axis.scale.suffix, usize::from(g.w - 1));
    put(buf, g.x, layout.title.y, g.w - 1, &unit, look.theme.muted());
    for (value, label) in &axis.ticks {
        let y = row_of(axis, plot, *value, look.caps.marker.rows());
        put(buf, g.x, y, g.w - 2, &pad_left(label, usize::from(g.w - 2)), look.theme.muted());
        put(buf, g.x + g.w - 1, y, 1, "┤", look.theme.muted());
        if *value > axis.low {
            for x in (plot.x + 3..plot.x + plot.w).step_by(4) {
                put(buf, x, y, 1, "·", look.theme.faint());
            }
        }
    }
}

/// Cells whose two columns lie in a stretch in which no recorder wrote.
fn recorder_down(look: Look, plot: Area, placed: &[Placed], buf: &mut Buffer) {
    let mut down = vec![false; usize::from(plot.w) * 2];
    for p in placed {
        for (span, _) in raster::gaps(&p.columns).filter(|(_, g)| *g == Gap::RecorderDown) {
            down[span].fill(true);
        }
    }
    for (x, pair) in down.chunks(2).enumerate().filter(|(_, p)| p.iter().any(|d| *d)) {
        // At least one cell tells, unless both neighbours hold samples.
        let samples = placed.iter().any(|p| p.columns[x * 2..x * 2 + pair.len()].iter().any(Option::is_some));
        if !samples {
            for y in plot.y..plot.bottom() {
                put(buf, plot.x + x as u16, y, 1, "░", look.theme.faint());
            }
        }
    }
}

fn dots(app: &App, look: Look, plot: Area, axis: &ValueAxis, placed: &[Placed], buf: &mut Buffer) {
    let marker = look.caps.marker;
    let mut r = Raster::new(marker, usize::from(plot.w), usize::from(plot.h), axis.low, axis.high);
    for p in placed {
        r.draw(p.position, &p.columns, p.stepped);
    }
    if look.theme.colourless() {
        r.pattern();
    }
    for (i, d) in r.finish(app.panel.selected).into_iter().enumerate().filter(|(_, d)| d.bits != 0) {
        let (x, y) = (i % usize::from(plot.w), i / usize::from(plot.w));
        let style = look.theme.series(usize::from(d.owner), d.bright && !app.slow);
        let mut utf8 = [0; 4];
        let glyph = marker.glyph(d.bits).encode_utf8(&mut utf8);
        put(buf, plot.x + x as u16, plot.y + y as u16, 1, glyph, style);
    }
    if look.theme.colourless() {
        letters(plot, axis, placed, look, buf);
    }
}

/// Without colour, each line carries its letter now and then.
fn letters(plot: Area, axis: &ValueAxis, placed: &[Placed], look: Look, buf: &mut Buffer) {
    for p in placed {
        let first = 3 + p.position * 4;
        for x in (first..usize::from(plot.w)).step_by(28) {
            if let Some(b) = p.columns[x * 2] {
                let y = row_of(axis, plot, b.mean, look.caps.marker.rows());
                let letter = super::letter(p.position).to_string();
                put(buf, plot.x + x as u16, y, 1, &letter, look.theme.strong());
            }
        }
    }
}

/// Column of the plot in which an instant lies.
fn column(plot: Area, window: TimeRange, at: Micros) -> Option<u16> {
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

fn cursor(app: &App, look: Look, layout: &Layout, window: TimeRange, buf: &mut Buffer) {
    let (plot, a) = (layout.plot, layout.clock);
    if let Some(Drag::Chart(from, to)) = app.drag
        && from != to
    {
        for x in from.min(to).max(plot.x)..=from.max(to).min(plot.x + plot.w - 1) {
            for y in plot.y..plot.bottom() {
                buf[(x, y)].set_style(look.theme.window());
            }
        }
    }
    let at = app.timeline.as_ref().and_then(Timeline::cursor);
    let Some(x) = at.and_then(|at| column(plot, window, at)) else { return };
    for y in plot.y..plot.bottom() {
        if matches!(buf[(x, y)].symbol(), " " | "·") {
            put(buf, x, y, 1, "│", look.theme.muted());
        } else {
            buf[(x, y)].set_style(look.theme.selected(false));
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
    let label = format!(" {} ", axis::clock(at, &app.zone, timeline.dot()));
    let w = width(&label) as u16;
    // The date and the zone stand at the two ends.
    let zone = width(&axis::zone_name(window.start, &app.zone)) as u16;
    let last = (a.x + a.w).saturating_sub(w + zone + 1);
    Some((x.saturating_sub(w / 2).max(layout.plot.x).min(last), label))
}
