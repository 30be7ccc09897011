//! The search prompt with its matches.
//!
//! Owns: the window over the chart. Must not: match.

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::paint::{frame, middle, put, right};
use super::{Look, letter, preview};
use crate::app::App;
use crate::app::layout::{Area, Layout};
use crate::app::search::{Purpose, Search, Target};
use crate::text::width;

/// Draws the prompt; returns where the terminal's cursor belongs.
pub fn draw(app: &App, search: &Search, look: Look, layout: &Layout, buf: &mut Buffer) -> Position {
    let screen = layout.screen;
    let mut area =
        middle(screen, screen.w.saturating_sub(4).min(100), layout.status.y.saturating_sub(1).min(24));
    area.y = area.y.min(1);
    let title = match &search.target {
        Target::Metrics(_) if search.purpose == Purpose::AddPanel => "open a panel for".to_owned(),
        Target::Metrics(_) => "search metrics".to_owned(),
        Target::Subjects(..) => format!("search {}", app.subjects().noun()),
        Target::Actions(_) => "commands".to_owned(),
    };
    let inside = frame(buf, area, &title, look.theme.faint(), look.theme.accent());
    let f = &search.found;
    let more = if search.pending { " …" } else { "" };
    let count = format!("{}/{}{more}", f.matched, f.total);
    let at = right(buf, inside, 0, &count, look.theme.muted());
    let x = put(buf, inside.x, inside.y, 2, "▸ ", look.theme.accent());
    let room = usize::from(at.saturating_sub(x + 1));
    let skip = search.input.visual_scroll(room);
    let shown: String = search.input.value().chars().skip(skip).collect();
    put(buf, x, inside.y, room as u16, &shown, look.theme.strong());

    let charts = !matches!(search.target, Target::Actions(_));
    let below = if charts && inside.h >= 3 * preview::ROWS { preview::ROWS } else { 0 };
    if below > 0 {
        let area = Area { y: inside.bottom() - below, h: below, ..inside };
        preview::draw(app, search, look, area, buf);
    }
    let rows = usize::from(inside.h.saturating_sub(2 + below));
    let first = (search.selected + 1).saturating_sub(rows);
    for (i, m) in f.matches.iter().enumerate().skip(first).take(rows) {
        let y = inside.y + 2 + (i - first) as u16;
        if let Some(p) = search.subject(m.item).and_then(|k| app.drawn().position(k)) {
            put(buf, inside.x, y, 2, &format!("●{}", letter(p)), look.theme.series(p, true));
        }
        let mut room = inside.w.saturating_sub(3);
        if let Target::Actions(all) = &search.target
            && let Some(action) = all.get(m.item)
        {
            let keys: Vec<String> = app.keymap.keys(*action).iter().map(ToString::to_string).collect();
            let line = Area { y, h: 1, ..inside };
            let at = right(buf, line, 0, &keys.join(" "), look.theme.key());
            room = at.saturating_sub(inside.x + 4);
        }
        highlighted(look, (inside.x + 3, y), room, &m.text, &m.positions, buf);
        if i == search.selected {
            for x in inside.x..inside.x + inside.w {
                buf[(x, y)].set_style(look.theme.selected(true));
            }
        }
    }
    if f.matches.is_empty() && !search.pending {
        put(buf, inside.x + 3, inside.y + 2, inside.w, "nothing matches", look.theme.muted());
    }
    let column = width(&shown.chars().take(search.input.cursor().saturating_sub(skip)).collect::<String>());
    Position::new((x + column as u16).min(inside.x + inside.w - 1), inside.y)
}

fn highlighted(look: Look, at: (u16, u16), room: u16, text: &str, positions: &[u32], buf: &mut Buffer) {
    let (mut x, y) = at;
    let end = x + room;
    for (i, c) in text.chars().enumerate() {
        let style = if positions.contains(&(i as u32)) { look.theme.matched() } else { look.theme.text() };
        let mut utf8 = [0; 4];
        let c = c.encode_utf8(&mut utf8);
        if x + width(c) as u16 > end {
            break;
        }
        // Marks without a width belong to the letter before them.
        if width(c) > 0 {
            x = put(buf, x, y, end - x, c, style);
        }
    }
}
