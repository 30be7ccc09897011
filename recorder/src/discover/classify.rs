//! What a cgroup path tells: kind, runtime, container id, pod uid and QoS class.
//!
//! Owns: the path conventions of containerd, CRI-O, Docker, podman, kubelet and systemd with both cgroup drivers.
//! Must not: look at the file system. What a path does not tell is `None`; a sandbox looks like any container here.

use fgm::identity::SubjectKind;

/// A container runtime, as far as a path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// containerd (also under nerdctl).
    Containerd,
    /// CRI-O.
    Crio,
    /// Docker.
    Docker,
    /// podman.
    Podman,
}

impl Runtime {
    /// The value of the label `runtime`.
    pub const fn name(self) -> &'static str {
        match self {
            Runtime::Containerd => "containerd",
            Runtime::Crio => "crio",
            Runtime::Docker => "docker",
            Runtime::Podman => "podman",
        }
    }
}

/// What a cgroup is to the recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A subject of its own.
    Subject(SubjectKind),
    /// A part of the container above it (crun's `container`, a systemd inside): one subject with it.
    Inner,
    /// A runtime's monitor such as conmon: never a subject; its processes belong to what is above.
    Helper,
}

/// Everything that a path tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// What it is.
    pub role: Role,
    /// Whose container it is.
    pub runtime: Option<Runtime>,
    /// Full container id.
    pub container_id: Option<String>,
    /// UID of the pod (podman: the pod's id).
    pub pod_uid: Option<String>,
    /// Kubernetes QoS class.
    pub qos_class: Option<&'static str>,
}

/// What one component of a path is.
enum Part {
    Container(Option<Runtime>, String),
    Pod(Option<Runtime>, String),
    /// A container whose component also names its pod (containerd told to use the wrong driver).
    PodContainer(String, String),
    Helper,
    Unit,
    Other,
}

/// Classifies a path below a hierarchy's root; it starts with a slash.
pub fn classify(path: &str) -> Class {
    let mut class = Class {
        role: Role::Subject(SubjectKind::Root),
        runtime: None,
        container_id: None,
        pod_uid: None,
        qos_class: None,
    };
    let mut kubepods = false;
    let mut qos = None;
    let mut in_container = false;
    let mut parent_dir = "";
    for name in path.split('/').filter(|n| !n.is_empty()) {
        if name.contains("kubepods") {
            kubepods = true;
            qos = None;
        }
        if let Some(q) = qos_in(name) {
            qos = Some(q);
        }
        let part = part(name, parent_dir, in_container);
        class.role = match part {
            Part::Container(runtime, id) => {
                in_container = true;
                // A pod id counts for its own containers only; one inside another container is nested (kind).
                if class.container_id.is_some() {
                    class.pod_uid = class.pod_uid.filter(|_| kubepods);
                }
                class.runtime = runtime;
                class.container_id = Some(id);
                Role::Subject(SubjectKind::Container)
            }
            Part::PodContainer(uid, id) => {
                in_container = true;
                class.pod_uid = Some(uid);
                class.runtime = Some(Runtime::Containerd);
                class.container_id = Some(id);
                Role::Subject(SubjectKind::Container)
            }
            Part::Pod(runtime, uid) => {
                in_container = false;
                class.runtime = runtime;
                class.container_id = None;
                class.pod_uid = Some(uid);
                Role::Subject(SubjectKind::Pod)
            }
            Part::Helper => Role::Helper,
            _ if in_container => Role::Inner,
            Part::Unit => Role::Subject(SubjectKind::Service),
            Part::Other => Role::Subject(SubjectKind::Slice),
        };
        parent_dir = name;
    }
    if kubepods && class.pod_uid.is_some() {
        class.qos_class = Some(qos.unwrap_or("Guaranteed"));
    }
    if !matches!(class.role, Role::Subject(SubjectKind::Container | SubjectKind::Pod)) {
        return Class { role: class.role, runtime: None, container_id: None, pod_uid: None, qos_class: None };
    }
    class
}

/// Whether a path could be a container's although it says nothing of one: `ctr` puts them at `/<namespace>/<name>`.
/// Only the runtime's state knows.
pub fn may_be_task(path: &str) -> bool {
    let plain = |name: &str| {
        !name.contains("kubepods") && !UNITS.iter().chain(&[".slice"]).any(|suffix| name.ends_with(suffix))
    };
    let mut names = path.split('/').filter(|n| !n.is_empty());
    let two = names.next().is_some_and(plain) && names.next().is_some_and(plain);
    two && names.next().is_none() && classify(path).role == Role::Subject(SubjectKind::Slice)
}

