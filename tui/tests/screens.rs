//! Whole screens as pictures: what a user sees of a known recording.

mod support;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use fgm::metric::Repr;
use fgm_tui::app::message::{Message, Pointer, Press};
use fgm_tui::app::report::{Report, Saying};
use fgm_tui::caps::Depth;
use fgm_tui::keymap::{Action, Code, Key, Keymap};
use fgm_tui::view::raster::Marker;
use insta::assert_snapshot;
use support::session::{Session, look};
use support::{START, record, recording};
use tempfile::TempDir;

static RECORDING: LazyLock<TempDir> = LazyLock::new(recording);

fn open(w: u16, h: u16) -> Session {
    Session::open(RECORDING.path(), w, h)
}

/// TUI-1, TUI-2: the first picture at the smallest common size: the six highest, axes, units, zone, legend; ticks
/// that no recorder wrote are shaded; TUI-5: hostile names are harmless.
#[test]
fn first_picture_80x24() {
    assert_snapshot!(open(80, 24).screen());
}

/// TUI-1, TUI-2: the same with more room.
#[test]
fn first_picture_120x40() {
    assert_snapshot!(open(120, 40).screen());
}

/// TUI-5: on a small screen the lists go, the chart stays.
#[test]
fn small_40x12() {
    assert_snapshot!(open(40, 12).screen());
}

/// TUI-5: below that, one line says so.
#[test]
fn too_small() {
    let mut s = open(30, 10);
    assert_eq!(s.screen().trim_end(), "fgm needs 40×12, has 30×10");
    // Keys whose effect nobody would see have none.
    s.keys("nx");
    s.send(Message::Resize(80, 24));
    assert!(s.app.drawn().iter().count() == 6, "{}", s.screen());
}

/// TUI-2: a spike of one second is visible in a picture of five minutes, at its height.
#[test]
fn the_spike_is_visible() {
    let mut s = open(80, 24);
    s.keys("n");
    s.keys("c");
    s.keys("proxy");
    s.key(Code::Enter);
    let screen = s.screen();
    assert!(screen.contains("max 1900") || screen.contains("2000"), "{screen}");
    let title = screen.lines().next().unwrap().to_owned();
    assert!(title.contains("cpu_usage_millicores"), "{title}");
    assert_snapshot!(screen);
}

/// TUI-2: values at the cursor, sorted; in a gap the reason stands there instead.
#[test]
fn the_cursor_reads_values_and_gaps() {
    let mut s = open(120, 40);
    let plot = s.app.layout().plot;
    let click = |s: &mut Session, share: f64| {
        let x = plot.x + (f64::from(plot.w) * share) as u16;
        for press in [Press::Down, Press::Up] {
            s.send(Message::Pointer(Pointer { press, x, y: plot.y + 3, shift: false }));
        }
        s.screen()
    };
    assert!(click(&mut s, 0.43).contains("not recorded"));
    s.keys("n");
    s.keys("c");
    s.keys("indexer");
    s.key(Code::Enter);
    let screen = click(&mut s, 0.25);
    assert!(screen.contains("absent"), "{screen}");
    assert_snapshot!(screen);
}

/// TUI-2: a metric that the kernel did not give for a while is told from an absent container.
#[test]
fn unavailable_values_have_a_baseline() {
    let mut s = open(120, 40);
    s.keys("/");
    s.keys("containers.pids_current");
    s.key(Code::Enter);
    assert_snapshot!(s.screen());
}

/// TUI-2: three panels over one time axis, each with its own metric, unit and value axis; one is logarithmic, one fixed
/// with marks where values lie beyond it.
#[test]
fn three_panels() {
    let mut s = open(120, 40);
    s.keys("z");
    s.keys("pmemcurr");
    s.key(Code::Enter);
    s.keys("zz");
    s.keys("pcontainers.cpu_usage_millic");
    s.key(Code::Enter);
    s.keys("#++");
    let plot = s.app.layout().plot;
    for press in [Press::Down, Press::Up] {
        s.send(Message::Pointer(Pointer { press, x: plot.x + 40, y: plot.y, shift: false }));
    }
    let screen = s.screen();
    assert!(screen.contains("1/3") && screen.contains("▸"), "{screen}");
    assert_snapshot!(screen);
    s.keys("\\");
    assert!(s.app.layout().lists.is_none() && !s.screen().contains("containers · 8"), "{}", s.screen());
}

/// TUI-3: fuzzy search with matches.
#[test]
fn search() {
    let mut s = open(80, 24);
    s.keys("/");
    s.keys("ctxswi");
    assert_snapshot!(s.screen());
    s.key(Code::Enter);
    assert_eq!(s.app.panel().metric.name, "context_switches_total");
}

