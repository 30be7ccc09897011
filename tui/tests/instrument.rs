//! What the viewer tells of a recording in which something happens: limits, events, processes, jumps.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::path::Path;
use std::sync::LazyLock;

use fgm::metric::Table;
use fgm::time::SECOND;
use fgm_tui::app::Overlay;
use fgm_tui::app::message::{Message, Pointer, Press};
use fgm_tui::caps::Depth;
use fgm_tui::keymap::Code;
use fgm_tui::view::marker::Marker;
use insta::assert_snapshot;
use support::busy::{KILLED, THROTTLED, record_busy};
use support::session::{Session, look};
use support::{START, recording};
use tempfile::TempDir;

static BUSY: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    record_busy(dir.path());
    dir
});

fn busy() -> Session {
    Session::open(BUSY.path(), 120, 40)
}

fn cursor(s: &Session) -> i64 {
    (s.app.timeline.as_ref().unwrap().cursor().unwrap() - START) / SECOND
}

fn show(s: &mut Session, metric: &str) {
    s.keys("/");
    s.keys(metric);
    s.key(Code::Enter);
    assert_eq!(s.app.panel().metric.name, metric);
}

/// Text of a row of the screen.
fn row(s: &Session, y: u16) -> String {
    s.screen().lines().nth(usize::from(y)).unwrap_or_default().to_owned()
}

/// TUI-2: the limit of the selected series is a line where it is near, and words where it lies above the chart; a series
/// without a limit has neither.
#[test]
fn limits_are_drawn() {
    let mut s = busy();
    let screen = s.screen();
    assert!(screen.contains("limit 1000 mcores") && screen.contains('╌'), "{screen}");
    show(&mut s, "memory_current_bytes");
    assert!(s.screen().contains("limit 64.0 MiB") && s.screen().contains('╌'), "{}", s.screen());
    s.keys("++++g");
    let screen = s.screen();
    assert!(screen.contains("limit 64.0 MiB, above") && !screen.contains('╌'), "{screen}");
    s.key(Code::Tab);
    s.keys("j");
    assert!(!s.screen().contains("limit"), "{}", s.screen());
}

/// TUI-2, REC-8: an OOM kill and the time for which a subject was throttled stand on the time axis; their sentence is
/// shown where the cursor is; `e` and `E` go from one to the next.
#[test]
fn events_are_marked_and_reached() {
    let mut s = busy();
    let events = s.app.layout().events.y;
    let marks = row(&s, events);
    assert!(marks.contains('×') && marks.contains("~~~~"), "{marks}");
    assert!(s.screen().contains('┊'), "a thread through the chart");
    s.keys("e");
    while cursor(&s) < THROTTLED.0 - 1 {
        s.keys("e");
    }
    assert!(row(&s, events).contains("batch/worker is being throttled"), "{}", row(&s, events));
    while cursor(&s) < KILLED - 1 {
        s.keys("e");
    }
    assert!(row(&s, events).contains("the kernel killed grow (23)"), "{}", row(&s, events));
    assert_snapshot!(s.screen());
    s.keys("EE");
    assert!((cursor(&s) - THROTTLED.0).abs() <= 1, "{}", cursor(&s));
    // Of those that are not drawn only what died is told.
    s.keys("n");
    let marks = row(&s, s.app.layout().events.y);
    assert!(marks.contains('×') && !marks.contains("~~~"), "{marks}");
}

/// TUI-2: two cursors: the legend tells the difference, the clock how far they are apart.
#[test]
fn two_cursors_have_a_difference() {
    let mut s = busy();
    show(&mut s, "memory_current_bytes");
    s.keys("m");
    assert!(s.screen().contains("there is no cursor yet"), "{}", s.screen());
    s.keys("t");
    s.keys("14:46:20");
    s.key(Code::Enter);
    s.keys("mt14:46:40");
    s.key(Code::Enter);
    let screen = s.screen();
    assert!(screen.contains("(+20") && screen.contains("Δ +10"), "{screen}");
    s.keys("Z");
    let window = s.app.window().unwrap();
    assert!((window.width() / SECOND - 20).abs() <= 2, "{window:?}");
    s.key(Code::Esc);
    assert!(!s.screen().contains('Δ'));
}

