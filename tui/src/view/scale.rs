//! The value axis: where it begins and ends, nice numbers on it, and where on it a value lies.
//!
//! Owns: the modes of the axis and its labels. Must not: draw.

use fgm::series::Bucket;
use fgm::unit::{Quantity, Scale as Prefix};

use crate::app::panel::Scale;

/// Decades that a logarithmic axis shows at most.
const DECADES: f64 = 9.0;

/// The value axis.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueAxis {
    /// Value at the lowest dot.
    pub low: f64,
    /// Value at the highest dot.
    pub high: f64,
    /// Whether each decade is as high as the next.
    pub log: bool,
    /// One prefix for all labels.
    pub prefix: Prefix,
    /// Values with their labels, unit not included.
    pub ticks: Vec<(f64, String)>,
}

/// What is to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Smallest value above zero, if there is one.
    pub positive: Option<f64>,
}

impl Extent {
    /// Of all buckets; `None` when there are none.
    pub fn of<'a>(buckets: impl Iterator<Item = &'a Bucket>) -> Option<Extent> {
        let one = |b: &Bucket| Extent {
            min: b.min,
            max: b.max,
            positive: [b.min, b.mean, b.max].into_iter().find(|v| *v > 0.0),
        };
        buckets.map(one).reduce(|a, b| Extent {
            min: a.min.min(b.min),
            max: a.max.max(b.max),
            positive: match (a.positive, b.positive) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        })
    }
}

impl ValueAxis {
    /// The axis for values of this extent on `rows` rows of text.
    pub fn new(extent: Extent, scale: Scale, quantity: Quantity, rows: u16) -> ValueAxis {
        match (scale, extent.positive) {
            (Scale::Log, Some(positive)) => logarithmic(positive, extent.max, quantity),
            (Scale::Fixed(low, high), _) if high > low => {
                let prefix = quantity.scale_for(low.abs().max(high.abs()));
                let step = nice_step((high - low) / prefix.divisor, parts(rows)) * prefix.divisor;
                ValueAxis { low, high, log: false, prefix, ticks: ticks((low, high), step, prefix) }
            }
            // Nothing above zero has no logarithm.
            (Scale::Zero | Scale::Log, _) => linear(extent, true, quantity, rows),
            (Scale::Fit | Scale::Fixed(..), _) => linear(extent, false, quantity, rows),
        }
    }

    /// Where a value lies on a scale that runs evenly from the lowest to the highest dot; outside of it, at its ends.
    pub fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        if self.log { value.log10() } else { value }
    }

    /// A bucket so placed.
    pub fn bucket(&self, b: Bucket) -> Bucket {
        let [min, max, first, last, mean] = [b.min, b.max, b.first, b.last, b.mean].map(|v| self.place(v));
        Bucket { min, max, first, last, mean, ..b }
    }

    /// Whether values lie below or above what the axis shows.
    pub fn clips(&self, b: &Bucket) -> (bool, bool) {
        // A zero on a logarithmic axis stands at its foot.
        (b.min < self.low && !(self.log && b.min <= 0.0), b.max > self.high)
    }
}

fn parts(rows: u16) -> f64 {
    f64::from((rows / 4).clamp(2, 8))
}

fn linear(extent: Extent, zero_based: bool, quantity: Quantity, rows: u16) -> ValueAxis {
    let Extent { min, max, .. } = extent;
    let (mut low, mut high) = if zero_based { (min.min(0.0), max.max(0.0)) } else { (min, max) };
    if high <= low {
        // A flat line: zero at the bottom, or the line in the middle.
        let room = if zero_based || high == 0.0 { 1.0 } else { high.abs() * 0.05 };
        high += room;
        if !zero_based {
            low -= room;
        }
    }
    let prefix = quantity.scale_for(low.abs().max(high.abs()));
    let step = nice_step((high - low) / prefix.divisor, parts(rows)) * prefix.divisor;
    // The edges lie on quarters of a step: room above the line, and an axis that keeps still while data grows.
    let quarter = step / 4.0;
    high = ((high + (high - low) * 0.01) / quarter).ceil() * quarter;
    low = if low < 0.0 || !zero_based { (low / quarter).floor() * quarter } else { 0.0 };
    ValueAxis { low, high, log: false, prefix, ticks: ticks((low, high), step, prefix) }
}

fn ticks((low, high): (f64, f64), step: f64, prefix: Prefix) -> Vec<(f64, String)> {
    let decimals = (-(step / prefix.divisor).log10().floor()).max(0.0) as usize;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 50))
        .map(|i| {
            let v = i as f64 * step;
            (v, format!("{:.decimals$}", v / prefix.divisor + 0.0))
        })
        .collect()
}

