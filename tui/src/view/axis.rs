//! Nice instants for the clock axis.
//!
//! Owns: ticks of time and their labels. Must not: draw.

use fgm::time::{Micros, SECOND, TimeRange};
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Zoned};

/// A mark on the clock axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockTick {
    /// Where.
    pub at: Micros,
    /// What it says.
    pub label: String,
    /// Whether a new day begins there.
    pub day: bool,
}

/// The rungs of the calendar: how far apart ticks may be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rung {
    /// Below a day; aligned to midnight.
    Micros(Micros),
    Days(i32),
    Months(i32),
}

const MINUTE: Micros = 60 * SECOND;
const HOUR: Micros = 60 * MINUTE;
const DAY: Micros = 24 * HOUR;

const LADDER: &[Rung] = &[
    Rung::Micros(SECOND / 10),
    Rung::Micros(SECOND / 2),
    Rung::Micros(SECOND),
    Rung::Micros(2 * SECOND),
    Rung::Micros(5 * SECOND),
    Rung::Micros(10 * SECOND),
    Rung::Micros(15 * SECOND),
    Rung::Micros(30 * SECOND),
    Rung::Micros(MINUTE),
    Rung::Micros(2 * MINUTE),
    Rung::Micros(5 * MINUTE),
    Rung::Micros(10 * MINUTE),
    Rung::Micros(15 * MINUTE),
    Rung::Micros(30 * MINUTE),
    Rung::Micros(HOUR),
    Rung::Micros(2 * HOUR),
    Rung::Micros(3 * HOUR),
    Rung::Micros(6 * HOUR),
    Rung::Micros(12 * HOUR),
    Rung::Days(1),
    Rung::Days(2),
    Rung::Days(7),
    Rung::Days(14),
    Rung::Months(1),
    Rung::Months(3),
    Rung::Months(12),
    Rung::Months(60),
];

impl Rung {
    fn width(self) -> Micros {
        match self {
            Rung::Micros(m) => m,
            Rung::Days(d) => DAY * Micros::from(d),
            Rung::Months(m) => 30 * DAY * Micros::from(m),
        }
    }
}

/// An instant in the zone.
pub fn zoned(at: Micros, zone: &TimeZone) -> Zoned {
    Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone())
}

/// `14:46:00`, with tenths where the resolution needs them.
pub fn clock(at: Micros, zone: &TimeZone, dot: Micros) -> String {
    zoned(at, zone).strftime(if dot < SECOND { "%H:%M:%S%.1f" } else { "%H:%M:%S" }).to_string()
}

/// `2026-11-20`.
pub fn date(at: Micros, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Y-%m-%d").to_string()
}

/// Short name of the zone at an instant: `CET`, `UTC`, `+05:45`.
pub fn zone_name(at: Micros, zone: &TimeZone) -> String {
    zoned(at, zone).strftime("%Z").to_string()
}

/// Ticks over a window that is `cells` wide.
pub fn clock_ticks(window: TimeRange, cells: u16, zone: &TimeZone) -> Vec<ClockTick> {
    if window.width() <= 0 || cells == 0 {
        return Vec::new();
    }
    let room = |r: &&Rung| {
        let label = if matches!(r, Rung::Micros(m) if *m < MINUTE) { 13 } else { 11 };
        r.width() as f64 / window.width() as f64 * f64::from(cells) >= f64::from(label)
    };
    let rung = *LADDER.iter().find(room).unwrap_or(&Rung::Months(60));
    let mut ticks: Vec<ClockTick> = Vec::new();
    let mut at = floor(&zoned(window.start, zone), rung);
    while ticks.len() < 400 {
        let t = at.timestamp().as_microsecond();
        if t >= window.end {
            break;
        }
        // Around a change of the clocks, local times repeat or are skipped: only forward.
        if t >= window.start && ticks.last().is_none_or(|l| l.at < t) {
            ticks.push(tick(&at, rung));
        }
        let Some(next) = onward(&at, rung) else { break };
        at = next;
    }
    ticks
}

