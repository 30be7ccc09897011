//! cpu.stat of both cgroup versions, cpu.max, and v1's quota and period.
//!
//! Owns: CPU counters and quotas. Must not: derive rates.

use super::scan::{fields, number, pairs, signed, trim};

/// cpu.stat. On v1 the first three are absent (cpuacct has them) and times are nanoseconds, floored to µs here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStat {
    /// CPU time, µs.
    pub usage_usec: Option<u64>,
    /// CPU time in user mode, µs.
    pub user_usec: Option<u64>,
    /// CPU time in kernel mode, µs.
    pub system_usec: Option<u64>,
    /// CPU time in user mode at low priority, µs.
    pub nice_usec: Option<u64>,
    /// Enforcement periods.
    pub periods: Option<u64>,
    /// Enforcement periods with throttling.
    pub throttled_periods: Option<u64>,
    /// Throttled time, µs.
    pub throttled_usec: Option<u64>,
    /// Periods that used saved-up quota.
    pub bursts: Option<u64>,
    /// Time above the quota, µs.
    pub burst_usec: Option<u64>,
}

/// Reads cpu.stat of either version, and calls `other` with key and value of what is not known.
pub fn cpu_stat(text: &[u8], mut other: impl FnMut(&[u8], u64)) -> CpuStat {
    let mut s = CpuStat::default();
    for (key, value) in pairs(text) {
        match key {
            b"usage_usec" => s.usage_usec = Some(value),
            b"user_usec" => s.user_usec = Some(value),
            b"system_usec" => s.system_usec = Some(value),
            b"nice_usec" => s.nice_usec = Some(value),
            b"nr_periods" => s.periods = Some(value),
            b"nr_throttled" => s.throttled_periods = Some(value),
            b"throttled_usec" => s.throttled_usec = Some(value),
            b"throttled_time" => s.throttled_usec = Some(value / 1000),
            b"nr_bursts" => s.bursts = Some(value),
            b"burst_usec" => s.burst_usec = Some(value),
            b"burst_time" => s.burst_usec = Some(value / 1000),
            _ => other(key, value),
        }
    }
    s
}

/// A CPU quota.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quota {
    /// None is set.
    Unlimited,
    /// So many CPUs.
    Cores(f64),
}

fn cores(quota: u64, period: u64) -> Option<Quota> {
    (period > 0).then(|| Quota::Cores(quota as f64 / period as f64))
}

/// Reads v2's cpu.max: `20000 100000` or `max 100000`.
pub fn cpu_max(text: &[u8]) -> Option<Quota> {
    let mut f = fields(trim(text));
    match f.next()? {
        b"max" => Some(Quota::Unlimited),
        quota => cores(number(quota)?, number(f.next()?)?),
    }
}

/// Puts v1's `cpu.cfs_quota_us` (−1: none) and `cpu.cfs_period_us` together.
pub fn cfs_quota(quota: &[u8], period: &[u8]) -> Option<Quota> {
    match signed(trim(quota))? {
        q if q < 0 => Some(Quota::Unlimited),
        q => cores(q.unsigned_abs(), number(trim(period))?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-3: v2 counters are µs, v1 times are nanoseconds.
    #[test]
    fn both_versions_read_the_same_units() {
        let v2 = cpu_stat(include_bytes!("../../../testdata/kernel/v2-6.1/docker.scope/cpu.stat"), |k, _| {
            panic!("{k:?}")
        });
        assert_eq!(v2.usage_usec, Some(4_457_490));
        assert_eq!((v2.periods, v2.throttled_periods), (Some(213), Some(206)));
        assert_eq!(v2.throttled_usec, Some(16_561_150));
        let v1 = cpu_stat(include_bytes!("../../../testdata/kernel/v1-6.18/podman/cpu.stat"), |k, _| {
            panic!("{k:?}")
        });
        assert_eq!(v1.throttled_usec, Some(43_567));
        assert_eq!(v1.periods, Some(67));
        assert_eq!(v1.usage_usec, None, "absent is not 0");
    }

    /// REC-3: the time at low priority that kernels from 6.11 on tell.
    #[test]
    fn time_at_low_priority() {
        let text = include_bytes!("../../../testdata/kernel/v1-6.18/podman/unified.cpu.stat");
        assert_eq!(cpu_stat(text, |k, _| panic!("{k:?}")).nice_usec, Some(0));
        assert_eq!(cpu_stat(b"usage_usec 5\n", |k, _| panic!("{k:?}")).nice_usec, None);
    }

    #[test]
    fn quotas() {
        assert_eq!(cpu_max(b"20000 100000\n"), Some(Quota::Cores(0.2)));
        assert_eq!(cpu_max(b"max 100000\n"), Some(Quota::Unlimited));
        assert_eq!(cpu_max(b"20000 0\n"), None);
        assert_eq!(cpu_max(b"20000"), None);
        assert_eq!(cfs_quota(b"-1\n", b"100000\n"), Some(Quota::Unlimited));
        assert_eq!(cfs_quota(b"150000\n", b"100000\n"), Some(Quota::Cores(1.5)));
        assert_eq!(cfs_quota(b"", b"100000\n"), None);
    }
}
