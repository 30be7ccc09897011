//! `--range A..B`: from text to a range of time within a recording.
//!
//! Owns: the grammar, and what a clock time without a date means. Must not: read a clock; all is relative to the
//! recording.

use std::str::FromStr;

use fgm::time::{Micros, SECOND, TimeRange};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SpanRelativeTo, Timestamp, ToSpan};

const FORMS: &str = "give A..B with times such as 14:05, 2026-11-20T14:05, 2026-11-20T14:05:00Z or -10m \
                     (before the last tick), or leave one out";

/// Where a range begins or ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Bound {
    /// With the recording.
    #[default]
    Open,
    /// So long before its last tick.
    Before(Micros),
    /// At this time of day.
    Clock(Time),
    /// At the start of this day, or its end.
    Day(Date),
    /// At this local time.
    Local(DateTime),
    /// At this instant.
    Instant(Micros),
}

/// A range as it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    from: Bound,
    to: Bound,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let (from, to) = text.split_once("..").ok_or(FORMS)?;
        Ok(Span { from: bound(from)?, to: bound(to)? })
    }
}

fn bound(text: &str) -> Result<Bound, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Bound::Open);
    }
    if let Some(ago) = text.strip_prefix('-') {
        return before(ago).map(Bound::Before).ok_or_else(|| format!("{text}: {FORMS}"));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Bound::Instant(instant.as_microsecond()));
    }
    // A date with a time would also be read as that time of any day.
    if !text.contains('-')
        && let Ok(time) = text.parse::<Time>()
    {
        return Ok(Bound::Clock(time));
    }
    // A date alone would also be read as its midnight.
    if text.len() == 10
        && let Ok(day) = text.parse::<Date>()
    {
        return Ok(Bound::Day(day));
    }
    text.parse::<DateTime>().map(Bound::Local).map_err(|_| format!("{text}: {FORMS}"))
}

fn before(text: &str) -> Option<Micros> {
    let span = text.parse::<jiff::Span>().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(length.as_micros()).ok().filter(|n| *n >= 0)
}

impl Span {
    /// The range within a recording that covers `all`. A time of day is the last such time in the recording, or behind
    /// it the next one after the range's start.
    pub fn within(self, all: TimeRange, zone: &TimeZone) -> Result<TimeRange, String> {
        // The last tick's own instant belongs to the range, its end does not.
        let last = all.end - 1;
        let local = |t: DateTime| {
            zone.to_zoned(t).map(|z| z.timestamp().as_microsecond()).map_err(|e| format!("--range: {t}: {e}"))
        };
        let date = |t: Micros| {
            Timestamp::from_microsecond(t)
                .map(|t| zone.to_datetime(t).date())
                .map_err(|e| format!("--range: {e}"))
        };
        let at = |day: Date, time: Time| local(day.to_datetime(time));
        let next = |day: Date, n: i64| day.checked_add(n.days()).map_err(|e| format!("--range: {e}"));
        let start = match self.from {
            Bound::Open => all.start,
            Bound::Before(n) => all.end.saturating_sub(n),
            Bound::Clock(time) => {
                let today = at(date(last)?, time)?;
                if today <= last { today } else { at(next(date(last)?, -1)?, time)? }
            }
            Bound::Day(day) => at(day, Time::midnight())?,
            Bound::Local(t) => local(t)?,
            Bound::Instant(t) => t,
        };
        let end = match self.to {
            Bound::Open => all.end,
            Bound::Before(n) => all.end.saturating_sub(n),
            Bound::Clock(time) if self.from == Bound::Open => at(date(last)?, time)?,
            Bound::Clock(time) => {
                let same = at(date(start)?, time)?;
                if same > start { same } else { at(next(date(start)?, 1)?, time)? }
            }
            Bound::Day(day) => at(next(day, 1)?, Time::midnight())?,
            Bound::Local(t) => local(t)?,
            Bound::Instant(t) => t,
        };
        if end <= start {
            let show =
                |t| Timestamp::from_microsecond(t).map(|t| t.to_zoned(zone.clone()).datetime().to_string());
            let show = |t: Micros| show(t / SECOND * SECOND).unwrap_or_default();
            return Err(format!("--range: it ends ({}) before it begins ({})", show(end), show(start)));
        }
        Ok(TimeRange::new(start, end))
    }
}

