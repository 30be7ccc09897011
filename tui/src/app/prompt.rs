//! Opening the search prompt and taking what it found; taking typed lines.
//!
//! Owns: what is searched, and what a taken match does. Must not: match, or edit text (see [`super::search`]).

use std::sync::Arc;

use super::line::Asked;
use super::message::{Effect, Message};
use super::search::{Hit, Purpose, Search, Target};
use super::{App, Overlay};
use crate::keymap::{Action, Context, TABLE};

/// A match that was taken before it was found, by somebody who types faster than matching takes, and what came after it.
#[derive(Debug)]
pub(super) struct TypedAhead {
    close: bool,
    then: Vec<Message>,
}

impl App {
    /// Holds keys back that were typed after taking a match that is not there yet; all but the one that closes the
    /// search.
    pub(super) fn hold_back(&mut self, message: Message) -> Option<Message> {
        if !matches!(self.overlay, Overlay::Search(_)) {
            self.typed_ahead = None;
        }
        let Some(ahead) = &mut self.typed_ahead else { return Some(message) };
        let closes = |key| self.keymap.action(Context::Search, key) == Some(Action::SearchClose);
        match message {
            Message::Key(key) if closes(key) => self.typed_ahead = None,
            Message::Key(_) | Message::Paste(_) => {
                ahead.then.push(message);
                return None;
            }
            _ => {}
        }
        Some(message)
    }

    /// Takes the match that was waited for, and what was typed since.
    pub(super) fn catch_up(&mut self) -> Vec<Effect> {
        if matches!(&self.overlay, Overlay::Search(s) if s.pending) {
            return Vec::new();
        }
        let Some(TypedAhead { close, then }) = self.typed_ahead.take() else { return Vec::new() };
        let mut effects = self.take_hit(close);
        effects.extend(then.into_iter().flat_map(|m| self.update(m)));
        effects
    }

    pub(super) fn open_search(&mut self, purpose: Purpose) -> Vec<Effect> {
        self.generation += 1;
        let (target, lines) = match purpose {
            Purpose::DrawSubject => {
                let (names, numbers) = (self.subjects().names(), self.subjects().numbers());
                let line = |i: &u32| Arc::clone(&names.entries[*i as usize].haystack);
                let lines = numbers.iter().map(line).collect();
                (Target::Subjects(Arc::clone(names), numbers), lines)
            }
            Purpose::ShowMetric | Purpose::AddPanel => {
                let all: Vec<_> = self.metrics.all().collect();
                let lines = all.iter().map(|m| format!("{}.{}", m.table, m.name).into()).collect();
                (Target::Metrics(all), lines)
            }
            Purpose::Act => {
                let all =
                    || TABLE.iter().filter(|e| e.context == Context::Main && e.action != Action::Palette);
                let lines = all().map(|e| format!("{}  {}", e.name, e.help).into()).collect();
                (Target::Actions(all().map(|e| e.action).collect()), lines)
            }
        };
        let home = self.panel().metric.table;
        self.overlay = Overlay::Search(Box::new(Search::new(self.generation, (target, purpose), home)));
        vec![Effect::OpenSearch(self.generation, lines)]
    }

    pub(super) fn step_search(&mut self, by: isize) -> Vec<Effect> {
        if let Overlay::Search(s) = &mut self.overlay {
            s.step(by);
        }
        self.ask_preview()
    }

    pub(super) fn take_hit(&mut self, close: bool) -> Vec<Effect> {
        let Overlay::Search(s) = &self.overlay else { return Vec::new() };
        if s.pending {
            self.typed_ahead = Some(TypedAhead { close, then: Vec::new() });
            return Vec::new();
        }
        let hit = s.hit();
        let mut effects = match hit.clone() {
            Some(Hit::Metric(m)) if s.purpose == Purpose::AddPanel => self.add_panel(m),
            Some(Hit::Metric(m)) => self.show_metric(m),
            Some(Hit::Subject(key)) => {
                let group = self.group_mut();
                group.group_by(None);
                group.subjects.select(&key);
                if close && group.drawn.position(&key).is_some() {
                    group.select_listed();
                    Vec::new()
                } else {
                    self.toggle(key)
                }
            }
            // Once the prompt has gone, which an action may replace by something of its own.
            Some(Hit::Action(_)) | None => Vec::new(),
        };
        if close {
            self.overlay = Overlay::None;
            effects.push(Effect::CloseSearch);
            if let Some(Hit::Action(action)) = hit {
                effects.extend(self.act(action));
            }
        }
        effects
    }

    /// Takes the line that was typed.
    pub(super) fn take_line(&mut self) -> Vec<Effect> {
        let Overlay::Prompt(p) = std::mem::replace(&mut self.overlay, Overlay::None) else {
            return Vec::new();
        };
        match p.asked {
            Asked::Time => self.go_to(p.input.value()),
            Asked::Filter => self.set_filter(p.input.value()),
        }
    }
}
