//! Whose series are drawn: one choice per table, shared by all panels of the table, so that a container has one colour on
//! the whole screen.
//!
//! Owns: positions (they decide colour and letter), which series is on top. Must not: know metrics or names.

use fgm::subject::SubjectKey;

use super::layout::MOST_SERIES;

/// The drawn series of a table.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Whose series; the position decides colour and letter, so that others keep theirs when one goes.
    pub chosen: [Option<SubjectKey>; MOST_SERIES],
    /// Whether the viewer chose them (the highest) rather than the user.
    pub automatic: bool,
    /// Position of the series that is drawn on top.
    pub selected: usize,
}

impl Default for Drawn {
    fn default() -> Drawn {
        Drawn { chosen: [const { None }; MOST_SERIES], automatic: true, selected: 0 }
    }
}

impl Drawn {
    /// Positions and keys of the series that are drawn.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &SubjectKey)> {
        self.chosen.iter().enumerate().filter_map(|(i, k)| Some((i, k.as_ref()?)))
    }

    /// Their keys, as a question wants them.
    pub fn keys(&self) -> Vec<SubjectKey> {
        self.iter().map(|(_, k)| k.clone()).collect()
    }

    /// Position of a subject, if it is drawn.
    pub fn position(&self, key: &SubjectKey) -> Option<usize> {
        self.iter().find(|(_, k)| *k == key).map(|(i, _)| i)
    }

    /// Draws a subject or stops drawing it; false when there is no room.
    pub fn toggle(&mut self, key: &SubjectKey) -> bool {
        self.automatic = false;
        if let Some(at) = self.position(key) {
            self.chosen[at] = None;
            if self.selected == at {
                self.select_next(true);
            }
            return true;
        }
        let Some(free) = self.chosen.iter().position(Option::is_none) else { return false };
        self.chosen[free] = Some(key.clone());
        self.selected = free;
        true
    }

    /// Draws exactly these; who was drawn before keeps the position.
    pub fn choose(&mut self, keys: impl IntoIterator<Item = SubjectKey>) {
        let wanted: Vec<_> = keys.into_iter().take(MOST_SERIES).collect();
        for slot in &mut self.chosen {
            slot.take_if(|k| !wanted.contains(k));
        }
        for key in wanted {
            if self.position(&key).is_none()
                && let Some(free) = self.chosen.iter_mut().find(|s| s.is_none())
            {
                *free = Some(key);
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

    /// The selected series.
    pub fn top(&self) -> Option<&SubjectKey> {
        self.chosen[self.selected].as_ref()
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
            assert!(p.toggle(&key(n)));
        }
        assert!(!p.toggle(&key(7)), "six at most");
        assert!(p.toggle(&key(2)) && p.toggle(&key(7)));
        assert_eq!((p.position(&key(7)), p.position(&key(5))), (Some(2), Some(5)));
        p.choose([key(9), key(5), key(0)]);
        assert_eq!(
            (p.position(&key(0)), p.position(&key(5)), p.position(&key(9))),
            (Some(0), Some(5), Some(1))
        );
        assert!(p.chosen[p.selected].is_some());
        p.choose([]);
        assert_eq!(p.iter().count(), 0);
    }
}
