//! The state as a pure function: messages in, effects out, no engine and no screen.

use std::sync::Arc;

use fgm::metric::Table;
use fgm::metric::containers::{METRICS, label};
use fgm::query::model::{Overview, SumAnswer, SumQuery, WindowAnswer, WindowQuery};
use fgm::series::{Bucket, Buckets, Members, Sum, shown_quantity};
use fgm::store::tick::LabelValue;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{SECOND, TimeRange};
use fgm_tui::app::drawn::Who;
use fgm_tui::app::message::{Answer, Effect, Found, Match, Message, Pointer, Press, Question, Slot, Ticket};
use fgm_tui::app::names::{Listed, Names};
use fgm_tui::app::panel::{Panel, Scale};
use fgm_tui::app::sums::SumPicture;
use fgm_tui::app::timeline::Pin;
use fgm_tui::app::{App, Overlay};
use fgm_tui::keymap::{Code, Key};
use jiff::tz::TimeZone;

fn overview(end: i64, live: bool) -> Arc<Overview> {
    Arc::new(Overview {
        generation: end as u64,
        range: Some(TimeRange::new(0, end * SECOND)),
        interval: SECOND,
        tables: vec![Table::Containers, Table::Processes],
        metrics: [Table::Containers, Table::Processes].iter().flat_map(|t| t.metrics()).collect(),
        files: 3,
        live,
        ..Overview::default()
    })
}

fn subjects(n: i64) -> Vec<Subject> {
    (0..n)
        .map(|i| {
            let mut labels = vec![LabelValue::Null; Table::Containers.labels().len()];
            labels[label::subject_kind] = LabelValue::text("container");
            labels[label::cgroup_path] = LabelValue::text(format!("/c{i}"));
            labels[label::cgroup_inode] = LabelValue::Int(i);
            Subject { table: Table::Containers, labels, first: 0, last: 1 }
        })
        .collect()
}

/// Every series is flat, as high as its inode.
fn answer(query: &WindowQuery) -> WindowAnswer {
    let series = query.subjects.iter().map(|k| {
        let v = k.values.last().and_then(LabelValue::as_int).unwrap_or(0) as f64;
        let bucket = Bucket { count: 1, min: v, max: v, first: v, last: v, mean: v, gap_before: None };
        let columns = vec![Some(bucket); query.columns];
        (k.clone(), Buckets { range: query.range, columns, stepped: false })
    });
    WindowAnswer { quantity: shown_quantity(query.metric), series: series.collect() }
}

/// Every sum is flat, as high as it has members.
fn summed(whose: Vec<Who>, query: SumQuery) -> SumPicture {
    let sum = |group: &Vec<SubjectKey>| {
        let (v, members) = (group.len() as f64, group.len() as u32);
        let bucket = Bucket { count: 1, min: v, max: v, first: v, last: v, mean: v, gap_before: None };
        let columns = vec![Some(bucket); query.columns];
        let members = vec![Some(Members { least: members, most: members }); query.columns];
        Sum { buckets: Buckets { range: query.range, columns, stepped: false }, members }
    };
    let groups = query.groups.iter().map(sum).collect();
    let answer = SumAnswer { quantity: shown_quantity(query.metric), groups };
    SumPicture { whose, query, answer }
}

/// Answers everything, as workers would, and collects other effects.
fn settle(app: &mut App, effects: Vec<Effect>) -> Vec<Effect> {
    let mut rest = Vec::new();
    let mut effects = std::collections::VecDeque::from(effects);
    while let Some(effect) = effects.pop_front() {
        match effect {
            Effect::Ask(ticket, Question::Subjects(table, _, filter)) => {
                let names = Arc::new(Names::new(table, subjects(9)));
                let listed = Listed::new(names, filter, &Vec::new);
                effects.extend(app.update(Message::Answer(ticket, Answer::Subjects(listed))));
            }
            Effect::Ask(ticket, Question::Window(q)) => {
                let a = answer(&q);
                effects.extend(app.update(Message::Answer(ticket, Answer::Window(q, a))));
            }
            Effect::Ask(ticket, Question::Sums(whose, query)) => {
                let picture = summed(whose, query);
                effects.extend(app.update(Message::Answer(ticket, Answer::Sums(picture))));
            }
            other => rest.push(other),
        }
    }
    rest
}

fn opened(live: bool) -> App {
    let (mut app, effects) = App::new(overview(1000, live), TimeZone::UTC, (120, 40));
    settle(&mut app, effects);
    app
}

fn press(app: &mut App, key: Key) -> Vec<Effect> {
    let effects = app.update(Message::Key(key));
    settle(app, effects)
}

