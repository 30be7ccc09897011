//! What the disk tells about one container or pod.
//!
//! Owns: which files to look into, and not reading a big one again that has not changed. Must not: wait or retry, or
//! know formats. What cannot be read is simply unknown.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::facts::{Identity, Source, fact};
use super::formats;

/// Larger files are not read: no bundle or state file of a sane host comes near.
const LARGEST: u64 = 16 << 20;
/// Entries of a directory that are looked at.
const MAX_ENTRIES: usize = 20_000;

/// Where containerd keeps bundles: its own, k3s' and RKE2's.
const TASKS: [&str; 2] =
    ["run/containerd/io.containerd.runtime.v2.task", "run/k3s/containerd/io.containerd.runtime.v2.task"];
/// containerd's namespaces of CRI and of nerdctl and ctr. Docker's tells nothing that Docker's own file does not.
const NAMESPACES: [&str; 2] = ["k8s.io", "default"];
/// Where CRI-O and podman keep bundles and, but for the last, their lists of containers.
const STORAGE: [&str; 3] = [
    "var/lib/containers/storage/overlay-containers",
    "var/lib/containers/storage/vfs-containers",
    "run/containers/storage/overlay-containers",
];
/// The same below a user's home.
const USER_STORAGE: [&str; 2] =
    [".local/share/containers/storage/overlay-containers", ".local/share/containers/storage/vfs-containers"];
/// Where conmon leaves exit codes.
const EXITS: [&str; 2] = ["run/libpod/exits", "run/crio/exits"];

/// What a file or directory was when it was read.
type Version = (SystemTime, u64);

struct Seen<T> {
    version: Option<Version>,
    content: T,
}

/// The sources below one root.
pub struct Disk {
    root: PathBuf,
    /// kubelet's links by container id: the link's name without id, and its path.
    links: Seen<HashMap<String, (String, PathBuf)>>,
    /// kubelet's log directories by pod uid.
    dirs: Seen<HashMap<String, Identity>>,
    lists: HashMap<PathBuf, Seen<HashMap<String, Identity>>>,
    homes: Seen<Vec<PathBuf>>,
}

impl Disk {
    /// Nothing is read yet.
    pub fn new(root: PathBuf) -> Disk {
        Disk {
            root,
            links: Seen { version: None, content: HashMap::new() },
            dirs: Seen { version: None, content: HashMap::new() },
            lists: HashMap::new(),
            homes: Seen { version: None, content: Vec::new() },
        }
    }

