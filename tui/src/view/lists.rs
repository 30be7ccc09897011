//! The two lists on the left and the line between them that explains the metric.
//!
//! Owns: their rows. Must not: scroll (the state does).

use fgm::metric::{Metric, Repr};
use fgm::series::Bucket;
use fgm::unit::Unit;
use ratatui::buffer::Buffer;

use super::paint::{line, put, right};
use super::{Look, letter, sparks, sums, value};
use crate::app::layout::{Area, Layout};
use crate::app::metrics::Line;
use crate::app::{App, Focus};
use crate::text::{clean, fit, fit_middle, width, wrap};

/// Columns of most values, a blank before them.
const VALUE: u16 = 8;

/// Draws both lists, when there is room for them.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    let Some(lists) = layout.lists else { return };
    metrics(app, look, lists.metrics, buf);
    detail(app, look, lists.detail, buf);
    if app.drawn().by.is_some() {
        sums::list(app, look, lists.subjects, buf);
    } else {
        subjects(app, look, lists.subjects, buf);
    }
    for y in 0..layout.status.y {
        put(buf, lists.metrics.w, y, 1, "│", look.theme.faint());
    }
}

pub(super) fn heading(look: Look, a: Area, focus: bool, name: &str, count: &str, buf: &mut Buffer) {
    let style = if focus { look.theme.accent() } else { look.theme.strong() };
    line(buf, a, 0, &[(if focus { "▸" } else { " " }, style), (name, style)]);
    right(buf, Area { w: a.w - 1, ..a }, 0, count, look.theme.muted());
}

/// Styles a whole row as selected.
pub(super) fn mark(look: Look, a: Area, y: u16, focus: bool, buf: &mut Buffer) {
    for x in a.x..a.x + a.w {
        buf[(x, y)].set_style(look.theme.selected(focus));
    }
}

fn metrics(app: &App, look: Look, a: Area, buf: &mut Buffer) {
    let focus = app.focus == Focus::Metrics;
    heading(look, a, focus, "metrics", &app.metrics.all().count().to_string(), buf);
    let rows = usize::from(a.h - 1);
    let list = app.metrics.list;
    for (i, l) in app.metrics.lines.iter().enumerate().skip(list.offset).take(rows) {
        let y = a.y + 1 + (i - list.offset) as u16;
        match l {
            Line::Heading(t) => {
                put(buf, a.x + 1, y, a.w - 2, t.name(), look.theme.muted());
            }
            Line::Metric(m) => {
                let room = a.w - 4;
                put(buf, a.x + 3, y, room, &fit_middle(m.name, usize::from(room)), look.theme.text());
            }
        }
        let drawn = |p: &crate::app::panel::Panel| *l == Line::Metric(p.metric);
        if app.panels.len() > 1 && app.panels.iter().any(drawn) {
            put(buf, a.x + 1, y, 1, "·", look.theme.accent());
        }
        if i == list.selected {
            mark(look, a, y, focus, buf);
        }
    }
}

fn detail(app: &App, look: Look, a: Area, buf: &mut Buffer) {
    let m = app.panel().metric;
    let w = usize::from(a.w - 2);
    put(buf, a.x, a.y, a.w, &"─".repeat(usize::from(a.w)), look.theme.faint());
    let unit = fgm::series::shown_quantity(m);
    let per = if unit.per_second { " per second" } else { "" };
    let name = match (m.repr, m.unit) {
        (Repr::Bool, _) => "yes or no",
        (_, Unit::None) => "",
        _ => m.unit.name(),
    };
    let name = format!("{name}{per}");
    let last =
        if name.is_empty() { m.source.to_owned() } else { format!("{} · {}", name.trim_start(), m.source) };
    let help = wrap(m.help, w);
    let rows = usize::from(a.h - 1);
    let shown = help.len().min(rows.saturating_sub(1));
    for (i, text) in help.iter().take(shown).enumerate() {
        let cut = i + 1 == shown && help.len() > shown;
        let text = if cut { fit(&format!("{text} {}", help[shown]), w) } else { text.clone() };
        put(buf, a.x + 1, a.y + 1 + i as u16, a.w - 2, &text, look.theme.text());
    }
    for (i, text) in wrap(&last, w).iter().take(rows - shown).enumerate() {
        put(buf, a.x + 1, a.y + 1 + (shown + i) as u16, a.w - 2, text, look.theme.muted());
    }
}

