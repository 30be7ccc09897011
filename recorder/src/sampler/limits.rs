//! The limits that bind a subject, and how much of them it uses.
//!
//! Owns: inheritance of limits along the recorded cgroups. Must not: read files, or change a subject's own limits.
//!
//! The kernel enforces the tightest limit on the way to the root, and kubelet sets a pod's limits on the pod alone when
//! a container has none. What is not recorded is not looked at: with the scope `containers` that is kubepods.slice,
//! whose limit is what the node can allocate.

use fgm::metric::containers as c;
use fgm::store::tick::{Row, TableRows};

use super::groups::{GroupId, Groups};
use super::rates::percent;

/// Fills what depends on the rows of several subjects; all of them have been read.
pub(crate) fn fill_limits(groups: &Groups, rows: &mut TableRows) {
    for (id, group) in groups.subjects() {
        let Some(at) = group.subject.as_ref().and_then(|s| s.row) else { continue };
        let (memory, quota) = tightest(groups, id, rows);
        fill(memory, quota, &mut rows.row_mut(at));
    }
}

/// The smallest hard memory limit and the smallest quota (in thousandths of a CPU) from a subject upwards.
fn tightest(groups: &Groups, id: GroupId, rows: &mut TableRows) -> (Option<i64>, Option<i64>) {
    let (mut memory, mut quota) = (None, None);
    let mut next = Some(id);
    while let Some(id) = next {
        if let Some(at) = groups.get(id).and_then(|g| g.subject.as_ref()?.row) {
            let row = rows.row_mut(at);
            memory = smaller(memory, row.get(c::memory_max_bytes));
            quota = smaller(quota, row.get(c::cpu_quota_cores));
        }
        next = groups.owner_above(id);
    }
    (memory, quota)
}

fn smaller(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn fill(memory: Option<i64>, quota: Option<i64>, row: &mut Row<'_>) {
    if let Some(max) = memory {
        row.set(c::memory_max_effective_bytes, max);
        let share = row.get(c::memory_working_set_bytes).and_then(|used| percent(used as f64, max as f64));
        if let Some(share) = share {
            row.set_fixed(c::memory_percent_of_limit, share);
        }
    }
    if let Some(millis) = quota {
        row.set_fixed(c::cpu_quota_effective_cores, millis as f64 / 1000.0);
        let tenths = row.get(c::cpu_usage_millicores);
        let share = tenths.and_then(|tenths| percent(tenths as f64 / 10.0, millis as f64));
        if let Some(share) = share {
            row.set_fixed(c::cpu_percent_of_limit, share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::Table;

    /// REC-2, REC-3: shares are of the limit that binds, and null where nothing binds.
    #[test]
    fn shares() {
        let mut rows = TableRows::new(Table::Containers);
        let mut row = rows.push(0, 0);
        row.set(c::memory_working_set_bytes, 300);
        row.set_fixed(c::cpu_usage_millicores, 200.0);
        fill(None, None, &mut row);
        assert_eq!((row.get(c::memory_percent_of_limit), row.get(c::cpu_percent_of_limit)), (None, None));
        fill(smaller(Some(1000), None), smaller(Some(2000), Some(500)), &mut row);
        assert_eq!(row.get(c::memory_percent_of_limit), Some(3000), "30 %");
        assert_eq!(row.get(c::cpu_percent_of_limit), Some(4000), "200 millicores are 40 % of half a CPU");
        assert_eq!(row.get(c::cpu_quota_effective_cores), Some(500));
    }
}
