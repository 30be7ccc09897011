//! A process's PSS: what it should cost, and one reading of it (REC-6).
//!
//! Owns: what is known of a process's PSS between ticks. Must not: choose whose is read.

use fgm::metric::{Table, processes as p};
use fgm::store::tick::{Row, Tick};
use fgm::time::Micros;

use super::access::{At, Got, Shape};
use super::process::{Bench, Process};
use super::pss::expected_cost;
use crate::pace::thread_cpu;
use crate::read::pid_files::{Rollup, smaps_rollup};

/// What is known of a process's PSS.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pss {
    /// Value and tick of the last reading.
    pub(crate) last: Option<(u64, i64)>,
    /// CPU time of the last reading, µs.
    cost: Option<Micros>,
    /// It may not be read.
    denied: bool,
    /// It has been said that it is read rarely.
    said_rare: bool,
    /// The process ended before its turn came on this tick.
    pub(crate) gone: bool,
}

impl Process {
    /// Ticks since the last PSS reading.
    pub(crate) fn pss_age(&self, tick_no: i64) -> Option<i64> {
        self.pss.last.map(|(_, at)| tick_no - at)
    }

    /// What a PSS reading should cost, if it makes sense to try.
    pub(crate) fn pss_cost(&self) -> Option<Micros> {
        let rss = self.rss.filter(|_| !self.pss.denied)?;
        let guess = expected_cost(rss);
        // A process that has grown costs more than last time.
        Some(self.pss.cost.map_or(guess, |c| c.max(guess / 4)))
    }

    /// Reads PSS into this tick's row; returns what it cost.
    pub(crate) fn read_pss(&mut self, bench: &mut Bench<'_>, tick: &mut Tick) -> Micros {
        let began = thread_cpu();
        let at = At { root: bench.proc_root, dir: &self.dir, name: "smaps_rollup" };
        let rollup = match bench.reader.once(at, Shape::Piece) {
            Got::Text(text) => Some(smaps_rollup(text)),
            Got::Gone => {
                self.pss.gone = true;
                None
            }
            Got::Nothing => {
                self.pss.denied = true;
                None
            }
        };
        let cost = thread_cpu() - began;
        if let Some(r) = rollup
            && let Some(pss) = r.pss
        {
            fill_pss(&r, &mut tick.rows_mut(Table::Processes).row_mut(self.row));
            self.pss.last = Some((pss, bench.reader.tick_no));
        }
        self.pss.cost = Some(cost);
        cost
    }

    /// Says, once per program, that its PSS is read only every so many ticks, and why.
    pub(crate) fn say_rare(&mut self, cost: Micros, every: i64) {
        if !std::mem::replace(&mut self.pss.said_rare, true) {
            tracing::info!(
                pid = self.pid, comm = %String::from_utf8_lossy(&self.names.comm),
                "reading PSS took {:.1} ms, in which the process may have had to wait: it is read every {every} ticks \
                 at most (--pss-budget)",
                cost as f64 / 1000.0
            );
        }
    }
}

fn fill_pss(r: &Rollup, row: &mut Row<'_>) {
    row.set_opt(p::memory_pss_bytes, r.pss);
    row.set_opt(p::memory_pss_anon_bytes, r.pss_anon);
    row.set_opt(p::memory_pss_file_bytes, r.pss_file);
    row.set_opt(p::memory_pss_shmem_bytes, r.pss_shmem);
    row.set_opt(p::memory_uss_bytes, r.uss);
    row.set_opt(p::memory_swap_pss_bytes, r.swap_pss);
}
