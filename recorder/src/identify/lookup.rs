//! The thread that looks names up.
//!
//! Owns: questions and answers between the sampler and the sources, and trying again while a runtime is still writing.
//! Must not: block the sampler; what it cannot hand over at once waits on the sampler's side.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use fgm::store::tick::SeriesId;

use super::disk::Disk;
use super::facts::Identity;
use super::pods::{PodNews, Pods};

/// Waiting between the attempts to learn a name, and how a container ended.
const RETRY: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_mins(1),
];
/// Messages that wait on the sampler's side while the thread is slow.
const MAX_BACKLOG: usize = 100_000;

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
    /// The disk will not be asked again: what is unknown now only Kubernetes may still tell. Of a subject that has
    /// ended it is the last answer.
    pub(crate) settled: bool,
}

/// What the thread is told.
pub(crate) enum Message {
    /// A subject has appeared.
    Question(Question),
    /// It has ended.
    Ended(SeriesId),
    /// Nobody wants to know any more.
    Dropped(SeriesId),
    /// There is no sampler any more.
    Stop,
    /// Kubernetes has news.
    #[cfg_attr(not(feature = "kubernetes"), allow(dead_code, reason = "nobody else has such news"))]
    Pods(PodNews),
}

/// The sampler's end. The thread ends when this is dropped.
pub(crate) struct Lookup {
    messages: SyncSender<Message>,
    answers: Receiver<Answer>,
    backlog: VecDeque<Message>,
}

impl Lookup {
    /// Starts the thread; sources lie below `root`. `extra` may start further sources, which send what they learn.
    pub(crate) fn start(
        root: PathBuf,
        extra: impl FnOnce(SyncSender<Message>) -> std::io::Result<()>,
    ) -> std::io::Result<Lookup> {
        let (messages, told) = sync_channel(4096);
        let (answer, answers) = sync_channel(4096);
        extra(messages.clone())?;
        std::thread::Builder::new()
            .name("fgm-identify".to_owned())
            .spawn(move || Book::new(root).serve(&told, &answer))?;
        Ok(Lookup { messages, answers, backlog: VecDeque::new() })
    }

    /// Tells the thread something without waiting.
    pub(crate) fn tell(&mut self, message: Message) {
        if self.backlog.len() < MAX_BACKLOG {
            self.backlog.push_back(message);
        }
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(message) = self.backlog.pop_front() {
            if let Err(TrySendError::Full(message)) = self.messages.try_send(message) {
                self.backlog.push_front(message);
                return;
            }
        }
    }

    /// An answer that has come in, if any.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        self.flush();
        self.answers.try_recv().ok()
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        // Further sources hold senders of their own, so that the end of this one alone would not end the thread.
        let _ = self.messages.try_send(Message::Stop);
    }
}

/// A subject that somebody wants to know about.
struct Entry {
    question: Question,
    disk: Identity,
    /// The last answer, once there has been one.
    sent: Option<(Identity, bool)>,
    attempt: usize,
    /// When the disk is asked again; `None` for never.
    due: Option<Instant>,
    ended: bool,
}

/// Everything that the thread knows.
struct Book {
    disk: Disk,
    pods: Pods,
    entries: HashMap<SeriesId, Entry>,
    stopped: bool,
}

impl Book {
    fn new(root: PathBuf) -> Book {
        Book { disk: Disk::new(root), pods: Pods::default(), entries: HashMap::new(), stopped: false }
    }

    fn serve(&mut self, told: &Receiver<Message>, answer: &SyncSender<Answer>) {
        loop {
            let next = self.entries.values().filter_map(|e| e.due).min();
            let wait =
                next.map_or(Duration::from_hours(1), |due| due.saturating_duration_since(Instant::now()));
            match told.recv_timeout(wait) {
                Ok(message) => {
                    let mut pods_changed = self.take(message);
                    // All that has come meanwhile is one piece of work.
                    while let Ok(message) = told.try_recv() {
                        pods_changed |= self.take(message);
                    }
                    if pods_changed && !self.answer_all(answer) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.stopped {
                return;
            }
            if !self.look(Instant::now(), answer) {
                return;
            }
        }
    }

    /// Takes a message; returns whether the pods have changed.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Question(question) => {
                let (disk, due) = (Identity::default(), Some(Instant::now()));
                let series = question.series;
                let entry = Entry { question, disk, sent: None, attempt: 0, due, ended: false };
                self.entries.insert(series, entry);
            }
            Message::Ended(series) => {
                if let Some(entry) = self.entries.get_mut(&series) {
                    entry.ended = true;
                    entry.attempt = 0;
                    entry.due = Some(Instant::now());
                }
            }
            Message::Dropped(series) => {
                self.entries.remove(&series);
            }
            Message::Stop => self.stopped = true,
            Message::Pods(news) => {
                self.pods.apply(news);
                return true;
            }
        }
        false
    }

    /// Asks the disk about every entry that is due; false when nobody listens any more.
    fn look(&mut self, now: Instant, answer: &SyncSender<Answer>) -> bool {
        let Book { disk, pods, entries, .. } = self;
        let mut listening = true;
        for entry in entries.values_mut().filter(|e| e.due.is_some_and(|due| due <= now)) {
            let q = &entry.question;
            let found = match (&q.container_id, &q.pod_uid) {
                (Some(id), _) => disk.container(id),
                (None, Some(uid)) => disk.pod(uid),
                (None, None) => Identity::default(),
            };
            // What was once there stays known, though its file may go with the container.
            entry.disk = found.or(std::mem::take(&mut entry.disk));
            let known = if entry.ended {
                entry.disk.exit_code.is_some() || q.container_id.is_none()
            } else {
                entry.disk.is_named() || (q.container_id.is_none() && entry.disk.pod_name.is_some())
            };
            entry.due = RETRY.get(entry.attempt).filter(|_| !known).map(|wait| now + *wait);
            entry.attempt += 1;
            listening &= entry.answer(pods, answer);
        }
        entries.retain(|_, e| !(e.ended && e.due.is_none()));
        listening
    }

    fn answer_all(&mut self, answer: &SyncSender<Answer>) -> bool {
        let Book { pods, entries, .. } = self;
        entries.values_mut().filter(|e| e.sent.is_some()).all(|e| e.answer(pods, answer))
    }
}

impl Entry {
    /// Sends what is known if it is not what was sent last; false when nobody listens any more.
    fn answer(&mut self, pods: &Pods, answer: &SyncSender<Answer>) -> bool {
        let q = &self.question;
        let api = pods.identity(q.container_id.as_deref(), q.pod_uid.as_deref());
        let mut identity = self.disk.clone().or(api);
        if !self.ended {
            // An exit that is told of what lives is that of its last life.
            (identity.finished, identity.exit_code) = (None, None);
        }
        let now = (identity, self.due.is_none());
        if self.sent.as_ref() == Some(&now) {
            return true;
        }
        let (identity, settled) = now.clone();
        self.sent = Some(now);
        answer.send(Answer { series: q.series, identity, settled }).is_ok()
    }
}
