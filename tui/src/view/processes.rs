//! The table of a container's processes.
//!
//! Owns: its window over the charts. Must not: sort (the state does).

use ratatui::buffer::Buffer;

use super::paint::{frame, put};
use super::{Look, axis, value};
use crate::app::App;
use crate::app::layout::Layout;
use crate::app::processes::{COLUMNS, Processes, metric};
use crate::text::{fit_middle, pad_left};

/// Columns of a process id.
const PID: u16 = 8;
/// Columns of a number.
const NUMBER: u16 = 13;
/// Fewest columns that are left for the command.
const COMMAND: u16 = 16;

/// Draws the table.
pub fn draw(app: &App, p: &Processes, look: Look, layout: &Layout, buf: &mut Buffer) {
    let theme = look.theme;
    let mut area = layout.screen;
    area.h = layout.status.y;
    let at = axis::clock(p.at, &app.zone, app.overview.interval);
    let title = format!("processes of {} at {at}", p.title);
    let inside = frame(buf, area, &title, theme.faint(), theme.accent());
    // The sorted column is always there, of the others as many as leave the command some room.
    let room = usize::from(inside.w.saturating_sub(PID + COMMAND) / NUMBER).max(1);
    let mut shown: Vec<usize> = (0..COLUMNS.len()).collect();
    while shown.len() > room {
        let last = shown.iter().rposition(|c| *c != p.sort).unwrap_or(0);
        shown.remove(last);
    }
    let numbers = shown.len() as u16 * NUMBER;
    put(buf, inside.x, inside.y, PID, &pad_left("PID", usize::from(PID)), theme.muted());
    for (i, column) in shown.iter().enumerate() {
        let sorted = *column == p.sort;
        let name = format!("{}{}", if sorted { "▼ " } else { "" }, COLUMNS[*column].1);
        let style = if sorted { theme.accent() } else { theme.muted() };
        let x = inside.x + PID + i as u16 * NUMBER;
        put(buf, x, inside.y, NUMBER, &pad_left(&name, usize::from(NUMBER)), style);
    }
    let command = inside.x + PID + numbers + 2;
    let left = (inside.x + inside.w).saturating_sub(command);
    put(buf, command, inside.y, left, "command", theme.muted());
    let rows = usize::from(inside.h.saturating_sub(1));
    let first = (p.list.selected + 1).saturating_sub(rows);
    for (i, row) in p.rows.iter().enumerate().skip(first).take(rows) {
        let y = inside.y + 1 + (i - first) as u16;
        let style = if p.stale { theme.muted() } else { theme.text() };
        put(buf, inside.x, y, PID, &pad_left(&row.pid.to_string(), usize::from(PID)), style);
        for (n, column) in shown.iter().enumerate() {
            let text = match (row.values[*column], metric(*column)) {
                (Some(v), Some(m)) => value(m, v),
                _ => "–".to_owned(),
            };
            let x = inside.x + PID + n as u16 * NUMBER;
            put(buf, x, y, NUMBER, &pad_left(&text, usize::from(NUMBER)), style);
        }
        put(buf, command, y, left, &fit_middle(&row.command, usize::from(left)), style);
        if i == p.list.selected {
            for x in inside.x..inside.x + inside.w {
                buf[(x, y)].set_style(theme.selected(true));
            }
        }
    }
    if p.rows.is_empty() {
        let text = if p.stale { "loading …" } else { "no process was recorded in it at this moment" };
        put(buf, inside.x + 2, inside.y + 1, inside.w.saturating_sub(2), text, theme.muted());
    }
}
