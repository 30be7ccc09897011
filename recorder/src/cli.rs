//! Flags of `fgm-recorder` and how they become settings.
//!
//! Owns: the command line. Must not: check what the library checks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use fgm::filter::Filter;
use fgm::store::compact::Beside;
use fgm::store::retention::{Cap, OnFull};
use fgm_recorder::{Config, Kubernetes, Processes, Scope};

use crate::log::LogFormat;
use crate::settings::{self, Refused};

/// Record every container and process of this host at 1 Hz into Parquet.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "Every option can also stand in the environment, as \
    FGM_ and its name in capitals (FGM_OUTPUT_DIR), and in the file of --config under its long name."
)]
pub(crate) struct Args {
    /// What to do instead of recording.
    #[command(subcommand)]
    pub(crate) command: Option<Task>,

    /// TOML file with settings; `fgm-recorder config` prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Directory of the recording; created if missing.
    #[arg(short, long, value_name = "DIR", default_value = "collected-metrics")]
    output_dir: PathBuf,

    /// Time between ticks, 100ms to 1h; ticks are aligned to the wall clock.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,

    /// Begin a new file this often.
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = duration)]
    rotation: Duration,

    /// What to record. `containers`: containers, sandboxes and pods, or everything when the host has none at the
    /// start; `services`: systemd services and slices; `all`: every cgroup.
    #[arg(long, value_enum, default_value = "containers")]
    scope: ScopeArg,

    /// Name of this recorder in paths; else `POD_NAME`, `NODE_NAME` or the host name.
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    identifier: Option<String>,

    /// Name of this node; else the host name.
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    node_name: Option<String>,

    /// Name of the cluster.
    #[arg(long, value_name = "NAME", env = "CLUSTER_NAME")]
    cluster_name: Option<String>,

    /// Where the host's /sys/fs/cgroup is mounted; found by itself outside containers.
    #[arg(long, value_name = "DIR")]
    cgroup_root: Option<PathBuf>,

    /// Where the host's procfs is mounted.
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc_root: PathBuf,

    /// Record only what matches, with its processes. FILTER is words that must all match: `ns:`, `pod:`, `name:`
    /// (container), `qos:`, `kind:`, `runtime:`, `image:`, `path:` or `label:KEY=` before a pattern, or a bare pattern
    /// for any of the names; with `*` or `?` a glob for the whole text, else found anywhere in it. May be given several
    /// times: one must match. What is not known yet to match or not is recorded until it is.
    #[arg(long, value_name = "FILTER")]
    include: Vec<Filter>,

    /// Leave out what matches, with its processes; as --include, and stronger.
    #[arg(long, value_name = "FILTER")]
    exclude: Vec<Filter>,

    /// Ask the Kubernetes API for names, labels, requests and limits of this node's pods. `auto`: when running in a
    /// pod whose service account is mounted; it must be allowed to list and watch pods.
    #[arg(long, value_enum, default_value = "auto")]
    kubernetes: KubernetesArg,

    /// Stop by itself after this long.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,

    /// CPU time for reading PSS, per tick on average; 0s reads none.
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = duration)]
    pss_budget: Duration,

    /// Which processes are recorded (kernel threads never): `all`; `top:N`, the N that used most CPU and the N with
    /// most memory, chosen anew every 10 ticks, for hosts with thousands; or `none`. The others are only counted.
    #[arg(long, value_name = "all|top:N|none", default_value = "all")]
    processes: Processes,

    /// Limit on the size of the output directory, such as 500MiB or 2G; 0 for none.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    max_bytes: u64,

    /// What to do at that limit.
    #[arg(long, value_enum, default_value = "stop")]
    on_full: OnFullArg,

    /// Delete closed files when all that is in them is older than this, such as 7d.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    retention: Option<Duration>,

    /// Merge the files of each hour that is over, and of each day, into larger ones that take less room and are read
    /// faster; at most a tenth of a CPU, one merge at a time. `fgm-recorder compact` does it by hand.
    #[arg(long, value_enum, default_value = "on")]
    compact: Switch,

    /// Kernel files that are kept open between ticks, at 4.4 KiB of kernel memory each; those beyond are opened for
    /// each reading, at 4 to 9 µs each.
    #[arg(long, value_name = "COUNT", default_value = "4096")]
    max_fds: usize,

    /// How log lines look; `RUST_LOG` says which are written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,

    /// Leave command lines out.
    #[arg(long)]
    omit_cmdline: bool,

    /// Also record what each process's memory is mapped from (/proc/<pid>/smaps, every 30 s at most). Reading it stalls
    /// the process's own memory calls: 80 ms for 2 GiB of small pages. Without this flag the file is never opened.
    #[arg(long)]
    verbose_perf_risk: bool,
}

/// What to do instead of recording.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Print all settings, those in force and their defaults, as a file for --config.
    Config,
    /// Merge closed files into fewer, larger ones: those of each day that is over, and of each hour of today. Nothing is
    /// lost: a result is read back and compared before its sources go. What a recorder is still writing is left alone,
    /// and so is what cannot be read: it is named, and the exit code is 1.
    Compact {
        /// Directory of the recording; else that of --output-dir.
        dir: Option<PathBuf>,
        /// Leave hours and days alone that have not been over for so long, such as 1h.
        #[arg(long, value_name = "TIME", value_parser = duration)]
        older_than: Option<Duration>,
        /// Only say what would be merged.
        #[arg(long)]
        dry_run: bool,
        /// Do what a recorder asks for on standard input.
        #[arg(long, hide = true, requires = "dir", conflicts_with_all = ["older_than", "dry_run"])]
        beside: bool,
    },
    /// Say what this host can and cannot give, one line each; exit code 1 if something cannot be recorded.
    Doctor {
        /// How to say it.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// One line per finding.
    Text,
    /// One array of objects.
    Json,
}

