//! Terminal viewer for Fine-Grained Monitor recordings.
//!
//! Data flow: [`source`] (the query engine) → [`effect`] (workers) → [`app`] (state, pure) → [`view`] (cells) →
//! [`terminal`] (bytes). Keys and mouse come in through [`input`], mean what [`keymap`] says, and end in
//! [`app::App::update`]. [`headless`] answers without a screen. What the user has
//! set lies in [`config`].

pub mod app;
pub mod argv;
pub mod caps;
pub mod cli;
pub mod config;
pub mod effect;
pub mod grouping;
pub mod headless;
pub mod heard;
pub mod input;
pub mod keymap;
pub mod live;
pub mod naming;
pub mod place;
pub mod run;
pub mod source;
pub mod start;
pub mod state;
pub mod study;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod view;
