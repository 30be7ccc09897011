//! What can go wrong with a query, each as one line that names the thing and the way out.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

/// Failure to open or to query a recording.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is nothing at this path.
    #[error("{}: no such file or directory (record one with fgm-recorder -o DIR, or run fgm-tui --live)", .0.display())]
    Missing(PathBuf),
    /// A glob that matches nothing.
    #[error("{0}: nothing matches")]
    NoMatch(String),
    /// The path exists and cannot be listed.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A statement that cannot be answered; one line that says why.
    #[error("{0}")]
    Sql(String),
    /// A metric of which a sum over several subjects says nothing.
    #[error("{metric} of several subjects has no sum: {reason}")]
    NoSum {
        /// The metric.
        metric: &'static str,
        /// Why, in half a line.
        reason: &'static str,
    },
    /// A sum over more ticks than fit into memory.
    #[error("a sum over {ticks} ticks is too long: ask for a range of {most} at most")]
    LongSum {
        /// How many it would be.
        ticks: usize,
        /// How many it may be.
        most: usize,
    },
    /// It was called off.
    #[error("cancelled")]
    Cancelled,
    /// The engine itself failed.
    #[error("query failed: {0}")]
    Engine(#[source] DataFusionError),
    /// A file was removed or replaced while it was being read, twice in a row.
    #[error("{}: removed or replaced while it was being read; ask again", .0.display())]
    Gone(PathBuf),
    /// No runtime for queries.
    #[error("cannot start the query engine: {0}")]
    Runtime(std::io::Error),
}

impl QueryError {
    /// As what a plan node may fail with; comes back unchanged.
    pub(crate) fn into_datafusion(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

impl From<DataFusionError> for QueryError {
    fn from(e: DataFusionError) -> Self {
        match e {
            DataFusionError::External(inner) => match inner.downcast() {
                Ok(ours) => *ours,
                Err(other) => QueryError::Engine(DataFusionError::External(other)),
            },
            DataFusionError::Context(_, inner) => QueryError::from(*inner),
            other => QueryError::Engine(other),
        }
    }
}
