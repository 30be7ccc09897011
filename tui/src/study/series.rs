//! From a recording to series on grids, as the studies want them.
//!
//! Owns: whose series are studied unless somebody says otherwise, and leaving out what says nothing. Must not: judge.

use fgm::analysis::{Grid, Point};
use fgm::metric::{Metric, Table};
use fgm::query::model::SampleQuery;
use fgm::query::{Cancel, Engine, QueryError};
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, TimeRange};
use fgm::unit::Quantity;

use super::informative::{INFORMATIVE, Informative};

/// Subjects that are asked for at once: bounds what is held.
const AT_ONCE: usize = 64;
/// A grid whose spacing is this near to the recorder's interval has that one: what jitters does not drift.
const NEAR: f64 = 0.1;

/// One metric of one subject.
#[derive(Clone, Debug)]
pub struct Series {
    /// Whose.
    pub subject: Subject,
    /// Of what.
    pub metric: &'static Metric,
    /// The metric among those worth a study.
    pub about: &'static Informative,
    /// What the numbers are: a counter's are per second.
    pub quantity: Quantity,
    /// The numbers.
    pub grid: Grid,
}

impl Series {
    /// `memory_working_set_bytes of web-0/app`.
    pub fn title(&self) -> String {
        format!("{} of {}", self.metric.name, self.subject.title())
    }

    /// Position of its cells on a grid that begins at `start`.
    pub(super) fn offset(&self, start: Micros) -> i64 {
        ((self.grid.start - start) as f64 / self.grid.step as f64).round() as i64
    }
}

/// What is to be studied.
pub struct Task<'a> {
    /// The recording.
    pub engine: &'a Engine,
    /// The part of it.
    pub range: TimeRange,
    /// The subjects, of `containers` and `interfaces`.
    pub subjects: &'a [Subject],
    /// Set by whoever wants no answer any more.
    pub cancel: &'a Cancel,
    /// Told the share that is done, 0..=1.
    pub progress: &'a dyn Fn(f64),
}

/// The subjects that a study looks at when nobody has named any: containers where there are some, else all but what
/// stands above others, else all but the root; interfaces of anything but the node.
pub fn by_default(subjects: Vec<Subject>) -> Vec<Subject> {
    let is = |s: &Subject, kind: &str| s.text("subject_kind") == Some(kind);
    let any = subjects.iter().any(|s| s.table == Table::Containers && is(s, "container"));
    let above = |s: &Subject| ["pod", "slice", "root", "sandbox"].iter().any(|k| is(s, k));
    let below = subjects.iter().any(|s| s.table == Table::Containers && !above(s));
    let keep = |s: &Subject| match s.table {
        Table::Containers if any => is(s, "container"),
        Table::Containers if below => !above(s),
        Table::Containers => !is(s, "root"),
        _ => !is(s, fgm::subject::NODE_KIND) && s.text("interface") != Some("lo"),
    };
    subjects.into_iter().filter(keep).collect()
}

/// The points of one metric of some subjects, in the order of the subjects.
pub(super) fn points(
    task: &Task<'_>,
    metric: &'static Metric,
    subjects: Vec<SubjectKey>,
    range: TimeRange,
) -> Result<Vec<Vec<Point>>, QueryError> {
    let answer = task.engine.samples(&SampleQuery { metric, subjects, range }, task.cancel)?;
    let point = |p: &fgm::query::model::Point| Point {
        time: p.time,
        value: p.value,
        gap_before: p.gap_before.is_some(),
    };
    Ok(answer.series.iter().map(|s| s.points.iter().map(point).collect()).collect())
}

/// One series on a grid, with what its numbers are.
pub fn one(
    engine: &Engine,
    metric: &'static Metric,
    subjects: &[SubjectKey],
    range: TimeRange,
    cancel: &Cancel,
) -> Result<(Quantity, Grid), QueryError> {
    let task = Task { engine, range, subjects: &[], cancel, progress: &|_| () };
    let found = points(&task, metric, subjects.iter().take(1).cloned().collect(), range)?;
    let points = found.first().map_or(&[][..], Vec::as_slice);
    Ok((fgm::series::shown_quantity(metric), grid(points, engine.overview().interval)))
}

/// A grid as near to the recorder's interval as the points are.
pub(super) fn grid(points: &[Point], interval: Micros) -> Grid {
    let grid = Grid::new(points, None);
    let off = (grid.step - interval).abs() as f64;
    if grid.step != interval && off <= NEAR * interval as f64 {
        return Grid::new(points, Some(interval));
    }
    grid
}

/// Hands over the informative series one after the other: those worth a study of which `wanted` says so, that have
/// values which differ.
pub fn for_each(
    task: &Task<'_>,
    wanted: impl Fn(&Informative) -> bool,
    mut take: impl FnMut(Series),
) -> Result<(), QueryError> {
    let overview = task.engine.overview();
    let recorded = |i: &'static Informative| {
        let metric =
            i.metric().filter(|m| overview.metrics.iter().any(|o| std::ptr::eq(*o, *m) || *o == *m))?;
        Some((i, metric))
    };
    let all: Vec<_> = INFORMATIVE.iter().filter(|i| wanted(i)).filter_map(recorded).collect();
    for (done, (about, metric)) in all.iter().enumerate() {
        let mine: Vec<&Subject> = task.subjects.iter().filter(|s| s.table == about.table).collect();
        for (at, some) in mine.chunks(AT_ONCE).enumerate() {
            let share = (at * AT_ONCE) as f64 / mine.len() as f64;
            (task.progress)((done as f64 + share) / all.len() as f64);
            let keys = some.iter().map(|s| s.key()).collect();
            for (subject, points) in some.iter().zip(points(task, metric, keys, task.range)?) {
                if task.cancel.is_cancelled() {
                    return Err(QueryError::Cancelled);
                }
                if !varies(&points) {
                    continue;
                }
                take(Series {
                    subject: (*subject).clone(),
                    metric,
                    about,
                    quantity: fgm::series::shown_quantity(metric),
                    grid: grid(&points, overview.interval),
                });
            }
        }
    }
    (task.progress)(1.0);
    Ok(())
}

fn varies(points: &[Point]) -> bool {
    points.windows(2).any(|p| p[0].value.total_cmp(&p[1].value).is_ne())
}