fn keys(app: &mut App, keys: &str) {
    for c in keys.chars() {
        press(app, Key::char(c));
    }
}

fn asked(effects: &[Effect], slot: Slot) -> Option<(Ticket, WindowQuery)> {
    effects.iter().find_map(|e| match e {
        Effect::Ask(t, Question::Window(q)) if t.slot == slot => Some((*t, q.clone())),
        _ => None,
    })
}

/// TUI-1: opening ends in a picture of the six highest without a key being pressed, two columns per cell.
#[test]
fn opening_draws_the_highest() {
    let app = opened(false);
    assert_eq!(app.panel().metric.name, "cpu_usage_millicores");
    let inodes: Vec<_> = app.drawn().keys().iter().filter_map(|k| k.values[2].as_int()).collect();
    assert_eq!(inodes, [8, 7, 6, 5, 4, 3]);
    let picture = app.panel().picture.as_ref().unwrap();
    assert_eq!(picture.query.columns, usize::from(app.layout().plot.w) * 2);
    assert!(!app.pending());
}

/// TUI-1: subjects without rows at the end of the recording have ended.
#[test]
fn subjects_end() {
    let app = opened(false);
    let mut entry = app.subjects().all()[0].clone();
    assert!(app.ended(&entry));
    entry.last = 999 * SECOND;
    assert!(!app.ended(&entry));
}

/// Chart rules: an answer that a newer one has overtaken is dropped, and so is one about other series.
#[test]
fn stale_answers_are_dropped() {
    let mut app = opened(false);
    let first = app.update(Message::Key(Key::char('+')));
    let second = app.update(Message::Key(Key::char('+')));
    let (old, old_query) = asked(&first, Slot::Chart(0)).unwrap();
    let (new, new_query) = asked(&second, Slot::Chart(0)).unwrap();
    assert!(app.pending());
    let a = answer(&new_query);
    app.update(Message::Answer(new, Answer::Window(new_query.clone(), a)));
    assert!(!app.pending());
    let a = answer(&old_query);
    app.update(Message::Answer(old, Answer::Window(old_query.clone(), a)));
    assert_eq!(app.panel().picture.as_ref().unwrap().query, new_query);

    let late = app.update(Message::Key(Key::char('H')));
    let (ticket, query) = asked(&late, Slot::Chart(0)).unwrap();
    app.update(Message::Key(Key::char('n')));
    let a = answer(&query);
    app.update(Message::Answer(ticket, Answer::Window(query, a)));
    assert!(app.panel().picture.is_none(), "nothing is drawn after n");
}

/// Chart rules: while the window moves faster than answers come, older pictures of the same series are shown.
#[test]
fn moving_shows_what_is_there() {
    let mut app = opened(false);
    keys(&mut app, "++");
    let first = app.update(Message::Key(Key::char('H')));
    let _second = app.update(Message::Key(Key::char('H')));
    let (ticket, query) = asked(&first, Slot::Chart(0)).unwrap();
    let a = answer(&query);
    app.update(Message::Answer(ticket, Answer::Window(query.clone(), a)));
    assert_eq!(app.panel().picture.as_ref().unwrap().query, query);
    assert!(app.pending());
    app.update(Message::Slow);
    assert!(app.slow, "and dimmed after a moment");
}

/// TUI-2: a failed query is said, and the old picture stays.
#[test]
fn failures_are_said() {
    let mut app = opened(false);
    let effects = app.update(Message::Key(Key::char('+')));
    let (ticket, _) = asked(&effects, Slot::Chart(0)).unwrap();
    app.update(Message::Answer(ticket, Answer::Failed("no disk".into())));
    assert_eq!(app.notice.as_deref(), Some("no disk"));
    assert!(app.panel().picture.is_some() && !app.pending());
}

/// TUI-4: at most six series; the user's choice survives another metric, the viewer's is made anew.
#[test]
fn choices_survive_metrics() {
    let mut app = opened(false);
    press(&mut app, Key::plain(Code::PageDown));
    keys(&mut app, " ");
    assert!(app.notice.as_deref().unwrap().contains("6 series at most"), "{:?}", app.notice);
    keys(&mut app, "o");
    let only = app.drawn().keys();
    assert_eq!(only.len(), 1);
    press(&mut app, Key::plain(Code::BackTab));
    keys(&mut app, "j");
    assert_ne!(app.panel().metric.name, "cpu_usage_millicores");
    assert_eq!(app.drawn().keys(), only);
    keys(&mut app, "a");
    assert_eq!(app.drawn().keys().len(), 6);
}