/// A single instant within a recording, in any form in which a range may begin.
pub fn instant(text: &str, all: TimeRange, zone: &TimeZone) -> Result<Micros, String> {
    const FORM: &str = "give a time such as 14:05, 2026-11-20T14:05 or -10m (before the last tick)";
    let wrong = || if text.trim().is_empty() { FORM.to_owned() } else { format!("{text}: {FORM}") };
    let from = bound(text).map_err(|_| wrong())?;
    if from == Bound::Open {
        return Err(wrong());
    }
    // A time of day is counted from the last tick. Anything else is given no end that it could lie behind.
    let room = if matches!(from, Bound::Clock(_)) { all } else { TimeRange::new(all.start, Micros::MAX) };
    let at = match from {
        Bound::Before(n) => all.end.saturating_sub(n),
        _ => Span { from, to: Bound::Open }.within(room, zone)?.start,
    };
    if all.contains(at) {
        return Ok(at);
    }
    Err(format!("{text} is outside of the recording"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn range(span: &str) -> Result<(Micros, Micros), String> {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        // Two days, until 14:30 by the clock of that zone.
        let all = TimeRange::new(at("2026-11-18T12:00:00Z"), at("2026-11-20T13:30:00Z"));
        let r = span.parse::<Span>()?.within(all, &zone)?;
        Ok((r.start, r.end))
    }

    /// QRY-2: the ways to name a range, and what is left out.
    #[test]
    fn ranges() {
        let is = |span, from, to| assert_eq!(range(span), Ok((at(from), at(to))), "{span}");
        is("..", "2026-11-18T12:00:00Z", "2026-11-20T13:30:00Z");
        is("-10m..", "2026-11-20T13:20:00Z", "2026-11-20T13:30:00Z");
        is("-1h30m..-1h", "2026-11-20T12:00:00Z", "2026-11-20T12:30:00Z");
        is("-1d..", "2026-11-19T13:30:00Z", "2026-11-20T13:30:00Z");
        is("14:00..15:00", "2026-11-20T13:00:00Z", "2026-11-20T14:00:00Z");
        is("15:00..", "2026-11-19T14:00:00Z", "2026-11-20T13:30:00Z");
        is("23:00..01:00:30", "2026-11-19T22:00:00Z", "2026-11-20T00:00:30Z");
        is("..14:10", "2026-11-18T12:00:00Z", "2026-11-20T13:10:00Z");
        is("2026-11-19T14:05..", "2026-11-19T13:05:00Z", "2026-11-20T13:30:00Z");
        is("2026-11-19..2026-11-19", "2026-11-18T23:00:00Z", "2026-11-19T23:00:00Z");
        is("2026-11-20T13:00..2026-11-20T13:00:00Z", "2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z");
    }

    /// QRY-2: a range that cannot be meant says so.
    #[test]
    fn mistakes() {
        for wrong in ["14:00", "x..", "-x..", "..--1m", "-5..", "2026-13-01.."] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert!(range("-1m..-2m").unwrap_err().contains("before it begins"));
    }

    /// TUI-2: a single instant, as the viewer's prompt takes it.
    #[test]
    fn instants() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let all = TimeRange::new(at("2026-11-18T12:00:00Z"), at("2026-11-20T13:30:00Z"));
        let is = |text, wanted| assert_eq!(instant(text, all, &zone), Ok(at(wanted)), "{text}");
        is("14:05", "2026-11-20T13:05:00Z");
        is("23:00", "2026-11-19T22:00:00Z");
        is("-10m", "2026-11-20T13:20:00Z");
        is("2026-11-19T14:05", "2026-11-19T13:05:00Z");
        is("2026-11-19", "2026-11-18T23:00:00Z");
        for wrong in ["", "x", "2026-11-21", "-9d"] {
            assert!(instant(wrong, all, &zone).is_err(), "{wrong}");
        }
    }
}
