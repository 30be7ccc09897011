//! Files of other formats, replaced by the stores that they have been made into (QRY-4).
//!
//! Owns: which files are offered, each only once as long as it stays the same. Must not: convert.

use std::collections::HashMap;
use std::path::PathBuf;

use super::super::foreign;
use super::super::model::Problem;
use super::find::{self, Stat, Visitor};
use crate::metric::Table;
use crate::store::layout::{self, EVENTS};

/// What has become of files that are not ours.
#[derive(Default)]
pub(super) struct Adopted {
    known: HashMap<PathBuf, (Stat, Fate)>,
}

enum Fate {
    /// A store with the same rows.
    Store(PathBuf),
    /// Neither ours nor of a format that is known.
    Unknown,
    /// Why it could not be taken over.
    Failed(String),
}

impl Adopted {
    /// Takes foreign files out of what has been found and puts the files of their stores in.
    pub(super) fn exchange(&mut self, sealed: &mut HashMap<PathBuf, Stat>) -> Vec<Problem> {
        self.known.retain(|path, (stat, _)| sealed.get(path) == Some(stat));
        // Files of ours stand in a directory that is named like their table.
        let ours = |path: &PathBuf| {
            layout::parse_sealed(path)
                .is_some_and(|p| p.table == EVENTS || Table::from_name(&p.table).is_some())
        };
        let mut problems = Vec::new();
        let others: Vec<(PathBuf, Stat)> =
            sealed.iter().filter(|(path, _)| !ours(path)).map(|(p, s)| (p.clone(), s.clone())).collect();
        for (path, stat) in others {
            let (_, fate) = self.known.entry(path.clone()).or_insert_with(|| {
                let fate = match foreign::adopt(&path) {
                    Ok(Some(store)) => Fate::Store(store),
                    Ok(None) => Fate::Unknown,
                    Err(reason) => Fate::Failed(reason),
                };
                (stat, fate)
            });
            match fate {
                Fate::Unknown => continue,
                Fate::Store(store) => {
                    let mut files = Files { sealed, problems: &mut problems };
                    find::walk(std::slice::from_ref(store), &mut files);
                }
                Fate::Failed(reason) => {
                    problems.push(Problem { path: path.clone(), reason: reason.clone() });
                }
            }
            sealed.remove(&path);
        }
        problems
    }
}

struct Files<'a> {
    sealed: &'a mut HashMap<PathBuf, Stat>,
    problems: &'a mut Vec<Problem>,
}

impl Visitor for Files<'_> {
    // A conversion is whole: it has none.
    fn segment(&mut self, _: PathBuf) {}

    fn sealed(&mut self, path: PathBuf, stat: Stat) {
        self.sealed.insert(path, stat);
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}
