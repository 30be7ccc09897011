//! `score-periodicity`: what the periodicity study says of each series of a labelled set, for a scorer to judge.
//!
//! Owns: the command line and the output. Must not: decide anything about periods.
//!
//! ```text
//! cargo run --release --bin score-periodicity -- SERIES.parquet > predictions.csv
//! ```
//!
//! Input columns `series_id` (text), `time` (seconds) and `value`; output `series_id,is_periodic,period_s,score`, with
//! several periods joined by `;`, the best first. The CPU time that it took goes to stderr.

mod counter;
mod input;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fgm::analysis::Grid;
use fgm::analysis::period::{Finder, Options, Verdict};

const USAGE: &str = "usage: score-periodicity SERIES.parquet (columns series_id, time in seconds, value)";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("score-periodicity: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(path: &Path) -> Result<(), String> {
    let all = input::read(path)?;
    let mut finder = Finder::default();
    let began = cpu_ms();
    let answers: Vec<(&str, Verdict)> = all
        .iter()
        .map(|(id, points)| {
            let grid = Grid::new(&counter::rate_if_counter(points), None);
            (id.as_str(), finder.find(&grid, &Options::default()))
        })
        .collect();
    let taken = cpu_ms() - began;
    write(&answers).map_err(|e| format!("standard output: {e}"))?;
    let values: usize = all.iter().map(|(_, points)| points.len()).sum();
    eprintln!("{} series, {values} values, {taken:.0} ms of CPU", all.len());
    Ok(())
}

fn write(answers: &[(&str, Verdict)]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "series_id,is_periodic,period_s,score")?;
    for (id, verdict) in answers {
        let (periods, score) = match verdict {
            Verdict::Periodic(periods) => (
                periods.iter().map(|p| format!("{:.4}", p.period_s)).collect::<Vec<_>>().join(";"),
                periods.iter().map(|p| p.z).fold(0.0, f64::max),
            ),
            Verdict::Aperiodic { strongest } => (String::new(), *strongest),
            Verdict::NotEnough(_) => (String::new(), 0.0),
        };
        writeln!(out, "{id},{},{periods},{score:.4}", !periods.is_empty())?;
    }
    out.flush()
}

/// CPU time of this thread.
fn cpu_ms() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on every Linux, and `time` outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
