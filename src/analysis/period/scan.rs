//! All periods that fit into a series, each with several numbers and widths of teeth: which stand out of the noise?
//!
//! Owns: the search grid, the correction for noise that is not as white as hoped, the best candidate per band of periods.
//! Must not: judge a candidate further.
//!
//! The search is what costs. Narrow teeth of all three widths and the variance lie side by side per lag, so that one
//! interpolation gives all four; wide ones move in steps of their width.

use std::ops::RangeInclusive;

use super::correlogram::Correlogram;
use crate::analysis::stats::quantile;

/// Numbers of teeth: many find faint steady periods, few find those that wander.
const TEETH: [usize; 9] = [1, 2, 3, 4, 6, 8, 12, 16, 32];

/// Wide teeth are for periods that wander, which many teeth cannot follow; what many wide teeth find is slow noise.
const MOST_WIDE_TEETH: usize = 8;

/// Half-widths of teeth in cells.
const NARROW: [f64; 3] = [0.5, 1.5, 3.0];

/// Half-widths of teeth as shares of the period, where that is wider than the narrow ones.
const WIDE: [f64; 3] = [0.06, 0.11, 0.2];

/// No tooth is wider than this share of its cycle to either side.
const WIDEST: f64 = 0.27;

/// The shortest period in cells.
const SHORTEST: f64 = 2.0;

/// The longest period fits this often.
pub(super) const FEWEST_CYCLES: f64 = 4.5;

/// Bands of periods per factor of two.
const BANDS_PER_OCTAVE: f64 = 4.0;

/// A period that may be one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// In cells.
    pub period: f64,
    /// Teeth of the comb.
    pub teeth: usize,
    /// Half the width of a tooth, in cells.
    pub half: f64,
    /// How far the comb stands out of the noise, in standard deviations.
    pub z: f64,
}

impl Candidate {
    /// Whether it stands out enough in a series of `n` cells. Wide teeth and few cycles are what slow noise likes.
    pub(super) fn convinces(&self, n: usize) -> bool {
        let cycles = n as f64 / self.period;
        let least = if cycles < 6.0 && self.half > 0.1 * self.period {
            35.0
        } else if self.half > 2.5 {
            8.5
        } else {
            7.0
        };
        self.z >= least && cycles >= FEWEST_CYCLES
    }
}

/// The best candidates, one for each narrow band of periods at most.
#[derive(Default)]
pub(super) struct Found {
    bands: Vec<Option<Candidate>>,
    n: usize,
}

impl Found {
    /// The candidates from the shortest period to the longest.
    pub(super) fn all(&self) -> impl Iterator<Item = Candidate> + '_ {
        self.bands.iter().flatten().copied()
    }

    /// The one of highest z that convinces, of those whose period is in a range.
    pub(super) fn best(&self, from: f64, to: f64) -> Option<Candidate> {
        self.all()
            .filter(|c| from <= c.period && c.period < to && c.convinces(self.n))
            .max_by(|a, b| a.z.total_cmp(&b.z))
    }

    fn offer(&mut self, candidate: Candidate) {
        let band = ((candidate.period / SHORTEST).log2() * BANDS_PER_OCTAVE).max(0.0) as usize;
        if self.bands.len() <= band {
            self.bands.resize(band + 1, None);
        }
        let better =
            |held: Candidate| (candidate.convinces(self.n), candidate.z) > (held.convinces(self.n), held.z);
        if self.bands[band].is_none_or(better) {
            self.bands[band] = Some(candidate);
        }
    }
}

/// Looks through all periods from `shortest` cells on, with combs of at most so many teeth.
pub(super) fn scan(correlogram: &Correlogram, shortest: f64, most_teeth: usize) -> Found {
    let n = correlogram.n;
    let mut found = Found { bands: Vec::new(), n };
    let packed = pack(correlogram);
    for teeth in TEETH.into_iter().filter(|&teeth| teeth <= most_teeth) {
        let least = (shortest.max(SHORTEST) * teeth as f64).ceil() as usize;
        let longest = n as f64 / FEWEST_CYCLES * teeth as f64;
        let most = correlogram.reach().min(longest) as usize;
        if least > most {
            continue;
        }
        narrow(correlogram, &packed, teeth, least..=most, &mut found);
        for share in WIDE.into_iter().filter(|_| teeth <= MOST_WIDE_TEETH) {
            wide(correlogram, share, teeth, least..=most, &mut found);
        }
    }
    found
}

/// Per lag, the correlation within each of the narrow widths.
fn pack(correlogram: &Correlogram) -> Vec<[f32; 4]> {
    (0..correlogram.sums.len())
        .map(|lag| {
            let at = lag as f64;
            let [a, b, c] = NARROW.map(|half| correlogram.between(at - half, at + half).0 as f32);
            [a, b, c, 0.0]
        })
        .collect()
}

