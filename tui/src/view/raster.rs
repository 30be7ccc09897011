//! Series as dots: one layer per series, then one glyph and one owner per cell.
//!
//! Owns: the chart rules of strokes, joins, gaps and shared cells (TUI-2). Must not: know ratatui or colours.
//!
//! A column of dots is one bucket. Its min–max stroke is drawn whole, so no sample is ever lost; it is bright where
//! the mean passes. Neighbours are joined from the last value to the first one, unless a gap lies between.

use std::cmp::Ordering;
use std::ops::Range;

use fgm::series::{Bucket, Buckets, Gap};
use fgm::time::{Micros, TimeRange};

pub use super::marker::Marker;

/// What a cell shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dots {
    /// Dots of all series.
    pub bits: u8,
    /// Whose colour it has.
    pub owner: u8,
    /// Whether a mean of the owner passes.
    pub bright: bool,
}

/// The dots of one series.
#[derive(Clone, Debug)]
struct Layer {
    position: u8,
    bright: Vec<u8>,
    dim: Vec<u8>,
    /// Highest and lowest dot of each column.
    spans: Vec<Option<(usize, usize)>>,
}

/// A chart under construction.
#[derive(Debug)]
pub struct Raster {
    marker: Marker,
    w: usize,
    h: usize,
    low: f64,
    high: f64,
    layers: Vec<Layer>,
}

impl Raster {
    /// An empty chart of `w` × `h` cells for values from `low` to `high`.
    pub fn new(marker: Marker, w: usize, h: usize, low: f64, high: f64) -> Raster {
        let high = if high > low { high } else { low + 1.0 };
        Raster { marker, w, h, low, high, layers: Vec::new() }
    }

    fn rows(&self) -> usize {
        self.h * self.marker.rows()
    }

