//! Keys and how they are spelt: for people in help, and for files.
//!
//! Owns: the names of keys and their grammar (`ctrl-left`, `alt-x`, `space`). Must not: know what keys do.

use std::fmt;
use std::str::FromStr;

/// A key on the keyboard, without modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character as typed; capitals are characters of their own.
    Char(char),
    /// Return.
    Enter,
    /// Escape.
    Esc,
    /// Tabulator.
    Tab,
    /// Shift and tabulator.
    BackTab,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// Control held.
    pub ctrl: bool,
    /// Alt held.
    pub alt: bool,
    /// Shift held; never set for characters.
    pub shift: bool,
}

impl Key {
    /// Without modifiers.
    pub const fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    /// A character.
    pub const fn char(c: char) -> Key {
        Key::plain(Code::Char(c))
    }

    /// Control and a character.
    pub const fn ctrl(c: char) -> Key {
        Key { code: Code::Char(c), ctrl: true, alt: false, shift: false }
    }

    /// Control and a key that is no character.
    pub const fn with_ctrl(code: Code) -> Key {
        Key { code, ctrl: true, alt: false, shift: false }
    }

    /// Shift and a key that is no character.
    pub const fn with_shift(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: true }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in self.modifiers() {
            if held {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Left => f.write_str("←"),
            Code::Right => f.write_str("→"),
            Code::Up => f.write_str("↑"),
            Code::Down => f.write_str("↓"),
            code => code.spell(f),
        }
    }
}

/// Names of the keys that are no characters of their own, as files have them.
const NAMES: [(&str, Code); 15] = [
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("left", Code::Left),
    ("right", Code::Right),
    ("up", Code::Up),
    ("down", Code::Down),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
];

impl Code {
    fn spell(self, f: &mut impl fmt::Write) -> fmt::Result {
        match (NAMES.iter().find(|(_, code)| *code == self), self) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Code::Char(c)) => f.write_char(c),
            (None, _) => Ok(()),
        }
    }
}

impl Key {
    /// The key as files have it: in ASCII, if it is no letter of another alphabet.
    pub fn name(self) -> String {
        let mut out = String::new();
        for (held, name) in self.modifiers() {
            if held {
                out.push_str(name);
            }
        }
        // Writing to a string cannot fail.
        let _ = self.code.spell(&mut out);
        out
    }

    fn modifiers(self) -> [(bool, &'static str); 3] {
        [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")]
    }

    /// The key that a terminal sends for this one: control and some letters are keys of their own.
    fn as_sent(self) -> Key {
        let code = match self.code {
            Code::Char('i') if self.ctrl => Code::Tab,
            Code::Char('m') if self.ctrl => Code::Enter,
            Code::Char('h') if self.ctrl => Code::Backspace,
            _ => return self,
        };
        Key { code, ctrl: false, ..self }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let mut key = Key::plain(Code::Esc);
        let mut rest = text;
        loop {
            if let Some((_, code)) = NAMES.iter().find(|(name, _)| rest.eq_ignore_ascii_case(name)) {
                key.code = *code;
                break;
            }
            let mut chars = rest.chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                key.code = Code::Char(c);
                break;
            }
            // Lower case has as many bytes: the prefix is ASCII.
            let held = |name: &str| rest.get(..name.len()).is_some_and(|p| p.eq_ignore_ascii_case(name));
            let (flag, used) = if held("ctrl-") {
                (&mut key.ctrl, 5)
            } else if held("alt-") {
                (&mut key.alt, 4)
            } else if held("shift-") {
                (&mut key.shift, 6)
            } else {
                let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "there is no key {text:?}; keys are characters, {}, with ctrl-, alt- or shift- before them",
                    names.join(", ")
                ));
            };
            *flag = true;
            rest = &rest[used..];
        }
        match key.code {
            Code::Char(c) if key.shift => Err(format!(
                "{text:?}: shift and a character is the character itself, such as {}",
                c.to_uppercase()
            )),
            Code::Char(c) if key.ctrl && !c.is_ascii_alphabetic() => {
                Err(format!("{text:?}: terminals send ctrl- only with letters and arrows"))
            }
            Code::Char(c) if c.is_control() => Err(format!("{text:?} is no key that can be typed")),
            Code::Char(c) if key.ctrl => {
                Ok(Key { code: Code::Char(c.to_ascii_lowercase()), ..key }.as_sent())
            }
            _ => Ok(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelt_for_people() {
        assert_eq!(Key::ctrl('c').to_string(), "ctrl-c");
        assert_eq!(Key::with_shift(Code::Left).to_string(), "shift-←");
        assert_eq!(Key::char(' ').to_string(), "space");
        assert_eq!(Key::plain(Code::PageDown).to_string(), "pgdn");
    }

    /// TUI-4: every key can be written into a file and read from it; mistakes are explained.
    #[test]
    fn keys_are_spelt_for_files() {
        for e in super::super::TABLE {
            for k in e.keys {
                assert_eq!(k.name().parse(), Ok(*k), "{}", e.name);
            }
        }
        assert_eq!("CTRL-Left".parse(), Ok(Key::with_ctrl(Code::Left)));
        assert_eq!("-".parse(), Ok(Key::char('-')));
        assert_eq!("ctrl-I".parse(), Ok(Key::plain(Code::Tab)), "what terminals send for it");
        assert_eq!("alt-é".parse(), Ok(Key { alt: true, ..Key::char('é') }));
        for (wrong, word) in
            [("", "no key"), ("hyper-x", "no key"), ("shift-a", "such as A"), ("ctrl-1", "only with letters")]
        {
            let line = wrong.parse::<Key>().unwrap_err();
            assert!(line.contains(word), "{wrong}: {line}");
        }
    }
}
