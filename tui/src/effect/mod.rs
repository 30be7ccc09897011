//! What carries effects out, off the UI thread.
//!
//! Owns: workers and the events that they and the outside send. Must not: know the state.

mod clocks;
pub mod finder;
mod queue;
pub mod study;
pub mod worker;

use crate::app::message::Message;

/// Everything that wakes the main loop.
#[derive(Debug)]
pub enum Event {
    /// For the state.
    Message(Message),
    /// The terminal has said whether its background is light.
    Background(bool),
    /// The screen has another size.
    Resized,
    /// Somebody wants the program to stop being in the foreground.
    Suspend,
    /// The program runs again after having been stopped.
    Continued,
    /// A signal asks for the end.
    Signal(i32),
    /// The terminal is gone.
    HungUp,
    /// A thread panicked; its message is already on the screen.
    Panicked,
}
