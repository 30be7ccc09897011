//! Open segments, read on as they grow.
//!
//! Owns: what has been read of each, and keeping it whole for queries under way. Must not: decide which tables' rows
//! come from files.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::valued::Valued;
use crate::metric::Table;
use crate::store::error::StoreError;
use crate::store::read::{SegmentData, SegmentReader};
use crate::store::schema::Extent;
use crate::store::seal;
use crate::store::segment::{self, Head};

/// An open segment and what has been read from it so far.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub(crate) head: Head,
    data: RwLock<SegmentData>,
    valued: RwLock<Valued>,
    /// Tables whose sealed file already exists: their rows are taken from there.
    sealed: HashSet<Table>,
    /// Whether its writer lives.
    pub(super) live: bool,
}

impl OpenSegment {
    /// What has been read so far.
    pub(crate) fn data(&self) -> RwLockReadGuard<'_, SegmentData> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which metrics had values in it.
    pub(super) fn valued(&self) -> RwLockReadGuard<'_, Valued> {
        self.valued.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this table's rows are to be taken from here.
    pub(crate) fn serves(&self, table: Table) -> bool {
        !self.sealed.contains(&table)
    }

    pub(crate) fn extent(&self) -> Option<Extent> {
        seal::extent(&self.head, &self.data()).filter(Extent::is_sound)
    }
}

/// A segment being followed.
pub(super) struct Tail {
    reader: SegmentReader,
    pub(super) segment: Arc<OpenSegment>,
}

impl Tail {
    pub(super) fn open(path: &Path) -> Result<Tail, StoreError> {
        let reader = SegmentReader::open(path)?;
        let head = reader.head().clone();
        let data = RwLock::new(SegmentData::new(&Table::ALL));
        let segment =
            OpenSegment { head, data, valued: RwLock::default(), sealed: HashSet::new(), live: false };
        Ok(Tail { reader, segment: Arc::new(segment) })
    }

    /// Reads on; true when anything is new.
    pub(super) fn poll(&mut self) -> Result<bool, StoreError> {
        let mut data = self.segment.data.write().unwrap_or_else(PoisonError::into_inner);
        let more = self.reader.poll(&mut data)?;
        self.segment.valued.write().unwrap_or_else(PoisonError::into_inner).read_on(&data);
        drop(data);
        let live = segment::is_live(self.reader.path());
        let changed = self.segment.live != live;
        if changed {
            self.replace(|s| s.live = live);
        }
        Ok(more || changed)
    }

    /// Takes note of the tables that have been sealed; true when that is new.
    pub(super) fn set_sealed(&mut self, sealed: HashSet<Table>) -> bool {
        let changed = self.segment.sealed != sealed;
        if changed {
            self.replace(|s| s.sealed = sealed);
        }
        changed
    }

    /// Changes what queries under way may be looking at: they keep the old one.
    fn replace(&mut self, change: impl FnOnce(&mut OpenSegment)) {
        let old = &self.segment;
        let (data, valued) = (old.data().clone(), old.valued().clone());
        let mut new = OpenSegment {
            head: old.head.clone(),
            data: RwLock::new(data),
            valued: RwLock::new(valued),
            sealed: old.sealed.clone(),
            live: old.live,
        };
        change(&mut new);
        self.segment = Arc::new(new);
    }
}