/// Endings of systemd's units other than slices.
const UNITS: [&str; 5] = [".service", ".scope", ".socket", ".mount", ".swap"];

fn part(name: &str, parent: &str, in_container: bool) -> Part {
    if let Some((pod, id)) = name.split_once(":cri-containerd:") {
        return match (pod_slice(pod.trim_end_matches(".slice")), hex(id, 64)) {
            (Some(uid), Some(id)) => Part::PodContainer(uid, id),
            (None, Some(id)) => Part::Container(Some(Runtime::Containerd), id),
            _ => Part::Other,
        };
    }
    let stem = name.strip_suffix(".scope").unwrap_or(name);
    if let Some(at) = stem.len().checked_sub(64)
        && let Some(id) = stem.get(at..).and_then(|t| hex(t, 64))
    {
        return match &stem[..at] {
            // podman with cgroupfs keeps a pod's containers below a bare pod id.
            "" if parent == "libpod_parent" => Part::Pod(Some(Runtime::Podman), id),
            "" if parent == "docker" => Part::Container(Some(Runtime::Docker), id),
            "" => Part::Container(None, id),
            "cri-containerd-" | "nerdctl-" => Part::Container(Some(Runtime::Containerd), id),
            "crio-" => Part::Container(Some(Runtime::Crio), id),
            "docker-" => Part::Container(Some(Runtime::Docker), id),
            "libpod-" | "libpod-payload-" => Part::Container(Some(Runtime::Podman), id),
            prefix if prefix.ends_with("conmon-") => Part::Helper,
            prefix if prefix.ends_with('-') => Part::Container(None, id),
            _ => Part::Other,
        };
    }
    if let Some(slice) = name.strip_suffix(".slice") {
        if let Some(uid) = pod_slice(slice) {
            return Part::Pod(None, uid);
        }
        if let Some((_, id)) = slice.split_once("libpod_pod_") {
            return hex(id, 64).map_or(Part::Other, |id| Part::Pod(Some(Runtime::Podman), id));
        }
    }
    if let Some(uid) = name.strip_prefix("pod").and_then(pod_uid) {
        return Part::Pod(None, uid);
    }
    let unit = UNITS.iter().any(|s| name.ends_with(s));
    if unit && !in_container { Part::Unit } else { Part::Other }
}

/// `kubepods-burstable-pod<uid>` (without `.slice`), also below another root slice (`kubelet-kubepods-…`).
fn pod_slice(slice: &str) -> Option<String> {
    let at = slice.find("kubepods")?;
    let (_, uid) = slice[at..].split_once("-pod")?;
    pod_uid(uid)
}

/// A pod uid: 36 characters with dashes (underscores in slice names), or the 32 hex digits of a static pod.
fn pod_uid(text: &str) -> Option<String> {
    if let Some(uid) = hex(text, 32) {
        return Some(uid);
    }
    let uid = text.replace('_', "-");
    let shape = uid.len() == 36
        && uid.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    shape.then_some(uid)
}

fn qos_in(name: &str) -> Option<&'static str> {
    let is = |q: &str| name == q || name.contains(&format!("kubepods-{q}"));
    if is("burstable") {
        Some("Burstable")
    } else if is("besteffort") {
        Some("BestEffort")
    } else {
        None
    }
}

