//! The subject list's small pictures, and the tree of pods, containers and processes.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::sync::LazyLock;

use fgm_tui::app::Overlay;
use fgm_tui::app::message::{Message, Question, Slot};
use fgm_tui::app::tree::Line;
use fgm_tui::caps::Depth;
use fgm_tui::keymap::{Code, Key};
use fgm_tui::text::width;
use fgm_tui::view::marker::Marker;
use insta::assert_snapshot;
use support::busy::{KILLED, record_busy};
use support::recording;
use support::session::{Session, look};
use tempfile::TempDir;

static RECORDING: LazyLock<TempDir> = LazyLock::new(recording);

fn open(w: u16, h: u16) -> Session {
    Session::open(RECORDING.path(), w, h)
}

/// What was asked for the small pictures since the last call.
fn sparks(s: &mut Session) -> Vec<Question> {
    let asked = std::mem::take(&mut s.asked).into_iter();
    asked.filter(|(slot, _)| *slot == Slot::Sparks).map(|(_, question)| question).collect()
}

/// The subject list's rows as they stand on the screen.
fn list(s: &Session) -> Vec<String> {
    let a = s.app.layout().lists.unwrap().subjects;
    let rows = s.screen();
    let rows = rows.lines().skip(usize::from(a.y) + 1).take(usize::from(a.h) - 1);
    let cut = |row: &str| {
        let mut room = usize::from(a.w);
        let fits = |c: &char| {
            room = room.saturating_sub(width(&c.to_string()));
            room > 0
        };
        row.chars().take_while(fits).collect()
    };
    rows.map(cut).collect()
}

/// TUI-3: on a wide screen each line of the list has a sparkline of its series in the window, blank where nothing was
/// recorded; `W` takes them away.
#[test]
fn sparklines_in_a_wide_list() {
    let mut s = open(160, 40);
    assert_snapshot!(list(&s).join("\n"));
    let dots = |s: &Session| list(s).iter().filter(|r| r.contains(|c| ('⠁'..='⣿').contains(&c))).count();
    assert_eq!(dots(&s), 8);
    s.keys("W");
    assert_eq!((dots(&s), s.app.view().sparks), (0, Some(false)));
}

/// TUI-3, TUI-4: in a narrower list they stand when they are wanted, which is kept with the view; where there is no room
/// the reason is told.
#[test]
fn sparklines_when_wanted() {
    let mut s = open(120, 40);
    assert_eq!((s.app.spark_cells(), sparks(&mut s).len()), (0, 0));
    s.keys("W");
    assert!(s.app.spark_cells() > 4 && s.app.view().sparks == Some(true));
    s.look = look(Depth::None, Marker::Ascii);
    let rows = list(&s);
    let row = rows.iter().find(|r| r.contains("checkout/app")).unwrap();
    assert!(row.contains("!!!") && rows.iter().all(|r| r.is_ascii()), "{rows:?}");
    let mut s = open(80, 24);
    s.keys("W");
    assert!(s.screen().contains("too narrow for sparklines"), "{}", s.screen());
    s.keys("\\W");
    assert!(s.screen().contains("sparklines stand in the list"), "{}", s.screen());
}

/// TUI-3: where a value was unavailable there is nothing: in one row of text a line at the bottom would be a zero.
#[test]
fn sparklines_have_gaps() {
    let mut s = open(160, 40);
    s.keys("/containers.pids_current");
    s.key(Code::Enter);
    s.keys("t14:46:40");
    s.key(Code::Enter);
    s.keys("+++H");
    let rows = list(&s);
    let row = rows.iter().find(|r| r.contains("checkout/app")).unwrap();
    let dots: Vec<&str> = row.split(|c| !('⠁'..='⣿').contains(&c)).filter(|d| !d.is_empty()).collect();
    assert_eq!(dots.len(), 2, "before and after: {row}");
}

/// TUI-3: they are one question, about the lines that can be seen and in as many columns as they have dots; it is asked
/// anew when lines, window or metric are others, and only then.
#[test]
fn sparklines_are_one_small_question() {
    let mut s = open(160, 20);
    let rows = usize::from(s.app.layout().lists.unwrap().subjects.h) - 1;
    let Some(Question::Window(query)) = sparks(&mut s).pop() else { panic!("not asked") };
    assert!(rows < 8 && query.subjects.len() == rows, "{rows}: {query:?}");
    assert_eq!(query.columns, 2 * usize::from(s.app.spark_cells()));
    s.keys("hhlj");
    s.key(Code::Tab);
    assert_eq!(sparks(&mut s).len(), 0, "the same lines, the same window");
    s.keys("+");
    assert_eq!(sparks(&mut s).len(), 1);
    s.keys("/pids_current");
    s.key(Code::Enter);
    let Some(Question::Window(other)) = sparks(&mut s).pop() else { panic!("not asked") };
    assert_eq!(other.metric.name, "pids_current");
    s.key(Code::BackTab);
    for _ in 0..8 {
        s.keys("j");
    }
    let Some(Question::Window(below)) = sparks(&mut s).pop() else { panic!("not asked") };
    assert!(below.subjects != other.subjects && below.subjects.len() == rows);
}

static BUSY: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    record_busy(dir.path());
    dir
});