fn narrow(
    correlogram: &Correlogram,
    packed: &[[f32; 4]],
    teeth: usize,
    ends: RangeInclusive<usize>,
    found: &mut Found,
) {
    let mut trials: [Vec<Trial>; 3] =
        std::array::from_fn(|_| Vec::with_capacity(ends.end() - ends.start() + 1));
    for end in ends {
        let cycles = Cycles::of(correlogram, end as f64, teeth);
        let sums = comb(packed, end, teeth);
        for (width, half) in NARROW.into_iter().enumerate() {
            if half <= WIDEST * cycles.period {
                trials[width].push(cycles.trial(f64::from(sums[width]), half));
            }
        }
    }
    for (trials, half) in trials.iter().zip(NARROW) {
        offer(correlogram, trials, teeth, |_| half, found);
    }
}

/// All cycles that a comb of some teeth spans.
struct Cycles {
    period: f64,
    sum: f64,
    variance: f64,
}

impl Cycles {
    fn of(correlogram: &Correlogram, end: f64, teeth: usize) -> Self {
        let period = end / teeth as f64;
        let (sum, variance) = correlogram.between(period / 2.0, end + period / 2.0);
        Self { period, sum, variance }
    }

    /// The variance changes slowly from lag to lag, so that the teeth have their share of it.
    fn trial(&self, sum: f64, half: f64) -> Trial {
        let share = 2.0 * half / self.period;
        Trial {
            period: self.period as f32,
            excess: (sum - share * self.sum) as f32,
            variance: (share * (1.0 - share) * self.variance) as f32,
        }
    }
}

/// Sums over the teeth at `end/teeth · 1..=teeth`, straight between whole lags.
fn comb(packed: &[[f32; 4]], end: usize, teeth: usize) -> [f32; 4] {
    let (whole, rest) = (end / teeth, end % teeth);
    let per_tooth = 1.0 / teeth as f32;
    let (mut lag, mut over) = (0, 0);
    let mut sums = [0.0_f32; 4];
    for _ in 0..teeth {
        lag += whole;
        over += rest;
        if over >= teeth {
            over -= teeth;
            lag += 1;
        }
        let (low, high) = (&packed[lag], &packed[lag + 1]);
        let part = over as f32 * per_tooth;
        for i in 0..4 {
            sums[i] += low[i] + part * (high[i] - low[i]);
        }
    }
    sums
}

fn wide(correlogram: &Correlogram, share: f64, teeth: usize, ends: RangeInclusive<usize>, found: &mut Found) {
    // The outermost tooth moves by this share of its half-width from one candidate to the next.
    const STEP: f64 = 0.75;
    let widest_narrow = NARROW[NARROW.len() - 1];
    let mut end = (*ends.start() as f64).max((widest_narrow / share * teeth as f64).ceil());
    let mut trials = Vec::new();
    while end <= *ends.end() as f64 {
        let cycles = Cycles::of(correlogram, end, teeth);
        let half = share * cycles.period;
        let (mut low, mut high, mut sum) = (cycles.period - half, cycles.period + half, 0.0);
        for _ in 0..teeth {
            sum += correlogram.total_near(high) - correlogram.total_near(low);
            low += cycles.period;
            high += cycles.period;
        }
        trials.push(cycles.trial(sum, half));
        end += (STEP * half).floor().max(1.0);
    }
    offer(correlogram, &trials, teeth, |period| share * period, found);
}

/// One comb of the search.
struct Trial {
    period: f32,
    excess: f32,
    variance: f32,
}

/// Offers what stands out, after allowing for how much wider than noise the values are spread.
fn offer(
    correlogram: &Correlogram,
    trials: &[Trial],
    teeth: usize,
    half: impl Fn(f64) -> f64,
    found: &mut Found,
) {
    let wider = inflation(trials);
    let least = WORTH_KEEPING * wider;
    for trial in trials.iter().filter(|t| t.excess > 0.0 && t.excess * t.excess > least * least * t.variance)
    {
        let period = f64::from(trial.period);
        let variance = f64::from(trial.variance * wider * wider);
        let z = correlogram.sober(f64::from(trial.excess), variance);
        found.offer(Candidate { period, teeth, half: half(period), z });
    }
}

/// Nothing below can become a period; it still tells how far the best candidate is from one.
const WORTH_KEEPING: f32 = 4.0;

/// How much wider than standard normal the bulk of the excesses is, 1 to 1.8. The bulk: what repeats fills the tail.
fn inflation(trials: &[Trial]) -> f32 {
    // Quantiles of the absolute value of a standard normal number.
    const QUANTILES: [(f64, f64); 2] = [(0.5, 0.6745), (0.3, 0.3853)];
    const ENOUGH: usize = 512;
    let every = trials.len().div_ceil(ENOUGH).max(1);
    let mut squares: Vec<f64> =
        trials.iter().step_by(every).map(|t| f64::from(t.excess * t.excess / t.variance)).collect();
    let ratio = |(q, normal)| quantile(&mut squares, q).map_or(1.0, |found| found.sqrt() / normal);
    QUANTILES.map(ratio).into_iter().fold(1.8, f64::min).max(1.0) as f32
}
