//! Why a series says nothing.
//!
//! Owns: the one way in which studies decline. Must not: hold numbers of a study.

use std::fmt;

/// A series that a study cannot judge, and what it would need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEnough {
    /// Half a sentence: `120 samples are needed, there are 2`.
    pub reason: String,
}

impl NotEnough {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        NotEnough { reason: reason.into() }
    }

    /// Too few values.
    pub fn samples(needed: usize, present: usize) -> Self {
        NotEnough::new(format!("{needed} samples are needed, there are {present}"))
    }

    /// All values are alike.
    pub fn constant() -> Self {
        NotEnough::new("the series does not vary")
    }
}

impl fmt::Display for NotEnough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not enough data: {}", self.reason)
    }
}

impl std::error::Error for NotEnough {}
