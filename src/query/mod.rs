//! Queries over recordings (feature `query`): what there is, who there is, and windows of it as buckets.
//!
//! Owns: the catalogue of files and segments, DataFusion's tables over them, the questions that viewers ask.
//! Must not: write to a recording.

mod catalogue;
mod engine;
mod error;
mod fold;
pub mod model;
mod prune;
mod rows;
mod source;
mod subjects;

pub use engine::Engine;
pub use error::QueryError;