/// TUI-3: a candidate is shown as a chart before it is taken: the series that is on top, or of other tables the highest.
#[test]
fn candidates_are_previewed() {
    let mut s = open(120, 40);
    s.keys("/");
    s.keys("containers.memory_current_bytes");
    let screen = s.screen();
    let series = s.app.subjects().find(s.app.drawn().top().unwrap()).unwrap().title.clone();
    let row = screen.lines().find(|l| l.contains("MiB –")).unwrap();
    assert!(
        row.contains(&series)
            && screen.contains(s.app.metrics.all().find(|m| m.name == "memory_current_bytes").unwrap().help),
        "{screen}"
    );
    s.key(Code::Esc);
    s.keys("c");
    s.keys("indexer");
    let screen = s.screen();
    assert!(screen.lines().any(|l| l.contains("indexer") && l.contains("mcores –")), "{screen}");
    s.key(Code::Esc);
    assert!(s.screen().contains("zero-based"), "nothing was changed");
}

/// TUI-3, TUI-4: the palette searches every action by name and by what it does, shows its keys, and carries it out.
#[test]
fn the_palette_knows_everything() {
    let mut s = open(100, 30);
    s.keys(":");
    assert!(s.screen().contains("commands"));
    s.keys("whole recording");
    let screen = s.screen();
    let first = screen.lines().nth(4).unwrap();
    assert!(first.contains("fit  Show the whole recording.") && first.contains("f 0"), "{screen}");
    s.key(Code::Esc);
    s.keys(":listsback");
    s.key(Code::Backspace);
    for _ in 0..3 {
        s.key(Code::Backspace);
    }
    s.key(Code::Enter);
    assert!(!s.app.lists && matches!(s.app.overlay, fgm_tui::app::Overlay::None));
    s.keys(":");
    s.keys("search the metrics");
    s.key(Code::Enter);
    assert!(s.screen().contains("search metrics"), "an action may open a prompt of its own");
}

/// TUI-4: help is the action table.
#[test]
fn help() {
    let mut s = open(120, 60);
    s.keys("?");
    assert_snapshot!(s.screen());
}

/// TUI-4: help says what the metric is and where it comes from, and of keys that would do nothing now why; it follows the
/// user's keys, as every sentence does that names one.
#[test]
fn help_is_about_here_and_now() {
    let mut s = open(120, 100);
    s.keys("?");
    let screen = s.screen();
    let metric = s.app.panel().metric;
    assert!(screen.contains("containers.cpu_usage_millicores") && screen.contains(metric.source), "{screen}");
    assert!(screen.contains("Go back to the previous window. (no earlier view)"), "{screen}");
    assert!(screen.contains("Close the active panel. (there is one panel)"), "{screen}");
    s.key(Code::Esc);
    s.keys("+p");
    s.keys("memory_current");
    s.key(Code::Enter);
    s.keys("?");
    let screen = s.screen();
    assert!(!screen.contains("no earlier view") && !screen.contains("there is one panel"), "{screen}");
    assert!(screen.contains("containers.memory_current_bytes"), "{screen}");
    s.key(Code::Esc);
    let keys = [(Action::Toggle, vec![Key::char('T')]), (Action::Top, Vec::new())];
    s.app.keymap = Arc::new(Keymap::changed(&keys).unwrap());
    s.keys("n");
    let screen = s.screen();
    assert!(screen.contains("nothing is drawn: T draws the selected subject, :top the highest"), "{screen}");
    s.app.welcome();
    assert!(s.screen().contains("? shows all keys, / finds metrics, c containers, : everything else"));
}

/// TUI-5: without colour, lines carry letters and patterns.
#[test]
fn without_colour() {
    let mut s = open(80, 24);
    s.look = look(Depth::None, Marker::Braille);
    assert_snapshot!(s.screen());
}

/// TUI-5: ASCII and nothing else.
#[test]
fn ascii() {
    let mut s = open(80, 24);
    s.look = look(Depth::Ansi, Marker::Ascii);
    let screen = s.screen();
    assert!(screen.is_ascii(), "{screen}");
    assert_snapshot!(screen);
}

/// QRY-5: a damaged file is named with its reason; the rest is shown.
#[test]
fn problems_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    record(dir.path(), START, 30);
    std::fs::write(dir.path().join("containers/broken.parquet"), b"PAR1 and nothing more").unwrap();
    let mut s = Session::open(dir.path(), 100, 30);
    assert!(s.screen().contains("1 file unreadable (!)"), "{}", s.screen());
    s.keys("!");
    assert!(s.screen().contains("broken.parquet"), "{}", s.screen());
}

/// TUI-2, STO-3: an open recording is followed; new seconds appear at the right edge.
#[test]
fn follows_an_open_recording() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = support::write(dir.path(), START, 20);
    let mut s = Session::open(dir.path(), 120, 40);
    assert!(s.screen().contains("● live, following"), "{}", s.screen());
    let before = s.app.window().unwrap();
    let mut tick = fgm::store::tick::Tick::default();
    for n in 20..25 {
        support::fill(&mut tick, n, START);
        writer.append(&tick).unwrap();
    }
    s.refresh();
    let after = s.app.window().unwrap();
    assert_eq!(after.end - before.end, 5_000_000);
    assert!(s.screen().contains("1 dot = 1 s, min–max"), "{}", s.screen());
    s.keys("H");
    let free = s.app.window().unwrap();
    support::fill(&mut tick, 25, START);
    writer.append(&tick).unwrap();
    s.refresh();
    assert_eq!(s.app.window().unwrap(), free);
    assert!(s.screen().contains("F follows"));
    support::finish(writer, START);
}

