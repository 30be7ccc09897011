//! The metric dictionary: every column that fgm records, named once.
//!
//! Owns: names, tables, kinds, units, kernel sources and help texts. Arrow schemas ([`crate::store::schema`]), viewer
//! labels and documentation are derived from it. Must not: read anything, or know Parquet.
//!
//! Each table is declared by `table!` in its own file, which yields the labels and metrics as slices and a constant
//! per column (its position), so that the sampler writes `row.set(containers::pids_current, n)` and a misspelt name
//! does not compile.

use std::fmt;

use crate::unit::Unit;

#[macro_use]
mod define;
pub mod containers;
pub mod cpus;
pub mod disks;
pub mod extras;
pub mod identities;
pub mod interfaces;
mod learnt;
pub mod limit;
pub mod netns;
pub mod node;
pub mod processes;
pub mod regions;
mod sum;

/// Version of the set of columns below; written into every file. Versions only ever add columns.
pub const SCHEMA_VERSION: u32 = 5;

/// A table of the store: one directory under the root, one row per subject and tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// One row per cgroup and tick.
    Containers = 0,
    /// One row per process and tick.
    Processes = 1,
    /// One row per tick: the host as a whole.
    Node = 2,
    /// One row per CPU and tick.
    Cpus = 3,
    /// One row per cgroup, block device and tick.
    Disks = 4,
    /// One row per network namespace, interface and tick.
    Interfaces = 5,
    /// One row per network namespace and tick.
    Netns = 6,
    /// One row per process, mapping name and reading of its mappings.
    Regions = 7,
    /// One row per cgroup and kernel key that the other tables do not know, when its value changes.
    Extras = 8,
    /// One row whenever something has been learnt of a container, sandbox or pod.
    Identities = 9,
}

impl Table {
    /// Every sampled table, in the order of its number.
    pub const ALL: [Table; 10] = [
        Table::Containers,
        Table::Processes,
        Table::Node,
        Table::Cpus,
        Table::Disks,
        Table::Interfaces,
        Table::Netns,
        Table::Regions,
        Table::Extras,
        Table::Identities,
    ];

    /// Directory and SQL name.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Containers => "containers",
            Table::Processes => "processes",
            Table::Node => "node",
            Table::Cpus => "cpus",
            Table::Disks => "disks",
            Table::Interfaces => "interfaces",
            Table::Netns => "netns",
            Table::Regions => "regions",
            Table::Extras => "extras",
            Table::Identities => "identities",
        }
    }

    /// The table with this number, as found in a segment.
    pub fn from_number(n: u8) -> Option<Table> {
        Self::ALL.get(usize::from(n)).copied()
    }

    /// The table of this name.
    pub fn from_name(name: &str) -> Option<Table> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }

    /// What identifies and describes a row's subject; written once per series, not per tick.
    pub const fn labels(self) -> &'static [Label] {
        match self {
            Table::Containers => containers::LABELS,
            Table::Processes => processes::LABELS,
            Table::Node => node::LABELS,
            Table::Cpus => cpus::LABELS,
            Table::Disks => disks::LABELS,
            Table::Interfaces => interfaces::LABELS,
            Table::Netns => netns::LABELS,
            Table::Regions => regions::LABELS,
            Table::Extras => extras::LABELS,
            Table::Identities => identities::LABELS,
        }
    }

    /// The numbers of a row, in column order.
    pub const fn metrics(self) -> &'static [Metric] {
        match self {
            Table::Containers => containers::METRICS,
            Table::Processes => processes::METRICS,
            Table::Node => node::METRICS,
            Table::Cpus => cpus::METRICS,
            Table::Disks => disks::METRICS,
            Table::Interfaces => interfaces::METRICS,
            Table::Netns => netns::METRICS,
            Table::Regions => regions::METRICS,
            Table::Extras => extras::METRICS,
            Table::Identities => identities::METRICS,
        }
    }

    /// Position of the label of this name.
    pub fn label_index(self, name: &str) -> Option<usize> {
        self.labels().iter().position(|l| l.name == name)
    }

    /// Positions of the labels that identify a subject across runs: the node's name, then the key labels in order.
    pub fn key_labels(self) -> impl Iterator<Item = usize> {
        let labels = self.labels();
        let node = labels.iter().position(|l| l.name == "node_name");
        let keys = (0..labels.len()).filter(move |&i| labels[i].key && Some(i) != node);
        node.into_iter().chain(keys)
    }

    /// Position of the metric of this name.
    pub fn metric_index(self, name: &str) -> Option<usize> {
        self.metrics().iter().position(|m| m.name == name)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a metric behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until its subject restarts; people look at its rate.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A setting or a state; a change is an event.
    State,
}

