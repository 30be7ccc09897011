//! Nodes that were captured from real kubelets and engines, rebuilt as plain files: what the recorder makes of them,
//! and whether that is what the node's own tools said.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{FakeHost, Recording, Running, Seen};
use fgm_recorder::{Config, Scope};

fn testdata(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata").join(path)).unwrap()
}

/// A v2 host with the directories of a captured tree and PID 1.
fn rebuilt(tree: &str) -> FakeHost {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n");
    h.cgroup("cgroup.procs", "");
    h.process(1, "systemd", 5, 10);
    for line in testdata(tree).lines() {
        let dir = h.cgroup_root().join(line.trim_start_matches("/sys/fs/cgroup").trim_start_matches('/'));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("cgroup.procs"), "").unwrap();
    }
    h
}

/// Files of each path: `##### /path`, then `-- name` before each file's lines.
fn sections<'t>(text: &'t str, heading: &str) -> BTreeMap<&'t str, Vec<(&'t str, String)>> {
    let mut all: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    let mut path = "";
    for line in text.lines() {
        if let Some(p) = line.strip_prefix(heading) {
            path = p;
            all.entry(path).or_default();
        } else if let Some(name) = line.strip_prefix("-- ") {
            all.get_mut(path).unwrap().push((name, String::new()));
        } else if let Some((_, contents)) = all.get_mut(path).unwrap().last_mut() {
            contents.push_str(line);
            contents.push('\n');
        }
    }
    all
}

/// Two ticks of everything in scope; by path the last row.
fn record(h: &FakeHost, scope: Scope) -> (Recording, HashMap<String, Seen>) {
    let run = Running::start(Config { scope, interval: Duration::from_millis(200), ..h.config() });
    // Names are learnt on a thread of their own.
    run.pass(5);
    let r = run.stop();
    let rows = r.rows(fgm::metric::Table::Containers);
    let last = rows.into_iter().map(|row| (row.text("cgroup_path").unwrap().to_owned(), row)).collect();
    (r, last)
}

/// What kubelet's embedded cAdvisor said of a cgroup.
#[derive(Debug, Default)]
struct Cadvisor {
    labels: HashMap<String, String>,
    /// Bytes, or microseconds for the CPU counters.
    values: HashMap<String, i64>,
}

fn cadvisor() -> BTreeMap<String, Cadvisor> {
    let mut all: BTreeMap<String, Cadvisor> = BTreeMap::new();
    for line in testdata("nodes/kubelet/cadvisor.txt").lines() {
        let (name, rest) = line.split_once('{').unwrap();
        let (labels, value) = rest.split_once("} ").unwrap();
        let labels: HashMap<String, String> = labels
            .split(',')
            .map(|l| l.split_once('=').unwrap())
            .map(|(k, v)| (k.to_owned(), v.trim_matches('"').to_owned()))
            .collect();
        let value: f64 = value.split(' ').next().unwrap().parse().unwrap();
        let scale = if name.ends_with("_seconds_total") { 1e6 } else { 1.0 };
        let entry = all.entry(labels["id"].clone()).or_default();
        entry.values.insert(name.trim_start_matches("container_").to_owned(), (value * scale).round() as i64);
        entry.labels = labels;
    }
    all
}

/// The memory of the captured node, which cAdvisor gives for "no limit".
const NODE_MEMORY: i64 = 3_060_527_104;

