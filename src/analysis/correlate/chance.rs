//! What chance alone would show among many comparisons.
//!
//! Owns: tail probabilities, and the false-discovery control of Benjamini and Hochberg (1995). Must not: know what was
//! compared.

/// The probability that a normally distributed number is at least `z` away from its mean.
pub(super) fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The complementary error function for x ≥ 0, to 1.2·10⁻⁷ of its value far into the tail (Numerical Recipes, erfcc).
fn erfc(x: f64) -> f64 {
    const SERIES: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = SERIES.iter().rev().fold(0.0, |sum, c| sum * t + c);
    t * (sum - x * x).exp()
}

/// For each probability the least share of false discoveries at which it would count as one, out of `compared`
/// comparisons; those that are not listed have greater probabilities than all that are.
pub(super) fn false_discovery_rates(probabilities: &[f64], compared: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut rates = vec![1.0; probabilities.len()];
    let mut least = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        least = least.min(probabilities[i] * compared as f64 / (rank + 1) as f64);
        rates[i] = least;
    }
    rates
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STU-4: tails as published.
    #[test]
    fn tails() {
        for (z, p) in [(0.0, 1.0), (1.959_963_985, 0.05), (5.0, 5.733_031_4e-7), (8.0, 1.244_192_1e-15)] {
            assert!((two_sided(z) / p - 1.0).abs() < 1e-6, "{z}: {}", two_sided(z));
            assert!((two_sided(-z) / p - 1.0).abs() < 1e-6);
        }
    }

    /// STU-4: rates as in the example of Benjamini and Hochberg: the first four of fifteen at 5 %.
    #[test]
    fn rates() {
        let p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459];
        let found = false_discovery_rates(&p, 15).iter().filter(|q| **q <= 0.05).count();
        assert_eq!(found, 4);
    }
}
