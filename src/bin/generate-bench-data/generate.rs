//! From a scenario to a recording.
//!
//! Owns: runs of the recorder, one after the other, and their ticks. Must not: know values.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use fgm::event::{Event, EventKind, Severity};
use fgm::identity::RunId;
use fgm::store::StoreError;
use fgm::store::manifest::RunInfo;
use fgm::store::retention::{Cap, OnFull};
use fgm::store::tick::Tick;
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::{Micros, SECOND};

use super::names::NODE;
use super::node::Node;
use super::plan::{self, End, Slot};
use super::random::Random;
use super::scenario::Scenario;

/// What has been made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    rows: u64,
    values: u64,
    ticks: u64,
    lost: u64,
    runs: u64,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Made { rows, values, ticks, lost, runs } = self;
        write!(f, "{rows} rows, {values} values; {ticks} ticks, {lost} lost, {runs} runs")
    }
}

/// Makes the recording below `out`.
pub(crate) fn generate(out: &Path, scenario: &Scenario) -> Result<Made, Box<dyn Error>> {
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty: name a new directory", out.display()).into());
    }
    let mut random = Random::new(scenario.seed);
    let slots = plan::slots(scenario, &mut random);
    let seconds = i64::from(scenario.files) * i64::from(scenario.ticks_per_file());
    // An hour where there are hours; all in a quarter of what is short.
    let cycle = (seconds / 4).clamp(30, 3600);
    let mut session = Session {
        node: Node::new(scenario, cycle, &mut random),
        scenario,
        root: out,
        random,
        writer: None,
        begin: 0,
        now: slots.first().map_or(0, |s| s.first),
        made: Made::default(),
        tick: Tick::default(),
    };
    for slot in &slots {
        session.record(slot)?;
    }
    Ok(Made { rows: session.node.rows, values: session.node.values, ..session.made })
}

struct Session<'a> {
    scenario: &'a Scenario,
    root: &'a Path,
    random: Random,
    node: Node,
    writer: Option<StoreWriter>,
    /// First tick of the run.
    begin: Micros,
    /// Up to when the node has lived.
    now: Micros,
    made: Made,
    tick: Tick,
}

impl Session<'_> {
    fn record(&mut self, slot: &Slot) -> Result<(), StoreError> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.start(slot.first)?,
        };
        for at in 0..slot.ticks {
            let tick = slot.first + i64::from(at) * SECOND;
            let seconds = (tick - self.now) / SECOND;
            self.live_until(tick);
            if slot.lost.contains(&at) {
                self.made.lost += 1;
                self.node.skip();
                continue;
            }
            if seconds > 1 {
                self.node.skip();
            }
            self.tick.reset((tick - self.begin) / SECOND, tick);
            self.say(slot, at);
            self.node.read(&mut self.tick);
            writer.append(&self.tick)?;
            self.made.ticks += 1;
        }
        match slot.end {
            None => self.writer = Some(writer),
            Some(End::Stopped) => writer.finish(self.now)?,
            // The segment stays, for the next run to find.
            Some(End::Killed) => drop(writer),
        }
        Ok(())
    }

    /// What the recorder says of itself on this tick.
    fn say(&mut self, slot: &Slot, at: u32) {
        if !self.scenario.events {
            return;
        }
        let now = self.tick.tick;
        let mut of = |kind, severity, text: String| {
            self.tick.events.push(Event::of_recorder(now, kind, severity, text));
        };
        if self.tick.tick_no == 0 {
            of(EventKind::RecorderStart, Severity::Info, "recorder started".to_owned());
        }
        if at + 1 == slot.ticks && slot.end == Some(End::Stopped) {
            of(EventKind::RecorderStop, Severity::Info, "recorder stopped".to_owned());
        }
        let lost = slot.lost.end - slot.lost.start;
        if lost > 0 && slot.lost.end == at {
            let mut event = Event::of_recorder(
                now,
                EventKind::RecorderGap,
                Severity::Warning,
                format!("{lost} ticks were lost"),
            );
            event.value_after = Some(f64::from(lost));
            event.unit = Some("ticks".to_owned());
            self.tick.events.push(event);
        }
    }

    fn live_until(&mut self, tick: Micros) {
        while self.now < tick {
            self.now += SECOND;
            self.node.second(self.now);
        }
    }

    /// A new run of the recorder.
    fn start(&mut self, now: Micros) -> Result<StoreWriter, StoreError> {
        self.begin = now;
        self.made.runs += 1;
        let config = StoreConfig {
            root: self.root.to_owned(),
            identifier: NODE.to_owned(),
            rotation: Duration::from_secs(u64::from(self.scenario.ticks_per_file())),
            // Whoever pulls the plug makes the recording again.
            sync_every: Duration::MAX,
            cap: Cap { max_bytes: None, on_full: OnFull::Stop },
            retention: None,
            compact: fgm::store::compact::Beside::No,
        };
        let digits = self.random.hex(16);
        let run = RunInfo {
            run_id: RunId::from_text(&digits).unwrap_or_else(|| RunId::draw(now)),
            node_name: NODE.to_owned(),
            cluster_name: None,
            interval: SECOND,
            recorder_version: env!("CARGO_PKG_VERSION").to_owned(),
            git_revision: None,
            facts: [("generated_by".to_owned(), format!("generate-bench-data {}", self.scenario).into())]
                .into_iter()
                .collect(),
        };
        self.node.forget();
        StoreWriter::open(config, run, now)
    }
}
