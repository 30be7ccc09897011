//! One run, from the first tick to the last.
//!
//! Owns: the loop that paces, samples and hands over, and what a run says of itself. Must not: handle signals, print,
//! or know the command line.

use std::time::Duration;

use fgm::event::{Event, EventKind, Severity};
use fgm::identity::RunId;
use fgm::store::manifest::RunInfo;
use fgm::store::writer::{StoreConfig, StoreWriter};
use fgm::time::Micros;

use crate::config::Config;
use crate::error::RecordError;
use crate::facts::facts;
use crate::pace::{Clock, HostClock, Pacer, StopHandle};
use crate::pipeline::Pipeline;
use crate::priority::from_the_back;
use crate::sampler::{Census, Progress, Sampler};
use crate::sink::TickSink;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The run's id.
    pub run_id: RunId,
    /// Ticks in the store.
    pub ticks: u64,
    /// Scheduled ticks that were not taken.
    pub missed: u64,
    /// Ticks that were taken and lost, because the writer was stalled or failed.
    pub lost: u64,
    /// Bytes appended.
    pub bytes: u64,
    /// What the last tick held.
    pub last: Census,
}

/// An end that was asked for takes at most this long: a pod is killed after 30 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// Records this host into a store until stopped, on the calling thread. The only thing that it changes in the process
/// is the soft limit on descriptors, which it raises to the hard one.
pub fn record(config: &Config, stop: &StopHandle) -> Result<Summary, RecordError> {
    config.validate()?;
    let node_name = node_name(config);
    let sampler = Sampler::new(config, node_name.clone())?;
    let now = HostClock.wall();
    let run_id = RunId::draw((std::process::id(), now));
    let run = RunInfo {
        run_id: run_id.clone(),
        node_name: node_name.clone(),
        cluster_name: config.cluster_name.clone().filter(|c| !c.is_empty()),
        interval: micros(config.interval),
        recorder_version: env!("CARGO_PKG_VERSION").to_owned(),
        git_revision: option_env!("FGM_GIT_REVISION").map(str::to_owned),
        facts: facts(config, &sampler),
    };
    let identifier = config.identifier.clone().filter(|i| !i.is_empty()).unwrap_or(node_name);
    let store = StoreConfig {
        root: config.output_dir.clone(),
        identifier,
        rotation: config.rotation,
        sync_every: config.sync_every,
        cap: config.cap,
        retention: config.retention,
        compact: config.compact.clone(),
    };
    let writer = from_the_back(|| StoreWriter::open(store, run, now))
        .map_err(|e| RecordError::Thread("start", e))??;
    run_into(config, sampler, run_id, stop, writer)
}

/// Like [`record`], into another sink.
pub fn record_into(
    config: &Config,
    stop: &StopHandle,
    sink: impl TickSink + 'static,
) -> Result<Summary, RecordError> {
    config.validate()?;
    let sampler = Sampler::new(config, node_name(config))?;
    let run_id = RunId::draw((std::process::id(), HostClock.wall()));
    run_into(config, sampler, run_id, stop, sink)
}

fn run_into(
    config: &Config,
    mut sampler: Sampler,
    run_id: RunId,
    stop: &StopHandle,
    sink: impl TickSink + 'static,
) -> Result<Summary, RecordError> {
    let clock = HostClock;
    let mut pipeline = Pipeline::start(sink, micros(config.interval), move || clock.wall())?;
    let mut pacer = Pacer::new(clock, micros(config.interval));
    let until = config.duration.map(|d| clock.steady().saturating_add(micros(d)));
    let (mut missed, mut last, mut previous) = (0, Census::default(), None);
    let (written, mut lost) = (pipeline.written(), 0);
    while let Some(slot) = pacer.next(stop, until) {
        let mut tick = pipeline.empty_tick();
        missed += slot.missed.unsigned_abs();
        let progress = Progress { missed, ..pipeline.progress() };
        let lost_now = progress.dropped + progress.failed;
        if std::mem::replace(&mut lost, lost_now) != lost_now {
            sampler.repeat_identities();
        }
        last = sampler.sample(&slot, &mut tick, || clock.wall(), progress);
        if previous.is_none() {
            let text = start_text(config, &sampler, &last);
            tracing::info!("{text}");
            if last.subjects == 0 {
                tracing::warn!("nothing to record so far: see --scope, --include and --exclude");
            }
            tick.events.push(Event::of_recorder(slot.tick, EventKind::RecorderStart, Severity::Info, text));
        }
        previous = Some(slot);
        if !pipeline.send(tick) {
            break;
        }
    }
    let dropped = pipeline.dropped();
    // The end is a tick of its own, without rows: the last one with rows has been handed over already, so that it
    // could be seen at once.
    let end = previous.map(|slot| {
        let mut tick = pipeline.empty_tick();
        tick.reset(slot.tick_no + 1, slot.tick + micros(config.interval));
        let text =
            if stop.is_stopped() { "stopped on request" } else { "stopped after the duration that was set" };
        tick.events.push(Event::of_recorder(clock.wall(), EventKind::RecorderStop, Severity::Info, text));
        tick
    });
    pipeline.finish(end, PATIENCE)?;
    Ok(Summary {
        run_id,
        // The last one only said that the run ends.
        ticks: written.ticks().saturating_sub(1),
        missed,
        lost: dropped + written.failed(),
        bytes: written.bytes(),
        last,
    })
}

fn micros(d: Duration) -> Micros {
    Micros::try_from(d.as_micros()).unwrap_or(Micros::MAX / 2)
}

/// The node's name: the one that was set, else the host's.
pub fn node_name(config: &Config) -> String {
    let set = config.node_name.clone().filter(|n| !n.is_empty());
    set.unwrap_or_else(|| {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        if host.is_empty() { "localhost".to_owned() } else { host }
    })
}

fn start_text(config: &Config, sampler: &Sampler, census: &Census) -> String {
    format!(
        "recording {} subjects ({} containers) and {} processes every {:?} into {} (scope {}, cgroup {})",
        census.subjects,
        census.containers,
        census.processes,
        config.interval,
        config.output_dir.display(),
        sampler.scope().name(),
        sampler.cgroup_mode(),
    )
}