/// TUI-2: dragging zooms to what was covered, a click sets the cursor, the wheel zooms at the pointer.
#[test]
fn the_mouse_zooms() {
    let mut app = opened(false);
    let plot = app.layout().plot;
    let at = |app: &mut App, press, x| {
        let effects = app.update(Message::Pointer(Pointer { press, x, y: plot.y + 1, shift: false }));
        settle(app, effects);
    };
    let whole = app.window().unwrap();
    at(&mut app, Press::Down, plot.x + 10);
    at(&mut app, Press::Drag, plot.x + 15);
    at(&mut app, Press::Up, plot.x + 19);
    let zoomed = app.window().unwrap();
    let share = zoomed.width() as f64 / whole.width() as f64;
    assert!((share - 10.0 / f64::from(plot.w)).abs() < 0.02, "{share}");
    at(&mut app, Press::Down, plot.x + 20);
    at(&mut app, Press::Up, plot.x + 20);
    let cursor = app.timeline.as_ref().unwrap().cursor().unwrap();
    assert!(zoomed.contains(cursor) && app.window().unwrap() == zoomed);
    at(&mut app, Press::WheelDown, plot.x + 20);
    assert!(app.window().unwrap().width() > zoomed.width());
    keys(&mut app, "uu");
    assert_eq!(app.window().unwrap(), whole);
}

/// TUI-2, TUI-1: live data is followed at one dot per second until the user looks elsewhere; F returns.
#[test]
fn live_data_is_followed() {
    let mut app = opened(true);
    assert_eq!(app.timeline.as_ref().unwrap().pin(), Pin::Newest);
    let effects = app.update(Message::Overview(overview(1001, true)));
    let (_, query) = asked(&effects, Slot::Chart(0)).unwrap();
    assert_eq!(query.range.end, 1001 * SECOND);
    assert_eq!(query.range.width() / query.columns as i64, SECOND);
    settle(&mut app, effects);
    keys(&mut app, "HH");
    let window = app.window();
    let effects = app.update(Message::Overview(overview(1002, true)));
    assert!(asked(&effects, Slot::Chart(0)).is_none());
    assert_eq!(app.window(), window);
    settle(&mut app, effects);
    keys(&mut app, "F");
    assert_eq!(app.window().unwrap().end, 1002 * SECOND);
}

/// An overview that says nothing new causes no questions.
#[test]
fn quiet_data_causes_no_questions() {
    let mut app = opened(false);
    assert_eq!(app.update(Message::Overview(overview(1000, false))), []);
}

/// TUI-1: a recording without rows yet shows itself once there are some.
#[test]
fn waits_for_the_first_tick() {
    let empty = Arc::new(Overview { live: true, segments: 1, ..Overview::default() });
    let (mut app, effects) = App::new(empty, TimeZone::UTC, (80, 24));
    assert_eq!(effects, []);
    keys(&mut app, "+-HLhl fugG/x");
    press(&mut app, Key::plain(Code::Esc));
    let effects = app.update(Message::Overview(overview(2, true)));
    settle(&mut app, effects);
    assert_eq!(app.drawn().keys().len(), 6);
}

/// TUI-1, TUI-2: a window that stays where it is and has room for what comes is asked for again as data comes; the small
/// pictures of a list as well. One that lies in the past is not.
#[test]
fn a_window_with_room_fills_up() {
    let mut app = opened(true);
    keys(&mut app, "WL");
    assert!(app.timeline.as_ref().is_some_and(|t| t.pin() == Pin::Free && t.window().end > 1000 * SECOND));
    for end in [1001, 1002] {
        let effects = app.update(Message::Overview(overview(end, true)));
        let slots: Vec<Slot> = effects.iter().filter_map(slot).collect();
        assert!(slots.contains(&Slot::Chart(0)) && slots.contains(&Slot::Sparks), "{end}: {slots:?}");
        settle(&mut app, effects);
    }
    keys(&mut app, "g");
    let effects = app.update(Message::Overview(overview(1003, true)));
    let slots: Vec<Slot> = effects.iter().filter_map(slot).collect();
    assert!(!slots.contains(&Slot::Chart(0)) && !slots.contains(&Slot::Sparks), "{slots:?}");
}

fn slot(effect: &Effect) -> Option<Slot> {
    match effect {
        Effect::Ask(ticket, _) => Some(ticket.slot),
        _ => None,
    }
}

