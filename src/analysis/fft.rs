//! Real Fourier transforms with the plans kept.
//!
//! Owns: lengths that are quick, and linear correlation by padding. Must not: know what is transformed.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Fourier transforms; keep one for many series, since planning costs more than transforming.
pub struct Fft {
    planner: RealFftPlanner<f64>,
}

impl Default for Fft {
    fn default() -> Self {
        Self { planner: RealFftPlanner::new() }
    }
}

impl Fft {
    /// The spectrum of `values`, bins 0..=n/2. `values` are used up as scratch.
    pub fn forward(&mut self, values: &mut [f64]) -> Vec<Complex<f64>> {
        let plan = self.planner.plan_fft_forward(values.len());
        let mut spectrum = plan.make_output_vec();
        let done = plan.process(values, &mut spectrum);
        debug_assert!(done.is_ok(), "the plan made the buffer: {done:?}");
        spectrum
    }

    /// `n` values from a spectrum, divided by `n` so that [`Fft::forward`] is undone. `spectrum` is used up as scratch.
    pub fn inverse(&mut self, spectrum: &mut [Complex<f64>], n: usize) -> Vec<f64> {
        let plan = self.planner.plan_fft_inverse(n);
        let mut values = plan.make_output_vec();
        // Rounding leaves specks in the imaginary parts that a real signal cannot have.
        if let Some(first) = spectrum.first_mut() {
            first.im = 0.0;
        }
        if let Some(last) = spectrum.last_mut().filter(|_| n.is_multiple_of(2)) {
            last.im = 0.0;
        }
        let done = plan.process(spectrum, &mut values);
        debug_assert!(done.is_ok(), "the plan made the buffer: {done:?}");
        let scale = 1.0 / n as f64;
        for v in &mut values {
            *v *= scale;
        }
        values
    }

    /// Sums of `a[t]·a[t+k]` for the lags k in 0..=`most`, without wrapping around.
    pub fn autocorrelation(&mut self, a: &[f64], most: usize) -> Vec<f64> {
        let n = quick_length(a.len() + most);
        let mut padded = vec![0.0; n];
        padded[..a.len()].copy_from_slice(a);
        let mut spectrum = self.forward(&mut padded);
        for bin in &mut spectrum {
            *bin = Complex::new(bin.norm_sqr(), 0.0);
        }
        let mut lags = self.inverse(&mut spectrum, n);
        lags.truncate(most + 1);
        lags
    }
}

/// The smallest length from `n` on that is even and has no factor above 5; at least 2.
pub fn quick_length(n: usize) -> usize {
    let mut length = n.max(2).next_multiple_of(2);
    while !has_small_factors(length) {
        length += 2;
    }
    length
}

fn has_small_factors(n: usize) -> bool {
    let mut rest = n;
    for factor in [2, 3, 5] {
        while rest.is_multiple_of(factor) {
            rest /= factor;
        }
    }
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STU-1: lags are sums over pairs, nothing wraps around.
    #[test]
    fn autocorrelation_is_linear() {
        let lags = Fft::default().autocorrelation(&[1.0, 2.0, 3.0], 3);
        for (lag, wanted) in lags.iter().zip([14.0, 8.0, 3.0, 0.0]) {
            assert!((lag - wanted).abs() < 1e-9, "{lags:?}");
        }
        assert_eq!((quick_length(3599), quick_length(7), quick_length(0)), (3600, 8, 2));
    }
}
