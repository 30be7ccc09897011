//! From two counters to a gauge.
//!
//! Owns: the arithmetic of derived gauges. Must not: decide whether two readings may be compared.

use fgm::time::Micros;

/// Growth of a counter; `None` when either reading is missing or the counter went back.
pub(crate) fn delta(before: Option<i64>, now: Option<i64>) -> Option<i64> {
    now?.checked_sub(before?).filter(|d| *d >= 0)
}

/// CPU time (µs) over time (µs) in thousandths of a CPU.
pub(crate) fn millicores(used: i64, over: Micros) -> Option<f64> {
    (over > 0).then(|| used as f64 * 1000.0 / over as f64)
}

/// A share in percent; `None` of nothing.
pub(crate) fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part * 100.0 / whole)
}
