//! Entering and leaving the terminal, and writing frames to it.
//!
//! Owns: raw mode, alternate screen, mouse modes, synchronized output; whatever happens, the terminal is left as it
//! was found (TUI-5). Must not: know what is drawn.

mod encode;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ratatui::buffer::Buffer;
use ratatui::crossterm::cursor::{Hide, MoveTo, Show};
use ratatui::crossterm::style::force_color_output;
use ratatui::layout::{Position, Rect};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};

use encode::say;

/// Alternate screen, buttons and drags in SGR form (not 1003: every motion would be traffic), bracketed paste, no
/// cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?25l\x1b[2J";
/// The reverse, and the end of a frame that may have been cut short.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?25h\x1b[?1049l";
/// What is the background, and what kind of terminal is it? The second question is answered by all of them.
const ASK: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// How long an answer may be on its way, by satellite, too.
const ANSWER: Duration = Duration::from_millis(1500);
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
const CLEAR: &str = "\x1b[2J";

/// Settings to go back to; `None` outside.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// When the terminal was asked, until it has answered.
static ASKED: Mutex<Option<Instant>> = Mutex::new(None);

/// The terminal has answered, or never will.
pub fn answered() {
    *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Waits for an answer that is on its way: it must not come out in the shell.
fn settle() {
    let waits = || {
        let asked = *ASKED.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|at| at.elapsed() < ANSWER)
    };
    while waits() {
        std::thread::sleep(Duration::from_millis(5));
    }
    answered();
}

/// Whether both ends are terminals; otherwise the one that is not.
pub fn check() -> Result<(), &'static str> {
    if !termios::isatty(stdin()) {
        return Err("standard input");
    }
    if !termios::isatty(stdout()) {
        return Err("standard output");
    }
    Ok(())
}

/// Columns and rows; 80×24 when the terminal does not know.
pub fn size() -> (u16, u16) {
    match termios::tcgetwinsize(stdout()) {
        Ok(s) if s.ws_col > 0 && s.ws_row > 0 => (s.ws_col, s.ws_row),
        _ => (80, 24),
    }
}

/// Puts the terminal back as it was. May be called at any time, from any thread, more than once.
pub fn restore() {
    settle();
    let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(settings) = saved.take() {
        // On the way out there is nobody left to tell about a dead terminal.
        let _ = write(LEAVE);
        let _ = termios::tcflush(stdin(), QueueSelector::IFlush);
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &settings);
    }
}

/// The same for a terminal that takes no more output: only the settings, without waiting for anybody.
pub fn abandon() {
    if let Ok(mut saved) = SAVED.try_lock()
        && let Some(settings) = saved.take()
    {
        let _ = termios::tcsetattr(stdin(), OptionalActions::Now, &settings);
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// Longest text that terminals are known to take into the clipboard, in Base64.
const LONGEST: usize = 74_994;

/// Puts a text into the clipboard of the terminal's user, however far away (OSC 52). Within tmux it is also sent through
/// to the terminal around it, since tmux takes it for itself only if `set-clipboard` is on. False when the text is
/// too long.
pub fn copy(text: &str, env: impl Fn(&str) -> Option<String>) -> io::Result<bool> {
    match clipboard(text, env("TMUX").is_some_and(|v| !v.is_empty())) {
        Some(bytes) => write(&bytes).map(|()| true),
        None => Ok(false),
    }
}

fn clipboard(text: &str, tmux: bool) -> Option<Vec<u8>> {
    let encoded = BASE64_STANDARD.encode(text);
    if encoded.len() > LONGEST {
        return None;
    }
    let mut bytes = format!("\x1b]52;c;{encoded}\x07").into_bytes();
    if tmux {
        // Within the envelope each escape is doubled.
        bytes.extend_from_slice(format!("\x1bPtmux;\x1b\x1b]52;c;{encoded}\x07\x1b\\").as_bytes());
    }
    Some(bytes)
}

/// The terminal while the viewer has it.
pub struct Screen {
    /// What it shows; `None` when that is not known.
    shown: Option<Buffer>,
    /// Where its cursor is seen.
    cursor: Option<Position>,
    area: Rect,
}

impl Screen {
    /// Takes the terminal over; `ask` for its background, too. Answers come in with the keys.
    pub fn enter(ask: bool) -> io::Result<Screen> {
        // Whether there are colours has been decided, NO_COLOR included.
        force_color_output(true);
        raw()?;
        if ask {
            *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            write(ASK)?;
        }
        Ok(Screen { shown: None, cursor: None, area: Rect::ZERO })
    }

    /// Takes it over again after [`restore`]; its size may be another.
    pub fn resume() -> io::Result<()> {
        restore();
        raw()
    }

    /// Follows the terminal's size, and draws everything anew. Frames have the size that is returned until the next call,
    /// whatever the terminal does meanwhile.
    pub fn resize(&mut self) -> (u16, u16) {
        let (w, h) = size();
        self.area = Rect::new(0, 0, w, h);
        self.shown = None;
        (w, h)
    }

    /// Draws a frame: one write, shown at once by terminals that know synchronized output; none when nothing changed.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        let mut next = Buffer::empty(self.area);
        let cursor = render(&mut next);
        let mut frame = String::from(BEGIN);
        match &self.shown {
            Some(shown) => encode::encode(shown, &next, &mut frame),
            None => {
                frame.push_str(CLEAR);
                say(&Hide, &mut frame);
                self.cursor = None;
                encode::encode(&Buffer::empty(self.area), &next, &mut frame);
            }
        }
        let same = frame.len() == BEGIN.len() && cursor == self.cursor;
        match cursor {
            Some(at) if !same => {
                say(&MoveTo(at.x, at.y), &mut frame);
                if self.cursor.is_none() {
                    say(&Show, &mut frame);
                }
            }
            None if self.cursor.is_some() => say(&Hide, &mut frame),
            _ => {}
        }
        (self.shown, self.cursor) = (Some(next), cursor);
        // Once another thread has panicked and given the terminal back, its message stays readable.
        if same || SAVED.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Ok(());
        }
        frame.push_str(END);
        write(frame.as_bytes())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn raw() -> io::Result<()> {
    let settings = termios::tcgetattr(stdin())?;
    let mut wanted = settings.clone();
    wanted.make_raw();
    *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
    termios::tcsetattr(stdin(), OptionalActions::Now, &wanted)?;
    write(ENTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-4: the clipboard's text is wrapped for tmux, and not cut without a word.
    #[test]
    fn texts_go_to_the_clipboard() {
        assert_eq!(clipboard("a\tb", false).unwrap(), b"\x1b]52;c;YQli\x07");
        let twice = b"\x1b]52;c;YQli\x07\x1bPtmux;\x1b\x1b]52;c;YQli\x07\x1b\\";
        assert_eq!(clipboard("a\tb", true).unwrap(), twice);
        assert_eq!(clipboard(&"x".repeat(100_000), false), None);
    }
}
