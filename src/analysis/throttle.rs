//! Throttling: who had to wait for the next period of its CPU quota, how much, and which quota it would have taken
//! (STU-6).
//!
//! Owns: shares, stretches, the estimate of the quota. Must not: know where the counters stand.
//!
//! **The estimate.** A cgroup that uses `c` CPUs at once burns a quota of Q CPUs in the Q/c-th part of a period; for the
//! rest its `c` run queues stand still. So what the kernel adds to `throttled_usec` in a throttled period is
//! (c − Q) × period, and c = Q + throttled time per throttled period / period: the quota at which it would not have
//! waited, if it had gone on as before. That is the most it can have needed: work that was only put off needs less.

use super::stats::quantile;
use crate::time::{Micros, SECOND, TimeRange};
use crate::unit::significant;

/// Length of a quota's period unless more of them than this allows pass in a second; the kernel's default.
const PERIOD_S: f64 = 0.1;
/// Throttled seconds this close are one stretch; the recorder's events follow the same rule.
const ONE_STRETCH: Micros = 10 * SECOND;
/// From this on a stretch is sustained.
const SUSTAINED: Micros = 60 * SECOND;
/// From this share of the time on throttling is sustained.
const MOSTLY: f64 = 0.5;

/// What the counters of a cgroup have gained from one tick to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When the later reading was taken.
    pub time: Micros,
    /// Quota periods that have passed while it was runnable (`nr_periods`).
    pub periods: f64,
    /// Those of them in which it was throttled (`nr_throttled`).
    pub throttled_periods: f64,
    /// Seconds for which its run queues stood still, added up (`throttled_usec`).
    pub throttled_s: f64,
    /// Seconds between the readings.
    pub seconds: f64,
}

/// How throttling came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// In stretches of less than a minute, less than half of the time.
    Bursts,
    /// For a minute or more at a time, or half of the time.
    Sustained,
}

/// What a cgroup had to wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// First to last sample.
    pub range: TimeRange,
    /// Quota in CPUs, as it was last.
    pub quota_cores: Option<f64>,
    /// Throttled periods ÷ periods in which it was runnable, 0..=1.
    pub share_of_periods: f64,
    /// Share of the sampled time in ticks in which it was throttled, 0..=1.
    pub share_of_time: f64,
    /// Seconds for which its run queues stood still, added up.
    pub waited_s: f64,
    /// Stretches of throttling, apart by ten seconds.
    pub stretches: Vec<TimeRange>,
    /// Bursts or sustained.
    pub pattern: Pattern,
    /// CPUs that would have avoided 99 of 100 throttled ticks, and all of them: an estimate, see the module's text.
    pub needed_cores: Option<(f64, f64)>,
}

impl Report {
    /// The longest stretch in seconds.
    pub fn longest_s(&self) -> f64 {
        self.stretches.iter().map(|s| s.width()).max().unwrap_or(0) as f64 / SECOND as f64
    }

