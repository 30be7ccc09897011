//! A period in one sentence.
//!
//! Owns: its words. Must not: decide anything.

use super::hold::whole_cycles;
use super::{Period, Shape};
use crate::unit::{Quantity, significant};

impl Period {
    /// Whole cycles that fit into the series; one that lacks a hair is whole.
    pub fn whole_cycles(&self) -> usize {
        whole_cycles(self.cycles)
    }

    /// For people: `repeats every 59.8 s, 14 of 15 cycles, +420 mcores for 3.00 s`.
    pub fn sentence(&self, quantity: Quantity) -> String {
        let swing = quantity.format(self.amplitude);
        let what = match self.shape {
            Shape::Burst { width_s } => format!("+{swing} for {}", duration(width_s)),
            Shape::Dip { width_s } => format!("-{swing} for {}", duration(width_s)),
            Shape::Wave => format!("swings by {swing}"),
        };
        let whole = self.whole_cycles();
        format!("repeats every {}, {} of {whole} cycles, {what}", duration(self.period_s), self.seen)
    }
}

/// Three digits, in seconds, minutes or hours.
pub fn duration(seconds: f64) -> String {
    if seconds < 600.0 {
        format!("{} s", significant(seconds))
    } else if seconds < 36_000.0 {
        format!("{} min", significant(seconds / 60.0))
    } else {
        format!("{} h", significant(seconds / 3600.0))
    }
}
