//! The title of a panel: what it shows, on which axis, and what cannot be seen in it.
//!
//! Owns: the row above the dots. Must not: draw dots.

use fgm::metric::Kind;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::chart::Chart;
use super::paint::{put, right};
use super::scale::ValueAxis;
use super::{letter, value};
use crate::app::layout::Area;
use crate::app::panel::{Reading, Scale};
use crate::text::{fit_middle, width};

/// The way in which axes run unless they say otherwise.
const USUAL: &str = "zero-based";

/// How the axis runs, and the selected series' limit.
pub fn notes(c: &Chart<'_>, axis: &ValueAxis, limit: Option<f64>) -> Vec<(String, Style)> {
    let mut notes = vec![mode(c, axis)];
    if let Some(by) = c.drawn.by {
        notes.insert(0, (format!("sum {}", by.words()), c.look.theme.accent()));
    }
    if let Some(limit) = limit {
        let above = if limit > axis.high { ", above" } else { "" };
        let text = format!("limit {}{above}", value(c.panel.metric, limit));
        notes.push((text, c.look.theme.series(c.drawn.selected, true)));
    }
    notes
}

/// The metric, notes about how it is shown, what kind of number it is, and in panels without a legend of their own what
/// the selected series says.
pub fn draw(c: &Chart<'_>, mut notes: Vec<(String, Style)>, buf: &mut Buffer) {
    let (a, m, theme) = (c.area.title, c.panel.metric, c.look.theme);
    let active = c.area.index == c.app.active;
    let at = c.area.plot.x;
    let mut end = a.x + a.w;
    if c.app.panels.len() > 1 {
        if active {
            put(buf, a.x, a.y, 1, "▸", theme.accent());
        }
        let number = format!("{}/{}", c.area.index + 1, c.app.panels.len());
        end = right(buf, a, 0, &number, theme.muted()).saturating_sub(1);
        if !active {
            end = reading(c, Area { w: end - a.x, ..a }, buf);
        }
    }
    // Where the axis starts matters more than the end of a long name, unless it starts where it always does.
    let room = end.saturating_sub(at);
    let kept = |notes: &[(String, Style)]| notes.iter().map(|(t, _)| width(t) as u16 + 2).sum::<u16>();
    let fits = |name: &str, notes: &[(String, Style)]| width(name) as u16 + kept(notes) <= room;
    let mut name = format!("{}.{}", m.table, m.name);
    if !fits(&name, &notes) {
        m.name.clone_into(&mut name);
    }
    if !fits(&name, &notes) {
        notes.retain(|(text, _)| text != USUAL);
    }
    let style = if active { theme.strong() } else { theme.text() };
    let name = fit_middle(&name, usize::from(room.saturating_sub(kept(&notes)).max(12)));
    let mut x = put(buf, at, a.y, room, &name, style);
    for (text, style) in notes {
        x = put(buf, x + 2, a.y, end.saturating_sub(x + 2), &text, style);
    }
    let rest = end.saturating_sub(x + 2);
    if rest > 30 && !c.app.lists_shown() {
        put(buf, x + 2, a.y, rest, m.help, theme.muted());
    } else if rest > 12 {
        let note = if m.kind == Kind::Counter { "per second" } else { m.kind.name() };
        put(buf, x + 2, a.y, rest, note, theme.muted());
    }
}

/// What the selected series says, at the right end; returns where that begins.
fn reading(c: &Chart<'_>, a: Area, buf: &mut Buffer) -> u16 {
    let selected = c.drawn.selected;
    let Reading::Value(b) = c.app.value_of(c.panel, selected) else { return a.x + a.w };
    let text = format!("{} {}", letter(selected), value(c.panel.metric, b.mean));
    let style = c.look.theme.series(selected, true);
    right(buf, Area { w: a.w.saturating_sub(1), ..a }, 0, &text, style).saturating_sub(2)
}

/// How the axis runs. A cut axis makes small changes look big.
fn mode(c: &Chart<'_>, axis: &ValueAxis) -> (String, Style) {
    let theme = c.look.theme;
    let number = |v: f64| fgm::unit::significant(v / axis.prefix.divisor);
    match c.panel.scale {
        _ if axis.log => ("log".to_owned(), theme.warning()),
        Scale::Fixed(low, high) => (format!("fixed {}–{}", number(low), number(high)), theme.warning()),
        _ if axis.low != 0.0 => (format!("from {}", number(axis.low)), theme.warning()),
        _ => (USUAL.to_owned(), theme.muted()),
    }
}
