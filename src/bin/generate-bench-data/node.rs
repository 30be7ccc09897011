//! A node and the containers that come and go on it.
//!
//! Owns: which containers there are from second to second, and their events. Must not: know files or runs: what is not
//! recorded happens all the same.

use fgm::event::{Event, EventKind, Severity};
use fgm::metric::{Table, node as host};
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::{Micros, SECOND};

use super::names::{self, Identity, Pod};
use super::process::Process;
use super::random::Random;
use super::row::{Put, Wanted};
use super::scenario::Scenario;
use super::workload::{Reading, Turn, Workload};

/// How often, per container and cycle, one is replaced by a new pod, falls back to zero, or is not read for a while.
const REPLACED: f64 = 0.3;
const RESET: f64 = 0.05;
const UNREAD: f64 = 0.2;
/// Ticks between rows of `identities` of a container of which nothing new is learnt.
const IDENTITY_EVERY: i64 = 3600;

/// One place on the node, in which one container after the other runs.
struct Place {
    identity: Identity,
    workload: Workload,
    processes: Vec<Process>,
    /// Series of the run under way; `None` until it has been defined.
    series: Option<SeriesId>,
    first_seen: Micros,
    restarts: i64,
    before: Option<Reading>,
    /// Seconds until the next container starts here: none runs meanwhile.
    down: u32,
    /// Seconds for which it runs and is not read.
    unread: u32,
}

/// The node.
pub(crate) struct Node {
    places: Vec<Place>,
    wanted: Wanted,
    tables: Vec<Table>,
    has_events: bool,
    processes: u32,
    cycle: i64,
    random: Random,
    next_series: SeriesId,
    next_inode: i64,
    next_pid: i64,
    /// What has happened since the last recorded tick.
    events: Vec<Event>,
    ended: Vec<(Table, SeriesId)>,
    host_series: Option<SeriesId>,
    host_cpu: i64,
    /// Rows of `containers` and values in them, so far.
    pub(crate) rows: u64,
    pub(crate) values: u64,
}

impl Node {
    /// A node as the scenario wants it. `cycle`: seconds in which everything that can happen should have happened.
    pub(crate) fn new(scenario: &Scenario, cycle: i64, random: &mut Random) -> Node {
        let mut node = Node {
            places: Vec::new(),
            wanted: Wanted::first(scenario.metrics),
            tables: scenario.tables.clone(),
            has_events: scenario.events,
            processes: scenario.processes,
            cycle,
            random: random.fork(),
            next_series: 0,
            next_inode: 4000,
            next_pid: 1000,
            events: Vec::new(),
            ended: Vec::new(),
            host_series: None,
            host_cpu: 0,
            rows: 0,
            values: 0,
        };
        for at in 0..scenario.containers {
            let sidecar_of = node.places.last().filter(|_| at % 4 == 3).map(|p| p.identity.pod.clone());
            let place = node.place(at, sidecar_of);
            node.places.push(place);
        }
        node
    }

    fn place(&mut self, at: u32, sidecar_of: Option<Pod>) -> Place {
        let sidecar = sidecar_of.is_some();
        let pod = sidecar_of.unwrap_or_else(|| Pod::draw(&mut self.random));
        let limited = pod.is_limited();
        self.next_inode += 1 + i64::from(self.random.below(20));
        let identity = Identity::draw(pod, sidecar, self.next_inode, &mut self.random);
        let workload = Workload::draw(at, limited, self.cycle, self.random.fork());
        let processes = (0..self.processes).map(|_| {
            self.next_pid += 1 + i64::from(self.random.below(9));
            Process::draw(self.next_pid, self.processes, &mut self.random)
        });
        let processes = processes.collect();
        Place {
            identity,
            workload,
            processes,
            series: None,
            first_seen: 0,
            restarts: 0,
            before: None,
            down: 0,
            unread: 0,
        }
    }

    /// A recorder starts or ends: it knows no series, and has read nothing yet.
    pub(crate) fn forget(&mut self) {
        self.host_series = None;
        self.events.clear();
        self.ended.clear();
        for place in &mut self.places {
            place.series = None;
        }
        self.skip();
    }

