//! Formats of names and state files that kubelet and the runtimes leave on disk.
//!
//! Owns: bytes → facts. Must not: open anything. What is not understood is simply unknown.

use std::collections::HashMap;

use fgm::time::{Micros, SECOND, parse_rfc3339};
use serde_json::Value;

use super::facts::{Fact, Identity, Labels, Source, fact};

/// Bytes of labels that are kept of one subject.
const MAX_LABEL_BYTES: usize = 64 << 10;

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|s| !s.is_empty()).map(str::to_owned)
}

fn time(value: Option<&Value>) -> Option<Micros> {
    parse_rfc3339(value?.as_str()?)
}

/// Labels from a JSON object of texts. What kubelet adds to repeat the names is left out.
fn labels(value: Option<&Value>) -> Option<Labels> {
    let pairs = value?.as_object()?.iter();
    keep_labels(pairs.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))))
}

/// Labels within bounds; none is unknown.
pub(crate) fn keep_labels(pairs: impl Iterator<Item = (String, String)>) -> Option<Labels> {
    let mut room = MAX_LABEL_BYTES;
    let kept: Labels = pairs
        .filter(|(k, _)| !k.starts_with("io.kubernetes.") && !k.starts_with("annotation.io.kubernetes."))
        .take_while(|(k, v)| {
            let fits = k.len() + v.len() <= room;
            room = room.saturating_sub(k.len() + v.len());
            fits
        })
        .collect();
    (!kept.is_empty()).then_some(kept)
}

/// The annotations of an OCI bundle, as containerd's CRI plugin, nerdctl and CRI-O write them.
pub(crate) fn bundle(json: &[u8], runtime: &'static str) -> Identity {
    let config: Value = serde_json::from_slice(json).unwrap_or_default();
    let annotations = config.get("annotations");
    let get = |keys: &[&str]| keys.iter().find_map(|k| text(annotations?.get(*k)));
    let told = |keys: &[&str]| fact(get(keys), Source::Bundle);
    let kind = get(&["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"]);
    let sandbox = kind.as_deref() == Some("sandbox");
    let crio_labels = get(&["io.kubernetes.cri-o.Labels"])
        .and_then(|json| labels(serde_json::from_str(&json).ok().as_ref()));
    let restarts = get(&["io.kubernetes.container.restartCount"]).and_then(|n| n.parse().ok());
    Identity {
        runtime: Some(runtime),
        sandbox,
        container_name: told(&[
            "io.kubernetes.cri.container-name",
            "io.kubernetes.container.name",
            "nerdctl/name",
        ])
        .filter(|_| !sandbox),
        namespace: told(&["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"]),
        pod_name: told(&["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"]),
        image: told(&["io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName"]),
        labels: fact(crio_labels, Source::Bundle),
        created: fact(get(&["io.kubernetes.cri-o.Created"]).and_then(|t| parse_rfc3339(&t)), Source::Bundle),
        restart_count: fact(restarts, Source::Bundle),
        ..Identity::default()
    }
}

/// podman's list of containers (and CRI-O's, of the same library), by id.
pub(crate) fn storage_list(json: &[u8]) -> HashMap<String, Identity> {
    let list: Vec<Value> = serde_json::from_slice(json).unwrap_or_default();
    list.iter().filter_map(|entry| Some((text(entry.get("id"))?, storage_entry(entry)))).collect()
}

fn storage_entry(entry: &Value) -> Identity {
    let metadata: Value =
        entry["metadata"].as_str().and_then(|m| serde_json::from_str(m).ok()).unwrap_or_default();
    let name = text(entry["names"].get(0)).or_else(|| text(metadata.get("name")));
    Identity {
        sandbox: name.as_deref().is_some_and(|n| n.ends_with("-infra")),
        container_name: fact(name, Source::Podman),
        image: fact(text(metadata.get("image-name")), Source::Podman),
        created: fact(time(entry.get("created")), Source::Podman),
        ..Identity::default()
    }
}

