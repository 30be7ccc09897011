//! One chart: its metric, its value axis, and the last picture.
//!
//! Owns: what differs between charts that share a time axis. Must not: know time windows, screens, or who is drawn.

use fgm::metric::Metric;
use fgm::metric::limit::Limit;
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::series::{Bucket, Buckets, Gap};
use fgm::time::{Micros, TimeRange};

use super::drawn::Drawn;
use super::stack::KINDS;
use super::sums::SumPicture;

/// Most panels that stand on the screen at once.
pub const MOST_PANELS: usize = 6;

/// An answered question.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What was asked.
    pub query: WindowQuery,
    /// What came back.
    pub answer: WindowAnswer,
}

impl Picture {
    /// Smallest and largest value of all series.
    pub fn extent(&self) -> Option<(f64, f64)> {
        let all = self.answer.series.iter().filter_map(|(_, b)| b.extent());
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

/// Where the value axis begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Scale {
    /// At zero, or below it where values are; above the highest value.
    #[default]
    Zero,
    /// Around what is visible.
    Fit,
    /// Around what is visible and above zero, each decade as high as the next.
    Log,
    /// Here, whatever is visible.
    Fixed(f64, f64),
}

impl Scale {
    /// The next one for a key that goes through them.
    #[must_use]
    pub fn next(self) -> Scale {
        match self {
            Scale::Zero => Scale::Fit,
            Scale::Fit => Scale::Log,
            Scale::Log | Scale::Fixed(..) => Scale::Zero,
        }
    }
}

/// How a panel shows its subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// The drawn series as lines.
    #[default]
    Lines,
    /// Everybody on the list as a line of colours each.
    Heat,
    /// The memory of the selected series by kind.
    Stack,
}

/// One chart.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Tells panels apart, also those that have been closed.
    pub id: u64,
    /// What is drawn.
    pub metric: &'static Metric,
    /// The value axis.
    pub scale: Scale,
    /// Lines or colours.
    pub shape: Shape,
    /// The last picture.
    pub picture: Option<Picture>,
    /// The last sums.
    pub sums: Option<SumPicture>,
    /// The last picture of the whole recording.
    pub whole: Option<Picture>,
    /// The last sums over the whole recording.
    pub whole_sums: Option<SumPicture>,
    /// The limits of the series, where the metric has one.
    pub limit: Option<(Limit, Picture)>,
    /// Who is on the list, for the heat strip.
    pub heat: Option<Picture>,
    /// The selected series' memory by kind, for the stack.
    pub parts: [Option<Picture>; KINDS.len()],
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
    pub fn new(id: u64, metric: &'static Metric) -> Panel {
        let (scale, shape) = (Scale::Zero, Shape::Lines);
        Panel {
            id,
            metric,
            scale,
            shape,
            picture: None,
            sums: None,
            whole: None,
            whole_sums: None,
            limit: None,
            heat: None,
            parts: Default::default(),
        }
    }

    /// Another metric; what is known of the old one goes.
    pub fn show(&mut self, metric: &'static Metric) {
        *self = Panel { shape: self.shape, ..Panel::new(self.id, metric) };
    }

    /// The pictures' series with their positions; those that are no longer drawn are left out.
    pub fn series<'a>(&'a self, drawn: &'a Drawn) -> impl Iterator<Item = (usize, &'a Buckets)> {
        let single = self.picture.iter().flat_map(|p| &p.answer.series);
        let single = single.filter_map(|(k, b)| Some((drawn.position(k)?, b)));
        let sums = self.sums.iter().flat_map(SumPicture::iter);
        single.chain(sums.filter_map(|(who, s)| Some((drawn.place(who)?, &s.buckets))))
    }

    /// Smallest and largest value of all that is drawn.
    pub fn extent(&self, drawn: &Drawn) -> Option<(f64, f64)> {
        let all = self.series(drawn).filter_map(|(_, b)| b.extent());
        all.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The window of the last picture, and its number of columns.
    pub fn shown(&self) -> Option<(TimeRange, usize)> {
        let single = self.picture.as_ref().map(|p| (p.query.range, p.query.columns));
        single.or_else(|| self.sums.as_ref().map(|p| (p.query.range, p.query.columns)))
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
        assert!(matches!(newest(&buckets, only(), 3), Reading::Value(b) if b.mean > 2.5));
        let mut other = buckets.clone();
        other.columns = [buckets.columns.clone(), vec![b(4.0, None); 9]].concat();
        assert_eq!(newest(&buckets, only().chain([&other]), 3), Reading::Outside, "ended");
    }
}
