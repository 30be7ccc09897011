//! The log on stderr.
//!
//! Owns: how lines look, and which are said (`RUST_LOG`). Must not: end a recording because a line cannot be written.

use std::io::{IsTerminal, Write, stderr};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// Everything from here on is logged.
pub(crate) fn start(format: LogFormat) {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let wanted = if wanted.is_empty() { "info".to_owned() } else { wanted };
    let (filter, wrong) = match EnvFilter::try_new(&wanted) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_target(false)
        // A log that cannot be written is not worth a recording: reporting that on stderr would panic.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => {
            let ansi = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(ansi).init();
        }
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    if let Some(error) = wrong {
        tracing::warn!("RUST_LOG={wanted} is not understood, logging at info: {error}");
    }
}

/// Why the program ends: said whatever `RUST_LOG` says.
pub(crate) fn last_words(format: LogFormat, error: &impl std::fmt::Display) {
    let line = match format {
        LogFormat::Text => format!("fgm-recorder: {error}"),
        LogFormat::Json => serde_json::json!({ "level": "ERROR", "message": error.to_string() }).to_string(),
    };
    // Nobody may be listening any more.
    let _ = writeln!(stderr(), "{line}");
}
