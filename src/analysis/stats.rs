//! Robust statistics: what a few wild values cannot move.
//!
//! Owns: median, quantile, median absolute deviation. Must not: know what the numbers are.

/// Standard deviation of a normal distribution over its median absolute deviation.
pub const MAD_TO_SD: f64 = 1.4826;

/// The `q`-quantile (0..=1) of `values`, which are reordered: linear between the two nearest ranks. `None` without
/// values. NaN must not be among them.
pub fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = q.clamp(0.0, 1.0) * last as f64;
    let (low, part) = (rank.floor() as usize, rank.fract());
    let (_, &mut below, above) = values.select_nth_unstable_by(low, f64::total_cmp);
    if part == 0.0 {
        return Some(below);
    }
    let above = above.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    Some(below + part * (above - below))
}

/// The middle one of `values`, which are reordered; the mean of the middle two of an even number.
pub fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Median absolute deviation from the median; `values` are replaced by the deviations.
pub fn mad(values: &mut [f64]) -> Option<f64> {
    let middle = median(values)?;
    for v in values.iter_mut() {
        *v = (*v - middle).abs();
    }
    median(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these numbers are exact")]
    use super::*;

    /// STU-1: quantiles lie between ranks, and none is invented.
    #[test]
    fn quantiles_lie_between_ranks() {
        assert_eq!(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.5), Some(2.5));
        assert_eq!(quantile(&mut [5.0, 1.0, 3.0, 2.0, 4.0], 0.25), Some(2.0));
        assert_eq!(quantile(&mut [1.0, 2.0], 1.0), Some(2.0));
        assert_eq!(median(&mut []), None);
    }

    /// STU-2: one wild value does not move the deviation.
    #[test]
    fn deviation_is_robust() {
        assert_eq!(mad(&mut [1.0, 2.0, 3.0, 4.0, 1e9]), Some(1.0));
    }
}
