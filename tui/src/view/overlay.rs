//! What lies over the chart: help and problems.
//!
//! Owns: their windows. Must not: name keys (help is generated from the action table).

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::Look;
use super::paint::{frame, middle, put};
use crate::app::App;
use crate::app::layout::Layout;
use crate::keymap::{Group, TABLE};
use crate::text::{clean, fit_middle, pad};

type Row = Vec<(String, Style)>;

fn window(look: Look, layout: &Layout, title: &str, rows: &[Row], scroll: usize, buf: &mut Buffer) {
    let mut body = layout.screen;
    body.h = layout.status.y;
    let area = middle(body, 104, rows.len() as u16 + 2);
    let inside = frame(buf, area, title, look.theme.faint(), look.theme.accent());
    let scroll = scroll.min(rows.len().saturating_sub(usize::from(inside.h)));
    for (i, row) in rows.iter().skip(scroll).take(usize::from(inside.h)).enumerate() {
        let mut x = inside.x;
        for (text, style) in row {
            x = put(buf, x, inside.y + i as u16, (inside.x + inside.w).saturating_sub(x), text, *style);
        }
    }
    let below = rows.len().saturating_sub(scroll + usize::from(inside.h));
    if below > 0 && area.w > 30 {
        let text = format!(" {below} more: j ");
        let at = area.x + area.w - 16;
        put(buf, at, area.bottom() - 1, 14, &text, look.theme.muted());
    }
}

/// The keys, by group.
pub fn help(look: Look, layout: &Layout, scroll: usize, buf: &mut Buffer) {
    let mut rows: Vec<Row> = Vec::new();
    for group in Group::ALL {
        if !rows.is_empty() {
            rows.push(Vec::new());
        }
        rows.push(vec![(group.title().to_owned(), look.theme.strong())]);
        for e in TABLE.iter().filter(|e| e.group == group) {
            let keys = e.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            rows.push(vec![
                (format!("  {}", pad(&keys, 16)), look.theme.key()),
                (e.help.to_owned(), look.theme.text()),
            ]);
        }
    }
    rows.push(Vec::new());
    let mouse = "Mouse: click sets the cursor, drag zooms to what it covers, wheel zooms, shift-wheel pans.";
    rows.push(vec![(mouse.to_owned(), look.theme.muted())]);
    window(look, layout, "keys", &rows, scroll, buf);
}

/// Files that could not be read.
pub fn problems(app: &App, look: Look, layout: &Layout, scroll: usize, buf: &mut Buffer) {
    let mut rows: Vec<Row> = Vec::new();
    for p in &app.overview.problems {
        let path = clean(&p.path.display().to_string());
        rows.push(vec![(fit_middle(&path, 96), look.theme.strong())]);
        rows.push(vec![(format!("  {}", clean(&p.reason)), look.theme.warning())]);
    }
    if rows.is_empty() {
        rows.push(vec![("every file could be read".to_owned(), look.theme.text())]);
    }
    window(look, layout, "files that could not be read", &rows, scroll, buf);
}
