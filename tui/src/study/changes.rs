//! What changed, over all series (STU-2).
//!
//! Owns: which of many changes come first. Must not: find them: `fgm::analysis::change` does.

use std::collections::HashMap;

use fgm::analysis::change::{self, Change};
use fgm::analysis::period::Finder;
use fgm::analysis::season::cycle_s;
use fgm::query::QueryError;

use super::clock::Clock;
use super::cores::study_each;
use super::informative::Informative;
use super::series::{Series, Task};

/// A change of one series.
#[derive(Clone, Debug)]
pub struct ChangeFinding {
    /// Whose.
    pub series: Series,
    /// The change.
    pub change: Change,
}

impl ChangeFinding {
    /// One sentence.
    pub fn sentence(&self, clock: &Clock) -> String {
        format!("{} {}", self.series.title(), self.change.sentence(self.series.quantity, |t| clock.spell(t)))
    }
}

/// All changes of the metrics of which `wanted` says so, what matters most first: what is great for its own series and beside the greatest that the recording
/// has of that metric.
pub fn changes(
    task: &Task<'_>,
    wanted: impl Fn(&Informative) -> bool,
) -> Result<Vec<ChangeFinding>, QueryError> {
    let mut found: Vec<ChangeFinding> = Vec::new();
    let mut greatest: HashMap<&str, f64> = HashMap::new();
    // What cannot be judged has no change to tell.
    let study = |series: &Series, finder: &mut Finder| {
        let cycle = cycle_s(&series.grid, finder);
        change::find(&series.grid, cycle).map(|c| c.changes).unwrap_or_default()
    };
    study_each(task, wanted, study, |series, changes| {
        let largest = series.grid.values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
        let most = greatest.entry(series.metric.name).or_default();
        *most = most.max(largest);
        found.extend(changes.into_iter().map(|change| ChangeFinding { series: series.clone(), change }));
    })?;
    let weight = |f: &ChangeFinding| {
        let most = greatest.get(f.series.metric.name).copied().unwrap_or_default().max(f64::MIN_POSITIVE);
        (f.change.share() * f.change.size().abs() / most).sqrt()
    };
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.change.time.cmp(&b.change.time)));
    Ok(found)
}
