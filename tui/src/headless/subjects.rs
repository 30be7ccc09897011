//! `subjects`: who was recorded, and when (QRY-1).
//!
//! Owns: the columns of the list. Must not: read files.

use std::path::PathBuf;
use std::process::ExitCode;

use fgm::metric::LabelRepr;

use super::Recording;
use super::args::{Format, SubjectsArgs};
use super::grid::{Cell, Grid};
use super::print::Trouble;

/// Labels that people look for; programs get all.
const FOR_PEOPLE: [&str; 4] = ["node_name", "namespace", "pod_name", "container_name"];

/// Lists.
pub(super) fn run(args: &SubjectsArgs, data: Option<PathBuf>) -> Result<ExitCode, Trouble> {
    let recording = Recording::open(&args.paths, data, args.output.tz.as_ref())?;
    let range = recording.range(&args.part)?;
    let found = recording.subjects(args.table, range, &args.part)?;
    let people = args.output.format == Format::Text;
    let wanted = |name: &str| !people || FOR_PEOPLE.contains(&name) || name == "subject_kind";
    let labels: Vec<_> = args.table.labels().iter().enumerate().filter(|(_, l)| wanted(l.name)).collect();
    let is_int = |repr| repr == LabelRepr::Int;
    let mut columns = vec![("subject", Cell::Text(None))];
    columns.extend(
        labels.iter().map(|(_, l)| (l.name, if is_int(l.repr) { Cell::Int(None) } else { Cell::Text(None) })),
    );
    columns.extend([("first_seen", Cell::Time(None)), ("last_seen", Cell::Time(None))]);
    let mut grid = Grid::new(&columns);
    for s in &found {
        let mut row = vec![Cell::text(s.title())];
        row.extend(labels.iter().map(|(i, l)| Cell::label(&s.labels[*i], is_int(l.repr))));
        row.extend([Cell::Time(Some(s.first)), Cell::Time(Some(s.last))]);
        grid.push(row);
    }
    recording.print(&args.output, &grid.finish()?)
}
