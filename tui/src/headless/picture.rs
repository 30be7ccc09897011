//! The viewer's picture without a terminal (TUI-6): the state and the view are those of the screen.
//!
//! Owns: asking and answering until nothing is open, and cells as lines of text. Must not: draw.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use fgm::query::{Cancel, Engine};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::print::Trouble;
use super::view;
use crate::app::App;
use crate::app::message::{Effect, Message};
use crate::app::opening::Opening;
use crate::caps::{Caps, Depth};
use crate::cli::{Cli, Failure};
use crate::config::Config;
use crate::effect::worker;
use crate::terminal;
use crate::theme::ink::COLORS;
use crate::view::{Look, draw};

/// Columns where there is no terminal to tell.
const WIDTH: u16 = 100;

/// `--print`: the first picture as text.
pub fn printed(engine: Engine, cli: &Cli, config: &Config) -> Result<ExitCode, Failure> {
    let (engine, opening) = view::asked(engine, &cli.view, &cli.zone());
    let screen = io::stdout().is_terminal();
    let width = cli.width.unwrap_or(if screen { terminal::size().0.max(40) } else { WIDTH });
    // A row for the keys, which are of no use on paper.
    let app = settled(&engine, cli.zone(), opening?, (width, cli.height + 1));
    let mut caps = Caps::new(|name| std::env::var(name).ok(), config.wish);
    if !screen && config.wish.depth.is_none() {
        caps.depth = Depth::None;
    }
    // Neither colours nor bold letters where nobody asked for colours and no terminal shows them.
    let styled = screen || caps.depth != Depth::None;
    let mut buf = Buffer::empty(Rect::new(0, 0, width, cli.height + 1));
    draw(&app, Look::new(caps, &config.palettes), &mut buf);
    let mut out = Vec::new();
    for y in 0..cli.height {
        row(&buf, y, styled, &mut out);
    }
    match io::stdout().lock().write_all(&out).map_err(|e| super::print::trouble(&e)) {
        // Whoever read has seen enough.
        Ok(()) | Err(Trouble::Closed) => Ok(ExitCode::SUCCESS),
        Err(Trouble::Failed(f)) => Err(f),
    }
}

/// The state once every question has been answered. Lists and playthings do not belong on paper.
pub(super) fn settled(engine: &Engine, zone: TimeZone, opening: Option<Opening>, size: (u16, u16)) -> App {
    use crate::source::Source;
    let (mut app, effects) = App::new(Source::overview(engine), zone, size);
    let mut effects = VecDeque::from(effects);
    effects.extend(app.show(Opening { without_lists: true, ..opening.unwrap_or_default() }));
    while let Some(effect) = effects.pop_front() {
        if let Effect::Ask(ticket, question) = effect {
            let answer = worker::answer(engine, question, &Cancel::default());
            effects.extend(app.update(Message::Answer(ticket, answer)));
        }
    }
    app
}

/// One row without blanks at its end.
fn row(buf: &Buffer, y: u16, styled: bool, out: &mut Vec<u8>) {
    let cells: Vec<_> = (0..buf.area.width).map(|x| &buf[(x, y)]).collect();
    let plain = |style: Style| {
        style.bg.is_none_or(|c| c == Color::Reset) && !style.add_modifier.contains(Modifier::REVERSED)
    };
    let end = cells.iter().rposition(|c| c.symbol() != " " || !plain(c.style())).map_or(0, |at| at + 1);
    let mut last = String::new();
    let mut skip = 0;
    for cell in &cells[..end] {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let style = if styled { sgr(cell.style()) } else { String::new() };
        if style != last {
            out.extend_from_slice(format!("\x1b[0{style}m").as_bytes());
            last = style;
        }
        out.extend_from_slice(cell.symbol().as_bytes());
        // The cells behind a wide letter are empty.
        skip = crate::text::width(cell.symbol()).saturating_sub(1);
    }
    if !last.is_empty() {
        out.extend_from_slice(b"\x1b[0m");
    }
    out.push(b'\n');
}

/// A style as parameters behind a reset; none when it is plain.
fn sgr(style: Style) -> String {
    let mut out = String::new();
    for (modifier, code) in [
        (Modifier::BOLD, ";1"),
        (Modifier::DIM, ";2"),
        (Modifier::UNDERLINED, ";4"),
        (Modifier::REVERSED, ";7"),
    ] {
        if style.add_modifier.contains(modifier) {
            out.push_str(code);
        }
    }
    for (colour, base) in [(style.fg, 30), (style.bg, 40)] {
        out.push_str(&colour.map_or(String::new(), |c| parameters(c, base)));
    }
    out
}

fn parameters(colour: Color, base: u8) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!(";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(n) => format!(";{};5;{n}", base + 8),
        Color::Reset => String::new(),
        named => {
            let n = COLORS.iter().position(|c| *c == named).unwrap_or(7) as u8;
            format!(";{}", if n < 8 { base + n } else { base + 60 + n - 8 })
        }
    }
}
