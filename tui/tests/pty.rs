//! The real program on a real pseudo-terminal.

mod support;

use std::ffi::OsStr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use support::pty::{Pty, plain};
use support::recording;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fgm-tui");

fn start(dir: &Path, env: &[(&str, &str)]) -> Pty {
    Pty::start(PROGRAM, &[dir.as_os_str(), OsStr::new("--tz"), OsStr::new("Europe/Berlin")], env, (120, 40))
}

/// Waits for a chart with labelled axes and values.
fn picture(p: &Pty) -> String {
    p.until("chart", |s| s.contains("●A") && s.contains("0 ┤"))
}

/// The window's length as the status line gives it.
fn span(screen: &str) -> String {
    let line = screen.lines().find(|l| l.contains("1 dot = ")).unwrap_or_default();
    line.split_once('(').and_then(|(_, r)| r.split_once(')')).map(|(s, _)| s.to_owned()).unwrap_or_default()
}

/// TUI-1, TUI-2, TUI-3, TUI-4: open, search, zoom, pan, undo, quit; the axes are labelled, and the terminal is as it was.
#[test]
fn a_session() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    let before = p.settings();
    let screen = picture(&p);
    for label in ["mcores", "1000 ┤", "0 ┤", "15:48", "2026-11-20", "CET", "cpu_usage_millicores", "1 dot = "]
    {
        assert!(screen.contains(label), "no {label}:\n{screen}");
    }
    assert_ne!(p.settings(), before, "raw mode");
    assert_eq!(p.modes(), (true, true));

    p.send("/memcurr\r");
    p.until("memory", |s| s.contains("containers.memory_current_bytes") && s.contains("0 ┤"));
    p.until("bytes in the legend", |s| s.lines().rev().take(10).any(|l| l.contains("MiB")));

    let whole = span(&p.screen());
    p.send("+++");
    let zoomed = p.until("a shorter window", |s| span(s) != whole);
    p.send("H");
    p.until("another window", |s| status(s) != status(&zoomed));
    p.send("uu");
    p.until("the first window", |s| span(s) == whole);

    p.send("?");
    p.until_text("Move the cursor left by one dot.");
    p.send("\x1b");
    p.until("no help", |s| !s.contains("Move the cursor left"));
    p.resize(80, 24);
    p.until("the small layout", |s| s.lines().count() <= 24 && s.contains("q quit"));
    p.send("q");
    assert!(p.wait().success());
    assert_eq!(p.settings(), before);
    assert_eq!(p.modes(), (false, false));
}

fn status(screen: &str) -> String {
    screen.lines().find(|l| l.contains("1 dot = ")).unwrap_or_default().to_owned()
}

/// TUI-4: the mouse sets the cursor and zooms.
#[test]
fn the_mouse() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    picture(&p);
    let whole = span(&p.screen());
    p.send("\x1b[<0;80;10M\x1b[<0;80;10m");
    p.until_text("▲");
    p.send("\x1b[<0;60;10M\x1b[<32;70;10M\x1b[<32;80;10M\x1b[<0;80;10m");
    p.until("a shorter window", |s| !span(s).is_empty() && span(s) != whole);
    let zoomed = span(&p.screen());
    p.send("\x1b[<65;80;10M");
    p.until("a longer window", |s| span(s) != zoomed);
    p.send("q");
    assert!(p.wait().success());
    assert!(!String::from_utf8_lossy(&p.bytes()).contains("?1003h"), "any-motion reports are traffic");
}

/// TUI-5: signals leave the terminal as it was.
#[test]
fn signals_restore_the_terminal() {
    let dir = recording();
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let mut p = start(dir.path(), &[]);
        let before = p.settings();
        picture(&p);
        p.signal(signal);
        assert_eq!(p.wait().code(), Some(128 + signal));
        assert_eq!((p.settings(), p.modes()), (before, (false, false)), "signal {signal}");
    }
}

/// TUI-5: so does a panic, and its message can be read.
#[cfg(debug_assertions)]
#[test]
fn a_panic_restores_the_terminal() {
    let dir = recording();
    let mut p = start(dir.path(), &[("FGM_TEST_PANIC", "1")]);
    let before = p.settings();
    assert_eq!(p.wait().code(), Some(101));
    assert_eq!((p.settings(), p.modes()), (before, (false, false)));
    assert!(p.screen().contains("asked to panic by FGM_TEST_PANIC"), "{}", p.screen());
}

