//! Terminal viewer.
