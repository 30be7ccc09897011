//! Many series studied on all cores.
//!
//! Owns: sharing the work out; answers come in the order of the series, whatever the number of cores. Must not: know
//! what is studied.

use std::num::NonZero;
use std::thread;

use fgm::analysis::period::Finder;
use fgm::query::QueryError;

use super::informative::Informative;
use super::series::{Series, Task, for_each};

/// Series that are studied at once: bounds what is held.
const AT_ONCE: usize = 64;

/// Studies the informative series of which `wanted` says so, and hands over each with what came of it. Each core has a
/// finder of its own, since that keeps what it has planned.
pub(super) fn study_each<R: Send>(
    task: &Task<'_>,
    wanted: impl Fn(&Informative) -> bool,
    study: impl Fn(&Series, &mut Finder) -> R + Sync,
    mut take: impl FnMut(Series, R),
) -> Result<(), QueryError> {
    let mut waiting = Vec::new();
    let mut serve = |waiting: &mut Vec<Series>| {
        let answers = on_all_cores(waiting, &study);
        waiting.drain(..).zip(answers).for_each(|(series, answer)| take(series, answer));
    };
    for_each(task, wanted, |series| {
        waiting.push(series);
        if waiting.len() == AT_ONCE {
            serve(&mut waiting);
        }
    })?;
    serve(&mut waiting);
    Ok(())
}

fn on_all_cores<R: Send>(series: &[Series], study: &(impl Fn(&Series, &mut Finder) -> R + Sync)) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = series.len().div_ceil(cores).max(1);
    let some = |some: &[Series]| {
        let mut finder = Finder::default();
        some.iter().map(|s| study(s, &mut finder)).collect::<Vec<R>>()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = series.chunks(share).map(|s| scope.spawn(move || some(s))).collect();
        let joined = threads.into_iter().map(|t| t.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
        joined.flatten().collect()
    })
}
