//! The viewer without a terminal: effects are carried out at once, in order, by the real engine and matcher.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use fgm::query::{Cancel, Engine};
use fgm_tui::app::message::{Effect, Message, Question, Slot};
use fgm_tui::app::{App, Overlay};
use fgm_tui::caps::{Caps, Depth};
use fgm_tui::effect::Event;
use fgm_tui::effect::finder::Finder;
use fgm_tui::effect::study;
use fgm_tui::effect::worker::answer;
use fgm_tui::keymap::{Code, Key};
use fgm_tui::theme::Palettes;
use fgm_tui::view::raster::Marker;
use fgm_tui::view::{self, Look};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

pub struct Session {
    pub app: App,
    pub look: Look,
    /// What was asked of the engine, in order.
    pub asked: Vec<(Slot, Question)>,
    engine: Engine,
    finder: Option<Finder>,
    events: (Sender<Event>, Receiver<Event>),
    size: (u16, u16),
}

pub fn look(depth: Depth, marker: Marker) -> Look {
    Look::new(Caps { depth, light: false, marker }, &Palettes::default())
}

impl Session {
    pub fn open(dir: &Path, w: u16, h: u16) -> Session {
        let engine = Engine::open(&[dir.to_owned()]).unwrap();
        let (app, effects) = App::new(engine.overview(), TimeZone::UTC, (w, h));
        let look = look(Depth::True, Marker::Braille);
        let mut s = Session {
            app,
            look,
            asked: Vec::new(),
            engine,
            finder: None,
            events: mpsc::channel(),
            size: (w, h),
        };
        s.perform(effects);
        s
    }

    pub fn send(&mut self, message: Message) {
        let effects = self.app.update(message);
        self.perform(effects);
    }

    /// Looks for new data, as the worker does every second.
    pub fn refresh(&mut self) {
        if self.engine.refresh().unwrap() {
            self.send(Message::Overview(self.engine.overview()));
        }
    }

    pub fn perform(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let message = match effect {
                Effect::Ask(ticket, question) => {
                    self.asked.push((ticket.slot, question.clone()));
                    let cancel = Cancel::default();
                    let study = study::answer(&self.engine, &question, &TimeZone::UTC, &cancel, &|_| ());
                    Message::Answer(ticket, study.unwrap_or_else(|| answer(&self.engine, question, &cancel)))
                }
                Effect::OpenSearch(number, lines) => {
                    self.finder = Some(Finder::new(number, lines, self.events.0.clone()));
                    self.found(number, "")
                }
                Effect::Pattern(text, longer) => {
                    self.finder.as_ref().unwrap().pattern(text.clone(), longer);
                    let Overlay::Search(search) = &self.app.overlay else { panic!("no search is open") };
                    self.found(search.number, &text)
                }
                _ => continue,
            };
            effects.extend(self.app.update(message));
        }
    }

    /// The matcher's last word on a pattern.
    fn found(&self, number: u64, pattern: &str) -> Message {
        loop {
            match self.events.1.recv_timeout(Duration::from_secs(10)).unwrap() {
                Event::Message(Message::Found(n, f)) if n == number && !f.running && f.pattern == pattern => {
                    return Message::Found(n, f);
                }
                _ => {}
            }
        }
    }

    /// Types characters.
    pub fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            self.send(Message::Key(Key::char(c)));
        }
    }

    pub fn key(&mut self, code: Code) {
        self.send(Message::Key(Key::plain(code)));
    }

    /// The screen with its styles.
    pub fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        terminal
            .draw(|f| {
                view::draw(&self.app, self.look, f.buffer_mut());
            })
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        let buf = self.buffer();
        let mut rows = Vec::new();
        for y in 0..self.size.1 {
            let mut row = String::new();
            let mut x = 0;
            while x < self.size.0 {
                let symbol = buf[(x, y)].symbol();
                row.push_str(symbol);
                x += fgm_tui::text::width(symbol).max(1) as u16;
            }
            // Trailing blanks are noise in a snapshot.
            rows.push(row.trim_end().to_owned());
        }
        rows.join("\n")
    }
}
