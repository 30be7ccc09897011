//! Noise for tests, the same for the same seed.

/// A stream of random numbers that are spread normally.
pub(super) struct Noise {
    state: u64,
    last: f64,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Noise {
        Noise { state: seed, last: 0.0 }
    }

    /// In 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Mean 0, variance 1.
    pub(super) fn next(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Mean 0, each correlated with the one before by `persistence`.
    pub(super) fn slow(&mut self, persistence: f64) -> f64 {
        self.last = persistence * self.last + self.next();
        self.last
    }
}
