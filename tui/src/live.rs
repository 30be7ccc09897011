//! Recording this host while looking at it.
//!
//! Owns: the recorder's thread. Must not: hand data over in any other way than through the store.
//!
//! However the viewer ends (a key, a signal, a panic), dropping [`Live`] stops the recorder and waits until the
//! recording is sealed. Where another recorder records this node already, none is started: every tick would be there
//! twice.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fgm::metric::Table;
use fgm::query::model::{Overview, SumAnswer, SumQuery, WindowAnswer, WindowQuery};
use fgm::query::{Cancel, Engine, RecordedEvent};
use fgm::store::retention::{Cap, OnFull};
use fgm::store::segment;
use fgm::subject::Subject;
use fgm::time::TimeRange;
use fgm_recorder::{Config, RecordError, StopHandle, node_name};

use crate::app::report::Report;
use crate::heard::Heard;
use crate::place::{self, ELSEWHERE};
use crate::source::Source;
use crate::text::clean;

/// Most that is kept; older files go first.
const MOST: u64 = 256 << 20;
/// How long the first tick may take before the screen opens without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A recorder at work, or another one that is being watched.
pub struct Live {
    dir: PathBuf,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
    heard: Heard,
    trouble: Trouble,
}

/// Why the recorder ended, if that was an error.
type Trouble = Arc<Mutex<Option<String>>>;

fn said(trouble: &Trouble) -> Option<String> {
    trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// One harmless line; where the directory is the trouble, with the way out.
fn reason(e: &RecordError) -> String {
    let elsewhere = matches!(e, RecordError::Store(_) | RecordError::Full(_));
    clean(&e.to_string()) + if elsewhere { ELSEWHERE } else { "" }
}

/// What is left when the viewer has gone.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Where the recording is, if there is one.
    pub dir: Option<PathBuf>,
    /// Whether another recorder goes on there.
    pub other: bool,
    /// What went wrong, in one line.
    pub trouble: Option<String>,
}

impl Live {
    /// Starts recording into `dir`, or into the user's own directory for live recordings.
    pub fn start(dir: Option<PathBuf>, interval: Duration) -> Result<Live, String> {
        let dir = match dir {
            Some(dir) => dir,
            None => place::own(|name| std::env::var_os(name).map(PathBuf::from))?,
        };
        place::make(&dir)?;
        let config = Config {
            output_dir: dir.clone(),
            interval,
            cap: Cap { max_bytes: Some(MOST), on_full: OnFull::DropOldest },
            ..Config::default()
        };
        let (stop, trouble) = (StopHandle::new(), Trouble::default());
        let heard = Heard::listen();
        let node = node_name(&config);
        if segment::living(&dir).iter().any(|h| h.run.node_name == node) {
            return Ok(Live { dir, stop, thread: None, heard, trouble });
        }
        let (their_stop, theirs) = (stop.clone(), Arc::clone(&trouble));
        let record = move || {
            if let Err(e) = fgm_recorder::record(&config, &their_stop) {
                *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason(&e));
            }
        };
        let thread = thread::Builder::new().name("fgm-record".into()).spawn(record);
        let thread = Some(thread.map_err(|e| format!("cannot start the recorder: {e}"))?);
        Ok(Live { dir, stop, thread, heard, trouble })
    }

    /// Where the recording is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Opens the recording once it has begun.
    pub fn open(&self) -> Result<Watched, String> {
        let engine = Engine::open(std::slice::from_ref(&self.dir)).map_err(|e| format!("{e}{ELSEWHERE}"))?;
        let end = Instant::now() + PATIENCE;
        while !engine.overview().live && Instant::now() < end {
            if let Some(line) = said(&self.trouble) {
                return Err(format!("cannot record into {}: {line}", self.dir.display()));
            }
            thread::sleep(Duration::from_millis(20));
            engine.refresh().map_err(|e| e.to_string())?;
        }
        let greeting = self.thread.is_none().then(|| {
            let dir = clean(&self.dir.display().to_string());
            format!("following the recorder that records this host into {dir} already")
        });
        let (heard, trouble) = (self.heard.clone(), Arc::clone(&self.trouble));
        Ok(Watched { engine, heard, trouble, greeting, last: None })
    }

    /// Stops recording, waits until everything is sealed, and tells what there is.
    pub fn finish(mut self) -> Left {
        let before = said(&self.trouble);
        let other = self.thread.is_none();
        let panicked = self.end();
        let trouble = match (before, said(&self.trouble), panicked) {
            (Some(why), ..) => Some(format!("the recorder ended: {why}")),
            (None, Some(why), _) => Some(format!("the recording could not be sealed: {why}")),
            (None, None, true) => Some("the recorder ended by a bug of its own".to_owned()),
            (None, None, false) => None,
        };
        let holds = Engine::open(std::slice::from_ref(&self.dir)).is_ok_and(|e| e.overview().range.is_some());
        Left { dir: holds.then(|| self.dir.clone()), other, trouble }
    }

    /// Stops the recorder; true when it had panicked. What it wrote is recovered at the next start.
    fn end(&mut self) -> bool {
        self.stop.stop();
        self.thread.take().is_some_and(|t| t.join().is_err())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.end();
    }
}

