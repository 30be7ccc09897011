//! A container's memory by kind, one on top of the other (TUI-7).
//!
//! Owns: which kinds there are, what is asked for them, and how they add up. Must not: draw.

use fgm::metric::{Metric, Table};
use fgm::query::model::WindowQuery;
use fgm::series::Bucket;
use fgm::unit::Unit;

use super::App;
use super::message::{Effect, Question, Slot};
use super::panel::{Panel, Shape};

/// Kinds from the foot of the stack: column of `containers` and name. The kernel counts shared memory among file pages;
/// here each page is counted once.
pub const KINDS: [(&str, &str); 4] = [
    ("memory_stat_anon_bytes", "anon"),
    ("memory_stat_shmem_bytes", "shmem"),
    ("memory_stat_file_bytes", "file"),
    ("memory_stat_kernel_bytes", "kernel"),
];
const SHMEM: usize = 1;
const FILE: usize = 2;

/// Whether a metric is one that the kinds add up to, about.
pub fn can_stack(metric: &Metric) -> bool {
    metric.table == Table::Containers && metric.unit == Unit::Bytes && metric.name.starts_with("memory_")
}

/// Heights of the kinds at one column. Where anonymous memory is unknown nothing is known; another kind that the kernel
/// does not tell has no height.
pub fn heights(parts: [Option<Bucket>; KINDS.len()]) -> Option<[f64; KINDS.len()]> {
    parts[0]?;
    let mut all = parts.map(|b| b.map_or(0.0, |b| b.mean));
    all[FILE] = (all[FILE] - all[SHMEM]).max(0.0);
    Some(all)
}

impl App {
    /// Asks for the kinds of the selected series.
    pub(super) fn ask_stack(&mut self, index: usize) -> Vec<Effect> {
        let (Some(range), columns) = (self.window(), self.layout().columns()) else {
            return Vec::new();
        };
        let panel: &Panel = &self.panels[index];
        let top = self.group_of(Table::Containers).drawn.top().cloned();
        let (Shape::Stack, Some(key)) = (panel.shape, top) else { return Vec::new() };
        let id = panel.id;
        let mut effects = Vec::new();
        for (kind, (name, _)) in KINDS.iter().enumerate() {
            let Some(metric) = Metric::find(Table::Containers, name) else { continue };
            let query = WindowQuery { metric, subjects: vec![key.clone()], range, columns };
            let there = self.panels[index].parts[kind].as_ref().is_some_and(|p| p.query == query);
            let slot = Slot::Part(id, kind);
            if self.lacks(there, slot) {
                effects.push(self.ask(slot, Question::Window(query)));
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-7: shared memory is not counted twice, an unknown kind has no height, and without the first nothing is known.
    #[test]
    fn pages_are_counted_once() {
        let b = |mean: f64| {
            Some(Bucket { count: 1, min: mean, max: mean, first: mean, last: mean, mean, gap_before: None })
        };
        assert_eq!(heights([b(5.0), b(2.0), b(3.0), b(1.0)]), Some([5.0, 2.0, 1.0, 1.0]));
        assert_eq!(heights([b(5.0), b(2.0), b(1.0), None]), Some([5.0, 2.0, 0.0, 0.0]));
        assert_eq!(heights([None, b(2.0), b(1.0), None]), None);
    }
}
