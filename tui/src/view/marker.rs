//! How a cell is divided into dots, and the glyph of each combination.
//!
//! Owns: octants, Braille, quadrants, half blocks and ASCII. Must not: know colours or what is drawn.

use std::str::FromStr;

use ratatui::symbols::pixel::{OCTANTS, QUADRANTS};

/// How a cell is divided into dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// 2×4 dots without space between them, for fonts of Unicode 16.
    Octant,
    /// 2×4 dots in Braille patterns.
    Braille,
    /// 2×2 dots in quarter blocks, for fonts without Braille.
    Quadrant,
    /// 1×2 dots in half blocks, for the text console.
    Block,
    /// 1×3 dots in plain ASCII.
    Ascii,
}

impl Marker {
    /// Every marker, the finest first.
    pub const ALL: [Marker; 5] =
        [Marker::Octant, Marker::Braille, Marker::Quadrant, Marker::Block, Marker::Ascii];

    /// The name in flags and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Marker::Octant => "octant",
            Marker::Braille => "braille",
            Marker::Quadrant => "quadrant",
            Marker::Block => "block",
            Marker::Ascii => "ascii",
        }
    }

    /// Rows of dots in a cell.
    pub const fn rows(self) -> usize {
        match self {
            Marker::Octant | Marker::Braille => 4,
            Marker::Quadrant | Marker::Block => 2,
            Marker::Ascii => 3,
        }
    }

    /// The glyph of a cell's dots; blank when there are none. Bits are column-major: left column 0–3, right column
    /// 4–7, the top first.
    pub fn glyph(self, bits: u8) -> char {
        match self {
            Marker::Octant => OCTANTS[row_major(bits, 4)],
            Marker::Braille => char::from_u32(0x2800 + braille(bits)).unwrap_or(' '),
            Marker::Quadrant => QUADRANTS[row_major(bits, 2)],
            Marker::Block => match (bits | bits >> 4) & 3 {
                0 => ' ',
                1 => '▀',
                2 => '▄',
                _ => '█',
            },
            Marker::Ascii => match (bits | bits >> 4) & 7 {
                0 => ' ',
                1 => '\'',
                2 => '-',
                4 => '.',
                3 | 6 => '!',
                5 => ':',
                _ => '|',
            },
        }
    }
}

impl FromStr for Marker {
    type Err = String;

    fn from_str(name: &str) -> Result<Marker, String> {
        let found = Marker::ALL.into_iter().find(|m| m.name() == name);
        found.ok_or_else(|| format!("give {}", Marker::ALL.map(Marker::name).join(", ")))
    }
}

/// The dots of two columns and so many rows, as tables by rows have them.
fn row_major(bits: u8, rows: usize) -> usize {
    (0..rows)
        .flat_map(|y| [(y, 2 * y), (y + 4, 2 * y + 1)])
        .map(|(from, to)| usize::from(bits >> from & 1) << to)
        .sum()
}

/// The bits as Unicode orders the dots of Braille.
fn braille(bits: u8) -> u32 {
    const ORDER: [u32; 8] = [0, 1, 2, 6, 3, 4, 5, 7];
    ORDER.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, to)| 1 << to).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braille_bits_follow_unicode() {
        assert_eq!(Marker::Braille.glyph(0b0000_0001), '⠁');
        assert_eq!(Marker::Braille.glyph(0b0000_1000), '⡀');
        assert_eq!(Marker::Braille.glyph(0b1000_0000), '⢀');
        assert_eq!(Marker::Braille.glyph(0xff), '⣿');
    }

    /// TUI-5: on each rung of the ladder dots stand where they belong, one column wide.
    #[test]
    fn every_marker_places_its_dots() {
        assert_eq!(Marker::Quadrant.glyph(0b0001), '▘');
        assert_eq!(Marker::Quadrant.glyph(0b0010), '▖');
        assert_eq!(Marker::Quadrant.glyph(0b0001_0000), '▝');
        assert_eq!(Marker::Quadrant.glyph(0b0011_0011), '█');
        assert_eq!(Marker::Octant.glyph(0b0000_1111), '▌');
        assert_eq!(Marker::Octant.glyph(0b1111_0000), '▐');
        assert_eq!(Marker::Octant.glyph(0b0011_0011), '▀');
        assert_eq!(Marker::Octant.glyph(0b1000_1000), '▂');
        assert_eq!(Marker::Octant.glyph(0b0000_0001), '\u{1cea8}');
        for marker in Marker::ALL {
            let all = (1 << marker.rows()) - 1;
            for bits in (0..=255u8).filter(|b| (b | b >> 4) & all != 0) {
                let glyph = marker.glyph(bits & (all | all << 4));
                assert_ne!(glyph, ' ', "{marker:?} {bits:08b}");
                assert_eq!(crate::text::width(&glyph.to_string()), 1, "{marker:?} {bits:08b}");
            }
        }
    }
}
