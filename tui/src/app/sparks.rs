//! A small picture beside each line of the subject list: what its value did in the window (TUI-3).
//!
//! Owns: whether they are wanted, how wide they are, what is asked for them. Must not: draw (see
//! [`crate::view::sparks`]).

use fgm::query::model::WindowQuery;

use super::App;
use super::message::{Effect, Question, Slot};
use super::panel::Picture;
use crate::keymap::Action;

/// Columns of a list in which they stand unless somebody has taken them away: names keep as much room as they have
/// without them on a screen of 120 columns.
const WIDE: u16 = 44;
/// Columns of a list in which they can stand at all.
const NARROWEST: u16 = 32;

/// The small pictures of a list.
#[derive(Clone, Debug, Default)]
pub struct Sparks {
    /// Whether they are wanted; `None`: where the list is wide.
    pub wish: Option<bool>,
    /// The last answer; nobody waits for the next one.
    pub picture: Option<Picture>,
    /// The last question.
    asked: Option<WindowQuery>,
}

impl App {
    /// Cells of each; none where there is no room or nobody wants them.
    pub fn spark_cells(&self) -> u16 {
        let room = self.layout().lists.map_or(0, |l| l.subjects.w);
        let wanted = self.sparks.wish.unwrap_or(room >= WIDE);
        if wanted && room >= NARROWEST { room / 5 } else { 0 }
    }

    /// Asks for what the lines that can be seen did in the window, unless that was asked before.
    pub(super) fn ask_sparks(&mut self) -> Option<Effect> {
        let (range, cells) = (self.window()?, usize::from(self.spark_cells()));
        let rows = usize::from(self.layout().lists?.subjects.h.saturating_sub(1));
        let list = self.subjects().list;
        let lines = self.subjects().visible().skip(list.offset).take(rows);
        let subjects: Vec<_> = lines.map(|e| e.key.clone()).collect();
        // The list has groups instead.
        if cells == 0 || subjects.is_empty() || self.drawn().by.is_some() {
            return None;
        }
        let query = WindowQuery { metric: self.panel().metric, subjects, range, columns: cells * 2 };
        if self.sparks.asked.as_ref() == Some(&query) && self.filling.is_none() {
            return None;
        }
        self.sparks.asked = Some(query.clone());
        Some(self.ask(Slot::Sparks, Question::Window(query)))
    }

    /// Shows them, or stops doing so.
    pub(super) fn toggle_sparks(&mut self) -> Vec<Effect> {
        let shown = self.spark_cells() > 0;
        self.sparks.wish = Some(!shown);
        if !shown && self.spark_cells() == 0 {
            let lists = self.keymap.hint(Action::Lists);
            let line = if self.lists_shown() {
                "the list is too narrow for sparklines: a wider screen has room for them".to_owned()
            } else {
                format!("sparklines stand in the list, which {lists} shows where there is room")
            };
            return self.tell(&line);
        }
        Vec::new()
    }
}
