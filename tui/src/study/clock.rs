//! Times as sentences spell them.
//!
//! Owns: when a date is needed. Must not: read a clock.

use fgm::time::{Micros, TimeRange};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Spells times of day in a zone, with the date where it is not the one day that the range lies on.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    day: Option<Date>,
}

impl Clock {
    /// For what lies in this range.
    pub fn new(zone: &TimeZone, range: TimeRange) -> Clock {
        let day = |t| Some(Timestamp::from_microsecond(t).ok()?.to_zoned(zone.clone()).date());
        let (first, last) = (day(range.start), day(range.end - 1));
        Clock { zone: zone.clone(), day: first.filter(|d| Some(*d) == last) }
    }

    /// A time for programs: UTC, to the second.
    pub fn iso(t: Micros) -> String {
        let form = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Timestamp::from_microsecond(t).map_or_else(|_| "never".to_owned(), form)
    }

    /// `14:05:10`, `2026-11-20 14:05:10`.
    pub fn spell(&self, t: Micros) -> String {
        let Ok(at) = Timestamp::from_microsecond(t) else { return "never".to_owned() };
        let local = at.to_zoned(self.zone.clone());
        let form = if Some(local.date()) == self.day { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        local.strftime(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::time::SECOND;

    /// STU-2: a date stands only where it tells something.
    #[test]
    fn dates_where_they_are_needed() {
        let noon = 1_795_176_000 * SECOND; // 2026-11-20T12:00:00Z
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let day = Clock::new(&zone, TimeRange::new(noon, noon + 3600 * SECOND));
        assert_eq!(day.spell(noon + 5 * SECOND), "13:00:05");
        assert_eq!(day.spell(noon + 12 * 3600 * SECOND), "2026-11-21 01:00:00");
        let night = Clock::new(&zone, TimeRange::new(noon, noon + 86_400 * SECOND));
        assert_eq!(night.spell(noon), "2026-11-20 13:00:00");
    }
}