fn kubelet_node() -> FakeHost {
    let h = rebuilt("kernel/v2-6.1/kubelet-tree.txt");
    for (path, files) in sections(&testdata("nodes/kubelet/values.txt"), "##### ") {
        for (name, contents) in files {
            h.cgroup(&format!("{path}/{name}"), &contents);
        }
    }
    for line in testdata("nodes/kubelet/pids.txt").lines() {
        let fields: Vec<&str> = line.split(" | ").collect();
        let (pid, cmdline) = fields[0].split_once(' ').unwrap();
        // One was gone when the capture looked at it.
        if let Some(comm) = cmdline.split_whitespace().next().filter(|c| *c != "|") {
            h.process(pid.parse().unwrap(), comm.rsplit('/').next().unwrap(), 50, 10);
        }
    }
    let host = h.dir.path().join("host");
    let links = host.join("var/log/containers");
    fs::create_dir_all(&links).unwrap();
    for name in testdata("nodes/kubelet/log-links.txt").lines() {
        fs::write(links.join(name), "").unwrap();
    }
    // kubelet's log directories name the pods.
    for c in cadvisor().values().filter(|c| !c.labels["pod"].is_empty()) {
        let uid = c.labels["id"].split("-pod").nth(1).unwrap().split('.').next().unwrap();
        let dir = format!("var/log/pods/{}_{}_{uid}", c.labels["namespace"], c.labels["pod"]);
        fs::create_dir_all(host.join(dir)).unwrap();
    }
    // One sandbox's bundle was captured; the others' say the same of themselves.
    let bundle = testdata("kernel/v2-6.1/oci-config.json");
    let captured = "470947e084ab4faec574708493e85191b8ea269d530dbb7df168fd36287dc8ae";
    for id in sandboxes() {
        let of = cadvisor().into_values().find(|c| c.labels["id"].contains(&id)).unwrap();
        let text = bundle
            .replace(captured, &id)
            .replace("db-node1", &of.labels["pod"])
            .replace("\"data\"", &format!("\"{}\"", of.labels["namespace"]));
        let dir = host.join("run/containerd/io.containerd.runtime.v2.task/k8s.io").join(&id);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("config.json"), text).unwrap();
    }
    h
}

/// Containers that run the pause image, as `ctr` listed them.
fn sandboxes() -> Vec<String> {
    let tasks = testdata("nodes/kubelet/tasks.txt");
    let pause = tasks.lines().filter(|l| l.contains("/pause:"));
    pause.map(|l| l.split_whitespace().next().unwrap().to_owned()).collect()
}

fn whole(row: &Seen, column: &str) -> Option<i64> {
    row.value(column).map(|v| v as i64)
}

fn text(row: &Seen, label: &str) -> String {
    row.text(label).unwrap_or_default().to_owned()
}

/// REC-1, REC-7: pods, containers and sandboxes of a captured kubelet node are what kubelet says they are, each once;
/// the empty tree that this kubelet leaves beside the real one has no subject.
#[test]
fn a_kubelet_node_is_what_kubelet_says() {
    let (r, rows) = record(&kubelet_node(), Scope::Containers);
    let said = cadvisor();
    // Slices are not in scope; one container vanished between the tree and the values.
    let dying = "a391adcae11daa1cee1804bf27019d60b38376d14b61529db84de186575fa1f4";
    let subjects: BTreeSet<&str> = rows.keys().map(String::as_str).filter(|p| !p.contains(dying)).collect();
    let expected: BTreeSet<&str> =
        said.values().filter(|c| !c.labels["pod"].is_empty()).map(|c| c.labels["id"].as_str()).collect();
    assert_eq!(subjects, expected);
    let pauses = sandboxes();
    let qos = |path: &str| match path {
        p if p.contains("burstable") => "Burstable",
        p if p.contains("besteffort") => "BestEffort",
        _ => "Guaranteed",
    };
    for (&path, row) in expected.iter().map(|p| (p, &rows[*p])) {
        let labels = &said[path].labels;
        assert_eq!(text(row, "pod_name"), labels["pod"], "{path}");
        assert_eq!(text(row, "namespace"), labels["namespace"], "{path}");
        assert_eq!(text(row, "container_name"), labels["container"], "{path}");
        assert_eq!(text(row, "qos_class"), qos(path), "{path}");
        assert!(path.contains(&text(row, "pod_uid")) && text(row, "pod_uid").len() == 32, "a static pod's");
        let id = path.split("cri-containerd-").nth(1).map(|i| i.trim_end_matches(".scope"));
        assert_eq!(row.text("container_id"), id);
        assert_eq!(row.text("runtime"), id.map(|_| "containerd"));
        let kind = match id {
            None => "pod",
            Some(id) if pauses.iter().any(|p| p == id) => "sandbox",
            Some(_) => "container",
        };
        assert_eq!(text(row, "subject_kind"), kind, "{path}");
    }
    assert_eq!(pauses.len(), 4);
    // Processes stand where the capture saw them; pids of cgroup.procs that /proc does not know have no row.
    for line in testdata("nodes/kubelet/pids.txt").lines() {
        let pid = line.split(' ').next().unwrap().parse().unwrap();
        let cgroup = line.split(" | ").nth(1).and_then(|c| c.strip_prefix("0::")).unwrap_or_default();
        let seen = r.of_pid(pid);
        // `runc init` of the container that was just starting: its scope is not in the tree.
        if rows.contains_key(cgroup) {
            assert_eq!(seen.last().unwrap().text("cgroup_path"), Some(cgroup), "{pid}");
        } else {
            assert!(seen.is_empty(), "{pid}");
        }
    }
    assert!(r.of_pid(1463).is_empty());
}

