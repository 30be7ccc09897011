//! Fuzzy matching with nucleo, streaming.
//!
//! Owns: the matcher and its threads. Must not: know what the lines stand for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;

use nucleo::pattern::{CaseMatching, Normalization};
use nucleo::{Config, Matcher, Nucleo};

use super::Event;
use crate::app::message::{Found, Match};

/// Most matches that are handed over.
const MOST: u32 = 100;
/// Milliseconds to wait for the matcher before showing what there is.
const PATIENCE: u64 = 5;

/// What the threads of a search share with it.
struct Shared {
    out: Sender<Event>,
    /// Whether an event is on its way: one is enough, however much news there is.
    told: AtomicBool,
    /// Whether lines are still being added.
    adding: AtomicBool,
}

impl Shared {
    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            // Nobody listens only when all is over.
            let _ = self.out.send(Event::Search);
        }
    }
}

/// An open search.
pub struct Finder {
    number: u64,
    shared: Arc<Shared>,
    nucleo: Nucleo<usize>,
    matcher: Matcher,
}

impl Finder {
    /// Starts a search over these lines, which another thread adds while the first of them are being matched.
    pub fn new(number: u64, lines: Vec<Arc<str>>, out: Sender<Event>) -> Finder {
        let shared = Arc::new(Shared { out, told: AtomicBool::new(false), adding: AtomicBool::new(true) });
        let theirs = Arc::clone(&shared);
        let nucleo = Nucleo::new(Config::DEFAULT, Arc::new(move || theirs.tell()), Some(1), 1);
        let (injector, theirs) = (nucleo.injector(), Arc::clone(&shared));
        let add = move || {
            for (i, text) in lines.into_iter().enumerate() {
                injector.push(i, |_, columns| columns[0] = (&*text).into());
            }
            theirs.adding.store(false, Ordering::Release);
            theirs.tell();
        };
        let here = thread::Builder::new().name("fgm-search".into()).spawn(add);
        if here.is_err() {
            // Without a thread there are no lines to search in, and that is said by their number.
            shared.adding.store(false, Ordering::Release);
        }
        Finder { number, shared, nucleo, matcher: Matcher::new(Config::DEFAULT) }
    }

    /// Searches for this; `longer` when it only adds to what it was.
    pub fn pattern(&mut self, pattern: &str, longer: bool) {
        self.nucleo.pattern.reparse(0, pattern, CaseMatching::Smart, Normalization::Smart, longer);
    }

    /// Takes the matcher's results so far.
    pub fn poll(&mut self) -> (u64, Found) {
        // What comes from here on is news again.
        self.shared.told.store(false, Ordering::Release);
        let adding = self.shared.adding.load(Ordering::Acquire);
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
        (self.number, Found { matches, matched: n as usize, total, running: status.running || adding })
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
        let mut lines: Vec<Arc<str>> = (0..5000).map(|i| format!("containers.metric_{i}").into()).collect();
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

    /// TUI-3: 50,000 names wake the main loop a few times, not 50,000 times, and each time there is something to show.
    #[test]
    fn many_names_do_not_flood_the_main_loop() {
        let (tx, rx) = mpsc::channel();
        let name = |i: i32| format!("namespace-{}/pod-{i:05}/app  /kubepods/burstable/pod{i}", i % 40).into();
        let mut f = Finder::new(1, (0..50_000).map(name).collect(), tx);
        f.pattern("pod04999", false);
        let mut woken = 0;
        loop {
            // The next piece of news may have come with the poll.
            let _ = rx.recv_timeout(Duration::from_millis(50));
            assert_eq!(rx.try_iter().count(), 0, "told more than once");
            let (_, found) = f.poll();
            if !found.running {
                assert_eq!(found.total, 50_000);
                assert_eq!(found.matches[0].item, 4999);
                break;
            }
            woken += 1;
        }
        assert!(woken < 5_000, "{woken}");
    }
}
