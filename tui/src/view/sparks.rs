//! A small picture beside a line of the subject list.
//!
//! Owns: its dots. Must not: ask for data (see [`crate::app::sparks`]).

use fgm::series::{Buckets, Gap};
use fgm::subject::SubjectKey;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::{Look, preview};
use crate::app::App;
use crate::app::layout::Area;

/// Draws a subject's, if it is there, from zero to its own highest value.
pub fn draw(app: &App, key: &SubjectKey, look: Look, area: Area, style: Style, buf: &mut Buffer) {
    let metric = app.panel().metric;
    let picture = app.sparks.picture.as_ref().filter(|p| p.query.metric == metric);
    let Some((picture, window)) = picture.zip(app.window()) else { return };
    if let Some((_, buckets)) = picture.answer.series.iter().find(|(k, _)| k == key) {
        preview::dots(look, area, &blank(buckets), window, style, buf);
    }
}

/// In one row of text the line at the bottom that charts draw where a value is unavailable would be read as zeros.
fn blank(buckets: &Buckets) -> Buckets {
    let mut out = buckets.clone();
    for b in out.columns.iter_mut().flatten() {
        b.gap_before = b.gap_before.map(|_| Gap::SubjectAbsent);
    }
    out
}