/// Docker's configuration of a container; under cri-dockerd its labels tell the pod.
pub(crate) fn docker(json: &[u8]) -> Identity {
    let c: Value = serde_json::from_slice(json).unwrap_or_default();
    let label = |name: &str| text(c["Config"]["Labels"].get(name));
    let told = |value: Option<String>| fact(value, Source::Docker);
    let own = text(c.get("Name")).and_then(|n| text(Some(&Value::from(n.trim_start_matches('/')))));
    let sandbox = label("io.kubernetes.docker.type").as_deref() == Some("podsandbox");
    let name = label("io.kubernetes.container.name").or(own);
    let state = &c["State"];
    let ended = state["Running"] == false && time(state.get("FinishedAt")).is_some();
    let restarts = label("annotation.io.kubernetes.container.restartCount").and_then(|n| n.parse().ok());
    Identity {
        sandbox,
        container_name: told(name.filter(|_| !sandbox)),
        namespace: told(label("io.kubernetes.pod.namespace")),
        pod_name: told(label("io.kubernetes.pod.name")),
        image: told(text(c["Config"].get("Image"))),
        labels: fact(labels(c["Config"].get("Labels")), Source::Docker),
        created: fact(time(c.get("Created")), Source::Docker),
        started: fact(time(state.get("StartedAt")), Source::Docker),
        finished: fact(time(state.get("FinishedAt")).filter(|_| ended), Source::Docker),
        exit_code: fact(state["ExitCode"].as_i64().filter(|_| ended), Source::Docker),
        restart_count: fact(restarts.or_else(|| c["RestartCount"].as_i64()), Source::Docker),
        ..Identity::default()
    }
}

/// conmon's exit file: the exit code; the file is as old as the exit.
pub(crate) fn exit_file(text: &[u8], modified: Option<Micros>) -> Identity {
    let code = std::str::from_utf8(text).ok().and_then(|t| t.trim().parse().ok());
    let exit_code: Option<Fact<i64>> = fact(code, Source::Conmon);
    let finished = fact(modified.filter(|_| code.is_some()), Source::Conmon);
    Identity { finished, exit_code, ..Identity::default() }
}

/// kubelet's link `<pod>_<namespace>_<container>-<id>.log` without `-<id>.log`, and what it points to:
/// `…/<number of restarts>.log`.
pub(crate) fn log_link(stem: &str, target: Option<&str>) -> Option<Identity> {
    let mut parts = stem.splitn(3, '_').map(str::to_owned);
    let (pod, namespace, container) = (parts.next()?, parts.next()?, parts.next()?);
    let number = target.and_then(|t| t.rsplit('/').next()?.strip_suffix(".log")?.parse().ok());
    Some(Identity {
        container_name: fact(Some(container), Source::LogNames),
        namespace: fact(Some(namespace), Source::LogNames),
        pod_name: fact(Some(pod), Source::LogNames),
        restart_count: fact(number, Source::LogNames),
        ..Identity::default()
    })
}

/// kubelet's directory `<namespace>_<pod>_<uid>`: the uid and what else it tells.
pub(crate) fn log_dir(name: &str) -> Option<(&str, Identity)> {
    let (rest, uid) = name.rsplit_once('_')?;
    let (namespace, pod) = rest.split_once('_')?;
    let namespace = fact(Some(namespace.to_owned()), Source::LogNames);
    let pod_name = fact(Some(pod.to_owned()), Source::LogNames);
    Some((uid, Identity { namespace, pod_name, ..Identity::default() }))
}