/// REC-2, REC-3: limits are those that kubelet reports, and counters equal kubelet's to the microsecond and byte
/// wherever nothing ran in the half minute between the two readings; elsewhere kubelet's later reading is not lower.
#[test]
fn kernel_files_and_kubelet_agree() {
    let h = kubelet_node();
    let (_, rows) = record(&h, Scope::All);
    let mut still = 0;
    for (path, said) in &cadvisor() {
        let (row, v) = (&rows[path], |name: &str| said.values[name]);
        let usage = whole(row, "cpu_usage_usec_total").unwrap();
        // The slices' own readings are older or younger than their pods'; counters never go back.
        assert!(usage <= v("cpu_usage_seconds_total"), "{path}");
        let own = whole(row, "memory_max_bytes").unwrap_or(NODE_MEMORY);
        if let Some(&limit) = said.values.get("spec_memory_limit_bytes") {
            assert_eq!(own, limit, "{path}");
            let unlimited = limit == NODE_MEMORY && path != "/kubepods.slice";
            assert_eq!(whole(row, "memory_max_unlimited"), Some(i64::from(unlimited)), "{path}");
        }
        if usage == v("cpu_usage_seconds_total") {
            still += 1;
            assert_eq!(whole(row, "cpu_user_usec_total"), Some(v("cpu_user_seconds_total")), "{path}");
            assert_eq!(whole(row, "cpu_system_usec_total"), Some(v("cpu_system_seconds_total")), "{path}");
            assert_eq!(whole(row, "memory_current_bytes"), Some(v("memory_usage_bytes")), "{path}");
        }
    }
    assert_eq!(still, 5, "four sandboxes and a container that sleeps");
}