/// TUI-5: a connection that drops ends the program.
#[test]
fn hanging_up_ends_the_program() {
    let dir = recording();
    let p = start(dir.path(), &[]);
    picture(&p);
    let mut child = p.hang_up();
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "still runs without a terminal");
        thread::sleep(Duration::from_millis(20));
    }
}

/// TUI-5: nothing is written and next to nothing computed while nothing happens.
#[test]
fn idle_costs_nothing() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    picture(&p);
    thread::sleep(Duration::from_millis(1500));
    let (bytes, before) = (p.bytes().len(), p.cpu());
    thread::sleep(Duration::from_secs(5));
    assert_eq!(p.bytes().len(), bytes);
    let used = p.cpu().saturating_sub(before);
    assert!(used < Duration::from_millis(200), "{used:?} in 5 s");
    p.send("q");
    p.wait();
}

/// TUI-1, STO-6: `--live` records this host, follows it, and leaves a sealed recording, also when it is terminated.
#[test]
fn live_recordings_are_followed_and_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--live", "--interval", "200ms", "--output-dir"].map(OsStr::new);
    let args = [args.as_slice(), &[dir.path().as_os_str()]].concat();
    let mut p = Pty::start(PROGRAM, &args, &[], (120, 40));
    let before = p.settings();
    p.until_text("● live");
    // Whatever the recorder may not read here is said first; a key puts it away.
    let screen = picture(&p);
    p.send("\x1b");
    p.until_text("● live, following");
    assert!(status(&p.screen()).contains("1 dot"), "{screen}");
    let screen = p.screen();
    p.until("the window to move on", |s| status(s) != status(&screen));
    p.signal(libc::SIGTERM);
    assert_eq!(p.wait().code(), Some(128 + libc::SIGTERM));
    assert_eq!((p.settings(), p.modes()), (before, (false, false)));
    assert!(p.screen().contains("the recording is in"), "{}", p.screen());
    let open = std::fs::read_dir(dir.path().join(".open")).map_or(0, Iterator::count);
    assert_eq!(open, 0, "an open segment was left behind");
    let engine = fgm::query::Engine::open(&[dir.path().to_owned()]).unwrap();
    let overview = engine.overview();
    assert!(overview.files > 0 && !overview.live && overview.problems.is_empty(), "{overview:?}");
}

/// TUI-1: a second viewer on the same directory follows the first one's recorder.
#[test]
fn a_second_viewer_follows_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--live", "--interval", "200ms", "--output-dir"].map(OsStr::new);
    let args = [args.as_slice(), &[dir.path().as_os_str()]].concat();
    let mut first = Pty::start(PROGRAM, &args, &[], (120, 40));
    picture(&first);
    let mut second = Pty::start(PROGRAM, &args, &[], (120, 40));
    second.until_text("following the recorder that records this host");
    let segments = std::fs::read_dir(dir.path().join(".open")).unwrap().flatten();
    assert_eq!(segments.filter(|e| e.path().extension().is_some_and(|x| x == "seg")).count(), 1);
    second.send("q");
    assert!(second.wait().success());
    assert!(second.screen().contains("another recorder goes on"), "{}", second.screen());
    first.send("q");
    assert!(first.wait().success(), "{}", first.screen());
    assert!(first.screen().contains("the recording is in"), "{}", first.screen());
}

/// TUI-1: a live recording that is removed is missed, and nobody claims afterwards that it is there.
#[test]
fn a_removed_live_recording_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("r");
    let args = ["--live", "--interval", "200ms", "--output-dir"].map(OsStr::new);
    let args = [args.as_slice(), &[root.as_os_str()]].concat();
    let mut p = Pty::start(PROGRAM, &args, &[], (120, 40));
    picture(&p);
    std::fs::remove_dir_all(&root).unwrap();
    // Which comes first depends on whether the viewer or the recorder looks first.
    let warned = |s: &str| s.contains("recorder: ") && !s.contains("cannot read");
    p.until("a word about it", |s| s.contains("the recording is gone") || warned(s));
    p.send("q");
    let (code, screen) = (p.wait().code(), p.screen());
    // The recorder begins anew in the same place, unless it had no time to.
    let engine = fgm::query::Engine::open(std::slice::from_ref(&root));
    let there = engine.is_ok_and(|e| e.overview().range.is_some());
    assert_eq!(screen.contains("the recording is in"), there, "{screen}");
    assert_eq!(code, Some(i32::from(screen.contains("could not be sealed"))), "{screen}");
}

