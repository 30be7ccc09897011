//! The thread that talks to the recording.
//!
//! Owns: the thread, the pace of refreshing, and who answers what. Must not: know what
//! answers are for.

use std::cell::Cell;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fgm::metric::Table;
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine};
use fgm::subject::Subject;
use fgm::time::TimeRange;

use jiff::tz::TimeZone;

use super::clocks;
use super::queue::Queue;
use super::{Event, study};
use crate::app::forest::{self, Forest};
use crate::app::marks::{self, Mark};
use crate::app::message::{Answer, Message, Question, Slot, Ticket};
use crate::app::names::{Listed, Names};
use crate::app::processes::{Process, Wanted};
use crate::app::sums::SumPicture;
use crate::source::Source;

/// Pause between two looks for new data while somebody writes.
const LIVE: Duration = Duration::from_secs(1);
/// The same when nobody does.
const QUIET: Duration = Duration::from_secs(3);

/// Between two words on how far a study is.
const PACE: Duration = Duration::from_millis(100);
/// Most subjects among which a glimpse looks for the highest.
const GLIMPSED: usize = 32;

/// A handle on the thread; dropping it lets the thread end after the call under way.
pub struct Worker {
    shared: Arc<(Mutex<Queue>, Condvar)>,
}

fn lock(m: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // A panic elsewhere ends the program anyway; the queue is valid at all times.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    /// Starts the thread.
    /// `zone` is that of the times in what studies say.
    pub fn start(source: Box<dyn Source>, zone: TimeZone, out: Sender<Event>) -> std::io::Result<Worker> {
        let shared = Arc::new((Mutex::new(Queue::default()), Condvar::new()));
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("fgm-query".into()).spawn(move || serve(source, &theirs, &zone, &out))?;
        Ok(Worker { shared })
    }

    /// Asks, in place of what waits in the same slot. A question of the slot that is under way is called off if its
    /// answer would not even do until the new one is there.
    pub fn ask(&self, ticket: Ticket, question: Question) {
        lock(&self.shared.0).ask(ticket, question);
        self.shared.1.notify_one();
    }

    /// Calls the study under way off.
    pub fn call_off(&self) {
        lock(&self.shared.0).call_off_study();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.call_off();
        lock(&self.shared.0).closed = true;
        self.shared.1.notify_one();
    }
}

/// Starts a study, or the reading of what a finding looks like.
fn begin(
    engine: Engine,
    (ticket, question): (Ticket, Question),
    zone: TimeZone,
    cancel: Cancel,
    out: Sender<Event>,
) -> bool {
    let send = {
        let out = out.clone();
        move |m| out.send(Event::Message(m)).is_ok()
    };
    let work = move || {
        let told = Cell::new(Instant::now());
        let progress = |share: f64| {
            if told.get().elapsed() >= PACE {
                told.set(Instant::now());
                let _gone = out.send(Event::Message(Message::Progress(ticket, share)));
            }
        };
        let answer = study::answer(&engine, &question, &zone, &cancel, &progress);
        // Nobody waits for what was called off.
        if let Some(answer) = answer.filter(|_| !cancel.is_cancelled()) {
            let _gone = out.send(Event::Message(Message::Answer(ticket, answer)));
        }
    };
    match thread::Builder::new().name("fgm-study".into()).spawn(work) {
        Ok(_) => true,
        Err(e) => send(Message::Answer(ticket, Answer::Failed(format!("cannot start a study: {e}")))),
    }
}

fn serve(
    mut source: Box<dyn Source>,
    shared: &(Mutex<Queue>, Condvar),
    zone: &TimeZone,
    out: &Sender<Event>,
) {
    let send = |m| out.send(Event::Message(m)).is_ok();
    if source.report().is_some_and(|r| !send(Message::Recorder(r))) {
        return;
    }
    let mut refresh = Instant::now() + LIVE;
    let mut trouble = None;
    // Names that the main loop has or has had: freeing 50,000 of them is not for it either.
    let mut lent: Vec<Arc<Names>> = Vec::new();
    loop {
        let job = {
            let mut queue = lock(&shared.0);
            loop {
                if queue.closed {
                    return;
                }
                let left = refresh.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break None;
                }
                let pause = match queue.next() {
                    Ok(job) => break Some(job),
                    Err(pause) => pause.min(left),
                };
                queue = shared.1.wait_timeout(queue, pause).unwrap_or_else(PoisonError::into_inner).0;
            }
        };
        let going_on = if let Some((ticket, question, _)) = &job
            && matches!(ticket.slot, Slot::Study | Slot::Changes)
        {
            let cancel = {
                let mut queue = lock(&shared.0);
                queue.done();
                if ticket.slot == Slot::Study { queue.study.clone() } else { Cancel::default() }
            };
            begin(source.engine(), (*ticket, question.clone()), zone.clone(), cancel, out.clone())
        } else if let Some((ticket, question, cancel)) = job {
            let answer = answer(&*source, question, &cancel);
            if let Answer::Subjects(listed) = &answer {
                lent.push(Arc::clone(&listed.names));
            }
            lock(&shared.0).done();
            // Nobody waits for what was called off; its successor is in the queue.
            cancel.is_cancelled() || send(Message::Answer(ticket, answer))
        } else {
            lent.retain(|names| Arc::strong_count(names) > 1);
            let result = source.refresh();
            refresh = Instant::now() + if source.overview().live { LIVE } else { QUIET };
            if source.report().is_some_and(|r| !send(Message::Recorder(r))) {
                return;
            }
            match result {
                Ok(changed) => {
                    trouble = None;
                    !changed || send(Message::Overview(source.overview()))
                }
                // Said once, not every second.
                Err(e) if trouble.as_ref() == Some(&e) => true,
                Err(e) => {
                    trouble = Some(e.clone());
                    send(Message::Trouble(e))
                }
            }
        };
        if !going_on {
            return;
        }
    }
}

