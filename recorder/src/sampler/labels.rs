//! Definitions of series: who a row is about, in the order of the dictionary's labels.
//!
//! Owns: which fact fills which label. Must not: find facts.

use fgm::event::About;
use fgm::metric::{
    Table, containers, cpus, disks, extras, identities, interfaces, netns, node, processes, regions,
};
use fgm::store::tick::{LabelValue, SeriesDef, SeriesId};
use fgm::subject::NODE_KIND;

use super::groups::Group;
use super::process::Process;
use crate::identify::Identity;
use crate::identify::facts::text;
use crate::read::io::Device;

/// What is the same for every row of a run.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) node_name: String,
    pub(crate) cluster_name: Option<String>,
    pub(crate) boot_id: Option<String>,
}

fn def(table: Table, id: SeriesId, labels: &[(usize, LabelValue)]) -> SeriesDef {
    let mut all = vec![LabelValue::Null; table.labels().len()];
    for (at, value) in labels {
        all[*at] = value.clone();
    }
    SeriesDef { table, id, labels: all }
}

impl Host {
    fn name(&self) -> LabelValue {
        LabelValue::text(self.node_name.as_str())
    }

    fn cluster(&self) -> LabelValue {
        LabelValue::maybe(self.cluster_name.as_deref())
    }

    /// The row of `node`.
    pub(crate) fn node(&self, id: SeriesId) -> SeriesDef {
        use node::label as l;
        let boot = LabelValue::maybe(self.boot_id.as_deref());
        def(
            Table::Node,
            id,
            &[(l::node_name, self.name()), (l::cluster_name, self.cluster()), (l::boot_id, boot)],
        )
    }

    /// A row of `cpus`.
    pub(crate) fn cpu(&self, id: SeriesId, cpu: u32) -> SeriesDef {
        use cpus::label as l;
        let cpu = LabelValue::Int(i64::from(cpu));
        def(Table::Cpus, id, &[(l::node_name, self.name()), (l::cluster_name, self.cluster()), (l::cpu, cpu)])
    }

    /// A row of `containers`.
    pub(crate) fn subject(&self, id: SeriesId, group: &Group) -> SeriesDef {
        use containers::label as l;
        let runtime = group.class.runtime.map(super::super::discover::classify::Runtime::name);
        let mut def = def(
            Table::Containers,
            id,
            &[
                (l::node_name, self.name()),
                (l::cluster_name, self.cluster()),
                (l::subject_kind, LabelValue::text(group.kind().name())),
                (l::cgroup_path, LabelValue::text(group.text.as_str())),
                (l::cgroup_inode, inode(group)),
                (l::runtime, LabelValue::maybe(runtime)),
                (l::container_id, LabelValue::maybe(group.class.container_id.as_deref())),
                (l::pod_uid, LabelValue::maybe(group.class.pod_uid.as_deref())),
                (l::qos_class, LabelValue::maybe(group.class.qos_class)),
            ],
        );
        if let Some(subject) = &group.subject {
            name(&mut def, &subject.identity);
        }
        def
    }

    /// A row of `identities` about the cgroup with this row in `containers`.
    pub(crate) fn identity(id: SeriesId, cgroup: &SeriesDef, identity: &Identity) -> SeriesDef {
        use identities::label as l;
        let mut def = below(Table::Identities, id, cgroup);
        name(&mut def, identity);
        let labels = identity.labels.as_ref().and_then(|f| serde_json::to_string(&f.value).ok());
        let sources: std::collections::BTreeMap<_, _> =
            identity.sources().map(|(fact, source)| (fact, source.name())).collect();
        def.labels[l::mirror_pod_uid] = LabelValue::maybe(text(identity.mirror_pod_uid.as_ref()));
        def.labels[l::image] = LabelValue::maybe(text(identity.image.as_ref()));
        def.labels[l::labels] = LabelValue::maybe(labels);
        def.labels[l::sources] =
            LabelValue::maybe(serde_json::to_string(&sources).ok().filter(|_| !sources.is_empty()));
        def
    }

    /// A row of `disks`.
    pub(crate) fn disk(&self, id: SeriesId, group: &Group, device: Device, name: Option<&str>) -> SeriesDef {
        use disks::label as l;
        let mut def = below(Table::Disks, id, &self.subject(id, group));
        def.labels[l::device] = LabelValue::text(format!("{}:{}", device.major, device.minor));
        def.labels[l::device_name] = LabelValue::maybe(name);
        def
    }

    /// A row of `disks` for the whole host.
    pub(crate) fn device(&self, id: SeriesId, device: Device, name: &str) -> SeriesDef {
        use disks::label as l;
        let mut def = self.owned(Table::Disks, id, None);
        def.labels[l::device] = LabelValue::text(format!("{}:{}", device.major, device.minor));
        def.labels[l::device_name] = LabelValue::text(name);
        def
    }

