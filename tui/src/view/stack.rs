//! A container's memory by kind as a stack.
//!
//! Owns: the bands and their names. Must not: know what the kinds are (the state does).

use fgm::series::{Bucket, shown_quantity};
use fgm::time::TimeRange;
use ratatui::buffer::Buffer;

use super::chart::{Chart, Placed};
use super::raster::place;
use super::scale::{Extent, ValueAxis};
use super::{letter, title, value};
use crate::app::panel::{Reading, reading};
use crate::app::stack::{KINDS, heights};
use crate::app::timeline::Timeline;

/// Draws the bands, and their values at the cursor or else the newest.
pub fn draw(c: &Chart<'_>, window: TimeRange, buf: &mut Buffer) {
    let plot = c.area.plot;
    let columns = usize::from(plot.w) * 2;
    let theme = c.look.theme;
    let of = |kind: usize| c.panel.parts[kind].as_ref().and_then(|p| p.answer.series.first());
    let Some(key) = c.drawn.top() else {
        title::draw(c, Vec::new(), buf);
        return c.message("a stack needs a selected series", buf);
    };
    let mine = |kind: usize| of(kind).filter(|(k, _)| k == key).map(|(_, b)| b);
    let placed: [Vec<Option<Bucket>>; KINDS.len()] =
        std::array::from_fn(|kind| mine(kind).map_or(vec![None; columns], |b| place(b, window, columns)));
    let mut bands: Vec<Placed> = (0..KINDS.len())
        .map(|position| Placed { position, columns: vec![None; columns], stepped: false })
        .collect();
    for (x, before) in placed[0].iter().enumerate() {
        let Some(all) = heights(std::array::from_fn(|kind| placed[kind][x])) else { continue };
        let mut foot = 0.0;
        for (band, height) in bands.iter_mut().zip(all) {
            let top = foot + height;
            band.columns[x] =
                before.map(|b| Bucket { min: foot, max: top, first: top, last: top, mean: top, ..b });
            foot = top;
        }
    }
    for band in &mut bands {
        hold(&mut band.columns);
    }
    let Some(extent) = Extent::of(bands.iter().flat_map(|b| b.columns.iter().flatten())) else {
        title::draw(c, Vec::new(), buf);
        return c.message("no kinds of memory are known of it in this window", buf);
    };
    let scale = crate::app::panel::Scale::Zero;
    let axis = ValueAxis::new(extent, scale, shown_quantity(c.panel.metric), plot.h);
    let cursor = c.app.timeline.as_ref().and_then(Timeline::cursor);
    let now = |kind: usize| {
        let b = mine(kind)?;
        let at = cursor.or_else(|| {
            let last = b.columns.iter().rposition(Option::is_some)? as i64;
            Some(b.range.start + b.range.width() * last / b.columns.len() as i64)
        })?;
        if let Reading::Value(b) = reading(b, at) { Some(b) } else { None }
    };
    let mut notes = Vec::new();
    if let Some(all) = heights(std::array::from_fn(now)) {
        for (kind, height) in all.into_iter().enumerate() {
            // A kind that the kernel does not tell has no height, and no value either.
            let known = now(kind).map_or_else(|| "–".to_owned(), |_| value(c.panel.metric, height));
            let text = format!("{} {known}", KINDS[kind].1);
            let text = if theme.colourless() { format!("{} {text}", letter(kind)) } else { text };
            notes.push((text, theme.series(kind, true)));
        }
    }
    // The status line speaks of lowest and highest values, which do not add up.
    notes.push(("means".to_owned(), theme.muted()));
    title::draw(c, notes, buf);
    c.value_axis(&axis, true, buf);
    c.recorder_down(&bands, buf);
    c.dots(&axis, &bands, buf);
}

/// Bands have no holes between samples that are further apart than dots.
fn hold(columns: &mut [Option<Bucket>]) {
    let known: Vec<usize> = (0..columns.len()).filter(|x| columns[*x].is_some()).collect();
    for pair in known.windows(2) {
        if columns[pair[1]].is_some_and(|b| b.gap_before.is_none()) {
            let before = columns[pair[0]].map(|b| Bucket { gap_before: None, ..b });
            columns[pair[0] + 1..pair[1]].fill(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::series::Gap;

    /// TUI-2, TUI-7: a band is filled between samples and ends where a gap begins.
    #[test]
    fn bands_end_at_gaps() {
        let b = |mean: f64, gap_before| {
            Some(Bucket { count: 1, min: 0.0, max: mean, first: mean, last: mean, mean, gap_before })
        };
        let mut columns =
            vec![None, b(1.0, None), None, b(2.0, None), None, b(3.0, Some(Gap::SubjectAbsent))];
        hold(&mut columns);
        let tops: Vec<_> = columns.iter().map(|c| c.map(|c| c.max)).collect();
        assert_eq!(tops, [None, Some(1.0), Some(1.0), Some(2.0), None, Some(3.0)]);
    }
}
