//! The list of groups, while sums of groups are drawn.
//!
//! Owns: its rows. Must not: scroll or order (the state does).

use ratatui::buffer::Buffer;

use super::lists::{count, heading, mark, number};
use super::paint::{put, right};
use super::{Look, letter};
use crate::app::drawn::Who;
use crate::app::layout::Area;
use crate::app::{App, Focus};
use crate::text::{clean, fit_middle, width};

/// Draws it in place of the list of subjects.
pub(super) fn list(app: &App, look: Look, a: Area, buf: &mut Buffer) {
    let focus = app.focus == Focus::Subjects;
    put(buf, a.x, a.y, a.w, &"─".repeat(usize::from(a.w)), look.theme.faint());
    let groups = &app.group_of(app.panel().metric.table).groups;
    let filter = app.filter.as_ref().map(|f| format!("[{}] ", clean(&f.to_string())));
    let by = app.drawn().by.map_or("", |by| by.words());
    let name = format!("{} {by} {}", app.subjects().noun(), filter.unwrap_or_default());
    let room = usize::from(a.w).saturating_sub(2 + width(&name));
    let words = count(groups.lines.len(), 0, app.subjects().order.words(), room);
    heading(look, a, focus, &name, &words, buf);
    let rows = usize::from(a.h - 1);
    for (i, l) in groups.lines.iter().enumerate().skip(groups.list.offset).take(rows) {
        let y = a.y + 1 + (i - groups.list.offset) as u16;
        let position = app.drawn().place(&Who::Group(l.name.clone()));
        if let Some(p) = position {
            put(buf, a.x, y, 2, &format!("●{}", letter(p)), look.theme.series(p, true));
        }
        let value = number(app, a.w < 34, l.rank.as_ref());
        let at = right(buf, Area { y, w: a.w - 1, ..a }, 0, &value, look.theme.muted());
        let room = at.saturating_sub(a.x + 4);
        let size = format!(" ({})", l.members.len());
        let title = fit_middle(&l.title, usize::from(room).saturating_sub(width(&size)));
        let style = if position.is_some() { look.theme.strong() } else { look.theme.text() };
        let x = put(buf, a.x + 3, y, room, &title, style);
        put(buf, x, y, at.saturating_sub(x + 1), &size, look.theme.muted());
        if i == groups.list.selected {
            mark(look, a, y, focus, buf);
        }
    }
}
