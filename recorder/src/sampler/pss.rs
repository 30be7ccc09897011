//! Which processes' PSS is read on a tick.
//!
//! Owns: the budget of REC-6. Must not: read.
//!
//! Reading PSS walks the page tables of its target under the target's lock, so it costs in proportion to the memory
//! and stalls the target's mmap calls. Each tick earns the budget, and spends it in the order of staleness over cost:
//! small processes every tick, bigger ones in turn, and since staleness grows none is left out. A process that costs
//! more than is left is read on credit, one at a time: half of what each tick earns pays the debt off, the other half
//! stays with the small ones. One that costs more than [`CAP_TICKS`] budgets at once is moreover read rarely: what it
//! costs in CPU it costs its target in waiting, and a long wait hurts whatever the average is.

use fgm::time::{Micros, SECOND};

/// More than this many ticks' budget in one reading makes a process a rare one.
const CAP_TICKS: Micros = 4;
/// A rare one is not read again within this time, however small the debt.
const RARE_EVERY: Micros = 60 * SECOND;
/// A process that has never been read is as urgent as one not read for so many ticks.
const UNREAD: i64 = 60;
/// Unspent budget that may be kept, in ticks.
const SAVINGS_TICKS: Micros = 2;

/// The budget.
#[derive(Debug)]
pub(crate) struct Budget {
    per_tick: Micros,
    /// Ticks between readings of a rare one.
    rare_every: i64,
    /// Below 0 when a reading cost more than expected: the next ticks make up for it.
    tokens: Micros,
    debt: Micros,
    /// The process that was handed out last is read on credit.
    on_credit: bool,
    queue: Vec<(f64, u32, Micros)>,
}

/// A process that could be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) pid: u32,
    /// Ticks since the last reading; `None` when there was none.
    pub(crate) age: Option<i64>,
    /// What a reading should cost, µs.
    pub(crate) cost: Micros,
}

/// What reading so much memory should cost before it has been tried: about 7 µs per MiB of small pages.
pub(crate) fn expected_cost(rss_bytes: u64) -> Micros {
    20 + Micros::try_from(rss_bytes >> 20).unwrap_or(Micros::MAX / 8) * 7
}

impl Budget {
    /// `per_tick`: µs; 0 reads nothing.
    pub(crate) fn new(per_tick: Micros, interval: Micros) -> Budget {
        let rare_every = (RARE_EVERY / interval.max(1)).max(1);
        Budget { per_tick, rare_every, tokens: 0, debt: 0, on_credit: false, queue: Vec::new() }
    }

    /// Ticks between readings of a process that costs so much, if that makes it a rare one.
    pub(crate) fn rare(&self, cost: Micros) -> Option<i64> {
        (cost > self.cap()).then_some(self.rare_every)
    }

    fn cap(&self) -> Micros {
        self.per_tick.saturating_mul(CAP_TICKS)
    }

    /// A new tick with its candidates.
    pub(crate) fn begin(&mut self, candidates: impl Iterator<Item = Candidate>) {
        let pay = self.debt.min(self.per_tick / 2);
        self.debt -= pay;
        self.tokens = (self.tokens + self.per_tick - pay).min(self.per_tick.saturating_mul(SAVINGS_TICKS));
        self.queue.clear();
        if self.per_tick == 0 {
            return;
        }
        let (cap, rare_every) = (self.cap(), self.rare_every);
        self.queue.extend(candidates.filter_map(|c| {
            if c.cost > cap && c.age.is_some_and(|a| a < rare_every) {
                return None;
            }
            // One never read is as urgent as one not read for long, but does not push the small ones aside.
            let staleness = c.age.unwrap_or(UNREAD) as f64;
            Some((staleness / c.cost.max(1) as f64, c.pid, c.cost))
        }));
        // The best last, to be popped.
        self.queue.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    }

    /// The next process to read; `None` when the budget is spent.
    pub(crate) fn next(&mut self) -> Option<u32> {
        while let Some((_, pid, cost)) = self.queue.pop() {
            self.on_credit = cost > self.tokens;
            if !self.on_credit || self.debt == 0 {
                return Some(pid);
            }
        }
        None
    }

