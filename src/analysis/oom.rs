//! Why it died: the minutes before an OOM kill (STU-5).
//!
//! Owns: what grew, by kind of memory and by process, and what warned before. Must not: know where the series stand, or
//! decide that there was a kill.

use super::grid::{Grid, Point};
use super::trend::{self, Verdict};
use crate::time::{Micros, SECOND, TimeRange};
use crate::unit::{Quantity, Unit};

/// How far back a report looks.
pub const WINDOW: Micros = 300 * SECOND;
/// This share of its limit is close to it.
const CLOSE: f64 = 0.9;
/// Growth below this share of the whole is not told in the sentence.
const WORTH_TELLING: f64 = 0.05;

/// A series and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Its points in the order of time, a counter's as rates.
    pub points: Vec<Point>,
}

/// A series in which great values warn.
#[derive(Clone, Debug, PartialEq)]
pub struct Gauge {
    /// The series.
    pub series: Named,
    /// What it measures.
    pub quantity: Quantity,
    /// From this value on it warns.
    pub from: f64,
}

/// What is known of the minutes before a kill.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The tick on which the kill was noticed: what is as late may have been read after it.
    pub noticed: Micros,
    /// Memory charged to the cgroup, bytes.
    pub usage: Vec<Point>,
    /// Its limit, bytes.
    pub limit: Vec<Point>,
    /// Memory by kind, bytes.
    pub kinds: Vec<Named>,
    /// Memory by process, bytes.
    pub processes: Vec<Named>,
    /// What may have warned.
    pub gauges: Vec<Gauge>,
}

/// What something held at first and at last.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Kind of memory, or process.
    pub name: String,
    /// Bytes at the beginning; `None` if it began later.
    pub before: Option<f64>,
    /// Bytes at the last reading before the kill.
    pub after: f64,
}

/// Something that warned.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// What.
    pub name: String,
    /// When it first did.
    pub since: Micros,
    /// The greatest value until the kill, in `quantity`.
    pub most: f64,
    /// What was measured.
    pub quantity: Quantity,
}

/// The minutes before a kill, told.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was looked at: up to the tick on which the kill was noticed.
    pub window: TimeRange,
    /// The last reading of the cgroup's memory before the kill, bytes.
    pub usage: Option<f64>,
    /// The limit then, bytes.
    pub limit: Option<f64>,
    /// Kinds of memory, the one that grew most first.
    pub kinds: Vec<Growth>,
    /// Processes, the one that grew most first.
    pub processes: Vec<Growth>,
    /// What warned, the earliest first.
    pub warnings: Vec<Warning>,
    /// Bytes per second by which usage climbed, if it climbed all along.
    pub climb: Option<f64>,
}

impl Growth {
    /// Bytes gained; of what began later, all of it.
    pub fn grown(&self) -> f64 {
        self.after - self.before.unwrap_or(0.0)
    }
}

impl Report {
    /// One sentence; `victim` is who was killed, `clock` spells a time.
    pub fn sentence(&self, victim: Option<&str>, clock: impl Fn(Micros) -> String) -> String {
        let bytes = |v: f64| Unit::Bytes.plain().format(v);
        let mut text =
            vec![format!("killed {} at {}", victim.unwrap_or("a process"), clock(self.window.end))];
        match (self.usage, self.limit) {
            (Some(u), Some(l)) => {
                text.push(format!(" with {} of its limit of {} in use", bytes(u), bytes(l)));
            }
            (Some(u), None) => text.push(format!(" with {} in use and no limit of its own", bytes(u))),
            (None, _) => text.push("; its memory was not recorded".to_owned()),
        }
        let worth = |g: &&Growth| g.grown() > WORTH_TELLING * self.usage.unwrap_or(0.0) && g.grown() > 0.0;
        let minutes = format!("in the {} s before", self.window.width() / SECOND);
        if let Some(kind) = self.kinds.first().filter(worth) {
            text.push(format!("; {minutes} {} grew by {}", kind.name, bytes(kind.grown())));
            if let Some(process) = self.processes.first().filter(worth) {
                text.push(format!(", {} by {}", process.name, bytes(process.grown())));
            }
        } else if self.usage.is_some() {
            text.push(format!("; no kind of memory grew much {minutes}"));
        }
        if let Some(climb) = self.climb {
            text.push(format!(", steadily by {} a minute", bytes(climb * 60.0)));
        }
        match self.warnings.as_slice() {
            [] => text.push("; nothing warned".to_owned()),
            some => {
                let ago =
                    |w: &Warning| format!("{} {} s before", w.name, (self.window.end - w.since) / SECOND);
                let list: Vec<String> = some.iter().map(ago).collect();
                text.push(format!("; warned: {}", list.join(", ")));
            }
        }
        text.concat()
    }
}

