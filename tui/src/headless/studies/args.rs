//! Flags of the studies.
//!
//! Owns: what may be given, and its defaults. Must not: open anything.

use std::path::PathBuf;

use clap::Args;
use fgm::filter::Filter;

use crate::headless::args::{Output, Part};

/// `changes`, `leaks`, `oom`, `throttling`.
#[derive(Clone, Debug, Args)]
pub struct StudyArgs {
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How many findings at most, what matters most first.
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// What of it. Without --include: containers; where there are none, services.
    #[command(flatten)]
    pub part: Part,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// `correlate`.
#[derive(Clone, Debug, Args)]
pub struct CorrelateArgs {
    /// Only pairs with this metric, such as `cpu_usage_millicores`.
    #[arg(long, value_name = "METRIC")]
    pub with: Option<String>,
    /// Only pairs with a subject that matches, such as 'web-*'.
    #[arg(long, value_name = "FILTER")]
    pub of: Option<Filter>,
    /// The rest.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// `periodicity`.
#[derive(Clone, Debug, Args)]
pub struct PeriodicityArgs {
    /// Whose: a container's name, pod, path or the beginning of its id, or a filter; `container` for all.
    #[arg(long, value_name = "SELECTOR")]
    pub of: Option<String>,
    /// Only this metric, such as `cpu_usage_millicores`.
    #[arg(long, value_name = "METRIC")]
    pub metric: Option<String>,
    /// Leave out what is less sure, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub min_confidence: f64,
    /// The rest.
    #[command(flatten)]
    pub study: StudyArgs,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("a number from 0 to 1".to_owned()) }
}
