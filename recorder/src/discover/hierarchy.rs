//! The cgroup hierarchies of a host: pure v2, v1, or both side by side.
//!
//! Owns: where each controller's files are. Must not: walk the trees.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::read::mountinfo::{CgroupMount, cgroup_mounts};

/// A set of files that a cgroup directory offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Controller {
    /// The v2 hierarchy with whatever controllers it has.
    Unified,
    /// v1 cpu.
    Cpu,
    /// v1 cpuacct.
    Cpuacct,
    /// v1 memory.
    Memory,
    /// v1 blkio.
    Blkio,
    /// v1 pids.
    Pids,
    /// systemd's own v1 hierarchy: no counters, but every unit and its processes.
    Systemd,
}

impl Controller {
    fn of_v1_option(option: &str) -> Option<Controller> {
        Some(match option {
            "cpu" => Controller::Cpu,
            "cpuacct" => Controller::Cpuacct,
            "memory" => Controller::Memory,
            "blkio" => Controller::Blkio,
            "pids" => Controller::Pids,
            "name=systemd" | "systemd" => Controller::Systemd,
            _ => return None,
        })
    }
}

/// One hierarchy.
#[derive(Debug)]
pub struct Hierarchy {
    /// Its root directory.
    pub path: PathBuf,
    /// The root directory, open.
    pub root: OwnedFd,
    /// What its directories offer.
    pub controllers: Vec<Controller>,
}

impl Hierarchy {
    fn open(path: &Path, controllers: Vec<Controller>) -> Option<Hierarchy> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty()).ok()?;
        (!controllers.is_empty()).then(|| Hierarchy { path: path.to_owned(), root, controllers })
    }

    /// Whether it is the v2 hierarchy.
    pub fn is_v2(&self) -> bool {
        self.controllers.contains(&Controller::Unified)
    }
}

/// All hierarchies that are of use, at most one per controller.
#[derive(Debug)]
pub struct Hierarchies {
    /// v2 first, then in the order in which they were found.
    pub all: Vec<Hierarchy>,
}

impl Hierarchies {
    /// The hierarchies below `root` (a host's /sys/fs/cgroup, mounted anywhere), told by their files and names.
    pub fn below(root: &Path) -> Hierarchies {
        let mut found = Vec::new();
        if root.join("cgroup.controllers").is_file() {
            found.extend(Hierarchy::open(root, vec![Controller::Unified]));
            return Hierarchies::ordered(found);
        }
        let mut dirs: Vec<PathBuf> =
            std::fs::read_dir(root).into_iter().flatten().flatten().map(|e| e.path()).collect();
        dirs.sort();
        for dir in dirs {
            let name = dir.file_name().and_then(OsStr::to_str).unwrap_or_default();
            if dir.join("cgroup.controllers").is_file() {
                found.extend(Hierarchy::open(&dir, vec![Controller::Unified]));
            } else if !dir.is_symlink() && dir.join("cgroup.procs").is_file() {
                // Names like `cpu,cpuacct` list the controllers; the symlinks beside it point to the same tree.
                let controllers = name.split(',').filter_map(Controller::of_v1_option).collect();
                found.extend(Hierarchy::open(&dir, controllers));
            }
        }
        Hierarchies::ordered(found)
    }

    /// The hierarchies that a mountinfo file lists.
    pub fn mounted(mountinfo: &[u8]) -> Hierarchies {
        let mut mounts = cgroup_mounts(mountinfo);
        // A part of a hierarchy (a bind mount) only counts when the whole is not mounted.
        mounts.sort_by_key(|m| m.root != b"/");
        let open = |m: CgroupMount| {
            let controllers = match &m.v1_options {
                None => vec![Controller::Unified],
                Some(o) => {
                    String::from_utf8_lossy(o).split(',').filter_map(Controller::of_v1_option).collect()
                }
            };
            Hierarchy::open(Path::new(OsStr::from_bytes(&m.mount_point)), controllers)
        };
        Hierarchies::ordered(mounts.into_iter().filter_map(open).collect())
    }

    fn ordered(found: Vec<Hierarchy>) -> Hierarchies {
        let mut all: Vec<Hierarchy> = Vec::new();
        for mut h in found {
            h.controllers.retain(|c| !all.iter().any(|o| o.controllers.contains(c)));
            if !h.controllers.is_empty() {
                all.push(h);
            }
        }
        all.sort_by_key(|h| !h.is_v2());
        Hierarchies { all }
    }

    /// `v2`, `v1` or `hybrid`, as the session manifest says it.
    pub fn mode(&self) -> &'static str {
        let v2 = self.all.iter().any(Hierarchy::is_v2);
        match (v2, self.all.iter().any(|h| !h.is_v2())) {
            (true, true) => "hybrid",
            (true, false) => "v2",
            _ => "v1",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(dirs: &[(&str, &str)]) -> tempfile::TempDir {
        let tmp = tempfile::tempdir().unwrap();
        for (dir, file) in dirs {
            std::fs::create_dir_all(tmp.path().join(dir)).unwrap();
            std::fs::write(tmp.path().join(dir).join(file), "").unwrap();
        }
        tmp
    }

    /// REC-1: v2, v1 and hybrid are told by what lies below the root.
    #[test]
    fn layouts() {
        let v2 = host(&[("", "cgroup.controllers"), ("system.slice", "cgroup.procs")]);
        assert_eq!(Hierarchies::below(v2.path()).mode(), "v2");
        let hybrid = host(&[
            ("cpu,cpuacct", "cgroup.procs"),
            ("memory", "cgroup.procs"),
            ("systemd", "cgroup.procs"),
            ("net_cls", "cgroup.procs"),
            ("unified", "cgroup.controllers"),
        ]);
        std::os::unix::fs::symlink("cpu,cpuacct", hybrid.path().join("cpu")).unwrap();
        let h = Hierarchies::below(hybrid.path());
        assert_eq!(h.mode(), "hybrid");
        assert_eq!(h.all.len(), 4, "{h:?}");
        assert!(h.all[0].is_v2());
        assert!(h.all.iter().any(|x| x.controllers == [Controller::Cpu, Controller::Cpuacct]));
        assert!(Hierarchies::below(&hybrid.path().join("nowhere")).all.is_empty());
    }
}
