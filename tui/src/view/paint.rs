//! The few strokes that all panels share.
//!
//! Owns: writing text into cells. Must not: know what the text is about.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::layout::Area;
use crate::text::{fit, width};

/// The area as ratatui has it.
pub fn rect(a: Area) -> Rect {
    Rect::new(a.x, a.y, a.w, a.h)
}

/// Writes at most `room` columns; returns the column behind it.
pub fn put(buf: &mut Buffer, x: u16, y: u16, room: u16, text: &str, style: Style) -> u16 {
    let area = buf.area;
    if y >= area.bottom() || x >= area.right() || room == 0 {
        return x;
    }
    buf.set_stringn(x, y, fit(text, usize::from(room)), usize::from(room), style).0
}

/// Writes pieces one behind the other; returns the column behind them.
pub fn line(buf: &mut Buffer, area: Area, row: u16, pieces: &[(&str, Style)]) -> u16 {
    let mut x = area.x;
    for (text, style) in pieces {
        x = put(buf, x, area.y + row, (area.x + area.w).saturating_sub(x), text, *style);
    }
    x
}

/// Writes at the right end of an area's row; returns the first column used.
pub fn right(buf: &mut Buffer, area: Area, row: u16, text: &str, style: Style) -> u16 {
    let w = (width(text) as u16).min(area.w);
    let x = area.x + area.w - w;
    put(buf, x, area.y + row, w, text, style);
    x
}

/// Blanks an area and everything below it.
pub fn clear(buf: &mut Buffer, area: Area) {
    let r = rect(area).intersection(buf.area);
    for (x, y) in (r.top()..r.bottom()).flat_map(|y| (r.left()..r.right()).map(move |x| (x, y))) {
        buf[(x, y)].reset();
    }
    // Half a wide character would hide the first column.
    for y in r.top()..r.bottom() {
        let before = r.left().checked_sub(1).and_then(|x| buf.cell_mut((x, y)));
        if let Some(cell) = before.filter(|c| width(c.symbol()) > 1) {
            cell.set_symbol(" ");
        }
    }
}

/// A frame with a title; returns what is inside.
pub fn frame(buf: &mut Buffer, a: Area, title: &str, line_style: Style, title_style: Style) -> Area {
    clear(buf, a);
    if a.w < 4 || a.h < 3 {
        return a;
    }
    let bar = "─".repeat(usize::from(a.w - 2));
    put(buf, a.x, a.y, a.w, &format!("╭{bar}╮"), line_style);
    put(buf, a.x, a.y + a.h - 1, a.w, &format!("╰{bar}╯"), line_style);
    for y in a.y + 1..a.y + a.h - 1 {
        put(buf, a.x, y, 1, "│", line_style);
        put(buf, a.x + a.w - 1, y, 1, "│", line_style);
    }
    put(buf, a.x + 2, a.y, a.w - 4, &format!(" {title} "), title_style);
    Area { x: a.x + 2, y: a.y + 1, w: a.w - 4, h: a.h - 2 }
}

/// An area of at most `w` × `h` in the middle of another.
pub fn middle(of: Area, w: u16, h: u16) -> Area {
    let (w, h) = (w.min(of.w), h.min(of.h));
    Area { x: of.x + (of.w - w) / 2, y: of.y + (of.h - h) / 2, w, h }
}

/// Replaces everything that is not ASCII, for terminals that have nothing else.
pub fn to_ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if cell.symbol().is_ascii() {
            continue;
        }
        let plain = match cell.symbol() {
            "─" | "–" | "−" | "━" | "┈" | "╌" => "-",
            "│" | "┤" | "┊" | "╎" | "▏" => "|",
            "○" => "o",
            "◆" => "#",
            "↻" => "@",
            "±" => "%",
            "Δ" => "d",
            "┬" | "┳" | "└" | "┴" | "╭" | "╮" | "╰" | "╯" | "┼" => "+",
            "░" => ":",
            "●" => "*",
            "·" => ".",
            "▸" | "→" => ">",
            "←" | "◂" => "<",
            "↑" | "▲" => "^",
            "↓" | "▼" => "v",
            "…" => "~",
            "×" => "x",
            "µ" => "u",
            _ => "?",
        };
        cell.set_symbol(plain);
    }
}

/// A length of time with at most three digits: `1 s`, `1.43 s`, `28.3 min`, `3 h`.
pub fn span(micros: i64) -> String {
    let s = micros as f64 / 1e6;
    let (value, unit) = match s {
        _ if s < 0.001 => (s * 1e6, "µs"),
        _ if s < 1.0 => (s * 1e3, "ms"),
        _ if s < 120.0 => (s, "s"),
        _ if s < 7200.0 => (s / 60.0, "min"),
        _ if s < 172_800.0 => (s / 3600.0, "h"),
        _ => (s / 86_400.0, "d"),
    };
    let number = fgm::unit::significant(value);
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        assert_eq!(span(1_000_000), "1 s");
        assert_eq!(span(1_430_000), "1.43 s");
        assert_eq!(span(250_000), "250 ms");
        assert_eq!(span(720_000_000), "12 min");
        assert_eq!(span(1_700_000_000), "28.3 min");
        assert_eq!(span(833_333), "833 ms");
        assert_eq!(span(120_000), "120 ms");
    }

    /// TUI-5: a window over half of a wide character has its whole frame.
    #[test]
    fn windows_over_wide_characters() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 3));
        put(&mut buf, 0, 1, 12, "日本語日本語", Style::new());
        frame(&mut buf, Area { x: 3, y: 0, w: 6, h: 3 }, "", Style::new(), Style::new());
        let row: Vec<&str> = (0..12).map(|x| buf[(x, 1)].symbol()).collect();
        assert_eq!(row[..9], ["日", " ", " ", "│", " ", " ", " ", " ", "│"]);
    }

    /// TUI-5: nothing but ASCII is left, and wide characters keep their place.
    #[test]
    fn ascii_leaves_only_ascii() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        put(&mut buf, 0, 0, 12, "│░日本 µs–…", Style::new());
        to_ascii(&mut buf);
        assert!(buf.content.iter().all(|c| c.symbol().is_ascii()));
        assert!(buf.content[0].symbol() == "|" && buf.content[1].symbol() == ":");
    }
}
