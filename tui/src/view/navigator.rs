//! The whole recording in small, with the visible window marked.
//!
//! Owns: the overview strip. Must not: handle clicks (see [`crate::app::pointer`]).

use fgm::series::Bucket;
use ratatui::buffer::Buffer;

use super::Look;
use super::paint::{put, span};
use super::raster::{Raster, place};
use crate::app::App;
use crate::app::layout::{GUTTER, Layout};
use crate::text::pad_left;

/// Draws the strip.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.navigator;
    let (Some(timeline), true) = (&app.timeline, a.h > 0) else { return };
    let (bounds, window) = (timeline.bounds(), timeline.window());
    let rows = [&span(bounds.width()), "in all"];
    for (text, y) in rows.into_iter().zip(a.y..a.bottom()) {
        let text = pad_left(text, usize::from(GUTTER - 2));
        put(buf, a.x - GUTTER, y, GUTTER - 2, &text, look.theme.muted());
    }
    let columns = usize::from(a.w) * 2;
    let mut merged: Vec<Option<Bucket>> = vec![None; columns];
    let single = app.panel().whole.iter().flat_map(|p| &p.answer.series).map(|(_, b)| b);
    let sums = app.panel().whole_sums.iter().flat_map(|p| &p.answer.groups).map(|s| &s.buckets);
    for b in single.chain(sums) {
        for (m, b) in merged.iter_mut().zip(place(b, bounds, columns)) {
            *m = match (*m, b) {
                (Some(a), Some(b)) => Some(Bucket {
                    min: a.min.max(b.min),
                    max: a.max.max(b.max),
                    mean: a.mean.max(b.mean),
                    ..a
                }),
                (a, b) => a.or(b),
            };
        }
    }
    let max = merged.iter().flatten().map(|b| b.max).fold(0.0, f64::max);
    let min = merged.iter().flatten().map(|b| b.min).fold(0.0, f64::min);
    let top = max.max(min + 1e-9);
    let mut r = Raster::new(look.caps.marker, usize::from(a.w), usize::from(a.h), min, top);
    r.draw(0, &merged, false);
    for (i, d) in r.finish(0).into_iter().enumerate() {
        let (x, y) = ((i % usize::from(a.w)) as u16, (i / usize::from(a.w)) as u16);
        if d.bits != 0 {
            let glyph = look.caps.marker.glyph(d.bits).to_string();
            put(buf, a.x + x, a.y + y, 1, &glyph, look.theme.muted());
        }
    }
    if bounds.width() == 0 || (window.start <= bounds.start && window.end >= bounds.end) {
        return;
    }
    let cell = |t: i64| {
        let x = i128::from(t - bounds.start) * i128::from(a.w) / i128::from(bounds.width());
        x.clamp(0, i128::from(a.w) - 1) as u16
    };
    for x in cell(window.start)..=cell(window.end - 1) {
        for y in a.y..a.bottom() {
            buf[(a.x + x, y)].set_style(look.theme.text().patch(look.theme.window()));
        }
    }
}