/// REC-2: the working set is kubelet's. The capture holds no memory.stat per cgroup, so each gets the usage that
/// kubelet read, and as inactive file cache what its two numbers leave; kubelet's own arithmetic must then come out
/// in every cgroup, and in the pods' and containers' figures of /stats/summary that stem from the same reading.
#[test]
fn working_set_and_available_memory_are_kubelets() {
    let h = kubelet_node();
    for (path, said) in &cadvisor() {
        let (usage, set) = (said.values["memory_usage_bytes"], said.values["memory_working_set_bytes"]);
        h.cgroup(&format!("{path}/memory.current"), &format!("{usage}\n"));
        h.cgroup(&format!("{path}/memory.stat"), &format!("anon 1\ninactive_file {}\n", usage - set));
    }
    let (_, rows) = record(&h, Scope::All);
    for (path, said) in &cadvisor() {
        let set = said.values["memory_working_set_bytes"];
        assert_eq!(whole(&rows[path], "memory_working_set_bytes"), Some(set), "{path}");
    }
    let summary: serde_json::Value =
        serde_json::from_str(&testdata("nodes/kubelet/stats-summary.json")).unwrap();
    let mut same = 0;
    for pod in summary["pods"].as_array().unwrap() {
        let uid = pod["podRef"]["uid"].as_str().unwrap();
        let kind = |row: &&Seen, kind: &str| row.text("subject_kind") == Some(kind);
        let of_pod = || rows.values().filter(|r| r.text("pod_uid") == Some(uid));
        let row = of_pod().find(|r| kind(r, "pod")).unwrap();
        let bytes = |v: &serde_json::Value, name: &str| v["memory"][name].as_i64().unwrap();
        // kubelet's "available" is the tightest limit above less the working set.
        assert_eq!(
            whole(row, "memory_max_effective_bytes"),
            Some(bytes(pod, "availableBytes") + bytes(pod, "workingSetBytes")),
            "{uid}"
        );
        same += usize::from(whole(row, "memory_working_set_bytes") == Some(bytes(pod, "workingSetBytes")));
        for container in pod["containers"].as_array().unwrap() {
            let named = of_pod().find(|r| r.text("container_name") == container["name"].as_str());
            let set = named.and_then(|r| whole(r, "memory_working_set_bytes"));
            same += usize::from(set == Some(bytes(container, "workingSetBytes")));
        }
    }
    // Of nine, the database's is from another reading and the OOM-killed container's was never read.
    assert_eq!(same, 7);
}

/// REC-1, REC-3, REC-7: podman with crun, docker and ctr on v2: crun's limits and throttling come from the sub-cgroup
/// `container`, an infra container is a sandbox, names are the engines'.
#[test]
fn engines_on_v2() {
    let h = rebuilt("kernel/v2-6.1/engines-tree.txt");
    for (path, lines) in engine_values() {
        let mut lines = lines.into_iter().peekable();
        let procs = lines.next_if(|l| !l.starts_with("max") && !l.contains(' '));
        h.cgroup(&format!("{path}/cgroup.procs"), &procs.map(|p| p + "\n").unwrap_or_default());
        let mut file = |name: &str, n: usize| {
            let text: String = lines.by_ref().take(n).map(|l| l + "\n").collect();
            h.cgroup(&format!("{path}/{name}"), &text);
        };
        file("cpu.max", 1);
        file("cpu.stat", 8);
        file("cpu.pressure", 2);
        file("memory.max", 1);
        file("memory.current", 1);
    }
    for pid in [383, 559, 564, 674] {
        h.process(pid, "sh", 50, 10);
    }
    let host = h.dir.path().join("host");
    let put = |path: &str, text: &str| {
        fs::create_dir_all(host.join(path).parent().unwrap()).unwrap();
        fs::write(host.join(path), text).unwrap();
    };
    put(
        "var/lib/containers/storage/overlay-containers/containers.json",
        &testdata("nodes/engines/containers.json"),
    );
    let docker = "558e14e5e7bfec119a7885d2994c4b90b6d3e66d71123dd5c93ecd925a4e4210";
    let config = testdata("nodes/engines/docker-config.v2.json");
    put(&format!("var/lib/docker/containers/{docker}/config.v2.json"), &config);
    let (r, rows) = record(&h, Scope::Containers);
    let by_name = |name: &str| rows.values().find(|r| r.text("container_name") == Some(name)).unwrap();
    let limits = |name: &str| {
        ["cpu_quota_cores", "cpu_throttled_periods_total", "memory_max_bytes", "memory_current_bytes"]
            .map(|c| by_name(name).value(c))
    };
    let mib64 = Some(67_108_864.0);
    assert_eq!(limits("p1"), [Some(0.2), Some(762.0), mib64, Some(225_280.0)], "limits of the sub-cgroup");
    assert_eq!(limits("d1"), [Some(0.2), Some(206.0), mib64, Some(348_160.0)], "runc: of the scope");
    assert_eq!(limits("p2"), [None, Some(0.0), None, Some(200_704.0)], "none set");
    assert_eq!(text(by_name("d1"), "runtime"), "docker");
    assert_eq!(text(by_name("p1"), "runtime"), "podman");
    assert_eq!(text(by_name("9a4e9e444705-infra"), "subject_kind"), "sandbox");
    assert_eq!(text(by_name("p2"), "subject_kind"), "container");
    let pod = rows.values().find(|r| r.text("subject_kind") == Some("pod")).unwrap();
    assert_eq!(text(pod, "pod_uid"), text(by_name("p2"), "pod_uid"), "both are of the one pod");
    assert_eq!(rows.len(), 5, "the sub-cgroups are no subjects: {:?}", rows.keys());
    let owner = r.of_pid(383).pop().unwrap();
    assert_eq!(text(&owner, "container_name"), "p1", "its process stands in the sub-cgroup");
}

