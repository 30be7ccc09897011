//! What is taken out of the viewer leads back to the same numbers and the same view.
#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fgm_tui::app::message::{Effect, Message};
use fgm_tui::keymap::{Code, Key};
use support::pty::Pty;
use support::recording;
use support::session::Session;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fgm-tui");

fn open(dir: &Path) -> Session {
    let mut s = Session::open(dir, 120, 40);
    s.app.paths = vec![dir.to_owned()];
    s
}

/// Opens the list of what can be copied and takes one thing.
fn copied(s: &mut Session, key: char) -> String {
    s.keys("y");
    let effects = s.app.update(Message::Key(Key::char(key)));
    let Some(Effect::Copy(_, text)) = effects.into_iter().next() else { panic!("nothing was copied") };
    text
}

/// Runs a command line as a shell would, with the program of this test.
fn shell(line: &str) -> String {
    let path = Path::new(PROGRAM).parent().unwrap().display().to_string();
    let out = Command::new("/bin/sh").args(["-c", line]).env("PATH", path).output().unwrap();
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// The column of a CSV text.
fn column(csv: &str, name: &str) -> Vec<f64> {
    let at = csv.lines().next().unwrap().split(',').position(|n| n == name).unwrap();
    csv.lines().skip(1).filter_map(|l| l.split(',').nth(at)?.parse().ok()).collect()
}

/// TUI-4, TUI-6: the copied command gives the numbers of the chart, bucket by bucket, whatever subjects are called; the
/// copied SQL gives as many rows as the chart has samples.
#[test]
fn commands_give_the_same_numbers() {
    let dir = recording();
    let mut s = open(dir.path());
    for metric in [None, Some("containers.memory_current_bytes"), Some("node.context_switches_total")] {
        if let Some(metric) = metric {
            s.keys("/");
            s.keys(metric);
            s.key(Code::Enter);
        }
        s.keys("+");
        let picture = s.app.panel().picture.clone().unwrap();
        let buckets =
            || picture.answer.series.iter().flat_map(|(_, b)| b.columns.iter().flatten()).collect::<Vec<_>>();
        let command = copied(&mut s, 'c');
        let csv = shell(&format!("{command} --format csv"));
        let mut wanted: Vec<f64> = buckets().iter().map(|b| b.mean).collect();
        let mut got = column(&csv, "mean");
        wanted.sort_by(f64::total_cmp);
        got.sort_by(f64::total_cmp);
        assert!(!wanted.is_empty());
        assert_eq!(got, wanted, "{command}");
        let sql = copied(&mut s, 's');
        let file = dir.path().join("question.sql");
        std::fs::write(&file, &sql).unwrap();
        let quoted = sql.replace('\'', "'\\''");
        let rows = shell(&format!("fgm-tui sql --format csv '{quoted}' {}", dir.path().display()));
        let samples: u32 = buckets().iter().map(|b| b.count).sum();
        let rows = rows.lines().count() as u32 - 1;
        // A counter's first reading is a row, but no rate.
        assert!(
            rows >= samples && (metric.is_some_and(|m| m.contains("total")) || rows == samples),
            "{rows} {samples}\n{sql}"
        );
    }
}

/// TUI-3, TUI-6: the command copied from a chart of sums gives their numbers, and the link their picture.
#[test]
fn commands_give_the_same_sums() {
    let dir = recording();
    let mut s = open(dir.path());
    s.keys("R+");
    let picture = s.app.panel().sums.clone().unwrap();
    let sums = picture.answer.groups.iter().flat_map(|g| g.buckets.columns.iter().flatten());
    let mut wanted: Vec<f64> = sums.map(|b| b.mean).collect();
    let command = copied(&mut s, 'c');
    let mut got = column(&shell(&format!("{command} --format csv")), "mean");
    wanted.sort_by(f64::total_cmp);
    got.sort_by(f64::total_cmp);
    assert!(!wanted.is_empty());
    assert_eq!(got, wanted, "{command}");
    s.keys("o;");
    let link = copied(&mut s, 'l');
    let printed = shell(&format!("{link} --print --width 100"));
    assert!(printed.contains("sum by pod") && printed.contains("rest (6)"), "{link}\n{printed}");
    assert!(printed.contains("search (") && !printed.contains("frontend ("), "{link}\n{printed}");
}

/// TUI-4: the values at the cursor, as a table.
#[test]
fn values_at_the_cursor() {
    let dir = recording();
    let mut s = open(dir.path());
    s.keys("hhhhh");
    let text = copied(&mut s, 'v');
    let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split('\t').collect()).collect();
    assert_eq!(lines[0], ["time", "metric", "subject", "mean", "min", "max", "unit"]);
    assert!(lines.len() > 3 && lines.iter().all(|l| l.len() == 7), "{text}");
    assert!(lines[1][0].starts_with("2026-11-20T14:") && lines[1][6] == "millicores", "{text}");
    s.keys("n");
    s.keys("y");
    assert!(s.app.update(Message::Key(Key::char('v'))).is_empty());
    assert!(s.screen().contains("nothing is drawn"), "{}", s.screen());
}

