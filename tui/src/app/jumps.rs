//! Jumping to where something happened: events, spikes, gaps, a time that was typed.
//!
//! Owns: what counts as the next of each. Must not: ask questions of its own; it looks at what is there.

use fgm::series::{Bucket, Buckets};
use fgm::time::Micros;

use super::App;
use super::drawn::Who;
use super::findings::{Finding, Kind, Wanted};
use super::message::{Effect, Question, Slot};
use super::timeline::Timeline;
use crate::study::Informative;

/// How many (robust) standard deviations above the median a spike is at least.
const SPIKE: f64 = 4.0;
/// From the median absolute deviation to the standard deviation of normally distributed values.
const ROBUST: f64 = 1.4826;

/// Where a series takes another level.
#[derive(Debug)]
pub(super) struct Changes {
    /// Which series, and in which window.
    wanted: Wanted,
    /// By time, once they have been found.
    at: Option<Vec<Micros>>,
    /// Where to go then.
    forward: bool,
}

impl App {
    /// Puts the cursor on the next or previous mark.
    pub(super) fn next_event(&mut self, forward: bool) -> Vec<Effect> {
        let marks = self.marks().map(|(m, _)| m.at).collect();
        self.jump(marks, forward, "event of what is drawn in this recording")
    }

    /// Puts the cursor on the next or previous spike of the selected series, as far as the window shows it.
    pub(super) fn next_spike(&mut self, forward: bool) -> Vec<Effect> {
        let drawn = self.drawn();
        let top = self.panel().series(drawn).find(|(i, _)| *i == drawn.selected);
        let spikes = top.map(|(_, b)| spikes(b)).unwrap_or_default();
        self.jump(spikes, forward, "spike of the selected series in this window")
    }

    /// Puts the cursor on the next or previous change of level of the selected series in the window, once a study has
    /// found them.
    pub(super) fn next_change(&mut self, forward: bool) -> Vec<Effect> {
        let (metric, drawn) = (self.panel().metric, self.drawn());
        if matches!(drawn.selected(), Some(Who::Group(_))) {
            return self.tell("changes are looked for in single series, not in sums");
        }
        let (Some(range), Some(key)) = (self.window(), drawn.top().cloned()) else {
            return self.tell("select a series first");
        };
        if Informative::of(metric).is_none() {
            return self.tell("no changes are looked for in this metric");
        }
        let wanted = Wanted { kind: Kind::Changes, range, subjects: Some(vec![key]), metric: Some(metric) };
        let known = self.changes.take_if(|c| c.wanted == wanted && c.at.is_some());
        let effects = known.as_ref().and_then(|c| c.at.clone()).map(|at| self.jump_to_change(at, forward));
        self.changes = known.or_else(|| Some(Changes { wanted: wanted.clone(), at: None, forward }));
        effects.unwrap_or_else(|| vec![self.ask(Slot::Changes, Question::Study(wanted))])
    }

    /// They have been found.
    pub(super) fn take_changes(&mut self, found: &[Finding]) -> Vec<Effect> {
        let Some(changes) = &mut self.changes else { return Vec::new() };
        let mut at: Vec<Micros> = found.iter().filter_map(|f| f.at).collect();
        at.sort_unstable();
        changes.at = Some(at.clone());
        let forward = changes.forward;
        self.jump_to_change(at, forward)
    }

    fn jump_to_change(&mut self, at: Vec<Micros>, forward: bool) -> Vec<Effect> {
        self.jump(at, forward, "change of level of the selected series in this window")
    }

    /// Puts the cursor on the next or previous gap: ticks that no recorder wrote, or the end of one in a drawn series.
    pub(super) fn next_gap(&mut self, forward: bool) -> Vec<Effect> {
        let mut all: Vec<Micros> = self.overview.gaps.iter().map(|g| g.range.start).collect();
        for (_, b) in self.panel().series(self.drawn()) {
            let gap = |(_, b): &(usize, &Option<Bucket>)| b.is_some_and(|b| b.gap_before.is_some());
            all.extend(b.columns.iter().enumerate().filter(gap).map(|(i, _)| middle(b, i)));
        }
        all.sort_unstable();
        self.jump(all, forward, "gap in what is drawn")
    }

