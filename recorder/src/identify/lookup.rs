//! The thread that looks names up.
//!
//! Owns: questions and answers between the sampler and the disk, and trying again while a runtime is still writing.
//! Must not: block the sampler; its questions are dropped when too many wait.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use fgm::store::tick::SeriesId;

use super::disk::{Identity, container, pod};

/// Waiting between the attempts to learn a name.
const RETRY: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_mins(1),
];

/// A subject without a name.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) series: SeriesId,
    pub(crate) container_id: Option<String>,
    pub(crate) pod_uid: Option<String>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) series: SeriesId,
    pub(crate) identity: Identity,
}

/// The sampler's end. The thread ends when this is dropped.
pub(crate) struct Lookup {
    questions: SyncSender<Question>,
    answers: Receiver<Answer>,
}

impl Lookup {
    /// Starts the thread; sources lie below `root`.
    pub(crate) fn start(root: PathBuf) -> std::io::Result<Lookup> {
        let (questions, asked) = sync_channel(4096);
        let (answer, answers) = sync_channel(4096);
        std::thread::Builder::new()
            .name("fgm-identify".to_owned())
            .spawn(move || serve(&root, &asked, &answer))?;
        Ok(Lookup { questions, answers })
    }

    /// Asks without waiting.
    pub(crate) fn ask(&self, question: Question) {
        if self.questions.try_send(question).is_err() {
            tracing::debug!("too many names to look up: one stays unknown");
        }
    }

    /// An answer that has come in, if any.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

struct Waiting {
    question: Question,
    known: Identity,
    attempt: usize,
    due: Instant,
}

fn serve(root: &std::path::Path, asked: &Receiver<Question>, answer: &SyncSender<Answer>) {
    let mut waiting: Vec<Waiting> = Vec::new();
    loop {
        let now = Instant::now();
        let wait =
            waiting.iter().map(|w| w.due).min().map_or(Duration::from_hours(1), |due| due - now.min(due));
        match asked.recv_timeout(wait) {
            Ok(question) => {
                waiting.push(Waiting {
                    question,
                    known: Identity::default(),
                    attempt: 0,
                    due: Instant::now(),
                });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        for w in waiting.iter_mut().filter(|w| w.due <= now) {
            let q = &w.question;
            let found = match (&q.container_id, &q.pod_uid) {
                (Some(id), _) => container(root, id),
                (None, Some(uid)) => pod(root, uid),
                (None, None) => Identity::default(),
            };
            let done = found.is_complete()
                || (q.container_id.is_none() && found.pod_name.is_some())
                || found.sandbox;
            if found != w.known {
                w.known = found.clone();
                if answer.send(Answer { series: q.series, identity: found }).is_err() {
                    return;
                }
            }
            w.attempt = if done { RETRY.len() } else { w.attempt };
            w.due = now + RETRY.get(w.attempt).copied().unwrap_or_default();
            w.attempt += 1;
        }
        waiting.retain(|w| w.attempt <= RETRY.len());
    }
}
