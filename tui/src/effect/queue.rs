//! The questions that wait for the thread that talks to the recording: at most one per slot, the newest.
//!
//! Owns: which comes next, and which is called off. Must not: answer them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fgm::query::Cancel;

use crate::app::message::{Question, Slot, Ticket};

/// How long nothing must have been asked before small pictures are.
const REST: Duration = Duration::from_millis(80);

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<Slot, (Ticket, Question)>,
    /// The question under way, and how to call it off.
    under_way: Option<(Ticket, Question, Cancel)>,
    /// When something was last asked.
    asked: Option<Instant>,
    /// How to call off the study under way, which has a thread of its own.
    pub(super) study: Cancel,
    /// Whether nobody will ask any more.
    pub(super) closed: bool,
}

impl Queue {
    /// Takes a question in place of what waits in the same slot. The one of that slot that is under way is called off if
    /// its answer would not even do until the new one is there.
    pub(super) fn ask(&mut self, ticket: Ticket, question: Question) {
        if ticket.slot == Slot::Study {
            self.call_off_study();
        }
        if let Some((theirs, old, cancel)) = self.under_way.clone() {
            if theirs.slot == ticket.slot && !question.makes_do_with(&old) {
                cancel.cancel();
            } else if theirs.slot == Slot::Sparks && ticket.slot != Slot::Sparks {
                // Nothing waits for them: they begin anew when all else is answered.
                cancel.cancel();
                self.waiting.entry(theirs.slot).or_insert((theirs, old));
            }
        }
        self.waiting.insert(ticket.slot, (ticket, question));
        self.asked = Some(Instant::now());
    }

    /// Calls the study under way off.
    pub(super) fn call_off_study(&mut self) {
        std::mem::take(&mut self.study).cancel();
    }

    /// The next question, which is under way from now on, and how to call it off; else how long to wait at most. Small
    /// pictures are asked for when nothing else has been for a moment: whoever scrolls or zooms on does not want them.
    pub(super) fn next(&mut self) -> Result<(Ticket, Question, Cancel), Duration> {
        let rest = match (self.waiting.keys().next(), self.asked) {
            (Some(Slot::Sparks), Some(asked)) => REST.saturating_sub(asked.elapsed()),
            _ => Duration::ZERO,
        };
        if !rest.is_zero() {
            return Err(rest);
        }
        let (_, (ticket, question)) = self.waiting.pop_first().ok_or(Duration::MAX)?;
        let cancel = Cancel::default();
        self.under_way = Some((ticket, question.clone(), cancel.clone()));
        Ok((ticket, question, cancel))
    }

    /// The question under way is answered.
    pub(super) fn done(&mut self) {
        self.under_way = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::time::TimeRange;

    fn ask(queue: &mut Queue, slot: Slot, generation: u64) {
        queue.ask(Ticket { slot, generation }, Question::Events(TimeRange::new(0, 1)));
    }

    /// TUI-3: small pictures never keep a chart waiting: they are asked for when all else is quiet, and begin anew when
    /// something else is asked meanwhile.
    #[test]
    fn small_pictures_come_last() {
        let mut queue = Queue::default();
        assert_eq!(queue.next().err(), Some(Duration::MAX));
        ask(&mut queue, Slot::Sparks, 1);
        assert!(queue.next().is_err_and(|rest| rest <= REST), "only just asked");
        ask(&mut queue, Slot::Chart(0), 2);
        assert_eq!(queue.next().unwrap().0.slot, Slot::Chart(0), "a chart waits for nothing");
        queue.done();
        queue.asked = None;
        let (ticket, _, cancel) = queue.next().unwrap();
        assert_eq!(ticket.slot, Slot::Sparks);
        ask(&mut queue, Slot::Chart(0), 3);
        assert!(cancel.is_cancelled());
        queue.done();
        assert_eq!(queue.next().unwrap().0.slot, Slot::Chart(0));
        queue.done();
        queue.asked = None;
        assert_eq!(queue.next().unwrap().0.generation, 1, "the same question again");
    }

    /// TUI-3: an older question of a slot is replaced while it waits, and called off while it is under way.
    #[test]
    fn the_newest_of_a_slot_counts() {
        let mut queue = Queue::default();
        ask(&mut queue, Slot::Events, 1);
        ask(&mut queue, Slot::Events, 2);
        let (ticket, _, cancel) = queue.next().unwrap();
        assert_eq!(ticket.generation, 2);
        ask(&mut queue, Slot::Preview, 3);
        assert!(!cancel.is_cancelled(), "of another slot");
        ask(&mut queue, Slot::Events, 4);
        assert!(cancel.is_cancelled());
    }
}
