//! What is drawn: one choice per table, shared by all panels of the table, so that a container has one colour on the
//! whole screen.
//!
//! Owns: positions (they decide colour and letter), which series is on top. Must not: know metrics, or who is in a
//! group.

use fgm::subject::SubjectKey;

use super::layout::MOST_SERIES;
use crate::grouping::{By, Name};

/// Position of the sum of everybody who is listed and not drawn.
pub const REST: usize = MOST_SERIES;

/// What a series is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// One subject.
    Subject(SubjectKey),
    /// The sum of a group.
    Group(Name),
    /// The sum of everybody who is listed and not drawn.
    Rest,
}

impl From<SubjectKey> for Who {
    fn from(key: SubjectKey) -> Who {
        Who::Subject(key)
    }
}

impl Who {
    /// The subject, where it is a single one.
    pub fn subject(&self) -> Option<&SubjectKey> {
        match self {
            Who::Subject(key) => Some(key),
            Who::Group(_) | Who::Rest => None,
        }
    }
}

/// The drawn series of a table.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Whose series; the position decides colour and letter, so that others keep theirs when one goes.
    pub chosen: [Option<Who>; MOST_SERIES],
    /// By what subjects are grouped, while sums of groups are drawn in place of subjects.
    pub by: Option<By>,
    /// Whether everybody else's sum is drawn beside them.
    pub rest: bool,
    /// Whether the viewer chose them (the highest) rather than the user.
    pub automatic: bool,
    /// Position of the series that is drawn on top.
    pub selected: usize,
    /// Positions that are left out of the charts for a while.
    pub muted: [bool; MOST_SERIES],
    /// The only position that is not, whatever is muted.
    pub solo: Option<usize>,
}

impl Default for Drawn {
    fn default() -> Drawn {
        Drawn {
            chosen: [const { None }; MOST_SERIES],
            by: None,
            rest: false,
            automatic: true,
            selected: 0,
            muted: [false; MOST_SERIES],
            solo: None,
        }
    }
}

impl Drawn {
    /// Positions of the chosen series, and what they are of.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Who)> {
        self.chosen.iter().enumerate().filter_map(|(i, k)| Some((i, k.as_ref()?)))
    }

    /// The subjects among them, as a question wants them.
    pub fn keys(&self) -> Vec<SubjectKey> {
        self.iter().filter_map(|(_, who)| who.subject().cloned()).collect()
    }

    /// Position of a series, if it is drawn.
    pub fn place(&self, who: &Who) -> Option<usize> {
        match who {
            Who::Rest => self.rest.then_some(REST),
            who => self.iter().find(|(_, w)| *w == who).map(|(i, _)| i),
        }
    }

    /// Position of a subject, if it is drawn.
    pub fn position(&self, key: &SubjectKey) -> Option<usize> {
        self.iter().find(|(_, who)| who.subject() == Some(key)).map(|(i, _)| i)
    }

    /// Draws a subject or a group or stops drawing it; false when there is no room.
    pub fn toggle(&mut self, who: impl Into<Who>) -> bool {
        let who = who.into();
        self.automatic = false;
        if let Some(at) = self.place(&who) {
            self.chosen[at] = None;
            self.tidy();
            if self.selected == at {
                self.select_next(true);
            }
            return true;
        }
        let Some(free) = self.chosen.iter().position(Option::is_none) else { return false };
        self.chosen[free] = Some(who);
        self.selected = free;
        true
    }

    /// Draws exactly these; who was drawn before keeps the position.
    pub fn choose(&mut self, whose: impl IntoIterator<Item = impl Into<Who>>) {
        let wanted: Vec<Who> = whose.into_iter().take(MOST_SERIES).map(Into::into).collect();
        for slot in &mut self.chosen {
            slot.take_if(|k| !wanted.contains(k));
        }
        self.tidy();
        for who in wanted {
            if self.place(&who).is_none()
                && let Some(free) = self.chosen.iter_mut().find(|s| s.is_none())
            {
                *free = Some(who);
            }
        }
        if self.chosen[self.selected].is_none() {
            self.select_next(true);
        }
    }

    /// Selects the next or previous drawn series.
    pub fn select_next(&mut self, forward: bool) {
        for step in 1..=MOST_SERIES {
            let at = if forward { self.selected + step } else { self.selected + MOST_SERIES - step };
            if self.chosen[at % MOST_SERIES].is_some() {
                self.selected = at % MOST_SERIES;
                return;
            }
        }
    }

    /// Whether a position is in the charts.
    pub fn shows(&self, position: usize) -> bool {
        self.solo.map_or(!self.muted.get(position).is_some_and(|m| *m), |s| s == position)
    }

    /// Leaves the selected series out of the charts for a while, or takes it in again.
    pub fn mute(&mut self) {
        self.solo = None;
        self.muted[self.selected] = !self.muted[self.selected];
    }

    /// Leaves all but the selected series out, or takes them in again.
    pub fn toggle_solo(&mut self) {
        self.solo = (self.solo != Some(self.selected)).then_some(self.selected);
    }

    /// Whoever takes a position is not muted because another was.
    fn tidy(&mut self) {
        for (muted, chosen) in self.muted.iter_mut().zip(&self.chosen) {
            *muted &= chosen.is_some();
        }
        self.solo = self.solo.filter(|s| self.chosen[*s].is_some());
    }

    /// The selected series.
    pub fn selected(&self) -> Option<&Who> {
        self.chosen[self.selected].as_ref()
    }

    /// The selected series' subject, if it is of one.
    pub fn top(&self) -> Option<&SubjectKey> {
        self.selected()?.subject()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use fgm::store::tick::LabelValue;

    fn key(n: i64) -> SubjectKey {
        SubjectKey { table: Table::Containers, values: vec![LabelValue::Int(n)] }
    }

    /// TUI-2: a series keeps its colour while others come and go.
    #[test]
    fn positions_are_stable() {
        let mut p = Drawn::default();
        for n in 0..6 {
            assert!(p.toggle(key(n)));
        }
        assert!(!p.toggle(key(7)), "six at most");
        assert!(p.toggle(key(2)) && p.toggle(key(7)));
        assert_eq!((p.position(&key(7)), p.position(&key(5))), (Some(2), Some(5)));
        p.choose([key(9), key(5), key(0)]);
        assert_eq!(
            (p.position(&key(0)), p.position(&key(5)), p.position(&key(9))),
            (Some(0), Some(5), Some(1))
        );
        assert!(p.chosen[p.selected].is_some());
        p.choose([] as [Who; 0]);
        assert_eq!(p.iter().count(), 0);
    }

    /// TUI-3: muting and solo leave the choice alone, and end with the series they are about.
    #[test]
    fn mute_and_solo() {
        let mut p = Drawn::default();
        p.choose([key(0), key(1), key(2)]);
        p.selected = 1;
        p.mute();
        assert_eq!([0, 1, 2].map(|i| p.shows(i)), [true, false, true]);
        p.toggle_solo();
        assert_eq!([0, 1, 2].map(|i| p.shows(i)), [false, true, false]);
        p.toggle_solo();
        assert_eq!([0, 1, 2].map(|i| p.shows(i)), [true, false, true]);
        assert!(p.toggle(key(1)) && p.toggle(key(7)));
        assert!(p.shows(1), "another one has taken the place");
        p.selected = 2;
        p.toggle_solo();
        p.choose([key(0), key(7)]);
        assert!(p.shows(0) && p.shows(1));
    }
}
