//! One chart: its metric, whose series are drawn, and the last picture of them.
//!
//! Owns: what differs between charts that share a time axis. Must not: know time windows or screens.

use fgm::metric::Metric;
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::series::{Bucket, Buckets, Gap};
use fgm::subject::SubjectKey;
use fgm::time::Micros;

use super::layout::MOST_SERIES;

/// An answered question.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What was asked.
    pub query: WindowQuery,
    /// What came back.
    pub answer: WindowAnswer,
}

/// One chart.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What is drawn.
    pub metric: &'static Metric,
    /// Whose series; the position decides colour and letter, so that others keep theirs when one goes.
    pub chosen: [Option<SubjectKey>; MOST_SERIES],
    /// Whether the viewer chose them (the highest) rather than the user.
    pub automatic: bool,
    /// Position of the series that is drawn on top.
    pub selected: usize,
    /// Whether the value axis includes zero.
    pub zero_based: bool,
    /// The last picture.
    pub picture: Option<Picture>,
    /// The last picture of the whole recording.
    pub whole: Option<Picture>,
}

/// What a series says at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// The bucket there, or the one that still holds.
    Value(Bucket),
    /// Nothing, for this reason.
    Missing(Gap),
    /// Before the first or after the last sample of the window.
    Outside,
}

impl Panel {
    /// An empty chart of a metric.
    pub fn new(metric: &'static Metric) -> Panel {
        Panel {
            metric,
            chosen: [const { None }; MOST_SERIES],
            automatic: true,
            selected: 0,
            zero_based: true,
            picture: None,
            whole: None,
        }
    }

    /// Positions and keys of the series that are drawn.
    pub fn drawn(&self) -> impl Iterator<Item = (usize, &SubjectKey)> {
        self.chosen.iter().enumerate().filter_map(|(i, k)| Some((i, k.as_ref()?)))
    }

    /// Their keys, as a question wants them.
    pub fn keys(&self) -> Vec<SubjectKey> {
        self.drawn().map(|(_, k)| k.clone()).collect()
    }

    /// Position of a subject, if it is drawn.
    pub fn position(&self, key: &SubjectKey) -> Option<usize> {
        self.drawn().find(|(_, k)| *k == key).map(|(i, _)| i)
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

    /// The picture's series with their positions; those that are no longer drawn are left out.
    pub fn series(&self) -> impl Iterator<Item = (usize, &SubjectKey, &Buckets)> {
        let series = self.picture.iter().flat_map(|p| &p.answer.series);
        series.filter_map(|(k, b)| Some((self.position(k)?, k, b)))
    }
}

/// What buckets say at an instant.
pub fn reading(buckets: &Buckets, at: Micros) -> Reading {
    let Some(column) = buckets.column_of(at) else { return Reading::Outside };
    if let Some(b) = buckets.columns[column] {
        return Reading::Value(b);
    }
    let before = buckets.columns[..column].iter().rev().flatten().next();
    let after = buckets.columns[column..].iter().flatten().next();
    match (before, after) {
        (_, Some(Bucket { gap_before: Some(gap), .. })) => Reading::Missing(*gap),
        (Some(b), Some(_)) => Reading::Value(*b),
        _ => Reading::Outside,
    }
}

/// The newest bucket, unless others go on for more than `late` columns: then the subject has ended, and its last value
/// is not its present one. A value that is not read on every tick holds.
pub fn newest<'a>(buckets: &Buckets, all: impl Iterator<Item = &'a Buckets>, late: usize) -> Reading {
    let last = |b: &Buckets| b.columns.iter().rposition(Option::is_some);
    let Some(own) = last(buckets) else { return Reading::Outside };
    let newest = all.filter_map(last).max().unwrap_or(own);
    match buckets.columns[own] {
        Some(b) if buckets.stepped || own + late >= newest => Reading::Value(b),
        _ => Reading::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;
    use fgm::store::tick::LabelValue;
    use fgm::time::TimeRange;

    fn key(n: i64) -> SubjectKey {
        SubjectKey { table: Table::Containers, values: vec![LabelValue::Int(n)] }
    }

    fn panel() -> Panel {
        Panel::new(&Table::Containers.metrics()[0])
    }

    /// TUI-2: a series keeps its colour while others come and go.
    #[test]
    fn positions_are_stable() {
        let mut p = panel();
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
        assert_eq!(p.drawn().count(), 0);
    }

    /// TUI-2: between samples the last value holds, in a gap there is none, and the reason is told.
    #[test]
    fn readings_never_cross_a_gap() {
        let b = |v: f64, gap_before| {
            Some(Bucket { count: 1, min: v, max: v, first: v, last: v, mean: v, gap_before })
        };
        let columns =
            vec![None, b(1.0, None), None, b(2.0, None), None, b(3.0, Some(Gap::RecorderDown)), None];
        let buckets = Buckets { range: TimeRange::new(0, 7), columns, stepped: false };
        let value = |t| match reading(&buckets, t) {
            Reading::Value(b) => b.mean,
            _ => f64::NAN,
        };
        assert_eq!((value(1), value(2), value(5)), (1.0, 1.0, 3.0));
        assert_eq!(reading(&buckets, 0), Reading::Outside);
        assert_eq!(reading(&buckets, 4), Reading::Missing(Gap::RecorderDown));
        assert_eq!(reading(&buckets, 6), Reading::Outside);
        assert_eq!(reading(&buckets, 9), Reading::Outside);
        let only = || std::iter::once(&buckets);
        assert!(matches!(newest(&buckets, only(), 3), Reading::Value(b) if b.mean == 3.0));
        let mut other = buckets.clone();
        other.columns = [buckets.columns.clone(), vec![b(4.0, None); 9]].concat();
        assert_eq!(newest(&buckets, only().chain([&other]), 3), Reading::Outside, "ended");
    }
}
