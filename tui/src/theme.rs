//! Colours: what each thing on the screen is drawn with.
//!
//! Owns: the table of roles with a dark and a light palette, and which style a role has at which depth. Must not: know
//! panels.

pub mod ink;

use ratatui::style::{Modifier, Style};

use self::ink::Ink;
use crate::app::drawn::REST;
use crate::caps::{Caps, Depth};

/// Declares the roles in one place.
macro_rules! roles {
    ($( $role:ident : $dark:literal $light:literal $ansi:expr, $help:literal; )*) => {
        /// The colours of one background.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Palette {
            /// Series A to F.
            pub series: [Ink; 6],
            $( #[doc = $help] pub $role: Ink, )*
        }

        /// Name and meaning of each role but the series.
        pub const ROLES: &[(&str, &str)] = &[ $( (stringify!($role), $help) ),* ];

        impl Palette {
            /// For dark backgrounds.
            pub const DARK: Palette = Palette { series: DARK, $( $role: Ink::Own($dark, $ansi), )* };
            /// For light backgrounds.
            pub const LIGHT: Palette = Palette { series: LIGHT, $( $role: Ink::Own($light, $ansi), )* };

            /// The colour of a role by its name.
            pub fn role(&mut self, name: &str) -> Option<&mut Ink> {
                match name {
                    $( stringify!($role) => Some(&mut self.$role), )*
                    _ => None,
                }
            }
        }
    };
}

/// Sky, orange, green, pink, violet, yellow.
const DARK: [Ink; 6] = [
    Ink::Own(0x004f_c3f7, Some(6)),
    Ink::Own(0x00ff_b74d, Some(3)),
    Ink::Own(0x0081_c784, Some(2)),
    Ink::Own(0x00f4_8fb1, Some(5)),
    Ink::Own(0x00b3_9dff, Some(4)),
    Ink::Own(0x00ff_f176, Some(1)),
];
const LIGHT: [Ink; 6] = [
    Ink::Own(0x0002_77bd, Some(6)),
    Ink::Own(0x00d8_4315, Some(3)),
    Ink::Own(0x002e_7d32, Some(2)),
    Ink::Own(0x00c2_185b, Some(5)),
    Ink::Own(0x005e_35b1, Some(4)),
    Ink::Own(0x008d_6e00, Some(1)),
];

roles! {
    muted: 0x008a_8f98 0x006a_6f78 None, "What explains and labels.";
    faint: 0x004a_4f58 0x00c0_c4cc None, "Lines of grids and frames.";
    accent: 0x004f_c3f7 0x0002_77bd Some(6), "What has the focus, and keys.";
    warning: 0x00ff_6e67 0x00c6_2828 Some(9), "What went wrong or needs attention.";
    live: 0x0081_c784 0x002e_7d32 Some(2), "Data that is being written now.";
    matched: 0x00ff_f176 0x00c2_185b Some(3), "Characters that a search matched.";
    selected: 0x0026_4f78 0x00bb_defb None, "Background of the selected line.";
    window: 0x002c_313a 0x00e4_e7ec None, "Background of a selection without the focus, and of the visible window.";
}

/// Both palettes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palettes {
    /// For dark backgrounds.
    pub dark: Palette,
    /// For light backgrounds.
    pub light: Palette,
}

impl Default for Palettes {
    fn default() -> Palettes {
        Palettes { dark: Palette::DARK, light: Palette::LIGHT }
    }
}

/// Styles for everything that is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    depth: Depth,
    light: bool,
    palette: Palette,
}

impl Theme {
    /// The theme for a terminal.
    pub fn new(caps: Caps, palettes: &Palettes) -> Theme {
        let palette = if caps.light { palettes.light } else { palettes.dark };
        Theme { depth: caps.depth, light: caps.light, palette }
    }

    /// Whether series must be told apart without colour.
    pub fn colourless(self) -> bool {
        self.depth == Depth::None
    }

    fn fg(self, ink: Ink) -> Style {
        ink.color(self.depth).map_or(Style::new(), |c| Style::new().fg(c))
    }

    /// The colour in front, or this attribute where there is none.
    fn fg_or(self, ink: Ink, instead: Modifier) -> Style {
        ink.color(self.depth).map_or(Style::new().add_modifier(instead), |c| Style::new().fg(c))
    }

    fn bg_or(self, ink: Ink, instead: Modifier) -> Style {
        ink.color(self.depth).map_or(Style::new().add_modifier(instead), |c| Style::new().bg(c))
    }

