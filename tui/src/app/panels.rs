//! Panels coming, going and changing their metric.
//!
//! Owns: which panels there are and which is active. Must not: know where they stand.

use fgm::metric::Metric;

use super::App;
use super::message::{Effect, Slot};
use super::panel::{MOST_PANELS, Panel, Scale, Shape};
use super::stack::{KINDS, can_stack};
use crate::keymap::Action;

impl App {
    /// Shows another metric in the active panel. Chosen subjects stay when they have it too; the viewer's own choice is
    /// made anew, unless another panel shows them as well.
    pub(super) fn show_metric(&mut self, metric: &'static Metric) -> Vec<Effect> {
        if self.panel().metric == metric {
            return Vec::new();
        }
        let table = self.panel().metric.table;
        let panel = self.panel_mut();
        panel.show(metric);
        if panel.shape == Shape::Stack && !can_stack(metric) {
            panel.shape = Shape::Lines;
        }
        self.metrics.select(metric);
        if metric.table == table && self.panels.len() == 1 && self.drawn().automatic {
            self.group_mut().subjects.forget_ranks();
            return self.ask_rank();
        }
        self.look_at_active()
    }

    /// Opens a panel below the active one.
    pub(super) fn add_panel(&mut self, metric: &'static Metric) -> Vec<Effect> {
        if self.panels.len() == MOST_PANELS {
            self.notice = Some(format!(
                "{MOST_PANELS} panels at most: {} closes the active one",
                self.keymap.hint(Action::ClosePanel)
            ));
            return Vec::new();
        }
        self.generation += 1;
        self.active += 1;
        self.panels.insert(self.active, Panel::new(self.generation, metric));
        self.metrics.select(metric);
        self.look_at_active()
    }

    /// Closes the active panel.
    pub(super) fn close_panel(&mut self) -> Vec<Effect> {
        if self.panels.len() == 1 {
            self.notice = Some(format!(
                "this is the only panel: {} shows another metric in it",
                self.keymap.hint(Action::SearchMetrics)
            ));
            return Vec::new();
        }
        let gone = self.panels.remove(self.active);
        self.forget(Slot::Chart(gone.id));
        self.forget(Slot::Limit(gone.id));
        self.forget(Slot::Heat(gone.id));
        self.forget(Slot::Sums(gone.id));
        (0..KINDS.len()).for_each(|kind| self.forget(Slot::Part(gone.id, kind)));
        self.active = self.active.min(self.panels.len() - 1);
        self.look_at_active()
    }

    /// Makes another panel the active one.
    pub(super) fn activate(&mut self, index: usize) -> Vec<Effect> {
        if index == self.active || index >= self.panels.len() {
            return Vec::new();
        }
        self.active = index;
        self.look_at_active()
    }

    /// Moves to the next or the previous panel, from the last to the first.
    pub(super) fn next_panel(&mut self, forward: bool) -> Vec<Effect> {
        let n = self.panels.len();
        self.activate((self.active + if forward { 1 } else { n - 1 }) % n)
    }

    /// Lets lists, ranks and navigator follow the active panel.
    pub(super) fn look_at_active(&mut self) -> Vec<Effect> {
        let metric = self.panel().metric;
        self.metrics.select(metric);
        let group = self.group_mut();
        group.subjects.forget_ranks();
        let mut effects =
            if group.subjects.all().is_empty() { self.ask_subjects(metric.table) } else { self.ask_rank() };
        effects.extend(self.redraw_series());
        effects
    }

    /// Holds the value axis where it is now, or lets it follow the values again.
    pub(super) fn fix_scale(&mut self) -> Vec<Effect> {
        let extent = self.panel().extent(self.drawn());
        let panel = self.panel_mut();
        panel.scale = match (panel.scale, extent) {
            (Scale::Fixed(..), _) | (_, None) => Scale::Zero,
            (Scale::Zero, Some((low, high))) => Scale::Fixed(low.min(0.0), high.max(0.0)),
            (_, Some((low, high))) => Scale::Fixed(low, high),
        };
        Vec::new()
    }

    /// Lines of the drawn, colours of all who are listed, or the selected container's memory by kind.
    pub(super) fn next_shape(&mut self) -> Vec<Effect> {
        let panel = self.panel_mut();
        panel.shape = match panel.shape {
            Shape::Lines => Shape::Heat,
            Shape::Heat if can_stack(panel.metric) => Shape::Stack,
            Shape::Heat | Shape::Stack => Shape::Lines,
        };
        self.ask_charts()
    }
}
