//! What the recorder library logs, collected instead of written to the terminal.
//!
//! Owns: a bounded list of its warnings and errors. Must not: print; the screen belongs to the viewer.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::app::report::Saying;
use crate::text::clean;

/// Most lines that are kept; older ones go first.
const MOST: usize = 50;

#[derive(Default)]
struct Lines {
    last: VecDeque<Saying>,
    said: u64,
}

/// The list; clones share it.
#[derive(Clone, Default)]
pub struct Heard(Arc<Mutex<Lines>>);

impl Heard {
    /// Listens to everything in this process from now on.
    pub fn listen() -> Heard {
        let heard = Heard::default();
        // Refused only when somebody listens already, as other tests of one process do.
        let _ = tracing::subscriber::set_global_default(heard.subscriber());
        heard
    }

    fn subscriber(&self) -> impl Subscriber + use<> {
        tracing_subscriber::registry().with(self.clone())
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lines there were in all.
    pub fn said(&self) -> u64 {
        self.lines().said
    }

    /// The last lines, the newest last, and how many there were in all.
    pub fn last(&self) -> (Vec<Saying>, u64) {
        let lines = self.lines();
        (lines.last.iter().cloned().collect(), lines.said)
    }
}

impl<S: Subscriber> Layer<S> for Heard {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // Whatever else logs is not about the recording.
        *metadata.level() <= Level::WARN && metadata.target().starts_with("fgm")
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Saying {
            at: i64::try_from(now.as_micros()).unwrap_or(i64::MAX),
            error: *event.metadata().level() == Level::ERROR,
            text: clean(&(text.message + &text.fields)),
        };
        let mut lines = self.lines();
        lines.said += 1;
        lines.last.push_back(line);
        if lines.last.len() > MOST {
            lines.last.pop_front();
        }
    }
}

/// The message, and behind it the other fields: `a tick could not be written: No space left`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "error" => write!(self.fields, ": {value:?}"),
            name => write!(self.fields, " ({name} {value:?})"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-1: warnings and errors of ours are kept in one line each, the last of them, and nothing else.
    #[test]
    fn warnings_are_kept_and_bounded() {
        let heard = Heard::default();
        tracing::subscriber::with_default(heard.subscriber(), || {
            tracing::info!("recording");
            tracing::warn!(target: "elsewhere", "not ours");
            tracing::warn!(count = 3, "cannot read {}\x1b[2J", "io");
            tracing::error!(error = %"disk full", "a tick could not be written");
        });
        let (lines, said) = heard.last();
        let texts: Vec<_> = lines.iter().map(|l| (l.error, l.text.as_str())).collect();
        assert_eq!(said, 2);
        assert_eq!(
            texts,
            [(false, "cannot read io\\x1b[2J (count 3)"), (true, "a tick could not be written: disk full")]
        );
        tracing::subscriber::with_default(heard.subscriber(), || {
            (0..200).for_each(|n| tracing::warn!("warning {n}"));
        });
        let (lines, said) = heard.last();
        assert_eq!((lines.len(), said, lines[MOST - 1].text.as_str()), (MOST, 202, "warning 199"));
    }
}
