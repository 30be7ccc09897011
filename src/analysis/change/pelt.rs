//! The best cut of a series into pieces of constant level: PELT (Killick, Fearnhead, Eckley 2012) with squared errors.
//!
//! Owns: sums over stretches, and the search. Must not: judge what it finds.

/// Sums from the beginning, so that any stretch is summed at once.
pub(super) struct Sums {
    /// Of the values.
    first: Vec<f64>,
    /// Of their squares.
    second: Vec<f64>,
    /// Of value × position.
    with_time: Vec<f64>,
}

impl Sums {
    /// Of these values, which lie around zero: squares of far-off numbers cancel badly.
    pub(super) fn of(x: &[f64]) -> Sums {
        let running = |f: &dyn Fn(usize, f64) -> f64| {
            let mut sum = 0.0;
            std::iter::once(0.0)
                .chain(x.iter().enumerate().map(|(t, v)| {
                    sum += f(t, *v);
                    sum
                }))
                .collect()
        };
        Sums {
            first: running(&|_, v| v),
            second: running(&|_, v| v * v),
            with_time: running(&|t, v| t as f64 * v),
        }
    }

    /// Mean of `from..to`.
    pub(super) fn mean(&self, from: usize, to: usize) -> f64 {
        (self.first[to] - self.first[from]) / (to - from) as f64
    }

    /// Squared distance of `from..to` from its mean.
    pub(super) fn error(&self, from: usize, to: usize) -> f64 {
        let sum = self.first[to] - self.first[from];
        (self.second[to] - self.second[from] - sum * sum / (to - from) as f64).max(0.0)
    }

    /// Σ (t − mean t)·x over `from..to`.
    pub(super) fn covariation(&self, from: usize, to: usize) -> f64 {
        let middle = (from + to - 1) as f64 / 2.0;
        self.with_time[to] - self.with_time[from] - middle * (self.first[to] - self.first[from])
    }
}

/// Σ (t − mean t)² over `n` consecutive positions.
pub(super) fn time_variation(n: usize) -> f64 {
    let n = n as f64;
    n * (n * n - 1.0) / 12.0
}

/// Where pieces begin, without 0, ascending: the cut of 0..n with the least squared error plus `penalty` per piece,
/// among those whose pieces have at least `shortest` values.
pub(super) fn cuts(sums: &Sums, n: usize, penalty: f64, shortest: usize) -> Vec<usize> {
    // best[t]: least cost of 0..t; from[t]: where its last piece begins.
    let (mut best, mut from) = (vec![f64::INFINITY; n + 1], vec![0; n + 1]);
    best[0] = -penalty;
    let mut open: Vec<usize> = vec![0];
    for t in shortest..=n {
        for &s in &open {
            let cost = best[s] + sums.error(s, t) + penalty;
            if cost < best[t] {
                (best[t], from[t]) = (cost, s);
            }
        }
        // What is worse now by more than a piece can never become the best again.
        open.retain(|&s| best[s] + sums.error(s, t) <= best[t]);
        let next = t + 1 - shortest;
        if next >= shortest {
            open.push(next);
        }
    }
    let mut cuts = Vec::new();
    let mut at = from[n];
    while at > 0 {
        cuts.push(at);
        at = from[at];
    }
    cuts.reverse();
    cuts
}
