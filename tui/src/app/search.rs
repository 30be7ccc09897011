//! The search prompt over metrics or subjects.
//!
//! Owns: the text typed, the matches shown, the selection among them. Must not: match (workers do).

use std::sync::Arc;

use fgm::metric::{Metric, Table};
use fgm::subject::SubjectKey;
use tui_input::{Input, InputRequest};

use super::message::{Found, Question};
use super::names::Names;
use super::panel::Picture;
use crate::keymap::{Action, Code, Key};

/// What is searched.
#[derive(Clone, Debug)]
pub enum Target {
    /// Metrics, in the order in which they were given to the matcher.
    Metrics(Vec<&'static Metric>),
    /// Subjects by their numbers, likewise.
    Subjects(Arc<Names>, Vec<u32>),
    /// Actions, likewise.
    Actions(Vec<Action>),
}

/// What the taken match is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The active panel shows the metric.
    ShowMetric,
    /// A new panel shows the metric.
    AddPanel,
    /// The subject is drawn.
    DrawSubject,
    /// The action is carried out.
    Act,
}

/// What a match stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Hit {
    /// A metric.
    Metric(&'static Metric),
    /// A subject.
    Subject(SubjectKey),
    /// An action.
    Action(Action),
}

/// An open search prompt.
#[derive(Clone, Debug)]
pub struct Search {
    /// Number of this search; results of another are dropped.
    pub number: u64,
    /// What is searched.
    pub target: Target,
    /// What for.
    pub purpose: Purpose,
    /// The table that is looked at: between equal names its metric comes first.
    pub home: Table,
    /// What has been typed.
    pub input: Input,
    /// Results so far.
    pub found: Found,
    /// Whether the results are not yet those of what has been typed.
    pub pending: bool,
    /// Selection among the matches.
    pub selected: usize,
    /// What was asked to show the selected line as a chart.
    pub asked: Option<Question>,
    /// The answer to that.
    pub preview: Option<Picture>,
}

impl Search {
    /// An empty prompt.
    pub fn new(number: u64, (target, purpose): (Target, Purpose), home: Table) -> Search {
        Search {
            number,
            target,
            purpose,
            home,
            input: Input::default(),
            found: Found::default(),
            pending: true,
            selected: 0,
            asked: None,
            preview: None,
        }
    }

    /// Takes results, unless they are for what had been typed before.
    pub fn update(&mut self, found: Found) {
        if found.pattern != self.input.value() {
            return;
        }
        self.pending = found.running;
        self.found = found;
        self.prefer_home();
        self.selected = self.selected.min(self.found.matches.len().saturating_sub(1));
    }

    /// Puts the current table's metric before those that have the same name elsewhere, unless it was the table's name
    /// that matched. All else stays in the matcher's order.
    fn prefer_home(&mut self) {
        let Target::Metrics(all) = &self.target else { return };
        let matches = &mut self.found.matches;
        for i in 0..matches.len() {
            let Some(first) = all.get(matches[i].item) else { continue };
            let by_name = |p: &u32| *p as usize > first.table.name().len();
            let typed = &matches[i].positions;
            if first.table == self.home || typed.is_empty() || !typed.iter().all(by_name) {
                continue;
            }
            let ours = |m: &Metric| m.table == self.home && m.name == first.name;
            let rest = matches[i + 1..].iter().position(|m| all.get(m.item).is_some_and(|m| ours(m)));
            if let Some(at) = rest {
                matches[i..=i + 1 + at].rotate_right(1);
            }
        }
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        self.selected =
            self.selected.saturating_add_signed(by).min(self.found.matches.len().saturating_sub(1));
    }

    /// The subject that an item stands for.
    pub fn subject(&self, item: usize) -> Option<&SubjectKey> {
        match &self.target {
            Target::Subjects(names, all) => all.get(item).map(|i| &names.entries[*i as usize].key),
            Target::Metrics(_) | Target::Actions(_) => None,
        }
    }

