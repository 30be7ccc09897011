//! The program as users meet it: exit codes, messages, signals, and what it is built of.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, also in its helpers

mod common;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::FakeHost;

fn recorder() -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_fgm-recorder"));
    c.env_remove("RUST_LOG").env_remove("POD_NAME").env_remove("NODE_NAME").env("NO_COLOR", "1");
    c
}

fn error(out: &Output) -> String {
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text
}

/// REC-9: what cannot work is said in one line that names the thing, with the right exit code.
#[test]
fn bad_input_is_one_clear_line() {
    let tmp = tempfile::tempdir().unwrap();
    let file = tmp.path().join("file");
    std::fs::write(&file, "").unwrap();
    let out = file.join("sub");
    let run = |args: &[&str]| recorder().args(args).output().unwrap();
    let o = run(&["-o", out.to_str().unwrap(), "--duration", "1s"]);
    assert_eq!(o.status.code(), Some(1), "{}", error(&o));
    assert!(error(&o).contains("sub"), "{}", error(&o));
    let line = error(&o).lines().find(|l| l.starts_with("fgm-recorder:")).map(str::to_owned).unwrap();
    assert_eq!(line.matches("os error").count(), 1, "{line}");
    let o = run(&["--cgroup-root", "/nonexistent", "-o", tmp.path().to_str().unwrap()]);
    assert_eq!(o.status.code(), Some(1));
    assert!(error(&o).contains("/nonexistent") && error(&o).contains("--cgroup-root"), "{}", error(&o));
    let o = run(&["--proc-root", "/nonexistent", "-o", tmp.path().to_str().unwrap()]);
    assert_eq!(o.status.code(), Some(1));
    assert!(error(&o).contains("--proc-root"), "{}", error(&o));
    for (flag, value) in
        [("--interval", "50ms"), ("--interval", "soon"), ("--rotation", "10ms"), ("--max-bytes", "x")]
    {
        let o = run(&["-o", tmp.path().to_str().unwrap(), flag, value]);
        assert_eq!(o.status.code(), Some(2), "{flag} {value}: {}", error(&o));
        assert!(error(&o).contains(&flag[2..]), "{}", error(&o));
    }
}

/// REC-9: settings come from flag, environment and file; what is wrong in one of them is said in one line.
#[test]
fn settings_in_file_and_environment() {
    let tmp = tempfile::tempdir().unwrap();
    let file = tmp.path().join("settings.toml");
    let run = |text: &str, env: &[(&str, &str)], args: &[&str]| {
        std::fs::write(&file, text).unwrap();
        recorder().arg("--config").arg(&file).args(args).envs(env.iter().copied()).output().unwrap()
    };
    let o =
        run("interval = \"2s\"\nrotation = \"3m\"", &[("FGM_ROTATION", "4m")], &["--scope=all", "config"]);
    let printed = String::from_utf8(o.stdout).unwrap();
    for line in ["interval = \"2s\"", "rotation = \"4m\"", "scope = \"all\"", "# max-bytes = \"1GiB\""] {
        assert!(printed.lines().any(|l| l == line), "{line}: {printed}");
    }
    let name = |env: &[(&str, &str)]| {
        let o = run("identifier = \"file\"", env, &["config"]);
        let printed = String::from_utf8(o.stdout).unwrap();
        printed.lines().find_map(|l| l.strip_prefix("identifier = ").map(str::to_owned)).unwrap()
    };
    assert_eq!(name(&[("POD_NAME", "")]), "\"file\"", "an empty variable counts as not set");
    assert_eq!(name(&[("POD_NAME", "pod")]), "\"pod\"");
    assert_eq!(name(&[("POD_NAME", "pod"), ("FGM_IDENTIFIER", "mine")]), "\"mine\"");
    let o = run("interval = \"2s\"\nmax-byte = 5\n", &[], &[]);
    assert_eq!(o.status.code(), Some(2));
    assert!(error(&o).contains("settings.toml:2: there is no setting max-byte; did you mean max-bytes?"));
    assert_eq!(error(&o).lines().count(), 1, "{}", error(&o));
    let o = run("", &[("FGM_INTERVAL", "soon")], &[]);
    assert_eq!((o.status.code(), error(&o).lines().count()), (Some(2), 1), "{}", error(&o));
    assert!(error(&o).contains("FGM_INTERVAL=soon"), "{}", error(&o));
}

