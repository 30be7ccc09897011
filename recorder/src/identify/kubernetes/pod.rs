//! A pod as the API server spells it, reduced to what is recorded.
//!
//! Owns: the few fields that are read, and what they mean for which container. Must not: talk to anybody.

use std::borrow::Cow;
use std::collections::BTreeMap;

use fgm::time::{Micros, parse_rfc3339};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Resource;
use kube::api::ObjectMeta;
use kube::core::NamespaceResourceScope;
use serde::{Deserialize, Deserializer};

use super::quantity;
use crate::identify::facts::{Fact, Identity, Source, fact};
use crate::identify::formats::keep_labels;
use crate::identify::pods::PodFacts;

/// What kubelet writes on the mirror of a static pod: the uid that it uses on the node.
const STATIC_UID: [&str; 2] = ["kubernetes.io/config.mirror", "kubernetes.io/config.hash"];

/// Everything else of a pod is not even kept while it is read.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pod {
    #[serde(deserialize_with = "object_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

/// The record of who wrote which field is often the bigger half of a pod; it is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Time>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
}

fn object_meta<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    let m = Meta::deserialize(deserializer)?;
    Ok(ObjectMeta {
        name: m.name,
        namespace: m.namespace,
        uid: m.uid,
        resource_version: m.resource_version,
        creation_timestamp: m.creation_timestamp,
        labels: m.labels,
        annotations: m.annotations,
        ..ObjectMeta::default()
    })
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    containers: Vec<Container>,
    init_containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: String,
    resources: Resources,
    restart_policy: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: Option<BTreeMap<String, String>>,
    limits: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    start_time: Option<String>,
    container_statuses: Option<Vec<ContainerStatus>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: String,
    image: String,
    restart_count: i64,
    #[serde(rename = "containerID")]
    container_id: String,
    state: State,
    last_state: State,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    running: Option<Life>,
    terminated: Option<Life>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Life {
    #[serde(rename = "containerID")]
    container_id: String,
    started_at: Option<String>,
    finished_at: Option<String>,
    exit_code: Option<i64>,
}

impl Resource for Pod {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        "Pod".into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "pods".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

fn told<T>(value: Option<T>) -> Option<Fact<T>> {
    fact(value, Source::Kubernetes)
}

fn time(text: Option<&String>) -> Option<Fact<Micros>> {
    told(text.and_then(|t| parse_rfc3339(t)))
}

/// The id without `containerd://`.
fn bare(id: &str) -> Option<&str> {
    Some(id.rsplit_once("://").map_or(id, |(_, id)| id)).filter(|id| !id.is_empty())
}

impl Pod {
    /// The pod's uid, if it has one.
    pub(super) fn uid(&self) -> Option<&str> {
        self.metadata.uid.as_deref().filter(|u| !u.is_empty())
    }

    /// What is recorded of it.
    pub(super) fn facts(&self) -> Option<PodFacts> {
        let uid = self.uid()?.to_owned();
        let annotations = self.metadata.annotations.as_ref();
        let annotated = |key: &str| annotations.and_then(|a| a.get(key)).cloned();
        let static_uid = STATIC_UID.into_iter().find_map(annotated).filter(|hash| *hash != uid);
        // Kubernetes is the one source that knows that there are none.
        let labels = keep_labels(self.metadata.labels.clone().unwrap_or_default().into_iter());
        let pod = Identity {
            namespace: told(self.metadata.namespace.clone()),
            pod_name: told(self.metadata.name.clone()),
            labels: told(Some(labels.unwrap_or_default())),
            ..Identity::default()
        };
        let created = self.metadata.creation_timestamp.as_ref().map(|t| t.0.to_string());
        let sums = Identity {
            created: time(created.as_ref()),
            started: time(self.status.start_time.as_ref()),
            ..self.sums()
        };
        Some(PodFacts { uid, static_uid, pod, sums, containers: self.containers() })
    }

    /// A pod's requests are the sums over what runs side by side; its limits too, if each container has one.
    fn sums(&self) -> Identity {
        let always = |c: &&Container| c.restart_policy.as_deref() == Some("Always");
        let all: Vec<Identity> = self
            .spec
            .containers
            .iter()
            .chain(self.spec.init_containers.iter().filter(always))
            .map(resources)
            .collect();
        let sum = |of: fn(&Identity) -> &Option<Fact<i64>>, each: bool| {
            let values: Vec<i64> = all.iter().filter_map(|i| of(i).as_ref().map(|f| f.value)).collect();
            let known = !values.is_empty() && (!each || values.len() == all.len());
            told(known.then(|| values.iter().fold(0i64, |sum, v| sum.saturating_add(*v))))
        };
        Identity {
            cpu_request_millicores: sum(|i| &i.cpu_request_millicores, false),
            memory_request_bytes: sum(|i| &i.memory_request_bytes, false),
            cpu_limit_millicores: sum(|i| &i.cpu_limit_millicores, true),
            memory_limit_bytes: sum(|i| &i.memory_limit_bytes, true),
            ..Identity::default()
        }
    }

