//! A panel as an SVG picture, for documents and tickets.
//!
//! Owns: the picture. Must not: know terminals; the numbers are those that the screen shows.

use std::fmt::Write;

use fgm::series::{Bucket, Gap, shown_quantity};
use fgm::time::{Micros, TimeRange};

use super::raster::place;
use super::scale::{Extent, ValueAxis};
use super::{axis, paint};
use crate::app::App;
use crate::app::drawn::Who;
use crate::app::panel::Panel;
use crate::theme::Palette;

/// Pixels around the plot for labels: left, top, right, and below without the legend.
const LEFT: f64 = 72.0;
const TOP: f64 = 34.0;
const RIGHT: f64 = 16.0;
const BELOW: f64 = 40.0;
/// Height of a line of the legend.
const LINE: f64 = 18.0;
/// Pixels of a column.
const COLUMN: f64 = 2.0;

/// One picture being drawn.
struct Picture<'a> {
    app: &'a App,
    panel: &'a Panel,
    window: TimeRange,
    axis: ValueAxis,
    w: f64,
    h: f64,
    out: String,
}

/// The panel as a picture of so many pixels; `None` while there is nothing to draw.
pub fn draw(app: &App, panel: &Panel, width: u32, height: u32) -> Option<String> {
    let (window, drawn) = (app.window()?, &app.group_of(panel.metric.table).drawn);
    let rows = (drawn.iter().count() + usize::from(drawn.rest)) as f64 * LINE;
    let (w, h) = (f64::from(width) - LEFT - RIGHT, f64::from(height) - TOP - BELOW - rows);
    if w < 50.0 || h < 50.0 {
        return None;
    }
    let columns = (w / COLUMN) as usize;
    let series: Vec<_> =
        panel.series(drawn).map(|(i, b)| (i, place(b, window, columns), b.stepped)).collect();
    let extent = Extent::of(series.iter().flat_map(|(_, c, _)| c.iter().flatten()))?;
    let axis = ValueAxis::new(extent, panel.scale, shown_quantity(panel.metric), (h / 16.0) as u16);
    let mut p = Picture { app, panel, window, axis, w, h, out: String::new() };
    p.head(width, height);
    p.grid();
    for (_, columns, _) in &series {
        p.down(columns);
    }
    for (position, columns, stepped) in series.iter().rev() {
        p.series(*position, columns, *stepped);
    }
    for (line, (position, columns, _)) in series.iter().enumerate() {
        let who = drawn.chosen.get(*position).and_then(Option::as_ref).unwrap_or(&Who::Rest);
        p.legend(line, *position, &app.title_of(panel, who), columns);
    }
    p.out.push_str("</svg>\n");
    Some(p.out)
}

