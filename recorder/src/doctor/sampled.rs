//! What one tick of the recorder's own sampler meets.
//!
//! Owns: findings about cgroups, containers, descriptors and what could not be read. Must not: find cgroups itself.

use std::path::Path;

use fgm::store::tick::Tick;
use fgm::time::SECOND;

use super::Finding;
use super::host::pressure_missing;
use crate::config::Config;
use crate::discover::{Controller, Hierarchies};
use crate::pace::{Clock, HostClock, Slot};
use crate::record::node_name;
use crate::sampler::{Census, Progress, Sampler};

/// Kernel memory of a descriptor of such a file once it has been read: its page and its bookkeeping.
const DESCRIPTOR_BYTES: usize = 4470;
/// Files that have findings of their own.
const ELSEWHERE: [&str; 2] = ["smaps_rollup", "io"];

pub(super) fn examine(config: &Config, out: &mut Vec<Finding>) {
    let mut sampler = match Sampler::new(config, node_name(config)) {
        Ok(sampler) => sampler,
        Err(error) => {
            out.push(Finding::missing("cgroup", error.to_string()));
            return;
        }
    };
    let now = HostClock.wall();
    let slot = Slot { tick_no: 0, tick: now - now.rem_euclid(SECOND), late: 0, missed: 0, stepped: None };
    let census = sampler.sample(&slot, &mut Tick::default(), || HostClock.wall(), Progress::default());
    let hierarchies = sampler.hierarchies();
    let roots: Vec<String> = hierarchies.all.iter().map(|h| h.path.display().to_string()).collect();
    out.push(Finding::ok("cgroup", format!("{} at {}", sampler.cgroup_mode(), roots.join(", "))));
    controllers(hierarchies, out);
    out.push(group_pressure(hierarchies));
    out.push(containers(&sampler, census));
    out.push(descriptors(&sampler, census));
    for (file, errno, count) in sampler.failures().filter(|f| !ELSEWHERE.contains(&f.0)) {
        out.push(Finding::missing("files", format!("{file} could not be read {count} times: {errno}")));
    }
}

/// What is recorded of each controller; v2's name, v1's controller, what would be missing.
const CONTROLLERS: [(&str, &str, Controller, &str); 4] = [
    ("controller-cpu", "cpu", Controller::Cpu, "quota and throttling"),
    ("controller-memory", "memory", Controller::Memory, "memory of containers"),
    ("controller-io", "io", Controller::Blkio, "block IO of containers"),
    ("controller-pids", "pids", Controller::Pids, "numbers of tasks"),
];

fn controllers(hierarchies: &Hierarchies, out: &mut Vec<Finding>) {
    let list = |file: &str| {
        let v2 = hierarchies.all.iter().find(|h| h.is_v2())?;
        let text = std::fs::read_to_string(v2.path.join(file)).ok()?;
        Some((v2, text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()))
    };
    for (check, name, v1, what) in CONTROLLERS {
        if let Some(h) = hierarchies.all.iter().find(|h| h.controllers.contains(&v1)) {
            out.push(Finding::ok(check, format!("v1 at {}", h.path.display())));
            continue;
        }
        let Some((v2, _)) = list("cgroup.controllers").filter(|(_, all)| all.iter().any(|c| c == name))
        else {
            out.push(
                Finding::missing(check, format!("not mounted here: no {what}"))
                    .remedy("the kernel lacks it, or it was disabled at boot (cgroup_disable=)"),
            );
            continue;
        };
        let handed_down = list("cgroup.subtree_control").is_none_or(|(_, all)| all.iter().any(|c| c == name));
        let path = v2.path.display();
        out.push(if handed_down {
            Finding::ok(check, format!("v2 at {path}"))
        } else {
            Finding::missing(check, format!("{path}/cgroup.subtree_control does not hand it down: no {what}"))
                .remedy("run containers or services with such a limit, or set systemd's Default…Accounting=")
        });
    }
    if let Some(h) = hierarchies.all.iter().find(|h| h.controllers.contains(&Controller::Cpuacct)) {
        out.push(Finding::ok("controller-cpuacct", format!("v1 at {}", h.path.display())));
    }
}

fn group_pressure(hierarchies: &Hierarchies) -> Finding {
    let Some(v2) = hierarchies.all.iter().find(|h| h.is_v2()) else {
        return Finding::missing("psi-cgroups", "there is no v2 hierarchy: no pressure per container")
            .remedy("mount cgroup2 beside v1 (systemd does in hybrid mode)");
    };
    // The root has its files in /proc/pressure.
    let below = std::fs::read_dir(&v2.path).into_iter().flatten().flatten();
    let Some(path) = below.map(|e| e.path()).filter(|p| p.is_dir()).map(|d| d.join("cpu.pressure")).next()
    else {
        return Finding::note("psi-cgroups", format!("unknown: no cgroup below {}", v2.path.display()));
    };
    match std::fs::read(&path) {
        Ok(_) => Finding::ok("psi-cgroups", format!("below {}", v2.path.display())),
        Err(e) => pressure_missing("psi-cgroups", Path::new(&path), &e),
    }
}

fn containers(sampler: &Sampler, census: Census) -> Finding {
    let seen = sampler.runtimes();
    if seen.is_empty() {
        let text = format!("none: {} subjects with scope {}", census.subjects, sampler.scope().name());
        return Finding::note("containers", text);
    }
    let list: Vec<String> = seen.iter().map(|(name, count)| format!("{count} of {name}")).collect();
    Finding::ok("containers", format!("{}; {} processes", list.join(", "), census.processes))
}

fn descriptors(sampler: &Sampler, census: Census) -> Finding {
    let (need, limit) = (census.descriptors, sampler.descriptor_limit());
    let mib = |n: usize| (n * DESCRIPTOR_BYTES) as f64 / f64::from(1 << 20);
    let text = format!(
        "{need} kept open ({:.0} MiB of kernel memory), at most {limit} ({:.0} MiB)",
        mib(need),
        mib(limit)
    );
    if need < limit {
        return Finding::ok("descriptors", text);
    }
    Finding::note(
        "descriptors",
        format!("{text}: the other files are opened for each reading, which costs CPU"),
    )
    .remedy("raise --max-fds, and with it the limit on open files (LimitNOFILE=)")
}
