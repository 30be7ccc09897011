//! A recording on one screen, and what repeats in it, without a screen (TUI-6, STU-1).

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(args: &[&str], rec: &Path) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fgm-tui"));
    command.args(args).arg(rec).args(["--tz", "UTC"]).env("XDG_CACHE_HOME", rec.join(".cache"));
    let out = command.output().unwrap();
    let text = String::from_utf8(out.stdout.clone()).unwrap();
    (out, text)
}

fn trouble() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    support::trouble::record(dir.path());
    dir
}

/// Says where a value is not what the schema promises.
fn differs(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let shared = root.pointer(name.trim_start_matches('#')).unwrap();
        return differs(value, shared, root, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = match &schema["type"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    if !types.iter().any(|t| t == kind) {
        return Err(format!("{at} is {kind}, not {types:?}"));
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let mine: Vec<&String> = value.as_object().unwrap().keys().collect();
        let all: Vec<&String> = properties.keys().collect();
        let sorted = |mut v: Vec<&String>| {
            v.sort();
            v.into_iter().cloned().collect::<Vec<_>>()
        };
        if sorted(mine.clone()) != sorted(all.clone())
            || schema["required"].as_array().unwrap().len() != all.len()
        {
            return Err(format!("{at} has {mine:?}, promised are {all:?}"));
        }
        for (name, property) in properties {
            differs(&value[name], property, root, &format!("{at}.{name}"))?;
        }
    }
    for item in value.as_array().into_iter().flatten() {
        differs(item, &schema["items"], root, &format!("{at}[]"))?;
    }
    Ok(())
}

/// TUI-6: the JSON is what the schema in specs promises, field by field.
#[test]
fn the_json_is_as_promised() {
    let dir = trouble();
    let (out, text) = run(&["summary", "--format", "json"], dir.path());
    assert!(out.status.success(), "{out:?}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/summary.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    differs(&json, &schema, &schema, "summary").unwrap();
    for part in ["throttling", "oom_kills", "periods", "changes"] {
        assert!(json[part]["found"].as_u64().unwrap() > 0, "{part}: {json:#}");
    }
    assert_eq!(json["containers"]["seen"], 5);
    assert_eq!(json["cpu"][0]["subject"], "shop/web");
}

/// TUI-6: people see the worst of each kind on one screen.
#[test]
fn people_read_one_screen() {
    let dir = trouble();
    let (out, text) = run(&["summary"], dir.path());
    assert!(out.status.success(), "{out:?}");
    assert!(text.lines().count() <= 50 && text.lines().all(|l| l.chars().count() <= 116), "{text}");
    for expected in [
        "14:46:00 to 15:06:00 (20m), a tick every 1s, by node-1",
        "5 containers, 5 at the end",
        "  shop/web  ",
        "OOM kills (1)",
        "in shop/leaky the kernel killed",
        "batch/greedy was throttled",
        "cpu_usage_millicores of shop/web rose from 199 mcores to 500 mcores",
        "cpu_usage_millicores of batch/greedy repeats every 120 s",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let (out, _) = run(&["summary", "--format", "csv"], dir.path());
    assert_eq!(out.status.code(), Some(2), "{out:?}");
}

/// STU-1: the flag and the command give the same ranking, each time; a selector narrows it; the exit code tells.
#[test]
fn what_repeats_is_ranked() {
    let dir = trouble();
    let (out, all) = run(&["--periodicity", "container", "--format", "csv"], dir.path());
    assert!(out.status.success(), "{out:?}");
    let best = all.lines().nth(1).unwrap();
    assert!(best.starts_with("batch/greedy,"), "{all}");
    for flags in [&["--periodicity", "--format", "csv"][..], &["periodicity", "--format", "csv"]] {
        assert_eq!(run(flags, dir.path()).1, all, "{flags:?}");
    }
    let (_, text) = run(&["--periodicity", "greedy", "--metric", "cpu_usage_millicores"], dir.path());
    assert!(text.contains("120 s") && text.contains("404 mcores") && text.contains("10 of 10"), "{text}");
    let (out, text) = run(&["--periodicity", "shop/calm", "--metric", "cpu_usage_millicores"], dir.path());
    assert_eq!((out.status.code(), text.as_str()), (Some(1), ""), "{text}");
    let (out, text) = run(&["--periodicity", "batch/greedy", "--min-confidence", "1"], dir.path());
    assert_eq!((out.status.code(), text.as_str()), (Some(1), ""), "{text}");
    for wrong in ["2", "nan", "much"] {
        let (out, _) = run(&["--periodicity", "batch/greedy", "--min-confidence", wrong], dir.path());
        assert_eq!(out.status.code(), Some(2), "{wrong}");
    }
    let (out, _) = run(&["--periodicity", "shop/weg"], dir.path());
    let line = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(line.contains("nothing recorded is called or matches shop/weg; shop/web is nearest"), "{line}");
    let (out, _) = run(&["--periodicity", "container", "--metric", "cgroup_procs"], dir.path());
    assert_eq!(out.status.code(), Some(2), "{out:?}");
}
