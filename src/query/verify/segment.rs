//! One open segment: its frames, its ticks, its rows.
//!
//! Owns: what a segment must be by itself. Must not: hold more than one table of it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Findings;
use crate::metric::Table;
use crate::store::read::{SegmentData, SegmentReader, TableData};
use crate::store::seal;
use crate::store::segment::{Head, is_live};
use crate::subject::SubjectKey;

/// What a segment holds.
pub(super) struct Segment {
    pub(super) rows: u64,
    pub(super) lost_ticks: i64,
}

/// Checks one segment; `None` when it cannot be read, which has been said then.
pub(super) fn check(path: &Path, sealed: &HashSet<&str>, f: &mut Findings<'_>) -> Option<Segment> {
    let mut found = Segment { rows: 0, lost_ticks: 0 };
    // Asked first: a writer that ends in between leaves a whole tail.
    let live = is_live(path);
    for table in Table::ALL {
        let (head, data) = match read(path, table) {
            Ok(read) => read,
            Err(reason) => {
                f.problem(reason);
                return None;
            }
        };
        if table == Table::ALL[0] {
            whole(&head, &data, live, sealed, f);
            found.lost_ticks = seal::extent(&head, &data).map_or(0, |e| e.lost());
            found.rows += data.events.len() as u64;
        }
        if let Some(rows) = data.table(table) {
            unique(rows, f);
            found.rows += rows.rows.len() as u64;
        }
    }
    Some(found)
}

fn read(path: &Path, table: Table) -> Result<(Head, SegmentData), String> {
    // The path stands before the line already.
    let bare = |e: crate::store::StoreError| {
        let line = e.to_string();
        line.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&line).to_owned()
    };
    let mut reader = SegmentReader::open(path).map_err(bare)?;
    let mut data = SegmentData::new(&[table]);
    reader.poll(&mut data).map_err(bare)?;
    Ok((reader.head().clone(), data))
}

fn whole(head: &Head, data: &SegmentData, live: bool, sealed: &HashSet<&str>, f: &mut Findings<'_>) {
    let d = data.damage;
    if d.skipped_bytes > 0 {
        f.problem(format!("{} bytes in its middle are no whole record", d.skipped_bytes));
    }
    if d.skipped_records > 0 {
        f.problem(format!("{} ticks cannot be used because one before them is damaged", d.skipped_records));
    }
    if d.tail_bytes > 0 {
        let why = if live { "its writer is at it" } else { "its writer was killed within a tick" };
        f.note(format!("{} bytes at its end are no whole record: {why}", d.tail_bytes));
    }
    if sealed.contains(head.place.stem().as_str()) {
        f.note("it has been sealed, wholly or in part; what is in files is read from there");
    } else if !live {
        f.note("its writer is dead; the next recorder on this directory seals it");
    }
}

/// A series has one row on a tick.
fn unique(data: &TableData, f: &mut Findings<'_>) {
    // Two series may be of one subject, one after the other.
    let mut ids: HashMap<SubjectKey, usize> = HashMap::new();
    let subject: Vec<usize> = data
        .series
        .iter()
        .map(|labels| {
            let next = ids.len();
            *ids.entry(SubjectKey::of(data.table, labels)).or_insert(next)
        })
        .collect();
    let mut last: Vec<Option<i64>> = vec![None; ids.len()];
    let mut twice = 0u64;
    for row in &data.rows {
        let seen = &mut last[subject[row.series as usize]];
        twice += u64::from(*seen == Some(row.tick_no));
        *seen = Some(row.tick_no);
    }
    if twice > 0 {
        f.problem(format!("{twice} rows of {} stand there twice", data.table));
    }
}
