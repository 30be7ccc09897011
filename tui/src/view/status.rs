//! The status line and the key bar.
//!
//! Owns: the two bottom rows. Must not: know keys (the action table does).

use ratatui::buffer::Buffer;

use super::Look;
use super::axis;
use super::paint::{line, put, right, span};
use crate::app::layout::Layout;
use crate::app::timeline::Pin;
use crate::app::{App, Tone};
use crate::keymap::{Action, Context, TABLE};
use crate::text::width;

/// Draws the status line.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.status;
    let mut room = a;
    if let Some(text) = troubles(app) {
        let x = right(buf, a, 0, &text, look.theme.warning());
        room.w = x.saturating_sub(a.x + 1);
    }
    if app.gone {
        let text = "the recording is gone: its files are no longer there";
        line(buf, room, 0, &[(" ", look.theme.text()), (text, look.theme.warning())]);
        return;
    }
    if let Some(notice) = &app.notice {
        let style = if app.tone == Tone::Failed { look.theme.warning() } else { look.theme.notice() };
        line(buf, room, 0, &[(" ", look.theme.text()), (notice, style)]);
        return;
    }
    if let Some(news) = app.recorder.news() {
        let text = format!("recorder: {news}");
        let live = if app.overview.live { "● live · " } else { "" };
        let pieces = [(" ", look.theme.text()), (live, look.theme.live()), (&text, look.theme.warning())];
        line(buf, room, 0, &pieces);
        return;
    }
    let mut pieces = vec![(" ".to_owned(), look.theme.text())];
    let gap = || (" · ".to_owned(), look.theme.faint());
    if let Some(t) = &app.timeline {
        let window = t.window();
        pieces.push((format!("1 dot = {}", span(t.dot())), look.theme.strong()));
        pieces.push((", min–max".to_owned(), look.theme.text()));
        pieces.push(gap());
        let at = |t| axis::clock(t, &app.zone, fgm::time::SECOND);
        pieces.push((format!("{}–{}", at(window.start), at(window.end)), look.theme.text()));
        let zone = axis::zone_name(window.start, &app.zone);
        pieces.push((format!(" {zone} ({})", span(window.width())), look.theme.muted()));
        pieces.push(gap());
    }
    let o = &app.overview;
    let open = if o.segments > 0 { format!(" + {} open", o.segments) } else { String::new() };
    let files = if o.files == 1 { "file" } else { "files" };
    if o.live {
        let following = app.timeline.as_ref().is_some_and(|t| t.pin() != Pin::Free);
        pieces.push(("● live".to_owned(), look.theme.live()));
        let how = if following {
            ", following".to_owned()
        } else {
            format!(", {} follows", app.keymap.hint(Action::Follow))
        };
        pieces.push((how, look.theme.text()));
        pieces.push(gap());
    }
    if o.lost_ticks > 0 {
        pieces.push((format!("{} ticks lost", o.lost_ticks), look.theme.warning()));
        pieces.push(gap());
    }
    let health = format!("{} {files}{open}", o.files);
    let used: usize = pieces.iter().map(|(t, _)| width(t)).sum();
    // Half a word says nothing.
    if used + width(&health) <= usize::from(room.w) {
        pieces.push((health, look.theme.muted()));
    } else {
        // Nor does a separator with nothing behind it.
        pieces.pop();
    }
    if app.slow {
        pieces.push(("  loading …".to_owned(), look.theme.warning()));
    }
    let pieces: Vec<_> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    line(buf, room, 0, &pieces);
}

/// What stays at the end of the line for as long as it is so.
fn troubles(app: &App) -> Option<String> {
    let n = app.overview.problems.len();
    let files = if n == 1 { "file" } else { "files" };
    let unreadable = (n > 0).then(|| format!("{n} {files} unreadable"));
    let ended = app.recorder.report.ended.is_some().then(|| "not recording".to_owned());
    let clocks = app.doubt.is_some().then(|| "clocks may differ".to_owned());
    let all: Vec<_> = ended.into_iter().chain(unreadable).chain(clocks).collect();
    (!all.is_empty()).then(|| format!("{} ({}) ", all.join(", "), app.keymap.hint(Action::Problems)))
}

/// Draws the key bar for where keys are read now: as many as fit, help and quit always.
pub fn keys(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.keys;
    let context = app.context();
    let word = |e: &crate::keymap::Entry| match context {
        Context::Main => e.bar.map(str::to_owned),
        // Elsewhere all keys are few; their names end in what they do.
        _ => e.name.split_once('-').map(|(_, w)| w.to_owned()),
    };
    let all: Vec<(String, String)> = TABLE
        .iter()
        .filter(|e| e.context == context)
        .filter_map(|e| Some((app.keymap.keys(e.action).first()?.to_string(), word(e)?)))
        .collect();
    let size = |(k, w): &(String, String)| width(k) + width(w) + 3;
    let last = all.len().saturating_sub(if context == Context::Main { 2 } else { 0 });
    let mut budget = usize::from(a.w).saturating_sub(1 + all[last..].iter().map(size).sum::<usize>());
    let mut x = a.x + 1;
    for (i, pair) in all.iter().enumerate() {
        if i < last {
            if size(pair) > budget {
                continue;
            }
            budget -= size(pair);
        }
        let room = |x: u16| (a.x + a.w).saturating_sub(x);
        x = put(buf, x, a.y, room(x), &pair.0, look.theme.key());
        x = put(buf, x + 1, a.y, room(x + 1), &pair.1, look.theme.muted()) + 2;
    }
}
