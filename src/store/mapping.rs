//! Rows of whatever version's columns, read into ours by name (STO-8).
//!
//! Owns: which of a writer's columns is which of this dictionary's. Must not: frame, or do I/O.

use super::codec::{Cursor, Malformed, RowStates};
use super::read::{DataRow, TableData};
use super::segment::HeadTable;
use super::tick::NULL;
use crate::metric::Table;
use crate::time::Micros;

/// How the columns of the writer map to ours.
pub(super) struct TableMap {
    pub(super) table: Option<Table>,
    pub(super) labels: Vec<Option<usize>>,
    metrics: Vec<Option<usize>>,
    identical: bool,
}

/// Finds each of a writer's columns among ours.
pub(super) fn map_table(head: &HeadTable) -> TableMap {
    let table = Table::from_name(&head.name);
    let metrics: Vec<_> = head.metrics.iter().map(|m| table?.metric_index(m)).collect();
    let identical = table.is_some_and(|t| {
        metrics.len() == t.metrics().len() && metrics.iter().enumerate().all(|(i, &m)| m == Some(i))
    });
    let labels = head.labels.iter().map(|l| table?.label_index(l)).collect();
    TableMap { table, labels, metrics, identical }
}

/// Reads the rows of one table's block.
pub(super) fn read_rows(
    map: &TableMap,
    states: &mut RowStates,
    block: &[u8],
    (tick_no, tick): (i64, Micros),
    into: &mut TableData,
) -> Result<(), Malformed> {
    let mut from = Cursor::new(block);
    let width = into.table.metrics().len();
    for _ in 0..from.count()? {
        let id = from.u32()?;
        let (offset, cells) = states.decode(&mut from, id, map.metrics.len())?;
        let series = into.series_index(id);
        into.rows.push(DataRow { series, tick_no, tick, time: tick.wrapping_add(offset) });
        if map.identical {
            into.cells.extend_from_slice(cells);
        } else {
            let at = into.cells.len();
            into.cells.resize(at + width, NULL);
            for (&to, &cell) in map.metrics.iter().zip(cells) {
                if let Some(to) = to {
                    into.cells[at + to] = cell;
                }
            }
        }
    }
    if from.is_empty() { Ok(()) } else { Err(Malformed) }
}