fn logarithmic(positive: f64, max: f64, quantity: Quantity) -> ValueAxis {
    let prefix = quantity.scale_for(max);
    let unit = prefix.divisor;
    let mut bottom = (positive / unit).log10().floor();
    let top = (max / unit).log10().ceil().max(bottom + 1.0);
    bottom = bottom.max(top - DECADES);
    let steps: &[f64] = if top - bottom > 2.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut ticks = Vec::new();
    for decade in bottom as i32..=top as i32 {
        for step in steps {
            let v = step * 10f64.powi(decade);
            if v <= 10f64.powf(top) * 1.001 {
                let decimals = (-decade).max(0) as usize;
                ticks.push((v * unit, format!("{v:.decimals$}")));
            }
        }
    }
    let ends = [bottom, top].map(|e| 10f64.powf(e) * unit);
    ValueAxis { low: ends[0], high: ends[1], log: true, prefix, ticks }
}

/// The 1-2-5 step that divides a span into about `parts`.
fn nice_step(span: f64, parts: f64) -> f64 {
    let raw = span / parts;
    let base = 10f64.powf(raw.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| base * m >= raw * 0.999).unwrap_or(10.0);
    base * times
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::unit::Unit;

    fn axis(min: f64, max: f64, scale: Scale, unit: Unit, rows: u16) -> ValueAxis {
        let positive = [min, max].into_iter().find(|v| *v > 0.0);
        ValueAxis::new(Extent { min, max, positive }, scale, unit.plain(), rows)
    }

    fn labels(axis: &ValueAxis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, l)| l.as_str()).collect()
    }

    /// TUI-2: round numbers under one prefix, zero at the bottom, everything inside.
    #[test]
    fn value_ticks_are_round() {
        let a = axis(3.0, 940.0, Scale::Zero, Unit::Millicores, 16);
        assert_eq!(labels(&a), ["0", "500", "1000"]);
        let a = axis(0.0, 48.0 * 1024.0 * 1024.0, Scale::Zero, Unit::Bytes, 20);
        assert_eq!((labels(&a), a.prefix.suffix), (vec!["0", "10", "20", "30", "40", "50"], "MiB"));
        let a = axis(0.0, 0.37, Scale::Zero, Unit::Percent, 16);
        assert_eq!(labels(&a), ["0.0", "0.1", "0.2", "0.3"]);
        let a = axis(990.0, 1010.0, Scale::Fit, Unit::Millicores, 16);
        assert!(a.low <= 990.0 && a.high >= 1010.0 && a.low > 900.0, "{a:?}");
        let a = axis(-5.0, 5.0, Scale::Zero, Unit::Count, 16);
        assert!(labels(&a).contains(&"0") && a.low <= -5.0, "{a:?}");
    }

    /// TUI-2: whatever the values, there are ticks, and every value lies within the axis.
    #[test]
    fn value_axes_always_work() {
        for exponent in -3..15 {
            for (a, b) in [(0.0, 1.0), (1.0, 1.0), (0.999, 1.0), (0.0, 0.0), (-1.0, 2.0), (3.3, 7.7)] {
                for zero in [Scale::Zero, Scale::Fit] {
                    for rows in [3, 10, 50] {
                        let k = 10f64.powi(exponent);
                        let axis = super::tests::axis(a * k, b * k, zero, Unit::Bytes, rows);
                        assert!(axis.low <= a * k && axis.high >= b * k && axis.high > axis.low, "{axis:?}");
                        assert!((1..=20).contains(&axis.ticks.len()), "{axis:?}");
                        assert!(axis.ticks.iter().all(|(_, l)| l.len() <= 10), "{axis:?}");
                    }
                }
            }
        }
    }

    /// TUI-2: a logarithmic axis has a label per decade, finds a place for zero and does without where nothing is
    /// above zero.
    #[test]
    fn logarithmic_axes() {
        let extent = Extent { min: 0.0, max: 4000.0, positive: Some(3.0) };
        let a = ValueAxis::new(extent, Scale::Log, Unit::Millicores.plain(), 16);
        assert_eq!(labels(&a), ["1", "10", "100", "1000", "10000"]);
        assert_eq!((a.place(0.0), a.place(100.0), a.place(1e9)), (0.0, 2.0, 4.0));
        let zero = Extent { min: 0.0, max: 0.0, positive: None };
        assert!(!ValueAxis::new(zero, Scale::Log, Unit::Millicores.plain(), 16).log);
    }

    /// TUI-2: a fixed axis stays where it was put, and values outside of it are told.
    #[test]
    fn fixed_axes_clip() {
        let a = axis(0.0, 900.0, Scale::Fixed(100.0, 500.0), Unit::Millicores, 16);
        assert_eq!((a.low, a.high), (100.0, 500.0));
        let b = |min: f64, max: f64| Bucket {
            count: 2,
            min,
            max,
            first: min,
            last: max,
            mean: max,
            gap_before: None,
        };
        assert_eq!(a.clips(&b(200.0, 500.0)), (false, false));
        assert_eq!(a.clips(&b(50.0, 900.0)), (true, true));
    }
}
