//! Groups and sums in the viewer.

#![allow(clippy::unwrap_used, reason = "tests may fall over")]

mod support;

use std::path::Path;
use std::sync::LazyLock;

use fgm::metric::Table;
use fgm::store::tick::Tick;
use fgm_tui::app::drawn::{REST, Who};
use fgm_tui::app::message::{Effect, Message};
use fgm_tui::app::opening::{Opening, View};
use fgm_tui::app::panel::Reading;
use fgm_tui::grouping::By;
use fgm_tui::keymap::{Code, Key};
use insta::assert_snapshot;
use support::session::Session;
use support::{START, fill, recording, write};
use tempfile::TempDir;

static RECORDING: LazyLock<TempDir> = LazyLock::new(recording);

fn open(w: u16, h: u16) -> Session {
    Session::open(RECORDING.path(), w, h)
}

fn groups(s: &Session) -> Vec<String> {
    let lines = &s.app.group_of(s.app.panel().metric.table).groups.lines;
    lines.iter().map(|l| format!("{} {}", l.title, l.members.len())).collect()
}

fn group(name: &str) -> Who {
    Who::Group(Some(name.into()))
}

fn newest(s: &Session, who: &Who) -> f64 {
    match s.app.value_of(s.app.panel(), s.app.drawn().place(who).unwrap()) {
        Reading::Value(b) => b.mean,
        other => panic!("{who:?}: {other:?}"),
    }
}

fn copied(s: &mut Session, key: char) -> String {
    s.keys("y");
    match &s.app.update(Message::Key(Key::char(key)))[..] {
        [Effect::Copy(_, text)] => text.clone(),
        _ => s.app.notice.clone().unwrap_or_default(),
    }
}

/// TUI-3: one key groups by pod, namespace, container name, node and all of them, and comes back to what was drawn; the
/// list has the groups in the order of what they have, the chart their sums.
#[test]
fn groups_are_drawn_as_sums() {
    let mut s = open(120, 40);
    let before = s.app.drawn().keys();
    s.keys("R");
    assert_eq!(s.app.drawn().by, Some(By::Pod));
    assert_eq!(groups(&s)[0], "search 2");
    assert!(s.app.drawn().iter().count() == 6 && s.app.drawn().keys().is_empty());
    let screen = s.screen();
    assert!(screen.contains("sum by pod") && screen.contains("search (2)"), "{screen}");
    assert_snapshot!(screen);
    s.keys("R");
    assert_eq!(groups(&s), ["(no namespace) 8"]);
    s.keys("R");
    assert_eq!(groups(&s).len(), 7, "two pods have an app");
    s.keys("R");
    assert_eq!(groups(&s), ["node-1 8"]);
    s.keys("R");
    assert_eq!(groups(&s), ["all 8"]);
    s.keys("R");
    assert_eq!((s.app.drawn().by, s.app.drawn().keys()), (None, before));
}

/// TUI-3: groups are chosen as subjects are, and keep their colour; who had no value is told.
#[test]
fn groups_are_chosen_like_subjects() {
    let mut s = open(120, 40);
    s.keys("Rn");
    assert_eq!(s.app.drawn().iter().count(), 0);
    s.keys(" j ");
    let drawn: Vec<_> = s.app.drawn().iter().map(|(_, who)| who.clone()).collect();
    assert_eq!(drawn.len(), 2);
    assert_eq!(drawn[0], group("search"));
    let screen = s.screen();
    assert!(screen.contains("search (1–2 of 2)"), "one of them was away for a while: {screen}");
    s.keys("kor");
    assert_eq!(s.app.drawn().iter().map(|(_, who)| who.clone()).collect::<Vec<_>>(), [group("search")]);
    s.keys("a");
    assert_eq!(s.app.drawn().iter().count(), 6);
}

/// TUI-3: Enter goes from a group to its members: the list has no one else, and they are drawn.
#[test]
fn a_group_opens_into_its_members() {
    let mut s = open(120, 40);
    s.keys("R");
    s.key(Code::Enter);
    assert_eq!(s.app.drawn().by, None);
    assert_eq!(s.app.filter.as_ref().unwrap().to_string(), "pod:=search");
    let listed: Vec<_> = s.app.subjects().visible().map(|e| e.title.clone()).collect();
    assert_eq!(listed.len(), 2);
    assert_eq!(s.app.drawn().keys().len(), 2);
    // Those without a name can only be chosen.
    let mut s = open(120, 40);
    s.keys("RR");
    s.key(Code::Enter);
    assert!(s.app.filter.is_none() && s.app.drawn().keys().len() == 6);
}

