//! What moved together, over all series (STU-4).
//!
//! Owns: which pairs are worth comparing, and one grid for all. Must not: compare: `fgm::analysis::correlate` does.

use fgm::analysis::correlate::{self, Link, SameCycle};
use fgm::analysis::period::Finder;
use fgm::analysis::season::cycle_s;
use fgm::query::QueryError;
use fgm::time::Micros;

use super::series::{Series, Task, for_each};

/// Cells of the common grid, at most: a longer range is averaged.
const MOST_CELLS: usize = 3600;
/// Series that are compared, at most: pairs grow with the square.
const MOST_SERIES: usize = 1000;

/// Two series that moved together.
#[derive(Clone, Debug)]
pub struct LinkFinding {
    /// The one.
    pub a: Series,
    /// The other.
    pub b: Series,
    /// How.
    pub link: Link,
    /// Length of a cell, in which the link's lag counts, in seconds.
    pub step_s: f64,
    /// Set when both follow one cycle.
    pub cycle: Option<SameCycle>,
}

impl LinkFinding {
    /// By how many seconds `b` follows `a`.
    pub fn lag_s(&self) -> f64 {
        self.cycle.map_or(self.link.lag as f64 * self.step_s, |c| c.lag_s)
    }

    /// One sentence.
    pub fn sentence(&self) -> String {
        self.link.sentence(&self.a.title(), &self.b.title(), self.step_s, self.cycle)
    }
}

/// What was compared, and what came of it.
#[derive(Clone, Debug)]
pub struct LinkFindings {
    /// The strongest first.
    pub found: Vec<LinkFinding>,
    /// Pairs that were compared.
    pub compared: usize,
    /// Series that were left out because there are too many: those that move least.
    pub left_out: usize,
}

/// The `most` strongest links; `target` says which series one of the two must be.
pub fn links(
    task: &Task<'_>,
    target: impl Fn(&Series) -> bool,
    most: usize,
) -> Result<LinkFindings, QueryError> {
    let mut all: Vec<(bool, Series)> = Vec::new();
    let half = Task { progress: &|share| (task.progress)(share / 2.0), ..*task };
    for_each(&half, |_| true, |series| all.push((target(&series), series)))?;
    let moving = |s: &Series| s.grid.values.windows(2).filter(|w| (w[1] - w[0]).abs() > 0.0).count();
    // Stable, so that the answer is the same each time.
    all.sort_by_cached_key(|(wanted, s)| (!wanted, std::cmp::Reverse(moving(s))));
    let left_out = all.len().saturating_sub(MOST_SERIES);
    all.truncate(MOST_SERIES);
    let Some(step) = all.iter().map(|(_, s)| s.grid.step).min() else {
        return Ok(LinkFindings { found: Vec::new(), compared: 0, left_out });
    };
    // Another cadence cannot be compared cell by cell.
    all.retain(|(_, s)| s.grid.step == step);
    let (values, step) = on_one_grid(&all, step);
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let pair = |a: usize, b: usize| {
        let ((wanted_a, x), (wanted_b, y)) = (&all[a], &all[b]);
        let alike = x.about.family == y.about.family && x.subject.key() == y.subject.key();
        (*wanted_a || *wanted_b) && !alike
    };
    let keep_on = |share: f64| {
        (task.progress)(0.5 + share / 2.0);
        !task.cancel.is_cancelled()
    };
    let Some(links) = correlate::compare(&values, pair, keep_on) else {
        return Err(QueryError::Cancelled);
    };
    let step_s = step as f64 / fgm::time::SECOND as f64;
    let mut finder = Finder::default();
    let found = links.links.into_iter().take(most).map(|mut link| {
        // What was asked about comes first.
        if all[link.b].0 && !all[link.a].0 {
            (link.a, link.b, link.lag) = (link.b, link.a, -link.lag);
        }
        let (a, b) = (all[link.a].1.clone(), all[link.b].1.clone());
        let mut period = |s: &Series| cycle_s(&s.grid, &mut finder);
        let periods = period(&a).and_then(|x| Some((x, period(&b)?)));
        let cycle = periods.and_then(|(x, y)| link.same_cycle(x, y, step_s));
        LinkFinding { a, b, link, step_s, cycle }
    });
    Ok(LinkFindings { found: found.collect(), compared: links.compared, left_out })
}

/// All values on one grid, averaged where it would have too many cells, and the length of its cells.
fn on_one_grid(all: &[(bool, Series)], step: Micros) -> (Vec<Vec<f64>>, Micros) {
    let start = all.iter().map(|(_, s)| s.grid.start).min().unwrap_or(0);
    let offset = |s: &Series| s.offset(start).max(0) as usize;
    let cells = all.iter().map(|(_, s)| offset(s) + s.grid.len()).max().unwrap_or(0);
    let together = cells.div_ceil(MOST_CELLS).max(1);
    let spread = |s: &Series| {
        let mut sums = vec![(0.0, 0_u32); cells.div_ceil(together)];
        for (i, v) in s.grid.values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let cell = &mut sums[(offset(s) + i) / together];
            *cell = (cell.0 + v, cell.1 + 1);
        }
        sums.into_iter().map(|(sum, n)| if n > 0 { sum / f64::from(n) } else { f64::NAN }).collect()
    };
    (all.iter().map(|(_, s)| spread(s)).collect(), step * together as Micros)
}
