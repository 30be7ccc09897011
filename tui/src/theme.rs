//! Colours: one palette per depth and background.
//!
//! Owns: which style means what. Must not: know panels.

use ratatui::style::{Color, Modifier, Style};

use crate::caps::{Caps, Depth};

/// Styles for everything that is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    depth: Depth,
    light: bool,
}

type Palette = [(u32, u8, u8); 6];

/// Sky, orange, green, pink, violet, yellow: 24 bits, 256 colours, and the latter dimmed.
const DARK: Palette = [
    (0x004f_c3f7, 81, 31),
    (0x00ff_b74d, 215, 130),
    (0x0081_c784, 114, 65),
    (0x00f4_8fb1, 211, 132),
    (0x00b3_9dff, 141, 61),
    (0x00ff_f176, 228, 143),
];
const LIGHT: Palette = [
    (0x0002_77bd, 25, 110),
    (0x00d8_4315, 166, 216),
    (0x002e_7d32, 28, 151),
    (0x00c2_185b, 161, 218),
    (0x005e_35b1, 55, 183),
    (0x008d_6e00, 94, 180),
];
const ANSI: [Color; 6] = [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Blue, Color::Red];

impl Theme {
    /// The theme for a terminal.
    pub fn new(caps: Caps) -> Theme {
        Theme { depth: caps.depth, light: caps.light }
    }

    /// Whether series must be told apart without colour.
    pub fn colourless(self) -> bool {
        self.depth == Depth::None
    }

    /// A series' own colour, or its dimmed form.
    pub fn series(self, position: usize, bright: bool) -> Style {
        let (rgb, index, dimmed) = if self.light { LIGHT } else { DARK }[position % 6];
        let style = Style::new();
        match self.depth {
            Depth::None | Depth::Ansi => {
                let style = if bright { style } else { style.add_modifier(Modifier::DIM) };
                if self.depth == Depth::None { style } else { style.fg(ANSI[position % 6]) }
            }
            Depth::Indexed => style.fg(Color::Indexed(if bright { index } else { dimmed })),
            Depth::True if bright => style.fg(Color::from_u32(rgb)),
            Depth::True => style.fg(self.towards_background(rgb)),
        }
    }

    fn towards_background(self, rgb: u32) -> Color {
        let ground: u32 = if self.light { 0xff } else { 0x18 };
        let mix = |shift: u32| ((rgb >> shift & 0xff) * 9 + ground * 11) / 20;
        Color::Rgb(mix(16) as u8, mix(8) as u8, mix(0) as u8)
    }

    fn pick(self, rgb: (u32, u32), index: (u8, u8), ansi: Color) -> Style {
        let of = |dark, light| if self.light { light } else { dark };
        match self.depth {
            Depth::None => Style::new(),
            Depth::Ansi => Style::new().fg(ansi),
            Depth::Indexed => Style::new().fg(Color::Indexed(of(index.0, index.1))),
            Depth::True => Style::new().fg(Color::from_u32(if self.light { rgb.1 } else { rgb.0 })),
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
        match self.depth {
            Depth::None => Style::new(),
            Depth::Ansi => Style::new().add_modifier(Modifier::DIM),
            _ => self.pick((0x008a_8f98, 0x006a_6f78), (245, 242), Color::Gray),
        }
    }

    /// Lines of grids and frames.
    pub fn faint(self) -> Style {
        match self.depth {
            Depth::None | Depth::Ansi => Style::new().add_modifier(Modifier::DIM),
            _ => self.pick((0x004a_4f58, 0x00c0_c4cc), (239, 250), Color::DarkGray),
        }
    }

    /// What has the focus.
    pub fn accent(self) -> Style {
        self.pick((0x004f_c3f7, 0x0002_77bd), (81, 25), Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What went wrong or needs attention.
    pub fn warning(self) -> Style {
        self.pick((0x00ff_b74d, 0x00d8_4315), (215, 166), Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// Data that is being written now.
    pub fn live(self) -> Style {
        self.pick((0x0081_c784, 0x002e_7d32), (114, 28), Color::Green).add_modifier(Modifier::BOLD)
    }

    /// Characters that a search matched.
    pub fn matched(self) -> Style {
        let style = self.pick((0x00ff_f176, 0x00c2_185b), (228, 161), Color::Yellow);
        style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// The selected line of a list, with or without the focus.
    pub fn selected(self, focus: bool) -> Style {
        let ground = |dark: (u32, u8), light: (u32, u8)| {
            let (rgb, index) = if self.light { light } else { dark };
            match self.depth {
                Depth::True => Style::new().bg(Color::from_u32(rgb)),
                Depth::Indexed => Style::new().bg(Color::Indexed(index)),
                Depth::Ansi | Depth::None if focus => Style::new().add_modifier(Modifier::REVERSED),
                Depth::Ansi | Depth::None => Style::new().add_modifier(Modifier::BOLD),
            }
        };
        if focus {
            ground((0x0026_4f78, 24), (0x00bb_defb, 153)).add_modifier(Modifier::BOLD)
        } else {
            ground((0x002c_313a, 236), (0x00e4_e7ec, 254))
        }
    }

    /// The visible window in the navigator, and what a drag covers.
    pub fn window(self) -> Style {
        match (self.depth, self.light) {
            (Depth::True, false) => Style::new().bg(Color::from_u32(0x002c_313a)),
            (Depth::True, true) => Style::new().bg(Color::from_u32(0x00e4_e7ec)),
            (Depth::Indexed, false) => Style::new().bg(Color::Indexed(236)),
            (Depth::Indexed, true) => Style::new().bg(Color::Indexed(254)),
            (Depth::Ansi | Depth::None, _) => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// A key in the key bar and in help.
    pub fn key(self) -> Style {
        self.accent()
    }
}
