//! What repeats, over all series (STU-1).
//!
//! Owns: the order of the ranking, and sharing the work out among cores. Must not: find periods:
//! `fgm::analysis::period` does.

use std::num::NonZero;
use std::thread;

use fgm::analysis::period::{Finder, Options, Period, Verdict};
use fgm::query::QueryError;

use super::informative::Informative;
use super::series::{Series, Task, for_each};

/// Series that are studied at once: bounds what is held.
const AT_ONCE: usize = 64;

/// A period of one series.
#[derive(Clone, Debug)]
pub struct PeriodFinding {
    /// Whose.
    pub series: Series,
    /// The period.
    pub period: Period,
}

impl PeriodFinding {
    /// One sentence.
    pub fn sentence(&self) -> String {
        format!("{} {}", self.series.title(), self.period.sentence(self.series.quantity))
    }
}

/// All periods of the series of which `wanted` says so, the surest first. The same recording gives the same answer,
/// whatever the number of cores.
pub fn periods(
    task: &Task<'_>,
    wanted: impl Fn(&Informative) -> bool,
) -> Result<Vec<PeriodFinding>, QueryError> {
    let (mut waiting, mut found) = (Vec::new(), Vec::new());
    for_each(task, wanted, |series| {
        waiting.push(series);
        if waiting.len() == AT_ONCE {
            found.extend(find(std::mem::take(&mut waiting)));
        }
    })?;
    found.extend(find(waiting));
    let place = |f: &PeriodFinding| (f.series.title(), f.series.subject.text("cgroup_path").map(str::to_owned));
    found.sort_by(|a, b| b.period.z.total_cmp(&a.period.z).then_with(|| place(a).cmp(&place(b))));
    Ok(found)
}

fn find(series: Vec<Series>) -> Vec<PeriodFinding> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = series.len().div_ceil(cores).max(1);
    let study = |some: &[Series]| {
        let mut finder = Finder::default();
        let verdicts = some.iter().map(|s| finder.find(&s.grid, &Options::default()));
        verdicts.collect::<Vec<_>>()
    };
    let verdicts: Vec<Verdict> = thread::scope(|scope| {
        let threads: Vec<_> = series.chunks(share).map(|some| scope.spawn(move || study(some))).collect();
        let joined = threads.into_iter().map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        joined.flatten().collect()
    });
    let periods = series.into_iter().zip(verdicts).flat_map(|(series, verdict)| {
        // What cannot be judged has no period to tell.
        let periods = if let Verdict::Periodic(periods) = verdict { periods } else { Vec::new() };
        periods.into_iter().map(move |period| PeriodFinding { series: series.clone(), period })
    });
    periods.collect()
}
