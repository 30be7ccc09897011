//! `fgm-recorder`: command line and signals around the library.

mod cli;
mod compact;
mod log;
mod settings;
mod template;

use std::io::Write as _;
use std::process::ExitCode;

use clap::CommandFactory;
use fgm_recorder::doctor::{self, Finding, Status};
use fgm_recorder::{Config, RecordError, StopHandle, record};
use log::LogFormat;
use settings::Refused;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

fn main() -> ExitCode {
    let (args, matches) = match cli::parse(std::env::args_os().collect(), |name| std::env::var_os(name)) {
        Ok(parsed) => parsed,
        Err(Refused::CommandLine(error)) => error.exit(),
        Err(Refused::Below(line)) => {
            log::last_words(LogFormat::Text, &line);
            return ExitCode::from(2);
        }
    };
    match &args.command {
        Some(cli::Task::Config) => print(&template::template(cli::Args::command(), &matches)),
        Some(cli::Task::Compact { dir, older_than, dry_run, beside }) => {
            let dir = dir.clone().unwrap_or_else(|| args.config().output_dir);
            if *beside {
                compact::beside(&dir, args.log_format)
            } else {
                compact::run(&dir, *older_than, *dry_run, args.log_format)
            }
        }
        Some(cli::Task::Doctor { format }) => examine(&args.config(), *format),
        None => record_until_stopped(&args),
    }
}

fn print(text: &str) -> ExitCode {
    if std::io::stdout().write_all(text.as_bytes()).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says what the host gives; success when everything can be recorded.
fn examine(config: &Config, format: cli::Format) -> ExitCode {
    if let Err(error) = config.validate() {
        log::last_words(LogFormat::Text, &error);
        return ExitCode::from(2);
    }
    let findings = doctor::examine(config);
    let text = match format {
        cli::Format::Text => findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n",
        cli::Format::Json => {
            let all: Vec<_> = findings.iter().map(Finding::to_json).collect();
            format!("{:#}\n", serde_json::Value::from(all))
        }
    };
    let missing = findings.iter().any(|f| f.status == Status::Missing);
    let printed = print(&text);
    if missing { ExitCode::FAILURE } else { printed }
}

fn record_until_stopped(args: &cli::Args) -> ExitCode {
    log::start(args.log_format);
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Each error names its cause itself; the chain would say it twice.
            log::last_words(args.log_format, &error);
            let usage = matches!(error.downcast_ref(), Some(RecordError::Setting { .. }));
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn run(args: &cli::Args) -> anyhow::Result<()> {
    let stop = StopHandle::new();
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (stopper, format) = (stop.clone(), args.log_format);
    std::thread::Builder::new().name("fgm-signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if stopper.is_stopped() {
                let text = "ended at once by a second signal; what was written is sealed at the next start";
                log::last_words(format, &text);
                // As a shell would report it.
                std::process::exit(128 + signal);
            }
            stopper.stop();
        }
    })?;
    let summary = record(&args.config(), &stop)?;
    tracing::info!(
        "ticks: {} recorded, {} missed because the recorder was late, {} sampled and not written; {} bytes appended",
        summary.ticks,
        summary.missed,
        summary.lost,
        summary.bytes
    );
    anyhow::ensure!(summary.ticks > 0 || summary.lost == 0, "nothing could be written; see the errors above");
    Ok(())
}
