//! Which metric is the limit of which.
//!
//! Owns: the pairs, and what makes their numbers comparable. Must not: read values.

use super::{Metric, Table};
use crate::metric::Kind;

/// The limit of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The metric whose value is the limit; null where there is none.
    pub metric: &'static Metric,
    /// What to multiply it by to get the unit in which the limited metric is shown.
    pub factor: f64,
}

/// Table, limited metrics, their limit: that which binds before the cgroup's own, since the own one may be wider.
const PAIRS: &[(Table, &[&str], &[&str])] = &[
    (
        Table::Containers,
        &["cpu_usage_millicores", "cpu_usage_usec_total"],
        &["cpu_quota_effective_cores", "cpu_quota_cores"],
    ),
    (
        Table::Containers,
        &[
            "memory_current_bytes",
            "memory_working_set_bytes",
            "memory_peak_bytes",
            "memory_rss_bytes",
            "memory_stat_anon_bytes",
            "memory_stat_shmem_bytes",
            "memory_stat_kernel_bytes",
        ],
        &["memory_max_effective_bytes", "memory_max_bytes"],
    ),
    (Table::Containers, &["memory_swap_current_bytes"], &["memory_swap_max_bytes"]),
    (Table::Containers, &["hugetlb_2mb_current_bytes"], &["hugetlb_2mb_max_bytes"]),
    (Table::Containers, &["hugetlb_1gb_current_bytes"], &["hugetlb_1gb_max_bytes"]),
    (Table::Containers, &["pids_current", "pids_peak"], &["pids_max"]),
    (Table::Processes, &["open_files"], &["open_files_max"]),
];

impl Metric {
    /// Metrics that hold this one's limit, the best first: where a recording has no values of one, the next will do.
    pub fn limits(&self) -> impl Iterator<Item = Limit> {
        let of = |(table, metrics, _): &&(Table, &[&str], &[&str])| {
            *table == self.table && metrics.contains(&self.name)
        };
        let names = PAIRS.iter().find(of).map_or(&[][..], |(.., limits)| limits);
        let metrics = names.iter().filter_map(|name| Metric::find(self.table, name));
        metrics.map(|metric| Limit { metric, factor: self.per_unit_of(metric) })
    }

    /// Factor from the limit's unit to that in which this metric is shown (a counter's rate is per second).
    fn per_unit_of(&self, limit: &Metric) -> f64 {
        use crate::unit::Unit;
        match (limit.unit, self.unit) {
            (Unit::Cores, Unit::Millicores) => 1e3,
            (Unit::Cores, Unit::Usec) if self.kind == Kind::Counter => 1e6,
            _ => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-2: every name in the list of limits is a column, and limits come in the unit of what they limit.
    #[test]
    fn limits_are_columns() {
        for (table, metrics, limits) in PAIRS {
            for name in *metrics {
                let metric = Metric::find(*table, name).unwrap_or_else(|| panic!("{table}.{name}"));
                let found: Vec<_> = metric.limits().collect();
                assert_eq!(found.len(), limits.len(), "{table}.{name}");
                for l in found {
                    assert!(l.metric.kind == Kind::State, "{}", l.metric.name);
                    assert!(l.metric.unit == metric.unit || l.factor > 1.0, "{name}: {}", l.metric.name);
                }
            }
        }
        let cpu = Metric::find(Table::Containers, "cpu_usage_millicores").unwrap();
        assert_eq!(
            cpu.limits().next().map(|l| (l.metric.name, l.factor)),
            Some(("cpu_quota_effective_cores", 1e3))
        );
        assert_eq!(Metric::find(Table::Containers, "cpu_weight").unwrap().limits().count(), 0);
    }
}
