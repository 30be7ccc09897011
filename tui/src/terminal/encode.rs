//! What changed on the screen, in few bytes: over a slow line each of them is waited for.
//!
//! Owns: the way from two buffers to cursor movements, SGR and text. Must not: write anywhere.
//!
//! Against ratatui's backend: a jump within a row is relative, or the cells between are said again where that is
//! shorter; of a style only what differs is said, and nothing of what a blank does not show; the first sixteen colours
//! are said as every terminal understands them.

use ratatui::backend::IntoCrossterm;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::Command;
use ratatui::crossterm::cursor::{MoveRight, MoveTo};
use ratatui::crossterm::style::{Attribute, Colored};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::theme::ink::COLORS;

/// Attributes, and what takes them back.
const ATTRIBUTES: [(Modifier, Attribute, Attribute); 9] = [
    (Modifier::BOLD, Attribute::Bold, Attribute::NormalIntensity),
    (Modifier::DIM, Attribute::Dim, Attribute::NormalIntensity),
    (Modifier::ITALIC, Attribute::Italic, Attribute::NoItalic),
    (Modifier::UNDERLINED, Attribute::Underlined, Attribute::NoUnderline),
    (Modifier::SLOW_BLINK, Attribute::SlowBlink, Attribute::NoBlink),
    (Modifier::RAPID_BLINK, Attribute::RapidBlink, Attribute::NoBlink),
    (Modifier::REVERSED, Attribute::Reverse, Attribute::NoReverse),
    (Modifier::HIDDEN, Attribute::Hidden, Attribute::NoHidden),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut, Attribute::NotCrossedOut),
];
/// Attributes that a blank shows, and with them its foreground.
const SEEN_ON_BLANKS: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// How the terminal writes at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Pen = Pen { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

/// Makes a terminal that shows `before` show `after`, both of one size. It begins and ends with a plain pen.
pub(super) fn encode(before: &Buffer, after: &Buffer, out: &mut String) {
    let mut pen = PLAIN;
    let mut at: Option<(u16, u16)> = None;
    let mut write = |x: u16, y: u16, cell: &Cell| {
        match at {
            Some((from, row)) if row == y && from <= x => pen.forward(after, (from, x), y, out),
            _ => say(&MoveTo(x, y), out),
        }
        pen.write(cell, out);
        let end = x + cell.symbol().width().max(1) as u16;
        // In the last column some terminals stand on it and some behind it.
        at = (end < after.area.right()).then_some((end, y));
    };
    let mut changes = before.diff_iter(after).peekable();
    while let Some((x, y, cell)) = changes.next() {
        write(x, y, cell);
        // What terminals make of the other half of a wide glyph differs.
        let end = x + cell.symbol().width().max(1) as u16;
        let halved = before[(end.min(after.area.right()) - 1, y)].symbol().width() == 2;
        if halved && end < after.area.right() && changes.peek().is_none_or(|n| (n.0, n.1) != (end, y)) {
            write(end, y, &after[(end, y)]);
        }
    }
    pen.change(PLAIN, out);
}

/// What a command is for terminals.
pub(super) fn say(command: &impl Command, out: &mut String) {
    // Memory takes everything.
    let _ = command.write_ansi(out);
}

