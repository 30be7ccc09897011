//! What has been read and may be asked for again, within a bound.
//!
//! Owns: the bytes held and what goes first. Must not: read, or know what it holds.
//!
//! Second chance rather than exact recency: an entry that was used since it last came up for removal goes to the back
//! of the queue. Anything may vanish at any time; whoever asks reads it again.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// What of a file an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// Where its columns stand.
    Layout,
    /// Where a column chunk's pages stand, by column and row group.
    Pages(u16, u16),
    /// A column's values from this row on, up to the end of the page or chunk.
    Values(u16, u32),
    /// Which series have which rows, below the index's subjects.
    Series,
    /// Times and ticks of a tile's blocks.
    Frames(u32),
    /// A column's digests of a tile's blocks.
    Digests(u16, u32),
}

type Key = (u64, What);

struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    used: bool,
}

#[derive(Default)]
struct Held {
    entries: HashMap<Key, Entry>,
    queue: VecDeque<Key>,
    bytes: usize,
}

/// A bounded store of shared values, by file and [`What`].
pub(crate) struct Cache {
    held: Mutex<Held>,
    most: usize,
}

/// Bytes that the cache itself spends on an entry.
const OVERHEAD: usize = 128;

impl Cache {
    /// Holds at most `most` bytes.
    pub(crate) fn new(most: usize) -> Cache {
        Cache { held: Mutex::default(), most }
    }

    /// What was put there, if it is still held.
    pub(crate) fn get<T: Any + Send + Sync>(&self, file: u64, what: What) -> Option<Arc<T>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = held.entries.get_mut(&(file, what))?;
        entry.used = true;
        Arc::clone(&entry.value).downcast().ok()
    }

    /// Keeps a value of about this many bytes, unless it is bigger than all that may be held.
    pub(crate) fn put<T: Any + Send + Sync>(&self, file: u64, what: What, value: Arc<T>, bytes: usize) {
        let bytes = bytes + OVERHEAD;
        if bytes > self.most {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (file, what);
        match held.entries.insert(key, Entry { value, bytes, used: false }) {
            // Two read the same at once.
            Some(old) => held.bytes -= old.bytes,
            None => held.queue.push_back(key),
        }
        held.bytes += bytes;
        held.shrink(self.most);
    }

    /// Bytes held.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

impl Held {
    fn shrink(&mut self, most: usize) {
        while self.bytes > most {
            let Some(key) = self.queue.pop_front() else { return };
            let used = self.entries.get_mut(&key).is_some_and(|e| std::mem::take(&mut e.used));
            if used {
                self.queue.push_back(key);
            } else if let Some(old) = self.entries.remove(&key) {
                self.bytes -= old.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-2: memory is bounded whatever is asked; what is used stays longest.
    #[test]
    fn the_bound_holds_and_what_is_used_stays() {
        let cache = Cache::new(10 * (1000 + OVERHEAD));
        for n in 0..100u32 {
            cache.put(0, What::Frames(n), Arc::new(n), 1000);
            assert!(cache.get::<u32>(0, What::Frames(0)).is_some_and(|v| *v == 0));
            assert!(cache.bytes() <= 10 * (1000 + OVERHEAD));
        }
        assert!(cache.get::<u32>(0, What::Frames(50)).is_none());
        cache.put(0, What::Frames(200), Arc::new(0u32), 1 << 30);
        assert!(cache.get::<u32>(0, What::Frames(200)).is_none(), "bigger than everything");
        assert!(cache.get::<u64>(0, What::Frames(0)).is_none(), "of another type");
    }
}
