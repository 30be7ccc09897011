//! Recording this host while looking at it.
//!
//! Owns: the recorder's thread and directory. Must not: hand data over in any other way than through the store.
//!
//! However the viewer ends (a key, a signal, a panic), dropping [`Live`] stops the recorder and waits until the
//! recording is sealed.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fgm::metric::Table;
use fgm::query::Engine;
use fgm::query::model::{Overview, WindowAnswer, WindowQuery};
use fgm::store::retention::{Cap, OnFull};
use fgm::subject::Subject;
use fgm::time::TimeRange;
use fgm_recorder::{Config, StopHandle};

use crate::source::Source;

/// Most that is kept; older files go first.
const MOST: u64 = 256 << 20;
/// How long the first tick may take before the screen opens without it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A recorder at work.
pub struct Live {
    dir: PathBuf,
    stop: StopHandle,
    thread: Option<JoinHandle<()>>,
    /// Why the recorder ended by itself.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Live {
    /// Starts recording into `dir`, or into the user's own directory for live recordings.
    pub fn start(dir: Option<PathBuf>, interval: Duration) -> Result<Live, String> {
        let dir = match dir {
            Some(dir) => dir,
            None => own_dir(|name| std::env::var_os(name).map(PathBuf::from)).map_err(|e| e.to_string())?,
        };
        fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
        let config = Config {
            output_dir: dir.clone(),
            interval,
            cap: Cap { max_bytes: Some(MOST), on_full: OnFull::DropOldest },
            ..Config::default()
        };
        let stop = StopHandle::new();
        let trouble = Arc::new(Mutex::new(None));
        let (their_stop, theirs) = (stop.clone(), Arc::clone(&trouble));
        let record = move || {
            if let Err(e) = fgm_recorder::record(&config, &their_stop) {
                *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!("not recording: {e}"));
            }
        };
        let thread = thread::Builder::new().name("fgm-record".into()).spawn(record);
        let thread = Some(thread.map_err(|e| format!("cannot start the recorder: {e}"))?);
        Ok(Live { dir, stop, thread, trouble })
    }

    /// Where the recording goes.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the recording once it has begun.
    pub fn open(&self) -> Result<Watched, String> {
        let engine = Engine::open(std::slice::from_ref(&self.dir)).map_err(|e| e.to_string())?;
        let end = Instant::now() + PATIENCE;
        while !engine.overview().live && Instant::now() < end {
            if let Some(line) = self.trouble() {
                return Err(line);
            }
            thread::sleep(Duration::from_millis(20));
            engine.refresh().map_err(|e| e.to_string())?;
        }
        Ok(Watched { engine, trouble: Arc::clone(&self.trouble) })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            // A recorder that panicked has said so already; what it wrote is recovered at the next start.
            let _ = thread.join();
        }
    }
}

/// The recording of a recorder in this process: tells when that has ended.
pub struct Watched {
    engine: Engine,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Source for Watched {
    fn refresh(&mut self) -> Result<bool, String> {
        if let Some(line) = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(line);
        }
        Source::refresh(&mut self.engine)
    }

    fn overview(&self) -> Arc<Overview> {
        Source::overview(&self.engine)
    }

    fn subjects(&self, table: Table, range: TimeRange) -> Result<Vec<Subject>, String> {
        Source::subjects(&self.engine, table, range)
    }

    fn window(&self, query: &WindowQuery) -> Result<WindowAnswer, String> {
        Source::window(&self.engine, query)
    }
}

/// `$XDG_STATE_HOME/fgm/live`, else below the home directory; without one a directory of our own for temporary files,
/// which nobody else can have prepared.
fn own_dir(env: impl Fn(&str) -> Option<PathBuf>) -> io::Result<PathBuf> {
    let absolute = |name| env(name).filter(|p: &PathBuf| p.is_absolute());
    if let Some(state) = absolute("XDG_STATE_HOME") {
        return Ok(state.join("fgm/live"));
    }
    if let Some(home) = absolute("HOME") {
        return Ok(home.join(".local/state/fgm/live"));
    }
    let temporary = absolute("TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp"));
    let dir = temporary.join(format!("fgm-live-{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&dir)?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-1: where live recordings go, with and without a home.
    #[test]
    fn the_directory_is_the_users_own() {
        let dir = |vars: &[(&str, &str)]| {
            own_dir(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| PathBuf::from(v))).unwrap()
        };
        assert_eq!(dir(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), Path::new("/s/fgm/live"));
        assert_eq!(dir(&[("XDG_STATE_HOME", "rel"), ("HOME", "/h")]), Path::new("/h/.local/state/fgm/live"));
        let tmp = tempfile::tempdir().unwrap();
        let private = dir(&[("TMPDIR", tmp.path().to_str().unwrap())]);
        assert_eq!(fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