/// TUI-5: every size draws without a panic, whatever lies over the chart.
#[test]
fn every_size_draws() {
    let mut s = open(80, 24);
    for overlay in ["", "/", "?", "!"] {
        s.keys(overlay);
        for (w, h) in
            [(1, 1), (0, 0), (39, 12), (40, 12), (76, 18), (75, 17), (400, 100), (40, 100), (400, 12)]
        {
            s.send(Message::Resize(w, h));
            let (w, h) = if w == 0 { (80, 24) } else { (w, h) };
            let mut buf = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, w, h));
            fgm_tui::view::draw(&s.app, s.look, &mut buf);
        }
        s.key(Code::Esc);
    }
    assert!(Path::new(RECORDING.path()).exists());
}

/// TUI-1: the newest warning of the recorder stands in the status line until a key is pressed, all of them behind `!`;
/// that it has ended stays.
#[test]
fn the_recorder_is_heard() {
    let report = |said: u64, ended: Option<&str>| {
        let lines =
            (0..said).map(|n| Saying { at: START, error: false, text: format!("cannot read file {n}") });
        let report = Report { lines: lines.collect(), said, ended: ended.map(str::to_owned), greeting: None };
        Message::Recorder(Arc::new(report))
    };
    let mut s = open(80, 24);
    s.send(report(2, None));
    assert!(s.screen().contains("recorder: cannot read file 1"), "{}", s.screen());
    s.key(Code::Esc);
    assert!(s.screen().contains("1 dot = "), "{}", s.screen());
    s.send(report(2, Some("not recording: the disk is full")));
    assert!(s.screen().contains("recorder: not recording: the disk is full"), "{}", s.screen());
    s.keys("!");
    let screen = s.screen();
    assert!(screen.contains("not recording (!)") && screen.contains("the recorder says"), "{screen}");
    assert!(screen.contains("14:46:00  cannot read file 0"), "{screen}");
}

/// QRY-1: a recording that is removed while it is looked at is said to be gone.
#[test]
fn a_recording_that_vanishes_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("r");
    record(&root, START, 30);
    let mut s = Session::open(&root, 100, 30);
    std::fs::remove_dir_all(&root).unwrap();
    s.refresh();
    assert!(s.screen().contains("the recording is gone"), "{}", s.screen());
    s.keys("!");
    assert!(s.screen().contains("none of its files is there"), "{}", s.screen());
}

/// TUI-5: on a screen that is too small even for that, the line is shorter still.
#[test]
fn far_too_small() {
    assert_eq!(open(20, 4).screen().trim_end(), "too small");
}

/// TUI-2: every number in the legend has its own unit, on small screens too; yes and no are words.
#[test]
fn legends_tell_units() {
    for w in [80, 100, 120] {
        let mut s = open(w, 30);
        s.keys("/memcurr");
        s.key(Code::Enter);
        let screen = s.screen();
        let line = screen.lines().find(|l| l.contains("●A") && l.contains("max")).unwrap_or_default();
        let (_, max) = line.split_once("max ").unwrap_or_else(|| panic!("{w}: {screen}"));
        assert!(max.trim().ends_with("MiB"), "{w}: {screen}");
    }
    let unlimited = fgm::metric::Table::Containers.metrics().iter().find(|m| m.repr == Repr::Bool).unwrap();
    let text = |v| fgm_tui::view::value(unlimited, v);
    assert_eq!((text(1.0), text(0.0), text(0.25)), ("yes".into(), "no".into(), "0.25".into()));
}

/// TUI-2: the cursor's time leaves date and zone readable at both ends.
#[test]
fn the_cursor_leaves_the_zone() {
    let mut s = open(80, 24);
    s.send(Message::Key(Key::char('l')));
    for key in ["G", "wwwwwwwwwwwwwwwwww", "bbbbbbbbbbbbbbbbbbbb"] {
        s.keys(key);
        let clock = s.app.layout().clock;
        let row = s.screen().lines().nth(usize::from(clock.y) + 1).unwrap_or_default().to_owned();
        assert!(row.ends_with(" UTC") && row.contains("2026-11-20 "), "{row}");
    }
}

/// TUI-3: between equal names the metric of the table that is looked at comes first.
#[test]
fn equal_names_prefer_the_current_table() {
    let mut s = open(80, 24);
    for _ in 0..2 {
        s.keys("/cpu_usage_milli");
        s.key(Code::Enter);
        assert_eq!(s.app.panel().metric.table, fgm::metric::Table::Containers);
    }
}

/// TUI-2: a value axis that does not start at zero says so.
#[test]
fn a_cut_axis_says_so() {
    let mut s = open(80, 24);
    s.keys("ncbatch");
    s.key(Code::Enter);
    assert!(!s.screen().contains("  from "));
    s.keys("z");
    assert!(s.screen().lines().next().is_some_and(|l| l.contains("  from ")), "{}", s.screen());
}
