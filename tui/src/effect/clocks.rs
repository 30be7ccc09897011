//! The clocks of a recording's nodes.
//!
//! Owns: which metrics tell of them. Must not: judge (the state does).

use std::collections::HashMap;

use fgm::metric::{Metric, Table};
use fgm::query::Cancel;
use fgm::query::model::WindowQuery;
use fgm::series::Bucket;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::TimeRange;

use crate::app::clocks::Clock;
use crate::source::Source;
use crate::text::clean;

/// What the kernel of each node said over a range.
pub(super) fn read(source: &dyn Source, range: TimeRange, cancel: &Cancel) -> Result<Vec<Clock>, String> {
    let nodes = source.subjects(Table::Node, range)?;
    let subjects: Vec<SubjectKey> = nodes.iter().map(Subject::key).collect();
    let whole = |name: &str| -> Result<HashMap<SubjectKey, Bucket>, String> {
        let Some(metric) = Metric::find(Table::Node, name) else { return Ok(HashMap::new()) };
        let query = WindowQuery { metric, subjects: subjects.clone(), range, columns: 1 };
        let series = source.window(&query, cancel)?.series;
        Ok(series.into_iter().filter_map(|(key, b)| Some((key, b.whole()?))).collect())
    };
    let (synchronized, error) = (whole("clock_synchronized")?, whole("clock_max_error_usec")?);
    let clock = |node: &Subject| Clock {
        node: clean(&node.title()),
        synchronized: synchronized.get(&node.key()).map(|b| b.min > 0.0),
        error: error.get(&node.key()).map(|b| b.max as i64),
    };
    Ok(nodes.iter().map(clock).collect())
}
