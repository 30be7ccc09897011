//! `/dev/kmsg`: the kernel's record of who was killed for want of memory.
//!
//! Owns: the formats of the lines `oom-kill:…` and `… Killed process …`. Must not: open anything.

/// A victim of the OOM killer as the kernel logged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Victim<'a> {
    /// Its process id in the initial pid namespace.
    pub pid: u32,
    /// Its name.
    pub comm: &'a [u8],
    /// Path of its memory cgroup below the hierarchy's root.
    pub cgroup: &'a [u8],
}

/// The victim of one record such as
/// `6,1158,95113,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,task=tail,pid=1234,uid=0`;
/// `None` for every other record. A process may choose its name, which stands between its cgroup's path and its pid: the
/// path ends at the first mark and the name at the last, so that no name can pass for either.
pub fn victim(record: &[u8]) -> Option<Victim<'_>> {
    let line = record.split(|&b| b == b'\n').next()?;
    let at = memchr::memmem::find(line, b";oom-kill:")?;
    let line = &line[at..];
    let (_, rest) = cut(line, memchr::memmem::find, b",task_memcg=")?;
    let (cgroup, rest) = cut(rest, memchr::memmem::find, b",task=")?;
    let (comm, tail) = cut(rest, memchr::memmem::rfind, b",pid=")?;
    let pid = std::str::from_utf8(tail.split(|&b| b == b',').next()?).ok()?.parse().ok()?;
    Some(Victim { pid, comm, cgroup })
}

/// The pid and the resident bytes of the victim in one record such as
/// `3,1159,95113,-;Memory cgroup out of memory: Killed process 1234 (tail) total-vm:9kB, anon-rss:4kB, file-rss:2kB, shmem-rss:0kB, UID:0 …`,
/// which follows the one that [`victim`] reads; `None` for every other record.
pub fn killed(record: &[u8]) -> Option<(u32, u64)> {
    let line = record.split(|&b| b == b'\n').next()?;
    let (head, rest) = cut(line, memchr::memmem::find, b": Killed process ")?;
    let (_, text) = cut(head, memchr::memmem::find, b";")?;
    if !text.starts_with(b"Memory cgroup out of memory") && !text.starts_with(b"Out of memory") {
        return None;
    }
    let pid = u32::try_from(number(rest)?).ok()?;
    // The name may hold anything: what counts stands after the last mark.
    let (_, sizes) = cut(rest, memchr::memmem::rfind, b") total-vm:")?;
    let mut resident = 0u64;
    for mark in [&b" anon-rss:"[..], b" file-rss:", b" shmem-rss:"] {
        let (_, size) = cut(sizes, memchr::memmem::find, mark)?;
        resident = resident.checked_add(number(size)?.checked_mul(1024)?)?;
    }
    Some((pid, resident))
}

/// The digits at the beginning.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&text[..digits]).ok()?.parse().ok()
}

fn cut<'a>(
    text: &'a [u8],
    find: fn(&[u8], &[u8]) -> Option<usize>,
    mark: &[u8],
) -> Option<(&'a [u8], &'a [u8])> {
    let at = find(text, mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENUINE: &[u8] = b"6,1158,95113000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-9dcd.scope,mems_allowed=0,oom_memcg=/kubepods.slice/kubepods-pod5ca2.slice/cri-containerd-9dcd.scope,task_memcg=/kubepods.slice/kubepods-pod5ca2.slice/cri-containerd-9dcd.scope,task=tail,pid=1508,uid=0\n SUBSYSTEM=x\n";

    /// REC-8: the victim's pid, name and cgroup; other records are none; names cannot forge fields before them.
    #[test]
    fn victims() {
        let v = victim(GENUINE).unwrap();
        assert_eq!((v.pid, v.comm), (1508, &b"tail"[..]));
        assert_eq!(v.cgroup, b"/kubepods.slice/kubepods-pod5ca2.slice/cri-containerd-9dcd.scope");
        let hostile = b"6,1,1,-;oom-kill:oom_memcg=/a,task_memcg=/a/b,task=x,pid=7,task=,pid=1234,uid=0";
        let v = victim(hostile).unwrap();
        assert_eq!((v.pid, v.comm, v.cgroup), (1234, &b"x,pid=7,task="[..], &b"/a/b"[..]));
        for other in
            [&b""[..], b"6,1,1,-;Memory cgroup out of memory: Killed process 1", b"6,1,1,-;oom-kill:,pid=x"]
        {
            assert_eq!(victim(other), None);
        }
    }

    /// REC-8: the victim's resident bytes, which its name cannot forge; other records are none.
    #[test]
    fn sizes() {
        let genuine = b"3,1,1,-;Memory cgroup out of memory: Killed process 1508 (tail) total-vm:20000kB, anon-rss:9000kB, file-rss:500kB, shmem-rss:24kB, UID:0 pgtables:60kB oom_score_adj:0\n";
        assert_eq!(killed(genuine), Some((1508, 9524 * 1024)));
        let hostile = b"3,1,1,-;Out of memory: Killed process 7 (a) total-vm:1kB) total-vm:2kB, anon-rss:1kB, file-rss:2kB, shmem-rss:3kB, UID:0";
        assert_eq!(killed(hostile), Some((7, 6 * 1024)));
        for other in [
            GENUINE,
            b"",
            b"3,1,1,-;x: Killed process 7 (a) total-vm:2kB, anon-rss:1kB, file-rss:2kB, shmem-rss:3kB",
            b"3,1,1,-;Out of memory: Killed process 7 (a) total-vm:2kB, anon-rss:1kB",
            b"3,1,1,-;Out of memory: Killed process x (a) total-vm:2kB, anon-rss:1kB, file-rss:2kB, shmem-rss:3kB",
            b"3,1,1,-;Out of memory: Killed process 7 (a) total-vm:2kB, anon-rss:18446744073709551615kB, file-rss:2kB, shmem-rss:3kB",
        ] {
            assert_eq!(killed(other), None);
        }
    }
}
