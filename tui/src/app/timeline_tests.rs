//! Tests of the window of time.

use super::*;

fn timeline(live: bool) -> Timeline {
    Timeline::new(TimeRange::new(0, 1000 * SECOND), SECOND, 100, live)
}

/// TUI-2: zooming keeps the instant under the pointer where it is; undo and redo travel through views.
#[test]
fn zoom_keeps_its_place_and_can_be_undone() {
    let mut t = timeline(false);
    assert_eq!(t.window(), TimeRange::new(0, 1000 * SECOND));
    t.zoom(0.5, Some(250 * SECOND));
    t.zoom(0.5, Some(250 * SECOND));
    let w = t.window();
    assert_eq!(w.width(), 250 * SECOND);
    assert_eq!((250 * SECOND - w.start) * 4, w.width());
    t.pan(0.5);
    assert!(t.window().start > w.start);
    assert!(t.travel(true));
    assert_eq!(t.window(), w);
    assert!(t.travel(true), "two zooms in a row are one step");
    assert_eq!(t.window().width(), 1000 * SECOND);
    assert_eq!(t.pin(), Pin::Everything);
    assert!(!t.travel(true));
    assert!(t.travel(false) && t.travel(false) && !t.travel(false));
}

/// TUI-2: following keeps the right edge and the dots' grid; panning away stops it.
#[test]
fn following_keeps_the_newest_data() {
    let mut t = timeline(true);
    assert_eq!((t.window().end, t.dot()), (1000 * SECOND, SECOND));
    assert!(t.grow(TimeRange::new(0, 1001 * SECOND), SECOND));
    assert_eq!(t.window(), TimeRange::new(901 * SECOND, 1001 * SECOND));
    t.pan(-0.5);
    assert_eq!(t.pin(), Pin::Free);
    let before = t.window();
    assert!(!t.grow(TimeRange::new(0, 1002 * SECOND), SECOND), "nothing new is in view");
    assert_eq!(t.window(), before);
    t.follow();
    assert_eq!(t.window().end, 1002 * SECOND);
    t.zoom(2.0, None);
    assert_eq!((t.pin(), t.window().end), (Pin::Newest, 1002 * SECOND));
    t.set_columns(200);
    assert_eq!(t.window().width(), 400 * SECOND);
}

#[test]
fn the_window_never_leaves_the_recording() {
    let mut t = timeline(false);
    t.zoom(0.1, None);
    for _ in 0..100 {
        t.pan(1.0);
    }
    assert!(t.window().overlaps(t.bounds()));
    for _ in 0..100 {
        t.zoom(0.5, None);
    }
    assert!(t.window().width() >= 8 * SECOND && t.window().overlaps(t.bounds()));
}

/// TUI-2: the cursor stands on dots and takes the window along.
#[test]
fn the_cursor_walks_over_dots() {
    let mut t = timeline(false);
    assert!(!t.move_cursor(-1));
    assert_eq!(t.cursor(), Some(985 * SECOND));
    t.zoom(0.1, Some(500 * SECOND));
    t.set_cursor(Some(t.window().end - 1));
    assert!(t.move_cursor(1), "leaving the window moves it");
    assert!(t.window().contains(t.cursor().unwrap()));
}

/// TUI-2: two cursors: what lies between them can be shown, and both go together.
#[test]
fn two_cursors() {
    let mut t = timeline(false);
    assert!(!t.set_mark() && !t.show_between(), "there is no cursor yet");
    t.set_cursor(Some(300 * SECOND));
    assert!(t.set_mark());
    t.look_at(500 * SECOND);
    assert!(t.show_between());
    let w = t.window();
    assert!((w.width() - 200 * SECOND).abs() <= 10 * SECOND && w.contains(400 * SECOND), "{w:?}");
    t.set_cursor(t.mark());
    assert!(t.set_mark() && t.mark().is_none(), "a second time takes it away");
    t.drop_cursors();
    assert_eq!((t.cursor(), t.mark()), (None, None));
}

/// TUI-2: an instant outside of the window is brought into its middle.
#[test]
fn looking_elsewhere_moves_the_window() {
    let mut t = timeline(false);
    t.zoom(0.1, Some(100 * SECOND));
    t.look_at(800 * SECOND);
    let w = t.window();
    assert!(w.contains(800 * SECOND) && t.cursor().is_some_and(|c| w.contains(c)));
    assert!((w.start + w.width() / 2 - 800 * SECOND).abs() < 2 * SECOND);
}
