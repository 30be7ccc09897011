//! Names for containers, from what runtimes and kubelet leave on disk.
//!
//! Owns: the thread that looks names up and its answers. Must not: run on the sampler's thread, or guess.

pub mod disk;
mod lookup;
mod tasks;

pub use disk::Identity;
pub(crate) use lookup::{Lookup, Question};
pub(crate) use tasks::Tasks;