impl Picture<'_> {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
        let text = escaped(text);
        self.put(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{text}</text>"#
        ));
    }

    fn y(&self, value: f64) -> f64 {
        let [low, high, v] = [self.axis.low, self.axis.high, value].map(|v| self.axis.place(v));
        TOP + (high - v) / (high - low) * self.h
    }

    fn x(&self, at: Micros) -> f64 {
        LEFT + (at - self.window.start) as f64 / self.window.width() as f64 * self.w
    }

    fn head(&mut self, width: u32, height: u32) {
        self.put(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
        ));
        self.out.push_str(
            "<style>text{font:12px sans-serif;fill:#24292f}.m{fill:#6a6f78}.b{font-weight:bold}\
             .g{stroke:#e4e7ec;stroke-width:1}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        );
        let m = self.panel.metric;
        let unit = if self.axis.prefix.suffix.is_empty() {
            String::new()
        } else {
            format!(", {}", self.axis.prefix.suffix)
        };
        let by = self.app.group_of(m.table).drawn.by.map(|by| format!(", sum {}", by.words()));
        let name = format!("{}.{}{unit}{}", m.table, m.name, by.unwrap_or_default());
        self.text(LEFT, 20.0, "start", "b", &name);
        let at = |t| axis::clock(t, &self.app.zone, fgm::time::SECOND);
        let dot = (self.window.width() as f64 / (self.w / COLUMN)) as Micros;
        let about = format!(
            "{} {}–{} {} · 1 dot = {}, min–max",
            axis::date(self.window.start, &self.app.zone),
            at(self.window.start),
            at(self.window.end),
            axis::zone_name(self.window.start, &self.app.zone),
            paint::span(dot)
        );
        let x = LEFT + self.w;
        self.text(x, 20.0, "end", "m", &about);
    }

    fn grid(&mut self) {
        let (right, bottom) = (LEFT + self.w, TOP + self.h);
        for (value, label) in self.axis.ticks.clone() {
            let y = self.y(value);
            self.put(format_args!(r#"<path class="g" d="M{LEFT} {y:.1}H{right:.1}"/>"#));
            self.text(LEFT - 6.0, y + 4.0, "end", "m", &label);
        }
        let cells = (self.w / 8.0) as u16;
        for tick in axis::clock_ticks(self.window, cells, &self.app.zone) {
            let x = self.x(tick.at);
            self.put(format_args!(r#"<path class="g" d="M{x:.1} {TOP}V{bottom:.1}"/>"#));
            self.text(x, bottom + 16.0, "middle", "m", &tick.label);
        }
    }

    /// Shades the columns before which no recorder wrote.
    fn down(&mut self, columns: &[Option<Bucket>]) {
        for (span, _) in super::raster::gaps(columns).filter(|(_, g)| *g == Gap::RecorderDown) {
            let (x, w) = (LEFT + span.start as f64 * COLUMN, span.len() as f64 * COLUMN);
            let h = self.h;
            self.put(format_args!(
                r##"<rect x="{x:.1}" y="{TOP}" width="{w:.1}" height="{h:.1}" fill="#f0f1f3"/>"##
            ));
        }
    }

    /// Min–max as bars behind the line of the means, which breaks where there is a gap.
    fn series(&mut self, position: usize, columns: &[Option<Bucket>], stepped: bool) {
        let colour = colour(position);
        let (mut bars, mut line) = (String::new(), String::new());
        let mut pen = false;
        for (i, b) in columns.iter().enumerate() {
            let Some(b) = b else { continue };
            let x = LEFT + (i as f64 + 0.5) * COLUMN;
            if b.max > b.min {
                let _ = write!(bars, "M{x:.1} {:.1}V{:.1}", self.y(b.min), self.y(b.max));
            }
            let y = self.y(b.mean);
            let joined = pen && b.gap_before.is_none();
            let _ = match (joined, stepped) {
                (true, true) => write!(line, "H{x:.1}V{y:.1}"),
                (true, false) => write!(line, "L{x:.1} {y:.1}"),
                // A point that stands alone still shows.
                (false, _) => write!(line, "M{x:.1} {y:.1}h0.01"),
            };
            pen = true;
        }
        self.put(format_args!(
            r#"<path d="{bars}" stroke="{colour}" stroke-width="{COLUMN}" opacity="0.3"/>"#
        ));
        self.put(format_args!(
            r#"<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-linecap="round"/>"#
        ));
    }

    fn legend(&mut self, line: usize, position: usize, title: &str, columns: &[Option<Bucket>]) {
        let y = TOP + self.h + BELOW + line as f64 * LINE;
        let colour = colour(position);
        let top = y - 10.0;
        self.put(format_args!(r#"<rect x="{LEFT}" y="{top:.1}" width="10" height="10" fill="{colour}"/>"#));
        self.text(LEFT + 18.0, y, "start", "", title);
        let all = columns.iter().flatten();
        let ends = all.map(|b| (b.min, b.max)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        if let Some((min, max)) = ends {
            let value = |v| super::value(self.panel.metric, v);
            let text = format!("min {}  max {}", value(min), value(max));
            let x = LEFT + self.w;
            self.text(x, y, "end", "m", &text);
        }
    }
}

/// Pictures are on white paper.
fn colour(position: usize) -> String {
    Palette::LIGHT.series[position % 6].name()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
