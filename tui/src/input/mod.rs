//! Keys, mouse and signals on their way in.
//!
//! Owns: the threads that wait for them, and the end of input. Must not: know what keys mean.

pub mod parse;

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use rustix::io::Errno;
use rustix::stdio::stdin;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::effect::Event;

/// Waits for keys and the mouse.
pub fn start(out: Sender<Event>) -> io::Result<()> {
    thread::Builder::new().name("fgm-input".into()).spawn(move || {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match rustix::io::read(stdin(), &mut chunk) {
                Err(Errno::INTR) => {}
                // The end of the file, or EIO: the terminal has gone away.
                Ok(0) | Err(_) => return drop(out.send(Event::HungUp)),
                Ok(n) => {
                    bytes.extend_from_slice(&chunk[..n]);
                    parse::drain(&mut bytes, |m| drop(out.send(Event::Message(m))));
                }
            }
        }
    })?;
    Ok(())
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
