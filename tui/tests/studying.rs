//! Studies in the viewer: asked for, waited for, gone to, folded, left again.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::sync::LazyLock;

use fgm::time::SECOND;
use fgm_tui::app::Overlay;
use fgm_tui::app::findings::{Figure, State};
use fgm_tui::keymap::Code;
use insta::assert_snapshot;
use support::session::Session;
use tempfile::TempDir;

static TROUBLE: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    support::trouble::record(dir.path());
    dir
});

fn session() -> Session {
    Session::open(TROUBLE.path(), 120, 40)
}

fn sentences(s: &Session) -> Vec<String> {
    let findings = s.app.studies.findings.as_ref().unwrap();
    assert_eq!(findings.state, State::Done);
    findings.all.iter().map(|f| f.sentence.clone()).collect()
}

/// STU-1: the menu says what can be studied; a finding is gone to, drawn with the ruler of its cycles, folded, and left.
#[test]
fn cycles_are_found_drawn_and_folded() {
    let mut s = session();
    let before = (s.app.panel().metric, s.app.drawn().keys(), s.app.window());
    s.keys("A");
    assert!(s.screen().contains("What repeats."), "{}", s.screen());
    s.keys("p");
    let all = sentences(&s);
    assert!(all[0].starts_with("cpu_usage_millicores of batch/greedy repeats every 120 s"), "{all:?}");
    assert!(s.screen().contains("what repeats, 14:46:00 to 15:06:00"), "{}", s.screen());
    s.keys("j");
    s.key(Code::Enter);
    assert_eq!(s.app.panel().metric.name, "cpu_throttled_usec_total");
    let shown = s.app.studies.shown.as_ref().unwrap();
    assert!(matches!(shown.figure, Figure::Cycles { .. }));
    let listed = s.app.subjects().selected().map(|e| e.key.clone());
    assert_eq!(listed.as_ref(), shown.subjects.first(), "the list is where the finding is");
    let screen = s.screen();
    assert!(screen.contains('┳') && screen.contains("repeats every 120 s"), "{screen}");
    s.keys("P");
    assert_eq!(s.app.panel().metric.name, "cpu_usage_millicores");
    s.keys("O");
    assert_snapshot!(s.screen());
    s.key(Code::Esc);
    s.keys("B");
    assert_eq!((s.app.panel().metric, s.app.drawn().keys(), s.app.window()), before);
    assert!(!s.screen().contains('┳'));
}

/// STU-2: a change is shown with its levels and the cursor on it.
#[test]
fn a_change_is_shown_with_its_levels() {
    let mut s = session();
    s.keys("Ac");
    let all = sentences(&s);
    let at = all.iter().position(|f| f.contains("cpu_usage_millicores of shop/web rose")).unwrap();
    for _ in 0..at {
        s.keys("j");
    }
    s.key(Code::Enter);
    let screen = s.screen();
    assert!(screen.contains('━') && screen.contains("(+301 mcores) at 14:56:00"), "{screen}");
}

/// STU-2, TUI-2: one key puts the cursor on the next change of the selected series, another on the one before.
#[test]
fn changes_are_reached_by_a_key() {
    let mut s = session();
    s.keys("nc");
    s.keys("shop/web");
    s.key(Code::Enter);
    let step = support::START + support::trouble::STEP * SECOND;
    s.keys("}");
    let timeline = s.app.timeline.as_ref().unwrap();
    assert!((timeline.cursor().unwrap() - step).abs() <= timeline.dot(), "{}", s.screen());
    s.keys("}");
    assert!(s.screen().contains("no later change of level"), "{}", s.screen());
    s.keys("G");
    s.key(Code::Esc);
    s.keys("{");
    let timeline = s.app.timeline.as_ref().unwrap();
    assert!((timeline.cursor().unwrap() - step).abs() <= timeline.dot(), "{}", s.screen());
    s.keys("/memory_max_effective");
    s.key(Code::Enter);
    s.keys("}");
    assert!(s.screen().contains("no changes are looked for in this metric"), "{}", s.screen());
}

/// STU-4, STU-5, STU-6: links, kills and throttling are told; Enter on a kill opens memory around it.
#[test]
fn the_other_studies_answer() {
    let mut s = session();
    s.keys("Ak");
    assert!(sentences(&s)[0].contains("in shop/leaky the kernel killed java [77]"));
    s.key(Code::Enter);
    assert_eq!(s.app.panels.len(), 2, "usage, and the kind of memory");
    s.keys("At");
    assert!(sentences(&s).iter().all(|f| f.contains("was throttled")));
    s.keys("q");
    assert!(matches!(s.app.overlay, Overlay::None));
    s.keys("f");
    s.keys("Am");
    assert!(
        sentences(&s).iter().any(|f| f.contains("io_write_bytes_total of shop/db")),
        "{:?}",
        sentences(&s)
    );
}

/// STU-1: of the drawn series of a panel alone; a metric that no study is made of says so.
#[test]
fn a_panel_is_studied_alone() {
    let mut s = session();
    s.keys("A");
    s.key(Code::Tab);
    assert!(s.screen().contains("the drawn series of cpu_usage_millicores"), "{}", s.screen());
    s.keys("p");
    assert!(sentences(&s).iter().all(|f| f.starts_with("cpu_usage_millicores of ")));
    s.key(Code::Esc);
    s.keys("/memory_max_effective");
    s.key(Code::Enter);
    s.keys("Ap");
    assert!(s.screen().contains("no study is made of this metric"), "{}", s.screen());
}
