//! When rows were taken: ticks with numbers, whether or not the recorder numbered them.
//!
//! Owns: numbering, the cadence, and the rule that without numbers a gap is what is longer than three cadences.
//! Must not: read files.

use std::collections::BTreeMap;

use super::read::Moments;
use crate::time::{Micros, SECOND};

/// Ticks of one run.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// By number, or by time while there are no numbers: time of the first row, number of rows.
    found: BTreeMap<i64, (Micros, u64)>,
    numbers: BTreeMap<i64, i64>,
    pub(super) interval: Micros,
}

/// A tick of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) number: i64,
    pub(super) time: Micros,
    pub(super) rows: u64,
}

/// All runs of a file.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) all: BTreeMap<String, Run>,
    /// Rows without a time.
    pub(super) without_time: u64,
}

/// What rows of one tick have in common: the number of the fetch, else the time.
pub(super) fn key(moments: &Moments, row: usize, numbered: bool) -> Option<i64> {
    if numbered { moments.index(row).filter(|_| moments.time(row).is_some()) } else { moments.time(row) }
}

impl Runs {
    pub(super) fn push(&mut self, moments: &Moments, numbered: bool) {
        for row in 0..moments.len() {
            let (Some(key), Some(time)) = (key(moments, row, numbered), moments.time(row)) else {
                self.without_time += 1;
                continue;
            };
            let run = moments.run(row);
            if !self.all.contains_key(run) {
                self.all.insert(run.to_owned(), Run::default());
            }
            if let Some(run) = self.all.get_mut(run) {
                let tick = run.found.entry(key).or_insert((time, 0));
                *tick = (tick.0.min(time), tick.1 + 1);
            }
        }
    }

    /// Gives each tick its number.
    pub(super) fn finish(&mut self, numbered: bool) {
        self.all.values_mut().for_each(|run| run.number(numbered));
    }
}

impl Run {
    fn number(&mut self, numbered: bool) {
        let times: Vec<(i64, Micros)> = self.found.iter().map(|(key, (time, _))| (*key, *time)).collect();
        let steps = times.windows(2).map(|w| {
            let ticks = if numbered { (w[1].0 - w[0].0).max(1) } else { 1 };
            (w[1].1 - w[0].1) / ticks
        });
        let mut steps: Vec<Micros> = steps.filter(|s| *s > 0).collect();
        steps.sort_unstable();
        self.interval = steps.get(steps.len() / 2).copied().unwrap_or(SECOND);
        let mut before: Option<(Micros, i64)> = None;
        for (key, time) in times {
            let number = match before {
                _ if numbered => key,
                // Near enough to be the next one; numbers of several files fit since they count from the same moment.
                Some((t, n)) if time - t <= 3 * self.interval => n + 1,
                Some((_, n)) => (time / self.interval).max(n + 1),
                None => time / self.interval,
            };
            self.numbers.insert(key, number);
            before = Some((time, number));
        }
    }

    /// In order.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (i64, Tick)> {
        self.found.iter().filter_map(|(key, &(time, rows))| {
            Some((*key, Tick { number: *self.numbers.get(key)?, time, rows }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(times: &[i64]) -> Vec<i64> {
        let found = times.iter().map(|t| (t * SECOND, (t * SECOND, 1))).collect();
        let mut run = Run { found, ..Run::default() };
        run.number(false);
        run.ticks().map(|(_, t)| t.number).collect()
    }

    /// QRY-4: without numbers, what is missing for up to three cadences is no gap, and longer is one.
    #[test]
    fn three_cadences_make_a_gap() {
        assert_eq!(numbers(&[10, 11, 12, 13, 14]), [10, 11, 12, 13, 14]);
        assert_eq!(numbers(&[10, 11, 12, 15, 16]), [10, 11, 12, 13, 14]);
        assert_eq!(numbers(&[10, 11, 12, 16, 17]), [10, 11, 12, 16, 17]);
        assert_eq!(numbers(&[10, 20, 30, 70]), [1, 2, 3, 7]);
        assert_eq!(numbers(&[5]), [5]);
    }
}