    fn containers(&self) -> Vec<(String, Identity)> {
        let status = &self.status;
        let all = [
            &status.container_statuses,
            &status.init_container_statuses,
            &status.ephemeral_container_statuses,
        ];
        let mut found = Vec::new();
        for s in all.into_iter().flatten().flatten() {
            let named =
                self.spec.containers.iter().chain(&self.spec.init_containers).find(|c| c.name == s.name);
            let common = Identity {
                container_name: told(Some(s.name.clone()).filter(|n| !n.is_empty())),
                image: told(Some(s.image.clone()).filter(|i| !i.is_empty())),
                ..named.map(resources).unwrap_or_default()
            };
            if let Some(id) = bare(&s.container_id) {
                let restart_count = told(Some(s.restart_count));
                let life = s.state.running.as_ref().or(s.state.terminated.as_ref());
                found.push((id.to_owned(), Identity { restart_count, ..common.clone().or(lived(life)) }));
            }
            // The one before, which is told about until the next one ends.
            if let Some(last) = &s.last_state.terminated
                && let Some(id) = bare(&last.container_id).filter(|id| bare(&s.container_id) != Some(*id))
            {
                found.push((id.to_owned(), common.or(lived(Some(last)))));
            }
        }
        found
    }
}

fn lived(life: Option<&Life>) -> Identity {
    let Some(life) = life else { return Identity::default() };
    Identity {
        started: time(life.started_at.as_ref()),
        finished: time(life.finished_at.as_ref()),
        exit_code: told(life.exit_code),
        ..Identity::default()
    }
}

fn resources(container: &Container) -> Identity {
    let r = &container.resources;
    let of = |map: &Option<BTreeMap<String, String>>, key: &str, read: fn(&str) -> Option<i64>| {
        told(map.as_ref().and_then(|m| read(m.get(key)?)))
    };
    Identity {
        cpu_request_millicores: of(&r.requests, "cpu", quantity::thousandths),
        cpu_limit_millicores: of(&r.limits, "cpu", quantity::thousandths),
        memory_request_bytes: of(&r.requests, "memory", quantity::units),
        memory_limit_bytes: of(&r.limits, "memory", quantity::units),
        ..Identity::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::facts::text;

    /// REC-7: what a genuine list of pods tells of each pod and container.
    #[test]
    fn genuine_pods() {
        let list: serde_json::Value =
            serde_json::from_slice(include_bytes!("../../../../testdata/identity/kubelet-pods.json"))
                .unwrap();
        let pods: Vec<PodFacts> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| serde_json::from_value::<Pod>(p.clone()).unwrap().facts().unwrap())
            .collect();
        let of = |name: &str| pods.iter().find(|p| text(p.pod.pod_name.as_ref()) == Some(name)).unwrap();
        let web = of("web-node1");
        assert_eq!(text(web.pod.namespace.as_ref()), Some("default"));
        assert_eq!(web.pod.labels.as_ref().unwrap().value["app"], "web");
        assert_eq!(web.sums.cpu_request_millicores.as_ref().unwrap().value, 110);
        assert_eq!(web.sums.memory_limit_bytes, None, "the sidecar has no limit");
        assert_eq!(web.static_uid, None, "kubelet itself knows a static pod by its hash");
        let id = "f125dcf556dfac099f9446a18ecf6c3f24966b1cea296dc8387916971a9b0139";
        let app = &web.containers.iter().find(|c| c.0 == id).unwrap().1;
        assert_eq!(
            (text(app.container_name.as_ref()), text(app.image.as_ref())),
            (Some("app"), Some("docker.io/library/busybox:latest"))
        );
        assert_eq!(app.memory_limit_bytes.as_ref().unwrap().value, 64 << 20);
        assert_eq!(app.cpu_limit_millicores.as_ref().unwrap().value, 200);
        assert_eq!(app.started.as_ref().map(|f| f.value), parse_rfc3339("2026-11-20T15:34:22Z"));
        assert_eq!((app.restart_count.as_ref().unwrap().value, &app.exit_code), (0, &None));
        let (_, leak) = &of("oom-node1").containers[0];
        assert_eq!(leak.restart_count.as_ref().unwrap().value, 3);
    }

    /// REC-7: how the container before this one ended.
    #[test]
    fn last_lives() {
        let json = r#"{"metadata":{"uid":"u"},"status":{"containerStatuses":[{"name":"app","image":"i","restartCount":4,
            "containerID":"containerd://now","state":{"running":{"startedAt":"2026-11-20T15:35:55Z"}},"lastState":
            {"terminated":{"containerID":"containerd://before","exitCode":137,"finishedAt":"2026-11-20T15:35:54Z"}}}]}}"#;
        let facts = serde_json::from_str::<Pod>(json).unwrap().facts().unwrap();
        let of = |id: &str| &facts.containers.iter().find(|c| c.0 == id).unwrap().1;
        assert_eq!(of("before").exit_code.as_ref().map(|f| f.value), Some(137));
        assert_eq!(of("before").finished.as_ref().map(|f| f.value), parse_rfc3339("2026-11-20T15:35:54Z"));
        assert_eq!(of("before").restart_count, None, "the count is that of the container now");
        assert_eq!(
            (&of("now").exit_code, of("now").restart_count.as_ref().map(|f| f.value)),
            (&None, Some(4))
        );
    }

    /// REC-7: the mirror of a static pod says which uid the node uses.
    #[test]
    fn mirrors() {
        let json = r#"{"metadata":{"name":"etcd-n1","namespace":"kube-system","uid":"api-uid",
            "annotations":{"kubernetes.io/config.hash":"abc","kubernetes.io/config.mirror":"abc"}}}"#;
        let facts = serde_json::from_str::<Pod>(json).unwrap().facts().unwrap();
        assert_eq!((facts.uid.as_str(), facts.static_uid.as_deref()), ("api-uid", Some("abc")));
        assert!(facts.containers.is_empty() && facts.pod.labels.as_ref().is_some_and(|l| l.value.is_empty()));
    }
}
