//! A list that scrolls: which line is selected and which comes first on the screen.
//!
//! Owns: selection and scrolling. Must not: know what the lines say.

/// Selection and scroll position of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The selected line.
    pub selected: usize,
    /// The first line on the screen.
    pub offset: usize,
}

impl List {
    /// Moves the selection within `len` lines.
    pub fn step(&mut self, by: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(by).min(len.saturating_sub(1));
    }

    /// Scrolls as little as needed for the selection to be among `height` lines.
    pub fn reveal(&mut self, len: usize, height: usize) {
        self.selected = self.selected.min(len.saturating_sub(1));
        if height == 0 {
            return;
        }
        let first = (self.selected + 1).saturating_sub(height);
        self.offset = self.offset.clamp(first, self.selected).min(len.saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_visible() {
        let mut l = List::default();
        for by in [5, 50, -3, -1000, 7, 2, -2] {
            l.step(by, 20);
            l.reveal(20, 6);
            assert!(l.selected < 20 && (l.offset..l.offset + 6).contains(&l.selected), "{l:?}");
            assert!(l.offset <= 14);
        }
        l.reveal(0, 6);
        assert_eq!(l, List::default());
    }
}