fn engine_values() -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in testdata("nodes/engines/values.txt").lines() {
        match line.strip_prefix("## /sys/fs/cgroup") {
            Some(path) => all.push((path.to_owned(), Vec::new())),
            None => all.last_mut().unwrap().1.push(line.to_owned()),
        }
    }
    all
}

/// REC-1, REC-2, REC-3: podman on hybrid v1, each column from its hierarchy.
#[test]
fn podman_on_hybrid_v1() {
    let h = FakeHost::new();
    h.process(1, "init", 5, 0);
    for v1 in ["cpu", "cpuacct", "memory", "pids", "blkio", "freezer", "systemd"] {
        h.cgroup(&format!("{v1}/cgroup.procs"), "1\n");
    }
    h.cgroup("unified/cgroup.controllers", "");
    h.cgroup("unified/cgroup.procs", "1\n");
    let samples = testdata("nodes/podman-v1/samples.txt");
    let mut paths = HashMap::new();
    for (heading, files) in sections(&samples, "##### ") {
        let (name, pid) = heading.split_once(" pid ").unwrap();
        // Below each heading stands /proc/<pid>/cgroup.
        let begin = samples.split_once(heading).unwrap().1;
        let path = begin.lines().find_map(|l| l.strip_prefix("0::")).unwrap();
        for v1 in ["cpu", "cpuacct", "memory", "pids", "blkio", "freezer", "systemd", "unified"] {
            h.cgroup(&format!("{v1}{path}/cgroup.procs"), &format!("{pid}\n"));
        }
        h.process(pid.parse().unwrap(), name, 50, 10);
        for (file, contents) in files {
            let (hierarchy, file) = file.split_once('/').unwrap_or(("memory", file));
            h.cgroup(&format!("{hierarchy}{path}/{file}"), &contents);
        }
        paths.insert(name, path.to_owned());
    }
    let (r, rows) = record(&h, Scope::Containers);
    assert_eq!(rows.len(), 3);
    let value = |name: &str, column: &str| rows[&paths[name]].value(column);
    assert_eq!(value("cpu1", "cpu_usage_usec_total"), Some(922_788.0));
    assert_eq!((value("cpu1", "cpu_quota_cores"), value("oom1", "cpu_quota_cores")), (Some(0.2), None));
    assert_eq!(value("cpu1", "cpu_throttled_usec_total"), Some(43_567.0));
    assert_eq!(value("cpu1", "cpu_pressure_some_avg10_percent"), Some(26.22), "of the v2 hierarchy");
    assert_eq!(value("oom1", "memory_events_oom_kill_total"), Some(2.0));
    assert_eq!(value("io1", "memory_max_bytes"), Some(25_165_824.0));
    assert_eq!(value("cpu1", "pids_max"), Some(50.0));
    for path in paths.values() {
        assert_eq!(rows[path].text("runtime"), Some("podman"));
        assert_eq!(rows[path].value("process_count"), Some(1.0));
    }
    assert_eq!(r.of_pid(26_333).pop().unwrap().text("cgroup_path"), Some(paths["cpu1"].as_str()));
}
