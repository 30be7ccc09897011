//! Where ticks go.
//!
//! Owns: the seam between recorder and store, so that tests and other consumers can stand in for it. Must not: know
//! the store's format.

use fgm::store::StoreError;
use fgm::store::tick::Tick;
use fgm::store::writer::StoreWriter;
use fgm::time::Micros;

/// Takes ticks, in order, on the writer's thread.
pub trait TickSink: Send {
    /// Keeps a tick; returns the bytes written. After an error the tick is lost and the next one may follow.
    fn append(&mut self, tick: &Tick) -> Result<u64, StoreError>;

    /// Time that the latest conversion of a closed file in the background took, µs; 0 without any.
    fn last_seal_usec(&self) -> u64 {
        0
    }

    /// No more ticks.
    fn finish(self, now: Micros) -> Result<(), StoreError>;
}

impl TickSink for StoreWriter {
    fn append(&mut self, tick: &Tick) -> Result<u64, StoreError> {
        StoreWriter::append(self, tick).map(|a| a.bytes)
    }

    fn last_seal_usec(&self) -> u64 {
        StoreWriter::last_seal_usec(self)
    }

    fn finish(self, now: Micros) -> Result<(), StoreError> {
        StoreWriter::finish(self, now)
    }
}
