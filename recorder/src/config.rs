//! What to record, where and how often.
//!
//! Owns: every setting of a run with its default and its bounds. Must not: read the environment or the command line.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use fgm::filter::Filter;
use fgm::store::compact::Beside;
use fgm::store::retention::{Cap, OnFull};

use crate::error::RecordError;

/// Which cgroups become subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Containers, sandboxes and pods; on a host that has none at the start, everything, also when some come later.
    #[default]
    Containers,
    /// systemd services and slices.
    Services,
    /// Every cgroup, the root among them.
    All,
}

impl Scope {
    /// As on the command line and in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Containers => "containers",
            Scope::Services => "services",
            Scope::All => "all",
        }
    }
}

/// Whether processes are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Processes {
    /// All that belong to a subject; kernel threads do not count.
    #[default]
    All,
    /// The so many that use most CPU and the so many that have most memory; the others are only counted. For hosts
    /// with thousands.
    Top(NonZeroUsize),
    /// None; they are only counted.
    None,
}

impl fmt::Display for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Processes::All => f.write_str("all"),
            Processes::Top(n) => write!(f, "top:{n}"),
            Processes::None => f.write_str("none"),
        }
    }
}

impl FromStr for Processes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Processes, &'static str> {
        match text {
            "all" => Ok(Processes::All),
            "none" => Ok(Processes::None),
            _ => text
                .strip_prefix("top:")
                .and_then(|n| n.parse().ok())
                .map(Processes::Top)
                .ok_or("it is all, none, or top: and a number from 1 on, such as top:50"),
        }
    }
}

/// Whether the Kubernetes API is asked for names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kubernetes {
    /// When this process runs in a pod that has been given credentials.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// Settings of a run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Root of the store.
    pub output_dir: PathBuf,
    /// Time between ticks, 100 ms to 1 h.
    pub interval: Duration,
    /// Time after which a new file begins.
    pub rotation: Duration,
    /// What was appended survives a power cut after this long.
    pub sync_every: Duration,
    /// Limit on the size of the store.
    pub cap: Cap,
    /// Closed files older than this are deleted; `None` keeps them.
    pub retention: Option<Duration>,
    /// Whether small closed files are merged into larger ones meanwhile.
    pub compact: Beside,
    /// Which cgroups are recorded.
    pub scope: Scope,
    /// Whether processes are recorded.
    pub processes: Processes,
    /// Value of the partition `identifier`; the host name when absent.
    pub identifier: Option<String>,
    /// Name of the node; the host name when absent.
    pub node_name: Option<String>,
    /// Name of the cluster.
    pub cluster_name: Option<String>,
    /// Directory of the cgroup hierarchies; found in mountinfo when absent.
    pub cgroup_root: Option<PathBuf>,
    /// Where procfs is mounted.
    pub proc_root: PathBuf,
    /// Directory below which the host's `run` and `var` lie (identity sources).
    pub host_root: PathBuf,
    /// Only subjects that match one of these are recorded; all where there are none.
    pub include: Vec<Filter>,
    /// Subjects that match one of these are not recorded.
    pub exclude: Vec<Filter>,
    /// Whether the Kubernetes API is asked for names.
    pub kubernetes: Kubernetes,
    /// Stops by itself after this long.
    pub duration: Option<Duration>,
    /// CPU time for reading PSS, per tick on average.
    pub pss_budget: Duration,
    /// Descriptors of kernel files that are kept open; each costs about 4.4 KiB of kernel memory.
    pub max_fds: usize,
    /// Leaves command lines out.
    pub omit_cmdline: bool,
    /// Reads /proc/<pid>/smaps too, rarely; each reading stalls its process's memory calls.
    pub verbose_perf_risk: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            output_dir: PathBuf::from("collected-metrics"),
            interval: Duration::from_secs(1),
            rotation: Duration::from_secs(90),
            sync_every: Duration::from_secs(10),
            cap: Cap { max_bytes: Some(1 << 30), on_full: OnFull::Stop },
            retention: None,
            compact: Beside::Thread,
            scope: Scope::default(),
            processes: Processes::default(),
            identifier: None,
            node_name: None,
            cluster_name: None,
            cgroup_root: None,
            proc_root: PathBuf::from("/proc"),
            host_root: PathBuf::from("/"),
            include: Vec::new(),
            exclude: Vec::new(),
            kubernetes: Kubernetes::default(),
            duration: None,
            pss_budget: Duration::from_millis(5),
            max_fds: 4096,
            omit_cmdline: false,
            verbose_perf_risk: false,
        }
    }
}

/// Shortest interval between ticks.
pub const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Longest interval between ticks.
pub const MAX_INTERVAL: Duration = Duration::from_hours(1);

impl Config {
    /// Checks what can be checked without touching the host.
    pub fn validate(&self) -> Result<(), RecordError> {
        let bad = |what, value: Duration, rule| {
            Err(RecordError::Setting { what, value: format!("{value:?}"), rule })
        };
        if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&self.interval) {
            return bad("interval", self.interval, "it must be between 100ms and 1h");
        }
        if !self.interval.subsec_nanos().is_multiple_of(1000) {
            return bad("interval", self.interval, "it must be whole microseconds");
        }
        if self.rotation < self.interval {
            return bad("rotation", self.rotation, "it must not be shorter than the interval");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-5: intervals from 100 ms to 1 h.
    #[test]
    fn bounds() {
        let with = |interval| Config { interval, rotation: MAX_INTERVAL, ..Config::default() }.validate();
        assert!(with(MIN_INTERVAL).is_ok() && with(MAX_INTERVAL).is_ok());
        let text = with(Duration::from_millis(99)).unwrap_err().to_string();
        assert!(text.contains("interval") && text.contains("100ms"), "{text}");
        assert!(with(Duration::from_nanos(100_000_001)).is_err());
        assert!(Config { rotation: Duration::from_millis(1), ..Config::default() }.validate().is_err());
    }

    /// REC-6: all processes, the biggest, or none; what is written is what is read.
    #[test]
    fn which_processes() {
        for text in ["all", "top:1", "top:50", "none"] {
            assert_eq!(text.parse::<Processes>().map(|p| p.to_string()).as_deref(), Ok(text));
        }
        for bad in ["", "top", "top:", "top:0", "top:-1", "top:x", "50", "All"] {
            assert!(bad.parse::<Processes>().is_err(), "{bad}");
        }
    }
}
