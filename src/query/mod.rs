//! Queries over recordings (feature `query`).
pub mod model;