    /// A row of `netns`; the host's namespace has no owner.
    pub(crate) fn netns(&self, id: SeriesId, owner: Option<&Group>, inode: Option<u64>) -> SeriesDef {
        let mut def = self.owned(Table::Netns, id, owner);
        def.labels[netns::label::netns_inode] = number(inode);
        def
    }

    /// A row of `interfaces`.
    pub(crate) fn interface(
        &self,
        id: SeriesId,
        owner: Option<&Group>,
        inode: Option<u64>,
        name: &[u8],
    ) -> SeriesDef {
        use interfaces::label as l;
        let mut def = self.owned(Table::Interfaces, id, owner);
        def.labels[l::netns_inode] = number(inode);
        def.labels[l::interface] = LabelValue::text(String::from_utf8_lossy(name));
        def
    }

    /// A row of `extras`.
    pub(crate) fn extra(&self, id: SeriesId, group: &Group, source: String) -> SeriesDef {
        let mut def = below(Table::Extras, id, &self.subject(id, group));
        def.labels[extras::label::source] = LabelValue::text(source);
        def
    }

    /// A row of `regions`.
    pub(crate) fn region(&self, id: SeriesId, process: &Process, group: &Group, name: &[u8]) -> SeriesDef {
        let mut def = below(Table::Regions, id, &self.process(process, group));
        def.labels[regions::label::region] = LabelValue::text(String::from_utf8_lossy(name));
        def
    }

    /// A row of something that a cgroup owns, or else the host.
    fn owned(&self, table: Table, id: SeriesId, owner: Option<&Group>) -> SeriesDef {
        match owner {
            Some(group) => below(table, id, &self.subject(id, group)),
            None => {
                let mut def = below(table, id, &self.node(id));
                if let Some(kind) = table.label_index("subject_kind") {
                    def.labels[kind] = LabelValue::text(NODE_KIND);
                }
                def
            }
        }
    }

    /// A row of `processes`.
    pub(crate) fn process(&self, process: &Process, group: &Group) -> SeriesDef {
        use processes::label as l;
        let names = &process.names;
        let mut def = below(Table::Processes, process.series, &self.subject(process.series, group));
        def.labels[l::boot_id] = LabelValue::maybe(self.boot_id.as_deref());
        def.labels[l::pid] = LabelValue::Int(i64::from(process.pid));
        def.labels[l::start_ticks] = LabelValue::Int(i64::try_from(process.start_ticks).unwrap_or(i64::MAX));
        def.labels[l::ppid] = LabelValue::Int(i64::from(names.ppid));
        def.labels[l::comm] = LabelValue::text(String::from_utf8_lossy(&names.comm));
        def.labels[l::exe] = LabelValue::maybe(names.exe.as_deref());
        def.labels[l::cmdline] = LabelValue::maybe(names.cmdline.as_deref());
        def
    }
}

/// Writes what has been learnt of a subject into its definition, whatever its table.
fn name(def: &mut SeriesDef, identity: &Identity) {
    let names = [
        ("runtime", identity.runtime),
        ("container_name", text(identity.container_name.as_ref())),
        ("namespace", text(identity.namespace.as_ref())),
        ("pod_name", text(identity.pod_name.as_ref())),
    ];
    for (label, value) in names {
        if let Some(value) = value
            && let Some(at) = def.table.label_index(label)
            && def.labels[at] == LabelValue::Null
        {
            def.labels[at] = LabelValue::text(value);
        }
    }
}

/// What events say of a subject.
pub(crate) fn about(group: &Group) -> About {
    let mut about = About {
        subject_kind: Some(group.kind().name().to_owned()),
        cgroup_path: Some(group.text.clone()),
        container_id: group.class.container_id.clone(),
        pod_uid: group.class.pod_uid.clone(),
        ..About::default()
    };
    if let Some(subject) = &group.subject {
        name_about(&mut about, &subject.identity);
    }
    about
}

/// Writes what has been learnt of a subject into what events say of it.
pub(crate) fn name_about(about: &mut About, identity: &Identity) {
    let own = |fact| text(fact).map(str::to_owned);
    about.container_name = own(identity.container_name.as_ref());
    about.namespace = own(identity.namespace.as_ref());
    about.pod_name = own(identity.pod_name.as_ref());
}

/// A row of something that belongs to another row's subject: it bears that one's labels under the same names.
fn below(table: Table, id: SeriesId, above: &SeriesDef) -> SeriesDef {
    let same = |name: &str| above.table.label_index(name).map(|i| above.labels[i].clone());
    let labels = table.labels().iter().map(|l| same(l.name).unwrap_or(LabelValue::Null)).collect();
    SeriesDef { table, id, labels }
}

fn number(n: Option<u64>) -> LabelValue {
    n.map_or(LabelValue::Null, |n| LabelValue::Int(n.cast_signed()))
}

fn inode(group: &Group) -> LabelValue {
    LabelValue::Int(group.inode.cast_signed())
}
