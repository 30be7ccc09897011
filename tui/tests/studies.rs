//! The studies as commands, over a recording of a node in trouble.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use fgm::time::SECOND;
use serde_json::Value;
use support::trouble::{KILL, STEP};
use tempfile::TempDir;

static TROUBLE: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    support::trouble::record(dir.path());
    dir
});

fn run(args: &[&str]) -> Output {
    let mut c = Command::new(env!("CARGO_BIN_EXE_fgm-tui"));
    c.args(args).arg(TROUBLE.path()).env_remove("FGM_DATA").env("TZ", "UTC").stdin(Stdio::null());
    c.output().unwrap()
}

fn text(args: &[&str]) -> String {
    let done = run(args);
    assert_eq!(done.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    assert!(done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn json(args: &[&str]) -> Vec<Value> {
    serde_json::from_str(&text(&[args, &["--format", "json"]].concat())).unwrap()
}

/// The tick of a time as JSON has it.
fn tick(time: &Value) -> i64 {
    let at: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    (at.as_microsecond() - support::START) / SECOND
}

/// STU-2, TUI-6: the step is found where it is, with levels, unit and a sentence; what did not change is not named.
#[test]
fn changes() {
    let all = json(&["changes"]);
    let of = |subject: &str, metric: &str| {
        all.iter().filter(|c| c["subject"] == subject && c["metric"] == metric).collect::<Vec<_>>()
    };
    let web = of("shop/web", "cpu_usage_millicores");
    assert_eq!(web.len(), 1, "{all:#?}");
    assert!((tick(&web[0]["time"]) - STEP).abs() <= 2, "{}", web[0]);
    assert!((web[0]["before"].as_f64().unwrap() - 200.0).abs() < 10.0, "{}", web[0]);
    assert_eq!((&web[0]["unit"], &web[0]["at_gap"]), (&"millicores".into(), &0.into()));
    assert!(!all.iter().any(|c| c["subject"] == "shop/calm"), "{all:#?}");
    assert!(!of("shop/leaky", "memory_stat_anon_bytes").is_empty(), "{all:#?}");

    let told = text(&["changes", "--include", "name:web", "--tz", "Europe/Berlin"]);
    assert!(
        told.starts_with("cpu_usage_millicores of shop/web rose from 199 mcores to 500 mcores (+301"),
        "{told}"
    );
    assert!(told.contains(" mcores) at 15:56:0"), "{told}");
    assert_eq!(text(&["changes", "--top", "1"]).lines().count(), 1);
    let csv = text(&["changes", "--format", "csv", "--range", "..15:00"]);
    assert!(csv.starts_with("subject,node_name,namespace,"), "{csv}");
}

/// STU-3, TUI-6: the leak is found with slope and the time to its limit; what is killed later is no leak afterwards.
#[test]
fn leaks() {
    let range = ["leaks", "--range", "..15:04"];
    let all = json(&range);
    assert_eq!(all.len(), 1, "{all:#?}");
    let leak = &all[0];
    assert_eq!((&leak["subject"], &leak["metric"]), (&"shop/leaky".into(), &"memory_stat_anon_bytes".into()));
    let slope = leak["slope_per_second"].as_f64().unwrap();
    assert!((slope / 1_048_576.0 - 0.3).abs() < 0.01, "{leak}");
    // 180 + 0.3 × 1080 = 504 MiB at 15:04, 8 left.
    let left = leak["seconds_to_limit"].as_f64().unwrap();
    assert!((20.0..80.0).contains(&left), "{leak}");
    let told = text(&range);
    assert!(told.contains("iB an hour (") && told.contains("limit of 512 MiB at 15:04:"), "{told}");
    let calm = run(&["leaks", "--include", "name:calm"]);
    assert_eq!((calm.status.code(), calm.stdout.as_slice()), (Some(1), &b""[..]));
}

/// STU-4, TUI-6: who follows is found with lag and sign among all pairs; a question about one metric is answered from
/// its side.
#[test]
fn correlations() {
    let all = json(&["correlate", "--with", "io_write_bytes_total", "--of", "name:db"]);
    let link = &all[0];
    assert_eq!((&link["subject_a"], &link["subject_b"]), (&"shop/db".into(), &"shop/web".into()), "{all:#?}");
    assert_eq!(link["b_follows_a_seconds"].as_f64(), Some(-4.0), "{link}");
    assert!(link["r"].as_f64() > Some(0.5) && link["false_discovery_rate"].as_f64() < Some(0.01), "{link}");
    let told = text(&["correlate"]);
    assert!(told.contains("by 4 s, in the same direction (r = +0."), "{told}");
    assert!(!told.contains("shop/calm"), "{told}");
    let wrong = run(&["correlate", "--with", "cpu_usage_milicores"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(2), "{said}");
    assert!(said.contains("cpu_usage_millicores is nearest"), "{said}");
}

/// STU-5, TUI-6: the kill is explained: victim, usage against limit, kind, process, what warned.
#[test]
fn oom() {
    let all = json(&["oom"]);
    assert_eq!(all.len(), 1);
    let kill = &all[0];
    assert_eq!(tick(&kill["time"]), KILL);
    assert_eq!((&kill["subject"], &kill["victim"]), (&"shop/leaky".into(), &"java [77]".into()));
    let list = |name: &str| serde_json::from_str::<Vec<Value>>(kill[name].as_str().unwrap()).unwrap();
    assert_eq!(list("kinds")[0]["name"], "anonymous memory");
    assert_eq!(list("processes")[0]["name"], "java [77]");
    let warned: Vec<_> =
        list("warnings").iter().map(|w| (w["name"].clone(), w["seconds_before"].as_i64())).collect();
    assert_eq!(warned[1], ("tasks stalled on memory".into(), Some(40)), "{warned:?}");
    let told = text(&["oom"]);
    assert!(told.starts_with(
        "in shop/leaky the kernel killed java [77] at 15:04:20 with 518 MiB of its limit of 512 MiB"
    ));
    assert!(told.contains("anonymous memory grew by 89.") && told.contains("steadily by 18."), "{told}");
    assert_eq!(run(&["oom", "--exclude", "name:leaky"]).status.code(), Some(1));
}

/// STU-6, TUI-6: who was throttled, how, and the quota that it would have taken.
#[test]
fn throttling() {
    let all = json(&["throttling"]);
    assert_eq!(all.len(), 1, "{all:#?}");
    let t = &all[0];
    assert_eq!(
        (&t["subject"], &t["pattern"], &t["stretches"]),
        (&"batch/greedy".into(), &"bursts".into(), &10.into())
    );
    let number = |name: &str| t[name].as_f64().unwrap();
    assert!((number("throttled_time_percent") - 8.3).abs() < 0.2, "{t}");
    assert!(
        (number("quota_cores") - 0.5).abs() < 1e-9 && (number("estimated_quota_cores") - 1.5).abs() < 0.05,
        "{t}"
    );
    assert!(text(&["throttling"]).starts_with("batch/greedy was throttled in "), "{t}");
}
