//! Queries over recordings (feature `query`): what there is, who there is, and windows of it as buckets.
//!
//! Owns: the catalogue of files and segments, DataFusion's tables over them, the questions that viewers ask.
//! Must not: write to a recording.

mod ask;
mod caches;
mod cancel;
mod catalogue;
mod engine;
mod error;
mod events;
mod foreign;
mod hint;
pub mod model;
mod names;
mod prune;
mod rows;
mod scan;
mod source;
pub mod sql;
mod subjects;
pub mod verify;
mod window;

pub use cancel::Cancel;
pub use engine::Engine;
pub use error::QueryError;
pub use events::RecordedEvent;
pub use hint::nearest;