/// TUI-3: everybody who is listed and not drawn, as one more series behind the six, and nobody twice.
#[test]
fn the_rest_is_one_series() {
    let mut s = open(120, 40);
    let all: f64 = {
        let mut s = open(120, 40);
        s.keys("RRRRR");
        newest(&s, &Who::Group(None))
    };
    s.keys(";");
    let six: f64 = s.app.drawn().keys().into_iter().map(|k| newest(&s, &Who::Subject(k))).sum();
    assert!((six + newest(&s, &Who::Rest) - all).abs() < 1e-6);
    assert_eq!(s.app.legend_order().last(), Some(&REST));
    let screen = s.screen();
    assert!(screen.contains("rest (2)"), "{screen}");
    assert_snapshot!(screen);
    s.keys(" ");
    assert!(s.screen().contains("rest (3)"), "{}", s.screen());
    s.keys(";");
    assert!(!s.screen().contains("rest"), "{}", s.screen());
}

/// TUI-3, QRY-1: sums follow a recording that grows, to the last tick.
#[test]
fn sums_follow_live_data() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = write(dir.path(), START, 100);
    let mut s = Session::open(dir.path(), 120, 40);
    s.keys("R");
    let summed = |s: &Session| s.app.panel().sums.as_ref().unwrap().answer.groups[0].buckets.samples();
    assert_eq!(summed(&s), 100);
    let mut tick = Tick::default();
    for n in 100..110 {
        fill(&mut tick, n, START);
        writer.append(&tick).unwrap();
    }
    s.refresh();
    assert_eq!(summed(&s), 110);
    assert_eq!((s.app.drawn().by, groups(&s).len()), (Some(By::Pod), 6));
}

/// TUI-3: a metric whose sum says nothing is refused with a reason, before and after.
#[test]
fn what_does_not_add_up_is_not_summed() {
    let mut s = open(120, 40);
    s.keys("/");
    s.keys("node.recorder_tick_usec");
    s.key(Code::Enter);
    for key in ["R", ";"] {
        s.keys(key);
        let said = s.app.notice.clone().unwrap_or_default();
        assert!(said.contains("it tells how long one thing took"), "{key}: {said}");
        assert!(s.app.drawn().by.is_none() && !s.app.drawn().rest);
    }
    let mut s = open(120, 40);
    s.keys("/");
    s.keys("node.recorder_late_usec");
    s.key(Code::Enter);
    s.keys("/");
    s.keys("node.recorder_rss_bytes");
    s.key(Code::Enter);
    s.keys("R");
    assert_eq!(s.app.drawn().by, Some(By::Node));
    s.keys("/");
    s.keys("node.recorder_late_usec");
    s.key(Code::Enter);
    assert!(s.screen().contains("has no sum: it tells how long"), "{}", s.screen());
}

/// TUI-4, TUI-6: values and commands speak of sums; SQL, which would give rows, is refused.
#[test]
fn sums_are_copied_as_what_they_are() {
    let mut s = open(120, 40);
    s.app.paths = vec![Path::new("rec").to_owned()];
    s.keys("R&");
    s.keys("pod:search");
    s.key(Code::Enter);
    let values = copied(&mut s, 'v');
    assert!(values.contains("\tsum by pod: search (1–2 of 2)\t"), "{values}");
    let command = copied(&mut s, 'c');
    assert!(
        command.contains(" --sum-by pod --include pod:search ") && command.ends_with(" rec"),
        "{command}"
    );
    let link = copied(&mut s, 'l');
    assert!(link.contains(" --sum-by pod --include pod:search "), "{link}");
    s.keys("o");
    let link = copied(&mut s, 'l');
    assert!(link.contains(" --subject search --sum-by pod --include pod:search "), "{link}");
    assert!(copied(&mut s, 's').contains("SQL gives rows"));
}

/// TUI-4: groups and the rest come back with the recording.
#[test]
fn sums_come_back() {
    let mut s = open(120, 40);
    s.keys("Ro");
    s.keys(";");
    let view = s.app.view();
    let text = serde_json::to_string(&view).unwrap();
    let read: View = serde_json::from_str(&text).unwrap();
    assert_eq!(view, read);
    let mut other = open(120, 40);
    let sums = read.sums.iter().map(|(t, s)| (Table::from_name(t).unwrap(), s.read())).collect();
    let effects = other.app.show(Opening { sums, ..Opening::default() });
    other.perform(effects);
    let drawn = |s: &Session| s.app.drawn().iter().map(|(_, who)| who.clone()).collect::<Vec<_>>();
    assert_eq!((other.app.drawn().by, other.app.drawn().rest), (Some(By::Pod), true));
    assert_eq!(drawn(&other), [group("search")]);
    assert_eq!(other.screen(), s.screen());
}
