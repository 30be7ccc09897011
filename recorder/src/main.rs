//! `fgm-recorder`: command line and signals around the library.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use fgm_recorder::{RecordError, StopHandle, record};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(ansi)
        .init();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Each error names its cause itself; the chain would say it twice.
            eprintln!("fgm-recorder: {error}");
            let usage = matches!(error.downcast_ref(), Some(RecordError::Setting { .. }));
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn run(args: &cli::Args) -> anyhow::Result<()> {
    let stop = StopHandle::new();
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let stopper = stop.clone();
    std::thread::Builder::new().name("fgm-signals".to_owned()).spawn(move || {
        if signals.forever().next().is_some() {
            stopper.stop();
        }
    })?;
    let summary = record(&args.config(), &stop)?;
    tracing::info!(
        "recorded {} ticks ({} missed, {} lost), {} bytes appended",
        summary.ticks,
        summary.missed,
        summary.lost,
        summary.bytes
    );
    Ok(())
}
