//! The legend: who is drawn, with the value at the cursor, highest first.
//!
//! Owns: its rows. Must not: sort by itself (the pointer must find the same order).

use fgm::series::{Buckets, Gap};
use ratatui::buffer::Buffer;

use super::paint::put;
use super::{Look, letter, value};
use crate::app::App;
use crate::app::layout::Layout;
use crate::app::panel::Reading;
use crate::text::{pad, pad_left, width};

/// Columns of a value with its unit.
const VALUE: u16 = 13;
/// Columns before the name.
const MARK: u16 = 4;
/// A name is cut to this, if need be, to make room for numbers.
const NAME: u16 = 16;
/// Most columns of a name.
const LONGEST: u16 = 60;

/// What may stand behind the value: the first that fits does. The highest value tells most.
const STATS: [&[&str]; 3] = [&["min", "mean", "max"], &["min", "max"], &["max"]];

struct Row {
    position: usize,
    title: String,
    /// Min, mean and max in the window.
    numbers: Option<[String; 3]>,
}

/// Draws the rows.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let a = layout.legend;
    let rows = rows(app, usize::from(a.h));
    let names = rows.iter().map(|r| width(&r.title) as u16).max().unwrap_or(0).min(LONGEST);
    let cells: Vec<u16> = (0..3).map(|i| longest(&rows, i)).collect();
    let room = a.w.saturating_sub(MARK + VALUE);
    let size = |words: &[&str]| words.iter().map(|w| 2 + w.len() as u16 + 1 + cells[index(w)]).sum::<u16>();
    let stats = STATS.into_iter().find(|words| names.min(NAME) + size(words) <= room);
    let name_w = match stats {
        Some(words) => names.max(NAME).min(room - size(words)),
        None => room.min(LONGEST),
    };
    for (i, row) in rows.iter().enumerate() {
        let y = a.y + i as u16;
        let selected = row.position == app.drawn().selected;
        let style = look.theme.series(row.position, true);
        put(buf, a.x, y, 1, if selected { "▸" } else { " " }, look.theme.accent());
        put(buf, a.x + 1, y, 3, &format!("●{}", letter(row.position)), style);
        let name_style = if selected { look.theme.strong() } else { look.theme.text() };
        put(buf, a.x + MARK, y, name_w, &pad(&row.title, usize::from(name_w)), name_style);
        let (text, style) = match app.value_of(app.panel(), row.position) {
            Reading::Value(b) => (value(app.panel().metric, b.mean), name_style),
            Reading::Missing(Gap::RecorderDown) => ("not recorded".to_owned(), look.theme.warning()),
            Reading::Missing(Gap::SubjectAbsent) => ("absent".to_owned(), look.theme.muted()),
            Reading::Missing(Gap::Unavailable) => ("unavailable".to_owned(), look.theme.muted()),
            Reading::Outside => ("–".to_owned(), look.theme.muted()),
        };
        let x = a.x + MARK + name_w;
        put(buf, x, y, VALUE, &pad_left(&text, usize::from(VALUE)), style);
        let (Some(words), Some(numbers)) = (stats, &row.numbers) else { continue };
        let number = |i: usize| pad_left(&numbers[i], usize::from(cells[i]));
        let text = words.iter().map(|w| format!("  {w} {}", number(index(w)))).collect::<Vec<_>>().concat();
        let x = x + VALUE;
        put(buf, x, y, (a.x + a.w).saturating_sub(x), &text, look.theme.muted());
    }
}

/// Place of a word among the numbers.
fn index(word: &str) -> usize {
    STATS[0].iter().position(|w| *w == word).unwrap_or(0)
}

fn longest(rows: &[Row], number: usize) -> u16 {
    rows.iter().filter_map(|r| r.numbers.as_ref()).map(|n| width(&n[number]) as u16).max().unwrap_or(0)
}

fn rows(app: &App, most: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for position in app.legend_order().into_iter().take(most) {
        let Some(key) = &app.drawn().chosen[position] else { continue };
        let title = app.group_of(key.table).title(key);
        let buckets = app.panel().series(app.drawn()).find(|(i, ..)| *i == position).map(|(_, _, b)| b);
        let numbers = buckets.and_then(|b| numbers(app, b));
        rows.push(Row { position, title, numbers });
    }
    rows
}

fn numbers(app: &App, b: &Buckets) -> Option<[String; 3]> {
    let (min, max) = b.extent()?;
    Some([min, b.mean()?, max].map(|v| value(app.panel().metric, v)))
}
