//! From the sampler to the writer over a bounded channel, so that a slow disk never delays a tick.
//!
//! Owns: the writer's thread, recycled ticks, and what happens to ticks that find no room or cannot be written.
//! Must not: sample, or know what a sink does.
//!
//! A tick that finds the channel full is dropped: its rows are lost (and said), but its definitions, endings and
//! events travel with the next one, so that later rows never refer to an unknown series.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fgm::event::{Event, EventKind, Severity};
use fgm::metric::Table;
use fgm::store::StoreError;
use fgm::store::tick::{SeriesDef, SeriesId, Tick};
use fgm::time::{Micros, SECOND};

use crate::error::RecordError;
use crate::priority::step_back;
use crate::sampler::Progress;
use crate::sink::TickSink;

/// Ticks that may wait for the writer: two seconds, so that a disk that is slow for a moment costs nothing at short
/// intervals either, within bounds of memory.
fn depth(interval: Micros) -> usize {
    usize::try_from(2 * SECOND / interval.max(1)).unwrap_or(usize::MAX).clamp(4, 20)
}
/// Written ticks that are kept to be filled again: one is filled while one is written. A backlog needs more; kept, they
/// would be memory that one slow moment costs for the rest of the run.
const SPARE: usize = 2;
/// The writer is looked after this often at the end.
const GLANCE: Duration = Duration::from_millis(5);
/// Events that are kept while nothing can be written.
const MAX_EVENTS: usize = 1000;

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(crate) struct Written {
    bytes: AtomicU64,
    ticks: AtomicU64,
    failed: AtomicU64,
    seal_usec: AtomicU64,
}

impl Written {
    /// Bytes appended.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Ticks appended.
    pub(crate) fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Ticks that the sink refused.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The sampler's end.
pub(crate) struct Pipeline {
    full: SyncSender<Tick>,
    empty: Receiver<Tick>,
    thread: JoinHandle<Result<(), RecordError>>,
    carried: Carried,
    dropped: u64,
    sent: u64,
    written: Arc<Written>,
}

/// Everything of dropped ticks but their rows.
#[derive(Default)]
struct Carried {
    ticks: u64,
    defs: Vec<SeriesDef>,
    ended: Vec<(Table, SeriesId)>,
    events: Vec<Event>,
}

impl Pipeline {
    /// Starts the writer's thread. `now` is asked once more at the end.
    pub(crate) fn start(
        sink: impl TickSink + 'static,
        interval: Micros,
        now: impl Fn() -> Micros + Send + 'static,
    ) -> Result<Pipeline, RecordError> {
        let (full, to_write) = sync_channel(depth(interval));
        let (recycle, empty) = sync_channel(SPARE);
        let written = Arc::new(Written::default());
        let counts = Arc::clone(&written);
        let thread = std::thread::Builder::new()
            .name("fgm-writer".to_owned())
            .spawn(move || {
                step_back();
                write_all(sink, &to_write, &recycle, &counts, now)
            })
            .map_err(|e| RecordError::Thread("writer", e))?;
        Ok(Pipeline { full, empty, thread, carried: Carried::default(), dropped: 0, sent: 0, written })
    }

    /// Counters of the writer.
    pub(crate) fn written(&self) -> Arc<Written> {
        Arc::clone(&self.written)
    }

    /// How the run goes; what the sampler itself knows is left at 0.
    pub(crate) fn progress(&self) -> Progress {
        let w = &self.written;
        Progress {
            written_bytes: w.bytes(),
            missed: 0,
            dropped: self.dropped,
            failed: w.failed(),
            queued: self.sent.saturating_sub(w.ticks() + w.failed()),
            seal_usec: w.seal_usec.load(Ordering::Relaxed),
        }
    }

    /// Ticks that found no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A tick to fill: one that has been written if there is one.
    pub(crate) fn empty_tick(&self) -> Tick {
        self.empty.try_recv().unwrap_or_default()
    }

