//! How a container behaves: what its counters and gauges are from second to second.
//!
//! Owns: the shapes (idle, steady, bursts, throttling, saw-tooth, leak) and the arithmetic that ties the metrics
//! together. Must not: know ticks, runs or files: a container lives on while the recorder does not look.

mod reading;

pub(crate) use reading::Reading;

use super::random::Random;

const MIB: f64 = 1_048_576.0;
/// Length of an enforcement period of the CPU quota, as Kubernetes sets it.
const PERIODS_PER_SECOND: i64 = 10;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Idle,
    Steady,
    Bursts,
    Throttled,
    SawTooth,
    Leak,
}

/// What a second brought about beside numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    None,
    /// It was killed for want of memory.
    Oom,
    /// Throttling began.
    ThrottlingBegan,
    /// Throttling ended.
    ThrottlingEnded,
}

/// What only grows, until the container restarts.
#[derive(Clone, Debug, Default)]
struct Counters {
    user: i64,
    system: i64,
    periods: i64,
    throttled_periods: i64,
    throttled_usec: i64,
    cpu_stall_usec: i64,
    memory_stall_usec: i64,
    faults: i64,
    major_faults: i64,
    oom_kills: i64,
    max_events: i64,
    read_bytes: i64,
    read_ops: i64,
    write_bytes: i64,
    write_ops: i64,
}

/// The state of one container's cgroup.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    shape: Shape,
    random: Random,
    /// Seconds of a swing of its load, of a saw-tooth, and until a leak kills; scaled to the recording's length.
    cycle: i64,
    age: i64,
    base_millicores: f64,
    quota_cores: Option<f64>,
    memory_max: Option<i64>,
    base_bytes: f64,
    burst: u32,
    throttling: bool,
    count: Counters,
    cpu_stall_percent: f64,
    anon: i64,
    file: i64,
    peak: i64,
    tasks: i64,
}

impl Workload {
    /// The behaviour of the container in this place of the node; `cycle` in seconds.
    pub(crate) fn draw(place: u32, limited: bool, cycle: i64, mut random: Random) -> Workload {
        use Shape::{Bursts, Idle, Leak, SawTooth, Steady, Throttled};
        let shapes = [Steady, Bursts, Throttled, Leak, Idle, SawTooth, Idle, Steady, Bursts, Idle];
        let shape = shapes[place as usize % shapes.len()];
        let base_millicores = match shape {
            Idle => random.between(0.3, 3.0),
            Throttled => random.between(300.0, 900.0),
            _ => random.between(20.0, 400.0),
        };
        let base_bytes = random.between(20.0, 400.0) * MIB;
        // What is to be throttled or killed needs its limit.
        let quota = (base_millicores / 1000.0 * if shape == Throttled { 0.8 } else { 3.0 }).max(0.05);
        let quota_cores = (limited || shape == Throttled).then(|| (quota * 20.0).ceil() / 20.0);
        let memory_max = (limited || shape == Leak).then(|| ((base_bytes * 2.0 / MIB).ceil() * MIB) as i64);
        Workload {
            shape,
            cycle: (cycle as f64 * random.between(0.6, 1.4)) as i64 + 2,
            age: 0,
            base_millicores,
            quota_cores,
            memory_max,
            base_bytes,
            burst: 0,
            throttling: false,
            count: Counters::default(),
            cpu_stall_percent: 0.0,
            anon: (base_bytes * 0.6) as i64,
            file: (base_bytes * 0.2) as i64,
            peak: 0,
            tasks: 1 + i64::from(random.below(40)),
            random,
        }
    }

    /// The same workload after a restart: what it is stays, what it counted is gone.
    pub(crate) fn restarted(&self, random: Random) -> Workload {
        let mut new = self.clone();
        new.reset();
        Workload { random, age: 0, throttling: false, burst: 0, anon: (self.base_bytes * 0.6) as i64, ..new }
    }

    /// Counters fall to zero in place, as when a manager makes the cgroup anew under the same inode.
    pub(crate) fn reset(&mut self) {
        self.count = Counters::default();
    }

    /// Lives for a second.
    pub(crate) fn second(&mut self) -> Turn {
        self.age += 1;
        let turn = self.use_cpu();
        self.do_io();
        if self.use_memory() { Turn::Oom } else { turn }
    }

    /// From 0 to 1 and back over a cycle.
    fn swing(&self) -> f64 {
        let at = (self.age % self.cycle) as f64 / self.cycle as f64;
        1.0 - (2.0 * at - 1.0).abs()
    }