/// A file's time of modification.
pub(crate) fn modified(meta: &std::fs::Metadata) -> Option<Micros> {
    let since = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(since.as_secs().cast_signed() * SECOND + i64::from(since.subsec_micros()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::facts::text;

    /// REC-7: the genuine state files of podman and Docker, and CRI-O's annotations.
    #[test]
    fn genuine_state_files() {
        let list = storage_list(include_bytes!("../../../testdata/identity/podman-containers.json"));
        let p1 = &list["c89178ffeb2b54e2c7caf7acef395ab1770130b7e7573517719a5cc82bc4152c"];
        assert_eq!(text(p1.container_name.as_ref()), Some("p1"));
        assert_eq!(text(p1.image.as_ref()), Some("docker.io/library/busybox:latest"));
        assert_eq!(p1.created.as_ref().map(|f| f.value), parse_rfc3339("2026-11-20T15:48:46.978617Z"));
        assert!(list["f4fb6aab5f894c5229ae610468b74cf8857916c0967fc6842271485c371a0c4d"].sandbox);
        let d = docker(include_bytes!("../../../testdata/identity/docker-config.v2.json"));
        assert_eq!(
            (text(d.container_name.as_ref()), text(d.image.as_ref())),
            (Some("d1"), Some("busybox:latest"))
        );
        assert_eq!((&d.finished, &d.exit_code, &d.labels), (&None, &None, &None), "it runs");
        assert_eq!(d.restart_count.map(|f| (f.value, f.source)), Some((0, Source::Docker)));
        assert_eq!(d.started.map(|f| f.value), parse_rfc3339("2026-11-20T15:49:54.513022Z"));
        let crio = br#"{"annotations":{"io.kubernetes.cri-o.ContainerType":"container","io.kubernetes.container.name":"app",
            "io.kubernetes.pod.namespace":"prod","io.kubernetes.pod.name":"web-0","io.kubernetes.cri-o.ImageName":"r/app:1",
            "io.kubernetes.cri-o.Labels":"{\"app\":\"web\",\"io.kubernetes.pod.name\":\"web-0\"}",
            "io.kubernetes.container.restartCount":"3","io.kubernetes.cri-o.Created":"2026-11-20T15:34:22.5Z"}}"#;
        let c = bundle(crio, "crio");
        assert_eq!((c.restart_count.map(|f| f.value), text(c.image.as_ref())), (Some(3), Some("r/app:1")));
        assert_eq!(c.labels.map(|f| f.value), Some(Labels::from([("app".to_owned(), "web".to_owned())])));
        assert_eq!(c.created.map(|f| f.value), parse_rfc3339("2026-11-20T15:34:22.5Z"));
    }

    /// REC-7: an ended Docker container and conmon's exit file tell exit code and time; nonsense tells nothing.
    #[test]
    fn exits() {
        let ended = docker(
            br#"{"State":{"Running":false,"ExitCode":137,"FinishedAt":"2026-11-20T15:49:54Z","StartedAt":"0001-01-01T00:00:00Z"}}"#,
        );
        assert_eq!((ended.exit_code.map(|f| f.value), ended.started), (Some(137), None));
        assert_eq!(exit_file(b"137\n", Some(5)).finished.map(|f| f.value), Some(5));
        assert_eq!(exit_file(b"", Some(5)), Identity::default());
        for nonsense in [&b""[..], b"[]", b"7", b"{\"State\":[]}", b"\xff"] {
            assert_eq!(docker(nonsense), Identity::default());
            assert!(storage_list(nonsense).is_empty());
            assert_eq!(bundle(nonsense, "x"), Identity { runtime: Some("x"), ..Identity::default() });
        }
    }

    /// REC-7: kubelet's names; the log's number is the number of restarts.
    #[test]
    fn log_names() {
        let i = log_link("oom-node1_default_leak", Some("/var/log/pods/default_oom-node1_5ca2/leak/3.log"))
            .unwrap();
        assert_eq!(
            (text(i.container_name.as_ref()), i.restart_count.map(|f| f.value)),
            (Some("leak"), Some(3))
        );
        assert_eq!(log_link("nothing", None), None);
        let (uid, i) = log_dir("data_db-node1_44ad7bb2f54e93a18de88e85d99f90db").unwrap();
        assert_eq!((uid, text(i.namespace.as_ref())), ("44ad7bb2f54e93a18de88e85d99f90db", Some("data")));
    }

    /// REC-7: labels are bounded.
    #[test]
    fn many_labels() {
        let many = (0..10_000).map(|i| (format!("k{i}"), "v".repeat(100)));
        let kept: usize = keep_labels(many).unwrap().iter().map(|(k, v)| k.len() + v.len()).sum();
        assert!(kept <= MAX_LABEL_BYTES && kept > MAX_LABEL_BYTES - 200);
    }
}