impl Pen {
    /// What the pen must be for a cell: what a blank does not show stays as it is.
    fn wanted(self, cell: &Cell) -> Pen {
        let wanted = Pen { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
        let seen = cell.modifier.union(self.modifier).intersection(SEEN_ON_BLANKS);
        if cell.symbol() == " " && seen.is_empty() { Pen { bg: cell.bg, ..self } } else { wanted }
    }

    fn write(&mut self, cell: &Cell, out: &mut String) {
        self.change(self.wanted(cell), out);
        out.push_str(cell.symbol());
    }

    /// From one column of a row to a later one.
    fn forward(self, after: &Buffer, (from, to): (u16, u16), y: u16, out: &mut String) {
        if from == to {
            return;
        }
        let between = || (from..to).map(|x| &after[(x, y)]);
        let mut jump = String::new();
        say(&MoveRight(to - from), &mut jump);
        let same = between().all(|c| self.wanted(c) == self && c.symbol().width() == 1);
        if same && between().map(|c| c.symbol().len()).sum::<usize>() <= jump.len() {
            between().for_each(|c| out.push_str(c.symbol()));
        } else {
            out.push_str(&jump);
        }
    }

    fn change(&mut self, to: Pen, out: &mut String) {
        if *self == to {
            return;
        }
        let before = std::mem::replace(self, to);
        if to == PLAIN {
            out.push_str("\x1b[m");
            return;
        }
        let mut words: Vec<String> = Vec::new();
        let mut has = before.modifier;
        for (attribute, _, off) in ATTRIBUTES {
            if has.contains(attribute) && !to.modifier.contains(attribute) {
                words.push(off.sgr());
                // Two attributes may share the word that takes them back.
                ATTRIBUTES.iter().filter(|(.., o)| *o == off).for_each(|(a, ..)| has.remove(*a));
            }
        }
        let new = |(a, ..): &(Modifier, Attribute, Attribute)| to.modifier.contains(*a) && !has.contains(*a);
        words.extend(ATTRIBUTES.iter().filter(|a| new(a)).map(|(_, on, _)| on.sgr()));
        if before.fg != to.fg {
            words.push(color(to.fg, 30, Colored::ForegroundColor));
        }
        if before.bg != to.bg {
            words.push(color(to.bg, 40, Colored::BackgroundColor));
        }
        out.push_str("\x1b[");
        out.push_str(&words.join(";"));
        out.push('m');
    }
}

/// The parameters of a colour. Terminals that have only sixteen do not know the words for 256, with which crossterm
/// says them all.
fn color(color: Color, base: usize, of: fn(ratatui::crossterm::style::Color) -> Colored) -> String {
    match COLORS.iter().position(|c| *c == color) {
        Some(n @ 0..=7) => (base + n).to_string(),
        Some(n) => (base + 60 + n - 8).to_string(),
        None => of(color.into_crossterm()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn said(before: &Buffer, after: &Buffer) -> String {
        ratatui::crossterm::style::force_color_output(true);
        let mut out = String::new();
        encode(before, after, &mut out);
        out
    }

    fn empty(w: u16, h: u16) -> Buffer {
        Buffer::empty(Rect::new(0, 0, w, h))
    }

    /// TUI-4: a frame that changes nothing is nothing.
    #[test]
    fn nothing_changed_is_nothing_said() {
        assert_eq!(said(&empty(9, 3), &empty(9, 3)), "");
    }

    /// TUI-4, TUI-5: short jumps, short styles, sixteen colours without the words for 256.
    #[test]
    fn few_bytes() {
        let before = Buffer::with_lines(["abcdefghijkl"]);
        let mut after = Buffer::with_lines(["AbCdefghijkL"]);
        assert_eq!(said(&before, &after), "\x1b[1;1HAbC\x1b[8CL", "what is between is shorter than a jump");
        after.set_style(Rect::new(0, 0, 1, 1), Style::new().fg(Color::Cyan).bold());
        after.set_style(Rect::new(2, 0, 1, 1), Style::new().fg(Color::LightBlue).bg(Color::Indexed(200)));
        assert_eq!(said(&before, &after), "\x1b[1;1H\x1b[1;36mA\x1b[1C\x1b[22;94;48;5;200mC\x1b[8C\x1b[mL");
        let mut blank = Buffer::with_lines([" bc         l"]);
        blank.set_style(Rect::new(0, 0, 1, 1), Style::new().fg(Color::Red));
        assert!(said(&Buffer::with_lines(["abc         l"]), &blank).ends_with("H "), "no colour on a blank");
    }

    fn cell() -> impl Strategy<Value = (String, u8, u8, u16)> {
        let symbol = prop_oneof![
            4 => Just(" "), 2 => Just("a"), 2 => Just("⣿"), 1 => Just("▀"), 1 => Just("漢"), 1 => Just("é"),
        ];
        // Blinking, hidden and crossed out are not known to the terminal of the test.
        (
            symbol.prop_map(str::to_owned),
            0..5u8,
            0..4u8,
            prop_oneof![Just(0u16), Just(1), Just(2), Just(0x48), Just(0x40)],
        )
    }

    const INKS: [Color; 5] =
        [Color::Reset, Color::Red, Color::LightCyan, Color::Indexed(208), Color::Rgb(1, 22, 133)];

    fn buffer(cells: &[(String, u8, u8, u16)], w: u16, h: u16) -> Buffer {
        let mut buf = empty(w, h);
        for (i, (symbol, fg, bg, modifier)) in cells.iter().enumerate() {
            let (x, y) = (i as u16 % w, i as u16 / w);
            if x > 0 && buf[(x - 1, y)].symbol().width() == 2 {
                continue;
            }
            let style = Style::new()
                .fg(INKS[usize::from(*fg)])
                .bg(INKS[usize::from(*bg)])
                .add_modifier(Modifier::from_bits_truncate(*modifier));
            buf.set_stringn(x, y, symbol, usize::from(w - x), style);
        }
        buf
    }

    /// A cell as a terminal shows it; of blanks, what is seen of them.
    fn seen(screen: &vt100::Screen, x: u16, y: u16) -> impl PartialEq + std::fmt::Debug {
        let c = screen.cell(y, x).unwrap();
        let text = if c.contents().is_empty() { " " } else { c.contents() };
        let shown = text != " " || c.inverse() || c.underline();
        let (fg, bold, dim) = if shown { (c.fgcolor(), c.bold(), c.dim()) } else { Default::default() };
        (text.to_owned(), fg, c.bgcolor(), bold, dim, c.inverse(), c.underline())
    }

    proptest! {
        /// TUI-5: whatever stood there, a terminal that takes the changes shows what one shows that is drawn anew.
        #[test]
        fn changes_lead_to_the_same_screen(
            first in prop::collection::vec(cell(), 12 * 4),
            second in prop::collection::vec(cell(), 12 * 4),
            kept in prop::collection::vec(prop::bool::weighted(0.6), 12 * 4),
        ) {
            let (w, h) = (12, 4);
            let mixed: Vec<_> = (0..first.len()).map(|i| if kept[i] { &first } else { &second }[i].clone()).collect();
            let (before, after) = (buffer(&first, w, h), buffer(&mixed, w, h));
            let terminal = || vt100::Parser::new(h.try_into().unwrap(), w.try_into().unwrap(), 0);
            let mut changed = terminal();
            changed.process(said(&empty(w, h), &before).as_bytes());
            changed.process(said(&before, &after).as_bytes());
            let mut anew = terminal();
            anew.process(said(&empty(w, h), &after).as_bytes());
            for (x, y) in (0..h).flat_map(|y| (0..w).map(move |x| (x, y))) {
                prop_assert_eq!(seen(changed.screen(), x, y), seen(anew.screen(), x, y), "at {}, {}", x, y);
                let cell = &after[(x, y)];
                if cell.symbol() != " " {
                    prop_assert_eq!(changed.screen().cell(y, x).unwrap().contents(), cell.symbol());
                }
            }
        }
    }
}
