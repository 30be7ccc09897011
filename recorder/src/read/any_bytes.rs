//! REC-9: no parser panics on any bytes, and none makes up a value from nothing.

use std::path::Path;

use proptest::prelude::*;

use super::{
    cpu, diskstats, io, kmsg, memory, mountinfo, net, node, pid_files, pid_stat, psi, scan, smaps, value,
};

/// Hands the text to every parser, whatever it is a text of. `other` is for parsers of two texts.
fn parse_as_everything(text: &[u8], other: &[u8]) {
    cpu::cpu_stat(text, |_, _| {});
    cpu::cpu_max(text);
    cpu::cfs_quota(text, other);
    psi::pressure(text);
    io::device(text);
    io::io_stat(text, |_, _| {}, |_, _, _| {});
    io::io_max(text, |_, _| {});
    io::weight(text);
    io::blkio(text, |_, _, _| {});
    kmsg::victim(text);
    kmsg::killed(text);
    memory::stat_v1(text, |_, _| {}, |_, _| {});
    memory::stat_v2(text, |_, _| {}, |_, _| {});
    memory::events(text, |_, _| {}, |_, _| {});
    memory::swap_events(text, |_, _| {}, |_, _| {});
    memory::oom_control(text);
    mountinfo::cgroup_mounts(text);
    mountinfo::memory_directories(text, other);
    mountinfo::hidden_pids(text, other);
    for interface in net::dev(text) {
        interface.counters(|_, _| {});
    }
    net::snmp(text, |_, _| {});
    net::namespace_inode(text);
    node::kernel_stat(text, |_, _| {});
    node::loadavg(text);
    node::meminfo(text, |_, _| {});
    node::vmstat(text, |_, _| {});
    node::file_nr(text);
    node::sockstat(text, 4096, |_, _| {});
    for disk in diskstats::diskstats(text) {
        disk.has_worked();
        disk.counters(|_, _| {});
    }
    pid_stat::pid_stat(text);
    pid_files::status(text, |_, _| {});
    pid_files::io(text, |_, _| {});
    pid_files::smaps_rollup(text);
    pid_files::cmdline(text);
    pid_files::schedstat(text);
    pid_files::open_files_max(text);
    let mut maps = smaps::Smaps::default();
    maps.push(text);
    maps.push(other);
    maps.finish();
    value::single(text);
    value::limit(text);
    value::limit_v1(text);
    value::cpu_list(text);
    value::pids(text).count();
    scan::number(text);
    scan::signed(text);
    scan::decimal(text);
    scan::lines(text).count();
    scan::fields(text).count();
    scan::pairs(text).count();
    scan::trim(text);
}

/// REC-9: a parser that is added is tested here, too.
#[test]
fn every_parser_is_tried() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/read");
    let tried = std::fs::read_to_string(dir.join("any_bytes.rs")).unwrap();
    let mut parsers = 0;
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let source = std::fs::read_to_string(&path).unwrap();
        for line in source.lines() {
            let signature = line.strip_prefix("pub fn ").or(line.strip_prefix("pub(crate) fn "));
            // A parser is a free function of bytes; one of several lines has its argument on the next.
            let Some(name) = signature.and_then(|s| s.split(['(', '<']).next()) else { continue };
            parsers += 1;
            assert!(tried.contains(&format!(" {module}::{name}(")), "{module}::{name} is not tried");
        }
    }
    assert!(parsers >= 32, "{parsers}");
}