    /// What the selected match stands for.
    pub fn hit(&self) -> Option<Hit> {
        let item = self.found.matches.get(self.selected)?.item;
        match &self.target {
            Target::Metrics(all) => all.get(item).map(|m| Hit::Metric(m)),
            Target::Subjects(..) => self.subject(item).cloned().map(Hit::Subject),
            Target::Actions(all) => all.get(item).copied().map(Hit::Action),
        }
    }

    /// Edits the text; the new pattern and whether it only grew, when it changed.
    pub fn edit(&mut self, key: Key) -> Option<(String, bool)> {
        let request = request(key)?;
        let before = self.input.value().to_owned();
        self.input.handle(request);
        self.changed(&before)
    }

    /// Inserts pasted text up to its first line break.
    pub fn paste(&mut self, text: &str) -> Option<(String, bool)> {
        let before = self.input.value().to_owned();
        for c in text.chars().take_while(|c| !matches!(c, '\n' | '\r')).filter(|c| !c.is_control()) {
            self.input.handle(InputRequest::InsertChar(c));
        }
        self.changed(&before)
    }

    fn changed(&mut self, before: &str) -> Option<(String, bool)> {
        let now = self.input.value().to_owned();
        if now == before {
            return None;
        }
        self.selected = 0;
        self.pending = true;
        let longer = now.starts_with(before);
        Some((now, longer))
    }
}

/// What a key does to a line of text, if anything.
pub(super) fn request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl) {
        (Code::Char(c), false) if !key.alt => InputRequest::InsertChar(c),
        (Code::Backspace, false) | (Code::Char('h'), true) => InputRequest::DeletePrevChar,
        (Code::Backspace | Code::Char('w'), true) => InputRequest::DeletePrevWord,
        (Code::Delete, _) => InputRequest::DeleteNextChar,
        (Code::Char('u'), true) => InputRequest::DeleteFromStart,
        (Code::Left, _) => InputRequest::GoToPrevChar,
        (Code::Right, _) => InputRequest::GoToNextChar,
        (Code::Home, _) | (Code::Char('a'), true) => InputRequest::GoToStart,
        (Code::End, _) | (Code::Char('e'), true) => InputRequest::GoToEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::message::Match;

    /// TUI-3: typing narrows, editing widens again.
    #[test]
    fn editing_tells_the_pattern() {
        let mut s = Search::new(1, (Target::Metrics(Vec::new()), Purpose::ShowMetric), Table::Node);
        assert_eq!(s.edit(Key::char('o')), Some(("o".into(), true)));
        assert_eq!(s.paste("om\nrm -rf"), Some(("oom".into(), true)));
        assert_eq!(s.edit(Key::plain(Code::Backspace)), Some(("oo".into(), false)));
        assert_eq!(s.edit(Key::plain(Code::Left)), None);
        assert_eq!(s.edit(Key::ctrl('u')), Some(("o".into(), false)));
        assert_eq!(s.hit(), None);
    }

    /// TUI-3: between equal names the metric of the table that is looked at comes first, unless a table was asked for.
    #[test]
    fn equal_names_prefer_the_current_table() {
        let named = |t: Table| t.metrics().iter().find(|m| m.name == "cpu_usage_millicores").unwrap();
        let all = vec![named(Table::Processes), &Table::Node.metrics()[0], named(Table::Containers)];
        let search = |home, positions: Vec<u32>| {
            let mut s = Search::new(1, (Target::Metrics(all.clone()), Purpose::ShowMetric), home);
            let line = |item| Match { item, text: String::new(), positions: positions.clone() };
            s.update(Found { matches: (0..3).map(line).collect(), ..Found::default() });
            s.found.matches.iter().map(|m| m.item).collect::<Vec<_>>()
        };
        assert_eq!(search(Table::Containers, vec![20, 21]), [2, 0, 1]);
        assert_eq!(search(Table::Processes, vec![20, 21]), [0, 1, 2]);
        assert_eq!(search(Table::Containers, vec![0, 21]), [0, 1, 2], "the table's name was typed");
        assert_eq!(search(Table::Containers, vec![]), [0, 1, 2], "nothing was typed");
    }
}
