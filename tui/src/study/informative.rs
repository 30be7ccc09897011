//! Which metrics are worth a study.
//!
//! Owns: the one list of them, for all studies. Must not: know values.
//!
//! The dictionary has hundreds of columns, most of which say the same of a container in other words. A ranking over all
//! of them would name one thing twenty times. These are the ones that people ask about, each of which can move while
//! the others stand.

use fgm::metric::{Metric, Table};

/// What metrics of one family say of a subject is much alike: they are not compared with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// CPU time.
    Cpu,
    /// Being kept from running by the quota.
    Throttling,
    /// Memory.
    Memory,
    /// Files and disks.
    Io,
    /// Network.
    Network,
    /// Tasks and open files.
    Tasks,
    /// Waiting for what others hold.
    Pressure,
}

/// A metric that is worth a study.
#[derive(Debug, PartialEq, Eq)]
pub struct Informative {
    /// Its table.
    pub table: Table,
    /// Its column.
    pub name: &'static str,
    /// What it says something of.
    pub family: Family,
    /// Whether growth without end is a leak.
    pub leaks: bool,
}

const fn moves(table: Table, name: &'static str, family: Family) -> Informative {
    Informative { table, name, family, leaks: false }
}

const fn leaks(name: &'static str, family: Family) -> Informative {
    Informative { table: Table::Containers, name, family, leaks: true }
}

/// All of them, in the order in which people ask.
pub const INFORMATIVE: [Informative; 16] = [
    moves(Table::Containers, "cpu_usage_millicores", Family::Cpu),
    moves(Table::Containers, "cpu_throttled_usec_total", Family::Throttling),
    leaks("memory_working_set_bytes", Family::Memory),
    leaks("memory_stat_anon_bytes", Family::Memory),
    leaks("memory_stat_shmem_bytes", Family::Memory),
    leaks("memory_stat_kernel_bytes", Family::Memory),
    leaks("memory_swap_current_bytes", Family::Memory),
    moves(Table::Containers, "io_read_bytes_total", Family::Io),
    moves(Table::Containers, "io_write_bytes_total", Family::Io),
    moves(Table::Interfaces, "receive_bytes_total", Family::Network),
    moves(Table::Interfaces, "transmit_bytes_total", Family::Network),
    leaks("pids_current", Family::Tasks),
    leaks("open_files", Family::Tasks),
    moves(Table::Containers, "cpu_pressure_some_usec_total", Family::Pressure),
    moves(Table::Containers, "memory_pressure_some_usec_total", Family::Pressure),
    moves(Table::Containers, "io_pressure_some_usec_total", Family::Pressure),
];

impl Informative {
    /// The dictionary's entry; `None` for none of the list, which a test checks.
    pub fn metric(&self) -> Option<&'static Metric> {
        Metric::find(self.table, self.name)
    }

    /// The entry of a metric, if it is one of these.
    pub fn of(metric: &Metric) -> Option<&'static Informative> {
        INFORMATIVE.iter().find(|i| i.table == metric.table && i.name == metric.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STU-1, STU-3: the list and the dictionary agree, and memory that may leak has a limit.
    #[test]
    fn the_list_is_in_the_dictionary() {
        for i in &INFORMATIVE {
            let metric = i.metric().unwrap_or_else(|| panic!("{}", i.name));
            assert_eq!(Informative::of(metric), Some(i), "{} twice", i.name);
            let limited = metric.limits().next().is_some();
            assert!(limited || !(i.leaks && i.family == Family::Memory), "{}", i.name);
        }
    }
}
