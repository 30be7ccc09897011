//! A view as a whole: what is shown, taken from the state and put back into it.
//!
//! Owns: what belongs to a view. Must not: read files, or know how views are written on command lines.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use fgm::filter::Filter;
use fgm::metric::{Metric, Table};
use fgm::subject::SubjectKey;
use fgm::time::{Micros, TimeRange};
use serde::{Deserialize, Serialize};

use super::App;
use super::drawn::{Drawn, Who};
use super::layout::MOST_SERIES;
use super::message::Effect;
use super::panel::{MOST_PANELS, Panel, Scale};
use super::timeline::{Pin, Timeline};
use crate::grouping::{By, Name};
use crate::naming::key_text;

/// What is drawn of a table, by position.
pub type Chosen = [Option<SubjectKey>; MOST_SERIES];

/// Sums that are drawn of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summed {
    /// By what subjects are grouped, if they are.
    pub by: Option<By>,
    /// Whether everybody else's sum is drawn.
    pub rest: bool,
    /// Which groups, by position; the viewer's own choice when none is said.
    pub groups: Option<[Option<Name>; MOST_SERIES]>,
}

/// The same in words: a group's name stands behind `=`, an empty text is a free position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSums {
    /// As the flag has it.
    pub by: Option<String>,
    /// Whether everybody else's sum is drawn.
    pub rest: bool,
    /// Which groups; none while the viewer chooses.
    pub groups: Option<Vec<String>>,
}

impl KeptSums {
    /// What was kept, as far as this version knows it.
    pub fn read(&self) -> Summed {
        let name = |text: &String| {
            let name = text.strip_prefix('=')?;
            Some(if name.is_empty() { None } else { Some(name.into()) })
        };
        let mut groups = self.groups.iter().flatten().map(name);
        Summed {
            by: self.by.as_deref().and_then(By::from_flag),
            rest: self.rest,
            groups: self.groups.as_ref().map(|_| std::array::from_fn(|_| groups.next().flatten())),
        }
    }

    fn of(drawn: &Drawn) -> KeptSums {
        let text = |who: &Option<Who>| match who {
            Some(Who::Group(name)) => format!("={}", name.as_deref().unwrap_or_default()),
            _ => String::new(),
        };
        let own = drawn.by.is_some() && !drawn.automatic;
        KeptSums {
            by: drawn.by.map(|by| by.flag().to_owned()),
            rest: drawn.rest,
            groups: own.then(|| drawn.chosen.iter().map(text).collect()),
        }
    }
}

/// A view that can be shown at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// Metric and value axis of each panel; without any the viewer's own choice stands.
    pub panels: Vec<(&'static Metric, Scale)>,
    /// The active panel.
    pub active: usize,
    /// Whether the lists are hidden.
    pub without_lists: bool,
    /// Whether there are sparklines in the list, if somebody has said so.
    pub sparks: Option<bool>,
    /// What is drawn of each table; tables that are missing keep the viewer's own choice.
    pub chosen: Vec<(Table, Chosen)>,
    /// The sums that are drawn of each table.
    pub sums: Vec<(Table, Summed)>,
    /// Who may be listed, if not all.
    pub filter: Option<Filter>,
    /// The window.
    pub range: Option<TimeRange>,
    /// Whether the window keeps to the newest data.
    pub follow: bool,
    /// The cursor.
    pub cursor: Option<Micros>,
}

/// The same in words, for a file: metrics and subjects may no longer be there when it is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// `table.metric` of each panel, and its axis as flags have it.
    pub panels: Vec<(String, String)>,
    /// The active panel.
    pub active: usize,
    /// Whether the lists are hidden.
    pub without_lists: bool,
    /// Whether there are sparklines in the list, if somebody has said so.
    pub sparks: Option<bool>,
    /// By table the texts of the keys that are drawn, in their positions; an empty text is a free one.
    pub chosen: BTreeMap<String, Vec<String>>,
    /// By table the sums that are drawn.
    pub sums: BTreeMap<String, KeptSums>,
    /// Start and end of the window, µs since 1970; none when it shows everything.
    pub range: Option<(Micros, Micros)>,
    /// Whether the window keeps to the newest data.
    pub follow: bool,
    /// The cursor, likewise.
    pub cursor: Option<Micros>,
}