    /// Hands a tick over without waiting; returns whether there is still a writer.
    pub(crate) fn send(&mut self, mut tick: Tick) -> bool {
        self.carried.put_into(&mut tick);
        match self.full.try_send(tick) {
            Ok(()) => {
                self.carried = Carried::default();
                self.sent += 1;
                true
            }
            Err(TrySendError::Full(tick)) => {
                self.dropped += 1;
                if self.carried.ticks == 0 {
                    tracing::warn!(tick_no = tick.tick_no, "the writer is stalled: dropping ticks");
                }
                self.carried.keep(tick);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Hands over a last tick and waits until everything is written and the sink finished, but no longer than
    /// `patience`: then the writer is left to itself. That is an error when it has not written everything.
    pub(crate) fn finish(mut self, last: Option<Tick>, patience: Duration) -> Result<(), RecordError> {
        let end = Instant::now() + patience;
        let wait = || {
            std::thread::sleep(GLANCE);
            Instant::now() < end
        };
        if let Some(mut tick) = last {
            self.carried.put_into(&mut tick);
            self.sent += 1;
            let mut next = Some(tick);
            while let Some(tick) = next.take() {
                // Without a writer there is an error to be returned below.
                if let Err(TrySendError::Full(back)) = self.full.try_send(tick)
                    && wait()
                {
                    next = Some(back);
                }
            }
        }
        drop(self.full);
        while !self.thread.is_finished() {
            if !wait() {
                let ticks = self.sent.saturating_sub(self.written.ticks() + self.written.failed());
                if ticks > 0 {
                    return Err(RecordError::Stalled { ticks, patience });
                }
                tracing::warn!("sealing takes too long: what is not sealed yet is at the next start");
                return Ok(());
            }
        }
        self.thread.join().map_err(|_| RecordError::WriterDied)?
    }
}

impl Carried {
    /// Remembers a tick that could not be handed over; it already holds what had been carried before.
    fn keep(&mut self, mut tick: Tick) {
        self.ticks += 1;
        // A series that came and went meanwhile has no row anywhere.
        let ended: HashSet<(Table, SeriesId)> = tick.ended.iter().copied().collect();
        let fresh: HashSet<(Table, SeriesId)> = tick.defs.iter().map(|d| (d.table, d.id)).collect();
        let both = |key: &(Table, SeriesId)| ended.contains(key) && fresh.contains(key);
        tick.defs.retain(|d| !both(&(d.table, d.id)));
        tick.ended.retain(|key| !both(key));
        tick.events.retain(|e| e.kind != EventKind::DataLost);
        tick.events.truncate(MAX_EVENTS);
        self.defs = tick.defs;
        self.ended = tick.ended;
        self.events = tick.events;
    }

    fn put_into(&mut self, tick: &mut Tick) {
        if self.ticks == 0 {
            return;
        }
        let lost = format!("{} ticks were dropped because the writer was stalled", self.ticks);
        tick.defs.splice(0..0, std::mem::take(&mut self.defs));
        tick.ended.splice(0..0, std::mem::take(&mut self.ended));
        tick.events.splice(0..0, std::mem::take(&mut self.events));
        tick.events.push(Event::of_recorder(tick.tick, EventKind::DataLost, Severity::Warning, lost));
    }
}

fn write_all<S: TickSink>(
    mut sink: S,
    ticks: &Receiver<Tick>,
    recycle: &SyncSender<Tick>,
    counts: &Written,
    now: impl Fn() -> Micros,
) -> Result<(), RecordError> {
    let mut lost: u64 = 0;
    let mut events: Vec<Event> = Vec::new();
    let mut cause = None;
    while let Ok(mut tick) = ticks.recv() {
        if lost > 0 {
            let text = format!("{lost} ticks could not be written");
            tick.events.append(&mut events);
            tick.events.push(Event::of_recorder(tick.tick, EventKind::DataLost, Severity::Error, text));
        }
        counts.seal_usec.store(sink.last_seal_usec(), Ordering::Relaxed);
        match sink.append(&tick) {
            Ok(bytes) => {
                counts.bytes.fetch_add(bytes, Ordering::Relaxed);
                counts.ticks.fetch_add(1, Ordering::Relaxed);
                if lost > 0 {
                    tracing::info!(lost, "writing again");
                    lost = 0;
                }
            }
            Err(full @ StoreError::Full { .. }) => {
                sink.finish(now())?;
                return Err(RecordError::Full(full));
            }
            Err(error) => {
                counts.failed.fetch_add(1, Ordering::Relaxed);
                if lost == 0 {
                    tracing::error!(%error, "a tick could not be written; sampling goes on");
                }
                lost += 1;
                cause = Some(error);
                events.extend(tick.events.drain(..).filter(|e| e.kind != EventKind::DataLost));
                events.truncate(MAX_EVENTS);
            }
        }
        // Where there are enough, or the sampler has gone, nobody needs the buffer.
        let _ = recycle.try_send(tick);
    }
    let finished = sink.finish(now());
    match (lost, cause) {
        (1.., Some(cause)) => Err(RecordError::Lost { ticks: lost, cause }),
        _ => {
            // The segments are there, and so is every tick.
            if let Err(error) = finished {
                tracing::warn!(%error, "not everything could be sealed: it is at the next start");
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    const LONG: Duration = Duration::from_mins(1);

    #[derive(Default)]
    struct Seen {
        ticks: Vec<(i64, usize, Vec<EventKind>)>,
        finished: bool,
    }

    struct Slow {
        seen: Arc<Mutex<Seen>>,
        gate: Receiver<Result<u64, StoreError>>,
    }

    impl TickSink for Slow {
        fn append(&mut self, tick: &Tick) -> Result<u64, StoreError> {
            let answer = self.gate.recv().unwrap_or(Ok(1));
            if answer.is_ok() {
                let events = tick.events.iter().map(|e| e.kind).collect();
                self.seen.lock().unwrap().ticks.push((tick.tick_no, tick.defs.len(), events));
            }
            answer
        }

        fn finish(self, _: Micros) -> Result<(), StoreError> {
            self.seen.lock().unwrap().finished = true;
            Ok(())
        }
    }

    fn start() -> (Pipeline, Sender<Result<u64, StoreError>>, Arc<Mutex<Seen>>) {
        let (open, gate) = channel();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let sink = Slow { seen: Arc::clone(&seen), gate };
        (Pipeline::start(sink, SECOND, || 0).unwrap(), open, seen)
    }

    fn tick(n: i64) -> Tick {
        let mut t = Tick::default();
        t.reset(n, n);
        t.defs.push(SeriesDef { table: Table::Containers, id: n as u32, labels: vec![] });
        t
    }

    /// REC-5, REC-9: a stalled writer costs rows, not definitions, and the loss is in the recording.
    #[test]
    fn a_stalled_writer_blocks_nobody() {
        let (mut p, open, seen) = start();
        let began = std::time::Instant::now();
        for n in 0..20 {
            assert!(p.send(tick(n)));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(began.elapsed() < Duration::from_secs(2));
        let dropped = p.dropped();
        assert_eq!(dropped, 20 - 1 - depth(SECOND) as u64);
        let told = p.progress();
        assert_eq!((told.dropped, told.queued, told.failed), (dropped, 1 + depth(SECOND) as u64, 0));
        for _ in 0..=depth(SECOND) {
            open.send(Ok(1)).unwrap();
        }
        while p.written().ticks() < 1 + depth(SECOND) as u64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // A series that ended while nothing could be written is forgotten altogether.
        let mut last = tick(20);
        last.ended.push((Table::Containers, 3));
        drop(open);
        p.finish(Some(last), LONG).unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen.finished);
        let last = seen.ticks.last().unwrap();
        assert_eq!((last.0, last.1 as u64), (20, dropped + 1));
        assert_eq!(last.2, [EventKind::DataLost]);
    }

    /// REC-6: a backlog's ticks are given back once it is over.
    #[test]
    fn a_backlog_leaves_few_ticks_behind() {
        let (mut p, open, _) = start();
        for n in 0..depth(SECOND) as i64 {
            assert!(p.send(tick(n)));
        }
        drop(open);
        while p.written().ticks() < depth(SECOND) as u64 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let kept = std::iter::from_fn(|| p.empty.try_recv().ok()).count();
        assert_eq!(kept, SPARE);
        p.finish(None, LONG).unwrap();
    }

    /// REC-9: what cannot be written is counted and said once writing works again; a full store ends the run.
    #[test]
    fn a_failing_sink() {
        let (mut p, open, seen) = start();
        open.send(Err(StoreError::Segment { path: "x".into(), reason: "broken".into() })).unwrap();
        open.send(Ok(1)).unwrap();
        assert!(p.send(tick(0)));
        assert!(p.send(tick(1)));
        open.send(Err(StoreError::Full { root: "x".into(), used: 2, cap: 1 })).unwrap();
        assert!(p.send(tick(2)));
        let written = Arc::clone(&p.written);
        assert!(matches!(p.finish(None, LONG), Err(RecordError::Full(_))));
        assert_eq!((written.ticks(), written.failed()), (1, 1));
        let seen = seen.lock().unwrap();
        assert_eq!(seen.ticks[0].2, [EventKind::DataLost]);
        assert!(seen.finished);
    }

    /// STO-6: the end does not wait for a disk that does not answer; ticks that it did not take are an error.
    #[test]
    fn an_end_with_a_stalled_writer() {
        let (mut p, open, seen) = start();
        for n in 0..3 {
            assert!(p.send(tick(n)));
        }
        let ended = p.finish(Some(tick(3)), Duration::from_millis(50));
        assert!(matches!(ended, Err(RecordError::Stalled { ticks: 4, .. })), "{ended:?}");
        assert!(!seen.lock().unwrap().finished);
        drop(open);
    }

    struct Unsealable;

    impl TickSink for Unsealable {
        fn append(&mut self, _: &Tick) -> Result<u64, StoreError> {
            Ok(1)
        }

        fn finish(self, _: Micros) -> Result<(), StoreError> {
            Err(StoreError::Segment { path: "x".into(), reason: "broken".into() })
        }
    }

    /// STO-6: an end on a disk that takes nothing any more is an error that says why; one that only cannot seal is not.
    #[test]
    fn an_end_with_a_failing_sink() {
        let broken = || StoreError::Segment { path: "x".into(), reason: "broken".into() };
        let (mut p, open, _) = start();
        open.send(Ok(1)).unwrap();
        open.send(Err(broken())).unwrap();
        open.send(Err(broken())).unwrap();
        assert!(p.send(tick(0)) && p.send(tick(1)));
        let ended = p.finish(Some(tick(2)), LONG).unwrap_err();
        assert!(matches!(ended, RecordError::Lost { ticks: 2, .. }), "{ended:?}");
        assert!(ended.to_string().contains("broken"), "{ended}");

        let p = Pipeline::start(Unsealable, SECOND, || 0).unwrap();
        p.finish(Some(tick(0)), LONG).unwrap();
    }
}