    /// Everything that the disk tells about a container id.
    pub fn container(&mut self, id: &str) -> Identity {
        // Ids become parts of paths below.
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Identity::default();
        }
        self.bundle(id).or(self.log_link(id)).or(self.storage(id)).or(self.docker(id)).or(self.exit(id))
    }

    /// Namespace and name of a pod by its uid.
    pub fn pod(&mut self, uid: &str) -> Identity {
        let dir = self.root.join("var/log/pods");
        self.dirs.refresh(&dir, || {
            let names = entries(&dir);
            names.iter().filter_map(|n| formats::log_dir(n)).map(|(u, i)| (u.to_owned(), i)).collect()
        });
        self.dirs.content.get(uid).cloned().unwrap_or_default()
    }

    fn log_link(&mut self, id: &str) -> Identity {
        let dir = self.root.join("var/log/containers");
        self.links.refresh(&dir, || {
            let split = |name: String| {
                let (stem, id) = name.strip_suffix(".log")?.rsplit_once('-')?;
                Some((id.to_owned(), (stem.to_owned(), dir.join(&name))))
            };
            entries(&dir).into_iter().filter_map(split).collect()
        });
        let Some((stem, path)) = self.links.content.get(id) else { return Identity::default() };
        let target = fs::read_link(path).ok();
        formats::log_link(stem, target.as_deref().and_then(Path::to_str)).unwrap_or_default()
    }

    fn bundle(&self, id: &str) -> Identity {
        let tasks = TASKS.into_iter().flat_map(|t| NAMESPACES.map(|n| self.root.join(t).join(n)));
        let mut containerd = tasks.map(|dir| ("containerd", dir.join(id).join("config.json")));
        let crio = STORAGE.map(|s| ("crio", self.root.join(s).join(id).join("userdata/config.json")));
        let found = containerd.find_map(|(r, p)| Some((r, read(&p)?)));
        let found = found.or_else(|| crio.into_iter().find_map(|(r, p)| Some((r, read(&p)?))));
        let Some((runtime, (json, meta))) = found else { return Identity::default() };
        let told = formats::bundle(&json, runtime);
        // podman's bundles stand where CRI-O's do and name no pod.
        let runtime = told.runtime.filter(|r| *r == "containerd" || told.pod_name.is_some());
        // The bundle is written once, when the container is created.
        let created = fact(formats::modified(&meta), Source::Bundle);
        Identity { runtime, ..told }.or(Identity { created, ..Identity::default() })
    }

    fn storage(&mut self, id: &str) -> Identity {
        let home = self.root.join("home");
        let root_home = self.root.join("root");
        self.homes.refresh(&home, || {
            let mut homes: Vec<PathBuf> = entries(&home).into_iter().map(|name| home.join(name)).collect();
            homes.push(root_home);
            homes
        });
        let system = STORAGE.map(|s| self.root.join(s)).into_iter();
        let user = self.homes.content.iter().flat_map(|h| USER_STORAGE.map(|s| h.join(s)));
        let lists: Vec<PathBuf> = system.chain(user).map(|dir| dir.join("containers.json")).collect();
        for path in lists {
            let empty = || Seen { version: None, content: HashMap::new() };
            let list = self.lists.entry(path.clone()).or_insert_with(empty);
            list.refresh(&path, || {
                read(&path).map(|(json, _)| formats::storage_list(&json)).unwrap_or_default()
            });
            if let Some(found) = list.content.get(id) {
                return found.clone();
            }
        }
        Identity::default()
    }

    fn docker(&self, id: &str) -> Identity {
        let path = self.root.join("var/lib/docker/containers").join(id).join("config.v2.json");
        read(&path).map(|(json, _)| formats::docker(&json)).unwrap_or_default()
    }

    fn exit(&self, id: &str) -> Identity {
        let found = EXITS.iter().find_map(|dir| read(&self.root.join(dir).join(id)));
        found.map(|(text, meta)| formats::exit_file(&text, formats::modified(&meta))).unwrap_or_default()
    }
}

impl<T: Default> Seen<T> {
    fn refresh(&mut self, path: &Path, read: impl FnOnce() -> T) {
        let now = version(path);
        // A directory that changed within its clock's resolution of being read would look unchanged.
        let settled = now.is_some_and(|(at, _)| at.elapsed().is_ok_and(|e| e.as_millis() > 100));
        if now.is_none() || self.version != now {
            self.version = now.filter(|_| settled);
            self.content = read();
        }
    }
}

fn version(path: &Path) -> Option<Version> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn read(path: &Path) -> Option<(Vec<u8>, fs::Metadata)> {
    let meta = fs::metadata(path).ok().filter(|m| m.is_file() && m.len() <= LARGEST)?;
    Some((fs::read(path).ok()?, meta))
}