    fn demand(&mut self) -> f64 {
        let noise = self.random.between(0.94, 1.06);
        match self.shape {
            Shape::Idle if self.random.chance(0.01) => self.base_millicores * 20.0,
            Shape::Idle => self.base_millicores * noise,
            Shape::Throttled => self.base_millicores * noise * (0.3 + self.swing()),
            Shape::Bursts => {
                if self.burst == 0 && self.random.chance(0.01) {
                    // Often a single second: the spike that must survive every zoom level.
                    self.burst = 1 + self.random.below(3) * self.random.below(6);
                }
                let high = self.burst > 0;
                self.burst = self.burst.saturating_sub(1);
                self.base_millicores * noise * if high { 8.0 } else { 0.2 }
            }
            Shape::Steady | Shape::SawTooth | Shape::Leak => {
                self.base_millicores * noise * (0.7 + 0.5 * self.swing())
            }
        }
    }

    fn use_cpu(&mut self) -> Turn {
        let demand = self.demand();
        let allowed = self.quota_cores.map_or(f64::INFINITY, |q| q * 1000.0);
        let used = demand.min(allowed);
        let usec = (used * 1000.0) as i64;
        let system = (usec as f64 * self.random.between(0.1, 0.3)) as i64;
        self.count.system += system;
        self.count.user += usec - system;
        let excess = ((demand - used) / allowed).clamp(0.0, 1.0);
        if self.quota_cores.is_some() && used > 1.0 {
            self.count.periods += PERIODS_PER_SECOND;
            self.count.throttled_periods += (excess * PERIODS_PER_SECOND as f64).ceil() as i64;
            self.count.throttled_usec += (excess * 400_000.0 * self.random.between(0.8, 1.2)) as i64;
        }
        let stall =
            excess * 0.8 + if self.random.chance(0.05) { self.random.between(0.0, 0.02) } else { 0.0 };
        self.count.cpu_stall_usec += (stall * 1e6) as i64;
        self.cpu_stall_percent += (stall * 100.0 - self.cpu_stall_percent) / 10.0;
        let throttled = excess > 0.0;
        match (self.shape == Shape::Throttled, std::mem::replace(&mut self.throttling, throttled), throttled)
        {
            (true, false, true) => Turn::ThrottlingBegan,
            (true, true, false) => Turn::ThrottlingEnded,
            _ => Turn::None,
        }
    }

    /// True when it was killed.
    fn use_memory(&mut self) -> bool {
        let page = 4096.0;
        let grown = match self.shape {
            Shape::Idle => 0.0,
            Shape::Leak => self.base_bytes * 1.25 / self.cycle as f64 * self.random.between(0.0, 2.0),
            // Rises through a cycle, then the garbage goes at once.
            Shape::SawTooth if self.age % self.cycle == 0 => self.base_bytes * 0.6 - self.anon as f64,
            Shape::SawTooth => self.base_bytes * 0.7 / self.cycle as f64 * self.random.between(0.2, 1.8),
            _ if self.random.chance(0.3) => self.random.between(-64.0, 64.0) * page,
            _ => 0.0,
        };
        let pages = (grown / page) as i64;
        self.anon = (self.anon + pages * 4096).max(1 << 20);
        self.count.faults +=
            pages.max(0) + i64::from(self.random.below(30)) * i64::from(self.shape != Shape::Idle);
        self.count.major_faults += i64::from(self.random.chance(0.002));
        let total = self.current();
        self.peak = self.peak.max(total);
        let Some(max) = self.memory_max else { return false };
        if total > max {
            // First the cache goes, then the program.
            self.count.max_events += 1;
            self.count.memory_stall_usec += i64::from(self.random.below(300_000));
            self.file = (self.file - (total - max)).max(0);
        }
        let killed = self.anon > max - (max >> 5);
        self.count.oom_kills += i64::from(killed);
        killed
    }

    fn do_io(&mut self) {
        if self.shape == Shape::Idle {
            return;
        }
        if self.random.chance(0.2) {
            let ops = 1 + i64::from(self.random.below(40));
            self.count.write_ops += ops;
            self.count.write_bytes += ops * 4096 * (1 + i64::from(self.random.below(8)));
        }
        if self.random.chance(0.05) {
            let ops = 1 + i64::from(self.random.below(200));
            self.count.read_ops += ops;
            self.count.read_bytes += ops * 4096 * (1 + i64::from(self.random.below(16)));
            self.file += ops * 4096 / 8;
        }
        if self.random.chance(0.02) {
            self.tasks = (self.tasks + i64::from(self.random.below(5)) - 2).max(1);
        }
    }

    fn current(&self) -> i64 {
        self.anon + self.file + self.kernel()
    }

    fn kernel(&self) -> i64 {
        self.tasks * 16_384 + 1_048_576
    }

    /// Kills for want of memory so far.
    pub(crate) fn oom_kills(&self) -> i64 {
        self.count.oom_kills
    }

    /// CPU time so far, µs in user and in kernel mode.
    pub(crate) fn cpu(&self) -> (i64, i64) {
        (self.count.user, self.count.system)
    }

    /// Resident anonymous memory.
    pub(crate) fn anon(&self) -> i64 {
        self.anon
    }

    pub(crate) fn tasks(&self) -> i64 {
        self.tasks
    }
}