    /// A series' own colour, or its dimmed form.
    pub fn series(self, position: usize, bright: bool) -> Style {
        // What is left over stays behind those that have a colour.
        if position >= REST {
            return if bright { self.muted() } else { self.faint() };
        }
        let ink = self.palette.series[position % 6];
        let mixed = ink.dimmed(self.light).filter(|_| matches!(self.depth, Depth::Indexed | Depth::True));
        match mixed {
            _ if bright => self.fg(ink),
            Some(mixed) => self.fg(mixed),
            None => self.fg(ink).add_modifier(Modifier::DIM),
        }
    }

    /// Ordinary text.
    pub fn text(self) -> Style {
        Style::new()
    }

    /// Headings and names.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What explains and frames.
    pub fn muted(self) -> Style {
        let instead = if self.colourless() { Modifier::empty() } else { Modifier::DIM };
        self.fg_or(self.palette.muted, instead)
    }

    /// The name of what is no more.
    pub fn ended(self) -> Style {
        if self.colourless() { Style::new().add_modifier(Modifier::DIM) } else { self.muted() }
    }

    /// What the program has to say.
    pub fn notice(self) -> Style {
        self.accent()
    }

    /// Lines of grids and frames.
    pub fn faint(self) -> Style {
        self.fg_or(self.palette.faint, Modifier::DIM)
    }

    /// What has the focus.
    pub fn accent(self) -> Style {
        self.fg(self.palette.accent).add_modifier(Modifier::BOLD)
    }

    /// What went wrong or needs attention.
    pub fn warning(self) -> Style {
        self.fg(self.palette.warning).add_modifier(Modifier::BOLD)
    }

    /// Data that is being written now.
    pub fn live(self) -> Style {
        self.fg(self.palette.live).add_modifier(Modifier::BOLD)
    }

    /// Characters that a search matched.
    pub fn matched(self) -> Style {
        self.fg(self.palette.matched).add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// The selected line of a list, with or without the focus.
    pub fn selected(self, focus: bool) -> Style {
        if focus {
            self.bg_or(self.palette.selected, Modifier::REVERSED).add_modifier(Modifier::BOLD)
        } else {
            self.bg_or(self.palette.window, Modifier::BOLD)
        }
    }

    /// The visible window in the navigator, and what a drag covers.
    pub fn window(self) -> Style {
        self.bg_or(self.palette.window, Modifier::REVERSED)
    }

    /// A key in the key bar and in help.
    pub fn key(self) -> Style {
        self.accent()
    }
}

/// Whether a background is light.
pub fn is_light(rgb: [u16; 3]) -> bool {
    let [r, g, b] = rgb;
    terminal_colorsaurus::Color::rgb(r, g, b).perceived_lightness() > 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    fn theme(depth: Depth, light: bool) -> Theme {
        let caps = Caps { depth, light, marker: crate::view::raster::Marker::Braille };
        Theme::new(caps, &Palettes::default())
    }

    /// TUI-5: without colours nothing has one; six series differ wherever there are some.
    #[test]
    fn depths_are_kept() {
        for (depth, light) in
            [Depth::None, Depth::Ansi, Depth::Indexed, Depth::True].map(|d| [(d, false), (d, true)]).concat()
        {
            let t = theme(depth, light);
            let styles = [
                t.muted(),
                t.faint(),
                t.accent(),
                t.warning(),
                t.live(),
                t.matched(),
                t.selected(true),
                t.selected(false),
                t.window(),
                t.series(3, true),
                t.series(3, false),
            ];
            let fits = |c: Option<Color>| match (depth, c) {
                (_, None) | (Depth::True, _) => true,
                (Depth::None, Some(_)) => false,
                (Depth::Ansi, Some(c)) => !matches!(c, Color::Rgb(..) | Color::Indexed(_)),
                (Depth::Indexed, Some(c)) => !matches!(c, Color::Rgb(..)),
            };
            assert!(styles.iter().all(|s| fits(s.fg) && fits(s.bg)), "{depth:?}: {styles:?}");
            if depth != Depth::None {
                let all: std::collections::HashSet<_> = (0..6).map(|i| t.series(i, true).fg).collect();
                assert_eq!(all.len(), 6, "{depth:?}");
            }
            assert_ne!(t.series(0, true), t.series(0, false), "{depth:?}: means are told from extremes");
        }
    }

    /// TUI-5: light and dark by what eyes see.
    #[test]
    fn backgrounds_are_judged() {
        assert!(is_light([0xffff, 0xffff, 0xffff]) && is_light([0xfdfd, 0xf6f6, 0xe3e3]));
        assert!(!is_light([0, 0, 0]) && !is_light([0x0000, 0x2b2b, 0x3636]));
    }
}