fn entries(dir: &Path) -> Vec<String> {
    let Ok(read) = fs::read_dir(dir) else { return Vec::new() };
    read.take(MAX_ENTRIES).flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::facts::text;
    use super::*;

    fn put(root: &Path, path: &str, contents: impl AsRef<[u8]>) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// REC-7: names from log links, bundles and state files; unknown stays unknown; a source that changes is seen.
    #[test]
    fn each_source() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path();
        let mut disk = Disk::new(root.to_owned());
        let id = "a1".repeat(32);
        assert_eq!(disk.container(&id), Identity::default());
        assert_eq!(disk.container("../../etc/passwd"), Identity::default());
        put(root, "var/lib/docker/containers/x/config.v2.json", "{}");
        put(root, &format!("var/lib/docker/containers/{id}/config.v2.json"), r#"{"Name":"/web"}"#);
        assert_eq!(text(disk.container(&id).container_name.as_ref()), Some("web"));
        put(root, &format!("var/log/containers/web-0_default_app-{id}.log"), "");
        let i = disk.container(&id);
        assert_eq!((text(i.pod_name.as_ref()), text(i.namespace.as_ref())), (Some("web-0"), Some("default")));
        assert_eq!(text(i.container_name.as_ref()), Some("app"));
        assert!(i.is_named() && !i.sandbox);
        put(root, &format!("run/libpod/exits/{id}"), "137");
        assert_eq!(disk.container(&id).exit_code.map(|f| f.value), Some(137));
    }

    /// REC-7: podman's containers, rootful and rootless, with the name of their image.
    #[test]
    fn podman() {
        let tmp = tempfile::tempdir().unwrap();
        let genuine = include_bytes!("../../../testdata/identity/podman-containers.json");
        let id = "6664cd1ce89302800ccbe4f4e3fe15c214730f6ea7e972f868f0b6ed54fbd31b";
        for dir in ["var/lib/containers/storage", "home/ann/.local/share/containers/storage"] {
            let root = tmp.path().join(dir.replace('/', "_"));
            let mut disk = Disk::new(root.clone());
            put(&root, &format!("{dir}/overlay-containers/containers.json"), "[]");
            assert_eq!(disk.container(id), Identity::default());
            put(&root, &format!("{dir}/overlay-containers/containers.json"), genuine);
            let i = disk.container(id);
            assert_eq!(text(i.container_name.as_ref()), Some("p2"), "{dir}");
            assert_eq!(text(i.image.as_ref()), Some("docker.io/library/busybox:latest"));
            assert_eq!(i.runtime, None, "the path tells");
        }
    }

    /// REC-1, REC-7: a sandbox is told by its bundle.
    #[test]
    fn sandboxes() {
        let tmp = tempfile::tempdir().unwrap();
        let genuine = include_str!("../../../testdata/kernel/v2-6.1/oci-config.json");
        let (a, b) = ("a1".repeat(32), "b2".repeat(32));
        let task = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
        put(tmp.path(), &format!("{task}/{a}/config.json"), genuine);
        let app = r#"{"annotations":{"io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.container-name":"app","io.kubernetes.cri.sandbox-namespace":"",
            "io.kubernetes.cri.image-name":"docker.io/library/busybox:latest"}}"#;
        put(tmp.path(), &format!("{task}/{b}/config.json"), app);
        let mut disk = Disk::new(tmp.path().to_owned());
        let i = disk.container(&a);
        assert!(i.sandbox && i.container_name.is_none(), "{i:?}");
        assert_eq!((text(i.pod_name.as_ref()), text(i.namespace.as_ref())), (Some("db-node1"), Some("data")));
        assert_eq!(i.runtime, Some("containerd"));
        let i = disk.container(&b);
        assert_eq!((i.sandbox, text(i.container_name.as_ref()), &i.namespace), (false, Some("app"), &None));
        assert_eq!(text(i.image.as_ref()), Some("docker.io/library/busybox:latest"));
        assert!(i.created.is_some());
    }

    #[test]
    fn pods_by_uid() {
        let tmp = tempfile::tempdir().unwrap();
        put(tmp.path(), "var/log/pods/data_db-node1_44ad7bb2f54e93a18de88e85d99f90db/db/0.log", "");
        let mut disk = Disk::new(tmp.path().to_owned());
        let i = disk.pod("44ad7bb2f54e93a18de88e85d99f90db");
        assert_eq!((text(i.namespace.as_ref()), text(i.pod_name.as_ref())), (Some("data"), Some("db-node1")));
        assert_eq!(disk.pod("other"), Identity::default());
    }
}