fn subjects(app: &App, look: Look, a: Area, buf: &mut Buffer) {
    let focus = app.focus == Focus::Subjects;
    put(buf, a.x, a.y, a.w, &"─".repeat(usize::from(a.w)), look.theme.faint());
    let visible = app.subjects().visible().len();
    let hidden = app.subjects().all().len() - visible;
    let filter = app.filter.as_ref().map(|f| format!("[{}] ", clean(&f.to_string())));
    let name = format!("{} {}", app.subjects().noun(), filter.unwrap_or_default());
    let room = usize::from(a.w).saturating_sub(2 + width(&name));
    let count = count(visible, hidden, app.subjects().order.words(), room);
    heading(look, a, focus, &name, &count, buf);
    let rows = usize::from(a.h - 1);
    let list = app.subjects().list;
    let cells = app.spark_cells();
    for (i, e) in app.subjects().visible().enumerate().skip(list.offset).take(rows) {
        let y = a.y + 1 + (i - list.offset) as u16;
        let position = app.drawn().position(&e.key);
        if app.subjects().is_pinned(&e.key) {
            put(buf, a.x + 2, y, 1, "*", look.theme.accent());
        }
        if let Some(p) = position {
            put(buf, a.x, y, 2, &format!("●{}", letter(p)), look.theme.series(p, true));
        }
        // A narrow list, or one with small pictures, has room for numbers only.
        let value = number(app, a.w < 34 || cells > 0, app.subjects().rank(&e.key));
        let at = right(buf, Area { y, w: a.w - 1, ..a }, 0, &value, look.theme.muted());
        // One below the other, whatever the values' widths.
        let spark = Area { x: (a.x + a.w).saturating_sub(1 + VALUE + cells), y, w: cells, h: 1 };
        let end = if cells > 0 { spark.x.min(at) } else { at };
        let room = end.saturating_sub(a.x + 4);
        if cells > 0 && at >= spark.x + cells {
            let style = position.map_or(look.theme.muted(), |p| look.theme.series(p, true));
            sparks::draw(app, &e.key, look, spark, style, buf);
        }
        let style = match position {
            _ if app.ended(e) => look.theme.ended(),
            Some(_) => look.theme.strong(),
            None => look.theme.text(),
        };
        put(buf, a.x + 3, y, room, &fit_middle(&e.title, usize::from(room)), style);
        if i == list.selected {
            mark(look, a, y, focus, buf);
        }
    }
}

/// What the order compares; where there is room for numbers only, the chart says in what.
pub(super) fn number(app: &App, is_short: bool, rank: Option<&Bucket>) -> String {
    let metric = app.panel().metric;
    let rank = rank.map(|r| app.subjects().order.value(r));
    rank.map(|m| if is_short { short(metric, m) } else { value(metric, m) }).unwrap_or_default()
}

/// How many there are, how many are hidden, and what the numbers below are: as much as there is room for.
pub(super) fn count(visible: usize, hidden: usize, what: &str, room: usize) -> String {
    let (key, short) =
        if hidden > 0 { (format!(" (+{hidden}: v)"), format!(" (+{hidden})")) } else { Default::default() };
    let all = [
        format!(" {visible}{key} · {what} in window"),
        format!(" {visible}{key} {what}"),
        format!(" {visible}{short} {what}"),
        format!(" {visible} {what}"),
    ];
    all.into_iter().find(|t| width(t) <= room).unwrap_or_else(|| format!(" {what}"))
}

/// A value without the unit that all lines share: `48.0 MiB` becomes `48.0M`.
fn short(metric: &Metric, v: f64) -> String {
    if metric.repr == Repr::Bool {
        return value(metric, v);
    }
    let quantity = fgm::series::shown_quantity(metric);
    let scale = quantity.scale_for(v);
    let prefix = match scale.suffix.chars().next() {
        Some(c @ ('K' | 'M' | 'G' | 'T' | 'P' | 'k')) => c.to_string(),
        _ => String::new(),
    };
    fgm::unit::significant(v / scale.divisor) + &prefix
}
