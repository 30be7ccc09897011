//! Pods as Kubernetes describes them.
//!
//! Owns: which pod a cgroup's uid or a container's id belongs to. Must not: talk to anybody.

use std::collections::{HashMap, HashSet};

use super::facts::{Identity, Source, fact};

/// One pod, reduced to what is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// Its uid.
    pub uid: String,
    /// Of a static pod's mirror: the hash that kubelet uses as uid on the node, in cgroup paths too.
    pub static_uid: Option<String>,
    /// What holds for the pod and everything in it.
    pub pod: Identity,
    /// Requests and limits of the pod as a whole: the sums over its containers.
    pub sums: Identity,
    /// Its containers by id, those that have ended and are still told about included.
    pub containers: Vec<(String, Identity)>,
}

/// News from Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodNews {
    /// A pod is there or has changed.
    Applied(Box<PodFacts>),
    /// The pod with this uid is gone.
    Deleted(String),
    /// These are all pods that there are.
    Listed(HashSet<String>),
}

/// All pods of the node.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    by_uid: HashMap<String, PodFacts>,
    /// uid by container id.
    of_container: HashMap<String, String>,
    /// uid by the uid that stands in cgroup paths.
    of_static: HashMap<String, String>,
}

impl Pods {
    pub(crate) fn apply(&mut self, news: PodNews) {
        match news {
            PodNews::Applied(facts) => {
                self.forget(&facts.uid);
                for (id, _) in &facts.containers {
                    self.of_container.insert(id.clone(), facts.uid.clone());
                }
                if let Some(hash) = &facts.static_uid {
                    self.of_static.insert(hash.clone(), facts.uid.clone());
                }
                self.by_uid.insert(facts.uid.clone(), *facts);
            }
            PodNews::Deleted(uid) => self.forget(&uid),
            PodNews::Listed(uids) => {
                let gone: Vec<String> = self.by_uid.keys().filter(|u| !uids.contains(*u)).cloned().collect();
                for uid in gone {
                    self.forget(&uid);
                }
            }
        }
    }

    fn forget(&mut self, uid: &str) {
        self.by_uid.remove(uid);
        self.of_container.retain(|_, u| u != uid);
        self.of_static.retain(|_, u| u != uid);
    }

    /// What is told of a container, or of a pod where there is no container id. `pod_uid` as in the cgroup path.
    pub(crate) fn identity(&self, container_id: Option<&str>, pod_uid: Option<&str>) -> Identity {
        let by_id = container_id.and_then(|id| self.of_container.get(id));
        let by_static = || pod_uid.and_then(|uid| self.of_static.get(uid));
        let uid = by_id.or_else(by_static).map(String::as_str).or(pod_uid);
        let Some(pod) = uid.and_then(|uid| self.by_uid.get(uid)) else { return Identity::default() };
        let own = match container_id {
            None => pod.sums.clone(),
            Some(id) => {
                let known = pod.containers.iter().find(|c| c.0 == id);
                known.map(|c| c.1.clone()).unwrap_or_default()
            }
        };
        let elsewhere = pod_uid.is_some_and(|u| u != pod.uid).then(|| pod.uid.clone());
        let mirror_pod_uid = fact(elsewhere, Source::Kubernetes);
        Identity { mirror_pod_uid, ..own.or(pod.pod.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::facts::text;

    fn pod(uid: &str, hash: Option<&str>, id: &str) -> PodNews {
        let named = |name: &str| Identity {
            container_name: fact(Some(name.to_owned()), Source::Kubernetes),
            ..Identity::default()
        };
        let pod_name = fact(Some("web-0".to_owned()), Source::Kubernetes);
        PodNews::Applied(Box::new(PodFacts {
            uid: uid.to_owned(),
            static_uid: hash.map(str::to_owned),
            pod: Identity { pod_name, ..Identity::default() },
            sums: Identity::default(),
            containers: vec![(id.to_owned(), named("app"))],
        }))
    }

    /// REC-7: a static pod's cgroups bear the hash of its manifest, and the API server knows its mirror by another uid.
    #[test]
    fn static_pods() {
        let mut pods = Pods::default();
        pods.apply(pod("uid-1", Some("hash-1"), "c1"));
        let by_hash = pods.identity(None, Some("hash-1"));
        assert_eq!(text(by_hash.pod_name.as_ref()), Some("web-0"));
        assert_eq!(text(by_hash.mirror_pod_uid.as_ref()), Some("uid-1"));
        let c = pods.identity(Some("c1"), Some("hash-1"));
        assert_eq!(
            (text(c.container_name.as_ref()), text(c.mirror_pod_uid.as_ref())),
            (Some("app"), Some("uid-1"))
        );
        assert_eq!(pods.identity(None, Some("uid-1")).mirror_pod_uid, None, "the same uid is no other");
        assert_eq!(pods.identity(Some("c1"), None).mirror_pod_uid, None);
    }

    /// REC-7: a container of the pod that is not told about yet has the pod's names and no name of its own.
    #[test]
    fn pods_come_and_go() {
        let mut pods = Pods::default();
        pods.apply(pod("uid-1", None, "c1"));
        pods.apply(pod("uid-1", None, "c2"));
        assert_eq!(pods.identity(Some("c1"), None), Identity::default(), "replaced by c2");
        let unknown = pods.identity(Some("c9"), Some("uid-1"));
        assert_eq!((text(unknown.pod_name.as_ref()), unknown.container_name), (Some("web-0"), None));
        pods.apply(pod("uid-2", None, "c3"));
        pods.apply(PodNews::Listed(HashSet::from(["uid-2".to_owned()])));
        assert_eq!(pods.identity(None, Some("uid-1")), Identity::default());
        pods.apply(PodNews::Deleted("uid-2".to_owned()));
        assert_eq!(pods.identity(Some("c3"), None), Identity::default());
        assert!(pods.of_container.is_empty() && pods.of_static.is_empty());
    }
}
