//! A node and the containers that come and go on it.
//!
//! Owns: the places on it, and what a recorder reads of them. Must not: know files or runs.

mod life;

use fgm::event::{Event, EventKind, Severity};
use fgm::metric::{Table, node as host};
use fgm::store::tick::{SeriesId, Tick};
use fgm::time::{Micros, SECOND};

use super::names::{self, Identity, Pod};
use super::process::Process;
use super::random::Random;
use super::row::{Put, Wanted};
use super::scenario::Scenario;
use super::workload::{Reading, Workload};

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
        // What was there before the recorder did not start now.
        if tick.tick_no > 0 {
            self.tell(at, tick.tick, EventKind::SubjectStart, Severity::Info, "started");
        }
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
