//! Entering and leaving the terminal, and writing frames to it.
//!
//! Owns: raw mode, alternate screen, mouse modes, synchronized output; whatever happens, the terminal is left as it
//! was found (TUI-5). Must not: know what is drawn.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};

/// Alternate screen, buttons and drags in SGR form (not 1003: every motion would be traffic), bracketed paste, no
/// cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?25l\x1b[2J";
/// The reverse, and the end of a frame that may have been cut short.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?25h\x1b[?1049l";
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Settings to go back to; `None` outside.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

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
}

impl Screen {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Screen> {
        raw()?;
        let frame = Rc::new(RefCell::new(Vec::new()));
        let (w, h) = size();
        let terminal = Terminal::with_options(
            CrosstermBackend::new(Frame(Rc::clone(&frame))),
            TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, w, h)) },
        )?;
        Ok(Screen { terminal, frame })
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
        bytes.append(&mut frame);
        bytes.extend_from_slice(END);
        write(&bytes)
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
