//! Which cgroups there are and what each of them is.
//!
//! Owns: hierarchies, the walk that notices new and dead cgroups, and what a path tells. Must not: read counters, or
//! ask runtimes and APIs (`identify` does, on its own thread).

pub mod classify;
pub mod hierarchy;
pub mod tree;
pub mod watch;

pub use classify::{Class, Role, Runtime, classify, may_be_task};
pub use hierarchy::{Controller, Hierarchies, Hierarchy};
pub use tree::{Change, Tree};
pub use watch::Watch;
