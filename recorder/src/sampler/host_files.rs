//! Which files of the host are read beside /proc/stat, and which columns of `node` each fills.
//!
//! Owns: the list of files. Must not: open them, or derive one column from another.

use fgm::metric::node as n;
use fgm::store::tick::Row;

use super::cgroup_files::fill_stall;
use crate::read::node::{file_nr, loadavg, meminfo, sockstat, vmstat};
use crate::read::psi::pressure;

/// How a file is read into columns.
#[derive(Clone, Copy, Debug)]
enum Format {
    LoadAvg,
    MemInfo,
    VmStat,
    FileNr,
    /// Its sums are those of all network namespaces.
    SockStat,
    /// The first column of `some`, if it is recorded, and of `full`.
    Pressure(Option<usize>, usize),
}

/// A file below the root of procfs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    format: Format,
}

const fn spec(name: &'static str, format: Format) -> Spec {
    Spec { name, format }
}

/// The files.
pub(crate) static FILES: [Spec; 9] = [
    spec("loadavg", Format::LoadAvg),
    spec("meminfo", Format::MemInfo),
    spec("vmstat", Format::VmStat),
    spec("sys/fs/file-nr", Format::FileNr),
    spec("1/net/sockstat", Format::SockStat),
    spec(
        "pressure/cpu",
        Format::Pressure(Some(n::cpu_pressure_some_usec_total), n::cpu_pressure_full_usec_total),
    ),
    spec(
        "pressure/memory",
        Format::Pressure(Some(n::memory_pressure_some_usec_total), n::memory_pressure_full_usec_total),
    ),
    spec(
        "pressure/io",
        Format::Pressure(Some(n::io_pressure_some_usec_total), n::io_pressure_full_usec_total),
    ),
    // Interrupts stall whatever runs: there is no `some`.
    spec("pressure/irq", Format::Pressure(None, n::irq_pressure_full_usec_total)),
];

/// Fills the columns that a file's text gives.
pub(crate) fn fill(spec: &Spec, text: &[u8], page_bytes: u64, row: &mut Row<'_>) {
    match spec.format {
        Format::LoadAvg => {
            for (column, load) in [n::load1, n::load5, n::load15].into_iter().zip(loadavg(text)) {
                if let Some(load) = load {
                    row.set_fixed(column, load);
                }
            }
        }
        Format::MemInfo => meminfo(text, |column, v| row.set_u64(column, v)),
        Format::VmStat => vmstat(text, |column, v| row.set_u64(column, v)),
        Format::FileNr => {
            let [allocated, _, max] = file_nr(text);
            row.set_opt(n::file_handles_allocated, allocated);
            row.set_opt(n::file_handles_max, max);
        }
        Format::SockStat => sockstat(text, page_bytes, |column, v| row.set_u64(column, v)),
        Format::Pressure(some, full) => {
            let p = pressure(text);
            some.into_iter().zip(p.some).for_each(|(first, s)| fill_stall(s, first, row));
            p.full.iter().for_each(|s| fill_stall(*s, full, row));
        }
    }
}
