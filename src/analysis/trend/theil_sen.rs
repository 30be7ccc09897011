//! How steep is the climb? The median of the slopes between all pairs (Theil 1950), with Sen's interval (1968).
//!
//! Owns: slope and interval. Must not: be fed more than some hundred points: there is a slope for every pair.

use crate::analysis::stats::{median, quantile};

/// A slope and what it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The slope of points in the order of time, all at different times, and the interval that holds it when
/// Mann–Kendall's S is within `reach` of its mean. `None` for fewer than two points.
pub(super) fn slope(points: &[(f64, f64)], reach: f64) -> Option<Slope> {
    let mut slopes: Vec<f64> = points
        .iter()
        .enumerate()
        .flat_map(|(i, a)| points[i + 1..].iter().map(move |b| (b.1 - a.1) / (b.0 - a.0)))
        .collect();
    let middle = median(&mut slopes)?;
    // `reach` pairs more or less in order move the median by half as many ranks.
    let off = reach / 2.0 / slopes.len() as f64;
    let low = quantile(&mut slopes, 0.5 - off)?;
    let high = quantile(&mut slopes, 0.5 + off)?;
    Some(Slope { median: middle, low, high })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fall over")]
    use super::*;

    /// STU-3: wild points do not move the slope, and the interval holds it.
    #[test]
    fn wild_points_do_not_matter() {
        let points: Vec<(f64, f64)> =
            (0..40).map(|i| (f64::from(i), if i % 9 == 4 { 1e6 } else { 3.0 * f64::from(i) })).collect();
        let found = slope(&points, 150.0).unwrap();
        assert!((found.median - 3.0).abs() < 1e-9 && found.low <= 3.0 && found.high >= 3.0, "{found:?}");
        assert_eq!(slope(&points[..1], 0.0), None);
    }
}
