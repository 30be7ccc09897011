//! Who runs: pods and containers with the labels that a Kubernetes node gives them.
//!
//! Owns: names, ids and cgroup paths. Must not: know values.

use fgm::event::About;
use fgm::metric::{Table, containers, identities, processes};
use fgm::store::tick::{LabelValue, SeriesDef, SeriesId};

use super::random::Random;

/// Node and identifier of the recording.
pub(crate) const NODE: &str = "bench-node-1";
const CLUSTER: &str = "bench";
const APPS: [(&str, &str); 12] = [
    ("shop", "web"),
    ("shop", "api"),
    ("shop", "cart"),
    ("payments", "ledger"),
    ("payments", "worker"),
    ("search", "indexer"),
    ("search", "query"),
    ("batch", "report"),
    ("batch", "etl"),
    ("monitoring", "prometheus"),
    ("kube-system", "coredns"),
    ("kube-system", "ingress-nginx"),
];
/// Letters of the names that Kubernetes draws.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A pod.
#[derive(Clone, Debug)]
pub(crate) struct Pod {
    namespace: &'static str,
    app: &'static str,
    name: String,
    uid: String,
    qos: &'static str,
}

impl Pod {
    pub(crate) fn draw(random: &mut Random) -> Pod {
        let (namespace, app) = random.pick(&APPS);
        let qos = random.pick(&["Guaranteed", "Burstable", "Burstable", "BestEffort"]);
        let name = format!("{app}-{}-{}", random.text(LETTERS, 9), random.text(LETTERS, 5));
        let part = |digits: usize, random: &mut Random| random.hex(digits);
        let uid = [8, 4, 4, 4, 12].map(|n| part(n, random)).join("-");
        Pod { namespace, app, name, uid, qos }
    }

    /// Whether its containers have limits.
    pub(crate) fn is_limited(&self) -> bool {
        self.qos != "BestEffort"
    }
}

/// A container, from its start to its end.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) pod: Pod,
    name: &'static str,
    id: String,
    inode: i64,
}

impl Identity {
    /// A new container of a pod; `sidecar`: not its first.
    pub(crate) fn draw(pod: Pod, sidecar: bool, inode: i64, random: &mut Random) -> Identity {
        let name = if sidecar { "istio-proxy" } else { pod.app };
        Identity { name, id: random.hex(64), inode, pod }
    }

    /// The same container started again under another id.
    pub(crate) fn restarted(&self, inode: i64, random: &mut Random) -> Identity {
        Identity { id: random.hex(64), inode, ..self.clone() }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What people call it.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.pod.name, self.name)
    }

    fn path(&self) -> String {
        let uid = self.pod.uid.replace('-', "_");
        let scope = format!("cri-containerd-{}.scope", self.id);
        match self.pod.qos {
            "Guaranteed" => format!("/kubepods.slice/kubepods-pod{uid}.slice/{scope}"),
            qos => {
                let qos = qos.to_lowercase();
                format!("/kubepods.slice/kubepods-{qos}.slice/kubepods-{qos}-pod{uid}.slice/{scope}")
            }
        }
    }

    pub(crate) fn about(&self) -> About {
        let some = |s: &str| Some(s.to_owned());
        About {
            subject_kind: some("container"),
            cgroup_path: Some(self.path()),
            container_id: some(&self.id),
            container_name: some(self.name),
            namespace: some(self.pod.namespace),
            pod_name: some(&self.pod.name),
            pod_uid: some(&self.pod.uid),
        }
    }

    /// The series of this container in any table, by the names of its labels; those of one table only stay null.
    fn def(&self, table: Table, id: SeriesId) -> SeriesDef {
        let text = |s: &str| LabelValue::text(s);
        let known = [
            ("node_name", text(NODE)),
            ("cluster_name", text(CLUSTER)),
            ("subject_kind", text("container")),
            ("cgroup_path", text(&self.path())),
            ("cgroup_inode", LabelValue::Int(self.inode)),
            ("runtime", text("containerd")),
            ("container_id", text(&self.id)),
            ("container_name", text(self.name)),
            ("namespace", text(self.pod.namespace)),
            ("pod_name", text(&self.pod.name)),
            ("pod_uid", text(&self.pod.uid)),
            ("qos_class", text(self.pod.qos)),
        ];
        let mut labels = vec![LabelValue::Null; table.labels().len()];
        for (name, value) in known {
            if let Some(at) = table.label_index(name) {
                labels[at] = value;
            }
        }
        SeriesDef { table, id, labels }
    }

    /// Its row in `containers`.
    pub(crate) fn container(&self, id: SeriesId) -> SeriesDef {
        debug_assert_eq!(containers::LABELS.len(), 12, "a label that no container gets");
        self.def(Table::Containers, id)
    }

    /// Its row in `identities`.
    pub(crate) fn identity(&self, id: SeriesId) -> SeriesDef {
        let mut def = self.def(Table::Identities, id);
        let app = self.pod.app;
        def.labels[identities::label::image] =
            LabelValue::text(format!("registry.example/{}:1.4.2", self.name));
        def.labels[identities::label::labels] =
            LabelValue::text(format!(r#"{{"app.kubernetes.io/name":"{app}","tier":"bench"}}"#));
        def
    }

    /// One of its processes in `processes`.
    pub(crate) fn process(&self, id: SeriesId, pid: i64, start_ticks: i64) -> SeriesDef {
        use processes::label as l;
        let mut def = self.def(Table::Processes, id);
        def.labels[l::boot_id] = LabelValue::text("0b5e55ed-0000-4000-8000-000000000001");
        def.labels[l::pid] = LabelValue::Int(pid);
        def.labels[l::start_ticks] = LabelValue::Int(start_ticks);
        def.labels[l::ppid] = LabelValue::Int(1);
        def.labels[l::comm] = LabelValue::text(self.name);
        def.labels[l::exe] = LabelValue::text(format!("/usr/bin/{}", self.name));
        def.labels[l::cmdline] =
            LabelValue::text(format!("/usr/bin/{} --config /etc/{}.toml", self.name, self.name));
        def
    }
}

/// The series of the host.
pub(crate) fn host(id: SeriesId) -> SeriesDef {
    let mut labels = vec![LabelValue::Null; Table::Node.labels().len()];
    labels[fgm::metric::node::label::node_name] = LabelValue::text(NODE);
    labels[fgm::metric::node::label::cluster_name] = LabelValue::text(CLUSTER);
    SeriesDef { table: Table::Node, id, labels }
}