/// TUI-1: a live recording begins with the CPU in use, which has no value on its first tick, and the list follows.
#[test]
fn live_begins_with_cpu() {
    let valued = |end: i64, derived: bool| {
        let has = |m: &&'static fgm::metric::Metric| derived || !m.source.starts_with("derived");
        let metrics = Table::Containers.metrics().iter().filter(has).collect();
        Arc::new(Overview { metrics, ..Overview::clone(&overview(end, true)) })
    };
    let (mut app, effects) = App::new(valued(1, false), TimeZone::UTC, (120, 40));
    settle(&mut app, effects);
    assert_eq!(app.panel().metric.name, "cpu_usage_millicores");
    let effects = app.update(Message::Overview(valued(2, true)));
    settle(&mut app, effects);
    assert_eq!(app.metrics.at(app.metrics.list.selected).map(|m| m.name), Some("cpu_usage_millicores"));
}

/// TUI-4: quitting, suspending and redrawing leave as effects; ctrl-c closes a search before it quits.
#[test]
fn program_keys() {
    let mut app = opened(false);
    assert_eq!(press(&mut app, Key::char('q')), [Effect::Quit]);
    assert_eq!(press(&mut app, Key::ctrl('z')), [Effect::Suspend]);
    assert_eq!(press(&mut app, Key::ctrl('l')), [Effect::Redraw]);
    keys(&mut app, "/");
    assert_eq!(press(&mut app, Key::char('q')), [Effect::Pattern("q".into(), true)]);
    assert_eq!(press(&mut app, Key::ctrl('c')), [Effect::CloseSearch]);
    assert_eq!(press(&mut app, Key::ctrl('c')), [Effect::Quit]);
}

/// Every key in every context, on every size, with and without data: no panic.
#[test]
fn any_keys_in_any_order() {
    let mut seed = 1u64;
    let mut next = |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let all: Vec<Key> = fgm_tui::keymap::TABLE.iter().flat_map(|e| e.keys.iter().copied()).collect();
    for live in [false, true] {
        let mut app = opened(live);
        for i in 0..4000 {
            match next(12) {
                0 => {
                    let size = (next(200) as u16, next(60) as u16);
                    let effects = app.update(Message::Resize(size.0, size.1));
                    settle(&mut app, effects);
                }
                1 => {
                    let press =
                        [Press::Down, Press::Drag, Press::Up, Press::WheelUp, Press::WheelDown][next(5)];
                    let (x, y) = (next(200) as u16, next(60) as u16);
                    let effects = app.update(Message::Pointer(Pointer { press, x, y, shift: next(2) == 0 }));
                    settle(&mut app, effects);
                }
                2 => {
                    let effects = app.update(Message::Overview(overview(1000 + i, live)));
                    settle(&mut app, effects);
                }
                _ => {
                    press(&mut app, all[next(all.len())]);
                }
            }
            let window = app.window().unwrap();
            assert!(
                window.width() > 0 && window.overlaps(app.timeline.as_ref().unwrap().bounds()),
                "{window:?}"
            );
        }
    }
    assert!(!METRICS.is_empty());
}

/// TUI-2: up to six panels share one time axis; a new one shows the same subjects, closing one leaves the others alone,
/// and keys are about the active one.
#[test]
fn panels_share_time_and_subjects() {
    let mut app = opened(false);
    let add = |app: &mut App, item: usize| {
        keys(app, "p");
        let found = Found {
            matches: vec![Match { item, text: String::new(), positions: Vec::new() }],
            ..Found::default()
        };
        let number = match &app.overlay {
            Overlay::Search(s) => s.number,
            other => panic!("{other:?}"),
        };
        app.update(Message::Found(number, found));
        press(app, Key::plain(Code::Enter));
    };
    for item in [30, 40, 50, 60, 70] {
        add(&mut app, item);
    }
    assert_eq!((app.panels.len(), app.active), (6, 5));
    let shown = |app: &App| app.panels.iter().filter(|p| p.picture.is_some()).count();
    assert_eq!(shown(&app), 6);
    let subjects = |p: &Panel| p.picture.as_ref().unwrap().query.subjects.clone();
    assert!(app.panels.iter().all(|p| subjects(p) == app.drawn().keys()), "one colour on the whole screen");
    add(&mut app, 80);
    assert_eq!(app.panels.len(), 6);
    assert!(app.notice.as_deref().unwrap().contains("6 panels at most"), "{:?}", app.notice);

    let effects = app.update(Message::Key(Key::char('+')));
    let asked = effects.iter().filter(|e| matches!(e, Effect::Ask(t, _) if matches!(t.slot, Slot::Chart(_))));
    assert_eq!(asked.count(), 6, "all panels move together");
    settle(&mut app, effects);
    let ranges: Vec<_> = app.panels.iter().map(|p| p.picture.as_ref().unwrap().query.range).collect();
    assert!(ranges.iter().all(|r| Some(*r) == app.window()));

    keys(&mut app, "]");
    assert_eq!(app.active, 0);
    keys(&mut app, "z");
    let scales: Vec<_> = app.panels.iter().map(|p| p.scale).collect();
    assert_eq!(scales[0], Scale::Fit);
    assert!(scales[1..].iter().all(|s| *s == Scale::Zero));
    let second = app.panels[1].metric;
    keys(&mut app, "x");
    assert_eq!((app.panels.len(), app.panel().metric), (5, second));
    keys(&mut app, "xxxxx");
    assert_eq!(app.panels.len(), 1, "the last one stays");
    assert!(app.notice.is_some());
}

