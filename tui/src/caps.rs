//! What the terminal can show, as far as the environment tells.
//!
//! Owns: colour depth, glyphs, background. Must not: ask the terminal; answers may never come (TUI-5).

use crate::view::raster::Marker;

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: attributes, patterns and letters only.
    None,
    /// The sixteen of every terminal.
    Ansi,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Colours.
    pub depth: Depth,
    /// Whether the background is light.
    pub light: bool,
    /// Dots.
    pub marker: Marker,
}

impl Caps {
    /// From the environment. Without LANG, as in `kubectl exec`, UTF-8 is assumed: only an explicit other charset
    /// speaks against it.
    pub fn new(env: impl Fn(&str) -> Option<String>, ascii: bool) -> Caps {
        let get = |name| env(name).unwrap_or_default();
        let term = get("TERM");
        let depth = if !get("NO_COLOR").is_empty() || term == "dumb" {
            Depth::None
        } else if matches!(get("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256")
            || ["alacritty", "kitty", "foot", "wezterm"].iter().any(|t| term.contains(t))
        {
            Depth::Indexed
        } else {
            Depth::Ansi
        };
        let charset = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(get).find(|v| !v.is_empty());
        let other = charset
            .as_deref()
            .and_then(|v| v.split_once('.'))
            .is_some_and(|(_, c)| !c.to_ascii_lowercase().replace('-', "").starts_with("utf8"));
        let marker = if ascii || other || term == "dumb" {
            Marker::Ascii
        } else if term == "linux" {
            Marker::Block
        } else {
            Marker::Braille
        };
        let light = get("COLORFGBG").rsplit(';').next().is_some_and(|b| matches!(b, "7" | "15"));
        Caps { depth, light, marker }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(vars: &[(&str, &str)]) -> Caps {
        Caps::new(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()), false)
    }

    /// TUI-5: NO_COLOR, colour depths, light backgrounds, and TERM=xterm without LANG.
    #[test]
    fn the_environment_decides() {
        assert_eq!(
            caps(&[("TERM", "xterm")]),
            Caps { depth: Depth::Ansi, light: false, marker: Marker::Braille }
        );
        assert_eq!(caps(&[("TERM", "xterm-256color")]).depth, Depth::Indexed);
        assert_eq!(caps(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(caps(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]).depth, Depth::None);
        assert_eq!(caps(&[("TERM", "xterm"), ("NO_COLOR", "")]).depth, Depth::Ansi);
        assert!(caps(&[("COLORFGBG", "0;15")]).light && !caps(&[("COLORFGBG", "15;0")]).light);
        assert_eq!(caps(&[("LANG", "C")]).marker, Marker::Braille);
        assert_eq!(caps(&[("LANG", "de_DE.ISO-8859-1")]).marker, Marker::Ascii);
        assert_eq!(caps(&[("LC_ALL", "en_US.UTF-8"), ("LANG", "x.ISO-8859-1")]).marker, Marker::Braille);
        assert_eq!(caps(&[("TERM", "linux")]).marker, Marker::Block);
        assert_eq!(Caps::new(|_| None, true).marker, Marker::Ascii);
    }
}
