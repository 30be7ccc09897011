//! Flags of the commands that need no screen.
//!
//! Owns: what may be given, and its defaults. Must not: open anything.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use fgm::filter::Filter;
use fgm::metric::Table;
use jiff::tz::TimeZone;

use super::span::Span;
use super::studies::{CorrelateArgs, PeriodicityArgs, StudyArgs};
use crate::app::panel::Scale;
use crate::grouping::By;

/// What can be asked without a screen.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Answer a question in SQL.
    #[command(after_help = SQL_HELP)]
    Sql(SqlArgs),
    /// Write down series, as buckets of time or as samples.
    #[command(after_help = QUERY_HELP)]
    Query(QueryArgs),
    /// Name the subjects with the most of a metric.
    Top(TopArgs),
    /// List who was recorded, and when.
    Subjects(SubjectsArgs),
    /// Write series into a file: samples or buckets as CSV, JSON or Parquet, or a picture as SVG.
    #[command(after_help = EXPORT_HELP)]
    Export(ExportArgs),
    /// Check every file and segment of a recording.
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Print the settings as they come, or the keys.
    Config(ConfigArgs),
    /// Say what matters of a recording on one screen.
    Summary(SummaryArgs),
    /// Find what repeats; also as `fgm-tui --periodicity [SELECTOR] [PATH]...`.
    #[command(after_help = PERIODICITY_HELP)]
    Periodicity(PeriodicityArgs),
    /// Find when series took another level.
    Changes(StudyArgs),
    /// Find what climbs without coming back, and when it meets its limit.
    Leaks(StudyArgs),
    /// Find what moved together, and which came first.
    Correlate(CorrelateArgs),
    /// Explain each OOM kill: what grew, and what warned before.
    Oom(StudyArgs),
    /// Find who had to wait for its CPU quota, and which quota it would have taken.
    Throttling(StudyArgs),
}

/// Behind `sql --help`; a test runs the examples.
const SQL_HELP: &str = "\
Tables: containers, processes, node, cpus, disks, interfaces, netns, regions, extras, identities,
events, and samples, which has a row for each value (time, metric, labels, value).
SHOW TABLES and DESCRIBE <table> list them. Counters are as the kernel has them, not rates.
A directory that is named like a command: fgm-tui ./sql.

Examples:
  fgm-tui sql \"SELECT pod_name, max(memory_current_bytes) FROM containers GROUP BY 1\" rec/
  fgm-tui sql \"SELECT time, value FROM samples WHERE metric = 'pids_current'\" rec/
  fgm-tui sql --format csv \"SELECT time, event, message FROM events ORDER BY time\" rec/";

const QUERY_HELP: &str = "\
A metric is a column of a table: memory_current_bytes, processes.threads. Counters are shown as
rates per second. The first argument that holds a slash or names something that is there ends the
metrics: the paths begin.

Examples:
  fgm-tui query cpu_usage_millicores --include 'ns:shop kind:container' --range -10m.. rec/
  fgm-tui query memory_current_bytes --sum-by namespace --columns 10 rec/
  fgm-tui query processes.memory_rss_bytes,pids_current --raw --format csv rec/";

const PERIODICITY_HELP: &str = "\
A selector is a container's name, pod, path or the beginning of its id, else a filter as for --include;
`container` means all of them. Exit code 0: something repeats; 1: nothing does.

Examples:
  fgm-tui --periodicity container rec/
  fgm-tui --periodicity 'ns:shop web' --metric cpu_usage_millicores --range -10m.. rec/
  fgm-tui periodicity --of web-0 --format json rec/";

const EXPORT_HELP: &str = "\
The format follows from the file's name, or from --format. Samples are exact; --columns gives buckets
with their extremes instead, as the viewer draws them. A picture shows one metric.

Examples:
  fgm-tui export memory_current_bytes --subject web-0/app -o web.csv rec/
  fgm-tui export cpu_usage_millicores --include ns:shop --range -10m.. -o shop.svg rec/";

const VERIFY_HELP: &str = "\
Exit code 0: all is well; 1: problems were found; 3: nothing could be read.";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Text,
    /// An array of objects, one a line.
    Json,
    /// Comma-separated values with a line of names.
    Csv,
    /// A Parquet file; needs -o.
    Parquet,
}

/// How and where to an answer is written.
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Write to a file instead of standard output.
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Time zone of clock times in --range and in text, such as Europe/Berlin [default: TZ or the system's].
    #[arg(long, value_name = "ZONE", value_parser = crate::cli::zone)]
    pub tz: Option<TimeZone>,
}

/// Which part of a recording.
#[derive(Clone, Debug, Args)]
pub struct Part {
    /// A..B: clock times (14:05, 2026-11-20T14:05), or times before the last tick (-10m); either may be left out.
    #[arg(long, value_name = "A..B", default_value = "..", allow_hyphen_values = true)]
    pub range: Span,
    /// Only what matches, such as 'ns:shop web-*'; several: any of them. `label:comm=nginx` asks for a column.
    #[arg(long, value_name = "FILTER")]
    pub include: Vec<Filter>,
    /// Not what matches.
    #[arg(long, value_name = "FILTER")]
    pub exclude: Vec<Filter>,
    /// Only the subject of this name, as lists show it; several: any of them.
    #[arg(long, value_name = "NAME")]
    pub subject: Vec<String>,
}

