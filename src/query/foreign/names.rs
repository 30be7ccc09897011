//! Names that others give to what we record.
//!
//! Owns: metric name → table and column. Must not: know labels or files.
//!
//! Their names follow the kernel's files, and so does `source` in our dictionary: most of the map follows from it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::metric::{Metric, Repr, Table};

/// Kernel files whose number is not the one in our column: a pair, and a list.
const OTHERWISE: [&str; 2] = ["cpu.max", "cpuset.cpus.effective"];

/// Names that no kernel file has.
const OWN_NAMES: [(&str, Table, &str); 5] = [
    ("total_cpu_usage_millicores", Table::Containers, "cpu_usage_millicores"),
    ("user_cpu_usage_millicores", Table::Containers, "cpu_user_millicores"),
    ("kernel_cpu_usage_millicores", Table::Containers, "cpu_system_millicores"),
    ("container.pid_count", Table::Containers, "process_count"),
    ("smaps_rollup.rss", Table::Processes, "memory_rss_bytes"),
];
/// Percent of the limit, not of a CPU.
const PERCENT: (&str, &str) = ("cpu_percentage", "cpu_percent_of_limit");

/// The column of a table that has what `name` is, if there is one.
pub(super) fn column(table: Table, name: &str) -> Option<usize> {
    static KNOWN: LazyLock<HashMap<(Table, String), usize>> = LazyLock::new(known);
    KNOWN.get(&(table, name.to_owned())).copied()
}

fn known() -> HashMap<(Table, String), usize> {
    let mut all = HashMap::new();
    for table in [Table::Containers, Table::Disks, Table::Processes] {
        for (at, metric) in table.metrics().iter().enumerate() {
            for name in names(metric) {
                all.entry((table, name)).or_insert(at);
            }
        }
    }
    for (name, table, column) in OWN_NAMES.into_iter().chain([(PERCENT.0, Table::Containers, PERCENT.1)]) {
        all.extend(table.metric_index(column).map(|at| ((table, name.to_owned()), at)));
    }
    all
}

/// What others call this metric, by where it comes from: `v2 memory.stat:anon` is `cgroup.v2.memory.stat.anon`.
fn names(metric: &'static Metric) -> impl Iterator<Item = String> {
    let number = matches!(metric.repr, Repr::Int | Repr::Fixed(_));
    metric.source.split("; ").filter(move |_| number).filter_map(|source| {
        if let Some(key) = source.strip_prefix("/proc/<pid>/smaps_rollup:") {
            return (!key.contains('+')).then(|| format!("smaps_rollup.{}", key.to_lowercase()));
        }
        let source = source.strip_prefix("v2 ").unwrap_or(source);
        let (file, key) = source.split_once(':').map_or((source, None), |(f, k)| (f, Some(k)));
        let is_file = file.contains('.') && !file.contains([' ', '/']);
        let name = || match key {
            Some(key) => format!("cgroup.v2.{file}.{}", key.replace(' ', ".")),
            None => format!("cgroup.v2.{file}"),
        };
        (is_file && !OTHERWISE.contains(&file)).then(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-4: the names of cgroup files, of smaps and of derived values lead to our columns.
    #[test]
    fn names_lead_to_columns() {
        let is = |table: Table, name, to| {
            let found = column(table, name).map(|at| table.metrics()[at].name);
            assert_eq!(found, to, "{name}");
        };
        is(Table::Containers, "cgroup.v2.memory.current", Some("memory_current_bytes"));
        is(Table::Containers, "cgroup.v2.memory.stat.anon", Some("memory_stat_anon_bytes"));
        is(Table::Containers, "cgroup.v2.cpu.stat.usage_usec", Some("cpu_usage_usec_total"));
        is(Table::Containers, "cgroup.v2.cpu.stat.nr_throttled", Some("cpu_throttled_periods_total"));
        is(
            Table::Containers,
            "cgroup.v2.memory.pressure.some.avg10",
            Some("memory_pressure_some_avg10_percent"),
        );
        is(Table::Containers, "cgroup.v2.pids.current", Some("pids_current"));
        is(Table::Containers, "cpu_percentage", Some("cpu_percent_of_limit"));
        is(Table::Disks, "cgroup.v2.io.stat.rbytes", Some("io_read_bytes_total"));
        is(Table::Processes, "smaps_rollup.pss_anon", Some("memory_pss_anon_bytes"));
        for (table, name) in [
            (Table::Containers, "cgroup.v2.cpu.max"),
            (Table::Containers, "cgroup.v2.memory.stat.total_rss"),
            (Table::Processes, "smaps_rollup.private_clean+private_dirty"),
            (Table::Containers, "anything.else"),
        ] {
            is(table, name, None);
        }
    }
}