    /// What the reading really cost.
    pub(crate) fn spent(&mut self, cost: Micros) {
        if self.on_credit {
            self.debt += cost;
        } else {
            self.tokens -= cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Runs processes of these costs for so many ticks; returns readings per process and what all cost per tick.
    fn run(costs: &[Micros], per_tick: Micros, ticks: i64) -> (Vec<i64>, f64, Micros) {
        run_noisy(costs, per_tick, ticks, |cost| cost)
    }

    /// The same with readings that cost something else than expected.
    fn run_noisy(
        costs: &[Micros],
        per_tick: Micros,
        ticks: i64,
        really: impl Fn(Micros) -> Micros,
    ) -> (Vec<i64>, f64, Micros) {
        let mut b = Budget::new(per_tick, SECOND);
        let mut read: HashMap<u32, i64> = HashMap::new();
        let mut readings = vec![0; costs.len()];
        let (mut total, mut worst) = (0, 0);
        for tick in 0..ticks {
            let candidates: Vec<Candidate> = costs
                .iter()
                .enumerate()
                .map(|(n, &cost)| Candidate {
                    pid: n as u32,
                    age: read.get(&(n as u32)).map(|at| tick - at),
                    cost,
                })
                .collect();
            b.begin(candidates.into_iter());
            let mut here = 0;
            while let Some(pid) = b.next() {
                let cost = really(costs[pid as usize]);
                b.spent(cost);
                here += cost;
                readings[pid as usize] += 1;
                read.insert(pid, tick);
            }
            total += here;
            worst = worst.max(here);
        }
        (readings, total as f64 / ticks as f64, worst)
    }

    /// REC-6: small ones every tick, big ones in turn, nobody never, and the average holds.
    #[test]
    fn the_budget_holds_and_nobody_starves() {
        let mut costs = vec![24; 100];
        costs.extend([900; 50]);
        let (readings, average, worst) = run(&costs, 5000, 300);
        assert!(readings[..100].iter().all(|&n| n >= 290), "{readings:?}");
        assert!(readings[100..].iter().all(|&n| n >= 10), "{readings:?}");
        assert!(average <= 5100.0 && average > 4500.0, "{average}");
        assert!(worst <= 3 * 5000, "{worst}");
    }

    /// REC-6: what a busy machine makes of the expectation does not count against the target either.
    #[test]
    fn the_budget_holds_when_readings_cost_more_than_expected() {
        let (readings, average, worst) = run_noisy(&[450; 200], 5000, 300, |cost| cost * 3 / 2);
        assert!(average <= 5100.0, "{average}");
        assert!(worst <= 3 * 5000, "{worst}");
        assert!(readings.iter().all(|&n| n >= 5), "{readings:?}");
    }

    /// REC-6: a process too big for the cap is read rarely, and the others go on meanwhile.
    #[test]
    fn a_huge_process_is_read_rarely() {
        let (readings, average, _) = run(&[80_000, 80_000, 24, 24], 5000, 600);
        assert!((1..=20).contains(&readings[0]) && readings[1] >= 1, "{readings:?}");
        assert!(readings[2] >= 590, "{readings:?}");
        assert!(average <= 5000.0, "{average}");
        assert_eq!(run(&[24], 0, 10).0, [0], "no budget, no reading");
    }

    /// REC-6: rarely is once a minute, whatever the interval.
    #[test]
    fn rarely_is_a_time() {
        for (interval, ticks) in [(SECOND / 10, 600), (SECOND, 60), (45 * SECOND, 1), (3600 * SECOND, 1)] {
            let b = Budget::new(5000, interval);
            assert_eq!((b.rare(20_000), b.rare(20_001)), (None, Some(ticks)));
        }
    }

    #[test]
    fn costs_are_guessed_before_they_are_known() {
        assert_eq!(expected_cost(128 << 20), 20 + 896);
        assert!(expected_cost(u64::MAX) > 0);
    }
}