    /// Puts the cursor on the nearest of these instants on one side of it; without a cursor, of the window.
    fn jump(&mut self, sorted: Vec<Micros>, forward: bool, what: &str) -> Vec<Effect> {
        let Some(timeline) = &mut self.timeline else { return Vec::new() };
        let (window, half) = (timeline.window(), timeline.dot() / 2);
        let here = timeline.cursor().filter(|c| window.contains(*c));
        // Whatever shares the cursor's dot has been reached.
        let found = if forward {
            let from = here.map_or(window.start - 1, |c| c + half);
            sorted.into_iter().find(|t| *t > from)
        } else {
            let from = here.map_or(window.end, |c| c - half);
            sorted.into_iter().rev().find(|t| *t < from)
        };
        match found {
            Some(at) => self.travel(|t| t.look_at(at)),
            None => self.tell(&format!("no {} {what}", if forward { "later" } else { "earlier" })),
        }
    }

    /// Puts the cursor on a time that was typed.
    pub(super) fn go_to(&mut self, text: &str) -> Vec<Effect> {
        let Some(bounds) = self.timeline.as_ref().map(Timeline::bounds) else { return Vec::new() };
        match crate::headless::span::instant(text, bounds, &self.zone) {
            Ok(at) => self.travel(|t| t.look_at(at)),
            Err(line) => self.tell(&line),
        }
    }
}

fn middle(b: &Buckets, column: usize) -> Micros {
    let n = b.columns.len().max(1) as i64;
    b.range.start + b.range.width() * (2 * column as i64 + 1) / (2 * n)
}

/// The highest columns of stretches that stand out: far above the median, and at least half as far above it as the
/// highest of all.
fn spikes(b: &Buckets) -> Vec<Micros> {
    let mut sorted: Vec<f64> = b.columns.iter().flatten().map(|c| c.max).collect();
    if sorted.is_empty() {
        return Vec::new();
    }
    sorted.sort_by(f64::total_cmp);
    let (median, highest) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
    let mut off: Vec<f64> = sorted.iter().map(|v| (v - median).abs()).collect();
    off.sort_by(f64::total_cmp);
    let least = median + (SPIKE * ROBUST * off[off.len() / 2]).max((highest - median) / 2.0);
    let mut found: Vec<Micros> = Vec::new();
    let mut peak: Option<(usize, f64)> = None;
    for (i, c) in b.columns.iter().enumerate() {
        match c {
            Some(c) if c.max > least && c.max > median => {
                if peak.is_none_or(|(_, v)| c.max > v) {
                    peak = Some((i, c.max));
                }
            }
            _ => found.extend(peak.take().map(|(i, _)| middle(b, i))),
        }
    }
    found.extend(peak.map(|(i, _)| middle(b, i)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::time::TimeRange;

    /// TUI-2: a spike stands far above what is usual; noise and level lines have none.
    #[test]
    fn spikes_stand_out() {
        let buckets = |values: &[f64]| {
            let one = |v: &f64| {
                Some(Bucket { count: 1, min: *v, max: *v, first: *v, last: *v, mean: *v, gap_before: None })
            };
            let range = TimeRange::new(0, 10 * values.len() as i64);
            Buckets { range, columns: values.iter().map(one).collect(), stepped: false }
        };
        assert_eq!(spikes(&buckets(&[1.0, 2.0, 1.0, 2.0, 40.0, 50.0, 1.0, 2.0, 1.0, 30.0])), [55, 95]);
        assert_eq!(spikes(&buckets(&[5.0; 20])), [] as [i64; 0]);
        assert_eq!(spikes(&buckets(&[1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0])), [] as [i64; 0]);
        assert_eq!(spikes(&buckets(&[])), [] as [i64; 0]);
    }
}
