//! Recordings made by others answer like our own.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::foreign::{Form, write_foreign, write_ours};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn run(cache: &Path, args: &[&str]) -> Ran {
    let done = Command::new(env!("CARGO_BIN_EXE_fgm-tui"))
        .args(args)
        .env_remove("FGM_DATA")
        .env("TZ", "UTC")
        .env("XDG_CACHE_HOME", cache)
        .output()
        .unwrap();
    let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
    Ran { code: done.status.code().unwrap_or(-1), out: text(&done.stdout), err: text(&done.stderr) }
}

fn json(cache: &Path, args: &[&str]) -> Vec<Value> {
    let ran = run(cache, &[args, &["--format", "json"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&ran.out).unwrap()
}

/// Without what only one of the two can know: a cgroup has a path in ours.
fn comparable(mut rows: Vec<Value>) -> Vec<String> {
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        for unknown in ["cgroup_path", "boot_id"] {
            row.remove(unknown);
        }
    }
    let mut lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    lines.sort();
    lines
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .flatten()
        .flat_map(|e| if e.path().is_dir() { files(&e.path()) } else { vec![e.path()] })
        .collect();
    all.sort();
    all
}

/// QRY-4: both label forms give the same buckets, subjects and SQL answers as our own recording of the same.
#[test]
fn others_answer_like_ours() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let ours = dir.path().join("ours");
    write_ours(&ours);
    for form in [Form::Columns, Form::Map] {
        let theirs = dir.path().join(format!("{form:?}"));
        write_foreign(&theirs, form, true);
        let before = files(&theirs);
        let same = |args: &[&str]| {
            let of = |root: &Path| {
                let root = root.to_str().unwrap();
                let args: Vec<&str> = args.iter().map(|a| if *a == "PATH" { root } else { *a }).collect();
                comparable(json(&cache, &args))
            };
            let (a, b) = (of(&ours), of(&theirs));
            assert!(!a.is_empty(), "{args:?}");
            assert_eq!(a, b, "{form:?} {args:?}");
        };
        for metric in [
            "memory_current_bytes",
            "cpu_usage_usec_total",
            "cpu_usage_millicores",
            "memory_max_bytes",
            "memory_max_unlimited",
            "processes.memory_pss_bytes",
            "disks.io_read_bytes_total",
            "custom.ratio",
        ] {
            same(&["query", metric, "PATH", "--columns", "13"]);
        }
        same(&[
            "query",
            "memory_current_bytes",
            "PATH",
            "--include",
            "pod:web-0 name:app",
            "--range",
            "-20s..",
        ]);
        same(&["top", "cpu_usage_millicores", "PATH", "--by", "growth"]);
        for metric in ["memory_current_bytes", "cpu_usage_usec_total", "processes.memory_pss_bytes"] {
            same(&["query", metric, "PATH", "--sum-by", "pod", "--columns", "13"]);
        }
        same(&["top", "custom.ratio", "PATH"]);
        for table in ["containers", "processes", "disks", "extras"] {
            same(&["subjects", "PATH", "--table", table]);
        }
        for sql in [
            "SELECT time, tick_no, run_id, pod_name, memory_current_bytes FROM containers",
            "SELECT pid, max(memory_pss_bytes) AS m FROM processes GROUP BY pid",
            "SELECT metric, count(*) AS n, sum(value) AS s FROM samples GROUP BY metric",
            "SELECT container_name, value FROM samples WHERE metric = 'custom.ratio' AND pod_name = 'db-0'",
        ] {
            same(&["sql", sql, "PATH"]);
        }
        assert_eq!(before, files(&theirs), "nothing is written beside the recording");
    }
}

/// QRY-4: without numbers of ticks, what is missing for longer than three cadences is a gap.
#[test]
fn gaps_without_numbers() {
    let dir = tempfile::tempdir().unwrap();
    write_foreign(dir.path(), Form::Columns, false);
    let cache = dir.path().join("cache");
    let root = dir.path().join("dt=2026-11-20");
    let args =
        ["query", "memory_current_bytes", root.to_str().unwrap(), "--include", "name:postgres", "--columns"];
    let rows = json(&cache, &[&args[..], &["60"]].concat());
    let gaps: Vec<_> = rows.iter().filter(|r| !r["gap"].is_null()).map(|r| &r["time"]).collect();
    assert_eq!(gaps, ["2026-11-20T14:46:24.040Z"]);
    assert_eq!(rows.iter().map(|r| r["count"].as_i64().unwrap()).sum::<i64>(), 56);
}

/// QRY-4, QRY-5: a file is converted once; one that cannot be is named, and the rest opens.
#[test]
fn each_file_is_converted_once() {
    let dir = tempfile::tempdir().unwrap();
    let (cache, root) = (dir.path().join("cache"), dir.path().join("rec"));
    write_foreign(&root, Form::Map, true);
    let text = root.to_str().unwrap();
    let list = |code| {
        let ran = run(&cache, &["subjects", text, "--format", "csv"]);
        assert_eq!(ran.code, code, "{}", ran.err);
        ran
    };
    let first = list(0).out;
    let stores = || {
        let mut all: Vec<(PathBuf, u64)> = fs::read_dir(cache.join("fgm/foreign"))
            .unwrap()
            .flatten()
            .map(|e| (e.path(), e.metadata().unwrap().ino()))
            .collect();
        all.sort();
        all
    };
    let before = stores();
    assert_eq!(before.len(), 2);
    assert_eq!(list(0).out, first);
    assert_eq!(stores(), before);

    let place = root.join("dt=2026-11-20/identifier=n7");
    let whole = fs::read(&files(&root)[0]).unwrap();
    let mut torn = whole.clone();
    torn[100..2000].fill(0xa5);
    fs::write(place.join("metrics-torn.parquet"), torn).unwrap();
    let ran = list(0);
    assert_eq!(ran.out, first);
    assert!(ran.err.contains("metrics-torn.parquet: a recording by others"), "{}", ran.err);
    assert_eq!(stores(), before);

    let ran = run(&cache, &["verify", text]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert_eq!(ran.out.lines().filter(|l| l.starts_with("note: ") && l.contains("by others")).count(), 2);

    // Without a place for caches it says what to do.
    let ran = run(Path::new("/proc/nowhere"), &["subjects", text]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("XDG_CACHE_HOME") && ran.err.lines().count() == 1, "{}", ran.err);
}
