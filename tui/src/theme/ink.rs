//! One colour, and the nearest to it where a terminal has fewer.
//!
//! Owns: names and `#rrggbb`, and the way from 24 bits to 256 and 16 colours. Must not: know what a colour is for.

use std::str::FromStr;

use ratatui::style::Color;

use crate::caps::Depth;

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// One of the viewer's own: 24 bits, and what stands for it where there are sixteen colours. `None`: there an
    /// attribute does.
    Own(u32, Option<u8>),
    /// The user's choice of 24 bits.
    Rgb(u32),
    /// One of the terminal's sixteen, as the terminal is set up to show it.
    Named(u8),
    /// No colour of its own.
    Plain,
}

/// The sixteen, in the order of their numbers.
pub const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What xterm shows for the sixteen; others are near.
const SIXTEEN: [u32; 16] = [
    0x0000_0000,
    0x00cd_0000,
    0x0000_cd00,
    0x00cd_cd00,
    0x0000_00ee,
    0x00cd_00cd,
    0x0000_cdcd,
    0x00e5_e5e5,
    0x007f_7f7f,
    0x00ff_0000,
    0x0000_ff00,
    0x00ff_ff00,
    0x005c_5cff,
    0x00ff_00ff,
    0x0000_ffff,
    0x00ff_ffff,
];

/// Levels of a channel in the cube of the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Ink {
    /// The colour for a terminal; `None` where an attribute or nothing stands for it.
    pub fn color(self, depth: Depth) -> Option<Color> {
        match (self, depth) {
            (Ink::Plain, _) | (_, Depth::None) => None,
            (Ink::Named(n), _) => Some(sixteen(n)),
            (Ink::Own(rgb, _) | Ink::Rgb(rgb), Depth::True) => Some(Color::from_u32(rgb)),
            (Ink::Own(rgb, _) | Ink::Rgb(rgb), Depth::Indexed) => Some(Color::Indexed(nearest_of_256(rgb))),
            (Ink::Own(_, n), Depth::Ansi) => n.map(sixteen),
            (Ink::Rgb(rgb), Depth::Ansi) => Some(sixteen(nearest_of_16(rgb))),
        }
    }

    /// The colour with more than half of a background mixed in.
    pub fn dimmed(self, light: bool) -> Option<Ink> {
        let (Ink::Own(rgb, _) | Ink::Rgb(rgb)) = self else { return None };
        let ground: u32 = if light { 0xff } else { 0x18 };
        let mix = |shift: u32| (((rgb >> shift & 0xff) * 9 + ground * 11) / 20) << shift;
        Some(Ink::Rgb(mix(16) | mix(8) | mix(0)))
    }

    /// Takes the user's choice; naming what is there anyway changes nothing, also not for sixteen colours.
    pub fn change(&mut self, to: Ink) {
        if self.name() != to.name() {
            *self = to;
        }
    }

    /// As a file has it.
    pub fn name(self) -> String {
        match self {
            Ink::Own(rgb, _) | Ink::Rgb(rgb) => format!("#{rgb:06x}"),
            Ink::Named(n) => NAMES[usize::from(n) % NAMES.len()].to_owned(),
            Ink::Plain => "default".to_owned(),
        }
    }
}

impl FromStr for Ink {
    type Err = String;

    fn from_str(text: &str) -> Result<Ink, String> {
        if text == "default" {
            return Ok(Ink::Plain);
        }
        if let Some(n) = NAMES.iter().position(|name| *name == text) {
            return Ok(Ink::Named(n as u8));
        }
        let digits =
            text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        digits.and_then(|d| u32::from_str_radix(d, 16).ok()).map(Ink::Rgb).ok_or_else(|| {
            format!("there is no colour {text:?}; give #rrggbb, default, or one of {}", NAMES.join(", "))
        })
    }
}

/// The sixteen in the order of their numbers.
pub const COLORS: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn sixteen(n: u8) -> Color {
    COLORS[usize::from(n) % COLORS.len()]
}

fn channels(rgb: u32) -> [u8; 3] {
    let [_, r, g, b] = rgb.to_be_bytes();
    [r, g, b]
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    // Eyes tell greens apart best and blues worst.
    let [r, g, b] = [0, 1, 2].map(|i| u32::from(a[i].abs_diff(b[i])).pow(2));
    2 * r + 4 * g + b
}

/// The nearest of the cube (16–231) and the greys (232–255); the first sixteen look different everywhere.
fn nearest_of_256(rgb: u32) -> u8 {
    let wanted = channels(rgb);
    let level = |c: u8| CUBE.iter().enumerate().min_by_key(|(_, l)| l.abs_diff(c)).map_or(0, |(i, _)| i);
    let [r, g, b] = wanted.map(level);
    let cube = [CUBE[r], CUBE[g], CUBE[b]];
    let mean = wanted.iter().map(|c| u32::from(*c)).sum::<u32>() / 3;
    let step = (mean.saturating_sub(3) / 10).min(23) as u8;
    let grey = [8 + step * 10; 3];
    if distance(grey, wanted) < distance(cube, wanted) { 232 + step } else { (16 + 36 * r + 6 * g + b) as u8 }
}

fn nearest_of_16(rgb: u32) -> u8 {
    let wanted = channels(rgb);
    let nearest = SIXTEEN.iter().enumerate().min_by_key(|(_, c)| distance(channels(**c), wanted));
    nearest.map_or(7, |(i, _)| i as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-4, TUI-5: colours by name or by number, and what is left of them with fewer.
    #[test]
    fn colours_are_read_and_brought_down() {
        assert_eq!("#ff8800".parse(), Ok(Ink::Rgb(0x00ff_8800)));
        assert_eq!("bright-cyan".parse(), Ok(Ink::Named(14)));
        for wrong in ["#ff880", "#ff88zz", "orange", "", "#+f8800"] {
            assert!(wrong.parse::<Ink>().unwrap_err().contains("#rrggbb"), "{wrong}");
        }
        let of = |text: &str, depth| text.parse::<Ink>().unwrap().color(depth);
        assert_eq!(of("#ff0000", Depth::True), Some(Color::Rgb(255, 0, 0)));
        assert_eq!(of("#ff0000", Depth::Indexed), Some(Color::Indexed(196)));
        assert_eq!(of("#808080", Depth::Indexed), Some(Color::Indexed(244)));
        assert_eq!(of("#d01010", Depth::Ansi), Some(Color::Red));
        assert_eq!(of("#ff0000", Depth::None), None);
        assert_eq!(of("red", Depth::True), Some(Color::Red), "as the terminal shows it");
        assert_eq!(of("default", Depth::True), None);
        for name in NAMES {
            assert_eq!(name.parse::<Ink>().unwrap().name(), name);
        }
    }
}
