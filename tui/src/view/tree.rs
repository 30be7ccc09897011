//! The tree of pods, containers and processes.
//!
//! Owns: its window over the charts. Must not: unfold or sort (the state does).

use ratatui::buffer::Buffer;

use super::paint::{frame, put, right};
use super::{Look, axis, letter, value};
use crate::app::App;
use crate::app::forest::Id;
use crate::app::layout::{Area, Layout};
use crate::app::processes::{COLUMNS, metric};
use crate::app::tree::{Line, Tree};
use crate::text::{fit_middle, width};

/// Columns before the names: whether a subject is drawn.
const MARK: u16 = 3;

/// Draws it.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let (theme, t) = (look.theme, &app.tree);
    let mut area = layout.screen;
    area.h = layout.status.y;
    let at = axis::clock(t.at, &app.zone, app.overview.interval);
    let inside = frame(buf, area, &format!("everybody at {at}"), theme.faint(), theme.accent());
    let heading = right(buf, inside, 0, &heading(t), theme.muted());
    let room = heading.saturating_sub(inside.x + MARK + 2);
    put(buf, inside.x + MARK + 2, inside.y, room, "name", theme.muted());
    let rows = usize::from(inside.h.saturating_sub(1));
    let first = (t.list.selected + 1).saturating_sub(rows);
    for (i, (line, depth)) in t.lines.iter().enumerate().skip(first).take(rows) {
        let row = Area { y: inside.y + 1 + (i - first) as u16, h: 1, ..inside };
        draw_line(app, look, *line, *depth, row, buf);
        if i == t.list.selected {
            for x in row.x..row.x + row.w {
                buf[(x, row.y)].set_style(theme.selected(true));
            }
        }
    }
    if t.lines.is_empty() {
        let text = match (t.stale, &app.filter) {
            (true, _) => "loading …",
            (_, Some(_)) => "nobody matches the filter at this moment",
            _ => "nobody was recorded at this moment",
        };
        put(buf, inside.x + MARK, inside.y + 1, inside.w - MARK, text, theme.muted());
    }
}

/// What the numbers are.
fn heading(t: &Tree) -> String {
    let own = t.metric.map_or("", |m| m.name);
    match metric(t.column()) {
        Some(theirs) if theirs.name != own => format!("{own}, of processes {}", COLUMNS[t.column()].1),
        _ => own.to_owned(),
    }
}

fn draw_line(app: &App, look: Look, line: Line, depth: u16, row: Area, buf: &mut Buffer) {
    let (theme, t) = (look.theme, &app.tree);
    let x = row.x + MARK + (2 * depth).min(row.w / 3);
    let number = |v: Option<f64>, m| v.zip(m).map_or("–".to_owned(), |(v, m)| value(m, v));
    match line {
        Line::Node(n) => {
            let node = &t.forest.nodes[n];
            let style = if t.stale { theme.muted() } else { theme.text() };
            let sum = matches!(node.id, Id::Pod(_)) && node.value.is_some();
            let text = format!("{}{}", if sum { "sum " } else { "" }, number(node.value, t.metric));
            let at = right(buf, row, 0, &text, style);
            if let Id::Subject(key) = &node.id
                && let Some(p) = app.group_of(key.table).drawn.position(key)
            {
                put(buf, row.x, row.y, 2, &format!("●{}", letter(p)), theme.series(p, true));
            }
            put(buf, x, row.y, 1, if t.is_open(n) { "▼" } else { "▸" }, theme.muted());
            let room = at.saturating_sub(x + 3);
            let title = fit_middle(&node.title, usize::from(room));
            put(buf, x + 2, row.y, room, &title, if depth == 0 { theme.strong() } else { theme.text() });
            let behind = x + 3 + width(&title) as u16;
            let below = node.children.len();
            if below > 0 && !t.is_open(n) {
                put(buf, behind, row.y, at.saturating_sub(behind + 1), &format!("({below})"), theme.muted());
            }
        }
        Line::Process(node, place) => {
            let Some(process) = t.process(node, place) else { return };
            let style = if t.is_read(node) { theme.text() } else { theme.muted() };
            let text = number(process.values[t.column()], metric(t.column()));
            let at = right(buf, row, 0, &text, style);
            let room = at.saturating_sub(x + 3);
            let text = format!("{} {}", process.pid, process.command);
            put(buf, x + 2, row.y, room, &fit_middle(&text, usize::from(room)), theme.muted());
        }
        Line::Nothing(n) => {
            let done = t.is_read(n) || !app.reads_processes();
            let text = if done { "no process was recorded in it at this moment" } else { "loading …" };
            put(buf, x + 2, row.y, row.w, text, theme.muted());
        }
    }
}
