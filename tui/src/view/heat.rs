//! Many subjects as a heat strip: one line of colours each, two to a row of text.
//!
//! Owns: colours of values. Must not: choose or order subjects (the list does).

use fgm::series::Bucket;
use fgm::time::TimeRange;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::chart::Chart;
use super::marker::Marker;
use super::paint::put;
use super::raster::place;
use super::{title, value};
use crate::caps::Depth;
use crate::text::fit_middle;
use crate::theme::ink::Ink;

/// Colours of the lowest to the highest value, evenly as the eye sees it, on dark and light alike (viridis).
const RAMP: [u32; 5] = [0x0044_0154, 0x003b_528b, 0x0021_918c, 0x005e_c962, 0x00fd_e725];
/// Without many colours, the same as more and more ink.
const SHADES: [&str; 5] = ["·", "░", "▒", "▓", "█"];
/// Likewise in ASCII.
const ASCII_SHADES: [&str; 5] = [".", "-", "+", "*", "#"];

/// Draws the strip and its title.
pub fn draw(c: &Chart<'_>, window: TimeRange, buf: &mut Buffer) {
    let plot = c.area.plot;
    let cells = usize::from(plot.w);
    let Some(picture) = &c.panel.heat else {
        title::draw(c, vec![("heat strip".to_owned(), c.look.theme.muted())], buf);
        return c.message("loading …", buf);
    };
    let two =
        matches!(c.look.caps.depth, Depth::True | Depth::Indexed) && c.look.caps.marker != Marker::Ascii;
    let room = usize::from(plot.h) * if two { 2 } else { 1 };
    let series = &picture.answer.series;
    let lines: Vec<Vec<Option<Bucket>>> =
        series.iter().take(room).map(|(_, b)| place(b, window, cells)).collect();
    let highest = lines.iter().flatten().flatten().map(|b| b.max).fold(0.0, f64::max);
    let all = c.app.group_of(c.panel.metric.table).subjects.visible().len();
    let scale = format!("heat 0–{}, max per cell", value(c.panel.metric, highest));
    let whom = format!("{} of {all}", lines.len());
    let theme = c.look.theme;
    title::draw(c, vec![(scale, theme.muted()), (whom, theme.muted())], buf);
    let share =
        |b: Option<Bucket>| b.map(|b| if highest > 0.0 { (b.max / highest).clamp(0.0, 1.0) } else { 0.0 });
    let step = if two { 2 } else { 1 };
    for (row, pair) in lines.chunks(step).enumerate() {
        let y = plot.y + row as u16;
        name(c, &picture.answer.series[row * step].0, y, buf);
        for x in 0..cells {
            let (upper, lower) = (share(pair[0][x]), pair.get(1).and_then(|l| share(l[x])));
            let (glyph, style) = if two { colours(c.look.caps.depth, upper, lower) } else { shade(c, upper) };
            // Nothing stands where nothing was recorded; a zero has a colour.
            if let Some(glyph) = glyph {
                put(buf, plot.x + x as u16, y, 1, glyph, style);
            }
        }
    }
}

/// Whose line it is, as far as there is room; of two, the upper one.
fn name(c: &Chart<'_>, key: &fgm::subject::SubjectKey, y: u16, buf: &mut Buffer) {
    let g = c.area.gutter;
    let group = c.app.group_of(key.table);
    let position = group.drawn.position(key);
    let style = position.map_or(c.look.theme.muted(), |p| c.look.theme.series(p, true));
    let room = usize::from(g.w - 2);
    put(buf, g.x, y, g.w - 2, &fit_middle(&group.title(key), room), style);
}

fn colours(depth: Depth, upper: Option<f64>, lower: Option<f64>) -> (Option<&'static str>, Style) {
    let color = |share: f64| Ink::Own(mixed(share), None).color(depth).unwrap_or_default();
    match (upper, lower) {
        (Some(a), Some(b)) => (Some("▀"), Style::new().fg(color(a)).bg(color(b))),
        (Some(a), None) => (Some("▀"), Style::new().fg(color(a))),
        (None, Some(b)) => (Some("▄"), Style::new().fg(color(b))),
        (None, None) => (None, Style::new()),
    }
}

fn shade(c: &Chart<'_>, share: Option<f64>) -> (Option<&'static str>, Style) {
    let shades = if c.look.caps.marker == Marker::Ascii { ASCII_SHADES } else { SHADES };
    let glyph = share.map(|s| shades[(s * (shades.len() - 1) as f64).round() as usize]);
    (glyph, c.look.theme.text())
}

/// The ramp's colour at a share from 0 to 1.
fn mixed(share: f64) -> u32 {
    let at = share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let i = (at as usize).min(RAMP.len() - 2);
    let part = at - i as f64;
    let mix = |shift: u32| {
        let [a, b] = [RAMP[i], RAMP[i + 1]].map(|c| f64::from(c >> shift & 0xff));
        ((a + (b - a) * part).round() as u32) << shift
    };
    mix(16) | mix(8) | mix(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-3: the ramp ends where it should and never leaves its colours.
    #[test]
    fn the_ramp_is_whole() {
        assert_eq!((mixed(0.0), mixed(1.0), mixed(0.5)), (RAMP[0], RAMP[4], RAMP[2]));
        assert_eq!((mixed(-1.0), mixed(7.0)), (RAMP[0], RAMP[4]));
    }

    /// TUI-3: what was not recorded is blank, whatever its neighbour says.
    #[test]
    fn gaps_are_blank() {
        assert_eq!(colours(Depth::True, None, None).0, None);
        assert_eq!(colours(Depth::True, None, Some(0.0)).0, Some("▄"));
        assert!(colours(Depth::True, Some(0.0), None).1.bg.is_none());
    }
}
