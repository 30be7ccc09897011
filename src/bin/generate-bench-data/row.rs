//! One row under construction, of which only the first so many metrics get values.
//!
//! Owns: which metrics hold values, and in which order `--metrics` adds them. Must not: make values up.

use fgm::metric::{Table, containers as c};
use fgm::store::tick::Row;

/// The metrics of `containers` that can hold values, the ones that people look at first.
pub(crate) const METRICS: [usize; 40] = [
    c::cpu_usage_usec_total,
    c::memory_current_bytes,
    c::cpu_usage_millicores,
    c::memory_working_set_bytes,
    c::pids_current,
    c::cpu_user_usec_total,
    c::cpu_system_usec_total,
    c::cpu_throttled_usec_total,
    c::cpu_throttled_periods_total,
    c::cpu_periods_total,
    c::cpu_quota_cores,
    c::cpu_quota_unlimited,
    c::cpu_percent_of_limit,
    c::memory_max_bytes,
    c::memory_max_unlimited,
    c::memory_percent_of_limit,
    c::memory_stat_anon_bytes,
    c::memory_stat_file_bytes,
    c::memory_stat_inactive_file_bytes,
    c::memory_stat_pgfault_total,
    c::memory_stat_pgmajfault_total,
    c::memory_events_oom_kill_total,
    c::memory_events_max_total,
    c::cpu_pressure_some_usec_total,
    c::cpu_pressure_some_avg10_percent,
    c::memory_pressure_some_usec_total,
    c::io_read_bytes_total,
    c::io_read_ops_total,
    c::io_write_bytes_total,
    c::io_write_ops_total,
    c::process_count,
    c::cpu_user_millicores,
    c::cpu_system_millicores,
    c::memory_peak_bytes,
    c::memory_stat_kernel_bytes,
    c::memory_stat_sock_bytes,
    c::memory_stat_active_anon_bytes,
    c::open_files,
    c::cpu_weight,
    c::frozen,
];

/// Which metrics of `containers` hold values.
#[derive(Clone, Debug)]
pub(crate) struct Wanted(Vec<bool>);

impl Wanted {
    /// The first so many of [`METRICS`].
    pub(crate) fn first(metrics: u32) -> Wanted {
        let mut wanted = vec![false; Table::Containers.metrics().len()];
        for &at in METRICS.iter().take(metrics as usize) {
            wanted[at] = true;
        }
        Wanted(wanted)
    }
}

/// A row of `containers` and what of it is wanted.
pub(crate) struct Put<'a> {
    row: Row<'a>,
    wanted: &'a Wanted,
    values: u64,
}

impl<'a> Put<'a> {
    pub(crate) fn new(row: Row<'a>, wanted: &'a Wanted) -> Put<'a> {
        Put { row, wanted, values: 0 }
    }

    fn wants(&mut self, at: usize) -> bool {
        self.values += u64::from(self.wanted.0[at]);
        self.wanted.0[at]
    }

    pub(crate) fn int(&mut self, at: usize, value: i64) {
        if self.wants(at) {
            self.row.set(at, value);
        }
    }

    /// Nothing where there is nothing.
    pub(crate) fn maybe(&mut self, at: usize, value: Option<i64>) {
        if let Some(value) = value {
            self.int(at, value);
        }
    }

    pub(crate) fn fixed(&mut self, at: usize, value: Option<f64>) {
        if let Some(value) = value
            && self.wants(at)
        {
            self.row.set_fixed(at, value);
        }
    }

    pub(crate) fn truth(&mut self, at: usize, value: bool) {
        if self.wants(at) {
            self.row.set_bool(at, value);
        }
    }

    /// Number of values that it got.
    pub(crate) fn values(&self) -> u64 {
        self.values
    }
}
