//! Points and spans of time in microseconds since the epoch, UTC, and their spelling in names.
//!
//! Owns: the unit of all times in the store, the tick grid, and the file-name and partition spellings.
//! Must not: read a clock.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// Microseconds in a second.
pub const SECOND: Micros = 1_000_000;

/// Half-open span of time: `start` is in it, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// First instant.
    pub start: Micros,
    /// First instant after it.
    pub end: Micros,
}

impl TimeRange {
    /// A range; an end before the start makes it empty.
    pub fn new(start: Micros, end: Micros) -> Self {
        TimeRange { start, end: end.max(start) }
    }

    /// Length in microseconds.
    pub fn width(self) -> Micros {
        self.end - self.start
    }

    /// Whether an instant lies in it.
    pub fn contains(self, t: Micros) -> bool {
        self.start <= t && t < self.end
    }

    /// Whether the two share an instant.
    pub fn overlaps(self, other: TimeRange) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn union(self, other: TimeRange) -> TimeRange {
        TimeRange { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// The first tick of the grid at or after `t`, where ticks are multiples of `interval` since the epoch (REC-5: ticks
/// of all nodes line up).
pub fn next_tick(t: Micros, interval: Micros) -> Micros {
    t.div_euclid(interval) * interval + if t.rem_euclid(interval) == 0 { 0 } else { interval }
}

/// A time as APIs and state files spell it (RFC 3339). Times before 1970 are how Go spells no time at all.
pub fn parse_rfc3339(text: &str) -> Option<Micros> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond).filter(|t| *t > 0)
}

fn zoned(t: Micros) -> jiff::Zoned {
    Timestamp::from_microsecond(t).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC)
}

/// `2026-11-20`, the value of the partition `dt`.
pub fn date(t: Micros) -> String {
    zoned(t).strftime("%Y-%m-%d").to_string()
}

/// `20261120T144600Z`, as in file names.
pub fn compact(t: Micros) -> String {
    zoned(t).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// What [`compact`] has written.
pub fn parse_compact(text: &str) -> Option<Micros> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// `2026-11-20T14:46:00.000000Z`, as in manifests and JSON answers.
pub fn rfc3339(t: Micros) -> String {
    zoned(t).strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// `7d`, `36h`, `5s`: a span as options take it, in the largest unit that it is a whole number of.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    if span.subsec_nanos() > 0 || seconds == 0 {
        return format!("{span:?}");
    }
    let (length, name) = match seconds {
        s if s.is_multiple_of(86_400) => (86_400, "d"),
        s if s.is_multiple_of(3600) => (3600, "h"),
        s if s.is_multiple_of(60) => (60, "m"),
        _ => (1, "s"),
    };
    format!("{}{name}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-5: ticks are aligned to the wall clock.
    #[test]
    fn ticks_are_multiples_of_the_interval() {
        assert_eq!(next_tick(1_000_001, SECOND), 2 * SECOND);
        assert_eq!(next_tick(2 * SECOND, SECOND), 2 * SECOND);
        assert_eq!(next_tick(-1, SECOND), 0);
        assert_eq!(next_tick(150_000, 100_000), 200_000);
    }

    #[test]
    fn spellings() {
        let t = 1_763_649_960_000_000;
        assert_eq!(date(t), "2025-11-20");
        assert_eq!(compact(t), "20251120T144600Z");
        assert_eq!(parse_compact("20251120T144600Z"), Some(t));
        assert_eq!(parse_compact("20251320T144600Z"), None);
        assert_eq!(rfc3339(t + 5), "2025-11-20T14:46:00.000005Z");
    }

    /// STO-4: ages are said as `--retention` takes them.
    #[test]
    fn spans() {
        for (seconds, text) in
            [(604_800, "7d"), (129_600, "36h"), (90, "90s"), (300, "5m"), (5, "5s"), (0, "0ns")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!(span(Duration::from_millis(1500)), "1.5s");
    }

    #[test]
    fn ranges_are_half_open() {
        let r = TimeRange::new(10, 20);
        assert!(r.contains(10) && !r.contains(20));
        assert!(!r.overlaps(TimeRange::new(20, 30)) && r.overlaps(TimeRange::new(19, 30)));
        assert_eq!(TimeRange::new(5, 1).width(), 0);
    }
}