/// TUI-2: a click in a panel makes it the active one.
#[test]
fn a_click_activates_a_panel() {
    let mut app = opened(false);
    keys(&mut app, "p");
    let number = if let Overlay::Search(s) = &app.overlay { s.number } else { 0 };
    let line = Match { item: 2, text: String::new(), positions: Vec::new() };
    app.update(Message::Found(number, Found { matches: vec![line], ..Found::default() }));
    press(&mut app, Key::plain(Code::Enter));
    assert_eq!(app.active, 1);
    let first = app.layout().panels[0].plot;
    for press in [Press::Down, Press::Up] {
        let effects =
            app.update(Message::Pointer(Pointer { press, x: first.x + 5, y: first.y, shift: false }));
        settle(&mut app, effects);
    }
    assert_eq!(app.active, 0);
    assert!(app.timeline.as_ref().unwrap().cursor().is_some());
}

/// Chart rules: an answer under way that would not do is called off, one that overlaps is awaited.
#[test]
fn questions_that_make_do() {
    let mut app = opened(false);
    let of = |effects: &[Effect]| match effects.first() {
        Some(Effect::Ask(_, q)) => q.clone(),
        other => panic!("{other:?}"),
    };
    let zoomed = of(&app.update(Message::Key(Key::char('+'))));
    let panned = of(&app.update(Message::Key(Key::char('H'))));
    assert!(panned.makes_do_with(&zoomed));
    keys(&mut app, "+++++++");
    let here = of(&app.update(Message::Key(Key::char('+'))));
    let there = of(&app.update(Message::Key(Key::char('G'))));
    assert!(!there.makes_do_with(&here));
}

/// The house: the state knows neither ratatui nor I/O, and views do no I/O.
#[test]
fn layers_stay_apart() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let io = ["std::fs", "std::io", "std::time", "std::thread", "std::env"];
    let rules =
        [("app", [&io[..], &["ratatui", "crate::view", "crate::terminal"]].concat()), ("view", io.to_vec())];
    for (folder, forbidden) in rules {
        let mut files = 0;
        for file in std::fs::read_dir(source.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let code =
                text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for word in &forbidden {
                assert!(!code.contains(word), "{} uses {word}", path.display());
            }
            files += 1;
        }
        assert!(files > 8, "{folder} has moved");
    }
}

/// TUI-3: who types faster than the matcher gets what was typed: the match is taken when it is there, and the keys after
/// it wait; closing does not.
#[test]
fn typing_ahead_of_the_matcher() {
    let mut app = opened(false);
    let width = |app: &App| app.window().unwrap().width();
    let before = width(&app);
    keys(&mut app, "/mem");
    press(&mut app, Key::plain(Code::Enter));
    keys(&mut app, "++");
    let number = if let Overlay::Search(s) = &app.overlay { s.number } else { 0 };
    let found = |item, running| {
        let line = Match { item, text: String::new(), positions: Vec::new() };
        let pattern = "mem".to_owned();
        Message::Found(number, Found { pattern, matches: vec![line], running, ..Found::default() })
    };
    let mut old = found(9, false);
    if let Message::Found(_, old) = &mut old {
        old.pattern = "me".to_owned();
    }
    app.update(old);
    assert!(
        matches!(&app.overlay, Overlay::Search(s) if s.pending),
        "that was for what had been typed before"
    );
    app.update(found(2, true));
    assert!(matches!(&app.overlay, Overlay::Search(s) if s.input.value() == "mem"), "still looking");
    let effects = app.update(found(5, false));
    settle(&mut app, effects);
    assert!(matches!(app.overlay, Overlay::None) && width(&app) < before / 2);
    assert_eq!(app.panel().metric, app.metrics.all().nth(5).unwrap());
    keys(&mut app, "/x");
    press(&mut app, Key::plain(Code::Enter));
    press(&mut app, Key::plain(Code::Esc));
    assert!(matches!(app.overlay, Overlay::None));
    keys(&mut app, "z");
    assert_eq!(app.panel().scale, Scale::Fit, "keys mean what they did");
}
