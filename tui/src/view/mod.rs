//! From state to cells: one render function per panel.
//!
//! Owns: everything drawn. Must not: do I/O or change state; a frame is a function of the state and the look.

pub mod axis;
pub mod chart;
pub mod clock;
mod ends;
pub mod events;
pub mod findings;
pub mod heat;
pub mod legend;
pub mod limit;
pub mod lists;
pub mod marker;
pub mod navigator;
pub mod overlay;
pub mod paint;
pub mod preview;
pub mod processes;
pub mod prompt;
pub mod raster;
pub mod scale;
pub mod search;
pub mod sparks;
pub mod stack;
pub mod status;
mod sums;
pub mod svg;
pub mod title;
pub mod tree;

use fgm::metric::{Kind, Metric, Repr};
use fgm::unit::Unit;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::app::{App, Overlay};
use crate::caps::Caps;
use crate::theme::{Palettes, Theme};

/// How things look on this terminal.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What it can show.
    pub caps: Caps,
    /// Colours for it.
    pub theme: Theme,
}

impl Look {
    /// The look for a terminal, in these colours.
    pub fn new(caps: Caps, palettes: &Palettes) -> Look {
        Look { caps, theme: Theme::new(caps, palettes) }
    }
}

/// The letter of a series, by its position.
pub fn letter(position: usize) -> char {
    char::from(b'A' + (position % 26) as u8)
}

/// A number of a metric as people read it: with its own unit, or yes and no where it is one of the two. The mean of
/// yes and no is a fraction.
pub fn value(metric: &Metric, v: f64) -> String {
    match (metric.repr, v) {
        (Repr::Bool, 0.0) => "no".to_owned(),
        (Repr::Bool, 1.0) => "yes".to_owned(),
        // Things that are counted come whole; decimals are for means.
        (Repr::Int, v) if metric.unit == Unit::Count && metric.kind != Kind::Counter && whole(v) => {
            format!("{v:.0}")
        }
        _ => fgm::series::shown_quantity(metric).format(v),
    }
}

fn whole(v: f64) -> bool {
    v.fract() == 0.0 && v.abs() < 10_000.0
}

/// Draws the whole screen; returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, look: Look, buf: &mut Buffer) -> Option<Position> {
    let layout = app.layout();
    let mut cursor = None;
    if layout.too_small {
        let (w, h) = crate::app::layout::SMALLEST;
        let text = format!("fgm needs {w}×{h}, has {}×{}", layout.screen.w, layout.screen.h);
        let fits = crate::text::width(&text) <= usize::from(layout.screen.w);
        paint::put(buf, 0, 0, layout.screen.w, if fits { &text } else { "too small" }, look.theme.text());
    } else {
        lists::draw(app, look, &layout, buf);
        chart::draw(app, look, &layout, buf);
        events::draw(app, look, &layout, buf);
        clock::draw(app, look, &layout, buf);
        navigator::draw(app, look, &layout, buf);
        legend::draw(app, look, &layout, buf);
        status::draw(app, look, &layout, buf);
        status::keys(app, look, &layout, buf);
        match &app.overlay {
            Overlay::None => {}
            Overlay::Prompt(p) => cursor = Some(prompt::draw(p, look, &layout, buf)),
            Overlay::Processes(p) => processes::draw(app, p, look, &layout, buf),
            Overlay::Tree => tree::draw(app, look, &layout, buf),
            Overlay::Search(s) => cursor = Some(search::draw(app, s, look, &layout, buf)),
            Overlay::Copy => overlay::copy(app, look, &layout, buf),
            Overlay::Studies => findings::menu(app, look, &layout, buf),
            Overlay::Findings => {
                if let Some(f) = &app.studies.findings {
                    findings::list(app, f, look, &layout, buf);
                }
            }
            Overlay::Folded(f) => findings::folded(f.as_ref(), look, &layout, buf),
            Overlay::Help(scroll) => overlay::help(app, look, &layout, *scroll, buf),
            Overlay::Problems(scroll) => overlay::problems(app, look, &layout, *scroll, buf),
        }
    }
    if look.caps.marker == raster::Marker::Ascii {
        paint::to_ascii(buf);
    }
    cursor
}
