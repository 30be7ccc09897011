//! Rows and digests of a question's series, in the order of time, into what is asked for.
//!
//! Owns: which ticks each run lost; feeding each series' line from files and open segments. Must not: read files.

use std::collections::HashMap;

use super::load::Loaded;
use super::select::Selection;
use crate::metric::{Repr, Table};
use crate::query::catalogue::{Catalogue, OpenSegment};
use crate::query::model::{Point, Samples};
use crate::series::{Buckets, Digest, Folder, Line, LostTicks, Sample, Span, Step};
use crate::store::tick::NULL;
use crate::subject::SubjectKey;

/// Ticks that recorders lost, by run; sorted and apart.
#[derive(Debug, Default)]
pub(crate) struct Lost(HashMap<u32, Vec<(i64, i64)>>);

impl Lost {
    /// From the extents of a table's files and of the open segments.
    pub(crate) fn of(catalogue: &Catalogue, table: Table) -> Lost {
        let mut lost: HashMap<u32, Vec<(i64, i64)>> = HashMap::new();
        let mut add = |run: u32, ranges: &[(i64, i64)]| {
            if !ranges.is_empty() {
                lost.entry(run).or_default().extend_from_slice(ranges);
            }
        };
        for file in catalogue.files.iter().filter(|f| f.table == Some(table)) {
            file.parts.iter().for_each(|p| add(p.run, &p.extent.lost_ticks));
        }
        for segment in catalogue.segments.iter().filter(|s| s.serves(table)) {
            if let Some(extent) = segment.extent() {
                add(run_of(catalogue, segment), &extent.lost_ticks);
            }
        }
        for ranges in lost.values_mut() {
            ranges.sort_unstable();
            ranges.dedup_by(|next, before| {
                let joined = next.0 <= before.1.saturating_add(1);
                if joined {
                    before.1 = before.1.max(next.1);
                }
                joined
            });
        }
        Lost(lost)
    }
}

impl LostTicks for Lost {
    fn all_lost(&self, run: u32, after: i64, before: i64) -> bool {
        let Some(ranges) = self.0.get(&run) else { return after + 1 >= before };
        let first = after + 1;
        let at = ranges.partition_point(|r| r.1 < first);
        first >= before || ranges.get(at).is_some_and(|r| r.0 <= first && r.1 + 1 >= before)
    }
}

/// The number of a segment's run; one that the catalogue does not know yet is unlike all others.
pub(super) fn run_of(catalogue: &Catalogue, segment: &OpenSegment) -> u32 {
    catalogue.books.find_run(segment.head.run.run_id.as_str()).unwrap_or(u32::MAX)
}

/// What the rows of one series are fed to.
pub(super) trait Sink {
    fn row(&mut self, sample: Sample);
    /// Rows that fit into one column of the window.
    fn span(&mut self, span: &Span, digest: &Digest);
}

impl Sink for Folder<'_> {
    fn row(&mut self, sample: Sample) {
        self.push(sample);
    }

    fn span(&mut self, span: &Span, digest: &Digest) {
        let taken = self.push_span(span, digest);
        debug_assert!(taken, "a tile keeps rows that need to be looked at");
    }
}

/// Folds what is read of files, then of open segments.
pub(super) struct WindowFold<'l> {
    selection: &'l Selection,
    folders: Vec<Folder<'l>>,
}

impl<'l> WindowFold<'l> {
    pub(super) fn new(selection: &'l Selection, lost: &'l Lost) -> Self {
        let folder = |_| Folder::new(selection.metric, selection.range, selection.columns, lost);
        WindowFold { selection, folders: (0..selection.keys.len()).map(folder).collect() }
    }

    pub(super) fn push(&mut self, loaded: &Loaded) {
        push(loaded, self.selection, &mut self.folders);
    }

    pub(super) fn finish(mut self) -> Vec<Buckets> {
        segments(self.selection, &mut self.folders);
        self.folders.into_iter().map(Folder::finish).collect()
    }
}

