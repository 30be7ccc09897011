//! The legend: who is drawn, with the value at the cursor, highest first.
//!
//! Owns: its rows. Must not: sort by itself (the pointer must find the same order).

use fgm::series::Gap;
use ratatui::buffer::Buffer;

use super::paint::put;
use super::{Look, letter, value};
use crate::app::App;
use crate::app::drawn::{REST, Who};
use crate::app::layout::Layout;
use crate::app::panel::Reading;
use crate::text::{pad, pad_left, width};

/// Columns of a value with its unit.
const VALUE: u16 = 13;
/// Columns before the name.
const MARK: u16 = 4;
/// A name is cut to this, if need be, to make room for numbers.
const NAME: u16 = 16;
/// The same where some are sums, which tell of how many they are.
const SUM: u16 = 22;
/// Most columns of a name.
const LONGEST: u16 = 60;

/// What may stand behind the value: the first that fits does. The highest value tells most.
const STATS: [&[&str]; 3] = [&["min", "mean", "max"], &["min", "max"], &["max"]];
/// The same while there is a second cursor.
const DELTA: [&[&str]; 2] = [&["at ◆", "Δ"], &["Δ"]];

struct Row {
    position: usize,
    title: String,
    /// Whether it tells of how many it is.
    sum: bool,
    /// A number per word of the longest of the sets; empty where there is nothing to tell.
    numbers: Vec<String>,
}

/// Draws the rows.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.legend;
    let marked = app.timeline.as_ref().is_some_and(|t| t.mark().is_some());
    let sets: &[&[&str]] = if marked { &DELTA } else { &STATS };
    // Place of a word among the numbers.
    let index = |word: &str| sets[0].iter().position(|w| *w == word).unwrap_or(0);
    let rows = rows(app, usize::from(a.h), marked);
    let names = rows.iter().map(|r| width(&r.title) as u16).max().unwrap_or(0).min(LONGEST);
    let longest = |i: usize| rows.iter().filter_map(|r| r.numbers.get(i)).map(|n| width(n)).max();
    let cells: Vec<u16> = (0..sets[0].len()).map(|i| longest(i).unwrap_or(0) as u16).collect();
    let room = a.w.saturating_sub(MARK + VALUE);
    let size = |words: &[&str]| -> u16 { words.iter().map(|w| 3 + width(w) as u16 + cells[index(w)]).sum() };
    let sums = rows.iter().filter(|r| r.sum).map(|r| width(&r.title) as u16).max().unwrap_or(0);
    let least = sums.clamp(NAME, SUM);
    let stats = sets.iter().find(|words| names.min(least) + size(words) <= room);
    let name_w = match stats {
        Some(words) => names.max(least).min(room - size(words)),
        None => room.min(LONGEST),
    };
    for (i, row) in rows.iter().enumerate() {
        let y = a.y + i as u16;
        let selected = row.position == app.drawn().selected;
        let style = look.theme.series(row.position, true);
        put(buf, a.x, y, 1, if selected { "▸" } else { " " }, look.theme.accent());
        let dot = if app.drawn().shows(row.position) { "●" } else { "○" };
        put(buf, a.x + 1, y, 3, &format!("{dot}{}", letter(row.position)), style);
        let shown = app.drawn().shows(row.position);
        let name_style = if !shown {
            look.theme.faint()
        } else if selected {
            look.theme.strong()
        } else {
            look.theme.text()
        };
        put(buf, a.x + MARK, y, name_w, &pad(&row.title, usize::from(name_w)), name_style);
        let reading = app.value_of(app.panel(), row.position);
        let style = match reading {
            Reading::Value(_) => name_style,
            Reading::Missing(Gap::RecorderDown) => look.theme.warning(),
            Reading::Missing(_) | Reading::Outside => look.theme.muted(),
        };
        let x = a.x + MARK + name_w;
        put(buf, x, y, VALUE, &pad_left(&said(app, reading), usize::from(VALUE)), style);
        let (Some(words), false) = (stats, row.numbers.is_empty()) else { continue };
        let number = |i: usize| pad_left(&row.numbers[i], usize::from(cells[i]));
        let text = words.iter().map(|w| format!("  {w} {}", number(index(w)))).collect::<Vec<_>>().concat();
        let x = x + VALUE;
        put(buf, x, y, (a.x + a.w).saturating_sub(x), &text, look.theme.muted());
    }
}

/// A reading in words.
fn said(app: &App, reading: Reading) -> String {
    match reading {
        Reading::Value(b) => value(app.panel().metric, b.mean),
        Reading::Missing(Gap::RecorderDown) => "not recorded".to_owned(),
        Reading::Missing(Gap::SubjectAbsent) => "absent".to_owned(),
        Reading::Missing(Gap::Unavailable) => "unavailable".to_owned(),
        Reading::Outside => "–".to_owned(),
    }
}

fn rows(app: &App, most: usize, marked: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for position in app.legend_order().into_iter().take(most) {
        let chosen = app.drawn().chosen.get(position).and_then(Option::as_ref);
        let Some(who) = chosen.or((position == REST).then_some(&Who::Rest)) else { continue };
        let title = app.title_of(app.panel(), who);
        let numbers = if marked { difference(app, position) } else { stats(app, position) };
        let sum = who.subject().is_none();
        rows.push(Row { position, title, sum, numbers: numbers.unwrap_or_default() });
    }
    rows
}

/// Min, mean and max in the window.
fn stats(app: &App, position: usize) -> Option<Vec<String>> {
    let (_, b) = app.panel().series(app.drawn()).find(|(i, _)| *i == position)?;
    let (min, max) = b.extent()?;
    Some([min, b.mean()?, max].map(|v| value(app.panel().metric, v)).to_vec())
}

/// The value at the second cursor, and how much more there is at the first.
fn difference(app: &App, position: usize) -> Option<Vec<String>> {
    let then = app.value_at_mark(position)?;
    let delta = match (then, app.value_of(app.panel(), position)) {
        (Reading::Value(a), Reading::Value(b)) => {
            let d = b.mean - a.mean;
            let sign = if d < 0.0 { "−" } else { "+" };
            format!("{sign}{}", fgm::series::shown_quantity(app.panel().metric).format(d.abs()))
        }
        _ => "–".to_owned(),
    };
    Some(vec![said(app, then), delta])
}
