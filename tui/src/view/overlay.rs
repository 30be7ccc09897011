//! What lies over the chart: help, and what went wrong.
//!
//! Owns: their windows. Must not: name keys (help is generated from the action table).

use fgm::series::shown_quantity;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::Look;
use super::paint::{frame, middle, put};
use crate::app::App;
use crate::app::layout::Layout;
use crate::keymap::{Action, Context, Group, TABLE};
use crate::text::{clean, fit_middle, pad, wrap};

/// Most columns of a window, frame included.
const WIDEST: u16 = 104;
/// Columns for the keys of an action.
const KEYS: usize = 17;

/// Pieces of a line.
pub type Row = Vec<(String, Style)>;

/// A window with rows, from `scroll` on.
pub fn window(
    (app, look, layout): (&App, Look, &Layout),
    title: &str,
    rows: &[Row],
    scroll: usize,
    buf: &mut Buffer,
) {
    let mut body = layout.screen;
    body.h = layout.status.y;
    let area = middle(body, WIDEST, rows.len() as u16 + 2);
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
        let text = format!(" {below} more: {} ", app.keymap.hint(Action::OverlayDown));
        let at = area.x + area.w - 16;
        put(buf, at, area.bottom() - 1, 14, &text, look.theme.muted());
    }
}

/// Columns inside the window.
fn columns(layout: &Layout) -> usize {
    usize::from(layout.screen.w.min(WIDEST).saturating_sub(4))
}

/// What the active panel's metric is, in which unit, and where the kernel says it.
fn about_metric(app: &App, look: Look, room: usize) -> Vec<Row> {
    let m = app.panel().metric;
    let mut rows = vec![vec![(format!("{}.{}", m.table, m.name), look.theme.strong())]];
    let origin = format!("{}, {}; from {}", m.kind.name(), shown_quantity(m).name(), m.source);
    for (text, style) in [(m.help, look.theme.text()), (&origin, look.theme.muted())] {
        rows.extend(wrap(text, room.saturating_sub(2)).into_iter().map(|t| vec![(format!("  {t}"), style)]));
    }
    rows
}

/// The active metric and the keys, by group; what would do nothing now says why.
pub fn help(app: &App, look: Look, layout: &Layout, scroll: usize, buf: &mut Buffer) {
    let mut rows = about_metric(app, look, columns(layout));
    let room = columns(layout).saturating_sub(KEYS + 2);
    for group in Group::ALL {
        rows.push(Vec::new());
        rows.push(vec![(group.title().to_owned(), look.theme.strong())]);
        for e in TABLE.iter().filter(|e| e.group == group) {
            let keys =
                app.keymap.keys(e.action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let idle = app.idle_because(e.action);
            let help = idle.map_or(e.help.to_owned(), |why| format!("{} ({why})", e.help));
            let (key, style) = match idle {
                Some(_) => (look.theme.muted(), look.theme.muted()),
                None => (look.theme.key(), look.theme.text()),
            };
            // The last column before the text stays free.
            let (keys, text) = (wrap(&keys, KEYS - 1), wrap(&help, room));
            for i in 0..keys.len().max(text.len()) {
                let part = |of: &[String]| of.get(i).cloned().unwrap_or_default();
                rows.push(vec![(format!("  {}", pad(&part(&keys), KEYS)), key), (part(&text), style)]);
            }
        }
    }
    rows.push(Vec::new());
    let mouse = "Mouse: click sets the cursor, drag zooms to what it covers, wheel zooms, shift-wheel pans.";
    rows.extend(wrap(mouse, columns(layout)).into_iter().map(|t| vec![(t, look.theme.muted())]));
    window((app, look, layout), "keys", &rows, scroll, buf);
}

/// What can be copied, with the keys.
pub fn copy(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    window((app, look, layout), "copy", &keys_of(app, look, Context::Copy), 0, buf);
}

/// The actions of a menu with their keys, as its rows.
pub fn keys_of(app: &App, look: Look, context: Context) -> Vec<Row> {
    TABLE
        .iter()
        .filter(|e| e.context == context)
        .map(|e| {
            let keys =
                app.keymap.keys(e.action).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let word = e.name.split_once('-').map_or(e.name, |(_, w)| w);
            vec![
                (pad(&keys, KEYS), look.theme.key()),
                (pad(word, 12), look.theme.strong()),
                (e.help.to_owned(), look.theme.text()),
            ]
        })
        .collect()
}

/// Files that could not be read, and what the recorder says.
pub fn problems(app: &App, look: Look, layout: &Layout, scroll: usize, buf: &mut Buffer) {
    let mut rows: Vec<Row> = Vec::new();
    let room = columns(layout);
    let warning = |text: &str, rows: &mut Vec<Row>| {
        let lines = wrap(text, room.saturating_sub(2));
        rows.extend(lines.into_iter().map(|t| vec![(format!("  {t}"), look.theme.warning())]));
    };
    if app.gone {
        warning("the recording is gone: none of its files is there any longer", &mut rows);
    }
    for p in &app.overview.problems {
        let path = clean(&p.path.display().to_string());
        rows.push(vec![(fit_middle(&path, room), look.theme.strong())]);
        warning(&clean(&p.reason), &mut rows);
    }
    if rows.is_empty() {
        rows.push(vec![("every file could be read".to_owned(), look.theme.text())]);
    }
    if let Some(doubt) = &app.doubt {
        rows.push(Vec::new());
        warning(doubt, &mut rows);
    }
    let report = &app.recorder.report;
    if report.ended.is_some() || !report.lines.is_empty() {
        rows.push(Vec::new());
        rows.push(vec![("the recorder says".to_owned(), look.theme.accent())]);
    }
    if let Some(why) = &report.ended {
        warning(why, &mut rows);
    }
    for l in report.lines.iter().rev() {
        let style = if l.error { look.theme.warning() } else { look.theme.text() };
        let at = super::axis::clock(l.at, &app.zone, fgm::time::SECOND);
        for (i, text) in wrap(&l.text, room.saturating_sub(10)).into_iter().enumerate() {
            let at = if i == 0 { at.clone() } else { String::new() };
            rows.push(vec![(pad(&at, 10), look.theme.muted()), (text, style)]);
        }
    }
    window((app, look, layout), "files that could not be read", &rows, scroll, buf);
}