impl Kind {
    /// As written into the field metadata `kind`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::State => "state",
        }
    }
}

/// How a metric's number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repr {
    /// Int64.
    Int,
    /// Float64 with this many decimals; travels as an integer scaled by 10^n until it is sealed.
    Fixed(u8),
    /// Boolean.
    Bool,
    /// Timestamp in UTC; travels as µs since 1970.
    Time,
}

/// One column of numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Column name: plain snake case, unit last, `_total` on counters.
    pub name: &'static str,
    /// The table it stands in.
    pub table: Table,
    /// Counter, gauge or state.
    pub kind: Kind,
    /// Unit of the stored number.
    pub unit: Unit,
    /// How it is stored.
    pub repr: Repr,
    /// Kernel file and key on each cgroup version with the scale, or how it is derived.
    pub source: &'static str,
    /// One sentence for people.
    pub help: &'static str,
}

impl Metric {
    /// The dictionary's entry, else what a file of a newer version has told of such a column.
    pub fn find(table: Table, name: &str) -> Option<&'static Metric> {
        table.metrics().iter().find(|m| m.name == name).or_else(|| learnt::find(table, name))
    }

    /// The metric that a column outside the dictionary describes by its metadata; `None` if it holds no numbers.
    pub fn learn(table: Table, column: &arrow::datatypes::Field) -> Option<&'static Metric> {
        learnt::learn(table, column)
    }
}

/// How a label is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelRepr {
    /// Dictionary-encoded string.
    Text,
    /// Int64.
    Int,
}

/// One column that identifies or describes a row's subject.
#[derive(Debug, PartialEq, Eq)]
pub struct Label {
    /// Column name.
    pub name: &'static str,
    /// Text or number.
    pub repr: LabelRepr,
    /// Part of the subject's key: rows that agree on all key labels, `run_id` and `tick_no` are the same row.
    pub key: bool,
    /// Where it comes from.
    pub source: &'static str,
    /// One sentence for people.
    pub help: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// STO-1: names follow the rules that make schemas readable without a manual.
    #[test]
    fn names_are_plain_unique_and_end_in_their_unit() {
        for table in Table::ALL {
            let mut seen = HashSet::from(["time", "tick", "tick_no", "run_id"]);
            for name in table.labels().iter().map(|l| l.name).chain(table.metrics().iter().map(|m| m.name)) {
                assert!(seen.insert(name), "{table}: {name} twice");
                assert!(
                    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                    "{table}: {name}"
                );
            }
            for m in table.metrics() {
                assert_eq!(m.table, table);
                assert_eq!(m.kind == Kind::Counter, m.name.ends_with("_total"), "{}", m.name);
                if let Some(suffix) = m.unit.suffix() {
                    let stem = m.name.trim_end_matches("_total");
                    assert!(stem.split('_').any(|w| w == suffix), "{}: no {suffix}", m.name);
                }
                assert!(!m.source.is_empty() && !m.help.is_empty(), "{}", m.name);
            }
        }
    }

    /// STO-1: a limit that may be absent stands beside a boolean, never a magic number.
    #[test]
    fn unlimited_columns_stand_beside_their_limit() {
        for m in Table::ALL.iter().flat_map(|t| t.metrics()).filter(|m| m.name.ends_with("_unlimited")) {
            assert_eq!(m.repr, Repr::Bool);
            let stem = m.name.trim_end_matches("_unlimited");
            assert!(
                m.table.metrics().iter().any(|o| o.name.starts_with(stem) && o.name != m.name),
                "{}",
                m.name
            );
        }
    }

    #[test]
    fn tables_are_found_by_name_and_number() {
        for t in Table::ALL {
            assert_eq!(Table::from_name(t.name()), Some(t));
            assert_eq!(Table::from_number(t as u8), Some(t));
        }
        assert_eq!(Table::from_number(200), None);
        assert_eq!(Metric::find(Table::Containers, "pids_current").map(|m| m.kind), Some(Kind::Gauge));
    }
}
