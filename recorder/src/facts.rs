//! What a run's manifest says of the host and of the settings (STO-5).
//!
//! Owns: the names of these facts. Must not: change a setting, or leave one out.

use std::path::Path;
use std::time::Duration;

use fgm::filter::Filter;
use fgm::store::compact::Beside;
use fgm::store::retention::{Cap, OnFull};
use serde_json::{Map, Value};

use crate::config::{Config, Kubernetes};
use crate::sampler::Sampler;

/// The facts: what was found, and every setting.
pub(crate) fn facts(config: &Config, sampler: &Sampler) -> Map<String, Value> {
    let mut facts = settings(config);
    let uname = rustix::system::uname();
    let text = |path: &str| std::fs::read(config.proc_root.join(path)).unwrap_or_default();
    let mut memory = None;
    crate::read::node::meminfo(&text("meminfo"), |column, v| {
        if column == fgm::metric::node::memory_total_bytes {
            memory = Some(v);
        }
    });
    let mut cpus = 0;
    crate::read::node::kernel_stat(&text("stat"), |_, _| cpus += 1);
    let mut put = |key: &str, value: Value| facts.insert(key.to_owned(), value);
    put("kernel", uname.release().to_string_lossy().into());
    put("architecture", uname.machine().to_string_lossy().into());
    put("cgroup_mode", sampler.cgroup_mode().into());
    put("boot_id", sampler.boot_id().into());
    put("cpus", cpus.into());
    put("memory_bytes", memory.into());
    facts
}

fn settings(config: &Config) -> Map<String, Value> {
    // Taken apart, so that a setting that is added must be told here. What the manifest says anyway is not told twice:
    // interval, identifier and names.
    let Config {
        output_dir,
        interval: _,
        rotation,
        sync_every,
        cap: Cap { max_bytes, on_full },
        retention,
        compact,
        scope,
        processes,
        identifier: _,
        node_name: _,
        cluster_name: _,
        cgroup_root,
        proc_root,
        host_root,
        include,
        exclude,
        kubernetes,
        duration,
        pss_budget,
        max_fds,
        omit_cmdline,
        verbose_perf_risk,
    } = config;
    let path = |p: &Path| Value::from(p.display().to_string());
    let seconds = |d: &Duration| Value::from(d.as_secs_f64());
    let filters = |all: &[Filter]| Value::from(all.iter().map(ToString::to_string).collect::<Vec<_>>());
    let on_full = match on_full {
        OnFull::Stop => "stop",
        OnFull::DropOldest => "drop-oldest",
    };
    let kubernetes = match kubernetes {
        Kubernetes::Auto => "auto",
        Kubernetes::Off => "off",
    };
    let pss_budget = u64::try_from(pss_budget.as_micros()).unwrap_or(u64::MAX);
    let all = [
        ("output_dir", path(output_dir)),
        ("rotation_seconds", seconds(rotation)),
        ("sync_seconds", seconds(sync_every)),
        ("max_bytes", (*max_bytes).into()),
        ("on_full", on_full.into()),
        ("retention_seconds", retention.as_ref().map_or(Value::Null, seconds)),
        ("compact", (*compact != Beside::No).into()),
        ("scope", scope.name().into()),
        ("processes", processes.to_string().into()),
        ("cgroup_root", cgroup_root.as_deref().map_or(Value::Null, path)),
        ("proc_root", path(proc_root)),
        ("host_root", path(host_root)),
        ("include", filters(include)),
        ("exclude", filters(exclude)),
        ("kubernetes", kubernetes.into()),
        ("duration_seconds", duration.as_ref().map_or(Value::Null, seconds)),
        ("pss_budget_usec", pss_budget.into()),
        ("max_fds", (*max_fds).into()),
        ("omit_cmdline", (*omit_cmdline).into()),
        ("verbose_perf_risk", (*verbose_perf_risk).into()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
