//! One recording on every rung: four sizes, in 24 bits, without colour, and in ASCII; with the styles of each cell.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::fmt::Write;
use std::sync::LazyLock;

use fgm_tui::caps::Depth;
use fgm_tui::keymap::Code;
use fgm_tui::view::raster::Marker;
use insta::assert_snapshot;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use support::known;
use support::session::{Session, look};
use tempfile::TempDir;

static KNOWN: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    known::record(dir.path());
    dir
});

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

/// Memory of the one that is killed, of the one that spikes, and their CPU below, where there is room for it.
fn session(size: (u16, u16), depth: Depth, marker: Marker) -> Session {
    let mut s = Session::open(KNOWN.path(), size.0, size.1);
    s.look = look(depth, marker);
    s.keys("n");
    for name in ["checkout/proxy", "search/indexer", "checkout/app"] {
        s.keys("c");
        s.keys(name);
        s.key(Code::Enter);
    }
    s.keys("pcontainers.memory_current_bytes");
    s.key(Code::Enter);
    s
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    let color = |c| match c {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        other => format!("{other:?}"),
    };
    if cell.fg != Color::Reset {
        words.push(color(cell.fg));
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", color(cell.bg)));
    }
    words.extend(cell.modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

/// The text, then each row's styles as runs of letters, then what the letters mean.
fn picture(s: &Session) -> String {
    let (mut text, buf) = (s.screen(), s.buffer());
    let mut known: Vec<String> = vec![String::new()];
    text.push_str("\n\n");
    for y in 0..buf.area.height {
        let mut runs: Vec<(usize, u16)> = Vec::new();
        for x in 0..buf.area.width {
            let style = style(&buf[(x, y)]);
            let at = known.iter().position(|k| *k == style).unwrap_or_else(|| {
                known.push(style);
                known.len() - 1
            });
            match runs.last_mut() {
                Some((last, n)) if *last == at => *n += 1,
                _ => runs.push((at, 1)),
            }
        }
        for (at, n) in runs {
            write!(text, "{}{n} ", letter(at)).unwrap();
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    for (at, style) in known.iter().enumerate().skip(1) {
        writeln!(text, "{} {style}", letter(at)).unwrap();
    }
    text
}

fn letter(at: usize) -> char {
    char::from_u32(if at == 0 { u32::from('.') } else { u32::from('a') + at as u32 - 1 }).unwrap()
}

fn cells(buf: &Buffer) -> impl Iterator<Item = &Cell> {
    buf.content.iter()
}

/// TUI-5, TUI-2: in 24 bits.
#[test]
fn in_colour() {
    for size in SIZES {
        assert_snapshot!(
            format!("colour_{}x{}", size.0, size.1),
            picture(&session(size, Depth::True, Marker::Braille))
        );
    }
}

/// TUI-5: with `NO_COLOR` nothing has a colour; what is dimmed, bold or reversed is told apart by that.
#[test]
fn without_colour() {
    for size in SIZES {
        let s = session(size, Depth::None, Marker::Braille);
        assert!(cells(&s.buffer()).all(|c| c.fg == Color::Reset && c.bg == Color::Reset), "{size:?}");
        assert_snapshot!(format!("no_colour_{}x{}", size.0, size.1), picture(&s));
    }
}

/// TUI-5: in ASCII, with and without the sixteen colours.
#[test]
fn in_ascii() {
    for size in SIZES {
        let s = session(size, Depth::Ansi, Marker::Ascii);
        assert!(s.screen().is_ascii(), "{}", s.screen());
        let sixteen = |c: Color| !matches!(c, Color::Rgb(..) | Color::Indexed(_));
        assert!(cells(&s.buffer()).all(|c| sixteen(c.fg) && sixteen(c.bg)), "{size:?}");
        assert_snapshot!(format!("ascii_{}x{}", size.0, size.1), picture(&s));
    }
}

/// TUI-2: what is known of the recording is on the screen, in the style of its role: the spike at its height, the kill,
/// the limit, what no recorder wrote, the selected series brighter than the others' extremes.
#[test]
fn everything_known_is_there() {
    let mut s = session((120, 40), Depth::True, Marker::Braille);
    let theme = s.look.theme;
    let (layout, buf) = (s.app.layout(), s.buffer());
    let of = |symbol: &str, style: ratatui::style::Style| {
        cells(&buf).filter(|c| c.symbol() == symbol && Some(c.fg) == style.fg).count()
    };
    assert_eq!(of("×", theme.warning()), 1, "{}", s.screen());
    assert!(of("┊", theme.warning()) > 5, "a thread through the chart");
    assert!(cells(&buf).any(|c| c.symbol() == "░" && c.modifier == Modifier::empty()), "{}", s.screen());
    let plot = layout.panels[1].plot;
    let limit = (plot.y..plot.bottom()).flat_map(|y| (plot.x..plot.x + plot.w).map(move |x| (x, y)));
    let dashed = limit.filter(|at| buf[*at].symbol() == "╌").count();
    assert!(dashed > usize::from(plot.w) / 2, "{}", s.screen());
    let legend = (layout.legend.y..layout.legend.bottom()).map(|y| &buf[(layout.legend.x + 1, y)]);
    for (cell, position) in legend.zip([1, 0, 2]) {
        assert_eq!(Some(cell.fg), theme.series(position, true).fg, "{}", s.screen());
    }
    let edge = (plot.y..plot.bottom()).map(|y| &buf[(plot.x + plot.w, y)]).filter(|c| c.symbol() != " ");
    let letters: Vec<_> = edge.map(|c| (c.symbol(), Some(c.fg))).collect();
    let wanted = [("B", 1), ("A", 0), ("C", 2)].map(|(l, position)| (l, theme.series(position, true).fg));
    assert_eq!(letters, wanted, "lines are named where they end: {}", s.screen());
    s.keys("[");
    assert!(s.screen().contains("1900 mcores"), "the height of one second in five minutes: {}", s.screen());
}
