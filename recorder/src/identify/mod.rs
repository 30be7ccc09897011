//! Names for containers, from what runtimes and kubelet leave on disk and from Kubernetes.
//!
//! Owns: the threads that look names up and their answers. Must not: run on the sampler's thread, or guess.

pub mod disk;
pub mod facts;
mod formats;
#[cfg(feature = "kubernetes")]
pub(crate) mod kubernetes;
mod lookup;
pub mod pods;
mod tasks;

pub use facts::Identity;
pub(crate) use lookup::{Lookup, Message, Question};
pub(crate) use tasks::Tasks;
