//! One tick's readings on their way from the sampler to a segment, column by column as integers.
//!
//! Owns: the hand-over format between recorder and store. Must not: encode, write or read anything.
//!
//! A series is one subject of one table in one run (a cgroup, a process, a device). It is defined once, by its labels,
//! under a number that the sampler chooses; rows refer to that number. A label learnt late is a new definition of the
//! same number: the segment's reader applies the last one to all of that segment's rows (REC-7).

use crate::event::Event;
use crate::metric::{Metric, Repr, Table};
use crate::time::Micros;

/// A cell that holds no value. It never reaches a file: readers turn it into null.
pub const NULL: i64 = i64::MIN;

/// Number of a series: unique within a table and run, never reused in a run.
pub type SeriesId = u32;

/// Value of a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LabelValue {
    /// Unknown or not applicable.
    Null,
    /// Text; never empty.
    Text(String),
    /// Number.
    Int(i64),
}

impl LabelValue {
    /// Text, where the empty string means unknown.
    pub fn text(s: impl Into<String>) -> LabelValue {
        let s = s.into();
        if s.is_empty() { LabelValue::Null } else { LabelValue::Text(s) }
    }

    /// Text or null.
    pub fn maybe(s: Option<impl Into<String>>) -> LabelValue {
        s.map_or(LabelValue::Null, LabelValue::text)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            LabelValue::Text(s) => Some(s),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            LabelValue::Int(n) => Some(*n),
            _ => None,
        }
    }
}

/// The labels of a series, in the order of [`Table::labels`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDef {
    /// The table.
    pub table: Table,
    /// The series' number.
    pub id: SeriesId,
    /// One value per label of the table.
    pub labels: Vec<LabelValue>,
}

/// The rows of one table on one tick, row-major.
#[derive(Clone, Debug)]
pub struct TableRows {
    table: Table,
    width: usize,
    heads: Vec<(SeriesId, Micros)>,
    cells: Vec<i64>,
}

impl TableRows {
    /// No rows yet.
    pub fn new(table: Table) -> Self {
        TableRows { table, width: table.metrics().len(), heads: Vec::new(), cells: Vec::new() }
    }

    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Removes all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.cells.clear();
    }

    /// Adds a row for `series`, read at `time`, with every cell null.
    pub fn push(&mut self, series: SeriesId, time: Micros) -> Row<'_> {
        self.heads.push((series, time));
        let at = self.cells.len();
        self.cells.resize(at + self.width, NULL);
        Row { metrics: self.table.metrics(), cells: &mut self.cells[at..] }
    }

    /// The row at this position, to be filled further.
    pub fn row_mut(&mut self, at: usize) -> Row<'_> {
        let w = self.width;
        Row { metrics: self.table.metrics(), cells: &mut self.cells[at * w..(at + 1) * w] }
    }

    /// Rows as (series, time of reading, cells).
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SeriesId, Micros, &[i64])> {
        // A table without metrics would make chunks_exact panic; the dictionary has none.
        self.heads.iter().zip(self.cells.chunks_exact(self.width)).map(|(&(id, t), c)| (id, t, c))
    }
}

/// A row under construction. Columns are the constants of [`crate::metric`]'s table modules.
pub struct Row<'a> {
    metrics: &'static [Metric],
    cells: &'a mut [i64],
}

