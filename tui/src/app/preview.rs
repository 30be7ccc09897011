//! What the selected line of a search would look like as a chart: asked for as the selection moves, never waited for.
//!
//! Owns: what is asked. Must not: draw.

use fgm::query::model::WindowQuery;

use super::message::{Effect, Question, Slot};
use super::search::Hit;
use super::{App, Overlay};

/// Columns of a preview; the view places them into what it has.
const COLUMNS: usize = 200;

impl App {
    /// Asks for the selected line's series in the present window, unless that is there or on its way.
    pub(super) fn ask_preview(&mut self) -> Vec<Effect> {
        let (Some(range), Overlay::Search(search)) = (self.window(), &self.overlay) else {
            return Vec::new();
        };
        let (metric, subject) = match search.hit() {
            Some(Hit::Metric(m)) => (m, self.group_of(m.table).drawn.top().cloned()),
            Some(Hit::Subject(key)) => (self.panel().metric, Some(key)),
            Some(Hit::Action(_)) | None => return Vec::new(),
        };
        let question = match subject {
            Some(key) => {
                Question::Window(WindowQuery { metric, subjects: vec![key], range, columns: COLUMNS })
            }
            None => Question::Glimpse(metric, range, COLUMNS),
        };
        let Overlay::Search(search) = &mut self.overlay else { return Vec::new() };
        if search.asked.as_ref() == Some(&question) {
            return Vec::new();
        }
        search.asked = Some(question.clone());
        search.preview = None;
        vec![self.ask(Slot::Preview, question)]
    }
}