/// REC-9: with `--log-format json` every line on stderr is one JSON object, the last words too.
#[test]
fn log_lines_for_machines() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    let out = tempfile::tempdir().unwrap();
    let run = |filter: &str, more: &[&str]| {
        let mut c = recorder();
        c.args(["--log-format", "json", "--interval", "100ms", "--duration", "500ms", "-o"]).arg(out.path());
        c.env("FGM_CGROUP_ROOT", h.cgroup_root()).env("FGM_PROC_ROOT", h.dir.path().join("proc"));
        error(&c.args(more).env("RUST_LOG", filter).output().unwrap())
    };
    let lines = |text: &str| -> Vec<(String, String)> {
        let json = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
        json.map(|v| (v["level"].as_str().unwrap().to_owned(), v["message"].as_str().unwrap().to_owned()))
            .collect()
    };
    let all = lines(&run("", &[]));
    assert!(
        all.iter().any(|(level, text)| level == "INFO" && text.starts_with("recording 1 subjects")),
        "{all:?}"
    );
    assert_eq!(lines(&run("off", &[])), []);
    let all = lines(&run("off", &["--cgroup-root", "/nonexistent"]));
    assert!(all.len() == 1 && all[0].0 == "ERROR" && all[0].1.contains("/nonexistent"), "{all:?}");
    let all = lines(&run("no=such=level", &[]));
    assert!(all[0].0 == "WARN" && all[0].1.contains("RUST_LOG"), "{all:?}");
}

fn files(dir: &Path, out: &mut Vec<String>) {
    for e in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if e.path().is_dir() {
            files(&e.path(), out);
        } else {
            out.push(e.path().strip_prefix(dir).unwrap_or(&e.path()).display().to_string());
        }
    }
}

/// STO-6: a signal ends the recording in order: everything sealed, manifest closed, exit 0.
#[test]
fn sigterm_is_a_clean_finish() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    for signal in ["TERM", "INT"] {
        let out = tempfile::tempdir().unwrap();
        let mut child = recorder()
            .args(["--interval", "100ms", "--identifier", "me", "-o"])
            .arg(out.path())
            .arg("--cgroup-root")
            .arg(h.cgroup_root())
            .arg("--proc-root")
            .arg(h.dir.path().join("proc"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(800));
        let kill =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let began = Instant::now();
        let status = child.wait().unwrap();
        assert!(began.elapsed() < Duration::from_secs(5));
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(status.code(), Some(0), "{text}");
        assert!(text.contains("recording 1 subjects") && text.contains("scope all"), "{text}");
        let mut all = Vec::new();
        files(out.path(), &mut all);
        assert!(all.iter().any(|f| f.ends_with(".parquet")), "{all:?}");
        assert!(!all.iter().any(|f| f.contains(".seg")), "{all:?}");
        let session = std::fs::read_dir(out.path())
            .unwrap()
            .flatten()
            .find(|e| e.file_name().to_string_lossy().starts_with("session-me-"))
            .unwrap();
        let manifest: serde_json::Value =
            serde_json::from_slice(&std::fs::read(session.path()).unwrap()).unwrap();
        assert!(manifest["end"].is_string() && manifest["facts"]["cgroup_mode"] == "v2", "{manifest}");
    }
}