/// Arbitrary bytes, and bytes that look enough like kernel text to get past the first checks.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just("some".to_owned()),
        Just("cpu".to_owned()),
        Just("max".to_owned()),
        Just("8:0".to_owned()),
        Just("rbytes=".to_owned()),
        Just("avg10=".to_owned()),
        Just("VmRSS:".to_owned()),
        Just("Pss:".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("-".to_owned()),
        Just("cgroup2".to_owned()),
        Just("\\040".to_owned()),
        Just("oom_kill".to_owned()),
        Just("Tcp:".to_owned()),
        Just("eth0:".to_owned()),
        Just("1000-2000 r--p 0 08:02 7".to_owned()),
        Just(";oom-kill:,task_memcg=/a,task=".to_owned()),
        Just(",pid=".to_owned()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        ".{0,4}",
    ];
    let like =
        prop::collection::vec((token, prop_oneof![Just(" "), Just("\n"), Just("\t"), Just("")]), 0..60)
            .prop_map(|v| v.into_iter().flat_map(|(t, s)| (t + s).into_bytes()).collect());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..400), like]
}

/// Every kernel file that was captured.
fn genuine() -> Vec<Vec<u8>> {
    fn collect(dir: &Path, files: &mut Vec<Vec<u8>>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { collect(&path, files) } else { files.push(std::fs::read(path).unwrap()) }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/kernel"), &mut files);
    files.sort();
    files
}

/// What may befall a text.
#[derive(Clone, Debug)]
enum Mutation {
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    /// A number becomes another one: the largest, one digit too many, negative, a fraction.
    Number(prop::sample::Index, &'static str),
    RepeatLine(prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    let numbers =
        vec!["18446744073709551615", "18446744073709551616", "9223372036854775808", "-1", "0.5", ""];
    prop_oneof![
        at().prop_map(Mutation::Cut),
        (at(), any::<u8>()).prop_map(|(i, b)| Mutation::Flip(i, b)),
        (at(), 1..20usize).prop_map(|(i, n)| Mutation::Remove(i, n)),
        (at(), prop::collection::vec(any::<u8>(), 1..8)).prop_map(|(i, v)| Mutation::Insert(i, v)),
        (at(), prop::sample::select(numbers)).prop_map(|(i, n)| Mutation::Number(i, n)),
        at().prop_map(Mutation::RepeatLine),
    ]
}

fn mutate(text: &mut Vec<u8>, mutation: &Mutation) {
    if text.is_empty() {
        return;
    }
    let len = text.len();
    match mutation {
        Mutation::Cut(i) => text.truncate(i.index(len)),
        Mutation::Flip(i, bits) => text[i.index(len)] ^= bits,
        Mutation::Remove(i, n) => drop(text.drain(i.index(len)..(i.index(len) + n).min(len))),
        Mutation::Insert(i, bytes) => drop(text.splice(i.index(len)..i.index(len), bytes.iter().copied())),
        Mutation::Number(i, with) => {
            let Some(from) = (i.index(len)..len).find(|&at| text[at].is_ascii_digit()) else { return };
            let to = (from..len).find(|&at| !text[at].is_ascii_digit()).unwrap_or(len);
            text.splice(from..to, with.bytes());
        }
        Mutation::RepeatLine(i) => {
            let begin = text[..i.index(len)].iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
            let end = text[begin..].iter().position(|&b| b == b'\n').map_or(len, |n| begin + n + 1);
            let line = text[begin..end].to_vec();
            text.splice(begin..begin, line);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// REC-9
    #[test]
    fn no_parser_panics(bytes in text(), other in text()) {
        parse_as_everything(&bytes, &other);
    }

    /// REC-9: nor on a genuine file that something has happened to.
    #[test]
    fn no_parser_panics_on_what_once_was_genuine(
        file in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 0..6),
    ) {
        let files = genuine();
        let mut text = files[file.index(files.len())].clone();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        parse_as_everything(&text, &files[other.index(files.len())]);
    }

    /// REC-9: a number is read as it was written, whatever stands around it.
    #[test]
    fn numbers_survive(n in any::<u64>()) {
        prop_assert_eq!(value::single(format!("{n}\n").as_bytes()), Some(n));
        prop_assert_eq!(cpu::cpu_stat(format!("nr_periods {n}\n").as_bytes(), |_, _| {}).periods, Some(n));
    }
}
