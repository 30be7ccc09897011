//! What the real program does to a real terminal: questions, storms, the shell and back.
#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::ffi::OsStr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use support::pty::Pty;
use support::recording;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fgm-tui");
/// Asks for the background, then for what kind of terminal it is.
const QUESTION: &str = "\x1b]11;?\x1b\\\x1b[c";

fn start(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Pty {
    let args: Vec<&OsStr> = [dir.as_os_str()].into_iter().chain(args.iter().map(OsStr::new)).collect();
    Pty::start(PROGRAM, &args, env, (120, 40))
}

fn picture(p: &Pty) -> String {
    p.until("chart", |s| s.contains("●A") && s.contains("0 ┤"))
}

fn written(p: &Pty) -> String {
    String::from_utf8_lossy(&p.bytes()).into_owned()
}

/// Ends the program by its key and checks that nothing of it is left.
fn quit(mut p: Pty, settings: &str) {
    p.send("q");
    assert!(p.wait().success());
    assert_eq!((p.settings().as_str(), p.modes()), (settings, (false, false)));
}

/// No output and next to no work while nothing happens.
fn is_idle(p: &Pty) {
    thread::sleep(Duration::from_millis(1500));
    let (bytes, cpu) = (p.bytes().len(), p.cpu());
    thread::sleep(Duration::from_secs(2));
    let used = p.cpu().saturating_sub(cpu);
    assert!(p.bytes().len() == bytes && used < Duration::from_millis(100), "{used:?} in 2 s");
}

/// TUI-5: the terminal is asked for its background; its answer changes the colours and is no input, and keys that are
/// typed around it count.
#[test]
fn the_background_is_asked_for() {
    let dir = recording();
    let mut p = start(dir.path(), &[], &[("COLORTERM", "truecolor")]);
    let before = p.settings();
    picture(&p);
    assert!(written(&p).contains(QUESTION));
    let (dark, light) = ("38;2;79;195;247", "38;2;2;119;189");
    assert!(written(&p).contains(dark) && !written(&p).contains(light));
    p.send("?\x1b]11;rgb:ffff/ffff/e0e0\x1b\\\x1b[?65;1;9cj");
    p.until_text("Move the cursor left by one dot.");
    p.send("\x1b");
    p.until("no help", |s| !s.contains("Move the cursor left"));
    assert!(written(&p).contains(light));
    is_idle(&p);
    quit(p, &before);
}

/// TUI-5: nobody is asked who has been told, or would print the question.
#[test]
fn some_terminals_are_not_asked() {
    let dir = recording();
    for (args, env) in [
        (&["--background", "light"][..], &[][..]),
        (&[], &[("COLORFGBG", "0;15")]),
        (&[], &[("TERM", "linux")]),
        (&["--color", "none"], &[]),
        (&[], &[("NO_COLOR", "1")]),
    ] {
        let mut p = start(dir.path(), args, env);
        p.until("chart", |s| s.contains("●A"));
        p.send("q");
        assert!(p.wait().success());
        assert!(!written(&p).contains("\x1b]11"), "{args:?} {env:?}");
    }
}

/// TUI-5: each rung of the ladder by flag: dots, and colours that the terminal knows.
#[test]
fn the_ladder_can_be_chosen() {
    let dir = recording();
    for (marker, dots) in [
        ("octant", '\u{1cd00}'..='\u{1cde5}'),
        ("braille", '\u{2801}'..='\u{28ff}'),
        ("quadrant", '▖'..='▟'),
        ("block", '▀'..='▄'),
    ] {
        let mut p = start(dir.path(), &["--marker", marker], &[]);
        p.until("dots", |s| s.contains("●A") && s.contains(|c| dots.contains(&c)));
        p.send("q");
        p.wait();
    }
    let mut p = start(dir.path(), &[], &[("TERM", "vt100"), ("LC_ALL", "C")]);
    p.until_text("*A");
    p.send("q");
    p.wait();
    assert!(written(&p).is_ascii() && !coloured(&written(&p)), "a vt100 has neither");
    for (depth, wanted) in [("true", "38;2;"), ("256", "38;5;"), ("16", "\x1b[36m"), ("none", "\x1b[1m")] {
        let mut p = start(dir.path(), &["--color", depth], &[("NO_COLOR", "1")]);
        picture(&p);
        p.send("q");
        p.wait();
        let all = written(&p);
        assert!(all.contains(wanted), "{depth}");
        for other in ["38;2;", "38;5;", "\x1b[36m"].into_iter().filter(|o| *o != wanted) {
            assert!(!all.contains(other), "{depth}: {other}");
        }
    }
}

fn coloured(all: &str) -> bool {
    ["38;2;", "38;5;", "\x1b[36m"].iter().any(|c| all.contains(c))
}

/// TUI-5: sizes that change faster than frames, down to nothing and back, in the middle of typing and pasting.
#[test]
fn storms_are_survived() {
    let dir = recording();
    let mut p = start(dir.path(), &[], &[]);
    let before = p.settings();
    picture(&p);
    p.send("/");
    for n in 0..60u16 {
        p.resize(20 + n * 37 % 180, 1 + n * 13 % 60);
        p.send(if n % 2 == 0 { "m" } else { "\x7f" });
        if n % 7 == 0 {
            p.send("\x1b[200~mem\nrm -rf /\r\x1b[201~\x15");
            thread::sleep(Duration::from_millis(15));
        }
    }
    p.resize(120, 40);
    p.send("\x1b[200~memcurr\nq\x1b[201~");
    p.until_text("memory_current_bytes  ");
    p.send("\x1b");
    picture(&p);
    is_idle(&p);
    quit(p, &before);
}

/// TUI-5: back to the shell, whose terminal is as it was, and on again, as often as wanted.
#[test]
fn suspending_and_coming_back() {
    let dir = recording();
    let script =
        "set -m; \"$@\"; for n in 1 2; do echo stopped $n; read line; fg; done; echo left $?; read line";
    let args = ["-c", script, "sh", PROGRAM].map(OsStr::new);
    let args = [args.as_slice(), &[dir.path().as_os_str()]].concat();
    let mut p = Pty::start("/bin/bash", &args, &[], (120, 40));
    let before = p.settings();
    for n in 1..=2 {
        picture(&p);
        assert_eq!(p.modes(), (true, true));
        p.send("\x1a");
        p.until_text(&format!("stopped {n}"));
        assert_eq!((p.settings(), p.modes()), (before.clone(), (false, false)));
        p.send("\n");
    }
    picture(&p);
    p.send("q");
    p.until_text("left 0");
    assert_eq!((p.settings(), p.modes()), (before, (false, false)));
    p.send("\n");
    p.wait();
}

/// TUI-4: keys and colours of a settings file hold in help and key bar, too; a mistake in it is one line.
#[test]
fn settings_are_used() {
    let dir = recording();
    let file = dir.path().join("tui.toml");
    std::fs::write(
        &file,
        "[keys]\nhelp = ['x']\nquit = ['Q']\n[dark]\nseries = ['#010203', '#010203', \
         '#010203', '#010203', '#010203', '#010203']\n",
    )
    .unwrap();
    let mut p = start(dir.path(), &["--config", file.to_str().unwrap()], &[("COLORTERM", "truecolor")]);
    let screen = picture(&p);
    assert!(screen.contains("x help") && screen.contains("Q quit"), "{screen}");
    assert!(written(&p).contains("38;2;1;2;3"));
    p.send("qx");
    p.until_text("Move the cursor left by one dot.");
    p.send("\x1b");
    p.until("no help", |s| !s.contains("Move the cursor left"));
    p.send("Q");
    assert!(p.wait().success());
    std::fs::write(&file, "[keys]\nhlp = ['x']\n").unwrap();
    let (code, line) = support::pty::plain(PROGRAM, &["--config", file.to_str().unwrap()].map(OsStr::new));
    assert_eq!(code, Some(2));
    assert!(line.ends_with("tui.toml:2: there is no action hlp; help is nearest\n"), "{line}");
}
