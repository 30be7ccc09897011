//! Values of several subjects → their sum, tick by tick, as the buckets of a window.
//!
//! Owns: the slots of time in which values meet, and when a sum's line breaks (the rules: [`Sum`]). Must not: know who
//! the members are, or where their values come from ([`super::Line`] turns rows into values).

use super::columns::Columns;
use super::{Buckets, Gap};
use crate::time::{Micros, TimeRange};

/// The slots of time in which values meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    anchor: Micros,
    width: Micros,
}

impl Slots {
    /// Slots of this width, one of which begins at `anchor`.
    pub fn new(anchor: Micros, width: Micros) -> Slots {
        Slots { anchor, width: width.max(1) }
    }

    /// The slot of an instant.
    fn of(self, t: Micros) -> i64 {
        (t - self.anchor).div_euclid(self.width)
    }

    /// When a slot begins.
    fn start(self, slot: i64) -> Micros {
        self.anchor + slot * self.width
    }

    /// The first slot that begins at an instant or later.
    fn from(self, t: Micros) -> i64 {
        self.of(t - 1) + 1
    }

    /// How many slots begin within a range.
    pub fn within(self, range: TimeRange) -> usize {
        usize::try_from(self.from(range.end) - self.from(range.start)).unwrap_or(0)
    }

    /// How many slots a value holds.
    fn held(self, interval: Micros) -> i64 {
        ((interval + self.width / 2) / self.width).max(1)
    }
}

/// How many members had a value at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Members {
    /// At the fewest.
    pub least: u32,
    /// At the most.
    pub most: u32,
}

impl Members {
    /// Both of two stretches as one.
    #[must_use]
    pub fn merge(self, other: Members) -> Members {
        Members { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

/// The sum of a group over a window.
///
/// Rows of one tick are read one after the other, and the ticks of different nodes need not fall together, so values
/// are added by slots of one sampling interval, the shortest one if there are several. The rules:
/// - A value stands in the slot of its tick, not of the moment at which its row was read.
/// - Each member counts at most once in a slot: of two values there the later one.
/// - A value holds for its own interval and no longer: where others are sampled more often, it stands in each slot up
///   to its member's next tick. Nothing is carried over a tick without a value.
/// - Where ticks are not evenly apart (others' recordings, a clock that was set), a row's own time stands for its tick.
/// - A slot belongs to a window when it begins there, and is then summed whole.
/// - A sum is of those members that have a value in the slot; how many these were is told beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// The sums, one sample per slot in which a member has a value.
    pub buckets: Buckets,
    /// Of each column that has a bucket: how many members its sums are of.
    pub members: Vec<Option<Members>>,
}

impl Sum {
    /// How many members the sums of the whole window are of; `None` where there is no sum.
    pub fn members(&self) -> Option<Members> {
        self.members.iter().flatten().copied().reduce(Members::merge)
    }
}

#[derive(Clone, Copy)]
struct Cell {
    sum: f64,
    members: u32,
    /// The strongest reason why a member that begins here had no value before.
    gap: Option<Gap>,
}

/// Bytes that a slot takes while sums are being added up.
pub const SLOT_BYTES: usize = size_of::<Cell>();

/// The sum of a group while it is being added up.
pub struct Summing {
    slots: Slots,
    first: i64,
    cells: Vec<Cell>,
}

impl Summing {
    /// Nothing yet, for the slots of a range.
    pub fn new(slots: Slots, range: TimeRange) -> Summing {
        let empty = Cell { sum: 0.0, members: 0, gap: None };
        Summing { slots, first: slots.from(range.start), cells: vec![empty; slots.within(range)] }
    }

    fn add(&mut self, value: f64, slots: std::ops::Range<i64>, gap: Option<Gap>) {
        for slot in slots.clone() {
            let at = usize::try_from(slot - self.first).ok();
            let Some(cell) = at.and_then(|at| self.cells.get_mut(at)) else { continue };
            cell.sum += value;
            cell.members += 1;
            if slot == slots.start {
                cell.gap = [cell.gap, gap].into_iter().flatten().min();
            }
        }
    }

    /// The sums as buckets. `recorded` tells whether any recorder was running within a range: that decides why a line
    /// breaks where none of the members knows.
    pub fn finish(
        self,
        range: TimeRange,
        columns: usize,
        stepped: bool,
        recorded: impl Fn(TimeRange) -> bool,
    ) -> Sum {
        let mut filled = Columns::new(range, columns);
        let mut members: Vec<Option<Members>> = vec![None; columns];
        let mut before: Option<i64> = None;
        for (slot, cell) in (self.first..).zip(&self.cells).filter(|(_, c)| c.members > 0) {
            let time = self.slots.start(slot);
            let unknown = || {
                let missing = TimeRange::new(self.slots.start(before? + 1), time);
                Some(if recorded(missing) { Gap::SubjectAbsent } else { Gap::RecorderDown })
            };
            let joined = before.is_some_and(|b| b + 1 == slot);
            let gap = if joined { None } else { cell.gap.or_else(unknown) };
            filled.show(time, cell.sum, gap);
            if let Some(at) = filled.column(time) {
                let here = Members { least: cell.members, most: cell.members };
                members[at] = Some(members[at].map_or(here, |m| m.merge(here)));
            }
            before = Some(slot);
        }
        let (range, columns) = filled.finish();
        Sum { buckets: Buckets { range, columns, stepped }, members }
    }
}

#[derive(Clone, Copy)]
struct Waiting {
    slots: (i64, i64),
    value: f64,
    gap: Option<Gap>,
}

/// One member of a group, at first without values: takes them in the order of time.
#[derive(Default)]
pub struct Member {
    /// The last value: how long it holds, the next one decides.
    waiting: Option<Waiting>,
    /// The slot after the last that this member counts in.
    done: Option<i64>,
}

impl Member {
    /// Takes the next value, with the tick on which it was read and that run's interval.
    pub fn take(
        &mut self,
        sums: &mut Summing,
        (tick, interval): (Micros, Micros),
        value: f64,
        gap: Option<Gap>,
    ) {
        let slot = sums.slots.of(tick);
        let mut gap = gap;
        if let Some(w) = self.waiting.take() {
            if slot == w.slots.0 {
                gap = [w.gap, gap].into_iter().flatten().min();
            } else {
                // Consecutive ticks that are not quite as far apart as slots leave no hole. A clock that was set back
                // tells of slots that have been told of.
                let end = match gap {
                    None if slot == w.slots.1 + 1 => slot,
                    _ if slot > w.slots.0 => w.slots.1.min(slot),
                    _ => w.slots.1,
                };
                self.put(sums, Waiting { slots: (w.slots.0, end), ..w });
            }
        }
        self.waiting = Some(Waiting { slots: (slot, slot + sums.slots.held(interval)), value, gap });
    }

    /// There are no more values.
    pub fn end(&mut self, sums: &mut Summing) {
        if let Some(w) = self.waiting.take() {
            self.put(sums, w);
        }
    }

    fn put(&mut self, sums: &mut Summing, w: Waiting) {
        let first = self.done.map_or(w.slots.0, |done| done.max(w.slots.0));
        let slots = first..w.slots.1;
        self.done = self.done.max(Some(w.slots.1));
        sums.add(w.value, slots, w.gap);
    }
}

#[cfg(test)]
#[path = "sum_tests.rs"]
mod tests;
