//! Where things stand below a store's root, and what they are called (STO-1).
//!
//! Owns: names and partitions, both ways. Must not: create or read files.

use std::path::{Path, PathBuf};

use super::temporary::TMP_EXT;
use crate::identity::RunId;
use crate::metric::Table;
use crate::time::{self, Micros};

/// Directory of open segments; starts with a dot so that globs for `*.parquet` never descend to it.
pub const OPEN_DIR: &str = ".open";
/// Extension of segments.
pub const SEGMENT_EXT: &str = "seg";
/// Extension of sealed files.
pub const SEALED_EXT: &str = "parquet";
/// Directory and SQL name of the events table.
pub const EVENTS: &str = "events";

/// Place of one segment and of the files that it becomes: they share a stem.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Value of the partition `identifier`; one safe path component.
    pub identifier: String,
    /// First tick; gives date and time in names.
    pub first_tick: Micros,
    /// The run.
    pub run_id: RunId,
    /// Number of the segment in its run, from 0.
    pub seq: u32,
}

impl Place {
    /// `<id>-20261120T144600Z-<run8>-<seq>`: unique across recorders, runs and rotations, and the same whenever the
    /// segment is sealed again.
    pub fn stem(&self) -> String {
        format!(
            "{}-{}-{}-{:05}",
            self.identifier,
            time::compact(self.first_tick),
            self.run_id.short(),
            self.seq
        )
    }

    /// Path of the open segment.
    pub fn segment(&self, root: &Path) -> PathBuf {
        root.join(OPEN_DIR).join(format!("{}.{SEGMENT_EXT}", self.stem()))
    }

    /// Path of the sealed file of one table (a table's name or [`EVENTS`]).
    pub fn sealed(&self, root: &Path, table: &str) -> PathBuf {
        root.join(table)
            .join(format!("dt={}", time::date(self.first_tick)))
            .join(format!("identifier={}", self.identifier))
            .join(format!("{}.{SEALED_EXT}", self.stem()))
    }
}

/// Path of a run's session manifest.
pub fn manifest(root: &Path, identifier: &str, start: Micros, run: &RunId) -> PathBuf {
    root.join(format!("session-{identifier}-{}-{}.json", time::compact(start), run.short()))
}

/// What a path inside a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPath {
    /// First path component: a table's name, [`EVENTS`] or something unknown.
    pub table: String,
    /// Value of `identifier=`.
    pub identifier: Option<String>,
    /// Name without extension.
    pub stem: String,
}

/// Reads the partitions out of a path; the table is the component above the first partition.
pub fn parse_sealed(path: &Path) -> Option<SealedPath> {
    let stem = path.file_stem()?.to_str()?.to_owned();
    let mut table = None;
    let mut identifier = None;
    let mut before = None;
    for part in path.parent()?.iter().filter_map(|p| p.to_str()) {
        if let Some((key, value)) = part.split_once('=') {
            if table.is_none() {
                table = before.take();
            }
            if key == "identifier" {
                identifier = Some(value.to_owned());
            }
        }
        before = Some(part.to_owned());
    }
    Some(SealedPath { table: table.or(before)?, identifier, stem })
}

/// Stands in the names of compacted files where those of sealed ones name their run.
const COMPACTED: &str = "compact";

/// `<id>-20261120T140000Z-compact-<number>`: a compacted file whose first tick is `first_tick`. Numbers are not used
/// again, so that a name stands for one content.
pub fn compacted_stem(identifier: &str, first_tick: Micros, number: u32) -> String {
    format!("{identifier}-{}-{COMPACTED}-{number:05}", time::compact(first_tick))
}

/// The number in the name of a compacted file; `None` for any other file.
pub fn compacted_number(path: &Path) -> Option<u32> {
    sealed_time(path)?;
    let mut parts = path.file_stem()?.to_str()?.rsplit('-');
    let number = parts.next()?.parse().ok()?;
    (parts.next()? == COMPACTED).then_some(number)
}

/// Whether it is the temporary name of a compacted file that is being written.
pub(crate) fn is_compacting(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|n| n.to_str()?.strip_prefix('.')?.strip_suffix(TMP_EXT)?.strip_suffix('.'));
    name.is_some_and(|name| compacted_number(&path.with_file_name(name)).is_some())
}

/// The time in the name of a sealed or compacted file, as [`time::compact`] writes it; `None` for a file of any other
/// name.
pub fn sealed_time(path: &Path) -> Option<String> {
    let place = parse_sealed(path).filter(|_| path.extension().is_some_and(|e| e == SEALED_EXT))?;
    let mut parts = place.stem.rsplitn(4, '-');
    let (seq, run, time, identifier) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let is_time = time.len() == 16
        && time.split_once('T').is_some_and(|(date, clock)| {
            date.len() == 8 && digits(date) && clock.strip_suffix('Z').is_some_and(digits)
        });
    let named = place.identifier.as_deref() == Some(identifier);
    let is_run = run == COMPACTED || run.len() == 8 && run.bytes().all(|b| b.is_ascii_hexdigit());
    (digits(seq) && is_run && is_time && named).then(|| time.to_owned())
}

/// The dictionary's table of a sealed path, if it is one.
pub fn table_of(path: &Path) -> Option<Table> {
    Table::from_name(&parse_sealed(path)?.table)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-1, STO-2: names carry identifier and UTC time, and are Hive-partitioned.
    #[test]
    fn names_follow_the_contract() {
        let place = Place {
            identifier: "node-1".into(),
            first_tick: 1_763_649_960_000_000,
            run_id: RunId::from_text("0123456789abcdef").unwrap(),
            seq: 7,
        };
        assert_eq!(place.stem(), "node-1-20251120T144600Z-01234567-00007");
        let sealed = place.sealed(Path::new("/r"), "containers");
        assert_eq!(
            sealed,
            Path::new(
                "/r/containers/dt=2025-11-20/identifier=node-1/node-1-20251120T144600Z-01234567-00007.parquet"
            )
        );
        assert_eq!(sealed_time(&sealed).as_deref(), Some("20251120T144600Z"));
        for other in [
            "x-20251120T144600Z-01234567-00007",
            "node-1-20251120-01234567-00007",
            "node-1-20251120T144600Z-mine-1",
        ] {
            assert_eq!(sealed_time(&sealed.with_file_name(format!("{other}.parquet"))), None, "{other}");
        }
        assert_eq!(sealed_time(&sealed.with_extension("tmp")), None);
        assert_eq!((compacted_number(&sealed), is_compacting(&sealed)), (None, false));
        let compacted =
            sealed.with_file_name(format!("{}.parquet", compacted_stem("node-1", place.first_tick, 3)));
        assert!(compacted.ends_with("node-1-20251120T144600Z-compact-00003.parquet"));
        assert_eq!(sealed_time(&compacted).as_deref(), Some("20251120T144600Z"));
        assert_eq!(compacted_number(&compacted), Some(3));
        let hidden = |p: &Path| p.with_file_name(format!(".{}.tmp", p.file_name().unwrap().display()));
        assert!(is_compacting(&hidden(&compacted)) && !is_compacting(&hidden(&sealed)));
        assert_eq!(table_of(&sealed), Some(Table::Containers));
        let parsed = parse_sealed(&sealed).unwrap();
        assert_eq!(parsed.identifier.as_deref(), Some("node-1"));
        assert_eq!(parsed.stem, place.stem());
        assert_eq!(
            place.segment(Path::new("/r")),
            Path::new("/r/.open/node-1-20251120T144600Z-01234567-00007.seg")
        );
    }
}
