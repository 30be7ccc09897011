//! The charts: value axis, limit, dots, gaps.
//!
//! Owns: the panels that everything else serves. Must not: compute buckets (the query engine does), or know the clock.

use fgm::series::{Bucket, Gap, shown_quantity};
use ratatui::buffer::Buffer;

use super::limit::LimitLine;
use super::paint::{middle, put};
use super::raster::{self, Raster};
use super::scale::{Extent, ValueAxis};
use super::{Look, ends, findings, heat, letter, stack, title};
use crate::app::App;
use crate::app::drawn::Drawn;
use crate::app::layout::{Layout, PanelArea};
use crate::app::message::Slot;
use crate::app::panel::{Panel, Shape};
use crate::keymap::Action;
use crate::text::{pad_left, width};

/// A series placed into the columns of the window.
pub struct Placed {
    /// Decides colour and letter.
    pub position: usize,
    /// Two per cell.
    pub columns: Vec<Option<Bucket>>,
    /// Whether a value holds until the next.
    pub stepped: bool,
}

/// Draws every panel that the layout has room for.
pub fn draw(app: &App, look: Look, layout: &Layout, buf: &mut Buffer) {
    for area in &layout.panels {
        if let Some(panel) = app.panels.get(area.index) {
            Chart { app, look, area: *area, panel, drawn: &app.group_of(panel.metric.table).drawn }.draw(buf);
        }
    }
}

/// One panel being drawn.
#[derive(Clone, Copy)]
pub struct Chart<'a> {
    /// The state.
    pub app: &'a App,
    /// How things look.
    pub look: Look,
    /// Where.
    pub area: PanelArea,
    /// What.
    pub panel: &'a Panel,
    /// Whose.
    pub drawn: &'a Drawn,
}

