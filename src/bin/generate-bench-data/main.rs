//! `generate-bench-data`: recordings that nobody had to wait for, of any size, the same for the same seed.
//!
//! Owns: the command line and its messages. Must not: know how files are written: what it makes goes through the
//! store's own writer, so that it is what the recorder would have sealed.
//!
//! ```text
//! cargo run --release --bin generate-bench-data -- --scenario production --out DIR
//! ```

mod generate;
mod names;
mod node;
mod plan;
mod process;
mod random;
mod row;
mod scenario;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use scenario::Scenario;

const USAGE: &str = "\
Usage: generate-bench-data --out DIR [--scenario small|medium|large|production] [OPTION VALUE]…

  --out DIR         where the recording goes; must not hold one yet
  --scenario NAME   small (the default):   2 files ×  10 containers ×  5 metrics,  10,000 values a file
                    medium:               50 files ×  50 containers × 30 metrics,  50,000 values a file
                    large:               200 files × 100 containers × 30 metrics, 100,000 values a file
                    production:          500 files × 100 containers × 30 metrics, 100,000 values a file
  --seed N          another recording of the same kind (default 1)
  --files N, --containers N, --metrics N, --values N (a file)
                    change what the scenario says
  --processes N     processes of each container, in the table processes (default 0)
  --tables A,B      of containers, node, identities, events (default containers,identities,events)

A value is a cell that is not null. One tick is a second; a file covers as many as its values need.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|w| w == "--help" || w == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let (scenario, out) = match parse(&words) {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!("generate-bench-data: {wrong}; --help lists the options");
            return ExitCode::from(2);
        }
    };
    match generate::generate(&out, &scenario) {
        Ok(made) => {
            println!("{}: {} files of containers, {made}", out.display(), scenario.files);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("generate-bench-data: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the words ask for, or what is wrong with them.
fn parse(words: &[String]) -> Result<(Scenario, PathBuf), String> {
    let mut pairs = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let name = word.strip_prefix("--").ok_or_else(|| format!("{word:?} is no option"))?;
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => (name, rest.next().cloned().ok_or_else(|| format!("--{name} needs a value"))?),
        };
        pairs.push((name, value));
    }
    // The scenario first, wherever it stands: the other options change what it says.
    let named = pairs.iter().rev().find(|(name, _)| *name == "scenario");
    let mut scenario = Scenario::named(named.map_or("small", |(_, value)| value))?;
    let mut out = None;
    for (name, value) in &pairs {
        match *name {
            "scenario" => {}
            "out" => out = Some(PathBuf::from(value)),
            _ => scenario.set(name, value)?,
        }
    }
    scenario.check()?;
    Ok((scenario, out.ok_or("--out DIR is missing")?))
}
