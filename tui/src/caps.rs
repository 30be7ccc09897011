//! What the terminal can show, as far as flags, settings and the environment tell.
//!
//! Owns: colour depth, glyphs, background, and whether the terminal may be asked for the last. Must not: wait for the
//! terminal; answers may never come (TUI-5).

use std::str::FromStr;

use crate::view::marker::Marker;

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

impl Depth {
    /// Names in flags and settings.
    pub const NAMES: [(&str, Depth); 4] =
        [("none", Depth::None), ("16", Depth::Ansi), ("256", Depth::Indexed), ("true", Depth::True)];
}

impl FromStr for Depth {
    type Err = String;

    fn from_str(name: &str) -> Result<Depth, String> {
        let found = Depth::NAMES.into_iter().find(|(n, _)| *n == name);
        found
            .map(|(_, depth)| depth)
            .ok_or_else(|| format!("give {}", Depth::NAMES.map(|(n, _)| n).join(", ")))
    }
}

/// What the user has said; the environment decides the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Colours.
    pub depth: Option<Depth>,
    /// Whether the background is light.
    pub light: Option<bool>,
    /// Dots.
    pub marker: Option<Marker>,
}

impl Wish {
    /// These wishes, and what they leave open as in others.
    #[must_use]
    pub fn or(self, other: Wish) -> Wish {
        Wish {
            depth: self.depth.or(other.depth),
            light: self.light.or(other.light),
            marker: self.marker.or(other.marker),
        }
    }
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

/// Terminals, real or pretended, that know neither colours nor anything but ASCII.
const OLD: [&str; 10] =
    ["dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320", "ansi", "cons25", "network"];

impl Caps {
    /// From wishes and the environment. Without LANG, as in `kubectl exec`, UTF-8 is assumed: only another charset or
    /// `LC_ALL=C`, which nobody sets by accident, speaks against it.
    pub fn new(env: impl Fn(&str) -> Option<String>, wish: Wish) -> Caps {
        let get = |name| env(name).unwrap_or_default();
        let term = get("TERM");
        let old = OLD.contains(&term.as_str());
        let depth = if !get("NO_COLOR").is_empty() || old {
            Depth::None
        } else if matches!(get("COLORTERM").as_str(), "truecolor" | "24bit") || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256")
            || ["alacritty", "kitty", "foot", "wezterm", "ghostty"].iter().any(|t| term.contains(t))
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
        let marker = if other || old || matches!(get("LC_ALL").as_str(), "C" | "POSIX") {
            Marker::Ascii
        } else if term == "linux" {
            // Its fonts have 512 glyphs, and Braille is not among them.
            Marker::Block
        } else {
            Marker::Braille
        };
        let light = get("COLORFGBG").rsplit(';').next().is_some_and(|b| matches!(b, "7" | "15"));
        Caps {
            depth: wish.depth.unwrap_or(depth),
            light: wish.light.unwrap_or(light),
            marker: wish.marker.unwrap_or(marker),
        }
    }

    /// Whether the terminal should be asked for its background: nobody has told, it makes a difference, and it is no
    /// terminal that would print the question.
    pub fn asks(self, env: impl Fn(&str) -> Option<String>, wish: Wish) -> bool {
        let told = wish.light.is_some() || env("COLORFGBG").is_some_and(|v| !v.is_empty());
        let term = env("TERM").unwrap_or_default();
        let mute = term.is_empty() || OLD.contains(&term.as_str()) || term == "linux";
        !told && !mute && matches!(self.depth, Depth::Indexed | Depth::True)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(vars: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned())
    }

    fn caps(vars: &[(&str, &str)]) -> Caps {
        Caps::new(env(vars), Wish::default())
    }

    /// TUI-5: `NO_COLOR`, colour depths, light backgrounds, and TERM=xterm without LANG.
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
        assert_eq!(caps(&[("LC_ALL", "C"), ("TERM", "xterm")]).marker, Marker::Ascii);
        assert_eq!(caps(&[("LC_ALL", "C.UTF-8"), ("TERM", "xterm")]).marker, Marker::Braille);
        assert_eq!(caps(&[("TERM", "linux")]).marker, Marker::Block);
        let vt100 = caps(&[("TERM", "vt100"), ("LANG", "en_US.UTF-8")]);
        assert_eq!((vt100.marker, vt100.depth), (Marker::Ascii, Depth::None));
    }

    /// TUI-5: flags and settings come before the environment; a terminal is asked only where nobody has told.
    #[test]
    fn wishes_come_first() {
        let vars = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
        let flag = Wish { depth: Some(Depth::True), ..Wish::default() };
        let settings = Wish { depth: Some(Depth::Ansi), marker: Some(Marker::Octant), light: None };
        let wish = flag.or(settings);
        let c = Caps::new(env(&vars), wish);
        assert_eq!((c.depth, c.marker), (Depth::True, Marker::Octant));
        assert!(c.asks(env(&vars), wish));
        assert!(!c.asks(env(&vars), Wish { light: Some(false), ..wish }));
        assert!(!c.asks(env(&[("TERM", "xterm"), ("COLORFGBG", "15;0")]), wish));
        for term in ["", "linux", "dumb", "vt100"] {
            assert!(!c.asks(env(&[("TERM", term)]), wish), "{term}");
        }
        assert!(
            !caps(&[("TERM", "xterm")]).asks(env(&[("TERM", "xterm")]), Wish::default()),
            "its own sixteen"
        );
    }
}