/// TUI-1: a directory that cannot be had is named, with the way out.
#[test]
fn live_directories_are_named_in_errors() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let args = [OsStr::new("--live"), OsStr::new("-o"), file.as_os_str()];
    let mut p = Pty::start(PROGRAM, &args, &[], (200, 10));
    assert_eq!(p.wait().code(), Some(3));
    let screen = p.screen();
    assert!(screen.contains(file.to_str().unwrap()) && screen.contains("--output-dir"), "{screen}");
}

/// TUI-5: a signal ends the program even when the terminal takes no more output.
#[test]
fn a_blocked_terminal_does_not_hold_the_program() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    let before = p.settings();
    picture(&p);
    p.stop_reading();
    // Far more output than the kernel keeps for a terminal.
    for _ in 0..60 {
        p.send("\x0c+?\x1b-f");
        thread::sleep(Duration::from_millis(40));
    }
    p.signal(libc::SIGTERM);
    assert_eq!(p.wait().code(), Some(128 + libc::SIGTERM));
    assert_eq!(p.settings(), before);
}

/// TUI-1: without a recording it offers to make one, and takes no for an answer.
#[test]
fn offers_to_record_this_host() {
    if Path::new("/data").is_dir() {
        return; // This host has a recording in one of the usual places.
    }
    let empty = tempfile::tempdir().unwrap();
    let mut p = Pty::start_in(PROGRAM, &[], &[], (80, 24), empty.path());
    p.until_text("Record this host and watch it live? [Y/n]");
    p.send("n\n");
    assert_eq!(p.wait().code(), Some(1));
    p.until_text("fgm-tui --live records this host");
}

/// TUI-5: without a shell to go back to, ctrl-z does not stop the program for good.
#[test]
fn suspending_without_a_shell_is_refused() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    picture(&p);
    p.send("\x1a");
    p.until_text("there is no shell to go back to");
    p.send("q");
    assert!(p.wait().success());
}

/// TUI-5: frames are synchronized and small.
#[test]
fn moving_the_cursor_writes_little() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    picture(&p);
    p.send("h");
    p.until_text("▲");
    thread::sleep(Duration::from_millis(500));
    let before = p.bytes().len();
    p.send("h");
    thread::sleep(Duration::from_millis(500));
    let frame = p.bytes()[before..].to_vec();
    assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"));
    assert!(frame.len() <= 1500, "{} bytes", frame.len());
    p.send("q");
    p.wait();
}

/// TUI-5: hostile names reach the terminal as text only.
#[test]
fn hostile_names_send_no_sequences() {
    let dir = recording();
    let mut p = start(dir.path(), &[]);
    p.until_text("evil");
    p.send("q");
    p.wait();
    let bytes = String::from_utf8_lossy(&p.bytes()).into_owned();
    assert!(!bytes.contains("\x1b]0;") && !bytes.contains('\u{202e}') && !bytes.contains('\x07'));
}

/// TUI-5: a terminal that does not know its size yet.
#[test]
fn size_zero_is_survived() {
    let dir = recording();
    let mut p = Pty::start(PROGRAM, &[dir.path().as_os_str()], &[], (0, 0));
    p.resize(100, 30);
    picture(&p);
    p.send("q");
    assert!(p.wait().success());
}

/// TUI-1, QRY-5: what cannot be shown is said in one line, with an exit code that scripts can use.
#[test]
fn failures_are_one_clear_line() {
    let one = |args: &[&OsStr], code: i32, word: &str| {
        let (got, text) = plain(PROGRAM, args);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("fgm-tui: ") && text.contains(word), "{text}");
        assert_eq!(got, Some(code), "{text}");
    };
    one(&[OsStr::new("/nonexistent")], 3, "/nonexistent: no such file");
    let empty = tempfile::tempdir().unwrap();
    one(&[empty.path().as_os_str()], 1, "no recording there");
    let broken = empty.path().join("containers");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("x.parquet"), b"PAR1").unwrap();
    one(&[empty.path().as_os_str()], 3, "x.parquet");
    let good = recording();
    one(&[good.path().as_os_str()], 2, "not a terminal");
    one(&[OsStr::new("--live")], 2, "not a terminal");
}
