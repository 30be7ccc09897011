//! cgroup mounts in /proc/<pid>/mountinfo, and where in them a process stands by /proc/<pid>/cgroup.
//!
//! Owns: which hierarchy is mounted where. Must not: look whether it is there.

use super::scan::{fields, lines};

/// A mounted cgroup hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgroupMount {
    /// Path within the hierarchy that the mount shows; `/` unless it is a part.
    pub root: Vec<u8>,
    /// Where it is mounted.
    pub mount_point: Vec<u8>,
    /// `None` for v2; the super block's options (controllers among them, `name=systemd`) for v1.
    pub v1_options: Option<Vec<u8>>,
}

/// All cgroup mounts, in the order of the file.
pub fn cgroup_mounts(text: &[u8]) -> Vec<CgroupMount> {
    lines(text).filter_map(mount).collect()
}

fn mount(line: &[u8]) -> Option<CgroupMount> {
    let mut f = fields(line);
    let root = unescape(f.nth(3)?);
    let mount_point = unescape(f.next()?);
    // Optional fields end with a single dash; then come type, source and super options.
    let mut rest = f.skip_while(|&x| x != b"-").skip(1);
    let v1_options = match rest.next()? {
        b"cgroup2" => None,
        b"cgroup" => Some(rest.nth(1)?.to_vec()),
        _ => return None,
    };
    Some(CgroupMount { root, mount_point, v1_options })
}

/// Directories with the memory files of the process whose `cgroup` and mountinfo these are, and whether they are v2's.
/// The root of v1 is none: it is the whole host's. (The root of v2 is one, where it is that of a namespace; the host's
/// has no such files.)
pub fn memory_directories(cgroup: &[u8], mountinfo: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let mounts = cgroup_mounts(mountinfo);
    let mut found = Vec::new();
    for line in lines(cgroup) {
        let mut f = line.splitn(3, |&b| b == b':').skip(1);
        let (Some(controllers), Some(path)) = (f.next(), f.next()) else { continue };
        let v2 = controllers.is_empty();
        let of_memory = |list: &[u8]| list.split(|&b| b == b',').any(|c| c == b"memory");
        if !v2 && (!of_memory(controllers) || path == b"/") {
            continue;
        }
        let shows = |m: &&CgroupMount| match &m.v1_options {
            None => v2,
            Some(options) => !v2 && of_memory(options),
        };
        found.extend(mounts.iter().filter(shows).filter_map(|m| {
            // A mount may show a part only.
            let root: &[u8] = if m.root == b"/" { b"" } else { &m.root };
            let below = path.strip_prefix(root).filter(|b| b.is_empty() || b.starts_with(b"/"))?;
            Some(([&m.mount_point, below].concat(), v2))
        }));
    }
    found
}

/// The option `hidepid` of the procfs that is mounted at `at`, if it has one.
pub fn hidden_pids(text: &[u8], at: &[u8]) -> Option<String> {
    // The last mount on a place covers those before.
    let line = lines(text).filter(|l| fields(l).nth(4).is_some_and(|p| unescape(p) == at)).last()?;
    let mut rest = fields(line).skip_while(|&x| x != b"-").skip(1);
    let options = if rest.next()? == b"proc" { rest.nth(1)? } else { return None };
    let value = options.split(|&b| b == b',').find_map(|o| o.strip_prefix(b"hidepid="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Undoes the kernel's octal escapes (`\040` for a space).
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let octal = match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        out.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &rest[4..] } else { tail };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-1: hybrid hosts mount v1 controllers and a v2 hierarchy side by side.
    #[test]
    fn a_hybrid_host() {
        let mounts = cgroup_mounts(include_bytes!("../../../testdata/kernel/v1-6.18/mountinfo"));
        let at = |p: &[u8]| mounts.iter().find(|m| m.mount_point == p).unwrap();
        assert_eq!(at(b"/sys/fs/cgroup/unified").v1_options, None);
        assert_eq!(at(b"/sys/fs/cgroup/memory").v1_options.as_deref(), Some(&b"rw,memory"[..]));
        assert_eq!(at(b"/sys/fs/cgroup/systemd").v1_options.as_deref(), Some(&b"rw,name=systemd"[..]));
        assert_eq!(mounts.len(), 10, "the tmpfs above them is not one");
    }

    /// REC-9: who hides processes is told.
    #[test]
    fn hidden_processes() {
        let text = b"1 2 0:3 / /proc rw - proc proc rw,hidepid=invisible,gid=5\n1 2 0:3 / /p\\040q rw a:1 - proc proc rw\n";
        assert_eq!(hidden_pids(text, b"/proc").as_deref(), Some("invisible"));
        assert_eq!(hidden_pids(text, b"/p q"), None);
        assert_eq!(hidden_pids(b"1 2 0:3 / /proc rw - tmpfs x hidepid=2\n", b"/proc"), None);
        assert_eq!(hidden_pids(b"- proc", b"/proc"), None);
    }

    #[test]
    fn escapes_are_undone() {
        let m = cgroup_mounts(b"1 2 0:3 / /a\\040b rw shared:1 - cgroup2 none rw\n");
        assert_eq!(m[0].mount_point, b"/a b");
        assert!(cgroup_mounts(b"1 2 0:3 / /x rw - cgroup\n").is_empty());
    }

    /// REC-6: where the recorder's own memory is counted, on v2, in a namespace, on v1 and where only a part is mounted.
    #[test]
    fn memory_of_a_process() {
        let v2 = b"35 1 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        let of = |cgroup: &[u8], mounts: &[u8]| -> Vec<(String, bool)> {
            let found = memory_directories(cgroup, mounts).into_iter();
            found.map(|(path, v2)| (String::from_utf8(path).unwrap(), v2)).collect()
        };
        let one = |path: &str, v2| vec![(path.to_owned(), v2)];
        assert_eq!(of(b"0::/a.slice/b.service\n", v2), one("/sys/fs/cgroup/a.slice/b.service", true));
        assert_eq!(of(b"0::/\n", v2), one("/sys/fs/cgroup/", true));
        let v1 = b"36 1 0:31 / /cg/memory rw - cgroup cgroup rw,memory\n37 1 0:32 / /cg/cpu rw - cgroup cgroup rw,cpu\n";
        assert_eq!(of(b"4:memory:/me\n3:cpu:/\n", v1), one("/cg/memory/me", false));
        assert_eq!(of(b"4:memory:/\n3:cpu:/me\n0::/\n", v1), []);
        let part = b"36 1 0:31 /docker/x /cg/memory rw - cgroup cgroup rw,memory\n";
        assert_eq!(of(b"4:memory:/docker/x\n", part), one("/cg/memory", false));
        assert_eq!(of(b"4:memory:/docker/xy\n", part), []);
    }
}
