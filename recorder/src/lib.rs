//! Records every container and process of a Linux host.
pub mod config;
pub mod discover;
pub mod error;
pub mod pace;
mod pipeline;
pub mod read;
pub mod sink;
