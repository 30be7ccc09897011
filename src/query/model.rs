//! Questions and answers of the query engine, as plain data.
//!
//! Owns: what a viewer may ask and what it gets. Must not: know DataFusion, files or screens.

use std::path::PathBuf;
use std::sync::Arc;

use crate::metric::{Metric, Table};
use crate::series::{Bucket, Buckets, Gap, Sum};
use crate::subject::SubjectKey;
use crate::time::{Micros, TimeRange};
use crate::unit::Quantity;

/// What a recording holds, known from footers and open segments alone.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Grows whenever anything below changed.
    pub generation: u64,
    /// First tick to one interval after the last; `None` when there is no data.
    pub range: Option<TimeRange>,
    /// Sampling interval of the newest run.
    pub interval: Micros,
    /// Tables that have rows, in dictionary order.
    pub tables: Vec<Table>,
    /// Metrics that have a value somewhere, table by table; those of newer versions after the dictionary's (STO-8).
    pub metrics: Vec<&'static Metric>,
    /// When recorders were running and did not record, by time.
    pub gaps: Vec<LostRange>,
    /// Closed files that are open for reading.
    pub files: usize,
    /// Open segments.
    pub segments: usize,
    /// Whether the writer of an open segment lives, so that more will come.
    pub live: bool,
    /// Ticks that recorders counted as lost.
    pub lost_ticks: i64,
    /// Values of the partition `identifier`.
    pub identifiers: Vec<String>,
    /// Files that were skipped, with the reason (QRY-5).
    pub problems: Vec<Problem>,
}

/// Ticks that one run of a recorder lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// Value of the partition `identifier`, where files stand in one.
    pub identifier: Option<String>,
    /// The run.
    pub run_id: Arc<str>,
    /// From the first lost tick to the first one after it that was not.
    pub range: TimeRange,
    /// How many.
    pub ticks: i64,
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// One line.
    pub reason: String,
}

/// A question: one metric of some subjects over a window, as pixel columns.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowQuery {
    /// The metric; its table decides what the subjects are.
    pub metric: &'static Metric,
    /// The subjects; all of one table.
    pub subjects: Vec<SubjectKey>,
    /// The window.
    pub range: TimeRange,
    /// Number of buckets across it.
    pub columns: usize,
}

/// The answer: the buckets of each subject that was asked for, in the order asked.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowAnswer {
    /// What the numbers are: a counter's are per second.
    pub quantity: Quantity,
    /// One per subject of the question.
    pub series: Vec<(SubjectKey, Buckets)>,
}

/// A question: one metric of several groups of subjects over a window, each group added up tick by tick.
#[derive(Clone, Debug, PartialEq)]
pub struct SumQuery {
    /// The metric; one that [adds up](Metric::adds_up).
    pub metric: &'static Metric,
    /// The members of each group, all of one table; nobody in two groups.
    pub groups: Vec<Vec<SubjectKey>>,
    /// The window.
    pub range: TimeRange,
    /// Number of buckets across it.
    pub columns: usize,
}

/// The answer: the sums of each group, in the order asked (the rules: [`Sum`]).
#[derive(Clone, Debug, PartialEq)]
pub struct SumAnswer {
    /// What the numbers are: a counter's are per second.
    pub quantity: Quantity,
    /// One per group of the question.
    pub groups: Vec<Sum>,
}

/// A question: which subjects of a table lead by one metric over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct TopQuery {
    /// The metric.
    pub metric: &'static Metric,
    /// The candidates.
    pub subjects: Vec<SubjectKey>,
    /// The window.
    pub range: TimeRange,
    /// What they are compared by.
    pub by: TopBy,
    /// How many of them are wanted.
    pub most: usize,
}

/// What leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopBy {
    /// The greatest mean.
    Mean,
    /// The greatest value.
    Max,
    /// The greatest last value.
    Last,
    /// The greatest increase from the first value to the last.
    Growth,
}

impl TopBy {
    /// What a bucket is worth in the comparison.
    pub fn of(self, bucket: &Bucket) -> f64 {
        match self {
            TopBy::Mean => bucket.mean,
            TopBy::Max => bucket.max,
            TopBy::Last => bucket.last,
            TopBy::Growth => bucket.last - bucket.first,
        }
    }
}

/// The leading subjects, the first of them first; those without any sample are never among them.
#[derive(Clone, Debug, PartialEq)]
pub struct TopAnswer {
    /// What the numbers are: a counter's are per second.
    pub quantity: Quantity,
    /// Each with all of its samples in the window as one bucket.
    pub leading: Vec<(SubjectKey, Bucket)>,
}

/// A question: every shown value of one metric of some subjects in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleQuery {
    /// The metric.
    pub metric: &'static Metric,
    /// The subjects; all of one table.
    pub subjects: Vec<SubjectKey>,
    /// The window.
    pub range: TimeRange,
}

/// The answer: the values of each subject that was asked for, in the order asked.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleAnswer {
    /// What the numbers are: a counter's are per second.
    pub quantity: Quantity,
    /// One per subject of the question.
    pub series: Vec<Samples>,
}

/// The values of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Whose they are.
    pub subject: SubjectKey,
    /// In the order of time.
    pub points: Vec<Point>,
    /// Whether a value holds until the next one.
    pub stepped: bool,
}

/// One shown value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the subject was read.
    pub time: Micros,
    /// The value; a counter's is its increase per second since the tick before.
    pub value: f64,
    /// Set when the line must not be joined to the value before.
    pub gap_before: Option<Gap>,
}

/// How an engine may use the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where what footers say is kept until the next time; `None` for nowhere.
    pub cache: Option<PathBuf>,
    /// Bytes of decoded columns and digests that are kept between questions.
    pub column_cache_bytes: usize,
    /// Bytes that SQL may hold for sorting, grouping and joining.
    pub sql_memory_bytes: usize,
    /// Threads that read for one question.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let cache = super::caches::directory().map(|d| d.join("catalogue"));
        Options { cache, column_cache_bytes: 96 << 20, sql_memory_bytes: 256 << 20, threads: cores.min(4) }
    }
}
