//! One at a time where a store is counted and where files of it change places.
//!
//! Owns: the lock that keeps a compaction, in whichever process, from having its result and its sources counted both.
//! Must not: hold up a recorder for longer than that is worth.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::layout::OPEN_DIR;

/// Whoever holds the lock for longer has been stopped in the middle, and a wrong count is the lesser evil.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(2);

/// Acts while nobody else acts on this store under the same lock. It is held on the directory of open segments, so that
/// nothing is added to a store; without that directory there is no recorder that counts.
pub(super) fn in_turn<T>(root: &Path, act: impl FnOnce() -> T) -> T {
    let _lock = File::open(root.join(OPEN_DIR)).ok().filter(|dir| {
        let begun = Instant::now();
        loop {
            match dir.try_lock() {
                Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(PAUSE);
                }
                result => return result.is_ok(),
            }
        }
    });
    act()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// STO-4, STO-7: whoever counts waits until a compaction has removed what it has put together.
    #[test]
    fn the_second_waits_for_the_first() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(OPEN_DIR)).unwrap();
        let (done, (begun, wait)) = (AtomicBool::new(false), std::sync::mpsc::channel());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                in_turn(dir.path(), || {
                    begun.send(()).unwrap();
                    std::thread::sleep(Duration::from_millis(50));
                    done.store(true, Ordering::SeqCst);
                });
            });
            wait.recv().unwrap();
            assert!(in_turn(dir.path(), || done.load(Ordering::SeqCst)));
        });
        assert!(in_turn(Path::new("/nowhere"), || true), "without a recorder there is no turn to wait for");
    }
}