impl Row<'_> {
    /// Stores an integer (Int columns).
    pub fn set(&mut self, column: usize, value: i64) {
        debug_assert_eq!(self.metrics[column].repr, Repr::Int, "{}", self.metrics[column].name);
        self.cells[column] = value;
    }

    /// Stores a kernel counter; what does not fit an i64 is null rather than wrong.
    pub fn set_u64(&mut self, column: usize, value: u64) {
        self.set(column, i64::try_from(value).unwrap_or(NULL));
    }

    /// Stores an integer if there is one.
    pub fn set_opt(&mut self, column: usize, value: Option<u64>) {
        if let Some(v) = value {
            self.set_u64(column, v);
        }
    }

    /// Stores a number in a Fixed column, rounded to its decimals; not finite becomes null.
    pub fn set_fixed(&mut self, column: usize, value: f64) {
        let Repr::Fixed(decimals) = self.metrics[column].repr else {
            debug_assert!(false, "{} is not Fixed", self.metrics[column].name);
            return;
        };
        let scaled = (value * 10f64.powi(i32::from(decimals))).round();
        self.cells[column] = if scaled.is_finite() && scaled.abs() < 9e18 { scaled as i64 } else { NULL };
    }

    /// Stores a time in µs since 1970 (Time columns).
    pub fn set_time(&mut self, column: usize, value: Micros) {
        debug_assert_eq!(self.metrics[column].repr, Repr::Time, "{}", self.metrics[column].name);
        self.cells[column] = value;
    }

    /// Stores a truth value (Bool columns).
    pub fn set_bool(&mut self, column: usize, value: bool) {
        debug_assert_eq!(self.metrics[column].repr, Repr::Bool, "{}", self.metrics[column].name);
        self.cells[column] = i64::from(value);
    }

    /// The raw cell: the integer, the scaled number or the truth value; `None` when null.
    pub fn get(&self, column: usize) -> Option<i64> {
        Some(self.cells[column]).filter(|&v| v != NULL)
    }
}

/// Everything that one tick produced.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Number of the scheduled tick in its run, from 0, never going back.
    pub tick_no: i64,
    /// The scheduled time.
    pub tick: Micros,
    /// Series that are new or whose labels changed.
    pub defs: Vec<SeriesDef>,
    /// Rows of each table, in the order of [`Table::ALL`].
    pub tables: Vec<TableRows>,
    /// Series that have ended and will have no more rows.
    pub ended: Vec<(Table, SeriesId)>,
    /// Events noticed on this tick.
    pub events: Vec<Event>,
}

impl Default for Tick {
    fn default() -> Self {
        Tick {
            tick_no: 0,
            tick: 0,
            defs: Vec::new(),
            tables: Table::ALL.into_iter().map(TableRows::new).collect(),
            ended: Vec::new(),
            events: Vec::new(),
        }
    }
}

impl Tick {
    /// Empties it for the next tick and keeps the memory.
    pub fn reset(&mut self, tick_no: i64, tick: Micros) {
        self.tick_no = tick_no;
        self.tick = tick;
        self.defs.clear();
        self.ended.clear();
        self.events.clear();
        self.tables.iter_mut().for_each(TableRows::clear);
    }

    /// The rows of a table.
    pub fn rows(&self, table: Table) -> &TableRows {
        &self.tables[table as usize]
    }

    /// The rows of a table, to add to.
    pub fn rows_mut(&mut self, table: Table) -> &mut TableRows {
        &mut self.tables[table as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::containers as c;

    #[test]
    fn rows_start_null_and_keep_what_is_set() {
        let mut tick = Tick::default();
        let rows = tick.rows_mut(Table::Containers);
        let mut row = rows.push(7, 42);
        row.set_u64(c::memory_current_bytes, 10);
        row.set_u64(c::memory_peak_bytes, u64::MAX);
        row.set_fixed(c::cpu_usage_millicores, 12.345);
        row.set_fixed(c::cpu_percent_of_limit, f64::NAN);
        row.set_bool(c::memory_max_unlimited, true);
        assert_eq!(row.get(c::memory_peak_bytes), None);
        let (id, time, cells) = rows.iter().next().unwrap();
        assert_eq!((id, time), (7, 42));
        assert_eq!(cells[c::cpu_usage_millicores], 123);
        assert_eq!(cells[c::cpu_percent_of_limit], NULL);
        assert_eq!(cells[c::memory_max_unlimited], 1);
        assert_eq!(cells.iter().filter(|&&v| v != NULL).count(), 3);
        tick.reset(1, 2);
        assert!(tick.rows(Table::Containers).is_empty());
    }
}
