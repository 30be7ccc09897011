//! The main loop: events in, one frame out.
//!
//! Owns: the order of things while the screen is taken. Must not: decide what is shown, or block on queries.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use signal_hook::consts::SIGTSTP;

use crate::app::App;
use crate::app::message::{Effect, Message, Slot};
use crate::app::opening::Opening;
use crate::caps::Caps;
use crate::config::Config;
use crate::effect::Event;
use crate::effect::finder::Finder;
use crate::effect::worker::Worker;
use crate::input;
use crate::source::Source;
use crate::state::Place;
use crate::terminal::{self, Screen};
use crate::theme::Palettes;
use crate::view::{self, Look, svg};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// How long an answer may take before the old picture is dimmed.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The user quit, or the terminal went away.
    Quit,
    /// By this signal.
    Signal(i32),
    /// A thread panicked.
    Panicked,
}

/// Width and height of copied pictures.
const PICTURE: (u32, u32) = (960, 360);

/// How a session begins.
pub struct Opened {
    /// The recording.
    pub source: Box<dyn Source>,
    /// As a command line names it.
    pub paths: Vec<PathBuf>,
    /// Zone of the clock axis.
    pub zone: TimeZone,
    /// What is shown first, if not the viewer's own choice.
    pub opening: Option<Opening>,
    /// Where the last view is kept.
    pub place: Option<Place>,
}

struct Session {
    app: App,
    look: Look,
    palettes: Palettes,
    screen: Screen,
    worker: Worker,
    finder: Option<Finder>,
    events: Sender<Event>,
    /// When the old picture will have been old for a moment.
    slow: Option<Instant>,
    end: Option<End>,
}

/// Shows a recording until the user leaves.
pub fn run(opened: Opened, config: &Config) -> io::Result<End> {
    let Opened { source, paths, zone, opening, place } = opened;
    let env = |name: &str| std::env::var(name).ok();
    let caps = Caps::new(env, config.wish);
    let (events, inbox) = mpsc::channel();
    input::signals(events.clone())?;
    panics(events.clone());
    let overview = source.overview();
    let worker = Worker::start(source, zone.clone(), events.clone())?;
    let mut screen = Screen::enter(caps.asks(env, config.wish))?;
    input::start(events.clone())?;
    let (mut app, mut effects) = App::new(overview, zone, screen.resize());
    app.paths = paths;
    if place.as_ref().is_some_and(Place::make) {
        app.welcome();
    }
    effects.extend(opening.map(|o| app.show(o)).unwrap_or_default());
    app.keymap = Arc::new(config.keymap.clone());
    let palettes = config.palettes;
    let look = Look::new(caps, &palettes);
    let mut s = Session { app, look, palettes, screen, worker, finder: None, events, slow: None, end: None };
    s.perform(effects)?;
    let end = s.serve(&inbox);
    if let (Some(place), Ok(End::Quit | End::Signal(_))) = (place, &end) {
        // Nothing but the view is lost with it, and there is no screen any more to say so.
        let _ = place.write(s.app.view());
    }
    end
}

/// A panic anywhere gives the terminal back before its message is printed, and ends the program.
fn panics(events: Sender<Event>) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        terminal::restore();
        before(info);
        let _ = events.send(Event::Panicked);
    }));
}

