//! The names of a table's subjects, made ready where nobody waits for them: 50,000 cost a worker a moment and the main
//! loop nothing.
//!
//! Owns: titles, texts to search in, kinds, the two orders that follow from them, and who passes a filter. Must not:
//! know values, selection or who is drawn.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use fgm::filter::Filter;
use fgm::identity::SubjectKind;
use fgm::metric::Table;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, SECOND};

use crate::headless::choose::Choice;
use crate::text::clean;

/// A subject as lists and legends show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Identity.
    pub key: SubjectKey,
    /// Harmless title.
    pub title: String,
    /// Harmless text to search in: title, namespace, path, command.
    pub haystack: Arc<str>,
    /// Container, service, …; `None` where nobody is hidden by kind.
    pub kind: Option<SubjectKind>,
    /// Time of its last row.
    pub last: Micros,
}

/// Everybody who has rows in a table, by title.
#[derive(Clone, Debug, PartialEq)]
pub struct Names {
    /// The table.
    pub table: Table,
    /// By title.
    pub entries: Vec<Entry>,
    /// What is known of each, in the same order.
    pub subjects: Vec<Subject>,
    /// Their numbers, whoever has the newest row first.
    pub newest: Vec<u32>,
    /// Whether there is a container among them.
    pub containers: bool,
    by_key: HashMap<SubjectKey, u32>,
}

impl Names {
    /// Makes them ready; costs a moment.
    pub fn new(table: Table, subjects: Vec<Subject>) -> Names {
        let mut all: Vec<(Entry, Subject)> = subjects.into_iter().map(|s| (entry(&s), s)).collect();
        all.sort_by(|(a, _), (b, _)| a.title.cmp(&b.title));
        let (entries, subjects): (Vec<Entry>, Vec<Subject>) = all.into_iter().unzip();
        let mut newest: Vec<u32> = (0..entries.len() as u32).collect();
        // Rows of one tick are read one after the other.
        newest.sort_by_key(|&i| Reverse(entries[i as usize].last / SECOND));
        Names {
            table,
            containers: entries.iter().any(|e| e.kind == Some(SubjectKind::Container)),
            by_key: entries.iter().zip(0..).map(|(e, i)| (e.key.clone(), i)).collect(),
            entries,
            subjects,
            newest,
        }
    }

    /// Number of a subject.
    pub fn number(&self, key: &SubjectKey) -> Option<u32> {
        self.by_key.get(key).copied()
    }
}

/// Names, and whom of them a filter lets through.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Who there is.
    pub names: Arc<Names>,
    /// The filter.
    pub filter: Option<Filter>,
    /// Whom it lets through, by number; all without one.
    passes: Option<Arc<[bool]>>,
}

impl Listed {
    /// Asks a filter about everybody; costs a moment. `identities` tell what it may ask for beyond the labels, and are
    /// read only for that.
    pub fn new(names: Arc<Names>, filter: Option<Filter>, identities: &dyn Fn() -> Vec<Subject>) -> Listed {
        let passes = filter.as_ref().map(|filter| {
            let choice = Choice::new(std::slice::from_ref(filter), &[], identities);
            names.subjects.iter().map(|s| choice.keeps(s)).collect()
        });
        Listed { names, filter, passes }
    }

    /// Whether the filter lets a number through.
    pub fn passes(&self, number: u32) -> bool {
        self.passes.as_ref().is_none_or(|p| p[number as usize])
    }
}

fn entry(s: &Subject) -> Entry {
    let title = clean(&s.title());
    let mut haystack = title.clone();
    for name in ["namespace", "cgroup_path", "cmdline", "exe", "node_name"] {
        if let Some(t) = s.text(name) {
            haystack.push_str("  ");
            haystack.push_str(&clean(t));
        }
    }
    let kind = s.text("subject_kind").filter(|_| s.table != Table::Processes);
    Entry {
        key: s.key(),
        title,
        haystack: haystack.into(),
        kind: kind.and_then(SubjectKind::from_name),
        last: s.last,
    }
}
