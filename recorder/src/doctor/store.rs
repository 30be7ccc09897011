//! Where the recording would go and where names come from.
//!
//! Owns: findings about the disk. Must not: create anything.

use std::fs;
use std::io;
use std::path::Path;

use fgm::store::retention::{self, OnFull};
use rustix::fs::{Access, AtFlags, CWD, accessat, statvfs};

use super::Finding;
use crate::config::Config;

/// Where names of containers are read from, below the host's root.
const SOURCES: [(&str, &str); 6] = [
    ("kubelet's log links", "var/log/containers"),
    ("kubelet's log directories", "var/log/pods"),
    ("containerd's bundles", "run/containerd/io.containerd.runtime.v2.task"),
    ("CRI-O's and podman's bundles", "run/containers/storage/overlay-containers"),
    ("podman's state", "var/lib/containers/storage"),
    ("Docker's state", "var/lib/docker/containers"),
];

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut out = output(config);
    let (mut found, mut denied) = (Vec::new(), Vec::new());
    for (name, path) in SOURCES {
        match fs::read_dir(config.host_root.join(path)) {
            Ok(_) => found.push(name),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => denied.push(name),
            Err(_) => {}
        }
    }
    if !denied.is_empty() {
        out.push(
            Finding::missing(
                "identity",
                format!("{} may not be read: names from there stay unknown", denied.join(", ")),
            )
            .remedy("run as root or with CAP_DAC_READ_SEARCH"),
        );
    }
    out.push(if found.is_empty() {
        Finding::note(
            "identity",
            format!("no names on disk below {}: containers have ids only", config.host_root.display()),
        )
    } else {
        Finding::ok("identity", found.join(", "))
    });
    out
}

fn output(config: &Config) -> Vec<Finding> {
    let root = &config.output_dir;
    let shown = root.display();
    // What does not exist yet is created below the nearest directory that does.
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.clone());
    let nearest = absolute.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let writable = if nearest.is_dir() {
        accessat(CWD, nearest, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(io::Error::from)
    } else {
        Err(io::Error::from(io::ErrorKind::NotADirectory))
    };
    if let Err(error) = writable {
        return vec![
            Finding::missing(
                "output",
                format!("{shown}: {} cannot be written to: {error}", nearest.display()),
            )
            .remedy("name another directory with --output-dir"),
        ];
    }
    let mut out = vec![Finding::ok("output", format!("{shown} can be written to"))];
    out.extend(space(config, nearest));
    out
}

fn space(config: &Config, nearest: &Path) -> Option<Finding> {
    let stat = statvfs(nearest).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let used = if config.output_dir.exists() { retention::used(&config.output_dir) } else { 0 };
    let mib = |b: u64| format!("{} MiB", b >> 20);
    let Some(cap) = config.cap.max_bytes else {
        return Some(Finding::note("space", format!("{} used, {} free, no cap", mib(used), mib(free))));
    };
    let text = format!("{} used of a cap of {}, {} free", mib(used), mib(cap), mib(free));
    Some(if used > cap && config.cap.on_full == OnFull::Stop {
        Finding::missing("space", format!("{text}: a recording would stop at once"))
            .remedy("remove old recordings, raise --max-bytes, or use --on-full drop-oldest")
    } else if free < cap.saturating_sub(used) {
        Finding::note("space", format!("{text}: the disk fills up before the cap is reached"))
            .remedy("lower --max-bytes or name another directory with --output-dir")
    } else {
        Finding::ok("space", text)
    })
}
