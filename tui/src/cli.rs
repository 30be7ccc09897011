//! The command line: what was asked for, and which recording that means.
//!
//! Owns: flags, the places where recordings are looked for, exit codes. Must not: open anything but to see that it is
//! there.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use jiff::tz::TimeZone;

use crate::caps::{Depth, Wish};
use crate::config::{self, Config};
use crate::headless::{Command, ViewArgs};
use crate::view::marker::Marker;

/// Look at recordings of containers and processes, second by second.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "fgm-tui",
    version,
    about,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    after_help = "What repeats, of one container or of all: fgm-tui --periodicity [SELECTOR|container] [PATH]...\n\
    A path that is named like a command: ./sql"
)]
pub struct Cli {
    /// What to answer without a screen.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Files, directories or globs; without any: `$FGM_DATA`, ./collected-metrics, /data.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Record this host and watch it live.
    #[arg(long, conflicts_with = "paths")]
    pub live: bool,
    // clap waives `requires` where what is required conflicts with something given, hence both.
    /// Where --live writes [default: fgm/live in the user's state directory].
    #[arg(long, short, value_name = "DIR", requires = "live", conflicts_with = "paths")]
    pub output_dir: Option<PathBuf>,
    /// Time between samples of --live, such as 1s or 250ms.
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "live", conflicts_with = "paths",
        value_parser = interval)]
    pub interval: std::time::Duration,
    /// Time zone of the clock axis, such as Europe/Berlin [default: TZ or the system's].
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    pub tz: Option<TimeZone>,
    /// Write the first picture to standard output as text, for tickets and chat.
    #[arg(long, conflicts_with = "live")]
    pub print: bool,
    /// Columns of --print [default: those of the terminal, else 100].
    #[arg(long, value_name = "N", requires = "print", value_parser = clap::value_parser!(u16).range(40..=1000))]
    pub width: Option<u16>,
    /// Rows of --print.
    #[arg(long, value_name = "N", requires = "print", default_value = "24",
        value_parser = clap::value_parser!(u16).range(12..=500))]
    pub height: u16,
    /// Start with the usual view instead of the last one of this recording.
    #[arg(long)]
    pub fresh: bool,
    /// What is shown first.
    #[command(flatten, next_help_heading = "View")]
    pub view: ViewArgs,
    /// What the terminal is to be taken for.
    #[command(flatten, next_help_heading = "Terminal")]
    pub look: LookArgs,
}

/// What the terminal is to be taken for; without a flag the settings and the environment tell.
#[derive(Clone, Debug, Default, Args)]
pub struct LookArgs {
    /// Draw with ASCII only.
    #[arg(long, conflicts_with = "marker")]
    pub ascii: bool,
    /// Dots: octant, braille, quadrant, block or ascii [default: what the terminal can show].
    #[arg(long, value_name = "DOTS")]
    pub marker: Option<Marker>,
    /// Colours: none, 16, 256 or true [default: what the terminal can show; none with `NO_COLOR`].
    #[arg(long, value_name = "DEPTH")]
    pub color: Option<Depth>,
    /// Background: dark or light [default: what the terminal says].
    #[arg(long, value_name = "GROUND", value_parser = ["dark", "light"])]
    pub background: Option<String>,
    /// Settings [default: fgm/tui.toml in the user's configuration directory].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl LookArgs {
    /// What the flags say.
    pub fn wish(&self) -> Wish {
        Wish {
            depth: self.color,
            light: self.background.as_ref().map(|b| b == "light"),
            marker: self.marker.or(self.ascii.then_some(Marker::Ascii)),
        }
    }

    /// The settings: those of the file, changed by flags.
    pub fn settings(&self) -> Result<Config, Failure> {
        let usual = config::usual(|name| std::env::var_os(name).map(PathBuf::from));
        let mut config =
            config::load(self.config.as_deref(), usual).map_err(|line| Failure::new(USAGE, line))?;
        config.wish = self.wish().or(config.wish);
        Ok(config)
    }
}

/// What goes wrong before there is a screen: one line and an exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The line.
    pub line: String,
    /// The code.
    pub code: u8,
}

