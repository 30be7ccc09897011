//! Fuzzy matching with nucleo, streaming, on threads of its own: whoever types waits for nothing.
//!
//! Owns: the matcher and its threads. Must not: know what the lines stand for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use nucleo::pattern::{CaseMatching, Normalization};
use nucleo::{Config, Injector, Matcher, Nucleo};

use super::Event;
use crate::app::message::{Found, Match, Message};

/// Most matches that are handed over.
const MOST: u32 = 100;
/// Milliseconds to wait for the matcher before telling what there is.
const PATIENCE: u64 = 10;

/// What the thread is told.
enum Order {
    /// The matcher has got further.
    News,
    /// The pattern is now this; true when it only got longer.
    Pattern(String, bool),
    /// Nobody searches any more.
    End,
}

/// What the threads of a search share.
struct Shared {
    orders: Sender<Order>,
    /// Whether news is on its way: once is enough, however much there is.
    told: AtomicBool,
    /// Whether lines are still being added.
    adding: AtomicBool,
}

impl Shared {
    fn tell(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            // Nobody listens only when all is over.
            let _ = self.orders.send(Order::News);
        }
    }
}

/// An open search; dropping it ends it.
pub struct Finder {
    orders: Sender<Order>,
}

impl Finder {
    /// Starts a search over these lines, which another thread adds while the first of them are being matched. What is
    /// found is sent as messages.
    pub fn new(number: u64, lines: Vec<Arc<str>>, out: Sender<Event>) -> Finder {
        let (orders, inbox) = mpsc::channel();
        let shared = Arc::new(Shared {
            orders: orders.clone(),
            told: AtomicBool::new(false),
            adding: AtomicBool::new(true),
        });
        let nothing = out.clone();
        let work = move || Search::new(number, shared, lines, out).serve(&inbox);
        if thread::Builder::new().name("fgm-search".into()).spawn(work).is_err() {
            // Without a thread there are no lines to search in, and that is said by their number.
            let _ = nothing.send(Event::Message(Message::Found(number, Found::default())));
        }
        Finder { orders }
    }

    /// Searches for this; `longer` when it only adds to what it was.
    pub fn pattern(&self, pattern: String, longer: bool) {
        // Without a thread nothing is found.
        let _ = self.orders.send(Order::Pattern(pattern, longer));
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::End);
    }
}

/// The thread's side of it.
struct Search {
    number: u64,
    shared: Arc<Shared>,
    nucleo: Nucleo<usize>,
    matcher: Matcher,
    pattern: String,
    out: Sender<Event>,
}

impl Search {
    fn new(number: u64, shared: Arc<Shared>, lines: Vec<Arc<str>>, out: Sender<Event>) -> Search {
        let theirs = Arc::clone(&shared);
        let nucleo = Nucleo::new(Config::DEFAULT, Arc::new(move || theirs.tell()), Some(1), 1);
        let (injector, theirs) = (nucleo.injector(), Arc::clone(&shared));
        let add = move || add(&injector, lines, &theirs);
        if thread::Builder::new().name("fgm-lines".into()).spawn(add).is_err() {
            shared.adding.store(false, Ordering::Release);
            shared.tell();
        }
        Search { number, shared, nucleo, matcher: Matcher::new(Config::DEFAULT), pattern: String::new(), out }
    }

    fn serve(mut self, inbox: &Receiver<Order>) {
        let mut told: Option<(String, usize)> = None;
        while let Ok(first) = inbox.recv() {
            for order in std::iter::once(first).chain(inbox.try_iter()) {
                match order {
                    Order::News => {}
                    Order::Pattern(text, longer) => {
                        let (case, form) = (CaseMatching::Smart, Normalization::Smart);
                        self.nucleo.pattern.reparse(0, &text, case, form, longer);
                        self.pattern = text;
                    }
                    Order::End => return,
                }
            }
            // What comes from here on is news again.
            self.shared.told.store(false, Ordering::Release);
            let adding = self.shared.adding.load(Ordering::Acquire);
            let status = self.nucleo.tick(PATIENCE);
            let running = status.running || adding;
            let total = self.nucleo.snapshot().item_count() as usize;
            let done = (!running).then(|| (self.pattern.clone(), total));
            // The end is told once; on the way to it, what is new.
            let new = if running { status.changed } else { done != told };
            if !new {
                continue;
            }
            let found = self.found(running);
            if self.out.send(Event::Message(Message::Found(self.number, found))).is_err() {
                return;
            }
            told = done;
        }
    }

    /// The matcher's results so far.
    fn found(&mut self, running: bool) -> Found {
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
        Found { pattern: self.pattern.clone(), matches, matched: n as usize, total, running }
    }
}

fn add(injector: &Injector<usize>, lines: Vec<Arc<str>>, shared: &Shared) {
    for (i, text) in lines.into_iter().enumerate() {
        injector.push(i, |_, columns| columns[0] = (&*text).into());
    }
    shared.adding.store(false, Ordering::Release);
    shared.tell();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The last word on a pattern, and how many there were before it.
    fn last(inbox: &Receiver<Event>, pattern: &str) -> (u64, Found, usize) {
        for before in 0.. {
            match inbox.recv_timeout(Duration::from_secs(10)).unwrap() {
                Event::Message(Message::Found(number, found))
                    if !found.running && found.pattern == pattern =>
                {
                    return (number, found, before);
                }
                _ => {}
            }
        }
        unreachable!("the loop has no end")
    }

    /// TUI-3: matches stream in, the best first, with the positions of what matched, and with the pattern that they are
    /// for.
    #[test]
    fn finds_and_marks() {
        let (tx, rx) = mpsc::channel();
        let mut lines: Vec<Arc<str>> = (0..5000).map(|i| format!("containers.metric_{i}").into()).collect();
        lines.push("containers.memory_pss_bytes".into());
        let f = Finder::new(7, lines, tx);
        f.pattern("pss".to_owned(), false);
        let (number, found, _) = last(&rx, "pss");
        assert_eq!((number, found.matched, found.total), (7, 1, 5001));
        assert_eq!((found.matches[0].item, &found.matches[0].positions[..]), (5000, &[18, 19, 20][..]));
        f.pattern("ps".to_owned(), false);
        assert_eq!(last(&rx, "ps").1.matches[0].item, 5000);
        drop(f);
        assert!(rx.recv_timeout(Duration::from_secs(10)).is_err(), "the thread ends");
    }

    /// TUI-3: 50,000 names wake the main loop a few times, not 50,000 times.
    #[test]
    fn many_names_do_not_flood_the_main_loop() {
        let (tx, rx) = mpsc::channel();
        let name = |i: i32| format!("namespace-{}/pod-{i:05}/app  /kubepods/burstable/pod{i}", i % 40).into();
        let f = Finder::new(1, (0..50_000).map(name).collect(), tx);
        f.pattern("pod04999".to_owned(), false);
        let (_, found, before) = last(&rx, "pod04999");
        assert_eq!((found.total, found.matches[0].item), (50_000, 4999));
        assert!(before < 5_000, "{before}");
        assert!(rx.recv_timeout(Duration::from_millis(200)).is_err(), "the end is told once");
    }
}