    /// A tick is not recorded.
    pub(crate) fn skip(&mut self) {
        for place in &mut self.places {
            place.before = None;
            place.processes.iter_mut().for_each(Process::forget);
        }
    }

    /// Lives through the second that ends at `now`.
    pub(crate) fn second(&mut self, now: Micros) {
        for at in 0..self.places.len() {
            self.live(at, now);
        }
    }

    fn live(&mut self, at: usize, now: Micros) {
        let per_second = 1.0 / self.cycle as f64;
        let place = &mut self.places[at];
        if place.down > 0 {
            place.down -= 1;
            return;
        }
        place.unread = place.unread.saturating_sub(1);
        match place.workload.second() {
            Turn::Oom => self.oom(at, now),
            Turn::ThrottlingBegan => self.throttling(at, now, EventKind::ThrottlingStart),
            Turn::ThrottlingEnded => self.throttling(at, now, EventKind::ThrottlingStop),
            Turn::None if self.random.chance(REPLACED * per_second) => {
                self.end(at, now, "ended");
                let mut new = self.place(at as u32, None);
                new.down = 1 + self.random.below(4);
                self.places[at] = new;
            }
            Turn::None if self.random.chance(RESET * per_second) => self.places[at].workload.reset(),
            Turn::None if self.random.chance(UNREAD * per_second) => {
                self.places[at].unread = 1 + self.random.below(4);
            }
            Turn::None => {}
        }
    }

    fn tell(
        &mut self,
        at: usize,
        now: Micros,
        kind: EventKind,
        severity: Severity,
        what: &str,
    ) -> &mut Event {
        let identity = &self.places[at].identity;
        let mut event = Event::of_recorder(now, kind, severity, format!("{} {what}", identity.title()));
        event.about = identity.about();
        self.events.push(event);
        let last = self.events.len() - 1;
        &mut self.events[last]
    }

    fn end(&mut self, at: usize, now: Micros, how: &str) {
        self.tell(at, now, EventKind::SubjectStop, Severity::Info, how);
        let place = &mut self.places[at];
        if let Some(series) = place.series.take() {
            self.ended.push((Table::Containers, series));
            self.ended.extend(place.processes.iter().map(|p| (Table::Processes, p.series)));
        }
    }