/// REC-6: the threads that have time step back, by CPU and by IO; the sampler does not.
#[test]
fn background_threads_step_back() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    let out = tempfile::tempdir().unwrap();
    let mut child = recorder()
        .args(["--interval", "100ms", "-o"])
        .arg(out.path())
        .env("FGM_CGROUP_ROOT", h.cgroup_root())
        .env("FGM_PROC_ROOT", h.dir.path().join("proc"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first tick has been written: all threads have begun.
    let deadline = Instant::now() + Duration::from_secs(30);
    let open = out.path().join(".open");
    while !std::fs::read_dir(&open).is_ok_and(|d| d.flatten().any(|e| e.path().extension().is_some())) {
        assert!(Instant::now() < deadline, "nothing is written");
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut threads = std::collections::HashMap::new();
    for task in std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().flatten() {
        let tid: libc::c_int = task.file_name().to_str().unwrap().parse().unwrap();
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap();
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        let nice: i32 = rest.split_whitespace().nth(16).unwrap().parse().unwrap();
        // SAFETY: the call takes numbers only.
        let io = unsafe { libc::syscall(libc::SYS_ioprio_get, 1, tid) };
        threads.insert(name.to_owned(), (nice, io));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (nice, io) = threads["fgm-recorder"];
    for name in ["fgm-writer", "fgm-sealer", "fgm-identify"] {
        assert_eq!(threads[name], ((nice + 5).min(19), 2 << 13 | 7), "{name}: {threads:?}");
    }
    assert_ne!(io, 2 << 13 | 7, "{threads:?}");
}

/// STO-5: the manifest tells every setting of its run, those that were set and those that were not.
#[test]
fn the_manifest_holds_all_settings() {
    let h = FakeHost::new();
    h.cgroup("cgroup.controllers", "");
    h.cgroup("cgroup.procs", "1\n");
    h.process(1, "init", 5, 0);
    let out = tempfile::tempdir().unwrap();
    let o = recorder()
        .args(["--interval", "100ms", "--duration", "300ms", "--max-bytes", "2GiB", "--retention", "7d"])
        .args(["--on-full", "drop-oldest", "--processes", "top:50", "--max-fds", "77", "--pss-budget", "3ms"])
        .args(["--exclude", "ns:kube-system", "--omit-cmdline", "-o"])
        .arg(out.path())
        .env("FGM_CGROUP_ROOT", h.cgroup_root())
        .env("FGM_PROC_ROOT", h.dir.path().join("proc"))
        .output()
        .unwrap();
    assert!(o.status.success(), "{}", error(&o));
    let entries = std::fs::read_dir(out.path()).unwrap().flatten();
    let manifest = entries.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    for (name, value) in [
        ("max_bytes", serde_json::json!(2u64 << 30)),
        ("on_full", "drop-oldest".into()),
        ("retention_seconds", 604_800.0.into()),
        ("rotation_seconds", 90.0.into()),
        ("sync_seconds", 10.0.into()),
        ("duration_seconds", 0.3.into()),
        ("processes", "top:50".into()),
        ("max_fds", 77.into()),
        ("pss_budget_usec", 3000.into()),
        ("include", serde_json::json!([])),
        ("exclude", serde_json::json!(["ns:kube-system"])),
        ("omit_cmdline", true.into()),
        ("verbose_perf_risk", false.into()),
        ("host_root", "/".into()),
        ("output_dir", out.path().to_str().unwrap().into()),
    ] {
        assert_eq!(manifest["facts"][name], value, "{name}: {manifest:#}");
    }
    // Every option of the command line that is not told elsewhere in the manifest, or is not about the recording.
    let printed = String::from_utf8(recorder().arg("config").output().unwrap().stdout).unwrap();
    let told = manifest["facts"].as_object().unwrap();
    for line in printed.lines().filter_map(|l| l.trim_start_matches("# ").split_once(" = ")) {
        let name = line.0.replace('-', "_");
        let elsewhere = ["interval", "identifier", "node_name", "cluster_name", "log_format"];
        assert!(
            elsewhere.contains(&name.as_str()) || told.keys().any(|k| k.starts_with(&name)),
            "{name} is not told: {told:?}"
        );
    }
}

/// DESIGN: the recorder never depends on DataFusion.
#[test]
fn no_datafusion_inside() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "-p", "fgm-recorder", "-e", "normal", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.status.success() && text.contains("parquet"), "{}", String::from_utf8_lossy(&tree.stderr));
    assert!(!text.contains("datafusion"), "{text}");
}
