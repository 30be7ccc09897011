//! Compaction beside a recording, in a process of its own: what merging needs of memory is gone when it ends, and what goes
//! wrong inside a library ends there.
//!
//! Owns: what the two processes say to each other: a job in, an outcome out, one line of JSON each. Must not: merge.
//!
//! The job's pipe stays open as long as the recorder lives and wants the work done: its end stops the compaction,
//! so that none outlives a recorder that was killed.

use std::io::{self, BufRead, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Control, Memory, Options, RealDisk, Report, compact, wall};
use crate::store::error::StoreError;

#[derive(Serialize, Deserialize)]
struct Job {
    share: f64,
    options: Options,
    memory: Memory,
}

#[derive(Serialize, Deserialize)]
enum Done {
    Report(Report),
    /// Another process compacts the same store.
    Busy,
    /// One line.
    Failed(String),
}

#[derive(Serialize, Deserialize)]
struct Outcome {
    done: Done,
    memory: Memory,
}

/// Compacts a store like [`compact`], in a process of `program`, which is to call [`serve`] when its arguments are
/// `compact --beside ROOT`.
pub fn compact_in_child(
    program: &Path,
    root: &Path,
    options: &Options,
    control: &Control,
    memory: &mut Memory,
) -> Result<Report, StoreError> {
    let broken = |what: String| StoreError::Beside { root: root.to_owned(), what };
    let job = Job { share: control.share(), options: options.clone(), memory: std::mem::take(memory) };
    let line = serde_json::to_string(&job).map_err(|e| broken(e.to_string()));
    // What was known stays known when the other process dies.
    *memory = job.memory;
    let line = line?;
    let mut command = Command::new(program);
    command.args(["compact", "--beside"]).arg(root).env_clear();
    // Not in the recorder's group: an interrupt from the terminal is the recorder's to pass on.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(StoreError::io("start", program))?;
    let (Some(mut input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(broken("it has no pipes".to_owned()));
    };
    // A child that is gone already says so below.
    let _ = writeln!(input, "{line}");
    control.tie(input);
    let mut said = String::new();
    let read = output.read_to_string(&mut said);
    let status = child.wait().map_err(StoreError::io("wait for", program))?;
    if control.untie() {
        return Ok(Report::default());
    }
    let outcome = read.ok().and_then(|_| serde_json::from_str::<Outcome>(&said).ok());
    let Some(outcome) = outcome else { return Err(broken(status.to_string())) };
    *memory = outcome.memory;
    match outcome.done {
        Done::Report(report) => Ok(report),
        Done::Busy => Err(StoreError::Compacting { root: root.to_owned() }),
        Done::Failed(what) => Err(broken(what)),
    }
}

/// Does the job that stands on standard input, and tells the outcome on standard output.
pub fn serve(root: &Path) -> io::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let Job { share, options, mut memory } = serde_json::from_str(&line)?;
    let control = Arc::new(Control::new(share));
    let theirs = Arc::clone(&control);
    std::thread::Builder::new().name("fgm-lifeline".to_owned()).spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        theirs.stop();
    })?;
    let done = match compact(root, wall(), &options, (&RealDisk, &control), &mut memory) {
        Ok(report) => Done::Report(report),
        Err(StoreError::Compacting { .. }) => Done::Busy,
        Err(error) => Done::Failed(error.to_string()),
    };
    let mut said = serde_json::to_string(&Outcome { done, memory })?;
    said.push('\n');
    io::stdout().lock().write_all(said.as_bytes())
}
