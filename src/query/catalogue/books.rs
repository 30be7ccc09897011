//! The books of a scanner: subjects by table, runs, layouts, and the events of files.
//!
//! Owns: sharing them between catalogues. Must not: know what the numbers are used for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::super::events::EventCache;
use super::book::SubjectBook;
use super::layout::Layouts;
use crate::metric::Table;

/// Run ids as numbers.
#[derive(Debug, Default)]
struct Runs {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

/// The books of every table, and the runs.
#[derive(Debug)]
pub(crate) struct Books {
    tables: Vec<SubjectBook>,
    runs: RwLock<Runs>,
    pub(super) layouts: Layouts,
    /// Events of its files.
    pub(crate) events: EventCache,
}

impl Default for Books {
    fn default() -> Self {
        let tables = Table::ALL.into_iter().map(SubjectBook::new).collect();
        Books { tables, runs: RwLock::default(), layouts: Layouts::default(), events: EventCache::default() }
    }
}

impl Books {
    /// The subjects of a table.
    pub(crate) fn of(&self, table: Table) -> &SubjectBook {
        // Numbers of tables are positions in `Table::ALL`.
        &self.tables[table as usize]
    }

    /// The number of a run.
    pub(crate) fn run(&self, id: &str) -> u32 {
        if let Some(known) = self.find_run(id) {
            return known;
        }
        let mut runs = self.runs.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&known) = runs.numbers.get(id) {
            return known;
        }
        let (new, id) = (runs.names.len() as u32, Arc::<str>::from(id));
        runs.names.push(Arc::clone(&id));
        runs.numbers.insert(id, new);
        new
    }

    /// The run of this number.
    pub(crate) fn run_id(&self, run: u32) -> Option<Arc<str>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).names.get(run as usize).cloned()
    }

    /// Every run, by its number.
    pub(super) fn run_ids(&self) -> Vec<Arc<str>> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).names.clone()
    }

    /// The number of a run that some file or segment of a catalogue belongs to.
    pub(crate) fn find_run(&self, id: &str) -> Option<u32> {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).numbers.get(id).copied()
    }
}