/// What the viewer shows first; given, the last view is not come back to.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ViewArgs {
    /// Metric to show, such as `memory_current_bytes` or processes.threads; several: a panel each.
    #[arg(long, value_name = "METRIC")]
    pub metric: Vec<String>,
    /// Value axis: zero, fit, log or LOW..HIGH; several: of the panels in their order.
    #[arg(long, value_name = "AXIS", allow_hyphen_values = true)]
    pub scale: Vec<Scale>,
    /// Draw the subject of this name, as lists show it; several: all of them.
    #[arg(long, value_name = "NAME")]
    pub subject: Vec<String>,
    /// Draw only what matches, such as 'ns:shop web-*'; of more than six the highest.
    #[arg(long, value_name = "FILTER")]
    pub include: Vec<Filter>,
    /// Do not draw what matches.
    #[arg(long, value_name = "FILTER")]
    pub exclude: Vec<Filter>,
    /// Draw sums of groups, those with the most or, by --subject, those of these names.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub sum_by: Option<By>,
    /// Draw the sum of everybody else beside them.
    #[arg(long)]
    pub rest: bool,
    /// The window A..B: clock times (14:05, 2026-11-20T14:05), or times before the last tick (-10m); either may be
    /// left out.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub range: Option<Span>,
    /// The cursor, a time likewise.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = instant)]
    pub cursor: Option<Span>,
}

/// A time is the start of a range without an end.
fn instant(text: &str) -> Result<Span, String> {
    if text.contains("..") {
        Err("give one time, not a range".to_owned())
    } else {
        format!("{text}..").parse()
    }
}

/// `sql`.
#[derive(Clone, Debug, Args)]
pub struct SqlArgs {
    /// The question.
    #[arg(value_name = "SQL")]
    pub text: String,
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// `query`.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// Metrics, then files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "METRIC|PATH", required = true)]
    pub words: Vec<OsString>,
    /// Number of buckets over the range.
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub columns: u32,
    /// Every sample instead of buckets.
    #[arg(long, conflicts_with = "columns")]
    pub raw: bool,
    /// Sums of groups instead of single subjects, added up tick by tick.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "raw")]
    pub sum_by: Option<By>,
    /// What of it.
    #[command(flatten)]
    pub part: Part,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// What `export` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a line of names.
    Csv,
    /// An array of objects, one a line.
    Json,
    /// A Parquet file.
    Parquet,
    /// A picture.
    Svg,
}

/// `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Metrics, then files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "METRIC|PATH", required = true)]
    pub words: Vec<OsString>,
    /// The file; without one standard output.
    #[arg(long = "output", short = 'o', value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Format [default: by the file's name, else csv].
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// Number of buckets over the range instead of every sample.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub columns: Option<u32>,
    /// Sums of groups instead of single subjects; as numbers with --columns.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub sum_by: Option<By>,
    /// Width of a picture in pixels.
    #[arg(long, value_name = "N", default_value = "960", value_parser = clap::value_parser!(u32).range(200..=20_000))]
    pub width: u32,
    /// Height of a picture in pixels.
    #[arg(long, value_name = "N", default_value = "360", value_parser = clap::value_parser!(u32).range(200..=20_000))]
    pub height: u32,
    /// Value axis of a picture: zero, fit, log or LOW..HIGH.
    #[arg(long, value_name = "AXIS", default_value = "zero", allow_hyphen_values = true)]
    pub scale: Scale,
    /// What of it.
    #[command(flatten)]
    pub part: Part,
    /// Time zone of clock times, such as Europe/Berlin [default: TZ or the system's].
    #[arg(long, value_name = "ZONE", value_parser = crate::cli::zone)]
    pub tz: Option<TimeZone>,
}

/// By what subjects are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rank {
    /// Mean of all samples.
    Mean,
    /// Largest sample.
    Max,
    /// Latest sample.
    Last,
    /// Latest sample less the earliest.
    Growth,
}

/// `top`.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// The metric.
    #[arg(value_name = "METRIC")]
    pub metric: String,
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What decides.
    #[arg(long, value_enum, default_value = "mean")]
    pub by: Rank,
    /// Sums of groups instead of single subjects, added up tick by tick.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub sum_by: Option<By>,
    /// How many.
    #[arg(short = 'n', long, value_name = "N", default_value = "10",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub number: u32,
    /// What of it.
    #[command(flatten)]
    pub part: Part,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// `summary`.
#[derive(Clone, Debug, Args)]
pub struct SummaryArgs {
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How much of each kind, what matters most first.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// What of it. Without --include: containers; where there are none, services.
    #[command(flatten)]
    pub part: Part,
    /// How to answer: text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// `subjects`.
#[derive(Clone, Debug, Args)]
pub struct SubjectsArgs {
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The table whose subjects are listed.
    #[arg(long, value_name = "TABLE", default_value = "containers", value_parser = table)]
    pub table: Table,
    /// What of it.
    #[command(flatten)]
    pub part: Part,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// `verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How the findings are written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: VerifyFormat,
}

/// `config`.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct ConfigArgs {
    /// The whole settings file with its defaults and comments.
    #[arg(long)]
    pub print_default: bool,
    /// The keys as a page of Markdown.
    #[arg(long)]
    pub keys: bool,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyFormat {
    /// One line per finding and a summary.
    Text,
    /// One object.
    Json,
}

fn table(name: &str) -> Result<Table, String> {
    Table::from_name(name).ok_or_else(|| {
        let names = || Table::ALL.into_iter().map(Table::name);
        match fgm::query::nearest(name, names()) {
            Some(hint) => format!("there is no such table; {hint} is nearest"),
            None => format!("there is no such table; there are {}", names().collect::<Vec<_>>().join(", ")),
        }
    })
}