    /// The kernel kills it; kubelet starts it again under another id.
    fn oom(&mut self, at: usize, now: Micros) {
        let kills = self.places[at].workload.oom_kills();
        let event = self.tell(at, now, EventKind::OomKill, Severity::Error, "was killed for want of memory");
        event.value_before = Some((kills - 1) as f64);
        event.value_after = Some(kills as f64);
        event.unit = Some("count".to_owned());
        self.end(at, now, "was killed");
        self.next_inode += 1;
        let identity = self.places[at].identity.restarted(self.next_inode, &mut self.random);
        let previous = self.places[at].identity.id().to_owned();
        let down = 2 + self.random.below(10);
        let place = &mut self.places[at];
        place.identity = identity;
        place.workload = place.workload.restarted(self.random.fork());
        place.restarts += 1;
        (place.before, place.down) = (None, down);
        for process in &mut place.processes {
            self.next_pid += 3;
            (process.pid, process.start_ticks) = (self.next_pid, self.next_pid * 7);
            process.forget();
        }
        let restarts = place.restarts as f64;
        let again = now + i64::from(down + 1) * SECOND;
        let event = self.tell(at, again, EventKind::Restart, Severity::Warning, "restarted");
        event.value_before = Some(restarts - 1.0);
        event.value_after = Some(restarts);
        event.unit = Some("count".to_owned());
        event.detail = Some(format!(r#"{{"previous_container_id":"{previous}"}}"#));
    }

    fn throttling(&mut self, at: usize, now: Micros, kind: EventKind) {
        let begins = kind == EventKind::ThrottlingStart;
        let what = if begins { "is being throttled" } else { "is no longer throttled" };
        let event = self.tell(at, now, kind, Severity::Warning, what);
        event.metric = Some("cpu_throttled_periods_percent".to_owned());
        event.unit = Some("percent".to_owned());
        *(if begins { &mut event.value_after } else { &mut event.value_before }) = Some(10.0);
    }

    /// Records the tick under way.
    pub(crate) fn read(&mut self, tick: &mut Tick) {
        for at in 0..self.places.len() {
            if self.places[at].down == 0 && self.places[at].unread == 0 {
                self.read_place(at, tick);
            } else {
                self.places[at].before = None;
            }
        }
        if self.tables.contains(&Table::Node) {
            self.read_host(tick);
        }
        // What lies ahead (a restart) is told when it has come.
        let due = self.events.iter().filter(|e| e.time <= tick.tick).cloned();
        if self.has_events {
            tick.events.extend(due);
        }
        self.events.retain(|e| e.time > tick.tick);
        tick.ended.append(&mut self.ended);
    }

    fn read_place(&mut self, at: usize, tick: &mut Tick) {
        let series = self.places[at].series.unwrap_or_else(|| self.introduce(at, tick));
        let place = &mut self.places[at];
        let time = tick.tick + 2000 + at as i64 * 40 + i64::from(self.random.below(30));
        if self.tables.contains(&Table::Containers) {
            let mut put = Put::new(tick.rows_mut(Table::Containers).push(series, time), &self.wanted);
            place.before = Some(place.workload.read(time, place.before, &mut put));
            self.rows += 1;
            self.values += put.values();
        }
        for process in &mut place.processes {
            let row = tick.rows_mut(Table::Processes).push(process.series, time + 20);
            process.read(time + 20, &place.workload, row);
        }
        let since = (tick.tick - place.first_seen) / SECOND;
        if self.tables.contains(&Table::Identities) && since % IDENTITY_EVERY == 0 {
            use fgm::metric::identities as i;
            let now = tick.tick;
            let mut row = tick.rows_mut(Table::Identities).push(series, now);
            row.set_time(i::first_seen, place.first_seen);
            row.set_time(i::last_seen, now);
            row.set(i::restart_count, place.restarts);
        }
    }

    /// Defines the series of a container that the run has not seen yet.
    fn introduce(&mut self, at: usize, tick: &mut Tick) -> SeriesId {
        let mut series = || {
            self.next_series += 1;
            self.next_series
        };
        let id = series();
        let place = &mut self.places[at];
        if self.tables.contains(&Table::Containers) {
            tick.defs.push(place.identity.container(id));
        }
        if self.tables.contains(&Table::Identities) {
            tick.defs.push(place.identity.identity(id));
        }
        for process in &mut place.processes {
            process.series = series();
            tick.defs.push(place.identity.process(process.series, process.pid, process.start_ticks));
        }
        place.series = Some(id);
        place.first_seen = tick.tick;
        self.tell(at, tick.tick, EventKind::SubjectStart, Severity::Info, "started");
        id
    }

    fn read_host(&mut self, tick: &mut Tick) {
        let series = self.host_series.unwrap_or_else(|| {
            tick.defs.push(names::host(0));
            0
        });
        self.host_series = Some(series);
        let user: i64 = self.places.iter().map(|p| p.workload.cpu().0).sum();
        // Containers that have ended take their time with them; the host's does not fall.
        self.host_cpu = self.host_cpu.max(user) + 10_000;
        let anon: i64 = self.places.iter().map(|p| p.workload.anon()).sum();
        let time = tick.tick + 1000;
        let mut row = tick.rows_mut(Table::Node).push(series, time);
        row.set(host::cpu_user_usec_total, self.host_cpu / 10_000 * 10_000);
        row.set(host::procs_running, 1 + i64::from(self.random.below(8)));
        row.set(host::memory_total_bytes, 64 << 30);
        row.set(host::memory_anon_bytes, anon);
        row.set(host::memory_available_bytes, (60 << 30) - anon);
    }
}