impl Session {
    fn serve(&mut self, inbox: &Receiver<Event>) -> io::Result<End> {
        let mut dirty = true;
        let mut drawn: Option<Instant> = None;
        loop {
            let now = Instant::now();
            let due = drawn.map_or(now, |d| d + FRAME);
            if dirty && due <= now {
                self.draw()?;
                dirty = false;
                drawn = Some(now);
            }
            if self.slow.is_some_and(|at| at <= now) {
                self.slow = None;
                dirty |= self.tell(Message::Slow)?;
                continue;
            }
            let next = match (dirty.then_some(due), self.slow) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            let first = match next {
                Some(at) => inbox.recv_timeout(at.saturating_duration_since(now)),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match first {
                Ok(event) => dirty |= self.handle(event)?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(End::Quit),
            }
            while let Some(event) = self.end.is_none().then(|| inbox.try_recv().ok()).flatten() {
                dirty |= self.handle(event)?;
            }
            if let Some(end) = self.end {
                return Ok(end);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (app, look) = (&self.app, self.look);
        self.screen.draw(|buf| view::draw(app, look, buf))?;
        #[cfg(debug_assertions)]
        assert!(std::env::var_os("FGM_TEST_PANIC").is_none(), "asked to panic by FGM_TEST_PANIC");
        Ok(())
    }

    /// Takes an event; true when the screen may have changed.
    fn handle(&mut self, event: Event) -> io::Result<bool> {
        match event {
            Event::Message(m) => self.tell(m),
            Event::Background(light) => {
                let caps = Caps { light, ..self.look.caps };
                self.look = Look::new(caps, &self.palettes);
                Ok(true)
            }
            Event::Resized => self.resized(),
            Event::Suspend => self.suspend(),
            Event::Continued => {
                Screen::resume()?;
                self.resized()
            }
            Event::Signal(s) => Ok(self.finish(End::Signal(s))),
            Event::HungUp => Ok(self.finish(End::Quit)),
            Event::Panicked => Ok(self.finish(End::Panicked)),
        }
    }

    fn finish(&mut self, end: End) -> bool {
        self.end = Some(end);
        false
    }

    fn resized(&mut self) -> io::Result<bool> {
        let (w, h) = self.screen.resize();
        self.tell(Message::Resize(w, h))
    }

    fn tell(&mut self, message: Message) -> io::Result<bool> {
        let effects = self.app.update(message);
        self.perform(effects)?;
        Ok(true)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Ask(ticket, question) => {
                    if let Slot::Chart(_) = ticket.slot {
                        self.slow = self.slow.or(Some(Instant::now() + PATIENCE));
                    }
                    self.worker.ask(ticket, question);
                }
                Effect::CallOff => self.worker.call_off(),
                Effect::OpenSearch(number, lines) => {
                    self.finder = Some(Finder::new(number, lines, self.events.clone()));
                }
                Effect::Pattern(text, longer) => {
                    if let Some(f) = &self.finder {
                        f.pattern(text, longer);
                    }
                }
                Effect::CloseSearch => self.finder = None,
                Effect::Copy(what, text) => self.copy(what, &text)?,
                Effect::CopyPicture => match svg::draw(&self.app, self.app.panel(), PICTURE.0, PICTURE.1) {
                    Some(picture) => self.copy("picture", &picture)?,
                    None => drop(self.tell(Message::Trouble("there is no picture yet".to_owned()))?),
                },
                Effect::Suspend => {
                    self.suspend()?;
                }
                Effect::Redraw => {
                    self.resized()?;
                }
                Effect::Quit => self.end = Some(End::Quit),
            }
        }
        Ok(())
    }

    fn copy(&mut self, what: &str, text: &str) -> io::Result<()> {
        let done = terminal::copy(text, |name| std::env::var(name).ok())?;
        self.tell(if done {
            let lines = text.lines().count();
            Message::Done(format!("copied: {what}, {lines} {}", if lines == 1 { "line" } else { "lines" }))
        } else {
            Message::Trouble(format!(
                "the {what} is too long for a terminal's clipboard; fgm-tui export writes it"
            ))
        })?;
        Ok(())
    }

    /// Stops until somebody sends SIGCONT, which comes in as an event of its own.
    fn suspend(&mut self) -> io::Result<bool> {
        if rustix::process::getsid(None).is_ok_and(|s| s == rustix::process::getpid()) {
            return self.tell(Message::Trouble("there is no shell to go back to".to_owned()));
        }
        terminal::restore();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        Ok(false)
    }
}