fn start(dir: &Path, args: &[&str], state: &Path) -> Pty {
    let args: Vec<&OsStr> =
        args.iter().map(OsStr::new).chain([OsStr::new("--tz"), OsStr::new("UTC"), dir.as_os_str()]).collect();
    Pty::start(PROGRAM, &args, &[("XDG_STATE_HOME", state.to_str().unwrap())], (120, 40))
}

fn picture(p: &Pty) -> String {
    p.until("chart", |s| s.contains("●A") && s.contains("1 dot = ") && !s.contains("loading"))
}

/// What a view is recognised by: window and titles.
fn features(screen: &str) -> Vec<String> {
    let dot = screen.lines().find(|l| l.contains("1 dot = ")).unwrap_or_default();
    let end = dot.find(')').unwrap_or(0);
    let titles = screen.lines().filter(|l| l.contains("containers.")).map(|l| {
        let at = l.find("containers.").unwrap();
        l[at..].split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    });
    let names = screen
        .lines()
        .filter(|l| l.contains("min ") && l.contains("max "))
        .map(|l| l.split_whitespace().skip_while(|w| !w.contains('●')).nth(1).unwrap_or_default().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    std::iter::once(dot[..end].to_owned()).chain(titles).chain(names).collect()
}

/// The same once nothing changes any more.
fn settled(p: &Pty) -> Vec<String> {
    let mut last = Vec::new();
    loop {
        let now = features(&picture(p));
        if now == last && now.len() > 2 {
            return now;
        }
        last = now;
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

/// Makes a view of its own: two panels, two series, zoomed, a cursor.
fn arrange(p: &mut Pty) -> Vec<String> {
    picture(p);
    p.send("n");
    p.send("cindexer\r");
    p.until("indexer", |s| s.contains("▸●A"));
    p.send("cproxy\r");
    p.until("two series", |s| s.contains("▸●B"));
    p.send("pmemcurr\r");
    p.until("two panels", |s| s.contains("2/2"));
    p.send("z++");
    p.until("zoomed and fitted", |s| s.contains("  from "));
    let features = settled(p);
    assert!(features.len() >= 5, "{features:?}\n{}", p.screen());
    features
}

/// TUI-4: the very first session begins with a hint, which a key puts away; the next one does not.
#[test]
fn newcomers_get_a_hint() {
    let (dir, state) = (recording(), tempfile::tempdir().unwrap());
    let mut p = start(dir.path(), &[], state.path());
    p.until_text("? shows all keys, / finds metrics");
    p.send("h");
    p.until("the status line", |s| s.contains("1 dot = ") && !s.contains("shows all keys"));
    p.send("q");
    p.wait();
    let mut p = start(dir.path(), &[], state.path());
    picture(&p);
    p.send("q");
    p.wait();
    assert!(!p.screen().contains("shows all keys"));
}

/// A place for views where some were kept before.
fn used() -> tempfile::TempDir {
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("fgm/views")).unwrap();
    state
}

/// TUI-4: the next start shows the view of the last end, --fresh the usual one; another recording is not concerned.
#[test]
fn views_are_come_back_to() {
    let (dir, other, state) = (recording(), recording(), used());
    let mut p = start(dir.path(), &[], state.path());
    let usual = settled(&p);
    let mine = arrange(&mut p);
    assert_ne!(usual, mine);
    p.send("q");
    p.wait();
    for (place, args, wanted) in
        [(&dir, &[][..], &mine), (&other, &[], &usual), (&dir, &["--fresh"], &usual), (&dir, &[], &usual)]
    {
        let mut p = start(place.path(), args, state.path());
        p.until("the view", |s| features(s) == *wanted);
        p.send("q");
        p.wait();
    }
}

/// TUI-4: the copied link opens the same view elsewhere; it and a picture go out by OSC 52.
#[test]
fn links_open_the_same_view() {
    let (dir, state) = (recording(), used());
    let mut p = start(dir.path(), &[], state.path());
    let mine = arrange(&mut p);
    p.send("y");
    p.until_text("The command line that opens this view again.");
    p.send("l");
    p.until_text("copied: link, 1 line");
    let link = clipboard(&p);
    p.send("yp");
    p.until_text("copied: picture");
    let picture = clipboard(&p);
    assert!(
        picture.starts_with("<svg") && picture.contains("memory_current_bytes") && picture.contains("</svg>")
    );
    p.send("q");
    p.wait();
    let line = link.replacen("fgm-tui", PROGRAM, 1);
    let env = [("XDG_STATE_HOME", "/dev/null")];
    let mut p = Pty::start("/bin/sh", &["-c", &line].map(OsStr::new), &env, (120, 40));
    p.until(&line, |s| features(s) == mine);
    p.send("q");
    p.wait();
}

/// The last text that was sent to the clipboard.
fn clipboard(p: &Pty) -> String {
    let bytes = p.bytes();
    let all = String::from_utf8_lossy(&bytes);
    let at = all.rfind("\x1b]52;c;").unwrap() + 7;
    let text = all[at..].split('\x07').next().unwrap();
    String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap()
}

/// TUI-4: what cannot be shown is said before the screen is taken.
#[test]
fn mistakes_in_links_are_one_line() {
    let dir = recording();
    for (args, code, word) in [
        (&["--metric", "memory_curent_bytes"][..], 2, "memory_current_bytes is nearest"),
        (&["--subject", "nobody"], 1, "nobody in this recording matches"),
        (&["--range", "2020-01-01..2020-01-02"], 1, "nothing was recorded then"),
        (&["--cursor", "14:00..15:00"], 2, "one time"),
        (&["--scale", "5..1"], 2, "LOW..HIGH"),
    ] {
        let mut p = start(dir.path(), args, Path::new("/dev/null"));
        assert_eq!(p.wait().code(), Some(code), "{args:?}: {}", p.screen());
        assert!(p.screen().contains(word) && !p.modes().0, "{args:?}: {}", p.screen());
    }
}

/// TUI-4: a view of what is not recorded yet cannot be asked for, and that is said before anything is recorded.
#[test]
fn live_recordings_begin_with_the_usual_view() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("r");
    let args = ["--live", "-o", out.to_str().unwrap(), "--metric", "pids_current"].map(OsStr::new);
    let mut p = Pty::start(PROGRAM, &args, &[], (120, 24));
    assert_eq!(p.wait().code(), Some(2));
    assert!(p.screen().contains("of a recording only") && !out.exists(), "{}", p.screen());
}

/// TUI-6: --print writes the viewer's picture as text: plain into files, in colour where that is asked for, in ASCII
/// where there is nothing else.
#[test]
fn pictures_are_printed() {
    let dir = recording();
    let run = |args: &str| shell(&format!("fgm-tui --print --tz UTC {args} {}", dir.path().display()));
    let text = run("--metric memory_current_bytes --subject checkout/proxy --height 16");
    assert_eq!(text.lines().count(), 16);
    for word in
        ["MiB", "containers.memory_current_bytes", "0 ┤", "14:48", "UTC", "checkout/proxy", "1 dot = "]
    {
        assert!(text.contains(word), "no {word}:\n{text}");
    }
    assert!(!text.contains('\x1b') && text.lines().all(|l| fgm_tui::text::width(l) <= 100), "{text}");
    assert!(!text.contains("quit"), "keys are of no use on paper");
    let narrow = run("--width 60 --range 14:47..14:48 --ascii");
    assert!(
        narrow.is_ascii() && narrow.lines().all(|l| l.len() <= 60) && narrow.contains("14:47"),
        "{narrow}"
    );
    assert!(run("--color true").contains("\x1b[0;38;2;"));
    assert!(run("--color 16").contains("\x1b[0;36m"));
}

/// TUI-6: export writes the numbers of `query` and the picture of the screen, by the file's name.
#[test]
fn exports_by_name() {
    let dir = recording();
    let (root, out) = (dir.path().display().to_string(), tempfile::tempdir().unwrap());
    let file = |name: &str| out.path().join(name).display().to_string();
    let export = |rest: &str, name: &str| {
        shell(&format!("fgm-tui export memory_current_bytes {rest} -o {} {root}", file(name)));
        std::fs::read(file(name)).unwrap()
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let csv = text(export("--subject checkout/proxy", "a.csv"));
    let query = shell(&format!(
        "fgm-tui query memory_current_bytes --subject checkout/proxy --raw --format csv {root}"
    ));
    assert!(csv == query && csv.lines().count() > 100);
    let json = text(export("--columns 7", "a.json"));
    assert!(serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap().len() > 7);
    assert!(export("", "a.parquet").starts_with(b"PAR1"));
    let svg = text(export("--include 'checkout' --range 14:47..14:48 --tz UTC", "a.svg"));
    for part in ["<svg", "containers.memory_current_bytes, MiB", "14:47:00–14:48", "checkout/proxy", "</svg>"]
    {
        assert!(svg.contains(part), "no {part}: {svg}");
    }
    assert!(!svg.contains("indexer") && !svg.contains('\x1b'));
    for (args, code, word) in [
        (vec!["export", "pids_current", "-o", "/tmp/x.txt"], 2, "which format"),
        (vec!["export", "pids_current,memory_current_bytes", "--format", "svg"], 2, "one metric"),
        (vec!["export", "pids_current", "--format", "svg", "--subject", "nobody"], 1, "nobody in this"),
    ] {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).chain([dir.path().as_os_str()]).collect();
        let (got, line) = support::pty::plain(PROGRAM, &args);
        assert!(got == Some(code) && line.contains(word) && line.lines().count() == 1, "{args:?}: {line}");
    }
}
