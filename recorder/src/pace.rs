//! When the next tick is: multiples of the interval on the wall clock, counted by a clock that never goes back.
//!
//! Owns: the schedule, missed ticks, clock steps, and waking up early to stop. Must not: sample.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use fgm::time::{Micros, next_tick};
use rustix::time::{ClockId, clock_gettime};

/// Ends a recording from another thread; clones share the same switch.
#[derive(Clone, Debug, Default)]
pub struct StopHandle {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl StopHandle {
    /// A handle that has not been used.
    pub fn new() -> StopHandle {
        StopHandle::default()
    }

    /// Asks the recorder to finish; a sleeping one wakes at once.
    pub fn stop(&self) {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.inner.1.notify_all();
    }

    /// Whether somebody has asked.
    pub fn is_stopped(&self) -> bool {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps; returns whether it was woken to stop.
    pub fn sleep(&self, time: Duration) -> bool {
        let guard = self.inner.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.inner.1.wait_timeout_while(guard, time, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The two clocks that a schedule needs.
pub trait Clock {
    /// Wall clock, µs since the epoch.
    fn wall(&self) -> Micros;
    /// Microseconds since some start; runs on through suspension and never goes back.
    fn steady(&self) -> Micros;
    /// Sleeps unless stopped; returns whether to stop.
    fn sleep(&self, time: Duration, stop: &StopHandle) -> bool;
}

/// The host's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock;

fn micros(clock: ClockId) -> Micros {
    let t = clock_gettime(clock);
    t.tv_sec * 1_000_000 + t.tv_nsec / 1000
}

impl Clock for HostClock {
    fn wall(&self) -> Micros {
        micros(ClockId::Realtime)
    }

    fn steady(&self) -> Micros {
        micros(ClockId::Boottime)
    }

    fn sleep(&self, time: Duration, stop: &StopHandle) -> bool {
        stop.sleep(time)
    }
}

/// CPU time of the calling thread, µs.
pub(crate) fn thread_cpu() -> Micros {
    micros(ClockId::ThreadCPUTime)
}

/// CPU time of the process, µs.
pub(crate) fn process_cpu() -> Micros {
    micros(ClockId::ProcessCPUTime)
}

/// Page faults of the process, minor and major.
pub(crate) fn own_faults() -> (Option<u64>, Option<u64>) {
    let usage = usage(libc::RUSAGE_SELF);
    let count = |of: fn(&libc::rusage) -> libc::c_long| u64::try_from(of(usage.as_ref()?)).ok();
    (count(|u| u.ru_minflt), count(|u| u.ru_majflt))
}

/// CPU time of the process's children that have ended, µs.
pub(crate) fn children_cpu() -> Option<u64> {
    let usage = usage(libc::RUSAGE_CHILDREN)?;
    let usec = |t: libc::timeval| u64::try_from(t.tv_sec * 1_000_000 + t.tv_usec).ok();
    Some(usec(usage.ru_utime)? + usec(usage.ru_stime)?)
}

fn usage(who: libc::c_int) -> Option<libc::rusage> {
    // SAFETY: all fields are plain numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole rusage that lives through the call.
    let done = unsafe { libc::getrusage(who, &raw mut usage) };
    (done == 0).then_some(usage)
}

/// One tick that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Number of the scheduled tick, from 0.
    pub tick_no: i64,
    /// Its scheduled time.
    pub tick: Micros,
    /// How late it begins, µs.
    pub late: Micros,
    /// Scheduled ticks that were lost just before it.
    pub missed: i64,
    /// How far the wall clock was set, if it was, µs.
    pub stepped: Option<Micros>,
}

/// Steps of the wall clock from which on the schedule is aligned anew, as a share of the interval; smaller ones only
/// make one tick early or late.
const STEP_SHARE: Micros = 10;

/// Hands out ticks.
#[derive(Debug)]
pub struct Pacer<C> {
    clock: C,
    interval: Micros,
    last: Option<(i64, Micros)>,
    /// Wall clock less steady clock when last looked at.
    offset: Micros,
}

impl<C: Clock> Pacer<C> {
    /// A schedule that begins with the next multiple of `interval` (µs).
    pub fn new(clock: C, interval: Micros) -> Pacer<C> {
        let offset = clock.wall() - clock.steady();
        Pacer { clock, interval, last: None, offset }
    }

    /// Waits for the next tick; `None` when stopped or when the wait would pass `until` on the steady clock.
    pub fn next(&mut self, stop: &StopHandle, until: Option<Micros>) -> Option<Slot> {
        let mut jump = 0;
        let mut target = match self.last {
            Some((_, tick)) => tick + self.interval,
            None => next_tick(self.clock.wall(), self.interval),
        };
        loop {
            if stop.is_stopped() {
                return None;
            }
            let (wall, steady) = self.look();
            let step = wall - steady - self.offset;
            // Slow drift is followed; a jump is a step.
            self.offset = wall - steady;
            if step.abs() > self.interval.div_euclid(STEP_SHARE).min(100_000) {
                jump += step;
                target = next_tick(wall, self.interval);
            }
            // A tick that was due in time may begin a little late, but one that cannot keep up has to end, too.
            if until.is_some_and(|u| steady + (target - wall) > u || steady > u + self.interval) {
                return None;
            }
            if wall >= target {
                return Some(self.due(target, wall, (jump != 0).then_some(jump)));
            }
            let wait = (target - wall).min(1_000_000);
            if self.clock.sleep(Duration::from_micros(wait.unsigned_abs()), stop) {
                return None;
            }
        }
    }

    /// Both clocks at one moment: a reading that was interrupted in between is repeated.
    fn look(&self) -> (Micros, Micros) {
        let mut best = (self.clock.wall(), self.clock.steady());
        let mut spread = Micros::MAX;
        for _ in 0..3 {
            let before = self.clock.steady();
            let wall = self.clock.wall();
            let after = self.clock.steady();
            if after - before < spread {
                spread = after - before;
                best = (wall, after);
            }
            if spread < 200 {
                break;
            }
        }
        best
    }

    fn due(&mut self, target: Micros, wall: Micros, stepped: Option<Micros>) -> Slot {
        let missed = (wall - target).div_euclid(self.interval);
        let tick = target + missed * self.interval;
        let slot = match self.last {
            None => Slot { tick_no: missed, tick, late: wall - tick, missed, stepped },
            // A step leaves one number out, so that no reader takes the two ticks around it for neighbours.
            Some((no, _)) => {
                let missed = missed + i64::from(stepped.is_some());
                Slot { tick_no: no + 1 + missed, tick, late: wall - tick, missed, stepped }
            }
        };
        self.last = Some((slot.tick_no, tick));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::time::SECOND;
    use std::cell::Cell;

    /// Clocks that move only by sleeping, by work and by being set.
    struct Fake {
        wall: Cell<Micros>,
        steady: Cell<Micros>,
    }

    impl Fake {
        fn at(wall: Micros) -> Fake {
            Fake { wall: Cell::new(wall), steady: Cell::new(7) }
        }

        fn work(&self, t: Micros) {
            self.wall.set(self.wall.get() + t);
            self.steady.set(self.steady.get() + t);
        }
    }

    impl Clock for &Fake {
        fn wall(&self) -> Micros {
            self.wall.get()
        }

        fn steady(&self) -> Micros {
            self.steady.get()
        }

        fn sleep(&self, time: Duration, stop: &StopHandle) -> bool {
            self.work(time.as_micros() as Micros + 50);
            stop.is_stopped()
        }
    }

    fn next(p: &mut Pacer<&Fake>) -> Slot {
        p.next(&StopHandle::new(), None).unwrap()
    }

    /// REC-5: ticks are multiples of the interval; lateness is told.
    #[test]
    fn ticks_line_up_with_the_wall_clock() {
        let fake = Fake::at(10 * SECOND + 300_000);
        let mut p = Pacer::new(&fake, SECOND);
        let a = next(&mut p);
        assert_eq!((a.tick_no, a.tick, a.missed, a.stepped), (0, 11 * SECOND, 0, None));
        assert!(a.late < 1000);
        fake.work(1_200_000);
        let b = next(&mut p);
        assert_eq!((b.tick_no, b.tick, b.missed), (1, 12 * SECOND, 0), "late is not lost");
        assert!(b.late >= 200_000);
    }

    /// REC-5: a tick that could not be taken is skipped and counted, never smeared.
    #[test]
    fn missed_ticks_are_counted() {
        let fake = Fake::at(0);
        let mut p = Pacer::new(&fake, SECOND);
        assert_eq!(next(&mut p).tick, 0);
        fake.work(10 * SECOND + 10);
        let b = next(&mut p);
        assert_eq!((b.tick_no, b.tick, b.missed), (10, 10 * SECOND, 9));
    }

    /// REC-5, REC-9: when the clock is set, numbers go on and a gap shows where it was.
    #[test]
    fn steps_of_the_clock() {
        let fake = Fake::at(100 * SECOND);
        let mut p = Pacer::new(&fake, SECOND);
        assert_eq!(next(&mut p).tick_no, 0);
        fake.wall.set(fake.wall.get() - 50 * SECOND);
        let b = next(&mut p);
        assert_eq!((b.tick_no, b.tick, b.missed), (2, 50 * SECOND, 1));
        assert_eq!(b.stepped, Some(-50 * SECOND));
        fake.wall.set(fake.wall.get() + 3600 * SECOND);
        let c = next(&mut p);
        assert_eq!((c.tick_no, c.missed, c.stepped), (4, 1, Some(3600 * SECOND)));
        let d = next(&mut p);
        assert_eq!((d.tick_no, d.tick, d.stepped), (5, c.tick + SECOND, None));
    }

    /// REC-5: a drift of the clock is followed without gaps.
    #[test]
    fn slewing_is_not_a_step() {
        let fake = Fake::at(0);
        let mut p = Pacer::new(&fake, SECOND);
        for n in 0..100 {
            let s = next(&mut p);
            assert_eq!((s.tick_no, s.tick, s.stepped), (n, n * SECOND, None));
            fake.wall.set(fake.wall.get() + 500);
        }
    }

    #[test]
    fn stops_at_once_and_at_the_end() {
        let stop = StopHandle::new();
        let mut p = Pacer::new(HostClock, 3600 * SECOND);
        let other = stop.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            other.stop();
        });
        let began = std::time::Instant::now();
        assert_eq!(p.next(&stop, None), None);
        assert!(began.elapsed() < Duration::from_secs(5));
        thread.join().unwrap();
        let fake = Fake::at(1);
        assert_eq!(Pacer::new(&fake, SECOND).next(&StopHandle::new(), Some(1000)), None);
        // One that is always late ends as well.
        let fake = Fake::at(0);
        let mut p = Pacer::new(&fake, SECOND);
        let mut ticks = 0;
        while p.next(&StopHandle::new(), Some(10 * SECOND)).is_some() {
            fake.work(1_900_000);
            ticks += 1;
        }
        assert!((5..=7).contains(&ticks), "{ticks}");
    }
}