fn hex(text: &str, len: usize) -> Option<String> {
    let ok = text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    ok.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use SubjectKind::{Container, Pod, Root, Service, Slice};

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "5ca25efd-ceac-1a16-3bb6-ce9c4ca8b39a";
    const STATIC: &str = "303cf9c5ca21986f571896128cab794d";

    type Row = (&'static str, Role, Option<Runtime>, bool, Option<&'static str>, Option<&'static str>);

    /// Path (ID, UID_ and UID stand for the constants), role, runtime, has the id, pod uid, QoS.
    const TABLE: &[Row] = &[
        ("/", Role::Subject(Root), None, false, None, None),
        // kubelet, systemd driver, containerd and CRI-O
        ("/kubepods.slice", Role::Subject(Slice), None, false, None, None),
        ("/kubepods.slice/kubepods-burstable.slice", Role::Subject(Slice), None, false, None, None),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podSTATIC.slice",
            Role::Subject(Pod),
            None,
            false,
            Some(STATIC),
            Some("Burstable"),
        ),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUID_.slice/cri-containerd-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Containerd),
            true,
            Some(UID),
            Some("BestEffort"),
        ),
        (
            "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Crio),
            true,
            Some(UID),
            Some("Guaranteed"),
        ),
        (
            "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope/container",
            Role::Inner,
            None,
            false,
            None,
            None,
        ),
        (
            "/kubepods.slice/kubepods-podUID_.slice/crio-conmon-ID.scope",
            Role::Helper,
            None,
            false,
            None,
            None,
        ),
        // kubelet, cgroupfs driver
        ("/kubepods/burstable", Role::Subject(Slice), None, false, None, None),
        ("/kubepods/burstable/podUID", Role::Subject(Pod), None, false, Some(UID), Some("Burstable")),
        ("/kubepods/podSTATIC/ID", Role::Subject(Container), None, true, Some(STATIC), Some("Guaranteed")),
        (
            "/kubepods/besteffort/podUID/crio-ID",
            Role::Subject(Container),
            Some(Runtime::Crio),
            true,
            Some(UID),
            Some("BestEffort"),
        ),
        // containerd with cgroupfs under a kubelet with systemd
        (
            "/system.slice/containerd.service/kubepods-burstable-podUID_.slice:cri-containerd:ID",
            Role::Subject(Container),
            Some(Runtime::Containerd),
            true,
            Some(UID),
            Some("Burstable"),
        ),
        // Docker
        ("/system.slice/docker-ID.scope", Role::Subject(Container), Some(Runtime::Docker), true, None, None),
        ("/docker/ID", Role::Subject(Container), Some(Runtime::Docker), true, None, None),
        // podman: systemd, cgroupfs, pods, rootless, conmon, split
        ("/machine.slice/libpod-ID.scope", Role::Subject(Container), Some(Runtime::Podman), true, None, None),
        ("/machine.slice/libpod-ID.scope/container", Role::Inner, None, false, None, None),
        ("/machine.slice/libpod-conmon-ID.scope", Role::Helper, None, false, None, None),
        ("/libpod_parent/libpod-ID", Role::Subject(Container), Some(Runtime::Podman), true, None, None),
        ("/libpod_parent/ID", Role::Subject(Pod), Some(Runtime::Podman), false, Some(ID), None),
        (
            "/libpod_parent/ID/libpod-ID",
            Role::Subject(Container),
            Some(Runtime::Podman),
            true,
            Some(ID),
            None,
        ),
        (
            "/machine.slice/machine-libpod_pod_ID.slice",
            Role::Subject(Pod),
            Some(Runtime::Podman),
            false,
            Some(ID),
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Podman),
            true,
            None,
            None,
        ),
        (
            "/system.slice/web.service/libpod-payload-ID",
            Role::Subject(Container),
            Some(Runtime::Podman),
            true,
            None,
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_ID.slice",
            Role::Subject(Pod),
            Some(Runtime::Podman),
            false,
            Some(ID),
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_ID.slice/libpod-ID.scope/container",
            Role::Inner,
            None,
            false,
            None,
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-ID.scope",
            Role::Helper,
            None,
            false,
            None,
            None,
        ),
        ("/libpod_parent/conmon", Role::Subject(Slice), None, false, None, None),
        ("/system.slice/web.service/supervisor", Role::Subject(Slice), None, false, None, None),
        // nerdctl and rootless Docker
        (
            "/system.slice/nerdctl-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Containerd),
            true,
            None,
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Containerd),
            true,
            None,
            None,
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Docker),
            true,
            None,
            None,
        ),
        // kubelet with Docker (dockershim, cri-dockerd)
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUID_.slice/docker-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Docker),
            true,
            Some(UID),
            Some("BestEffort"),
        ),
        // CRI-O with cgroupfs: monitor beside the container
        ("/kubepods/burstable/podUID/crio-conmon-ID", Role::Helper, None, false, None, None),
        // the init sub-cgroup that CRI-O, podman and systemd inside a container make
        (
            "/kubepods.slice/kubepods-podUID_.slice/crio-ID.scope/init.scope",
            Role::Inner,
            None,
            false,
            None,
            None,
        ),
        ("/kubepods/podUID/ID/init", Role::Inner, None, false, None, None),
        ("/docker/ID/system.slice/ssh.service", Role::Inner, None, false, None, None),
        // kind and minikube: a kubelet inside a container
        (
            "/docker/ID/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podUID_.slice/crio-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Crio),
            true,
            Some(UID),
            Some("BestEffort"),
        ),
        (
            "/docker/ID/kubelet/kubepods/burstable/podUID/ID",
            Role::Subject(Container),
            None,
            true,
            Some(UID),
            Some("Burstable"),
        ),
        (
            "/docker/ID/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-podUID_.slice",
            Role::Subject(Pod),
            None,
            false,
            Some(UID),
            Some("BestEffort"),
        ),
        ("/docker/ID/kubelet.slice/kubelet-kubepods.slice", Role::Inner, None, false, None, None),
        (
            "/system.slice/docker-ID.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podUID_.slice/cri-containerd-ID.scope",
            Role::Subject(Container),
            Some(Runtime::Containerd),
            true,
            Some(UID),
            Some("Guaranteed"),
        ),
        ("/docker/ID/init.scope", Role::Inner, None, false, None, None),
        // systemd and the rest
        ("/system.slice", Role::Subject(Slice), None, false, None, None),
        ("/system.slice/ssh.service", Role::Subject(Service), None, false, None, None),
        ("/system.slice/systemd-udevd.service/udev", Role::Subject(Slice), None, false, None, None),
        ("/init.scope", Role::Subject(Service), None, false, None, None),
        ("/k8s.io/t1", Role::Subject(Slice), None, false, None, None),
        ("/default/ID", Role::Subject(Container), None, true, None, None),
        // near misses and hostile names
        ("/kubepods/podnot-a-uid", Role::Subject(Slice), None, false, None, None),
        (
            "/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
            Role::Subject(Slice),
            None,
            false,
            None,
            None,
        ),
        (
            "/a b\n/…日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語.scope",
            Role::Subject(Service),
            None,
            false,
            None,
            None,
        ),
        ("/-pod", Role::Subject(Slice), None, false, None, None),
    ];

    /// REC-1, REC-7: paths of every runtime and driver; static pods' uids; helpers and sub-cgroups are not containers.
    #[test]
    fn genuine_paths() {
        for &(template, role, runtime, has_id, pod, qos) in TABLE {
            let path = template
                .replace("podUID_", &format!("pod{}", UID.replace('-', "_")))
                .replace("podUID", &format!("pod{UID}"))
                .replace("podSTATIC", &format!("pod{STATIC}"))
                .replace("ID", ID);
            let c = classify(&path);
            assert_eq!(c.role, role, "{path}");
            assert_eq!(c.runtime, runtime, "{path}");
            assert_eq!(c.container_id.as_deref(), has_id.then_some(ID), "{path}");
            assert_eq!(c.pod_uid.as_deref(), pod, "{path}");
            assert_eq!(c.qos_class, qos, "{path}");
        }
    }

    /// REC-1: every path of the captured nodes gets the kind that the node's own tools show.
    #[test]
    fn captured_trees() {
        let count = |tree: &str| {
            let classes: Vec<Class> =
                tree.lines().map(|l| classify(l.trim_start_matches("/sys/fs/cgroup"))).collect();
            let of = |k| classes.iter().filter(|c| c.role == Role::Subject(k)).count();
            (of(Container), of(Pod), classes.iter().filter(|c| c.role == Role::Inner).count())
        };
        assert_eq!(count(include_str!("../../../testdata/kernel/v2-6.1/kubelet-tree.txt")), (9, 8, 0));
        assert_eq!(count(include_str!("../../../testdata/kernel/v2-6.1/engines-tree.txt")), (4, 1, 3));
    }

    /// REC-1: what `ctr` makes could be a container; what systemd, kubelet or an engine made is known by its path.
    #[test]
    fn paths_that_only_a_runtime_can_explain() {
        for path in ["/k8s.io/t1", "/default/web", "/moby/a.b"] {
            assert!(may_be_task(path), "{path}");
        }
        let id = format!("/default/{ID}");
        for path in ["/", "/a", "/a/b/c", "/system.slice/x.service", "/a.slice/b", "/kubepods/burstable", &id]
        {
            assert!(!may_be_task(path), "{path}");
        }
    }

    proptest::proptest! {
        /// REC-9: any path is classified without a panic.
        #[test]
        fn any_path(path in "(/|kubepods|-pod|pod|[0-9a-f]{64}|:cri-containerd:|libpod_pod_|é|.){0,12}") {
            classify(&path);
        }
    }
}
