//! By what the subjects of a list are ordered.
//!
//! Owns: the orders, their words and numbers. Must not: sort.

use fgm::query::model::TopBy;
use fgm::series::Bucket;

/// By what subjects are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The highest mean first.
    #[default]
    Mean,
    /// The highest value first.
    Max,
    /// The highest last value first.
    Last,
    /// The greatest increase from the first value to the last first.
    Growth,
    /// By name.
    Name,
    /// Who has the newest row first.
    Recent,
}

impl Order {
    /// Every order, as the key goes through them.
    pub const ALL: [Order; 6] =
        [Order::Mean, Order::Max, Order::Last, Order::Growth, Order::Name, Order::Recent];

    /// The next one for a key that goes through them.
    #[must_use]
    pub fn next(self) -> Order {
        let at = Order::ALL.iter().position(|o| *o == self).unwrap_or(0);
        Order::ALL[(at + 1) % Order::ALL.len()]
    }

    /// What the numbers beside the subjects are, and by what the list is ordered if by something else.
    pub fn words(self) -> &'static str {
        match self {
            Order::Mean => "mean",
            Order::Max => "max",
            Order::Last => "last",
            Order::Growth => "growth",
            Order::Name => "mean, by name",
            Order::Recent => "mean, newest",
        }
    }

    /// The number beside a subject.
    pub fn value(self, b: &Bucket) -> f64 {
        match self {
            Order::Mean | Order::Name | Order::Recent => b.mean,
            Order::Max => TopBy::Max.of(b),
            Order::Last => TopBy::Last.of(b),
            Order::Growth => TopBy::Growth.of(b),
        }
    }
}
