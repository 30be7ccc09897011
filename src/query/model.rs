//! Questions and answers of the query engine, as plain data.
//!
//! Owns: what a viewer may ask and what it gets. Must not: know DataFusion, files or screens.

use std::path::PathBuf;
use std::sync::Arc;

use crate::metric::{Metric, Table};
use crate::series::Buckets;
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