    fn row(&self, value: f64) -> usize {
        let last = self.rows().saturating_sub(1);
        let share = ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0);
        (share * last as f64).round() as usize
    }

    /// Draws a series of `2 * w` columns.
    pub fn draw(&mut self, position: usize, columns: &[Option<Bucket>], stepped: bool) {
        let cells = self.w * self.h;
        let mut layer = Layer {
            position: position as u8,
            bright: vec![0; cells],
            dim: vec![0; cells],
            spans: vec![None; self.w * 2],
        };
        let mut before: Option<(usize, Bucket)> = None;
        for (x, b) in columns.iter().take(self.w * 2).enumerate() {
            let Some(b) = *b else { continue };
            let single = b.count <= 1;
            self.stroke(&mut layer, x, self.row(b.max), self.row(b.min), single);
            if let (Some((px, p)), None) = (before, b.gap_before) {
                let bright = single && p.count <= 1;
                self.join(&mut layer, (px, self.row(p.last)), (x, self.row(b.first)), stepped, bright);
                let (from, to) = (self.row(p.mean), self.row(b.mean));
                let middle = usize::midpoint(from, to);
                self.brighten(&mut layer, px, from, middle);
                self.brighten(&mut layer, x, middle, to);
            }
            let mean = self.row(b.mean);
            self.stroke(&mut layer, x, mean, mean, true);
            before = Some((x, b));
        }
        for (span, gap) in gaps(columns) {
            if gap == Gap::Unavailable {
                let bottom = self.rows().saturating_sub(1);
                for x in span.filter(|x| x % 2 == 0) {
                    self.stroke(&mut layer, x, bottom, bottom, false);
                }
            }
        }
        self.layers.push(layer);
    }

    fn stroke(&self, layer: &mut Layer, x: usize, from: usize, to: usize, bright: bool) {
        let (top, bottom) = (from.min(to), from.max(to));
        let per = self.marker.rows();
        for y in top..=bottom.min(self.rows().saturating_sub(1)) {
            let cell = y / per * self.w + x / 2;
            let bit = 1 << (y % per + 4 * (x % 2));
            if let Some(b) = if bright { &mut layer.bright } else { &mut layer.dim }.get_mut(cell) {
                *b |= bit;
            }
        }
        if let Some(span) = layer.spans.get_mut(x) {
            let (a, b) = span.unwrap_or((top, bottom));
            *span = Some((a.min(top), b.max(bottom)));
        }
    }

    /// Lets the mean's way from one column to the next shine, as far as there are dots on it.
    fn brighten(&self, layer: &mut Layer, x: usize, from: usize, to: usize) {
        let per = self.marker.rows();
        for y in from.min(to)..=from.max(to) {
            let (cell, bit) = (y / per * self.w + x / 2, 1 << (y % per + 4 * (x % 2)));
            if layer.dim[cell] & bit != 0 {
                layer.bright[cell] |= bit;
            }
        }
    }

    fn join(&self, layer: &mut Layer, from: (usize, usize), to: (usize, usize), stepped: bool, bright: bool) {
        let ((x0, y0), (x1, y1)) = (from, to);
        if stepped {
            for x in x0 + 1..x1 {
                self.stroke(layer, x, y0, y0, bright);
            }
            self.stroke(layer, x1, y0, y1, bright);
        } else if x1 == x0 + 1 {
            if y0.abs_diff(y1) > 1 {
                let middle = usize::midpoint(y0, y1);
                let onward = if y1 > y0 { middle + 1 } else { middle };
                let back = if y1 > y0 { middle } else { middle + 1 };
                self.stroke(layer, x0, y0, back, bright);
                self.stroke(layer, x1, onward, y1, bright);
            }
        } else {
            // Between samples that are further apart than dots: a straight line.
            let mut last = y0;
            for x in x0 + 1..=x1 {
                let share = (x - x0) as f64 / (x1 - x0) as f64;
                let y = (y0 as f64 + (y1 as f64 - y0 as f64) * share).round() as usize;
                let near = match y.cmp(&last) {
                    Ordering::Greater => last + 1,
                    Ordering::Less => last - 1,
                    Ordering::Equal => y,
                };
                self.stroke(layer, x, near, y, bright);
                last = y;
            }
        }
    }

    /// Leaves out dots of flat lines by a pattern per series, for screens without colour. Strokes of more than one
    /// dot stay whole, so spikes do.
    pub fn pattern(&mut self) {
        const PATTERNS: [u8; 6] =
            [0b1111_1111, 0b0111_0111, 0b0101_0101, 0b0011_0011, 0b0001_0001, 0b0001_1111];
        let (per, w) = (self.marker.rows(), self.w);
        for layer in &mut self.layers {
            let mask = PATTERNS[usize::from(layer.position) % PATTERNS.len()];
            for x in 1..layer.spans.len().saturating_sub(1) {
                let flat = |s: Option<(usize, usize)>| s.filter(|(a, b)| a == b).map(|(a, _)| a);
                let around = [x - 1, x, x + 1].map(|x| flat(layer.spans[x]));
                let [Some(l), Some(y), Some(r)] = around else { continue };
                if l == y && r == y && mask >> (x % 8) & 1 == 0 {
                    let keep = !(1u8 << (y % per + 4 * (x % 2)));
                    layer.bright[y / per * w + x / 2] &= keep;
                    layer.dim[y / per * w + x / 2] &= keep;
                }
            }
        }
    }

    /// The cells, row by row. In a cell that several series share, the dots are all shown; the colour is that of the
    /// selected series if it is there, else of the one with most dots, in a tie of the cell to the left.
    pub fn finish(self, selected: usize) -> Vec<Dots> {
        let mut out = Vec::with_capacity(self.w * self.h);
        for y in 0..self.h {
            let mut left = None;
            for x in 0..self.w {
                let dots = self.compose(y * self.w + x, selected, left);
                left = (dots.bits != 0).then_some(dots.owner);
                out.push(dots);
            }
        }
        out
    }

    fn compose(&self, cell: usize, selected: usize, left: Option<u8>) -> Dots {
        let mut dots = Dots::default();
        let mut best = (false, 0, false);
        for layer in &self.layers {
            let bits = layer.bright[cell] | layer.dim[cell];
            if bits == 0 {
                continue;
            }
            dots.bits |= bits;
            let chosen = usize::from(layer.position) == selected;
            let rank = (chosen, bits.count_ones(), left == Some(layer.position));
            if rank > best {
                best = rank;
                dots.owner = layer.position;
                dots.bright = layer.bright[cell] != 0;
            }
        }
        dots
    }
}

