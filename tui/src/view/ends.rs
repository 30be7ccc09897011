//! Letters at the right edge, beside where each line ends.
//!
//! Owns: which rows they get. Must not: draw dots.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;

use super::chart::{Chart, Placed};
use super::letter;
use super::paint::put;
use super::scale::ValueAxis;

/// Cells from the edge within which a line counts as reaching it: the newest rows of a live recording are under way.
const REACH: usize = 4;
/// How many rows from its line a letter may stand when others are there first.
const APART: u16 = 2;

/// Draws them in the column that layouts leave free behind the dots; of lines too close together the selected one's
/// is there.
pub(super) fn draw(c: &Chart<'_>, axis: &ValueAxis, placed: &[Placed], buf: &mut Buffer) {
    let plot = c.area.plot;
    let x = plot.x + plot.w;
    let mut taken = vec![false; usize::from(plot.h)];
    let mut all: Vec<&Placed> = placed.iter().collect();
    all.sort_by_key(|p| (p.position != c.drawn.selected, p.position));
    for p in all {
        let Some(end) = p.columns.iter().rev().take(REACH * 2).flatten().next() else { continue };
        let row = c.row_of(axis, end.last) - plot.y;
        let near = (0..=APART).flat_map(|d| [row.checked_sub(d), Some(row + d)]).flatten();
        let free = near.into_iter().find(|r| taken.get(usize::from(*r)).is_some_and(|t| !t));
        let Some(row) = free else { continue };
        taken[usize::from(row)] = true;
        let mut style = c.look.theme.series(p.position, true);
        if p.position == c.drawn.selected {
            style = style.add_modifier(Modifier::BOLD);
        }
        put(buf, x, plot.y + row, 1, &letter(p.position).to_string(), style);
    }
}
