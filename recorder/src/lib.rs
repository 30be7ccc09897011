//! Records every container and process of a Linux host.
pub mod discover;
pub mod read;
