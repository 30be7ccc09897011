//! Rows of many series, in the order of time, into the sums of groups.
//!
//! Owns: the slots of a question, its portions by memory, and feeding each member's values into its group. Must not:
//! decide what a slot or a sum is ([`crate::series::Summing`] does), or read files.

use std::cell::RefCell;
use std::sync::Arc;

use super::exec::for_each_tile;
use super::fold::{Lost, Sink, push, segments};
use super::select::{Selection, slack};
use super::ticks::{Stretch, Ticks};
use crate::query::ask::Ask;
use crate::query::catalogue::Catalogue;
use crate::query::error::QueryError;
use crate::query::model::SumQuery;
use crate::series::{Digest, Line, Member, SLOT_BYTES, Sample, Slots, Span, Step, Sum, Summing, is_stepped};
use crate::subject::SubjectKey;
use crate::time::{Micros, TimeRange};

/// Most bytes of slots at once. Groups that need more are summed one portion after the other.
const MOST_BYTES: usize = 128 << 20;

/// How a question about sums is answered.
pub(crate) struct SumPlan {
    slots: Slots,
    /// The part of the window that there is data of.
    window: TimeRange,
    range: TimeRange,
    columns: usize,
    /// What has to be read: a slower member's tick before the window may hold into it, and a tick's rows may have been
    /// read long after it was due.
    pub(crate) read: TimeRange,
    ticks: Ticks,
    lost: Lost,
}

impl SumPlan {
    /// For the catalogue as it is now.
    pub(crate) fn new(query: &SumQuery, catalogue: &Catalogue) -> Result<SumPlan, QueryError> {
        let SumQuery { metric, range, columns, .. } = *query;
        let ticks = Ticks::of(catalogue, metric.table);
        let own = catalogue.overview.interval;
        let (shortest, longest) = ticks.intervals(range).unwrap_or((own, own));
        let all = catalogue.overview.range.unwrap_or(TimeRange::new(range.start, range.start));
        let start = range.start.max(all.start);
        let window = TimeRange::new(start, range.end.min(all.end).max(start));
        let slots = Slots::new(all.start, shortest);
        let most = MOST_BYTES / SLOT_BYTES;
        if slots.within(window) > most {
            return Err(QueryError::LongSum { ticks: slots.within(window), most });
        }
        let read = TimeRange::new(
            window.start.saturating_sub(2 * longest),
            window.end.saturating_add(shortest).saturating_add(slack(longest)),
        );
        let lost = Lost::of(catalogue, metric.table);
        Ok(SumPlan { slots, window, range, columns, read, ticks, lost })
    }

    /// Groups whose slots fit into memory at once, portion by portion.
    pub(crate) fn portions<'q>(
        &self,
        groups: &'q [Vec<SubjectKey>],
    ) -> impl Iterator<Item = &'q [Vec<SubjectKey>]> {
        let bytes = (self.slots.within(self.window) * SLOT_BYTES).max(1);
        groups.chunks((MOST_BYTES / bytes).max(1))
    }

    /// Sums groups whose members, group after group, are the series of a selection.
    pub(crate) async fn sum(
        &self,
        ask: &Arc<Ask>,
        selection: &Arc<Selection>,
        groups: &[Vec<SubjectKey>],
    ) -> Result<Vec<Sum>, QueryError> {
        let sums: Vec<RefCell<Summing>> =
            groups.iter().map(|_| RefCell::new(Summing::new(self.slots, self.window))).collect();
        let part = |sum| Part {
            line: Line::new(selection.metric, &self.lost),
            member: Member::default(),
            plan: self,
            stretch: None,
            sum,
        };
        let mut parts: Vec<Part<'_>> =
            groups.iter().zip(&sums).flat_map(|(group, sum)| group.iter().map(move |_| part(sum))).collect();
        for_each_tile(ask, selection, |loaded| push(loaded, selection, &mut parts)).await?;
        segments(selection, &mut parts);
        for part in &mut parts {
            part.member.end(&mut part.sum.borrow_mut());
        }
        drop(parts);
        let stepped = is_stepped(selection.metric);
        let finish = |s: RefCell<Summing>| {
            s.into_inner().finish(self.range, self.columns, stepped, |r| self.ticks.recorded(r))
        };
        Ok(sums.into_iter().map(finish).collect())
    }
}

/// One member of a group.
struct Part<'p> {
    line: Line<'p>,
    member: Member,
    plan: &'p SumPlan,
    /// Run and ticks of the last row: the next one mostly is of the same.
    stretch: Option<(u32, Stretch)>,
    sum: &'p RefCell<Summing>,
}

impl Part<'_> {
    /// When the tick of a row was due, and its run's interval; where that is not known, the row's own time will do.
    fn tick(&mut self, sample: Sample) -> (Micros, Micros) {
        let known = self.stretch.filter(|(run, s)| *run == sample.run && s.has(sample.tick_no));
        let known =
            known.or_else(|| Some((sample.run, self.plan.ticks.stretch(sample.run, sample.tick_no)?)));
        self.stretch = known;
        match known {
            Some((_, s)) => (s.due(sample.tick_no).unwrap_or(sample.time), s.interval),
            None => (sample.time, 0),
        }
    }
}

impl Sink for Part<'_> {
    fn row(&mut self, sample: Sample) {
        let (value, gap) = match self.line.step(sample) {
            Step::Shown { value, gap } => (value, gap),
            Step::Held(value) => (value, None),
            Step::None => return,
        };
        let tick = self.tick(sample);
        self.member.take(&mut self.sum.borrow_mut(), tick, value, gap);
    }

    fn span(&mut self, _: &Span, _: &Digest) {
        debug_assert!(false, "a window without columns has no digests");
    }
}
