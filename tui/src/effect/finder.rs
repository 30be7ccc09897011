//! Fuzzy matching with nucleo, streaming.
//!
//! Owns: the matcher and its threads. Must not: know what the lines stand for.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use nucleo::pattern::{CaseMatching, Normalization};
use nucleo::{Config, Matcher, Nucleo};

use super::Event;
use crate::app::message::{Found, Match};

/// Most matches that are handed over.
const MOST: u32 = 300;
/// Milliseconds to wait for the matcher before showing what there is.
const PATIENCE: u64 = 5;

/// An open search.
pub struct Finder {
    number: u64,
    nucleo: Nucleo<usize>,
    matcher: Matcher,
}

impl Finder {
    /// Starts a search over these lines.
    pub fn new(number: u64, lines: Vec<String>, out: Sender<Event>) -> Finder {
        let notify = Arc::new(move || drop(out.send(Event::Search)));
        let nucleo = Nucleo::new(Config::DEFAULT, notify, Some(1), 1);
        let injector = nucleo.injector();
        for (i, text) in lines.into_iter().enumerate() {
            injector.push(i, |_, columns| columns[0] = text.into());
        }
        Finder { number, nucleo, matcher: Matcher::new(Config::DEFAULT) }
    }

    /// Searches for this; `longer` when it only adds to what it was.
    pub fn pattern(&mut self, pattern: &str, longer: bool) {
        self.nucleo.pattern.reparse(0, pattern, CaseMatching::Smart, Normalization::Smart, longer);
    }

    /// Takes the matcher's results so far.
    pub fn poll(&mut self) -> (u64, Found) {
        let status = self.nucleo.tick(PATIENCE);
        let snapshot = self.nucleo.snapshot();
        let n = snapshot.matched_item_count();
        let pattern = snapshot.pattern().column_pattern(0);
        let matches = snapshot
            .matched_items(..n.min(MOST))
            .map(|item| {
                let text = &item.matcher_columns[0];
                let mut positions = Vec::new();
                pattern.indices(text.slice(..), &mut self.matcher, &mut positions);
                positions.sort_unstable();
                positions.dedup();
                Match { item: *item.data, text: text.to_string(), positions }
            })
            .collect();
        let total = snapshot.item_count() as usize;
        (self.number, Found { matches, matched: n as usize, total, running: status.running })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    /// TUI-3: matches stream in, the best first, with the positions of what matched.
    #[test]
    fn finds_and_marks() {
        let (tx, rx) = mpsc::channel();
        let mut lines: Vec<String> = (0..5000).map(|i| format!("containers.metric_{i}")).collect();
        lines.push("containers.memory_pss_bytes".into());
        let mut f = Finder::new(7, lines, tx);
        f.pattern("pss", false);
        let mut last = f.poll();
        while last.1.running {
            assert!(rx.recv_timeout(Duration::from_secs(10)).is_ok(), "the matcher tells when it has news");
            last = f.poll();
        }
        let (number, found) = last;
        assert_eq!((number, found.matched, found.total), (7, 1, 5001));
        assert_eq!((found.matches[0].item, &found.matches[0].positions[..]), (5000, &[18, 19, 20][..]));
    }
}
