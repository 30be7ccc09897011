//! A line that is typed at the foot of the screen: a time, a filter.
//!
//! Owns: the text and what it is for. Must not: know what becomes of it.

use tui_input::Input;

use super::search::request;
use crate::keymap::Key;

/// What the line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A time to put the cursor on.
    Time,
    /// A filter of subjects.
    Filter,
}

impl Asked {
    /// What stands before the line.
    pub fn label(self) -> &'static str {
        match self {
            Asked::Time => "go to (14:05, 2026-11-20T14:05, -10m): ",
            Asked::Filter => "filter (ns:data qos:burstable app; nothing shows all): ",
        }
    }
}

/// A line being typed.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What it is for.
    pub asked: Asked,
    /// What has been typed.
    pub input: Input,
}

impl Prompt {
    /// A line that begins with some text.
    pub fn new(asked: Asked, text: &str) -> Prompt {
        Prompt { asked, input: Input::new(text.to_owned()) }
    }

    /// Edits the text.
    pub fn edit(&mut self, key: Key) {
        if let Some(request) = request(key) {
            self.input.handle(request);
        }
    }

    /// Inserts pasted text up to its first line break.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars().take_while(|c| !matches!(c, '\n' | '\r')).filter(|c| !c.is_control()) {
            self.input.handle(tui_input::InputRequest::InsertChar(c));
        }
    }
}