/// Exit code: there was nothing to show.
pub const NOTHING: u8 = 1;
/// Exit code: wrongly called.
pub const USAGE: u8 = 2;
/// Exit code: the input cannot be read.
pub const UNREADABLE: u8 = 3;

impl Failure {
    /// A failure.
    pub fn new(code: u8, line: impl Into<String>) -> Failure {
        Failure { line: line.into(), code }
    }
}

/// For clap: a zone by its name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    if name.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| "no such time zone; names are like Europe/Berlin or UTC".to_owned())
}

fn interval(text: &str) -> Result<std::time::Duration, String> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(n) => (n, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds =
        number.trim().parse::<f64>().map_err(|_| "give a time such as 1s or 250ms".to_owned())? * scale;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(std::time::Duration::from_secs_f64(seconds))
    } else {
        Err("from 100ms to 3600s".to_owned())
    }
}

/// What to show.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// Recordings.
    Paths(Vec<PathBuf>),
    /// This host, as it is now.
    Live,
}

impl Cli {
    /// The zone of the clock axis; UTC when the system does not say.
    pub fn zone(&self) -> TimeZone {
        zone_or_system(self.tz.as_ref())
    }

    /// What to show: what was named, else what lies in the usual places, else this host if the user agrees.
    pub fn target(&self, data: Option<PathBuf>, interactive: bool) -> Result<Target, Failure> {
        if self.live {
            return Ok(Target::Live);
        }
        match recordings(&self.paths, data) {
            Ok(paths) => Ok(Target::Paths(paths)),
            Err(_) if interactive && ask().unwrap_or(false) => Ok(Target::Live),
            Err(none) => Err(none),
        }
    }
}

/// The zone that was asked for, else the system's; UTC when that does not say.
pub(crate) fn zone_or_system(tz: Option<&TimeZone>) -> TimeZone {
    tz.cloned().unwrap_or_else(|| TimeZone::try_system().unwrap_or(TimeZone::UTC))
}

/// What was named, else what lies in the usual places; `data` is `$FGM_DATA`.
pub(crate) fn recordings(paths: &[PathBuf], data: Option<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if !paths.is_empty() {
        return Ok(paths.to_owned());
    }
    if let Some(path) = data.filter(|p| !p.as_os_str().is_empty()) {
        return Ok(vec![path]);
    }
    let usual = ["collected-metrics", "/data"].map(Path::new);
    usual.into_iter().find(|p| p.is_dir()).map(|path| vec![path.to_owned()]).ok_or_else(|| {
        Failure::new(
            NOTHING,
            "no recording in $FGM_DATA, ./collected-metrics or /data; fgm-tui --live records this host and shows it",
        )
    })
}

fn ask() -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "No recording found. Record this host and watch it live? [Y/n] ")?;
    err.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(false);
    }
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        assert_eq!(interval("250ms").map(|d| d.as_millis()), Ok(250));
        assert!(interval("0").is_err() && interval("2h").is_err());
        assert!(zone("Mars/Olympus").is_err() && zone("utc").is_ok());
    }

    /// TUI-1: named paths come before `$FGM_DATA`.
    #[test]
    fn what_is_shown() {
        let cli = |args: &[&str]| Cli::parse_from([&["fgm-tui"], args].concat());
        let data = || Some(PathBuf::from("/d"));
        assert_eq!(cli(&["/x"]).target(data(), false), Ok(Target::Paths(vec!["/x".into()])));
        assert_eq!(cli(&[]).target(data(), false), Ok(Target::Paths(vec!["/d".into()])));
        assert_eq!(cli(&["--live"]).target(data(), false), Ok(Target::Live));
        for wrong in [
            &["--live", "/x"][..],
            &["--interval", "1s"],
            &["-o", "/x"],
            &["-o", "/x", "/y"],
            &["--interval", "1s", "/y"],
        ] {
            let error = Cli::try_parse_from([&["fgm-tui"], wrong].concat()).unwrap_err();
            assert_eq!(error.exit_code(), i32::from(USAGE), "{wrong:?}");
        }
    }
}
