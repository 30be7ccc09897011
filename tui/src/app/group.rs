//! The subjects of one table: who there is, and whose series are drawn.
//!
//! Owns: the pair of the two, and titles for whoever is drawn. Must not: ask questions.

use fgm::metric::Table;
use fgm::subject::SubjectKey;
use fgm::time::Micros;

use super::drawn::{Drawn, Who};
use super::groups::Groups;
use super::subjects::Subjects;
use crate::text::clean;

/// A table's subjects, as all of its panels share them.
#[derive(Clone, Debug)]
pub struct Group {
    /// Who there is.
    pub subjects: Subjects,
    /// Whose series are drawn.
    pub drawn: Drawn,
    /// The groups, while sums of groups are drawn.
    pub groups: Groups,
    /// End of the recording when subjects were last listed.
    pub(super) until: Micros,
}

impl Group {
    /// Nobody yet.
    pub fn new(table: Table) -> Group {
        Group {
            subjects: Subjects::new(table),
            drawn: Drawn::default(),
            groups: Groups::default(),
            until: Micros::MIN,
        }
    }

    /// What a subject is called. One that has left the list since keeps its key's words.
    pub fn title(&self, key: &SubjectKey) -> String {
        self.subjects.find(key).map_or_else(
            || clean(&key.values.iter().filter_map(|v| v.as_text()).collect::<Vec<_>>().join(" ")),
            |e| e.title.clone(),
        )
    }

    /// Moves the selection of the list.
    pub(super) fn step(&mut self, by: isize) {
        if self.drawn.by.is_some() {
            self.groups.list.step(by, self.groups.lines.len());
        } else {
            let len = self.subjects.visible().len();
            self.subjects.list.step(by, len);
        }
        self.select_listed();
    }

    /// Scrolls the list so that what is selected can be seen.
    pub(super) fn reveal(&mut self, rows: usize) {
        if self.drawn.by.is_some() {
            self.groups.list.reveal(self.groups.lines.len(), rows);
        } else {
            let len = self.subjects.visible().len();
            self.subjects.list.reveal(len, rows);
        }
    }

    /// Selects what stands in a row of the list.
    pub(super) fn click(&mut self, row: usize) -> Option<Who> {
        if self.drawn.by.is_some() {
            let at = row + self.groups.list.offset;
            let name = self.groups.lines.get(at)?.name.clone();
            self.groups.list.selected = at;
            return Some(Who::Group(name));
        }
        let key = self.subjects.at(row + self.subjects.list.offset)?.key.clone();
        self.subjects.select(&key);
        Some(Who::Subject(key))
    }

    /// A subject or group that is selected in the list and drawn comes to the top of the charts.
    pub(super) fn select_listed(&mut self) {
        let at = if self.drawn.by.is_some() {
            self.groups.selected().and_then(|l| self.drawn.place(&Who::Group(l.name.clone())))
        } else {
            self.subjects.selected().and_then(|e| self.drawn.position(&e.key))
        };
        self.drawn.selected = at.unwrap_or(self.drawn.selected);
    }
}
