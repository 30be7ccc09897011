//! Entering and leaving the terminal, and writing frames to it.
//!
//! Owns: raw mode, alternate screen, mouse modes, synchronized output; whatever happens, the terminal is left as it
//! was found (TUI-5). Must not: know what is drawn.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm;
use ratatui::layout::{Position, Rect};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};

use crate::caps::Depth;

/// Alternate screen, buttons and drags in SGR form (not 1003: every motion would be traffic), bracketed paste, no
/// cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?25l\x1b[2J";
/// The reverse, and the end of a frame that may have been cut short.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?25h\x1b[?1049l";
/// What is the background, and what kind of terminal is it? The second question is answered by all of them.
const ASK: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// How long an answer may be on its way.
const ANSWER: Duration = Duration::from_millis(500);
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

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

/// Collects a frame, so that it goes out in one write.
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while the viewer has it.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Frame>>,
    frame: Rc<RefCell<Vec<u8>>>,
    /// Whether the terminal has only sixteen colours.
    sixteen: bool,
}

impl Screen {
    /// Takes the terminal over; `ask` for its background, too. Answers come in with the keys.
    pub fn enter(depth: Depth, ask: bool) -> io::Result<Screen> {
        // Whether there are colours has been decided, NO_COLOR included.
        crossterm::style::force_color_output(true);
        raw()?;
        if ask {
            *ASKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            write(ASK)?;
        }
        let frame = Rc::new(RefCell::new(Vec::new()));
        let (w, h) = size();
        let terminal = Terminal::with_options(
            CrosstermBackend::new(Frame(Rc::clone(&frame))),
            TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, w, h)) },
        )?;
        Ok(Screen { terminal, frame, sixteen: depth == Depth::Ansi })
    }

    /// Takes it over again after [`restore`].
    pub fn resume(&mut self) -> io::Result<()> {
        restore();
        raw()?;
        self.resize()
    }

    /// Follows the terminal's size, and draws everything anew.
    pub fn resize(&mut self) -> io::Result<()> {
        let (w, h) = size();
        self.terminal.resize(Rect::new(0, 0, w, h))
    }

    /// Draws a frame: one write, shown at once by terminals that know synchronized output.
    pub fn draw(&mut self, render: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        self.terminal.draw(|f| {
            if let Some(at) = render(f.buffer_mut()) {
                f.set_cursor_position(at);
            }
        })?;
        let mut frame = self.frame.borrow_mut();
        if SAVED.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            // Another thread panicked and gave the terminal back: its message stays readable.
            frame.clear();
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(frame.len() + BEGIN.len() + END.len());
        bytes.extend_from_slice(BEGIN);
        if self.sixteen {
            in_sixteen(&frame, &mut bytes);
            frame.clear();
        } else {
            bytes.append(&mut frame);
        }
        bytes.extend_from_slice(END);
        write(&bytes)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Says the first sixteen of the 256 colours (`38;5;6`) as terminals that have only these understand them (`36`).
fn in_sixteen(frame: &[u8], out: &mut Vec<u8>) {
    let mut rest = frame;
    while let Some(at) = rest.windows(2).position(|w| w == b"\x1b[") {
        let (before, sequence) = rest.split_at(at + 2);
        out.extend_from_slice(before);
        let end = sequence.iter().position(|c| (0x40..=0x7e).contains(c)).unwrap_or(sequence.len());
        let (body, behind) = sequence.split_at(end);
        match str::from_utf8(body) {
            Ok(body) if behind.first() == Some(&b'm') => out.extend_from_slice(shorter(body).as_bytes()),
            _ => out.extend_from_slice(body),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// The parameters of one SGR sequence.
fn shorter(body: &str) -> String {
    let mut words = Vec::new();
    let mut all = body.split(';');
    while let Some(word) = all.next() {
        let (normal, bright) = match word {
            "38" => (30, 90),
            "48" => (40, 100),
            _ => {
                words.push(word.to_owned());
                continue;
            }
        };
        match (all.next(), all.next().and_then(|n| n.parse::<u32>().ok())) {
            (Some("5"), Some(n @ 0..=7)) => words.push((normal + n).to_string()),
            (Some("5"), Some(n @ 8..=15)) => words.push((bright + n - 8).to_string()),
            // The theme has no other colours for such a terminal.
            _ => {}
        }
    }
    words.join(";")
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

    /// TUI-5: terminals with sixteen colours get no sequences for 256.
    #[test]
    fn sixteen_colours_are_said_in_short() {
        let said = |frame: &[u8]| {
            let mut out = Vec::new();
            in_sixteen(frame, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(said(b"a\x1b[38;5;6mb\x1b[48;5;12;1mc\x1b[2;3H"), "a\x1b[36mb\x1b[104;1mc\x1b[2;3H");
        assert_eq!(said(b"\x1b[38;5;9;48;5;0m\x1b[39;49m"), "\x1b[91;40m\x1b[39;49m");
        assert_eq!(said(b"cut \x1b[38;5"), "cut \x1b[38;5");
    }
}
