//! The rules of sums, one by one.

use super::*;
use crate::time::SECOND;

const S: Micros = SECOND;

/// A value on each of these ticks (in tenths of a second), at an interval in seconds.
type Told<'a> = (&'a [(i64, f64)], i64);

fn sum(members: &[Told<'_>], range: (i64, i64), width: i64) -> Sum {
    let slots = Slots::new(0, width * S);
    let range = TimeRange::new(range.0 * S / 10, range.1 * S / 10);
    let mut sums = Summing::new(slots, range);
    for (values, interval) in members {
        let mut m = Member::default();
        for &(tick, v) in *values {
            m.take(&mut sums, (tick * S / 10, interval * S), v, None);
        }
        m.end(&mut sums);
    }
    sums.finish(range, slots.within(range), false, |_| true)
}

fn means(s: &Sum) -> Vec<Option<f64>> {
    s.buckets.columns.iter().map(|b| b.map(|b| b.mean)).collect()
}

/// TUI-3: ticks that do not fall together meet in one slot, once each, whichever window is asked for.
#[test]
fn ticks_of_nodes_meet_in_slots() {
    let a: Told<'_> = (&[(0, 1.0), (10, 1.0), (20, 1.0), (30, 1.0)], 1);
    let b: Told<'_> = (&[(4, 10.0), (14, 20.0), (24, 30.0)], 1);
    let whole = sum(&[a, b], (0, 40), 1);
    assert_eq!(means(&whole), [Some(11.0), Some(21.0), Some(31.0), Some(1.0)]);
    assert_eq!(whole.members[2], Some(Members { least: 2, most: 2 }));
    assert_eq!(whole.members(), Some(Members { least: 1, most: 2 }));
    // From the middle of a slot: what began before is not of the window, what ends behind it is whole.
    assert_eq!(means(&sum(&[a, b], (3, 22), 1)), [Some(21.0), Some(31.0)]);
}

/// TUI-3: a slower member counts in each slot of its interval, and not beyond.
#[test]
fn values_hold_for_their_own_interval() {
    let quick: Told<'_> = (&[(0, 1.0), (10, 1.0), (20, 1.0), (30, 1.0), (40, 1.0), (50, 1.0), (60, 1.0)], 1);
    let slow: Told<'_> = (&[(0, 10.0), (20, 20.0)], 2);
    let s = sum(&[quick, slow], (0, 70), 1);
    let expected = [11.0, 11.0, 21.0, 21.0, 1.0, 1.0, 1.0].map(Some);
    assert_eq!(means(&s), expected);
}

/// TUI-3: of two values in one slot the later one counts, and a clock that was set back counts nothing twice.
#[test]
fn a_member_counts_once_in_a_slot() {
    let twice: Told<'_> = (&[(0, 1.0), (4, 2.0), (10, 3.0)], 1);
    assert_eq!(means(&sum(&[twice], (0, 20), 1)), [Some(2.0), Some(3.0)]);
    let back: Told<'_> = (&[(0, 1.0), (10, 2.0), (20, 3.0), (10, 4.0), (20, 5.0), (30, 6.0)], 1);
    let s = sum(&[back], (0, 40), 1);
    assert_eq!(means(&s), [1.0, 2.0, 3.0, 6.0].map(Some));
    assert_eq!(s.members(), Some(Members { least: 1, most: 1 }));
}

/// TUI-3, QRY-4: consecutive ticks that are not quite as far apart as slots make no holes; missing ones do.
#[test]
fn uneven_ticks_make_no_holes() {
    let uneven: Told<'_> = (&[(0, 1.0), (11, 2.0), (19, 3.0), (31, 4.0), (61, 5.0)], 1);
    assert_eq!(
        means(&sum(&[uneven], (0, 70), 1)),
        [Some(1.0), Some(3.0), Some(3.0), Some(4.0), None, None, Some(5.0)]
    );
}

/// TUI-3, QRY-2: the line breaks where no member has a value, for the strongest of their reasons; where none of
/// them knows, whether somebody recorded decides.
#[test]
fn sums_break_where_nobody_has_a_value() {
    let range = TimeRange::new(0, 9 * S);
    let told = |first: Option<Gap>, second: Option<Gap>, recorded: bool| {
        let mut sums = Summing::new(Slots::new(0, S), range);
        for (gap, ticks) in [(first, [0, 5]), (second, [1, 5])] {
            let mut m = Member::default();
            m.take(&mut sums, (ticks[0] * S, S), 1.0, None);
            m.take(&mut sums, (ticks[1] * S, S), 2.0, gap);
            m.end(&mut sums);
        }
        let s = sums.finish(range, 9, false, |r| {
            assert_eq!(r, TimeRange::new(2 * S, 5 * S), "the stretch without a sum");
            recorded
        });
        let at = |i: usize| s.buckets.columns[i].unwrap();
        assert!(at(1).gap_before.is_none() && s.buckets.columns[2].is_none());
        assert!((at(5).mean - 4.0).abs() < 1e-12);
        at(5).gap_before
    };
    let (down, absent) = (Some(Gap::RecorderDown), Some(Gap::SubjectAbsent));
    assert_eq!(told(absent, down, true), down);
    assert_eq!(told(Some(Gap::Unavailable), absent, true), absent);
    assert_eq!(told(None, Some(Gap::Unavailable), false), Some(Gap::Unavailable));
    assert_eq!(told(None, None, true), absent);
    assert_eq!(told(None, None, false), down);
}
