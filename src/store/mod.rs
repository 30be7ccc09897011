//! The store: what a recording looks like on disk, how it is written and made whole again.
//!
//! Owns everything between a sampled [`tick::Tick`] and sealed Parquet files, in both directions. Must not: sample,
//! query or draw.
//!
//! ```text
//! Tick ─ writer ─▶ segment (.open/<stem>.seg, one record a tick) ─ seal ─▶ <table>/dt=…/identifier=…/<stem>.parquet
//!                     ▲ read (recovery, sealing and the viewer's live view share it)         │ compact: many → few
//! ```

mod bits;
pub(crate) mod codec;
pub mod columns;
pub mod compact;
mod encode;
pub mod error;
mod frame;
pub mod layout;
pub mod manifest;
mod mapping;
pub mod read;
pub mod retention;
pub mod schema;
pub mod seal;
mod sealer;
pub mod segment;
mod temporary;
pub mod tick;
mod turn;
pub mod writer;

pub use error::StoreError;