/// The tree's lines as they stand on the screen, without the frame.
fn tree(s: &Session) -> Vec<String> {
    let rows = s.screen();
    let inside = rows.lines().skip(2).take_while(|r| !r.starts_with('╰'));
    let text = inside.map(|r| r.trim_matches(|c: char| c == '│' || c == ' ').to_owned());
    text.filter(|r| !r.is_empty()).map(|r| r.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn busy(w: u16, h: u16) -> Session {
    let mut s = Session::open(BUSY.path(), w, h);
    s.keys("t14:47:00");
    s.key(Code::Enter);
    s
}

/// TUI-7: pods, their containers and their processes as one tree at the cursor's moment, with the values of the metric
/// that is looked at; `Enter` unfolds and folds, `l` and `h` likewise; time goes on within it; a process is drawn as the
/// table of processes does; the tree comes back as it was left.
#[test]
fn pods_containers_and_processes_in_a_tree() {
    let mut s = busy(120, 40);
    s.keys("T");
    // The list's selection is there at once.
    assert!(tree(&s)[0].contains("checkout"), "{}", s.screen());
    let Some(Line::Node(node)) = s.app.tree.selected() else { panic!("{:?}", s.app.tree.selected()) };
    assert_eq!(s.app.tree.forest.nodes[node].title, "app");
    s.key(Code::Enter);
    assert_snapshot!(s.screen());
    let at = |s: &Session, text: &str| tree(s).iter().position(|r| r.contains(text));
    assert!(at(&s, "17 /bin/spin") < at(&s, "23 /bin/grow"), "by CPU: {}", s.screen());
    // The one that grows is there until it is killed.
    for _ in 60..KILLED + 2 {
        s.keys(".");
    }
    assert!(at(&s, "/bin/spin").is_some() && at(&s, "/bin/grow").is_none(), "{}", s.screen());
    for _ in 60..KILLED + 2 {
        s.keys(",");
    }
    s.keys("jj");
    assert!(matches!(s.app.tree.selected(), Some(Line::Process(..))), "{}", s.screen());
    s.keys("h");
    assert_eq!(s.app.tree.selected(), Some(Line::Node(node)), "to the line above");
    s.keys("h");
    assert_eq!(at(&s, "/bin/grow"), None, "folded");
    s.keys("hh");
    assert!(tree(&s).iter().all(|r| !r.contains("proxy")), "{}", s.screen());
    s.keys("+");
    assert!(at(&s, "proxy").is_some(), "{}", s.screen());
    s.keys("q");
    assert!(matches!(s.app.overlay, Overlay::None));
    s.keys("/containers.memory_current");
    s.key(Code::Enter);
    s.keys("ccheckout/app");
    s.key(Code::Enter);
    s.keys("T");
    assert!(s.screen().contains("memory_current_bytes, of processes RSS"), "{}", s.screen());
    s.keys("l");
    assert!(at(&s, "23 /bin/grow") < at(&s, "17 /bin/spin"), "by resident memory: {}", s.screen());
    s.keys("j");
    s.key(Code::Enter);
    assert!(matches!(s.app.overlay, Overlay::None));
    assert_eq!((s.app.panels.len(), s.app.panel().metric.name), (2, "memory_rss_bytes"));
    assert!(s.screen().contains("grow [23]"), "{}", s.screen());
}

/// TUI-7, TUI-5: the tree on a small screen, and in ASCII; `space` draws a container; one without processes says so.
#[test]
fn the_tree_on_a_small_screen() {
    let mut s = busy(80, 24);
    s.keys("n");
    s.keys("Tk");
    s.key(Code::Enter);
    s.key(Code::Enter);
    s.keys("jj");
    s.keys("l ");
    let screen = s.screen();
    assert!(screen.contains("no process was recorded in it at this moment"), "{screen}");
    assert!(screen.contains("●A") && s.app.drawn().keys().len() == 1, "{screen}");
    assert_snapshot!(screen);
    s.look = look(Depth::None, Marker::Ascii);
    assert!(s.screen().is_ascii(), "{}", s.screen());
}

/// TUI-7, TUI-3: the tree follows the list's filter.
#[test]
fn the_tree_follows_the_filter() {
    let mut s = busy(120, 40);
    s.keys("&pod:search");
    s.key(Code::Enter);
    s.keys("T");
    assert_eq!(tree(&s).len(), 1 + 2, "{}", s.screen());
    s.key(Code::Esc);
    s.keys("t14:46:00");
    s.key(Code::Enter);
    s.keys("&");
    s.key(Code::Backspace);
    s.keys("zz");
    s.key(Code::Enter);
    s.keys("T");
    assert!(s.screen().contains("nobody matches the filter at this moment"), "{}", s.screen());
}

/// TUI-3: before the matcher has said a word nothing is claimed about matches.
#[test]
fn nothing_is_said_before_it_is_known() {
    let mut s = open(120, 40);
    let _unheard = s.app.update(Message::Key(Key::char('c')));
    let screen = s.screen();
    assert!(screen.contains("0/0 …") && !screen.contains("nothing matches"), "{screen}");
    s.key(Code::Esc);
    s.keys("cqqqqq");
    assert!(s.screen().contains("nothing matches"), "{}", s.screen());
}