impl Chart<'_> {
    fn draw(&self, buf: &mut Buffer) {
        let plot = self.area.plot;
        let Some(window) = self.app.window() else {
            title::draw(self, Vec::new(), buf);
            return self.message("waiting for the first data …", buf);
        };
        match self.panel.shape {
            Shape::Lines => {}
            Shape::Heat => return heat::draw(self, window, buf),
            Shape::Stack => return stack::draw(self, window, buf),
        }
        let columns = usize::from(plot.w) * 2;
        let placed: Vec<Placed> = self
            .panel
            .series(self.drawn)
            .filter(|(position, _)| self.drawn.shows(*position))
            .map(|(position, b)| Placed {
                position,
                columns: raster::place(b, window, columns),
                stepped: b.stepped,
            })
            .collect();
        let extent = Extent::of(placed.iter().flat_map(|p| p.columns.iter().flatten()));
        let top = self.drawn.top().filter(|_| self.drawn.shows(self.drawn.selected));
        let limit = top.and_then(|k| LimitLine::of(self.panel, k, window, usize::from(plot.w)));
        let limit = limit.as_ref();
        let shown = extent.map(|e| limit.map_or(e, |l| l.widen(e)));
        let shown = shown.unwrap_or(Extent { min: 0.0, max: 1.0, positive: Some(0.1) });
        let axis = ValueAxis::new(shown, self.panel.scale, shown_quantity(self.panel.metric), plot.h);
        let labelled = extent.is_some();
        let notes =
            if labelled { title::notes(self, &axis, limit.and_then(LimitLine::last)) } else { Vec::new() };
        title::draw(self, notes, buf);
        self.value_axis(&axis, labelled, buf);
        if let (Some(limit), true) = (limit, labelled) {
            self.limit(&axis, limit, buf);
        }
        self.recorder_down(&placed, buf);
        self.dots(&axis, &placed, buf);
        ends::draw(self, &axis, &placed, buf);
        findings::figure(self, &axis, window, buf);
        if extent.is_none() {
            self.message(&self.why_empty(), buf);
        }
    }

    fn why_empty(&self) -> String {
        let sums = self.drawn.by.is_some();
        if let Some(why) = self.app.no_sum(self.panel).filter(|_| sums) {
            return why;
        }
        if self.drawn.iter().next().is_none() && !self.drawn.rest {
            if self.drawn.automatic {
                return "loading …".to_owned();
            }
            let key = |action| self.app.keymap.hint(action);
            let (toggle, top) = (key(Action::Toggle), key(Action::Top));
            return format!("nothing is drawn: {toggle} draws the selected subject, {top} the highest");
        }
        if !self.drawn.iter().any(|(i, _)| self.drawn.shows(i)) && !self.drawn.rest {
            return "every series is muted".to_owned();
        }
        let slots = [Slot::Chart(self.panel.id), Slot::Sums(self.panel.id)];
        if slots.into_iter().any(|s| self.app.waits(s)) || self.panel.shown().is_none() {
            return "loading …".to_owned();
        }
        let (fit, search) = (self.app.keymap.hint(Action::Fit), self.app.keymap.hint(Action::SearchMetrics));
        format!(
            "no values of {} in this window: {fit} shows all, {search} another metric",
            self.panel.metric.name
        )
    }

    /// A sentence in the middle of the plot.
    pub fn message(&self, text: &str, buf: &mut Buffer) {
        let at = middle(self.area.plot, width(text) as u16, 1);
        put(buf, at.x, at.y, at.w, text, self.look.theme.muted());
    }

    /// Row of a value in the plot.
    pub fn row_of(&self, axis: &ValueAxis, value: f64) -> u16 {
        let (plot, rows) = (self.area.plot, self.look.caps.marker.rows());
        let dots = usize::from(plot.h) * rows;
        let (low, high) = (axis.place(axis.low), axis.place(axis.high));
        let share = ((high - axis.place(value)) / (high - low)).clamp(0.0, 1.0);
        plot.y + (((share * (dots - 1) as f64).round() as usize) / rows) as u16
    }

    /// Line and labels on the left.
    pub fn value_axis(&self, axis: &ValueAxis, labelled: bool, buf: &mut Buffer) {
        let (g, plot, theme) = (self.area.gutter, self.area.plot, self.look.theme);
        for y in g.y..g.bottom() {
            put(buf, g.x + g.w - 1, y, 1, "│", theme.faint());
        }
        if !labelled {
            return;
        }
        let unit = pad_left(axis.prefix.suffix, usize::from(g.w - 2));
        put(buf, g.x + 1, self.area.title.y, g.w - 2, &unit, theme.muted());
        let mut above = None;
        for (value, label) in &axis.ticks {
            let y = self.row_of(axis, *value);
            // On a low panel two labels may fall on one row; the lower value was there first.
            if above == Some(y) {
                continue;
            }
            above = Some(y);
            put(buf, g.x, y, g.w - 2, &pad_left(label, usize::from(g.w - 2)), theme.muted());
            put(buf, g.x + g.w - 1, y, 1, "┤", theme.muted());
            if *value > axis.low {
                for x in (plot.x + 3..plot.x + plot.w).step_by(4) {
                    put(buf, x, y, 1, "·", theme.faint());
                }
            }
        }
    }

    /// The selected series' limit, where it lies within the axis.
    fn limit(&self, axis: &ValueAxis, limit: &LimitLine, buf: &mut Buffer) {
        let style = self.look.theme.series(self.drawn.selected, false);
        for (x, value) in limit.cells.iter().enumerate() {
            if let Some(v) = value.filter(|v| (axis.low..=axis.high).contains(v)) {
                put(buf, self.area.plot.x + x as u16, self.row_of(axis, v), 1, "╌", style);
            }
        }
    }

    /// Cells whose two columns lie in a stretch in which no recorder wrote.
    pub fn recorder_down(&self, placed: &[Placed], buf: &mut Buffer) {
        let plot = self.area.plot;
        let mut down = vec![false; usize::from(plot.w) * 2];
        for p in placed {
            for (span, _) in raster::gaps(&p.columns).filter(|(_, g)| *g == Gap::RecorderDown) {
                down[span].fill(true);
            }
        }
        for (x, pair) in down.chunks(2).enumerate().filter(|(_, p)| p.iter().any(|d| *d)) {
            // At least one cell tells, unless both neighbours hold samples.
            let samples =
                placed.iter().any(|p| p.columns[x * 2..x * 2 + pair.len()].iter().any(Option::is_some));
            if !samples {
                for y in plot.y..plot.bottom() {
                    put(buf, plot.x + x as u16, y, 1, "░", self.look.theme.faint());
                }
            }
        }
    }

    /// The series themselves.
    pub fn dots(&self, axis: &ValueAxis, placed: &[Placed], buf: &mut Buffer) {
        let (plot, look) = (self.area.plot, self.look);
        let marker = look.caps.marker;
        let ends = (axis.place(axis.low), axis.place(axis.high));
        let mut r = Raster::new(marker, usize::from(plot.w), usize::from(plot.h), ends.0, ends.1);
        for p in placed {
            let columns: Vec<_> = p.columns.iter().map(|b| b.map(|b| axis.bucket(b))).collect();
            r.draw(p.position, &columns, p.stepped);
        }
        if look.theme.colourless() {
            r.pattern();
        }
        for (i, d) in r.finish(self.drawn.selected).into_iter().enumerate().filter(|(_, d)| d.bits != 0) {
            let (x, y) = (i % usize::from(plot.w), i / usize::from(plot.w));
            let style = look.theme.series(usize::from(d.owner), d.bright && !self.app.slow);
            let mut utf8 = [0; 4];
            let glyph = marker.glyph(d.bits).encode_utf8(&mut utf8);
            put(buf, plot.x + x as u16, plot.y + y as u16, 1, glyph, style);
        }
        self.clips(axis, placed, buf);
        if look.theme.colourless() {
            self.letters(axis, placed, buf);
        }
    }

    /// Marks at the edge where values lie beyond it.
    fn clips(&self, axis: &ValueAxis, placed: &[Placed], buf: &mut Buffer) {
        let plot = self.area.plot;
        for p in placed {
            let style = self.look.theme.series(p.position, true);
            for (x, pair) in p.columns.chunks(2).enumerate() {
                let clips = pair.iter().flatten().map(|b| axis.clips(b));
                let (below, above) = clips.fold((false, false), |a, b| (a.0 | b.0, a.1 | b.1));
                for (y, mark) in [(plot.y, above.then_some("▲")), (plot.bottom() - 1, below.then_some("▼"))]
                {
                    if let Some(mark) = mark {
                        put(buf, plot.x + x as u16, y, 1, mark, style);
                    }
                }
            }
        }
    }

    /// Without colour, each line carries its letter now and then.
    fn letters(&self, axis: &ValueAxis, placed: &[Placed], buf: &mut Buffer) {
        let plot = self.area.plot;
        for p in placed {
            let first = 3 + p.position * 4;
            for x in (first..usize::from(plot.w)).step_by(28) {
                if let Some(b) = p.columns[x * 2] {
                    let y = self.row_of(axis, b.mean);
                    let letter = letter(p.position).to_string();
                    put(buf, plot.x + x as u16, y, 1, &letter, self.look.theme.strong());
                }
            }
        }
    }
}
