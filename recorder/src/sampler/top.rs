//! Which processes are recorded where only the biggest are (REC-6).
//!
//! Owns: the ranking by CPU and by memory, and what keeps it steady. Must not: read.
//!
//! One that leads already keeps its place unless another has a quarter more, and one clock tick more of CPU: of many
//! that are about as big, always the same ones are recorded, and their series have no holes.

use std::collections::{HashMap, HashSet};

/// A process that could be recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    pub(crate) pid: u32,
    /// CPU time since it began, clock ticks.
    pub(crate) cpu_ticks: u64,
    pub(crate) rss_pages: u64,
}

/// Those that lead, in either respect.
#[derive(Debug)]
pub(crate) struct Leaders {
    most: usize,
    by_cpu: HashSet<u32>,
    by_rss: HashSet<u32>,
    /// CPU time of each at the last choice.
    used: HashMap<u32, u64>,
}

impl Leaders {
    /// So many in each respect.
    pub(crate) fn new(most: usize) -> Leaders {
        Leaders { most, by_cpu: HashSet::new(), by_rss: HashSet::new(), used: HashMap::new() }
    }

    /// Chooses anew: by the CPU time used since the last choice, and by memory.
    pub(crate) fn choose(&mut self, all: &[Contender]) {
        // Of one that is new since the last choice all that it has ever used counts; so it does on the first one.
        let since = |c: &Contender| c.cpu_ticks.saturating_sub(*self.used.get(&c.pid).unwrap_or(&0));
        let by_cpu = first(self.most, &self.by_cpu, all.iter().map(|c| (c.pid, since(c))), 1);
        self.by_rss = first(self.most, &self.by_rss, all.iter().map(|c| (c.pid, c.rss_pages)), 0);
        self.by_cpu = by_cpu;
        self.used = all.iter().map(|c| (c.pid, c.cpu_ticks)).collect();
    }

    /// Whether a process is to be recorded.
    pub(crate) fn contain(&self, pid: u32) -> bool {
        self.by_cpu.contains(&pid) || self.by_rss.contains(&pid)
    }

    /// A process is gone: its pid may be another's soon.
    pub(crate) fn forget(&mut self, pid: u32) {
        self.by_cpu.remove(&pid);
        self.by_rss.remove(&pid);
        self.used.remove(&pid);
    }
}

/// The pids with the greatest values; those that were first before count for a quarter and `more` more.
fn first(
    most: usize,
    before: &HashSet<u32>,
    values: impl Iterator<Item = (u32, u64)>,
    more: u64,
) -> HashSet<u32> {
    let mut ranked: Vec<(u64, bool, u32)> = values
        .filter_map(|(pid, value)| {
            let leads = before.contains(&pid);
            let advantage = if leads { value.saturating_add(more.saturating_mul(4)) } else { 0 };
            // In quarters, so that a quarter of 1 is something.
            let score = value.saturating_mul(4).saturating_add(advantage);
            (score > 0).then_some((score, leads, pid))
        })
        .collect();
    // Ties go to those that were first before, then to the lower pid.
    ranked.sort_unstable_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(&b.2)));
    ranked.into_iter().take(most).map(|r| r.2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(list: &[(u32, u64, u64)]) -> Vec<Contender> {
        list.iter().map(|&(pid, cpu_ticks, rss_pages)| Contender { pid, cpu_ticks, rss_pages }).collect()
    }

    fn chosen(leaders: &Leaders) -> Vec<u32> {
        (0..100).filter(|&pid| leaders.contain(pid)).collect()
    }

    /// REC-6: the busiest and the biggest lead; a choice looks at what was used since the last one.
    #[test]
    fn busiest_and_biggest() {
        let mut l = Leaders::new(1);
        l.choose(&all(&[(1, 1000, 10), (2, 5, 20), (3, 0, 900)]));
        assert_eq!(chosen(&l), [1, 3]);
        l.choose(&all(&[(1, 1001, 10), (2, 50, 20), (3, 0, 900)]));
        assert_eq!(chosen(&l), [2, 3]);
        l.choose(&all(&[(2, 50, 20), (3, 0, 900), (4, 30, 2000)]));
        assert_eq!(chosen(&l), [4], "new, busiest and biggest");
        l.choose(&all(&[(9, 0, 0)]));
        assert_eq!(chosen(&l), Vec::<u32>::new(), "an idle one without memory never leads");
    }

    /// REC-6: of processes that are about as big, always the same ones are recorded.
    #[test]
    fn the_choice_is_steady() {
        let mut l = Leaders::new(1);
        l.choose(&all(&[(1, 1, 100), (2, 0, 99)]));
        let mut used = (1, 0);
        for round in 0..10 {
            used = if round % 2 == 0 { (used.0, used.1 + 1) } else { (used.0 + 1, used.1) };
            l.choose(&all(&[(1, used.0, 100), (2, used.1, 120)]));
            assert_eq!(chosen(&l), [1], "round {round}");
        }
        l.choose(&all(&[(1, used.0, 100), (2, used.1, 126)]));
        assert_eq!(chosen(&l), [1, 2], "a quarter more memory");
        l.choose(&all(&[(1, used.0, 100), (2, used.1 + 2, 126)]));
        assert_eq!(chosen(&l), [2], "two clock ticks more");
    }

    /// REC-6: what a pid's last owner used is not held against the next.
    #[test]
    fn a_pid_is_forgotten() {
        let mut l = Leaders::new(1);
        l.choose(&all(&[(1, 1000, 0), (2, 0, 0)]));
        l.forget(1);
        assert_eq!(chosen(&l), Vec::<u32>::new());
        l.choose(&all(&[(1, 7, 0), (2, 6, 0)]));
        assert_eq!(chosen(&l), [1]);
    }
}
