//! What the series say at the cursor.
//!
//! Owns: values for legends and titles, and the legend's order. Must not: write numbers.

use super::App;
use super::drawn::REST;
use super::panel::{self, Panel, Reading};
use super::timeline::Timeline;

impl App {
    /// Positions of the drawn series in the order of the legend: by value at the cursor, highest first.
    pub fn legend_order(&self) -> Vec<usize> {
        let mut rows: Vec<(usize, f64)> = self
            .drawn()
            .iter()
            .map(|(i, _)| {
                let value = match self.value_of(self.panel(), i) {
                    Reading::Value(b) => b.mean,
                    _ => f64::NEG_INFINITY,
                };
                (i, value)
            })
            .collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        // What is left over is no rival of the others.
        rows.into_iter().map(|(i, _)| i).chain(self.drawn().rest.then_some(REST)).collect()
    }

    /// What a drawn series of the active panel says at the second cursor, if there is one.
    pub fn value_at_mark(&self, position: usize) -> Option<Reading> {
        let at = self.timeline.as_ref()?.mark()?;
        let buckets = self.panel().series(self.drawn()).find(|(i, _)| *i == position).map(|(_, b)| b);
        Some(buckets.map_or(Reading::Outside, |b| panel::reading(b, at)))
    }

    /// What a drawn series says at the cursor; without one, at the end of the window if it lives that long.
    pub fn value_of(&self, panel: &Panel, position: usize) -> Reading {
        let drawn = &self.group_of(panel.metric.table).drawn;
        let buckets = panel.series(drawn).find(|(i, _)| *i == position).map(|(_, b)| b);
        let cursor = self.timeline.as_ref().and_then(Timeline::cursor);
        match (buckets, cursor) {
            (Some(b), Some(at)) => panel::reading(b, at),
            (Some(b), None) => {
                let all = panel.series(drawn).map(|(_, b)| b);
                let dot = self.timeline.as_ref().map_or(1, Timeline::dot);
                let late = 3 * (self.overview.interval / dot).max(1) as usize;
                panel::newest(b, all, late)
            }
            (None, _) => Reading::Outside,
        }
    }
}