/// A series' values with their times, as they are collected.
struct Collected<'l> {
    line: Line<'l>,
    selection: &'l Selection,
    points: Vec<Point>,
}

impl Sink for Collected<'_> {
    fn row(&mut self, sample: Sample) {
        if let Step::Shown { value, gap } = self.line.step(sample)
            && self.selection.range.contains(sample.time)
        {
            self.points.push(Point { time: sample.time, value, gap_before: gap });
        }
    }

    fn span(&mut self, _: &Span, _: &Digest) {
        debug_assert!(false, "a window without columns has no digests");
    }
}

/// The same for questions that want each value.
pub(super) struct SampleFold<'l> {
    selection: &'l Selection,
    series: Vec<Collected<'l>>,
}

impl<'l> SampleFold<'l> {
    pub(super) fn new(selection: &'l Selection, lost: &'l Lost) -> Self {
        let line = |_| Collected { line: Line::new(selection.metric, lost), selection, points: Vec::new() };
        SampleFold { selection, series: (0..selection.keys.len()).map(line).collect() }
    }

    pub(super) fn push(&mut self, loaded: &Loaded) {
        push(loaded, self.selection, &mut self.series);
    }

    pub(super) fn finish(mut self) -> Vec<Samples> {
        segments(self.selection, &mut self.series);
        let samples = |(key, c): (&SubjectKey, Collected<'_>)| Samples {
            subject: key.clone(),
            stepped: c.line.stepped(),
            points: c.points,
        };
        self.selection.keys.iter().zip(self.series).map(samples).collect()
    }
}

/// Feeds what is read of files.
pub(super) fn push(loaded: &Loaded, selection: &Selection, sinks: &mut [impl Sink]) {
    for piece in &loaded.pieces {
        let Some(sink) = sinks.get_mut(piece.slot as usize) else { continue };
        if let Some((span, digest)) = &piece.digest {
            sink.span(span, digest);
        } else if let Some(rows) = &loaded.rows {
            let (time, tick_no) = (rows.times.time.values(), rows.times.tick_no.values());
            for row in piece.rows.clone().filter(|&r| selection.span.contains(time[r])) {
                let value = rows.values.get(row);
                sink.row(Sample { time: time[row], run: piece.run, tick_no: tick_no[row], value });
            }
        }
    }
}

/// Feeds the rows of open segments, which are later than any file of their run.
pub(super) fn segments(selection: &Selection, sinks: &mut [impl Sink]) {
    let (table, catalogue) = (selection.metric.table, &selection.catalogue);
    let Some(metric) = table.metric_index(selection.metric.name) else { return };
    let number: fn(i64, f64) -> Option<f64> = match selection.metric.repr {
        Repr::Int => |cell, _| Some(cell as f64),
        Repr::Fixed(_) => |cell, scale| Some(cell as f64 / scale),
        Repr::Bool => |cell, _| Some(f64::from(u8::from(cell != 0))),
        Repr::Time => |_, _| None,
    };
    let scale =
        if let Repr::Fixed(decimals) = selection.metric.repr { 10f64.powi(decimals.into()) } else { 1.0 };
    let width = table.metrics().len();
    for segment in catalogue.segments.iter().filter(|s| s.serves(table)) {
        let data = segment.data();
        let Some(rows) = data.table(table) else { continue };
        let run = run_of(catalogue, segment);
        let slot = |labels: &Vec<_>| selection.by_key.get(&SubjectKey::of(table, labels)).copied();
        let slots: Vec<Option<u32>> = rows.series.iter().map(slot).collect();
        for (at, row) in rows.rows.iter().enumerate().filter(|(_, r)| selection.span.contains(r.time)) {
            let Some(sink) = slots[row.series as usize].and_then(|s| sinks.get_mut(s as usize)) else {
                continue;
            };
            let cell = rows.cells[at * width + metric];
            let value = if cell == NULL { None } else { number(cell, scale) };
            sink.row(Sample { time: row.time, run, tick_no: row.tick_no, value });
        }
    }
}
