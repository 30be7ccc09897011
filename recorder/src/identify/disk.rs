//! What the disk tells about one container.
//!
//! Owns: file names and formats of kubelet's log directories, OCI bundles of containerd and CRI-O, podman's and
//! Docker's state. Must not: wait, retry or remember. What cannot be read is simply unknown.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// Names of a subject; `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Name of the container.
    pub container_name: Option<String>,
    /// Kubernetes namespace.
    pub namespace: Option<String>,
    /// Name of the pod.
    pub pod_name: Option<String>,
    /// The runtime, where the path did not tell.
    pub runtime: Option<&'static str>,
    /// Whether it is the pause container of a pod.
    pub sandbox: bool,
}

impl Identity {
    /// Whether there is nothing more to learn.
    pub fn is_complete(&self) -> bool {
        self.container_name.is_some() && (self.pod_name.is_some() == self.namespace.is_some())
    }

    fn or(self, other: Identity) -> Identity {
        Identity {
            container_name: self.container_name.or(other.container_name),
            namespace: self.namespace.or(other.namespace),
            pod_name: self.pod_name.or(other.pod_name),
            runtime: self.runtime.or(other.runtime),
            sandbox: self.sandbox || other.sandbox,
        }
    }
}

/// Larger files are not read: no bundle or state file of a sane host comes near.
const LARGEST: u64 = 16 << 20;
/// Entries of a log directory that are looked at.
const MAX_ENTRIES: usize = 20_000;

fn json(path: &Path) -> Option<Value> {
    let size = fs::metadata(path).ok()?.len();
    if size > LARGEST {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|s| !s.is_empty()).map(str::to_owned)
}

/// Everything that the disk below `root` tells about a container id.
pub fn container(root: &Path, id: &str) -> Identity {
    bundle(root, id).or(log_link(root, id)).or(podman(root, id)).or(docker(root, id))
}

/// Namespace and name of a pod by its uid, from kubelet's log directories: `<namespace>_<name>_<uid>`.
pub fn pod(root: &Path, uid: &str) -> Identity {
    let names = entries(&root.join("var/log/pods"));
    let found = names.iter().find_map(|name| {
        let (rest, found) = name.rsplit_once('_')?;
        let (namespace, pod) = rest.split_once('_')?;
        (found == uid).then(|| (namespace.to_owned(), pod.to_owned()))
    });
    let (namespace, pod_name) = found.unzip();
    Identity { namespace, pod_name, ..Identity::default() }
}

fn entries(dir: &Path) -> Vec<String> {
    let Ok(read) = fs::read_dir(dir) else { return Vec::new() };
    read.take(MAX_ENTRIES).flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
}

/// kubelet's links `<pod>_<namespace>_<container>-<id>.log`.
fn log_link(root: &Path, id: &str) -> Identity {
    let suffix = format!("-{id}.log");
    let names = entries(&root.join("var/log/containers"));
    let found = names.iter().find_map(|name| {
        let mut parts = name.strip_suffix(&suffix)?.splitn(3, '_');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned(), parts.next()?.to_owned()))
    });
    match found {
        Some((pod, namespace, container)) => Identity {
            container_name: Some(container),
            namespace: Some(namespace),
            pod_name: Some(pod),
            ..Identity::default()
        },
        None => Identity::default(),
    }
}

/// The OCI bundle's annotations, as containerd's CRI plugin and CRI-O write them.
fn bundle(root: &Path, id: &str) -> Identity {
    let state = root.join("run/containerd/io.containerd.runtime.v2.task/k8s.io").join(id).join("config.json");
    let crio = root.join("run/containers/storage/overlay-containers").join(id).join("userdata/config.json");
    let (runtime, config) = match json(&state) {
        Some(config) => (Some("containerd"), Some(config)),
        None => (None, json(&crio)),
    };
    let annotations = config.as_ref().and_then(|c| c.get("annotations"));
    let get = |keys: [&str; 2]| keys.into_iter().find_map(|k| text(annotations?.get(k)));
    let kind = get(["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"]);
    let sandbox = kind.as_deref() == Some("sandbox");
    Identity {
        container_name: get(["io.kubernetes.cri.container-name", "io.kubernetes.container.name"])
            .filter(|_| !sandbox),
        namespace: get(["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"]),
        pod_name: get(["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"]),
        runtime,
        sandbox,
    }
}

