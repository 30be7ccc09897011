//! The legend: who is drawn, with the value at the cursor, highest first.
//!
//! Owns: its rows. Must not: sort by itself (the pointer must find the same order).

use fgm::series::Gap;
use ratatui::buffer::Buffer;

use super::paint::put;
use super::{Look, letter};
use crate::app::App;
use crate::app::layout::Layout;
use crate::app::panel::Reading;
use crate::text::{clean, pad, pad_left};

/// Columns of a value with its unit.
const VALUE: u16 = 13;

/// Draws the rows.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.legend;
    let quantity = fgm::series::shown_quantity(app.panel.metric);
    let stats = a.w >= 78;
    let name_w = if stats { a.w - VALUE - 5 - 34 } else { a.w.saturating_sub(VALUE + 6) }.min(60);
    for (row, position) in app.legend_order().into_iter().take(usize::from(a.h)).enumerate() {
        let y = a.y + row as u16;
        let Some(key) = &app.panel.chosen[position] else { continue };
        let selected = position == app.panel.selected;
        let style = look.theme.series(position, true);
        put(buf, a.x, y, 1, if selected { "▸" } else { " " }, look.theme.accent());
        put(buf, a.x + 1, y, 3, &format!("●{}", letter(position)), style);
        // A subject that has left the list since keeps its key's words.
        let title = app.subjects.find(key).map_or_else(
            || clean(&key.values.iter().filter_map(|v| v.as_text()).collect::<Vec<_>>().join(" ")),
            |e| e.title.clone(),
        );
        let name_style = if selected { look.theme.strong() } else { look.theme.text() };
        put(buf, a.x + 4, y, name_w, &pad(&title, usize::from(name_w)), name_style);
        let (text, style) = match app.value_of(position) {
            Reading::Value(b) => (quantity.format(b.mean), name_style),
            Reading::Missing(Gap::RecorderDown) => ("not recorded".to_owned(), look.theme.warning()),
            Reading::Missing(Gap::SubjectAbsent) => ("absent".to_owned(), look.theme.muted()),
            Reading::Missing(Gap::Unavailable) => ("unavailable".to_owned(), look.theme.muted()),
            Reading::Outside => ("–".to_owned(), look.theme.muted()),
        };
        let x = a.x + 4 + name_w;
        put(buf, x, y, VALUE, &pad_left(&text, usize::from(VALUE)), style);
        if !stats {
            continue;
        }
        let Some((_, _, b)) = app.panel.series().find(|(i, ..)| *i == position) else { continue };
        let (Some((min, max)), Some(mean)) = (b.extent(), b.mean()) else { continue };
        let scale = quantity.scale_for(max);
        let number = |v: f64| fgm::unit::significant(v / scale.divisor);
        let text = format!("min {} mean {} max {}", number(min), number(mean), number(max));
        put(buf, x + VALUE + 2, y, a.w.saturating_sub(4 + name_w + VALUE + 2), &text, look.theme.muted());
    }
}