/// The recording's answer to a question.
pub fn answer(source: &dyn Source, question: Question, cancel: &Cancel) -> Answer {
    let answer = match question {
        Question::Subjects(table, range, filter) => source.subjects(table, range).map(|all| {
            let names = Arc::new(Names::new(table, all));
            Answer::Subjects(Listed::new(names, filter, &identities(source, range)))
        }),
        Question::Passing(names, range, filter) => {
            Ok(Answer::Subjects(Listed::new(names, filter, &identities(source, range))))
        }
        Question::Window(query) => source.window(&query, cancel).map(|a| Answer::Window(query, a)),
        Question::Sums(whose, query) => {
            source.sums(&query, cancel).map(|answer| Answer::Sums(SumPicture { whose, query, answer }))
        }
        Question::Glimpse(metric, range, columns) => {
            source.subjects(metric.table, range).and_then(|mut all| {
                all.sort_by_key(|s| std::cmp::Reverse(s.last));
                let subjects = all.iter().take(GLIMPSED).map(Subject::key).collect();
                let query = WindowQuery { metric, subjects, range, columns };
                source.window(&query, cancel).map(|a| highest(&query, a))
            })
        }
        Question::Processes(wanted) => {
            processes(source, &wanted, cancel).map(|rows| Answer::Processes(wanted, rows))
        }
        Question::Tree(wanted) => tree(source, &wanted, cancel).map(|forest| Answer::Tree(wanted, forest)),
        // They have threads of their own.
        Question::Study(_) | Question::Fold(_) => Err("a study is not answered at once".to_owned()),
        Question::Clocks(range) => clocks::read(source, range, cancel).map(Answer::Clocks),
        Question::Events(range) => {
            let marks = source.events(range).into_iter().filter(marks::matters).map(Mark::from);
            Ok(Answer::Events(range, marks.collect()))
        }
    };
    answer.unwrap_or_else(Answer::Failed)
}

/// What is known of containers beyond their labels, for filters that ask for it.
fn identities(source: &dyn Source, range: TimeRange) -> impl Fn() -> Vec<Subject> {
    // A filter finds nobody by what cannot be read.
    move || source.subjects(Table::Identities, range).unwrap_or_default()
}

/// The series with the highest mean alone.
fn highest(query: &WindowQuery, mut answer: WindowAnswer) -> Answer {
    let mean = |i: &usize| answer.series[*i].1.mean().unwrap_or(f64::NEG_INFINITY);
    let at = (0..answer.series.len()).max_by(|a, b| mean(a).total_cmp(&mean(b)));
    answer.series = at.map(|at| answer.series.swap_remove(at)).into_iter().collect();
    let subjects = answer.series.iter().map(|(key, _)| key.clone()).collect();
    Answer::Window(WindowQuery { subjects, ..*query }, answer)
}

fn tree(source: &dyn Source, wanted: &forest::Wanted, cancel: &Cancel) -> Result<Forest, String> {
    let mut there = source.subjects(Table::Containers, wanted.range())?;
    there.retain(|s| wanted.is_there(s));
    let values = source.window(&wanted.query(&there), cancel)?;
    let all = source.overview().range.unwrap_or(wanted.range());
    Ok(Forest::new(wanted, &there, &values, &identities(source, all)))
}

fn processes(source: &dyn Source, wanted: &Wanted, cancel: &Cancel) -> Result<Vec<Process>, String> {
    let mut there = source.subjects(Table::Processes, wanted.range())?;
    there.retain(|s| wanted.is_inside(s));
    let answers: Result<Vec<_>, _> =
        wanted.queries(&there).iter().map(|query| source.window(query, cancel)).collect();
    Ok(wanted.rows(&there, &answers?))
}
