//! What a recorder reads of a workload: its row in `containers`.
//!
//! Owns: which column shows what, and the derived gauges. Must not: change anything.

use fgm::metric::containers as c;
use fgm::time::{Micros, SECOND};

use super::Workload;
use crate::row::Put;

/// What was read last, for derived gauges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    time: Micros,
    user: i64,
    system: i64,
}

impl Workload {
    /// Writes the row of a reading; `before` is the one of the previous tick, if that was recorded.
    pub(crate) fn read(&self, time: Micros, before: Option<Reading>, put: &mut Put<'_>) -> Reading {
        let now = Reading { time, user: self.count.user, system: self.count.system };
        let before = before.filter(|b| b.user <= now.user && b.system <= now.system);
        let millicores = |of: fn(&Reading) -> i64| {
            before.map(|b| (of(&now) - of(&b)) as f64 * (SECOND as f64 / 1000.0) / (now.time - b.time) as f64)
        };
        let used = millicores(|r| r.user + r.system);
        put.int(c::cpu_usage_usec_total, self.count.user + self.count.system);
        put.int(c::cpu_user_usec_total, self.count.user);
        put.int(c::cpu_system_usec_total, self.count.system);
        put.fixed(c::cpu_usage_millicores, used);
        put.fixed(c::cpu_user_millicores, millicores(|r| r.user));
        put.fixed(c::cpu_system_millicores, millicores(|r| r.system));
        put.fixed(c::cpu_quota_cores, self.quota_cores);
        put.truth(c::cpu_quota_unlimited, self.quota_cores.is_none());
        put.fixed(c::cpu_percent_of_limit, used.zip(self.quota_cores).map(|(u, q)| u / (10.0 * q)));
        put.int(c::cpu_weight, 100);
        put.maybe(c::cpu_periods_total, self.quota_cores.map(|_| self.count.periods));
        put.maybe(c::cpu_throttled_periods_total, self.quota_cores.map(|_| self.count.throttled_periods));
        put.maybe(c::cpu_throttled_usec_total, self.quota_cores.map(|_| self.count.throttled_usec));
        put.int(c::cpu_pressure_some_usec_total, self.count.cpu_stall_usec);
        put.fixed(c::cpu_pressure_some_avg10_percent, Some(self.cpu_stall_percent));
        self.read_memory(put);
        put.int(c::io_read_bytes_total, self.count.read_bytes);
        put.int(c::io_read_ops_total, self.count.read_ops);
        put.int(c::io_write_bytes_total, self.count.write_bytes);
        put.int(c::io_write_ops_total, self.count.write_ops);
        put.int(c::pids_current, self.tasks);
        put.int(c::process_count, 1 + self.tasks / 8);
        put.int(c::open_files, 12 + self.tasks * 3);
        put.truth(c::frozen, false);
        now
    }

    fn read_memory(&self, put: &mut Put<'_>) {
        let current = self.current();
        let inactive = self.file / 2;
        let working_set = current - inactive;
        put.int(c::memory_current_bytes, current);
        put.int(c::memory_working_set_bytes, working_set);
        put.int(c::memory_peak_bytes, self.peak.max(current));
        put.maybe(c::memory_max_bytes, self.memory_max);
        put.truth(c::memory_max_unlimited, self.memory_max.is_none());
        let percent = self.memory_max.map(|m| working_set as f64 * 100.0 / m as f64);
        put.fixed(c::memory_percent_of_limit, percent);
        put.int(c::memory_stat_anon_bytes, self.anon);
        put.int(c::memory_stat_active_anon_bytes, self.anon - self.anon / 8);
        put.int(c::memory_stat_file_bytes, self.file);
        put.int(c::memory_stat_inactive_file_bytes, inactive);
        put.int(c::memory_stat_kernel_bytes, self.kernel());
        put.int(c::memory_stat_sock_bytes, self.tasks * 4096);
        put.int(c::memory_stat_pgfault_total, self.count.faults);
        put.int(c::memory_stat_pgmajfault_total, self.count.major_faults);
        put.int(c::memory_events_oom_kill_total, self.count.oom_kills);
        put.int(c::memory_events_max_total, self.count.max_events);
        put.int(c::memory_pressure_some_usec_total, self.count.memory_stall_usec);
    }
}
