//! The store: what a recording looks like on disk, how it is written and made whole again.
pub mod tick;