/// The recording of a recorder in this process, with what that has to say.
pub struct Watched {
    engine: Engine,
    heard: Heard,
    trouble: Trouble,
    greeting: Option<String>,
    /// How much of it has been reported.
    last: Option<(u64, bool)>,
}

impl Source for Watched {
    fn refresh(&mut self) -> Result<bool, String> {
        Source::refresh(&mut self.engine)
    }

    fn overview(&self) -> Arc<Overview> {
        Source::overview(&self.engine)
    }

    fn subjects(&self, table: Table, range: TimeRange) -> Result<Vec<Subject>, String> {
        Source::subjects(&self.engine, table, range)
    }

    fn window(&self, query: &WindowQuery, cancel: &Cancel) -> Result<WindowAnswer, String> {
        Source::window(&self.engine, query, cancel)
    }

    fn sums(&self, query: &SumQuery, cancel: &Cancel) -> Result<SumAnswer, String> {
        Source::sums(&self.engine, query, cancel)
    }

    fn events(&self, range: TimeRange) -> Vec<RecordedEvent> {
        Source::events(&self.engine, range)
    }

    fn engine(&self) -> Engine {
        self.engine.clone()
    }

    fn report(&mut self) -> Option<Arc<Report>> {
        let ended = said(&self.trouble).map(|why| format!("not recording: {why}"));
        let now = Some((self.heard.said(), ended.is_some()));
        if self.last == now {
            return None;
        }
        self.last = now;
        let (lines, said) = self.heard.last();
        Some(Arc::new(Report { lines, said, ended, greeting: self.greeting.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-1: what went wrong is told after leaving, with what it means; an empty directory is not called a recording.
    #[test]
    fn what_is_left_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let live = |early: Option<&str>, late: Option<&'static str>, thread: bool| {
            let trouble: Trouble = Arc::new(Mutex::new(early.map(str::to_owned)));
            let (stop, theirs) = (StopHandle::new(), Arc::clone(&trouble));
            let their_stop = stop.clone();
            let work = move || {
                while !their_stop.is_stopped() {
                    thread::sleep(Duration::from_millis(1));
                }
                if let Some(line) = late {
                    *theirs.lock().unwrap() = Some(line.to_owned());
                }
            };
            let thread = thread.then(|| thread::spawn(work));
            Live { dir: dir.path().to_owned(), stop, thread, heard: Heard::default(), trouble }.finish()
        };
        let left =
            |other, trouble: Option<&str>| Left { dir: None, other, trouble: trouble.map(str::to_owned) };
        assert_eq!(live(None, None, true), left(false, None));
        assert_eq!(live(None, None, false), left(true, None));
        assert_eq!(live(Some("full"), None, true), left(false, Some("the recorder ended: full")));
        let unsealed = "the recording could not be sealed: full";
        assert_eq!(live(None, Some("full"), true), left(false, Some(unsealed)));
    }
}
