//! Does it climb at all? Mann–Kendall's test, with ties, in O(n log n).
//!
//! Owns: the number of pairs in order less those out of order, and how much chance makes of it. Must not: know how
//! steep the climb is.

/// Mann–Kendall's S.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Pairs that climb less pairs that fall.
    pub s: f64,
    /// Variance of `s` if the values came in any order, ties taken into account.
    pub variance: f64,
}

impl MannKendall {
    /// Of values in the order of time. None may be NaN.
    pub fn of(values: &[f64]) -> MannKendall {
        let mut sorted = values.to_vec();
        let falling = falling_pairs(&mut sorted, &mut vec![0.0; values.len()]);
        let n = values.len() as f64;
        let pairs = n * (n - 1.0) / 2.0;
        let (mut tied, mut lost) = (0.0, 0.0);
        for alike in sorted.chunk_by(|a, b| a >= b) {
            let t = alike.len() as f64;
            tied += t * (t - 1.0) / 2.0;
            lost += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        MannKendall {
            s: pairs - tied - 2.0 * falling as f64,
            variance: (n * (n - 1.0) * (2.0 * n + 5.0) - lost) / 18.0,
        }
    }

    /// Standard score, towards zero by one pair; 0 when nothing varies.
    pub fn z(&self) -> f64 {
        if self.s == 0.0 || self.variance <= 0.0 {
            return 0.0;
        }
        (self.s - self.s.signum()) / self.variance.sqrt()
    }
}

/// Sorts by merging and counts the pairs of which the earlier value is the greater.
fn falling_pairs(values: &mut [f64], room: &mut [f64]) -> u64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let middle = n / 2;
    let (left, right) = values.split_at_mut(middle);
    let (room_left, room_right) = room.split_at_mut(middle);
    let mut falling = falling_pairs(left, room_left) + falling_pairs(right, room_right);
    let (mut i, mut j) = (0, 0);
    for place in room.iter_mut() {
        let from_left = j == right.len() || i < left.len() && left[i] <= right[j];
        *place = if from_left { left[i] } else { right[j] };
        if from_left {
            i += 1;
        } else {
            falling += (left.len() - i) as u64;
            j += 1;
        }
    }
    values.copy_from_slice(room);
    falling
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// STU-3: as pymannkendall 1.4.3 (`original_test`) has it for the same values.
    #[test]
    fn as_published() {
        let test = MannKendall::of(&[1.0, 2.0, 2.0, 3.0, 1.0, 5.0, 4.0, 4.0, 4.0, 6.0]);
        assert!((test.s - 28.0).abs() < 1e-12, "{test:?}");
        assert!((test.variance - 119.333_333_333_333_33).abs() < 1e-9, "{test:?}");
        assert!((test.z() - 2.471_626_700_674_281).abs() < 1e-9, "{}", test.z());
        assert!(MannKendall::of(&[3.0; 9]).z().abs() < 1e-12);
        assert!(MannKendall::of(&[]).z().abs() < 1e-12);
    }

    proptest! {
        /// STU-3: merging counts what comparing every pair counts.
        #[test]
        fn as_by_every_pair(values in prop::collection::vec(-5i8..5, 0..60)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut s = 0.0;
            for (i, a) in values.iter().enumerate() {
                s += values[i + 1..].iter().map(|b| f64::from(i8::from(b > a) - i8::from(b < a))).sum::<f64>();
            }
            prop_assert!((MannKendall::of(&values).s - s).abs() < 1e-9);
        }
    }
}
