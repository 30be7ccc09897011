//! The processes of a container, which share its load.
//!
//! Owns: rows of `processes`. Must not: decide how much load there is.

use fgm::metric::processes as p;
use fgm::store::tick::{Row, SeriesId};
use fgm::time::{Micros, SECOND};

use super::random::Random;
use super::workload::Workload;

/// Ticks between readings of a process's PSS.
const PSS_EVERY: u32 = 20;

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) series: SeriesId,
    pub(crate) pid: i64,
    pub(crate) start_ticks: i64,
    /// Its part of the container's load.
    share: f64,
    threads: i64,
    pss_age: u32,
    /// Time and CPU time on the previous tick, if that was recorded.
    before: Option<(Micros, i64)>,
}

impl Process {
    /// `of`: how many processes the container has.
    pub(crate) fn draw(pid: i64, of: u32, random: &mut Random) -> Process {
        Process {
            series: 0,
            pid,
            start_ticks: pid * 7,
            share: random.between(0.2, 1.0) / f64::from(of),
            threads: 1 + i64::from(random.below(8)),
            pss_age: random.below(PSS_EVERY),
            before: None,
        }
    }

    /// What a recorder that has not run or looked does not know.
    pub(crate) fn forget(&mut self) {
        self.before = None;
    }

    /// Writes its row.
    pub(crate) fn read(&mut self, time: Micros, container: &Workload, mut row: Row<'_>) {
        let part = |whole: i64| (whole as f64 * self.share) as i64;
        // The kernel counts a process's time in clock ticks of 10 ms.
        let clock = |usec: i64| part(usec) / 10_000 * 10_000;
        let (user, system) = container.cpu();
        let (user, system) = (clock(user), clock(system));
        let used = user + system;
        row.set(p::cpu_usage_usec_total, used);
        row.set(p::cpu_user_usec_total, user);
        row.set(p::cpu_system_usec_total, system);
        if let Some((then, before)) = self.before.filter(|b| b.1 <= used) {
            let millicores = (used - before) as f64 * (SECOND as f64 / 1000.0) / (time - then) as f64;
            row.set_fixed(p::cpu_usage_millicores, millicores);
            row.set_fixed(p::cpu_percent_of_core, millicores / 10.0);
        }
        self.before = Some((time, used));
        let anon = part(container.anon());
        row.set(p::threads, self.threads);
        row.set(p::minor_faults_total, anon / 4096);
        row.set(p::major_faults_total, 0);
        row.set(p::memory_rss_bytes, anon + (8 << 20));
        row.set(p::memory_rss_anon_bytes, anon);
        row.set(p::memory_rss_file_bytes, 8 << 20);
        row.set(p::memory_virtual_bytes, anon * 4 + (64 << 20));
        row.set(p::open_files, 8 + container.tasks());
        if self.pss_age == 0 {
            row.set(p::memory_pss_bytes, anon + (3 << 20));
            row.set(p::memory_uss_bytes, anon);
        }
        row.set(p::memory_pss_age_ticks, i64::from(self.pss_age));
        self.pss_age = (self.pss_age + 1) % PSS_EVERY;
    }
}
