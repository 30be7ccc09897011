//! Keys, mouse and signals on their way in.
//!
//! Owns: the threads that wait for them, and the end of input. Must not: know what keys mean.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::app::message::{Message, Pointer, Press};
use crate::effect::Event;
use crate::keymap::{Code, Key};

/// Waits for keys and the mouse.
pub fn start(out: Sender<Event>) -> io::Result<()> {
    thread::Builder::new().name("fgm-input".into()).spawn(move || {
        while wait() {
            // Everything that has arrived; crossterm itself would spin on a terminal that has gone away.
            loop {
                match event::poll(Duration::ZERO) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) => return drop(out.send(Event::HungUp)),
                }
                let Ok(event) = event::read() else { return drop(out.send(Event::HungUp)) };
                if let Some(event) = translate(event)
                    && out.send(event).is_err()
                {
                    return;
                }
            }
        }
        let _ = out.send(Event::HungUp);
    })?;
    Ok(())
}

/// Blocks until there is input; false when there will be none any more: the end of the file, or a terminal that has
/// hung up.
fn wait() -> bool {
    let mut fd = libc::pollfd { fd: libc::STDIN_FILENO, events: libc::POLLIN, revents: 0 };
    loop {
        // SAFETY: one valid pollfd, which outlives the call.
        let n = unsafe { libc::poll(&raw mut fd, 1, -1) };
        if n < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
            continue;
        }
        if n < 0 || fd.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0 {
            return false;
        }
        let mut waiting: libc::c_int = 0;
        // SAFETY: FIONREAD writes one int, which outlives the call.
        let ok = unsafe { libc::ioctl(libc::STDIN_FILENO, libc::FIONREAD, &raw mut waiting) } == 0;
        return ok && waiting > 0;
    }
}

/// Waits for signals.
pub fn signals(out: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGWINCH, SIGCONT, SIGTSTP])?;
    thread::Builder::new().name("fgm-signals".into()).spawn(move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGWINCH => Event::Resized,
                SIGCONT => Event::Continued,
                SIGTSTP => Event::Suspend,
                end => Event::Signal(end),
            };
            if out.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

fn translate(e: event::Event) -> Option<Event> {
    let message = match e {
        event::Event::Key(k) if k.kind != KeyEventKind::Release => Message::Key(key(k)?),
        event::Event::Mouse(m) => Message::Pointer(pointer(m)?),
        event::Event::Paste(text) => Message::Paste(text),
        event::Event::Resize(..) => return Some(Event::Resized),
        _ => return None,
    };
    Some(Event::Message(message))
}

fn key(k: KeyEvent) -> Option<Key> {
    let code = match k.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        _ => return None,
    };
    let held = |m| k.modifiers.contains(m);
    // Capitals are characters of their own, and shift-tab is a key of its own.
    let shift = held(KeyModifiers::SHIFT) && !matches!(code, Code::Char(_) | Code::BackTab);
    Some(Key { code, ctrl: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT), shift })
}

fn pointer(m: MouseEvent) -> Option<Pointer> {
    let press = match m.kind {
        MouseEventKind::Down(MouseButton::Left) => Press::Down,
        MouseEventKind::Drag(MouseButton::Left) => Press::Drag,
        MouseEventKind::Up(MouseButton::Left) => Press::Up,
        MouseEventKind::ScrollUp => Press::WheelUp,
        MouseEventKind::ScrollDown => Press::WheelDown,
        _ => return None,
    };
    let shift = m.modifiers.intersects(KeyModifiers::SHIFT | KeyModifiers::CONTROL);
    Some(Pointer { press, x: m.column, y: m.row, shift })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::{Action, Context, action};

    /// TUI-4: what terminals report becomes the keys of the action table.
    #[test]
    fn keys_are_translated() {
        let of = |code, modifiers| key(KeyEvent::new(code, modifiers)).and_then(|k| action(Context::Main, k));
        assert_eq!(of(KeyCode::Char('H'), KeyModifiers::SHIFT), Some(Action::PanLeft));
        assert_eq!(of(KeyCode::Left, KeyModifiers::SHIFT), Some(Action::PanLeft));
        assert_eq!(of(KeyCode::Left, KeyModifiers::NONE), Some(Action::CursorLeft));
        assert_eq!(of(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(of(KeyCode::BackTab, KeyModifiers::SHIFT), Some(Action::FocusPrevious));
        assert_eq!(of(KeyCode::F(1), KeyModifiers::NONE), None);
    }
}