fn floor(at: &Zoned, rung: Rung) -> Zoned {
    let midnight = |d: DateTime| d.date().to_datetime(Time::midnight());
    let local = at.datetime();
    let floored = match rung {
        Rung::Micros(step) => {
            let since = local.duration_since(midnight(local)).as_micros();
            let down = (since / i128::from(step)) as i64 * step;
            midnight(local).checked_add(Span::new().microseconds(down)).unwrap_or(local)
        }
        Rung::Days(7 | 14) => {
            let back = i64::from(local.date().weekday().to_monday_zero_offset());
            midnight(local).checked_sub(back.days()).unwrap_or(local)
        }
        Rung::Days(_) => midnight(local),
        Rung::Months(_) => {
            let first = midnight(local).date().first_of_month();
            let first = if rung == Rung::Months(1) { first } else { first.first_of_year() };
            first.to_datetime(Time::midnight())
        }
    };
    floored.to_zoned(at.time_zone().clone()).unwrap_or_else(|_| at.clone())
}

fn onward(at: &Zoned, rung: Rung) -> Option<Zoned> {
    match rung {
        // Short steps run through absolute time; from an hour on they stay on the local clock's round hours.
        Rung::Micros(step) if step < HOUR => at.checked_add(Span::new().microseconds(step)).ok(),
        Rung::Micros(step) => {
            let local = at.datetime().checked_add(Span::new().microseconds(step)).ok()?;
            local.to_zoned(at.time_zone().clone()).ok()
        }
        Rung::Days(d) => at.checked_add(i64::from(d).days()).ok(),
        Rung::Months(m) => at.checked_add(i64::from(m).months()).ok(),
    }
}

fn tick(at: &Zoned, rung: Rung) -> ClockTick {
    let day = at.time() == Time::midnight();
    let format = match rung {
        _ if day && !matches!(rung, Rung::Months(_)) => "%b %-d",
        Rung::Micros(step) if step < SECOND => "%H:%M:%S%.1f",
        Rung::Micros(step) if step < MINUTE => "%H:%M:%S",
        Rung::Micros(_) => "%H:%M",
        Rung::Days(_) => "%b %-d",
        Rung::Months(m) if m < 12 => "%b %Y",
        Rung::Months(_) => "%Y",
    };
    ClockTick { at: at.timestamp().as_microsecond(), label: at.strftime(format).to_string(), day }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(from: &str, seconds: i64, zone: &str) -> Vec<String> {
        let start = from.parse::<Timestamp>().unwrap().as_microsecond();
        let zone = TimeZone::get(zone).unwrap();
        let ticks = clock_ticks(TimeRange::new(start, start + seconds * SECOND), 80, &zone);
        assert!(ticks.windows(2).all(|w| w[0].at < w[1].at));
        ticks.into_iter().map(|t| t.label).collect()
    }

    /// TUI-2: real clock times on a calendar ladder.
    #[test]
    fn clock_ticks_follow_the_calendar() {
        assert_eq!(
            ticks("2026-11-20T14:46:03Z", 90, "UTC"),
            ["14:46:15", "14:46:30", "14:46:45", "14:47:00", "14:47:15", "14:47:30"]
        );
        assert_eq!(ticks("2026-11-20T22:50:00Z", 7200, "UTC"), ["23:00", "23:30", "Nov 21", "00:30"]);
        assert_eq!(ticks("2026-11-18T14:00:00Z", 4 * 86400, "UTC"), ["Nov 19", "Nov 20", "Nov 21", "Nov 22"]);
        assert_eq!(
            ticks("2025-11-18T14:00:00Z", 400 * 86400, "UTC"),
            ["Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026"]
        );
        assert_eq!(ticks("2026-11-20T14:46:03.4Z", 1, "UTC").len(), 2);
        assert_eq!(ticks("2026-11-20T14:46:03Z", 3600, "Asia/Kathmandu")[0], "20:40");
    }

    /// TUI-2: the change of the clocks neither repeats nor loses a tick's order.
    #[test]
    fn clock_ticks_survive_summer_time() {
        let autumn = ticks("2026-10-24T22:00:00Z", 8 * 3600, "Europe/Berlin");
        assert_eq!(autumn, ["Oct 25", "02:00", "04:00", "06:00"]);
        let spring = ticks("2026-03-28T23:00:00Z", 8 * 3600, "Europe/Berlin");
        assert_eq!(spring[..2], ["Mar 29", "03:00"]);
        assert_eq!(zone_name(0, &TimeZone::get("Europe/Berlin").unwrap()), "CET");
    }
}
