//! Choosing whose series are drawn.
//!
//! Owns: what the selected subject is, and what actions do to it. Must not: rank or list.

use fgm::filter::Filter;
use fgm::metric::Table;

use super::drawn::Who;
use super::message::{Effect, Slot};
use super::names::Listed;
use super::{App, Focus};
use crate::keymap::Action;

impl App {
    /// The selected subject or group.
    pub(super) fn target(&self) -> Option<Who> {
        let group = self.group_of(self.panel().metric.table);
        if self.focus == Focus::Chart || self.layout().lists.is_none() {
            group.drawn.selected().cloned()
        } else if group.drawn.by.is_some() {
            group.groups.selected().map(|l| Who::Group(l.name.clone()))
        } else {
            group.subjects.selected().map(|e| Who::Subject(e.key.clone()))
        }
    }

    pub(super) fn toggle_selected(&mut self) -> Vec<Effect> {
        match self.target() {
            Some(who) => self.toggle(who),
            None => Vec::new(),
        }
    }

    /// Draws a subject or a group or stops drawing it; a subject in place of groups.
    pub(super) fn toggle(&mut self, who: impl Into<Who>) -> Vec<Effect> {
        let who = who.into();
        let group = match who.subject().map(|key| key.table) {
            Some(table) => {
                let group = &mut self.groups[table as usize];
                group.group_by(None);
                group
            }
            None => self.group_mut(),
        };
        if !group.drawn.toggle(who) {
            self.notice = Some(format!(
                "{} series at most: take one away with {}, or all with {}",
                super::layout::MOST_SERIES,
                self.keymap.hint(Action::Toggle),
                self.keymap.hint(Action::None)
            ));
            return Vec::new();
        }
        self.redraw_series()
    }

    pub(super) fn only_selected(&mut self) -> Vec<Effect> {
        let Some(who) = self.target() else { return Vec::new() };
        let drawn = &mut self.group_mut().drawn;
        drawn.automatic = false;
        drawn.choose([who]);
        self.redraw_series()
    }

    /// A container's processes at the cursor; a group's members; of anything else, its series and no others.
    pub(super) fn open_selected(&mut self) -> Vec<Effect> {
        match self.target() {
            Some(Who::Group(name)) => self.open_group(&name),
            Some(Who::Subject(key))
                if key.table == Table::Containers && self.overview.tables.contains(&Table::Processes) =>
            {
                self.open_processes(key)
            }
            _ => self.only_selected(),
        }
    }

    /// Pins the selected subject to the top of the list, or lets it go.
    pub(super) fn pin(&mut self) -> Vec<Effect> {
        if let Some(Who::Subject(key)) = self.target() {
            self.group_mut().subjects.toggle_pin(&key);
        }
        self.ask_charts()
    }

    /// Takes a filter that was typed; nothing takes the old one away.
    pub(super) fn set_filter(&mut self, text: &str) -> Vec<Effect> {
        self.filter = match text.trim() {
            "" => None,
            text => match text.parse::<Filter>() {
                Ok(filter) => Some(filter),
                Err(line) => return self.tell(&line),
            },
        };
        self.apply_filter()
    }

    /// Lets the lists of all tables that are in use follow the filter.
    fn apply_filter(&mut self) -> Vec<Effect> {
        let asked =
            |t: &Table| !self.group_of(*t).subjects.all().is_empty() || self.waits(Slot::Subjects(*t));
        let tables: Vec<Table> = Table::ALL.into_iter().filter(asked).collect();
        tables.into_iter().flat_map(|t| self.ask_passing(t)).collect()
    }

    /// Takes who there is; with another filter, the viewer's own choice is made anew among who is left.
    pub(super) fn take_listed(&mut self, listed: Listed) -> Vec<Effect> {
        let table = listed.names.table;
        let group = &mut self.groups[table as usize];
        let filtered = group.subjects.filter() != listed.filter.as_ref();
        group.subjects.update(listed);
        group.regroup();
        if table != self.panel().metric.table {
            return self.ask_charts();
        }
        if filtered && self.drawn().automatic {
            (self.panel_mut().picture, self.panel_mut().sums) = (None, None);
        }
        if filtered && self.subjects().visible().len() == 0 {
            return self.tell("nobody matches the filter: & changes it");
        }
        self.ask_rank()
    }
}