/// `table.metric`.
pub fn metric_name(metric: &Metric) -> String {
    format!("{}.{}", metric.table, metric.name)
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scale::Zero => f.write_str("zero"),
            Scale::Fit => f.write_str("fit"),
            Scale::Log => f.write_str("log"),
            Scale::Fixed(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Scale, String> {
        let number = |s: &str| s.parse::<f64>().ok().filter(|v| v.is_finite());
        match text {
            "zero" => Ok(Scale::Zero),
            "fit" => Ok(Scale::Fit),
            "log" => Ok(Scale::Log),
            _ => {
                let ends = text.split_once("..").and_then(|(a, b)| Some((number(a)?, number(b)?)));
                ends.filter(|(low, high)| low < high)
                    .map(|(low, high)| Scale::Fixed(low, high))
                    .ok_or_else(|| "give zero, fit, log or LOW..HIGH in the metric's own unit".to_owned())
            }
        }
    }
}

impl App {
    /// The present view.
    pub fn view(&self) -> View {
        let pin = self.timeline.as_ref().map_or(Pin::Everything, Timeline::pin);
        let window = self.window().filter(|_| pin != Pin::Everything);
        let text = |k: &Option<Who>| k.as_ref().and_then(Who::subject).map(key_text).unwrap_or_default();
        let own = self.groups.iter().filter(|g| !g.drawn.automatic && g.drawn.by.is_none());
        let summed = self.groups.iter().filter(|g| g.drawn.by.is_some() || g.drawn.rest);
        View {
            panels: self.panels.iter().map(|p| (metric_name(p.metric), p.scale.to_string())).collect(),
            active: self.active,
            without_lists: !self.lists,
            sparks: self.sparks.wish,
            chosen: own
                .map(|g| (g.subjects.table.to_string(), g.drawn.chosen.iter().map(text).collect()))
                .collect(),
            sums: summed.map(|g| (g.subjects.table.to_string(), KeptSums::of(&g.drawn))).collect(),
            range: window.map(|w| (w.start, w.end)),
            follow: pin == Pin::Newest,
            cursor: self.timeline.as_ref().and_then(Timeline::cursor),
        }
    }

    /// Shows a view in place of the present one.
    pub fn show(&mut self, opening: Opening) -> Vec<Effect> {
        let mut panels: Vec<Panel> = Vec::new();
        for (metric, scale) in opening.panels.into_iter().take(MOST_PANELS) {
            self.generation += 1;
            panels.push(Panel { scale, ..Panel::new(self.generation, metric) });
        }
        if !panels.is_empty() {
            self.active = opening.active.min(panels.len() - 1);
            self.panels = panels;
        }
        self.lists = !opening.without_lists;
        self.sparks.wish = opening.sparks;
        for (table, chosen) in opening.chosen {
            let drawn = &mut self.groups[table as usize].drawn;
            drawn.automatic = false;
            drawn.selected = chosen.iter().position(Option::is_some).unwrap_or(0);
            drawn.chosen = chosen.map(|key| key.map(Who::Subject));
        }
        for (table, summed) in opening.sums {
            let group = &mut self.groups[table as usize];
            group.group_by(summed.by.filter(|by| by.fits(table)));
            group.drawn.rest = summed.rest;
            if let Some(names) = summed.groups.filter(|_| group.drawn.by.is_some()) {
                group.drawn.automatic = false;
                group.drawn.choose(names.into_iter().flatten().map(Who::Group));
            }
        }
        self.filter = opening.filter.or(self.filter.take());
        let columns = self.layout().columns();
        if let Some(t) = &mut self.timeline {
            t.set_columns(columns);
            if let Some(range) = opening.range.filter(|r| r.overlaps(t.bounds())) {
                t.show(range);
            }
            if opening.follow && t.pin() != Pin::Newest {
                t.follow();
            }
            t.set_cursor(opening.cursor.filter(|c| t.window().contains(*c)));
        }
        let mut tables: Vec<Table> = self.panels.iter().map(|p| p.metric.table).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut effects: Vec<Effect> = tables.into_iter().flat_map(|t| self.ask_subjects(t)).collect();
        effects.extend(self.look_at_active());
        effects
    }
}
