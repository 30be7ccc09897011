//! The subjects of one table: who there is, and whose series are drawn.
//!
//! Owns: the pair of the two, and titles for whoever is drawn. Must not: ask questions.

use fgm::metric::Table;
use fgm::subject::SubjectKey;
use fgm::time::Micros;

use super::drawn::Drawn;
use super::subjects::Subjects;
use crate::text::clean;

/// A table's subjects, as all of its panels share them.
#[derive(Clone, Debug)]
pub struct Group {
    /// Who there is.
    pub subjects: Subjects,
    /// Whose series are drawn.
    pub drawn: Drawn,
    /// End of the recording when subjects were last listed.
    pub(super) until: Micros,
}

impl Group {
    /// Nobody yet.
    pub fn new(table: Table) -> Group {
        Group { subjects: Subjects::new(table), drawn: Drawn::default(), until: Micros::MIN }
    }

    /// What a subject is called. One that has left the list since keeps its key's words.
    pub fn title(&self, key: &SubjectKey) -> String {
        self.subjects.find(key).map_or_else(
            || clean(&key.values.iter().filter_map(|v| v.as_text()).collect::<Vec<_>>().join(" ")),
            |e| e.title.clone(),
        )
    }

    /// A subject that is selected in the list and drawn comes to the top of the charts.
    pub(super) fn select_listed(&mut self) {
        if let Some(at) = self.subjects.selected().and_then(|e| self.drawn.position(&e.key)) {
            self.drawn.selected = at;
        }
    }
}
