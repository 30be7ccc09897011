//! Studies on the screen: the list of findings, what the shown one looks like in a chart, cycles over one another.
//!
//! Owns: their pictures. Must not: study.

use fgm::series::Bucket;
use fgm::time::{Micros, TimeRange};
use ratatui::buffer::Buffer;

use super::chart::Chart;
use super::overlay::{keys_of, window};
use super::paint::{frame, middle, put};
use super::raster::Raster;
use super::scale::{Extent, ValueAxis};
use super::{Look, axis};
use crate::app::App;
use crate::app::findings::{Figure, Findings, Folded, State};
use crate::app::layout::{Area, Layout};
use crate::app::panel::Scale;
use crate::keymap::Context;
use crate::text::{pad_left, width, wrap};

/// What can be studied, with the keys.
pub fn menu(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let whom = if app.studies.narrow {
        format!("the drawn series of {}", app.panel().metric.name)
    } else {
        "all containers and all that is worth a study".to_owned()
    };
    let mut rows = keys_of(app, look, Context::Studies);
    rows.push(Vec::new());
    rows.push(vec![
        ("  in the visible window, of ".to_owned(), look.theme.muted()),
        (whom, look.theme.strong()),
    ]);
    window((app, look, layout), "study", &rows, 0, buf);
}

/// The list of findings.
pub fn list(app: &App, f: &Findings, look: Look, layout: &Layout, buf: &mut Buffer) {
    let theme = look.theme;
    let mut body = layout.screen;
    body.h = layout.status.y;
    let area = middle(body, body.w.min(150), body.h);
    let range = f.wanted.range;
    let clock = |t| axis::clock(t, &app.zone, app.overview.interval);
    let title = format!("{}, {} to {}", f.wanted.kind.title(), clock(range.start), clock(range.end));
    let inside = frame(buf, area, &title, theme.faint(), theme.accent());
    let below = match &f.state {
        State::Running(share) => {
            let full = (share * 30.0) as usize;
            let (done, left) = ("#".repeat(full), ".".repeat(30_usize.saturating_sub(full)));
            format!("studying [{done}{left}] {:3.0} %   esc calls it off", share * 100.0)
        }
        State::Failed(line) => line.clone(),
        State::Done if f.all.is_empty() => {
            "nothing found: a longer window, or all containers (tab), may tell more".to_owned()
        }
        State::Done => {
            "enter shows it   f folds cycles   esc closes; then N P next, previous   B back".to_owned()
        }
    };
    put(buf, inside.x + 1, inside.bottom() - 1, inside.w - 1, &below, theme.muted());
    let room = usize::from(inside.w.saturating_sub(3));
    let height = usize::from(inside.h.saturating_sub(2));
    let wrapped: Vec<Vec<String>> = f.all.iter().map(|x| wrap(&x.sentence, room)).collect();
    // The selected finding is on the screen, whole if it can be.
    let mut first = f.list.selected.min(wrapped.len().saturating_sub(1));
    let mut used = wrapped.get(first).map_or(0, Vec::len);
    while first > 0 && used + wrapped[first - 1].len() <= height {
        first -= 1;
        used += wrapped[first].len();
    }
    let mut y = inside.y;
    for (i, lines) in wrapped.iter().enumerate().skip(first) {
        for (n, line) in lines.iter().enumerate() {
            if usize::from(y - inside.y) >= height {
                return;
            }
            let style = if i == f.list.selected { theme.selected(true) } else { theme.text() };
            let mark = if n > 0 {
                "  "
            } else if i == f.list.selected {
                "▸ "
            } else {
                "· "
            };
            let x = put(buf, inside.x, y, 2, mark, theme.accent());
            put(buf, x, y, room as u16, line, style);
            y += 1;
        }
    }
}

/// Draws the shown finding into the panel that it is about, where nothing else is.
pub fn figure(chart: &Chart<'_>, axis: &ValueAxis, window: TimeRange, buf: &mut Buffer) {
    let Some(finding) = chart.app.studies.shown.as_ref() else { return };
    if finding.metrics.first() != Some(&chart.panel.metric) {
        return;
    }
    match &finding.figure {
        Figure::None => {}
        Figure::Cycles { period, peak, windows } => cycles(chart, (*period, *peak), windows, window, buf),
        Figure::Levels(levels) => {
            for (range, value) in levels {
                line(chart, axis, (*range, *value, *value), window, buf);
            }
        }
        Figure::Slope(range, from, to) => line(chart, axis, (*range, *from, *to), window, buf),
    }
}

fn column(plot: Area, window: TimeRange, at: Micros) -> Option<u16> {
    let share = (at - window.start) as f64 / window.width().max(1) as f64;
    (0.0..1.0).contains(&share).then(|| plot.x + (share * f64::from(plot.w)) as u16)
}

