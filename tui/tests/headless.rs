//! The commands that need no screen, as programs run them: pipes, exit codes, formats.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use support::{START, record, recording, write};

/// What a run of the program has left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn command(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_fgm-tui"));
    c.args(args).env_remove("FGM_DATA").env("TZ", "UTC").stdin(Stdio::null());
    c
}

fn run(args: &[&str]) -> Ran {
    let done = command(args).output().unwrap();
    let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
    Ran { code: done.status.code().unwrap_or(-1), out: text(&done.stdout), err: text(&done.stderr) }
}

fn json(args: &[&str]) -> Vec<Value> {
    let ran = run(&[args, &["--format", "json"]].concat());
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn text(dir: &Path) -> &str {
    dir.to_str().unwrap()
}

/// QRY-3: a question over the tables of the store, in each format; NULL differs from empty, hostile names are harmless.
#[test]
fn sql_in_every_format() {
    let dir = recording();
    let root = text(dir.path());
    let sql = "SELECT container_name, max(memory_current_bytes) AS most FROM containers \
               WHERE container_name IS NOT NULL GROUP BY 1 ORDER BY 2";
    let ran = run(&["sql", sql, root]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(lines[0].starts_with("container_name") && lines[0].ends_with("most"), "{}", ran.out);
    assert!(lines[1].contains("─┼─") && lines.len() > 6, "{}", ran.out);
    assert!(ran.out.contains("\\u202egpj") && !ran.out.contains('\u{202e}'), "{}", ran.out);

    let rows = json(&["sql", sql, root]);
    assert!(rows.iter().any(|r| r["container_name"] == "\u{202e}gpj" && r["most"].as_i64() > Some(0)));
    let csv = run(&["sql", sql, root, "--format", "csv"]).out;
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(csv.starts_with("container_name,most\n"));

    let file = dir.path().join("answer.parquet");
    let ran = run(&["sql", sql, root, "--format", "parquet", "-o", text(&file)]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(
        fs::read_dir(dir.path())
            .unwrap()
            .flatten()
            .all(|e| !e.file_name().to_string_lossy().ends_with(".tmp"))
    );
    let ran = run(&["sql", sql, root, "--format", "parquet"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("-o FILE"), "{}", ran.err);
}

/// QRY-3: what SQL sees is what was recorded, sealed or still open; events too.
#[test]
fn sql_sees_files_and_open_segments() {
    let dir = tempfile::tempdir().unwrap();
    let writer = write(dir.path(), START, 100);
    let root = text(dir.path());
    let count = |sql: &str| json(&["sql", sql, root])[0]["n"].as_i64();
    assert_eq!(count("SELECT count(*) AS n FROM containers WHERE cgroup_path = '/kubepods/0'"), Some(100));
    assert_eq!(count("SELECT count(*) AS n FROM cpus"), Some(200));
    assert_eq!(count("SELECT count(*) AS n FROM events"), Some(0));
    let tables = run(&["sql", "SHOW TABLES", root, "--format", "csv"]).out;
    for t in ["containers", "processes", "node", "events", "identities", "samples"] {
        assert!(tables.contains(&format!(",{t},")), "{tables}");
    }
    support::finish(writer, START);
    assert_eq!(count("SELECT count(*) AS n FROM containers WHERE cgroup_path = '/kubepods/0'"), Some(100));
}

/// STO-1, QRY-3: the partitions of the directories are columns, as DuckDB users have them; a filter on them holds.
#[test]
fn partitions_are_columns() {
    let dir = recording();
    let root = text(dir.path());
    let one = &json(&["sql", "SELECT dt, identifier, count(*) AS n FROM node GROUP BY 1, 2", root])[0];
    assert_eq!(
        (&one["dt"], &one["identifier"], &one["n"]),
        (&"2026-11-20".into(), &"node-1".into(), &280.into())
    );
    let count = |filter: &str| {
        json(&["sql", &format!("SELECT count(*) AS n FROM node WHERE {filter}"), root])[0]["n"].as_i64()
    };
    assert_eq!(count("dt = '2026-11-20' AND identifier = 'node-1'"), Some(280));
    assert_eq!(count("dt > DATE '2026-11-20'"), Some(0));
    assert_eq!(count("dt >= '2026-11-20' AND dt < '2026-11-21'"), Some(280));
    assert_eq!(count("identifier LIKE 'node-2%'"), Some(0));
}

/// QRY-3: the long view has the same values as the wide tables, and nothing where there is none.
#[test]
fn samples_are_the_wide_values() {
    let dir = recording();
    let root = text(dir.path());
    let wide = json(&[
        "sql",
        "SELECT time, pids_current AS value FROM containers WHERE container_name = 'indexer' \
         AND pids_current IS NOT NULL ORDER BY time",
        root,
    ]);
    let long = json(&[
        "sql",
        "SELECT time, value FROM samples WHERE metric = 'pids_current' AND container_name = 'indexer' ORDER BY time",
        root,
    ]);
    assert_eq!(wide.len(), long.len());
    assert_eq!(wide.len(), 300 - 20 - 30 - 20, "absent, unavailable and lost ticks have no value");
    for (w, l) in wide.iter().zip(&long) {
        assert_eq!((&w["time"], w["value"].as_f64()), (&l["time"], l["value"].as_f64()));
    }
    let kinds = json(&[
        "sql",
        "SELECT table_name, metric, kind, unit, count(*) AS n FROM samples \
         WHERE metric IN ('cpu_usage_usec_total', 'cpu_usage_millicores') GROUP BY 1, 2, 3, 4 ORDER BY 2",
        root,
    ]);
    let all: Vec<_> =
        kinds.iter().map(|k| (k["metric"].as_str(), k["kind"].as_str(), k["unit"].as_str())).collect();
    assert_eq!(
        all,
        [
            (Some("cpu_usage_millicores"), Some("gauge"), Some("millicores")),
            (Some("cpu_usage_usec_total"), Some("counter"), Some("usec")),
        ]
    );
    let plan = run(&["sql", "EXPLAIN SELECT value FROM samples WHERE metric = 'pids_current'", root]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    // A label that no container has, and one that only processes have: both are answered without an error.
    assert_eq!(run(&["sql", "SELECT * FROM samples WHERE pid = 1", root]).code, 1);
}

/// QRY-3: the examples of `--help` run.
#[test]
fn the_examples_run() {
    let dir = recording();
    let help = run(&["sql", "--help"]).out;
    let examples: Vec<&str> = help
        .lines()
        .map(str::trim)
        .filter_map(|l| l.strip_prefix("fgm-tui sql ")?.split('"').nth(1))
        .collect();
    assert_eq!(examples.len(), 3, "{help}");
    for sql in examples {
        let ran = run(&["sql", sql, text(dir.path())]);
        // There are no events here.
        assert!(ran.code <= 1 && ran.err.is_empty(), "{sql}: {}", ran.err);
    }
}

/// QRY-3: a mistake is one line with the nearest name, exit code 2; only questions are answered.
#[test]
fn sql_mistakes() {
    let dir = recording();
    let root = text(dir.path());
    let out = dir.path().join("stolen.csv");
    let copy = format!("COPY (SELECT 1) TO '{}'", out.display());
    let external = "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'";
    let only = "only questions are answered";
    for (sql, said) in [
        ("SELECT memory_curent_bytes FROM containers", "memory_current_bytes is nearest"),
        ("SELECT threads FROM containers", "it is in the table processes"),
        ("SELECT 1 FROM container", "containers is nearest"),
        ("SELECT 1 FROM '/etc/passwd'", "there is no table"),
        ("SELECT aproxdistinct(time) FROM node", "there is no function aproxdistinct"),
        ("SELEC 1", "syntax: "),
        ("SELECT 1; SELECT 2", "one statement"),
        (external, only),
        (copy.as_str(), only),
        ("INSERT INTO node SELECT * FROM node", only),
        ("CREATE TABLE x AS SELECT 1", only),
        ("DROP TABLE node", only),
        ("SET datafusion.execution.batch_size = 1", only),
        ("EXPLAIN ANALYZE INSERT INTO node SELECT * FROM node", only),
        ("", "No SQL statements"),
    ] {
        let ran = run(&["sql", sql, root]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{sql}: {}", ran.err);
        assert!(ran.err.contains(said) && ran.err.lines().count() == 1, "{sql}: {}", ran.err);
    }
    assert!(!out.exists());
}

/// QRY-3: no statement takes the program down, however deep or long.
#[test]
fn hostile_statements_are_refused() {
    let dir = recording();
    let root = text(dir.path());
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    let long = format!("SELECT 1{}", " + tick_no".repeat(300));
    let long = format!("{long} AS n FROM node LIMIT 1");
    let or = format!("SELECT count(*) FROM node WHERE tick_no = 0{}", " OR tick_no = 1".repeat(300));
    let select = format!("{}SELECT 1{}", "SELECT * FROM (".repeat(2000), ")".repeat(2000));
    let huge = format!("SELECT '{}'", "x".repeat(70_000));
    for (sql, fine) in [(deep, false), (long, true), (or, true), (select, false), (huge, false)] {
        let ran = run(&["sql", &sql, root]);
        let start: String = sql.chars().take(40).collect();
        assert_eq!(ran.code, if fine { 0 } else { 2 }, "{start}: {}", ran.err);
        assert!(ran.err.lines().count() <= 1, "{start}: {}", ran.err);
    }
}

/// QRY-2: buckets hold what was recorded; JSON and CSV name every label, gaps say why.
#[test]
fn query_gives_buckets() {
    let dir = recording();
    let root = text(dir.path());
    let args = ["query", "cpu_usage_millicores", root, "--include", "name:proxy", "--columns", "30"];
    let rows = json(&args);
    assert_eq!(rows.iter().map(|r| r["count"].as_i64().unwrap()).sum::<i64>(), 280);
    let spike = rows.iter().find(|r| r["max"].as_f64() == Some(1900.0)).unwrap();
    assert_eq!(spike["time"], "2026-11-20T14:49:20Z");
    assert_eq!((&spike["pod_name"], &spike["unit"]), (&"checkout".into(), &"millicores".into()));
    let gap = rows.iter().find(|r| !r["gap"].is_null()).unwrap();
    assert_eq!((&gap["time"], &gap["gap"]), (&"2026-11-20T14:48:20Z".into(), &"recorder_down".into()));
    let csv = run(&[&args[..], &["--format", "csv"]].concat()).out;
    assert_eq!(csv.lines().count(), rows.len() + 1);

    let raw = json(&["query", "cpu_usage_millicores", root, "--include", "name:proxy", "--raw"]);
    let wide = json(&[
        "sql",
        "SELECT time, cpu_usage_millicores AS v FROM containers WHERE container_name = 'proxy' ORDER BY time",
        root,
    ]);
    let pairs =
        |rows: &[Value], v: &str| rows.iter().map(|r| (r["time"].clone(), r[v].as_f64())).collect::<Vec<_>>();
    assert_eq!(pairs(&raw, "value"), pairs(&wide, "v"));
    let gaps: Vec<_> = raw.iter().filter(|r| !r["gap"].is_null()).map(|r| &r["gap"]).collect();
    assert_eq!(gaps, ["recorder_down"]);

    let range = ["--range", "14:46..14:46:10"];
    let few = json(&[&args[..], &range].concat());
    assert_eq!(few.iter().map(|r| r["count"].as_i64().unwrap()).sum::<i64>(), 10);
    let last = json(&[&args[..], &["--range", "-30s.."]].concat());
    assert_eq!(last.iter().map(|r| r["count"].as_i64().unwrap()).sum::<i64>(), 30);
    let rate = json(&["query", "cpu_usage_usec_total", root, "--include", "name:proxy", "--range", "-30s.."]);
    assert!(rate.iter().all(|r| r["mean"].as_f64() == Some(200_000.0) && r["unit"] == "usec/s"));
    let people =
        run(&["query", "cpu_usage_millicores", root, "--include", "name:proxy", "--tz", "Europe/Berlin"]);
    assert!(
        people.out.contains("checkout/proxy") && people.out.contains("T15:46:00+01:00"),
        "{}",
        people.out
    );
}

/// QRY-2: nothing found is 1, wrong use 2, unreadable input 3, each with one line.
#[test]
fn exit_codes() {
    let dir = recording();
    let root = text(dir.path());
    for (args, code, said) in [
        (&["query", "cpu_usage_millicores", root, "--include", "name:nobody"][..], 1, ""),
        (&["query", "cpu_usage_milicores", root], 2, "cpu_usage_millicores is nearest"),
        (&["query", root], 2, "name a metric"),
        (&["query", "pids_current", root, "--range", "tomorrow"], 2, "give A..B"),
        (&["top", "pids_current", root, "--range", "-1m..-2m"], 2, "before it begins"),
        (&["subjects", root, "--table", "container"], 2, "containers is nearest"),
        (&["subjects", root, "--include", "bogus:x"], 2, "the keys are"),
        (&["subjects", "/nowhere/at/all"], 3, "no such file"),
        (&["sql", "SELECT 1", "/nowhere/at/all"], 3, "no such file"),
        (&["sql", "SELECT * FROM processes", root], 1, ""),
    ] {
        let ran = run(args);
        assert_eq!(ran.code, code, "{args:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(said), "{args:?}: {}", ran.err);
    }
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(&["subjects", text(empty.path())]).code, 1);
    let ran = command(&["subjects", "--format", "csv"]).env("FGM_DATA", root).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "paths default as the viewer's");
}

/// QRY-1, QRY-2: who was there, and who had the most.
#[test]
fn subjects_and_top() {
    let dir = recording();
    let root = text(dir.path());
    let all = json(&["subjects", root]);
    assert_eq!(all.len(), 9);
    let one = all.iter().find(|s| s["container_name"] == "indexer").unwrap();
    assert_eq!(
        (&one["subject"], &one["first_seen"]),
        (&"search/indexer".into(), &"2026-11-20T14:46:00.003Z".into())
    );
    assert_eq!(json(&["subjects", root, "--include", "kind:container", "--exclude", "search"]).len(), 6);
    assert_eq!(json(&["subjects", root, "--table", "cpus"]).len(), 2);

    let top = |by| json(&["top", "cpu_usage_millicores", root, "--by", by, "-n", "2"]);
    let first = |by| top(by)[0]["subject"].as_str().unwrap().to_owned();
    assert_eq!(first("mean"), "8");
    assert_eq!(first("max"), "checkout/proxy");
    assert_eq!(top("max")[0]["max"], 1900.0);
    assert_eq!(top("last").len(), 2);
}

/// QRY-5: bad files are named on standard error, some of them, and the rest answers.
#[test]
fn bad_files_are_named() {
    let dir = recording();
    let place = dir.path().join("containers/dt=2026-11-20/identifier=node-1");
    for n in 0..15 {
        fs::write(place.join(format!("bad{n:02}.parquet")), "PAR1 no").unwrap();
    }
    let ran = run(&["subjects", text(dir.path())]);
    assert_eq!(ran.code, 0);
    assert_eq!(ran.err.lines().count(), 11, "{}", ran.err);
    assert!(ran.err.contains("bad00.parquet") && ran.err.contains("and 5 more"), "{}", ran.err);
}

/// TUI-1: a reader that has seen enough ends the program quietly.
#[test]
fn a_closed_pipe_ends_quietly() {
    let dir = recording();
    let sql = "SELECT a.time FROM containers a CROSS JOIN containers b";
    let mut child = command(&["sql", sql, text(dir.path()), "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "time\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}

/// QRY-3: Ctrl-C calls a query off, and leaves no half-written file.
#[test]
fn an_interrupt_cancels() {
    let dir = recording();
    let file = dir.path().join("answer.csv");
    let sql =
        "SELECT count(*) FROM containers a, containers b, containers c, containers d WHERE a.time < d.time";
    let mut child = command(&["sql", sql, text(dir.path()), "--format", "csv", "-o", text(&file)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    // SAFETY: the child is ours and has not been waited for.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGINT) };
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "fgm-tui: cancelled\n");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|n| !n.to_string_lossy().contains("answer")), "{left:?}");
}

/// TUI-1: a directory that is named like a command is opened as `./sql`.
#[test]
fn a_path_named_like_a_command() {
    let dir = tempfile::tempdir().unwrap();
    record(&dir.path().join("sql"), START, 5);
    let done = command(&["./sql"]).current_dir(dir.path()).output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(err.contains("is not a terminal"), "{err}");
}

/// QRY-6: a whole recording is fine; what is damaged, doubled or left over is found and named.
#[test]
fn verify_finds_what_is_wrong() {
    let dir = recording();
    let root = text(dir.path());
    let ran = run(&["verify", root]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("20 ticks lost") && ran.out.contains("0 problems"), "{}", ran.out);

    let place = dir.path().join("containers/dt=2026-11-20/identifier=node-1");
    let mut files: Vec<_> = fs::read_dir(&place).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    // The same rows once more under another name; a page turned to noise; a footer cut off; a temporary file.
    fs::copy(&files[0], place.join("twice.parquet")).unwrap();
    let mut bytes = fs::read(&files[1]).unwrap();
    bytes[200..400].fill(0xa5);
    fs::write(&files[1], &bytes).unwrap();
    let whole = fs::read(&files[2]).unwrap();
    fs::write(&files[2], &whole[..whole.len() - 10]).unwrap();
    fs::write(place.join(".x.parquet.tmp"), "").unwrap();
    let ran = run(&["verify", root]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    let line = |name: &str| ran.out.lines().filter(|l| l.contains(name)).collect::<Vec<_>>().join("\n");
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    assert!(line("twice.parquet").contains("rows stand in"), "{}", ran.out);
    assert!(line(&name(&files[1])).starts_with("problem: "), "{}", ran.out);
    assert!(line(&name(&files[2])).contains("not a whole Parquet file"), "{}", ran.out);
    assert!(line(".x.parquet.tmp").starts_with("note: "), "{}", ran.out);
    let report: Value = serde_json::from_str(&run(&["verify", root, "--format", "json"]).out).unwrap();
    assert_eq!(report["summary"]["unreadable"], 2);
    assert_eq!(report["findings"].as_array().unwrap().len(), 4, "{report}");
    assert_eq!(run(&["verify", text(&files[2])]).code, 3);
}

/// TUI-3, TUI-6: sums of groups tick by tick; how many members had a value stands beside them, nothing is counted
/// twice, and nobody's name is a group too.
#[test]
fn sums_of_groups() {
    let dir = recording();
    let root = text(dir.path());
    let whose =
        |args: &[&str]| json(&[&["query", "cpu_usage_millicores", "--columns", "5"], args, &[root]].concat());
    let sums = whose(&["--sum-by", "pod"]);
    let of = |rows: &[Value], column: &str, name: &str, value: &str| -> Vec<f64> {
        rows.iter().filter(|r| r[column] == name).map(|r| r[value].as_f64().unwrap()).collect()
    };
    let app = of(&whose(&["--subject", "checkout/app"]), "subject", "checkout/app", "mean");
    let proxy = of(&whose(&["--subject", "checkout/proxy"]), "subject", "checkout/proxy", "mean");
    let both = of(&sums, "group", "checkout", "mean");
    assert_eq!(both.len(), 5);
    for ((a, b), sum) in app.iter().zip(&proxy).zip(&both) {
        assert!((a + b - sum).abs() < 1e-9, "{a} + {b} = {sum}");
    }
    let search = |value: &str| of(&sums, "group", "search", value);
    assert_eq!(search("members"), [2.0; 5]);
    assert_eq!(search("members_least"), [2.0, 1.0, 2.0, 2.0, 2.0]);
    assert_eq!(search("members_most"), [2.0; 5]);
    let gaps = sums.iter().filter(|r| r["group"] == "search" && r["gap"] == "recorder_down").count();
    assert_eq!(gaps, 1, "it is a sum of whoever is there, and of nobody while nothing was recorded");

    let all = json(&["top", "memory_current_bytes", "--sum-by", "all", root]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0]["members"].as_i64(), &all[0]["group"]),
        (Some(8), &Value::Null),
        "the slice holds them"
    );
    let names = json(&["top", "memory_current_bytes", "--sum-by", "container", "-n", "1", root]);
    assert_eq!((names[0]["group"].as_str(), names[0]["members"].as_i64()), (Some("コンテナ"), Some(1)));
    let svg = run(&["export", "memory_current_bytes", "--sum-by", "pod", "--format", "svg", root]).out;
    assert!(
        svg.contains("search (1–2 of 2)") && svg.contains("sum by pod") && svg.contains("checkout (2)"),
        "{svg}"
    );
    let csv = run(&["export", "memory_current_bytes", "--sum-by", "pod", "--columns", "5", root]).out;
    assert!(csv.starts_with("metric,group,") && csv.lines().count() == 31, "{csv}");
    let people = run(&["top", "memory_current_bytes", "--sum-by", "namespace", root]).out;
    assert!(people.contains("(no namespace)"), "{people}");
}

/// TUI-3, TUI-6: what has no sum, or no such groups, is refused in one line.
#[test]
fn sums_that_say_nothing_are_refused() {
    let dir = recording();
    let root = text(dir.path());
    for (args, why) in [
        (
            ["query", "memory_percent_of_limit", "--sum-by", "pod", root],
            "shares of different things do not add up",
        ),
        (["top", "node.load1", "--sum-by", "node", root], "it is an average or a pure number"),
        (["top", "cpus.cpu_user_usec_total", "--sum-by", "pod", root], "--sum-by all adds all of them"),
        (["export", "cpu_usage_millicores", "--sum-by", "pod", root], "give --columns N beside --sum-by"),
    ] {
        let ran = run(&args);
        assert_eq!((ran.code, ran.err.lines().count()), (2, 1), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}
