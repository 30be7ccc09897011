//! Kernel keys that the dictionary does not know: rows of `extras` instead of nothing.
//!
//! Owns: which of them are worth a row on a tick. Must not: know which keys are known.

use std::ops::Range;

use fgm::metric::{Table, extras};
use fgm::store::tick::{SeriesDef, SeriesId, Tick};
use fgm::time::Micros;

/// Keys told apart in a run. A kernel has some dozens; a file that makes up keys must not grow the recorder.
pub(crate) const MOST_KEYS: usize = 512;
/// A longer key is not kept.
const LONGEST_KEY: usize = 64;
/// A value that stays the same has a row this often.
const REPEAT: i64 = 60;

/// The unknown keys of one cgroup on one tick.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    text: Vec<u8>,
    found: Vec<(&'static str, Range<usize>, u64)>,
}

impl Unknown {
    /// Ready for the next cgroup; keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.found.clear();
    }

    /// A key of a file. Parts of a key that stand apart in the file are given apart.
    pub(crate) fn note(&mut self, file: &'static str, key: &[&[u8]], value: u64) {
        let begin = self.text.len();
        for (n, part) in key.iter().enumerate() {
            if n > 0 {
                self.text.push(b' ');
            }
            self.text.extend_from_slice(part);
        }
        let key = begin..self.text.len();
        if key.len() > LONGEST_KEY || !self.text[key.clone()].iter().copied().all(is_plain) {
            self.text.truncate(begin);
        } else {
            self.found.push((file, key, value));
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// A key of a subject between ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    key: usize,
    value: u64,
    /// Series and tick of the last row; `None` while the value has always been 0.
    row: Option<(SeriesId, i64)>,
}

impl Seen {
    /// Its series, if it has had rows.
    pub(crate) fn series(&self) -> Option<SeriesId> {
        self.row.map(|r| r.0)
    }
}

/// All keys of the run.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    keys: Vec<(&'static str, Box<[u8]>)>,
    next: SeriesId,
}

impl Extras {
    /// `file:key`.
    pub(crate) fn source(&self, seen: &Seen) -> String {
        let (file, key) = &self.keys[seen.key];
        format!("{file}:{}", String::from_utf8_lossy(key))
    }

    /// Writes the rows of a subject that are due; `define` makes the definition of a new series of this source. Returns
    /// whether there was room for all keys.
    pub(crate) fn write(
        &mut self,
        unknown: &Unknown,
        subject: &mut Vec<Seen>,
        define: impl Fn(SeriesId, String) -> SeriesDef,
        time: Micros,
        tick: &mut Tick,
    ) -> bool {
        let mut all = true;
        // They come in the same order on each tick.
        let mut expected = 0;
        for (file, key, value) in &unknown.found {
            let key = &unknown.text[key.clone()];
            let same = |s: &Seen| {
                let (f, k) = &self.keys[s.key];
                f == file && **k == *key
            };
            let hit = if subject.get(expected).is_some_and(same) {
                Some(expected)
            } else {
                subject.iter().position(same)
            };
            let at = match hit {
                Some(at) => at,
                None => {
                    let Some(key) = self.key(file, key) else {
                        all = false;
                        continue;
                    };
                    subject.push(Seen { key, value: 0, row: None });
                    subject.len() - 1
                }
            };
            expected = at + 1;
            let seen = &mut subject[at];
            let due = match seen.row {
                None => *value != 0,
                Some((_, written)) => *value != seen.value || tick.tick_no - written >= REPEAT,
            };
            if !due {
                continue;
            }
            seen.value = *value;
            let series = match seen.row {
                Some((series, _)) => series,
                None => {
                    self.next += 1;
                    let series = self.next - 1;
                    tick.defs.push(define(series, self.source(&subject[at])));
                    series
                }
            };
            subject[at].row = Some((series, tick.tick_no));
            tick.rows_mut(Table::Extras).push(series, time).set_u64(extras::value, *value);
        }
        all
    }

    fn key(&mut self, file: &'static str, key: &[u8]) -> Option<usize> {
        let known = self.keys.iter().position(|(f, k)| *f == file && **k == *key);
        known.or_else(|| {
            (self.keys.len() < MOST_KEYS).then(|| {
                self.keys.push((file, key.into()));
                self.keys.len() - 1
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(
        extras: &mut Extras,
        subject: &mut Vec<Seen>,
        tick_no: i64,
        found: &[(&str, u64)],
    ) -> (Vec<i64>, usize, bool) {
        let mut tick = Tick::default();
        tick.reset(tick_no, 0);
        let mut unknown = Unknown::default();
        for (k, v) in found {
            unknown.note("memory.stat", &[k.as_bytes()], *v);
        }
        let define = |id, _| SeriesDef { table: Table::Extras, id, labels: Vec::new() };
        let all = extras.write(&unknown, subject, define, 0, &mut tick);
        let values = tick.rows(Table::Extras).iter().map(|(_, _, cells)| cells[0]).collect();
        (values, tick.defs.len(), all)
    }

    /// REC-2: a row when the value has changed and once in a while, none while it has always been 0.
    #[test]
    fn rows_come_with_changes() {
        let (mut e, mut s) = (Extras::default(), Vec::new());
        assert_eq!(write(&mut e, &mut s, 0, &[("a", 0), ("b", 7)]), (vec![7], 1, true));
        assert_eq!(write(&mut e, &mut s, 1, &[("a", 0), ("b", 7)]), (vec![], 0, true));
        assert_eq!(write(&mut e, &mut s, 2, &[("a", 3), ("b", 8)]), (vec![3, 8], 1, true));
        assert_eq!(
            write(&mut e, &mut s, 3, &[("b", 8), ("a", 0)]),
            (vec![0], 0, true),
            "0 again is a change"
        );
        assert_eq!(write(&mut e, &mut s, 62, &[("a", 0), ("b", 8)]), (vec![8], 0, true), "once in a while");
    }

    /// REC-9: a file that makes up keys is cut off, and what is no key is none.
    #[test]
    fn keys_are_bounded() {
        let (mut e, mut s) = (Extras::default(), Vec::new());
        for n in 0..5 {
            let names: Vec<String> = (0..200).map(|k| format!("k{n}-{k}")).collect();
            let found: Vec<(&str, u64)> = names.iter().map(|k| (k.as_str(), 1)).collect();
            assert_eq!(write(&mut e, &mut s, n, &found).2, n < 2);
        }
        assert_eq!((e.keys.len(), s.len()), (MOST_KEYS, MOST_KEYS));
        let long = "x".repeat(LONGEST_KEY + 1);
        assert!(write(&mut e, &mut Vec::new(), 9, &[(&long, 1), ("\u{1b}[31m", 1)]).2);
    }
}
