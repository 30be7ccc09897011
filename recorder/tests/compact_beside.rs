//! STO-7: the compaction that a recorder has done in a process of its own, with the real program.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fgm::event::{Event, EventKind, Severity};
use fgm::identity::RunId;
use fgm::store::compact::{Beside, Control, Memory, Options, compact_in_child};
use fgm::store::manifest::RunInfo;
use fgm::store::retention::{Cap, OnFull};
use fgm::store::tick::Tick;
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::SECOND;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fgm-recorder");

/// Thirty files of events of a day that is long over.
fn recording(root: &Path) {
    let first = 1_795_176_000 * SECOND;
    let run = RunInfo {
        run_id: RunId::draw(first),
        node_name: "n1".into(),
        cluster_name: None,
        interval: SECOND,
        recorder_version: "0".into(),
        git_revision: None,
        facts: serde_json::Map::new(),
    };
    let config = StoreConfig {
        root: root.to_owned(),
        identifier: "n1".into(),
        rotation: Duration::from_secs(1),
        sync_every: Duration::from_secs(10),
        cap: Cap { max_bytes: None, on_full: OnFull::Stop },
        retention: None,
        compact: Beside::No,
    };
    let mut writer = StoreWriter::open(config, run, first).unwrap();
    let mut tick = Tick::default();
    for n in 0..30 {
        tick.reset(n, first + n * SECOND);
        let told = "it has begun".to_owned();
        tick.events.push(Event::of_recorder(tick.tick, EventKind::RecorderStart, Severity::Info, told));
        writer.append(&tick).unwrap();
    }
    writer.finish(first).unwrap();
}

fn files(root: &Path) -> Vec<PathBuf> {
    let days = std::fs::read_dir(root.join("events")).unwrap().flatten();
    let files = days.flat_map(|day| std::fs::read_dir(day.path().join("identifier=n1")).unwrap().flatten());
    files.map(|f| f.path()).collect()
}

/// A file that cannot be read is said once: what is known of it goes to the next process.
#[test]
fn a_process_of_its_own_merges_and_remembers() {
    let dir = tempfile::tempdir().unwrap();
    recording(dir.path());
    let bad = files(dir.path())[3].clone();
    std::fs::write(&bad, "no Parquet").unwrap();
    let (options, control, mut memory) = (Options::default(), Control::new(1.0), Memory::default());
    let mut by = |program| compact_in_child(Path::new(program), dir.path(), &options, &control, &mut memory);
    let report = by(PROGRAM).unwrap();
    assert_eq!((report.merges.len(), report.merges[0].files), (1, 29));
    assert_eq!(report.problems.iter().map(|p| &p.path).collect::<Vec<_>>(), [&bad]);
    assert_eq!(files(dir.path()).len(), 2);
    by("/bin/false").unwrap_err();
    let again = by(PROGRAM).unwrap();
    assert_eq!(again, fgm::store::compact::Report::default(), "nothing said twice, also after one that died");
}

/// One line that names the thing, whatever becomes of the other process.
#[test]
fn its_failures_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let run = |program: &str, root: &Path| {
        let (options, control) = (Options::default(), Control::new(1.0));
        compact_in_child(Path::new(program), root, &options, &control, &mut Memory::default())
            .unwrap_err()
            .to_string()
    };
    let missing = run("/nowhere/fgm", dir.path());
    assert!(missing.starts_with("cannot start /nowhere/fgm"), "{missing}");
    let dead = run("/bin/false", dir.path());
    assert!(dead.contains("exit status: 1") && dead.contains(dir.path().to_str().unwrap()), "{dead}");
    let nothing = run(PROGRAM, &dir.path().join("missing"));
    assert!(nothing.contains("cannot open") && nothing.contains("missing"), "{nothing}");
}

fn slow(root: &Path) -> Child {
    let mut child = Command::new(PROGRAM)
        .args(["compact", "--beside"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let options =
        serde_json::json!({"older_than": null, "own": null, "max_bytes": 1 << 20, "dry_run": false});
    let job =
        serde_json::json!({"share": 0.001, "options": options, "memory": {"refused": {}, "settled": []}});
    writeln!(child.stdin.as_mut().unwrap(), "{job}").unwrap();
    child
}

/// It does not outlive a recorder that was killed, and what it leaves is whole.
#[test]
fn it_ends_with_the_pipe_of_its_recorder() {
    let dir = tempfile::tempdir().unwrap();
    recording(dir.path());
    let mut child = slow(dir.path());
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "at a thousandth of the time it takes long");
    drop(child.stdin.take());
    let begun = Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(20));
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("\"merges\":[]"), "{said}");
    assert_eq!(files(dir.path()).len(), 30, "no temporary file is left");
}