/// podman's list of containers.
fn podman(root: &Path, id: &str) -> Identity {
    let list = json(&root.join("var/lib/containers/storage/overlay-containers/containers.json"))
        .or_else(|| json(&root.join("var/lib/containers/storage/vfs-containers/containers.json")));
    let entry = list.as_ref().and_then(|l| l.as_array()?.iter().find(|c| c["id"] == id));
    let container_name = text(entry.and_then(|e| e["names"].get(0)));
    let sandbox = container_name.as_deref().is_some_and(|n| n.ends_with("-infra"));
    Identity { container_name, sandbox, ..Identity::default() }
}

/// Docker's configuration of a container.
fn docker(root: &Path, id: &str) -> Identity {
    let config = json(&root.join("var/lib/docker/containers").join(id).join("config.v2.json"));
    let name = text(config.as_ref().and_then(|c| c.get("Name")));
    let container_name = name.and_then(|n| text(Some(&Value::from(n.trim_start_matches('/')))));
    Identity { container_name, ..Identity::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, contents: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// REC-7: names from log links, bundles and state files; unknown stays unknown.
    #[test]
    fn each_source() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path();
        let id = "a1".repeat(32);
        assert_eq!(container(root, &id), Identity::default());
        put(root, "var/lib/docker/containers/x/config.v2.json", "{}");
        put(root, &format!("var/lib/docker/containers/{id}/config.v2.json"), r#"{"Name":"/web"}"#);
        assert_eq!(container(root, &id).container_name.as_deref(), Some("web"));
        put(root, &format!("var/log/containers/web-0_default_app-{id}.log"), "");
        let i = container(root, &id);
        assert_eq!((i.pod_name.as_deref(), i.namespace.as_deref()), (Some("web-0"), Some("default")));
        assert_eq!(i.container_name.as_deref(), Some("app"));
        assert!(i.is_complete() && !i.sandbox);
    }

    /// REC-1: a sandbox is told by its bundle.
    #[test]
    fn sandboxes() {
        let tmp = tempfile::tempdir().unwrap();
        let genuine = include_str!("../../../testdata/kernel/v2-6.1/oci-config.json");
        let (a, b) = ("a1".repeat(32), "b2".repeat(32));
        let task = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
        put(tmp.path(), &format!("{task}/{a}/config.json"), genuine);
        let app = r#"{"annotations":{"io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.container-name":"app","io.kubernetes.cri.sandbox-namespace":""}}"#;
        put(tmp.path(), &format!("{task}/{b}/config.json"), app);
        let i = container(tmp.path(), &a);
        assert!(i.sandbox && i.container_name.is_none(), "{i:?}");
        assert_eq!((i.pod_name.as_deref(), i.namespace.as_deref()), (Some("db-node1"), Some("data")));
        assert_eq!(i.runtime, Some("containerd"));
        let i = container(tmp.path(), &b);
        assert_eq!((i.sandbox, i.container_name.as_deref(), i.namespace), (false, Some("app"), None));
    }

    #[test]
    fn pods_by_uid() {
        let tmp = tempfile::tempdir().unwrap();
        put(tmp.path(), "var/log/pods/data_db-node1_44ad7bb2f54e93a18de88e85d99f90db/db/0.log", "");
        let i = pod(tmp.path(), "44ad7bb2f54e93a18de88e85d99f90db");
        assert_eq!((i.namespace.as_deref(), i.pod_name.as_deref()), (Some("data"), Some("db-node1")));
        assert_eq!(pod(tmp.path(), "other"), Identity::default());
    }
}
