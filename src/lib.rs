//! What recorder and viewer of Fine-Grained Monitor agree on. No terminal, no kernel access.
#[cfg(feature = "analysis")]
pub mod analysis;
pub mod event;
pub mod filter;
pub mod identity;
pub mod metric;
#[cfg(feature = "query")]
pub mod query;
pub mod series;
pub mod store;
pub mod subject;
pub mod time;
pub mod unit;
