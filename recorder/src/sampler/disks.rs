//! What a cgroup does on block devices, and what it may do.
//!
//! Owns: which count and which limit fills which column of `disks` and `containers`. Must not: read.

use fgm::metric::{containers as c, disks as d};
use fgm::store::tick::Row;

use crate::read::io::{Device, IoCounts, IoLimits};
use crate::read::value::Limit;

fn io_columns(counts: &IoCounts) -> [Option<u64>; 6] {
    [
        counts.read_bytes,
        counts.read_ops,
        counts.write_bytes,
        counts.write_ops,
        counts.discard_bytes,
        counts.discard_ops,
    ]
}

/// Fills a cgroup's sums over its devices.
pub(crate) fn sum_devices(devices: &[(Device, IoCounts)], row: &mut Row<'_>) {
    let columns = [
        c::io_read_bytes_total,
        c::io_read_ops_total,
        c::io_write_bytes_total,
        c::io_write_ops_total,
        c::io_discard_bytes_total,
        c::io_discard_ops_total,
    ];
    for (n, column) in columns.into_iter().enumerate() {
        let mut known = devices.iter().filter_map(|(_, counts)| io_columns(counts)[n]).peekable();
        if known.peek().is_some() {
            row.set_u64(column, known.fold(0, u64::saturating_add));
        }
    }
}

/// Fills a row of `disks`.
pub(crate) fn fill_disk(counts: &IoCounts, limits: Option<&IoLimits>, row: &mut Row<'_>) {
    let columns = [
        d::io_read_bytes_total,
        d::io_read_ops_total,
        d::io_write_bytes_total,
        d::io_write_ops_total,
        d::io_discard_bytes_total,
        d::io_discard_ops_total,
    ];
    for (column, value) in columns.into_iter().zip(io_columns(counts)) {
        row.set_opt(column, value);
    }
    let Some(limits) = limits else { return };
    for (limit, column, flag) in [
        (limits.read_bytes, d::io_read_bytes_per_second_max, d::io_read_bytes_per_second_max_unlimited),
        (limits.write_bytes, d::io_write_bytes_per_second_max, d::io_write_bytes_per_second_max_unlimited),
        (limits.read_ops, d::io_read_ops_per_second_max, d::io_read_ops_per_second_max_unlimited),
        (limits.write_ops, d::io_write_ops_per_second_max, d::io_write_ops_per_second_max_unlimited),
    ] {
        row.set_bool(flag, limit == Limit::Unlimited);
        if let Limit::Value(v) = limit {
            row.set_u64(column, v);
        }
    }
}