/// TUI-2: a typed time is found, one that cannot be meant is refused with what can.
#[test]
fn times_are_typed() {
    let mut s = busy();
    s.keys("t");
    assert!(s.screen().contains("go to ("), "{}", s.screen());
    s.keys("-30s");
    s.key(Code::Enter);
    assert!((cursor(&s) - 90).abs() <= 1, "{}", cursor(&s));
    s.keys("tnoon");
    s.key(Code::Enter);
    assert!(s.screen().contains("noon: give a time such as 14:05"), "{}", s.screen());
    s.keys("t");
    s.key(Code::Esc);
    assert!(matches!(s.app.overlay, Overlay::None));
}

/// TUI-2: `s` finds the one spike of five minutes, `d` the ticks that no recorder wrote.
#[test]
fn spikes_and_gaps_are_reached() {
    let dir = recording();
    let mut s = Session::open(dir.path(), 120, 40);
    s.keys("ncproxy");
    s.key(Code::Enter);
    s.keys("s");
    assert!((cursor(&s) - 200).abs() <= 1, "{}", cursor(&s));
    s.keys("s");
    assert!(s.screen().contains("no later spike"), "{}", s.screen());
    s.key(Code::Esc);
    s.keys("d");
    assert!((119..=141).contains(&cursor(&s)), "{}", cursor(&s));
    s.keys("..");
    assert!(s.screen().contains('▲'));
}