/// The report on one kill; `since` is where its minutes begin: not before the subject did, or before another kill.
pub fn report(evidence: &Evidence, since: Micros) -> Report {
    let window = TimeRange::new(since.max(evidence.noticed - WINDOW), evidence.noticed);
    let within = |points: &[Point]| -> Vec<Point> {
        points.iter().filter(|p| window.contains(p.time) && p.value.is_finite()).copied().collect()
    };
    let usage = within(&evidence.usage);
    let limit = within(&evidence.limit).last().map(|p| p.value);
    let mut warnings = Vec::new();
    // Close to the limit: not once long ago, but from then until the kill.
    if let Some(limit) = limit {
        let close = usage.iter().rev().take_while(|p| p.value >= CLOSE * limit).last();
        let most = usage.iter().map(|p| p.value / limit * 100.0).fold(0.0, f64::max);
        let name = format!("over {} % of the limit", CLOSE * 100.0);
        warnings.extend(close.map(|p| Warning {
            name,
            since: p.time,
            most,
            quantity: Unit::Percent.plain(),
        }));
    }
    for gauge in &evidence.gauges {
        let points = within(&gauge.series.points);
        let first = points.iter().find(|p| p.value >= gauge.from);
        warnings.extend(first.map(|p| Warning {
            name: gauge.series.name.clone(),
            since: p.time,
            most: points.iter().map(|p| p.value).fold(f64::MIN, f64::max),
            quantity: gauge.quantity,
        }));
    }
    warnings.sort_by_key(|w| w.since);
    let began = usage.first().map_or(window.start, |p| p.time);
    let grown = |all: &[Named]| growths(all.iter().map(|n| (n.name.as_str(), within(&n.points))), began);
    let trend = trend::find(&Grid::new(&usage, None), None);
    Report {
        window,
        usage: usage.last().map(|p| p.value),
        limit,
        kinds: grown(&evidence.kinds),
        processes: grown(&evidence.processes),
        warnings,
        climb: trend.ok().filter(|t| t.verdict == Verdict::Leak).map(|t| t.slope),
    }
}

fn growths<'a>(all: impl Iterator<Item = (&'a str, Vec<Point>)>, began: Micros) -> Vec<Growth> {
    // What was read a few ticks later has been there from the beginning: not everything is read on every tick.
    const LATE: Micros = 15 * SECOND;
    let mut all: Vec<Growth> = all
        .filter_map(|(name, points)| {
            let (first, last) = (points.first()?, points.last()?);
            let before = (first.time - began <= LATE).then_some(first.value);
            Some(Growth { name: name.to_owned(), before, after: last.value })
        })
        .collect();
    all.sort_by(|a, b| b.grown().total_cmp(&a.grown()));
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fall over")]
    use super::*;

    const MIB: f64 = 1_048_576.0;

    fn points(value: impl Fn(i64) -> Option<f64>) -> Vec<Point> {
        let point = |s| value(s).map(|value| Point { time: s * SECOND, value, gap_before: false });
        (0..400).filter_map(point).collect()
    }

    fn named(name: &str, value: impl Fn(i64) -> Option<f64>) -> Named {
        Named { name: name.to_owned(), points: points(value) }
    }

    /// Anonymous memory of one process climbs from 56 to 256 MiB in 400 s; the tick of the kill reads what is left.
    fn evidence() -> Evidence {
        let anon = |s: i64| if s < 399 { 56.0 * MIB + s as f64 * 0.5 * MIB } else { 4.0 * MIB };
        Evidence {
            noticed: 399 * SECOND,
            usage: points(|s| Some(anon(s))),
            limit: points(|_| Some(256.0 * MIB)),
            kinds: vec![
                named("page cache", |s| Some((20.0 - s as f64 * 0.05) * MIB)),
                named("anonymous memory", |s| Some(anon(s))),
            ],
            processes: vec![
                named("sh [7]", |_| Some(MIB)),
                named("leaky [8]", |s| Some(anon(s))),
                named("late [9]", |s| (s > 200).then_some(3.0 * MIB)),
            ],
            gauges: vec![
                Gauge {
                    series: named("memory pressure", |s| Some(if s > 380 { 30.0 } else { 0.0 })),
                    quantity: Unit::Percent.plain(),
                    from: 10.0,
                },
                Gauge {
                    series: named("reclaim at memory.high", |_| Some(0.0)),
                    quantity: Unit::Count.rate(),
                    from: 0.1,
                },
            ],
        }
    }

    /// STU-5: what grew by kind and by process, against the limit, what warned and when; what was read on the tick of
    /// the kill is not taken for what came before.
    #[test]
    fn what_grew_and_what_warned() {
        let found = report(&evidence(), 0);
        assert_eq!(found.window, TimeRange::new(99 * SECOND, 399 * SECOND));
        assert_eq!((found.usage, found.limit), (Some(255.0 * MIB), Some(256.0 * MIB)));
        assert_eq!((found.kinds[0].name.as_str(), found.kinds[0].grown()), ("anonymous memory", 149.5 * MIB));
        let names: Vec<&str> = found.processes.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["leaky [8]", "late [9]", "sh [7]"]);
        assert_eq!((found.processes[1].before, found.processes[1].grown()), (None, 3.0 * MIB));
        let warned: Vec<(&str, i64)> =
            found.warnings.iter().map(|w| (w.name.as_str(), w.since / SECOND)).collect();
        assert_eq!(warned, [("over 90 % of the limit", 349), ("memory pressure", 381)]);
        assert!((found.climb.unwrap() / MIB - 0.5).abs() < 0.01);
        let text = found.sentence(Some("leaky [8]"), |t| format!("second {}", t / SECOND));
        assert_eq!(
            text,
            "killed leaky [8] at second 399 with 255 MiB of its limit of 256 MiB in use; in the 300 s before anonymous \
             memory grew by 150 MiB, leaky [8] by 150 MiB, steadily by 30.0 MiB a minute; warned: over 90 % of the limit \
             50 s before, memory pressure 18 s before"
        );
    }

    /// STU-5: without data the report says so and invents nothing; it does not look behind where it is told to begin.
    #[test]
    fn without_data() {
        let empty = Evidence { noticed: 399 * SECOND, ..Evidence::default() };
        let found = report(&empty, 390 * SECOND);
        assert_eq!(found.window.start, 390 * SECOND);
        assert_eq!((found.usage, found.limit, found.climb), (None, None, None));
        let text = found.sentence(None, |t| (t / SECOND).to_string());
        assert_eq!(text, "killed a process at 399; its memory was not recorded; nothing warned");
        let found = report(&evidence(), 398 * SECOND);
        assert_eq!((found.kinds[0].grown(), found.climb), (0.0, None));
    }
}
