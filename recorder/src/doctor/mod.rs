//! What this host can and cannot give, one finding per line (REC-9).
//!
//! Owns: what is looked at, in which order, and how findings are shown. Must not: discover or sample in ways of its
//! own: it takes one tick with the recorder's sampler and reports what that met.

mod host;
mod processes;
mod sampled;
mod store;

use std::fmt;

use serde_json::{Value, json};

use crate::config::Config;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing is lost by it.
    Note,
    /// Something cannot be recorded.
    Missing,
}

impl Status {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Missing => "missing",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at; stable, for scripts.
    pub check: &'static str,
    /// How it is.
    pub status: Status,
    /// What was found and why, in one line.
    pub text: String,
    /// The way out, where there is one.
    pub remedy: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, text: impl Into<String>) -> Finding {
        Finding { check, status: Status::Ok, text: text.into(), remedy: None }
    }

    fn note(check: &'static str, text: impl Into<String>) -> Finding {
        Finding { status: Status::Note, ..Finding::ok(check, text) }
    }

    fn missing(check: &'static str, text: impl Into<String>) -> Finding {
        Finding { status: Status::Missing, ..Finding::ok(check, text) }
    }

    fn remedy(self, remedy: impl Into<String>) -> Finding {
        Finding { remedy: Some(remedy.into()), ..self }
    }

    /// As one element of the JSON answer.
    pub fn to_json(&self) -> Value {
        json!({ "check": self.check, "status": self.status.name(), "text": self.text, "remedy": self.remedy })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<19} {}", self.status.name(), self.check, self.text)?;
        self.remedy.iter().try_for_each(|r| write!(f, " → {r}"))
    }
}

/// Looks at everything that a recording with these settings would need.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut out = vec![host::kernel()];
    sampled::examine(config, &mut out);
    out.push(host::node_pressure(&config.proc_root));
    processes::examine(&config.proc_root, &mut out);
    out.push(host::clock());
    out.extend(store::examine(config));
    out
}
