//! The metric list: every metric that has values, under a heading per table.
//!
//! Owns: order and headings of the list. Must not: know which metric a chart shows.

use fgm::metric::{Metric, Table};
use fgm::query::model::Overview;

use super::list::List;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    /// A table's name.
    Heading(Table),
    /// A metric.
    Metric(&'static Metric),
}

/// The metric list.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Headings and metrics.
    pub lines: Vec<Line>,
    /// Selection.
    pub list: List,
    valued: Vec<&'static Metric>,
}

impl Metrics {
    /// Takes the metrics that have values; true when that changed the list.
    pub fn update(&mut self, overview: &Overview) -> bool {
        // What is known of containers is no series that could be drawn.
        let series = |m: &&&'static Metric| m.table != Table::Identities;
        if overview.metrics.iter().filter(series).eq(&self.valued) {
            return false;
        }
        let selected = self.lines.get(self.list.selected).copied();
        self.valued = overview.metrics.iter().filter(series).copied().collect();
        self.lines.clear();
        for m in &self.valued {
            let last = self.lines.last();
            if !matches!(last, Some(Line::Metric(l)) if l.table == m.table) {
                self.lines.push(Line::Heading(m.table));
            }
            self.lines.push(Line::Metric(m));
        }
        if let Some(Line::Metric(m)) = selected {
            self.select(m);
        }
        true
    }

    /// The metrics, in order.
    pub fn all(&self) -> impl Iterator<Item = &'static Metric> {
        self.lines.iter().filter_map(|l| if let Line::Metric(m) = l { Some(*m) } else { None })
    }

    /// Puts the selection on a metric.
    pub fn select(&mut self, metric: &'static Metric) {
        if let Some(at) = self.lines.iter().position(|l| *l == Line::Metric(metric)) {
            self.list.selected = at;
        }
    }

    /// Moves the selection over headings to another metric, which is returned.
    pub fn step(&mut self, by: isize) -> Option<&'static Metric> {
        self.list.step(by, self.lines.len());
        let onward = if by < 0 { -1 } else { 1 };
        if matches!(self.lines.get(self.list.selected), Some(Line::Heading(_))) {
            self.list.step(onward, self.lines.len());
        }
        // The very first line is a heading.
        if matches!(self.lines.get(self.list.selected), Some(Line::Heading(_))) {
            self.list.step(1, self.lines.len());
        }
        self.at(self.list.selected)
    }

    /// The metric on a line.
    pub fn at(&self, line: usize) -> Option<&'static Metric> {
        match self.lines.get(line)? {
            Line::Metric(m) => Some(*m),
            Line::Heading(_) => None,
        }
    }

    /// The chart to start with: CPU of containers, else the first metric there is. In a recording that has only just
    /// begun the CPU in use has no value yet: it takes two readings.
    pub fn first_choice(&self, live: bool) -> Option<&'static Metric> {
        let cpu = Metric::find(Table::Containers, "cpu_usage_millicores");
        let begun = live && self.all().any(|m| m.table == Table::Containers);
        cpu.filter(|cpu| begun || self.all().any(|m| m == *cpu)).or(self.all().next())
    }
}
