//! What the selected line of a search is about: what a metric says, and its series in the present window.
//!
//! Owns: the lower part of the prompt's window. Must not: ask for data (see [`crate::app::preview`]).

use fgm::series::Buckets;
use fgm::time::TimeRange;
use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{line, put, right};
use super::raster::{self, Raster};
use crate::app::App;
use crate::app::layout::Area;
use crate::app::panel::Picture;
use crate::app::search::{Hit, Search};

/// Rows of the window's lower part: a rule, two lines of text, two of dots.
pub const ROWS: u16 = 5;

/// Draws it.
pub fn draw(app: &App, search: &Search, look: Look, area: Area, buf: &mut Buffer) {
    put(buf, area.x, area.y, area.w, &"─".repeat(usize::from(area.w)), look.theme.faint());
    let hit = search.hit();
    let metric = match &hit {
        Some(Hit::Metric(m)) => *m,
        Some(Hit::Subject(_)) => app.panel().metric,
        Some(Hit::Action(_)) | None => return,
    };
    let row = |y: u16, h: u16| Area { y: area.y + y, h, ..area };
    if matches!(hit, Some(Hit::Metric(_))) {
        put(buf, area.x, area.y + 1, area.w, metric.help, look.theme.text());
    } else {
        put(buf, area.x, area.y + 1, area.w, metric.name, look.theme.muted());
    }
    let Some((picture, window)) = search.preview.as_ref().zip(app.window()) else {
        put(buf, area.x, area.y + 2, area.w, "…", look.theme.muted());
        return;
    };
    let series = picture.answer.series.first().filter(|(_, b)| b.columns.iter().any(Option::is_some));
    let Some((key, buckets)) = series else {
        put(buf, area.x, area.y + 2, area.w, "no values in this window", look.theme.muted());
        return;
    };
    let name =
        app.group_of(metric.table).subjects.find(key).map_or("the highest there", |e| e.title.as_str());
    let position = app.group_of(metric.table).drawn.position(key);
    let style = position.map_or(look.theme.accent(), |p| look.theme.series(p, true));
    let extremes = extremes(picture, metric);
    let at = right(buf, row(2, 1), 0, &extremes, look.theme.muted());
    let names = Area { w: at.saturating_sub(area.x + 1), ..row(2, 1) };
    line(buf, names, 0, &[(name, style)]);
    dots(look, row(3, 2), buckets, window, style, buf);
}

/// Smallest and largest value, as the metric's numbers are written.
fn extremes(picture: &Picture, metric: &fgm::metric::Metric) -> String {
    let text = |v| super::value(metric, v);
    picture.extent().map_or(String::new(), |(low, high)| format!("{} – {}", text(low), text(high)))
}

/// Draws one series from zero to its highest value, or from its lowest where that is below zero.
pub(super) fn dots(
    look: Look,
    area: Area,
    buckets: &Buckets,
    window: TimeRange,
    style: ratatui::style::Style,
    buf: &mut Buffer,
) {
    let columns = raster::place(buckets, window, usize::from(area.w) * 2);
    let ends = columns.iter().flatten().map(|b| (b.min, b.max));
    let Some((low, high)) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return };
    let mut r = Raster::new(look.caps.marker, usize::from(area.w), usize::from(area.h), low.min(0.0), high);
    r.draw(0, &columns, buckets.stepped);
    for (i, d) in r.finish(0).into_iter().enumerate().filter(|(_, d)| d.bits != 0) {
        let (x, y) = ((i % usize::from(area.w)) as u16, (i / usize::from(area.w)) as u16);
        let glyph = look.caps.marker.glyph(d.bits).to_string();
        put(buf, area.x + x, area.y + y, 1, &glyph, style);
    }
}
