//! From the command line to the screen, and from there to an exit code.
//!
//! Owns: what is said when there is nothing to draw. Must not: draw.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fgm::query::Engine;
use fgm::query::model::Overview;

use crate::argv;
use crate::cli::{self, Cli, Failure, NOTHING, Target, UNREADABLE, USAGE};
use crate::headless::{self, ViewArgs, view};
use crate::live::{Left, Live};
use crate::run::{self, End, Opened};
use crate::state::Place;
use crate::terminal;
use crate::text::clean;

/// The whole program.
pub fn main() -> ExitCode {
    let argv = argv::understood(std::env::args_os().collect(), std::path::Path::exists);
    match start(&Cli::parse_from(argv)) {
        Ok(code) => code,
        Err(f) => {
            eprintln!("fgm-tui: {}", clean(&f.line));
            ExitCode::from(f.code)
        }
    }
}

fn start(cli: &Cli) -> Result<ExitCode, Failure> {
    if let Some(command) = &cli.command {
        return headless::run(command, std::env::var_os("FGM_DATA").map(PathBuf::from));
    }
    let settings = cli.look.settings()?;
    let interactive = terminal::check();
    if cli.print {
        let paths = cli::recordings(&cli.paths, std::env::var_os("FGM_DATA").map(PathBuf::from))?;
        return headless::printed(open(&paths)?, cli, &settings);
    }
    let target = cli.target(std::env::var_os("FGM_DATA").map(PathBuf::from), interactive.is_ok())?;
    let tty = || {
        interactive.map_err(|what| {
            Failure::new(
                USAGE,
                format!("{what} is not a terminal; the viewer needs one for input and output"),
            )
        })
    };
    let end = match target {
        Target::Paths(paths) => {
            let engine = open(&paths)?;
            tty()?;
            run::run(first(engine, cli, paths)?, &settings)
        }
        Target::Live => {
            tty()?;
            if cli.view != ViewArgs::default() {
                let line = "what is shown first can be chosen of a recording only, not of what --live is about to record";
                return Err(Failure::new(USAGE, line));
            }
            let failed = |line| Failure::new(UNREADABLE, line);
            let live = Live::start(cli.output_dir.clone(), cli.interval).map_err(failed)?;
            let opened = Opened {
                source: Box::new(live.open().map_err(failed)?),
                paths: vec![live.dir().to_owned()],
                zone: cli.zone(),
                opening: None,
                place: None,
            };
            let end = run::run(opened, &settings);
            let left = live.finish();
            say(&left);
            match (left.trouble, end) {
                (Some(_), Ok(End::Quit)) => return Ok(ExitCode::from(NOTHING)),
                (_, end) => end,
            }
        }
    };
    match end {
        Ok(End::Quit) => Ok(ExitCode::SUCCESS),
        Ok(End::Signal(s)) => Ok(ExitCode::from(128 + s as u8)),
        Ok(End::Panicked) => Ok(ExitCode::from(101)),
        // Mostly a terminal that has gone away; there may be nobody to read this.
        Err(e) => Err(Failure::new(UNREADABLE, format!("cannot use the terminal: {e}"))),
    }
}

/// The recording with what is shown of it first: what flags ask for, else the last view.
fn first(engine: Engine, cli: &Cli, paths: Vec<PathBuf>) -> Result<Opened, Failure> {
    let place = Place::of(&paths, |name| std::env::var_os(name).map(PathBuf::from));
    let (engine, asked) = view::asked(engine, &cli.view, &cli.zone());
    let last = || place.as_ref().filter(|_| !cli.fresh)?.read();
    let opening = match asked? {
        Some(opening) => Some(opening),
        None => last().map(|v| view::kept(&engine, &v)),
    };
    Ok(Opened { source: Box::new(engine), paths, zone: cli.zone(), opening, place })
}

/// What a live session has left behind.
fn say(left: &Left) {
    if let Some(line) = &left.trouble {
        eprintln!("fgm-tui: {}", clean(line));
    }
    if let Some(dir) = &left.dir {
        let how = if left.other { "another recorder goes on recording into" } else { "the recording is in" };
        eprintln!("fgm-tui: {how} {}", clean(&dir.display().to_string()));
    }
}

fn open(paths: &[PathBuf]) -> Result<Engine, Failure> {
    let engine = Engine::open(paths).map_err(|e| Failure::new(UNREADABLE, e.to_string()))?;
    match nothing(&engine.overview(), paths) {
        Some(failure) => Err(failure),
        None => Ok(engine),
    }
}

/// Why there is nothing to show, if so.
pub(crate) fn nothing(o: &Overview, paths: &[PathBuf]) -> Option<Failure> {
    if o.range.is_some() || o.live {
        return None;
    }
    let names = paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    Some(match o.problems.as_slice() {
        [] => Failure::new(
            NOTHING,
            format!(
                "{names}: no recording there (record one with fgm-recorder -o DIR, or run fgm-tui --live)"
            ),
        ),
        [p] => Failure::new(UNREADABLE, format!("{}: {}", p.path.display(), p.reason)),
        [p, rest @ ..] => Failure::new(
            UNREADABLE,
            format!("{}: {} (and {} more; none can be read)", p.path.display(), p.reason, rest.len()),
        ),
    })
}