/// Where it holds is shaded in the top row; a ruler has a mark where each peak was due.
fn cycles(
    chart: &Chart<'_>,
    (period, peak): (Micros, Micros),
    windows: &[TimeRange],
    window: TimeRange,
    buf: &mut Buffer,
) {
    let (plot, theme) = (chart.area.plot, chart.look.theme);
    for x in 0..plot.w {
        let at = window.start + window.width() * (2 * i64::from(x) + 1) / (2 * i64::from(plot.w));
        if windows.iter().any(|w| w.contains(at)) && buf[(plot.x + x, plot.y)].symbol() == " " {
            put(buf, plot.x + x, plot.y, 1, "━", theme.accent());
        }
    }
    // Closer marks would be a wall.
    let apart = period as f64 * f64::from(plot.w) / window.width().max(1) as f64;
    if apart < 3.0 || period <= 0 {
        return;
    }
    let first = peak - (peak - window.start).div_euclid(period) * period;
    let fits = |x: u16, y: u16, buf: &Buffer| matches!(buf[(x, y)].symbol(), " " | "·" | "━");
    for at in (0..).map(|n| first + n * period).take_while(|t| *t < window.end) {
        if let Some(x) = column(plot, window, at).filter(|_| windows.iter().any(|w| w.contains(at))) {
            for y in plot.y..plot.bottom() {
                if fits(x, y, buf) {
                    put(buf, x, y, 1, if y == plot.y { "┳" } else { "╎" }, theme.accent());
                }
            }
        }
    }
}

/// A straight line, where no dots are.
fn line(
    chart: &Chart<'_>,
    axis: &ValueAxis,
    (range, from, to): (TimeRange, f64, f64),
    window: TimeRange,
    buf: &mut Buffer,
) {
    let plot = chart.area.plot;
    for x in 0..plot.w {
        let at = window.start + window.width() * (2 * i64::from(x) + 1) / (2 * i64::from(plot.w));
        if !range.contains(at) {
            continue;
        }
        let share = (at - range.start) as f64 / range.width().max(1) as f64;
        let value = from + (to - from) * share;
        if !(axis.low..=axis.high).contains(&value) {
            continue;
        }
        let (x, y) = (plot.x + x, chart.row_of(axis, value));
        if matches!(buf[(x, y)].symbol(), " " | "·") {
            put(buf, x, y, 1, "━", chart.look.theme.accent());
        }
    }
}

/// All cycles over one another: the mean bright, the extremes dim.
pub fn folded(folded: Option<&Folded>, look: Look, layout: &Layout, buf: &mut Buffer) {
    let theme = look.theme;
    let mut body = layout.screen;
    body.h = layout.status.y;
    let title = folded.map_or("all cycles", |f| f.title.as_str());
    let inside = frame(buf, body, title, theme.faint(), theme.accent());
    let Some(f) = folded else {
        put(buf, inside.x + 2, inside.y + 1, inside.w - 2, "laying cycles over one another …", theme.muted());
        return;
    };
    let gutter = 10.min(inside.w / 3);
    let plot = Area {
        x: inside.x + gutter,
        y: inside.y,
        w: inside.w - gutter,
        h: inside.h.saturating_sub(2).max(1),
    };
    let dots = usize::from(plot.w) * 2;
    let bucket = |(min, mean, max): (f64, f64, f64)| Bucket {
        count: 1,
        min,
        max,
        first: mean,
        last: mean,
        mean,
        gap_before: None,
    };
    let at = |dot: usize| f.columns.get(dot * f.columns.len() / dots).copied().flatten().map(bucket);
    let columns: Vec<Option<Bucket>> = (0..dots).map(at).collect();
    let Some(extent) = Extent::of(columns.iter().flatten()) else { return };
    let axis = ValueAxis::new(extent, Scale::Fit, f.quantity, plot.h);
    let mut raster = Raster::new(
        look.caps.marker,
        usize::from(plot.w),
        usize::from(plot.h),
        axis.place(axis.low),
        axis.place(axis.high),
    );
    raster.draw(0, &columns.iter().map(|b| b.map(|b| axis.bucket(b))).collect::<Vec<_>>(), false);
    for (i, d) in raster.finish(0).into_iter().enumerate().filter(|(_, d)| d.bits != 0) {
        let (x, y) = (i % usize::from(plot.w), i / usize::from(plot.w));
        let mut utf8 = [0; 4];
        let glyph = look.caps.marker.glyph(d.bits).encode_utf8(&mut utf8);
        put(buf, plot.x + x as u16, plot.y + y as u16, 1, glyph, theme.series(0, d.bright));
    }
    for (value, label) in &axis.ticks {
        let share = ((axis.high - value) / (axis.high - axis.low)).clamp(0.0, 1.0);
        let y = plot.y + (share * f64::from(plot.h - 1)).round() as u16;
        put(buf, inside.x, y, gutter - 1, &pad_left(label, usize::from(gutter - 2)), theme.muted());
    }
    put(
        buf,
        inside.x,
        inside.bottom() - 1,
        gutter - 1,
        &pad_left(axis.prefix.suffix, usize::from(gutter - 2)),
        theme.muted(),
    );
    for quarter in 0..=4_u16 {
        let text = fgm::analysis::period::duration(f.period_s * f64::from(quarter) / 4.0);
        let text = if quarter == 0 { "0".to_owned() } else { text };
        let w = width(&text) as u16;
        let x = (plot.x + (plot.w - 1) * quarter / 4).saturating_sub(if quarter == 4 { w - 1 } else { 0 });
        put(buf, x, plot.bottom(), w, &text, theme.muted());
    }
}
