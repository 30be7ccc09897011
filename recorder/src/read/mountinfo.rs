//! cgroup mounts in /proc/<pid>/mountinfo.
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
}
