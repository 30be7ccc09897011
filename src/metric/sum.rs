//! Which metrics of several subjects may be added.
//!
//! Owns: the rule, from what the dictionary says of a metric, and its reasons. Must not: add.

use super::{Kind, Metric, Repr, Table};
use crate::unit::Unit;

/// Times during which something was the case somewhere: two of them may be the same moments.
const OVERLAPPING: &[&str] = &["pressure", "busy"];

impl Metric {
    /// Whether values of several subjects at one moment add up to something (TUI-3); else why not, in one line.
    pub fn adds_up(&self) -> Result<(), &'static str> {
        let word = |words: &[&str]| self.name.split('_').any(|w| words.contains(&w));
        if self.kind == Kind::State || matches!(self.repr, Repr::Bool | Repr::Time) {
            return Err("it is a setting or a state");
        }
        match (self.table, self.unit) {
            (Table::Extras, _) => Err("its unit is not known"),
            (Table::Regions, _) => Err("its subjects are not read at the same time"),
            (_, Unit::Percent) => Err("shares of different things do not add up"),
            (_, Unit::Ticks) => Err("ages do not add up"),
            (_, Unit::None) => Err("it is an average or a pure number"),
            (_, Unit::Usec) if self.kind == Kind::Gauge => Err("it tells how long one thing took"),
            (_, Unit::Usec) if word(OVERLAPPING) => Err("the times of different subjects overlap"),
            _ if word(&["peak"]) => Err("the peaks of different subjects are not of one moment"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adds_up(table: Table, name: &str) -> bool {
        Metric::find(table, name).unwrap_or_else(|| panic!("{table}.{name}")).adds_up().is_ok()
    }

    /// TUI-3: amounts and flows add up; shares, settings, ages, peaks, durations and overlapping times do not.
    #[test]
    fn only_amounts_and_flows_add_up() {
        for name in [
            "cpu_usage_millicores",
            "cpu_usage_usec_total",
            "cpu_throttled_usec_total",
            "memory_current_bytes",
            "memory_pss_bytes",
            "io_read_bytes_total",
            "memory_events_oom_kill_total",
            "pids_current",
        ] {
            assert!(adds_up(Table::Containers, name), "{name}");
        }
        for name in [
            "cpu_percent_of_limit",
            "cpu_throttled_periods_percent",
            "cpu_quota_cores",
            "cpu_weight",
            "memory_max_bytes",
            "memory_max_unlimited",
            "memory_peak_bytes",
            "memory_pss_age_ticks",
            "cpu_pressure_some_usec_total",
        ] {
            assert!(!adds_up(Table::Containers, name), "{name}");
        }
        assert!(!adds_up(Table::Node, "load1") && !adds_up(Table::Node, "recorder_tick_usec"));
        assert!(!adds_up(Table::Disks, "io_busy_usec_total") && adds_up(Table::Disks, "io_read_usec_total"));
        assert!(!adds_up(Table::Extras, "value") && !adds_up(Table::Regions, "memory_pss_bytes"));
    }
}
