//! From state to cells: one render function per panel.
//!
//! Owns: everything drawn. Must not: do I/O or change state; a frame is a function of the state and the look.

pub mod axis;
pub mod raster;