/// Columns in which a series has a gap, and why. A gap that began before the first column starts there.
pub fn gaps(columns: &[Option<Bucket>]) -> impl Iterator<Item = (Range<usize>, Gap)> {
    let mut from = 0;
    columns.iter().enumerate().filter_map(move |(x, b)| {
        let b = (*b)?;
        let span = from..x;
        from = x + 1;
        Some((span, b.gap_before?))
    })
}

/// The buckets placed into other columns over another window, for the moment until the right ones arrive.
pub fn place(buckets: &Buckets, window: TimeRange, columns: usize) -> Vec<Option<Bucket>> {
    if buckets.range == window && buckets.columns.len() == columns {
        return buckets.columns.clone();
    }
    let mut out: Vec<Option<Bucket>> = vec![None; columns];
    let (from, n) = (buckets.range, buckets.columns.len().max(1) as i128);
    for (i, b) in buckets.columns.iter().enumerate() {
        let Some(b) = b else { continue };
        let middle = from.start + (i128::from(from.width()) * (2 * i as i128 + 1) / (2 * n)) as Micros;
        let Some(x) = fgm::series::column_of(window, columns, middle) else { continue };
        out[x] = Some(out[x].map_or(*b, |a| a.merge(*b)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(v: f64) -> Option<Bucket> {
        wide(v, v, v, 1)
    }

    #[allow(clippy::unnecessary_wraps)] // Columns are options.
    fn wide(min: f64, mean: f64, max: f64, count: u32) -> Option<Bucket> {
        Some(Bucket { count, min, max, first: mean, last: mean, mean, gap_before: None })
    }

    fn text(r: Raster, w: usize, marker: Marker) -> Vec<String> {
        let cells = r.finish(0);
        cells.chunks(w).map(|row| row.iter().map(|d| marker.glyph(d.bits)).collect()).collect()
    }

    fn drawn(columns: &[Option<Bucket>], h: usize, stepped: bool, marker: Marker) -> Vec<String> {
        let w = columns.len() / 2;
        let mut r = Raster::new(marker, w, h, 0.0, 10.0);
        r.draw(0, columns, stepped);
        text(r, w, marker)
    }

    /// QRY-2, TUI-2: a spike of one sample among thousands reaches its height, whatever surrounds it.
    #[test]
    fn a_spike_is_never_lost() {
        for marker in Marker::ALL {
            for at in 0..40 {
                let mut columns = vec![wide(1.0, 1.0, 1.0, 60); 40];
                columns[at] = wide(1.0, 1.15, 10.0, 60);
                let mut r = Raster::new(marker, 20, 8, 0.0, 10.0);
                r.draw(1, &columns, false);
                r.pattern();
                let rows = text(r, 20, marker);
                assert_ne!(rows[0].chars().nth(at / 2), Some(' '), "{marker:?} {at}: {rows:?}");
                assert_ne!(rows[0].chars().nth(at / 2), Some('\u{2800}'), "{marker:?} {at}");
            }
        }
    }

    /// TUI-2: neighbours are joined, so the line has no holes however steep it is.
    #[test]
    fn neighbours_are_joined() {
        let rows = drawn(&[bucket(0.0), bucket(10.0), bucket(0.0), bucket(10.0)], 2, false, Marker::Braille);
        let dots: usize = rows.concat().chars().map(|c| (c as u32 - 0x2800).count_ones() as usize).sum();
        assert_eq!(dots, 4 * 4, "{rows:?}");
        let rows = drawn(&[bucket(0.0), None, None, None, None, bucket(10.0)], 1, false, Marker::Braille);
        assert!(rows[0].chars().all(|c| c != '\u{2800}'), "{rows:?}");
    }

    /// TUI-2: a gap is not bridged.
    #[test]
    fn gaps_are_not_bridged() {
        for gap in [Gap::RecorderDown, Gap::SubjectAbsent] {
            let after = bucket(5.0).map(|b| Bucket { gap_before: Some(gap), ..b });
            let columns = [bucket(5.0), None, None, None, None, None, None, after];
            let rows = drawn(&columns, 1, false, Marker::Braille);
            assert_eq!(rows, ["⠄\u{2800}\u{2800}⠠"], "{gap:?}");
            assert_eq!(gaps(&columns).collect::<Vec<_>>(), [(1..7, gap)]);
        }
    }

    /// TUI-2: a metric that was unavailable leaves a dotted baseline, unlike an absent subject.
    #[test]
    fn unavailable_is_a_dotted_baseline() {
        let after = bucket(5.0).map(|b| Bucket { gap_before: Some(Gap::Unavailable), ..b });
        let columns = [bucket(5.0), None, None, None, None, None, None, after];
        assert_eq!(drawn(&columns, 1, false, Marker::Braille), ["⠄⡀⡀⡠"]);
    }

    /// Ruling on PSS: drawn as steps.
    #[test]
    fn stepped_series_hold_their_value() {
        let columns = [bucket(10.0), None, None, bucket(0.0)];
        assert_eq!(drawn(&columns, 1, true, Marker::Braille), ["⠉⢹"]);
    }

    /// TUI-2: dots of both series are shown; the selected one gives the colour, else the one with more dots.
    #[test]
    fn shared_cells_keep_all_dots() {
        let build = |selected| {
            let mut r = Raster::new(Marker::Braille, 1, 1, 0.0, 10.0);
            r.draw(0, &[bucket(0.0), bucket(0.0)], false);
            r.draw(1, &[bucket(10.0), None], false);
            r.finish(selected)[0]
        };
        assert_eq!(Marker::Braille.glyph(build(5).bits), '⣁');
        assert_eq!((build(5).owner, build(1).owner), (0, 1));
    }

    /// TUI-2: bright where the mean passes, dim in the rest of the stroke.
    #[test]
    fn the_mean_is_bright() {
        let mut r = Raster::new(Marker::Braille, 1, 10, 0.0, 10.0);
        r.draw(0, &[wide(0.0, 5.0, 10.0, 9), None], false);
        let bright: Vec<bool> = r.finish(0).iter().map(|d| d.bright).collect();
        assert_eq!(bright.iter().filter(|b| **b).count(), 1);
        assert!(bright[4] || bright[5]);
    }

    /// TUI-2: the mean's way is bright without interruption, however steep.
    #[test]
    fn a_steep_mean_is_bright_all_along() {
        let columns: Vec<_> = [0.0, 2.5, 5.0, 7.5].map(|v| wide(v, v + 1.2, v + 2.5, 2)).into();
        let mut r = Raster::new(Marker::Braille, 2, 10, 0.0, 10.0);
        r.draw(0, &columns, false);
        let cells = r.finish(0);
        let bright: Vec<bool> = cells.chunks(2).map(|row| row.iter().any(|d| d.bright)).collect();
        // From the first mean, 1.2, to the last, 8.7.
        assert!(bright[2..8].iter().all(|b| *b), "{bright:?}");
    }

    /// TUI-5: without colour, flat series differ by pattern.
    #[test]
    fn patterns_differ() {
        let all: std::collections::HashSet<String> = (0..6)
            .map(|i| {
                let mut r = Raster::new(Marker::Braille, 16, 1, 0.0, 10.0);
                r.draw(i, &[bucket(5.0); 32], false);
                r.pattern();
                text(r, 16, Marker::Braille).concat()
            })
            .collect();
        assert_eq!(all.len(), 6);
    }

    /// QRY-2: an old picture in a wider or narrower window keeps its extremes.
    #[test]
    fn placing_keeps_extremes() {
        let mut columns = vec![bucket(1.0); 100];
        columns[37] = bucket(9.0);
        let b = Buckets { range: TimeRange::new(0, 100), columns, stepped: false };
        let placed = place(&b, TimeRange::new(0, 200), 50);
        assert_eq!(placed.iter().flatten().map(|b| b.count).sum::<u32>(), 100);
        assert!(placed.iter().flatten().any(|b| b.max > 8.5));
        assert!(placed[25..].iter().all(Option::is_none));
        assert_eq!(place(&b, b.range, 100), b.columns);
    }
}
