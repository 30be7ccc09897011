//! The subject list's small pictures.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::sync::LazyLock;

use fgm_tui::app::message::{Question, Slot};
use fgm_tui::caps::Depth;
use fgm_tui::keymap::Code;
use fgm_tui::view::marker::Marker;
use insta::assert_snapshot;
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
    rows.map(|r| r.chars().take(usize::from(a.w)).collect()).collect()
}

/// TUI-3: on a wide screen each line of the list has a sparkline of its series in the window, blank where nothing was
/// recorded; `W` takes them away.
#[test]
fn sparklines_in_a_wide_list() {
    let mut s = open(160, 40);
    assert_snapshot!(s.screen());
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
