//! Records every container and process of a Linux host, as a library with a thin main.
//!
//! kernel files → [`read`] (pure parsers) → sampler (one tick at a time, on descriptors that stay open) → pipeline
//! (bounded, never blocks the sampler) → [`sink`] → `fgm::store`. [`discover`] says which cgroups there are,
//! [`identify`] what they are called, [`pace`] when the next tick is. [`record()`] runs it all on the calling thread
//! until its [`StopHandle`] says stop.
//!
//! Kernel threads are not recorded as processes: they have no memory of their own, and their CPU time is the node's.

mod clock;
pub mod config;
pub mod discover;
pub mod doctor;
pub mod error;
mod facts;
pub mod identify;
pub mod pace;
mod pipeline;
mod priority;
pub mod read;
mod record;
mod sampler;
pub mod sink;

pub use config::{Config, Kubernetes, Processes, Scope};
pub use error::RecordError;
pub use pace::StopHandle;
pub use record::{Summary, node_name, record, record_into};
pub use sampler::Census;