/// The command line with the layers below it, and where each value came from.
pub(crate) fn parse(
    argv: Vec<OsString>,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<(Args, ArgMatches), Refused> {
    let matches = settings::matches(Args::command(), argv, environment)?;
    let args = Args::from_arg_matches(&matches).map_err(Refused::CommandLine)?;
    Ok((args, matches))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeArg {
    Containers,
    Services,
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KubernetesArg {
    Auto,
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnFullArg {
    Stop,
    DropOldest,
}

impl Args {
    /// The settings that these flags mean.
    pub(crate) fn config(&self) -> Config {
        Config {
            output_dir: self.output_dir.clone(),
            interval: self.interval,
            rotation: self.rotation,
            cap: Cap {
                max_bytes: (self.max_bytes > 0).then_some(self.max_bytes),
                on_full: match self.on_full {
                    OnFullArg::Stop => OnFull::Stop,
                    OnFullArg::DropOldest => OnFull::DropOldest,
                },
            },
            retention: self.retention,
            compact: match self.compact {
                // The program that runs, even if another has been installed in its place.
                Switch::On => Beside::Process(PathBuf::from("/proc/self/exe")),
                Switch::Off => Beside::No,
            },
            scope: match self.scope {
                ScopeArg::Containers => Scope::Containers,
                ScopeArg::Services => Scope::Services,
                ScopeArg::All => Scope::All,
            },
            processes: self.processes,
            identifier: self.identifier.clone().or_else(|| self.node_name.clone()),
            node_name: self.node_name.clone(),
            cluster_name: self.cluster_name.clone(),
            cgroup_root: self.cgroup_root.clone(),
            proc_root: self.proc_root.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            kubernetes: match self.kubernetes {
                KubernetesArg::Auto => Kubernetes::Auto,
                KubernetesArg::Off => Kubernetes::Off,
            },
            duration: self.duration,
            pss_budget: self.pss_budget,
            max_fds: self.max_fds,
            omit_cmdline: self.omit_cmdline,
            verbose_perf_risk: self.verbose_perf_risk,
            ..Config::default()
        }
    }
}

/// The number and the unit of a text such as `90s`.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text.trim());
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err("a time has a number and a unit: 100ms, 1s, 90s, 5m, 1h, 7d".to_owned()),
    };
    let value: f64 = number.parse().map_err(|_| "a time begins with a number: 100ms, 1s, 5m".to_owned())?;
    // Through microseconds, so that 0.1s is exactly 100ms.
    let micros = (value * seconds * 1e6).round();
    Duration::try_from_secs_f64(micros / 1e6)
        .map(|_| Duration::from_micros(micros as u64))
        .map_err(|_| "that time is too long".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text.trim());
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        _ => return Err("a size has a number and perhaps a unit: 500MiB, 2G, 1000000".to_owned()),
    };
    let value: f64 = number.parse().map_err(|_| "a size begins with a number: 500MiB, 2G".to_owned())?;
    Ok((value * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        let defaults = Args::parse_from(["fgm-recorder"]).config();
        let library = Config::default();
        assert_eq!((defaults.interval, defaults.rotation), (library.interval, library.rotation));
        assert_eq!((defaults.cap, defaults.scope), (library.cap, library.scope));
        assert_eq!((defaults.pss_budget, defaults.max_fds), (library.pss_budget, library.max_fds));
        assert!(defaults.compact != Beside::No && library.compact != Beside::No);
    }

    fn with_file(text: &str) -> (Args, ArgMatches) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.toml");
        std::fs::write(&path, text).unwrap();
        let argv = vec!["fgm-recorder".into(), "--config".into(), path.into_os_string()];
        let Ok(parsed) = parse(argv, |_| None) else { panic!("{text}") };
        parsed
    }

    /// REC-9: the file that is printed is one that can be read: as it is, with every default set, and with changes.
    #[test]
    fn the_printed_file_is_a_settings_file() {
        let none = with_file("");
        let printed = crate::template::template(Args::command(), &none.1);
        assert!(printed.lines().all(|l| l.len() <= 120), "{printed}");
        let expected = format!("{:?}", none.0.config());
        assert_eq!(format!("{:?}", with_file(&printed).0.config()), expected);
        // A placeholder such as "NAME" is no default.
        let is_default = |value: &str| value.chars().any(|c| c.is_ascii_lowercase());
        let set = |line: &str| match line.strip_prefix("# ").filter(|l| l.contains(" = ")) {
            Some(set) if is_default(set.split_once(" = ").unwrap().1) => format!("{set}\n"),
            _ => String::new(),
        };
        let all: String = printed.lines().map(set).collect();
        assert!(all.contains("interval = \"1s\"") && all.contains("omit-cmdline = false"), "{all}");
        assert_eq!(format!("{:?}", with_file(&all).0.config()), expected, "{all}");
        let changed = with_file("interval = \"250ms\"\nomit-cmdline = true\nidentifier = \"a \\\"b\\\"\"");
        let printed = crate::template::template(Args::command(), &changed.1);
        assert!(
            printed.contains("\ninterval = \"250ms\"\n") && printed.contains("\nomit-cmdline = true\n"),
            "{printed}"
        );
        assert_eq!(
            format!("{:?}", with_file(&printed).0.config()),
            format!("{:?}", changed.0.config()),
            "{printed}"
        );
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("0.1s"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("1h"), Ok(Duration::from_hours(1)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(168)));
        for bad in ["", "5", "s", "-1s", "1 fortnight", "1e9s", "99999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!((size("0"), size("1.5k")), (Ok(0), Ok(1536)));
        assert!(size("lots").is_err() && size("1 furlong").is_err());
    }
}