    /// One sentence; `clock` spells a time.
    pub fn sentence(&self, clock: impl Fn(Micros) -> String) -> String {
        let percent = |share: f64| significant(share * 100.0);
        let times = match self.stretches.len() {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        let pattern = match self.pattern {
            Pattern::Bursts => "bursts",
            Pattern::Sustained => "sustained",
        };
        let mut text = vec![format!(
            "throttled in {} % of its periods and {} % of the time from {} to {} ({times}, for up to {} s: {pattern}), \
             waited {} s on all CPUs together",
            percent(self.share_of_periods),
            percent(self.share_of_time),
            clock(self.range.start),
            clock(self.range.end),
            significant(self.longest_s()),
            significant(self.waited_s),
        )];
        if let Some(quota) = self.quota_cores {
            text.push(format!("; its quota is {} cores", significant(quota)));
        }
        if let Some((most, all)) = self.needed_cores {
            text.push(format!(
                ", an estimated {} cores would have avoided 99 % of it, {} cores all of it",
                significant(most),
                significant(all)
            ));
        }
        text.concat()
    }
}

/// What came of the samples of one cgroup, in the order of time; `None` if it was never throttled. `cpus` is how many
/// it may run on: no quota needs to be greater.
pub fn report(samples: &[Sample], quota_cores: Option<f64>, cpus: Option<f64>) -> Option<Report> {
    let (first, last) = (samples.first()?, samples.last()?);
    let sum = |f: fn(&Sample) -> f64| samples.iter().map(f).sum::<f64>();
    let throttled: Vec<&Sample> = samples.iter().filter(|s| s.throttled_periods > 0.0).collect();
    if throttled.is_empty() {
        return None;
    }
    let stretches = stretches(&throttled);
    let share_of_time = throttled.iter().map(|s| s.seconds).sum::<f64>() / sum(|s| s.seconds);
    let long = stretches.iter().any(|s| s.width() >= SUSTAINED);
    // More than ten periods in a second: they are shorter than the default.
    let often = samples.iter().map(|s| s.periods / s.seconds).fold(0.0, f64::max);
    let period_s = if often > 1.2 / PERIOD_S { 1.0 / often } else { PERIOD_S };
    let needed_cores = quota_cores.and_then(|quota| {
        let most = cpus.unwrap_or(f64::INFINITY).max(quota);
        let need = |s: &&Sample| (quota + s.throttled_s / (s.throttled_periods * period_s)).min(most);
        let mut needs: Vec<f64> = throttled.iter().map(need).collect();
        Some((quantile(&mut needs, 0.99)?, quantile(&mut needs, 1.0)?))
    });
    Some(Report {
        range: TimeRange::new(begin(first), last.time),
        quota_cores,
        share_of_periods: sum(|s| s.throttled_periods) / sum(|s| s.periods).max(1.0),
        share_of_time,
        waited_s: sum(|s| s.throttled_s),
        pattern: if long || share_of_time >= MOSTLY { Pattern::Sustained } else { Pattern::Bursts },
        stretches,
        needed_cores,
    })
}

fn begin(s: &Sample) -> Micros {
    s.time - (s.seconds * SECOND as f64) as Micros
}

fn stretches(throttled: &[&Sample]) -> Vec<TimeRange> {
    let mut all: Vec<TimeRange> = Vec::new();
    for s in throttled {
        match all.last_mut() {
            Some(last) if begin(s) - last.end < ONE_STRETCH => last.end = s.time,
            _ => all.push(TimeRange::new(begin(s), s.time)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fall over")]
    use super::*;

    /// A second of a cgroup with a quota of half a CPU that wants `cores` of them.
    fn second(at: i64, cores: f64) -> Sample {
        let (time, seconds) = (at * SECOND, 1.0);
        let waits = if cores > 0.5 { 10.0 } else { 0.0 };
        Sample {
            time,
            seconds,
            periods: 10.0,
            throttled_periods: waits,
            throttled_s: (cores - 0.5).max(0.0) * waits * 0.1,
        }
    }

    /// STU-6: bursts are told from what is sustained, with shares of periods and of time, and the quota is what it
    /// wanted to use.
    #[test]
    fn bursts_and_what_is_sustained() {
        let bursts: Vec<Sample> = (1..=600).map(|t| second(t, if t % 60 < 6 { 2.0 } else { 0.1 })).collect();
        let found = report(&bursts, Some(0.5), None).unwrap();
        assert_eq!((found.pattern, found.stretches.len()), (Pattern::Bursts, 11));
        assert!((found.share_of_periods - 0.1).abs() < 0.01 && (found.share_of_time - 0.1).abs() < 0.01);
        assert!((found.waited_s - 90.0).abs() < 5.0, "{found:?}");
        let (most, all) = found.needed_cores.unwrap();
        assert!((most - 2.0).abs() < 1e-9 && (all - 2.0).abs() < 1e-9, "{found:?}");
        assert!((found.longest_s() - 6.0).abs() < 1e-9);
        let text = found.sentence(|t| format!("{}", t / SECOND));
        assert!(
            text.contains("10.0 % of the time from 0 to 600 (11 times, for up to 6.00 s: bursts)"),
            "{text}"
        );
        assert!(
            text.contains("its quota is 0.50 cores, an estimated 2.00 cores would have avoided"),
            "{text}"
        );

        let long: Vec<Sample> = (1..=600).map(|t| second(t, if t < 90 { 1.0 } else { 0.1 })).collect();
        let found = report(&long, Some(0.5), None).unwrap();
        assert_eq!((found.pattern, found.stretches.len()), (Pattern::Sustained, 1));
        assert!(found.sentence(|t| t.to_string()).contains("(once, for up to 89.0 s: sustained)"));
    }

    /// STU-6: nobody needs a greater quota than there are CPUs; without a quota there is no estimate; shorter periods
    /// are noticed; who was not throttled has no report.
    #[test]
    fn bounds_of_the_estimate() {
        let greedy: Vec<Sample> = (1..=60).map(|t| second(t, 9.0)).collect();
        assert_eq!(report(&greedy, Some(0.5), Some(4.0)).unwrap().needed_cores, Some((4.0, 4.0)));
        assert_eq!(report(&greedy, None, Some(4.0)).unwrap().needed_cores, None);
        let quick = Sample { periods: 100.0, throttled_periods: 100.0, throttled_s: 0.5, ..second(1, 0.0) };
        let (_, all) = report(&[quick], Some(0.5), None).unwrap().needed_cores.unwrap();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        assert_eq!(report(&[second(1, 0.2)], Some(0.5), None), None);
        assert_eq!(report(&[], Some(0.5), None), None);
    }
}