/// TUI-7: `Enter` on a container shows its processes at the cursor's moment, sorted by CPU; other columns sort too; time
/// goes on within the table; `Enter` draws one as a series, `Esc` goes back.
#[test]
fn from_container_to_process() {
    let mut s = busy();
    s.keys("t14:47:00");
    s.key(Code::Enter);
    select(&mut s, "checkout/app");
    s.key(Code::Enter);
    let screen = s.screen();
    assert!(screen.contains("processes of checkout/app at 14:47:00"), "{screen}");
    assert_snapshot!(screen);
    let pids = |s: &Session| match &s.app.overlay {
        Overlay::Processes(p) => p.rows.iter().map(|r| r.pid).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(pids(&s), [17, 23], "by CPU");
    s.keys("ss");
    assert_eq!(pids(&s), [23, 17], "by resident memory");
    // The one that grows is there until it is killed.
    for _ in 60..KILLED - 1 {
        s.keys("l");
    }
    assert_eq!(pids(&s), [23, 17]);
    s.keys("lll");
    assert_eq!(pids(&s), [17], "{}", s.screen());
    s.keys("hhh");
    assert_eq!(pids(&s), [23, 17]);
    s.keys("kkk");
    s.key(Code::Enter);
    assert_eq!((s.app.panels.len(), s.app.panel().metric.name), (2, "memory_rss_bytes"));
    assert_eq!(s.app.panel().metric.table, Table::Processes);
    let screen = s.screen();
    assert!(screen.contains("grow [23]") && screen.contains("processes.memory_rss_bytes"), "{screen}");
    s.keys("x");
    select(&mut s, "checkout/app");
    s.key(Code::Enter);
    s.key(Code::Esc);
    assert!(matches!(s.app.overlay, Overlay::None) && s.app.panels.len() == 1);
}

/// Puts the selection of the subject list on a title.
fn select(s: &mut Session, title: &str) {
    let at = s.app.subjects().visible().position(|e| e.title == title).unwrap();
    let lists = s.app.layout().lists.unwrap();
    let y = lists.subjects.y + 1 + at as u16;
    let drawn = s.app.drawn().keys();
    s.send(Message::Pointer(Pointer { press: Press::Down, x: 4, y, shift: false }));
    // A click toggles as well.
    if s.app.drawn().keys() != drawn {
        s.send(Message::Pointer(Pointer { press: Press::Down, x: 4, y, shift: false }));
    }
    assert_eq!(s.app.subjects().selected().unwrap().title, title);
}

/// TUI-7: a moment at which a container had no process says so.
#[test]
fn no_processes_is_said() {
    let mut s = busy();
    select(&mut s, "search/api");
    s.key(Code::Enter);
    assert!(s.screen().contains("no process was recorded in it at this moment"), "{}", s.screen());
    assert!(Path::new(BUSY.path()).exists());
}

/// TUI-3: a filter narrows the list and the viewer's own choice; a wrong one is refused, an empty one shows all again.
#[test]
fn filters_narrow() {
    let mut s = busy();
    s.keys("&pod:checkout");
    s.key(Code::Enter);
    assert_eq!(s.app.subjects().visible().len(), 2);
    assert_eq!(s.app.drawn().keys().len(), 2, "{}", s.screen());
    assert!(s.screen().contains("[pod:checkout]"), "{}", s.screen());
    s.keys("&");
    for _ in 0..12 {
        s.key(Code::Backspace);
    }
    s.keys("nope:x");
    s.key(Code::Enter);
    assert!(s.screen().contains("nope"), "{}", s.screen());
    assert!(s.app.notice.is_some() && s.app.subjects().visible().len() == 2);
    s.keys("&");
    for _ in 0..12 {
        s.key(Code::Backspace);
    }
    s.key(Code::Enter);
    assert_eq!(s.app.subjects().visible().len(), 6);
}

/// TUI-3: muted series leave the chart and stay in the legend; solo shows one alone.
#[test]
fn mute_and_solo() {
    let mut s = busy();
    s.keys("M");
    let screen = s.screen();
    assert!(screen.contains("○A checkout/app"), "{screen}");
    assert!(!screen.lines().next().unwrap().contains("limit"), "{screen}");
    s.keys("i");
    let screen = s.screen();
    assert!(screen.contains("●A checkout/app") && screen.contains("○B checkout/proxy"), "{screen}");
    s.keys("i");
    assert!(s.screen().contains("●B checkout/proxy") && s.screen().contains("○A"), "{}", s.screen());
}

/// TUI-3: the list says by what it is ordered, and its numbers follow.
#[test]
fn the_list_says_its_order() {
    let mut s = busy();
    show(&mut s, "memory_current_bytes");
    s.keys("rrr");
    let screen = s.screen();
    assert!(screen.contains("growth") && screen.contains("59.5 MiB"), "{screen}");
}

/// TUI-3: everybody on the list as a heat strip, in the order of the list, two to a row; what was not recorded is blank;
/// without many colours one to a row, in more and more ink.
#[test]
fn a_heat_strip_of_all() {
    let dir = recording();
    let mut s = Session::open(dir.path(), 120, 40);
    s.keys("V");
    let first = s.screen();
    assert!(first.contains("heat 0–") && first.contains("8 of 8"), "{first}");
    let plot = s.app.layout().plot;
    let dots = |screen: &str| {
        let rows = screen.lines().skip(usize::from(plot.y)).take(8);
        rows.map(|r| r.chars().skip(usize::from(plot.x)).collect::<String>()).collect::<Vec<_>>()
    };
    assert_eq!(dots(&first).iter().filter(|r| r.contains('▀')).count(), 4);
    assert!(dots(&first)[0].contains("▀    "), "the ticks that no recorder wrote: {first}");
    s.look = look(Depth::None, Marker::Braille);
    assert_snapshot!(s.screen());
    s.keys("r");
    assert!(s.screen().contains("█"), "{}", s.screen());
    s.keys("V");
    assert!(!s.screen().contains("heat 0"), "{}", s.screen());
}

/// TUI-7: a container's memory by kind as a stack, with each kind's value at the cursor; shared pages are counted once;
/// of a container whose kinds are not known that is said.
#[test]
fn memory_by_kind() {
    let mut s = busy();
    s.keys("VV");
    assert!(!s.screen().contains("means"), "a stack of CPU would mean nothing: {}", s.screen());
    show(&mut s, "memory_current_bytes");
    s.keys("VVt14:47:00");
    s.key(Code::Enter);
    let screen = s.screen();
    let title = screen.lines().next().unwrap();
    for part in ["anon 29.5 MiB", "shmem 4.00 MiB", "file 8.00 MiB", "kernel –"] {
        assert!(title.contains(part), "{part}: {screen}");
    }
    assert_snapshot!(screen);
    s.key(Code::Tab);
    s.keys("j");
    assert!(s.screen().contains("no kinds of memory are known"), "{}", s.screen());
    s.keys("V");
    assert!(!s.screen().contains("means"));
}
