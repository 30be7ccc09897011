//! Keys, mouse and signals on their way in.
//!
//! Owns: the threads that wait for them, and the end of input. Must not: know what keys mean.

pub mod parse;
mod pieces;

use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::stdio::stdin;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use self::parse::Input;
use crate::effect::Event;
use crate::{terminal, theme};

/// How long the main loop may take to end, the sealing of a live recording included.
const GRACE: Duration = Duration::from_secs(8);

/// Waits for keys and the mouse.
pub fn start(out: Sender<Event>) -> io::Result<()> {
    let (pieces, inbox) = mpsc::channel();
    let keys = out.clone();
    thread::Builder::new()
        .name("fgm-keys".into())
        .spawn(move || pieces::join(&inbox, |input| take(input, &keys)))?;
    thread::Builder::new().name("fgm-input".into()).spawn(move || {
        let mut chunk = [0; 4096];
        loop {
            match rustix::io::read(stdin(), &mut chunk) {
                Err(Errno::INTR) => {}
                // The end of the file, or EIO: the terminal has gone away.
                Ok(0) | Err(_) => {
                    terminal::answered();
                    return drop(out.send(Event::HungUp));
                }
                // The other thread ends after this one.
                Ok(n) => drop(pieces.send(chunk[..n].to_vec())),
            }
        }
    })?;
    Ok(())
}

fn take(input: Input, out: &Sender<Event>) {
    let event = match input {
        Input::Message(m) => Event::Message(m),
        Input::Background(rgb) => Event::Background(theme::is_light(rgb)),
        Input::Attributes => return terminal::answered(),
    };
    // Nobody listens only when all is over.
    let _ = out.send(event);
}

/// A signal to end is obeyed even when the main loop hangs in a terminal that takes no more output (ctrl-s, a dead
/// connection). A live recording is then recovered at the next start.
fn give_up_later(signal: i32) {
    let wait = move || {
        thread::sleep(GRACE);
        terminal::abandon();
        std::process::exit(128 + signal);
    };
    // Without a thread the main loop still has its chance.
    let _ = thread::Builder::new().name("fgm-grace".into()).spawn(wait);
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
                end => {
                    give_up_later(end);
                    Event::Signal(end)
                }
            };
            if out.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
