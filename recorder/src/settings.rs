//! Where a setting comes from: the command line, else the environment, else the file of `--config`, else its default.
//!
//! Owns: the layers and their order, and the errors of the file and the environment. Must not: know any flag by name
//! but `--config`: a flag that is declared in `cli` stands in every layer without further code.
//!
//! The lower layers become the defaults of the flags, so that one parser checks and converts all of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, Resettable};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The flag that names the file.
const FILE: &str = "config";

/// Why there are no settings.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The command line is wrong, or asks for help.
    CommandLine(clap::Error),
    /// The file or the environment is wrong: one line.
    Below(String),
}

/// Values by flag.
type Values = HashMap<String, Vec<String>>;

/// Reads all layers. `lookup` is the environment.
pub(crate) fn matches(
    command: Command,
    argv: Vec<OsString>,
    lookup: impl Fn(&str) -> Option<OsString>,
) -> Result<ArgMatches, Refused> {
    let bare = unset_variables(switchable(command), &lookup);
    let environment = read_environment(&bare, &lookup).map_err(Refused::Below)?;
    let open = with_defaults(bare.clone(), environment.clone());
    let first = open.try_get_matches_from(&argv).map_err(Refused::CommandLine)?;
    let Some(file) = first.get_one::<PathBuf>(FILE) else { return Ok(first) };
    let mut values = read_file(&bare, file).map_err(Refused::Below)?;
    values.extend(environment);
    with_defaults(bare, values).try_get_matches_from(argv).map_err(Refused::CommandLine)
}

fn with_defaults(command: Command, mut values: Values) -> Command {
    command.mut_args(|arg| match arg.get_long().and_then(|l| values.remove(l)) {
        Some(values) => arg.default_values(values),
        None => arg,
    })
}

/// Flags that can be set in a file, as clap knows them.
pub(crate) fn settable(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let named = command.get_arguments().filter_map(|a| Some((a.get_long()?, a)));
    named.filter(|(long, _)| ![FILE, "help", "version"].contains(long))
}

/// The environment variable of a flag.
pub(crate) fn variable(long: &str) -> String {
    format!("FGM_{}", long.replace('-', "_").to_uppercase())
}

/// Lets a switch be `--switch=false`, so that the command line can take back what a lower layer has set, and every
/// flag stand behind a subcommand too.
pub(crate) fn switchable(command: Command) -> Command {
    command.mut_args(|arg| {
        let arg = arg.global(true);
        if !matches!(arg.get_action(), ArgAction::SetTrue) {
            return arg;
        }
        arg.action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .value_name("true|false")
            .value_parser(BoolishValueParser::new())
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true)
            .hide_possible_values(true)
    })
}

/// A variable that is empty counts as not set: manifests often leave one so.
fn set(lookup: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<OsString> {
    lookup(name).filter(|v| !v.is_empty())
}

/// clap reads variables such as `POD_NAME` itself; it must not where they are empty or `FGM_…` says otherwise.
fn unset_variables(command: Command, lookup: &impl Fn(&str) -> Option<OsString>) -> Command {
    command.mut_args(|arg| {
        let Some(own) = arg.get_env().map(|e| e.to_string_lossy().into_owned()) else { return arg };
        let overruled = arg.get_long().is_some_and(|long| set(lookup, &variable(long)).is_some());
        if overruled || set(lookup, &own).is_none() { arg.env(Resettable::Reset) } else { arg }
    })
}

fn read_environment(command: &Command, lookup: &impl Fn(&str) -> Option<OsString>) -> Result<Values, String> {
    let mut values = Values::new();
    for long in command.get_arguments().filter_map(Arg::get_long) {
        let name = variable(long);
        let Some(value) = set(lookup, &name) else { continue };
        let value = value.into_string().map_err(|_| format!("{name} in the environment is not UTF-8"))?;
        if let Some(reason) = refusal(command, long, std::slice::from_ref(&value)) {
            return Err(format!("{name}={value} in the environment: {reason}"));
        }
        values.insert(long.to_owned(), vec![value]);
    }
    Ok(values)
}

fn read_file(command: &Command, path: &Path) -> Result<Values, String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("cannot read the settings in {name}: {e}"))?;
    parse_file(command, &text).map_err(|(line, reason)| format!("{name}:{line}: {reason}"))
}

/// The file's values by key; on failure the line and the reason.
fn parse_file(command: &Command, text: &str) -> Result<Values, (usize, String)> {
    let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let table = DeTable::parse(text)
        .map_err(|e| (line(e.span().map_or(0, |s| s.start)), format!("not TOML: {}", e.message())))?;
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut out = Values::new();
    for (key, value) in entries {
        let (at, key) = (line(key.span().start), key.get_ref().as_ref());
        let Some((_, arg)) = settable(command).find(|(long, _)| *long == key) else {
            return Err((at, format!("there is no setting {key}{}", nearest(command, key))));
        };
        let values = plain(value.get_ref())
            .ok_or_else(|| (at, format!("{key} needs a text, a number, true or false")))?;
        if values.is_empty() && !matches!(arg.get_action(), ArgAction::Append) {
            return Err((at, format!("{key} needs a value")));
        }
        if let Some(reason) = refusal(command, key, &values) {
            return Err((at, format!("{key} = {}: {reason}", values.join(", "))));
        }
        out.insert(key.to_owned(), values);
    }
    Ok(out)
}

/// A value, or the values of a list, as they would stand on the command line.
fn plain(value: &DeValue<'_>) -> Option<Vec<String>> {
    let one = |value: &DeValue<'_>| match value {
        DeValue::String(s) => Some(s.to_string()),
        DeValue::Integer(n) if n.radix() == 10 => Some(n.as_str().to_owned()),
        DeValue::Float(n) => Some(n.as_str().to_owned()),
        DeValue::Boolean(b) => Some(b.to_string()),
        _ => None,
    };
    match value {
        DeValue::Array(list) => list.iter().map(Spanned::get_ref).map(one).collect(),
        other => one(other).map(|v| vec![v]),
    }
}

/// Why these are no values for a flag, if they are not.
fn refusal(command: &Command, long: &str, values: &[String]) -> Option<String> {
    let argv = values.iter().map(|v| format!("--{long}={v}"));
    let error = command.clone().try_get_matches_from(std::iter::once(String::new()).chain(argv)).err()?;
    if error.kind() == ErrorKind::ArgumentConflict {
        return Some("only one value is possible".to_owned());
    }
    let reason = std::error::Error::source(&error).map(ToString::to_string);
    let possible = || match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(all)) if !all.is_empty() => {
            Some(format!("it must be one of {}", all.join(", ")))
        }
        _ => None,
    };
    Some(reason.or_else(possible).unwrap_or_else(|| "not a possible value".to_owned()))
}

/// What clap would suggest for a flag of that name.
fn nearest(command: &Command, key: &str) -> String {
    let error = command.clone().try_get_matches_from(["", &format!("--{key}")]).err();
    match error.as_ref().and_then(|e| e.get(ContextKind::SuggestedArg)) {
        Some(ContextValue::String(flag)) => format!("; did you mean {}?", flag.trim_start_matches('-')),
        _ => "; `fgm-recorder config` lists all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::builder::PossibleValuesParser;

    fn command() -> Command {
        let flag = |name| Arg::new(name).long(name);
        Command::new("test")
            .arg(flag("config").value_parser(clap::value_parser!(PathBuf)))
            .arg(flag("interval").default_value("1s"))
            .arg(flag("mode").value_parser(PossibleValuesParser::new(["stop", "drop-oldest"])))
            .arg(flag("depth").value_parser(clap::value_parser!(u8)))
            .arg(flag("include").action(ArgAction::Append))
            .arg(flag("quiet").action(ArgAction::SetTrue))
            .subcommand(Command::new("doctor"))
    }

    fn run(file: &str, env: &[(&str, &str)], argv: &[&str]) -> Result<ArgMatches, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.toml");
        std::fs::write(&path, file).unwrap();
        let mut all = vec!["test".into(), "--config".into(), path.into_os_string()];
        all.extend(argv.iter().map(OsString::from));
        let lookup = |name: &str| env.iter().find(|e| e.0 == name).map(|e| OsString::from(e.1));
        matches(command(), all, lookup).map_err(|e| match e {
            Refused::Below(line) => line.replace(&format!("{}/", dir.path().display()), ""),
            Refused::CommandLine(e) => e.to_string(),
        })
    }

    /// REC-9: flag over environment over file over default, for texts, lists and switches alike.
    #[test]
    fn the_order_of_layers() {
        let text = |m: &ArgMatches, id| m.get_one::<String>(id).cloned();
        let m = run("", &[], &[]).unwrap();
        assert_eq!(text(&m, "interval").as_deref(), Some("1s"));
        assert!(!m.get_flag("quiet"));
        let file = "interval = \"2s\"\ndepth = 7\nquiet = true\ninclude = [\"a\", \"b\"]\n";
        let m = run(file, &[], &[]).unwrap();
        assert_eq!((text(&m, "interval").as_deref(), m.get_one::<u8>("depth")), (Some("2s"), Some(&7)));
        assert!(m.get_flag("quiet"));
        assert_eq!(m.get_many::<String>("include").unwrap().count(), 2);
        let env = [("FGM_INTERVAL", "3s"), ("FGM_QUIET", "0"), ("FGM_DEPTH", "")];
        let m = run(file, &env, &["doctor"]).unwrap();
        assert_eq!(text(&m, "interval").as_deref(), Some("3s"));
        assert_eq!(m.get_one::<u8>("depth"), Some(&7), "an empty variable counts as not set");
        assert!(!m.get_flag("quiet"));
        let m = run(file, &env, &["doctor", "--interval", "4s", "--quiet", "--include=c"]).unwrap();
        assert_eq!(text(&m, "interval").as_deref(), Some("4s"));
        assert!(m.get_flag("quiet"));
        assert_eq!(m.get_many::<String>("include").unwrap().collect::<Vec<_>>(), ["c"]);
        assert!(!run(file, &[], &["--quiet=false"]).unwrap().get_flag("quiet"));
    }

    /// REC-9: what is wrong in a file or in the environment is one line that names the place and the way out.
    #[test]
    fn errors_name_file_line_and_key() {
        for (file, expected) in [
            ("\n\nintervall = \"1s\"\n", "s.toml:3: there is no setting intervall; did you mean interval?"),
            ("depth = 1\nmode = \"stopp\"", "s.toml:2: mode = stopp: it must be one of stop, drop-oldest"),
            ("depth = 300", "s.toml:1: depth = 300: 300 is not in 0..=255"),
            ("depth = [1, 2]", "s.toml:1: depth = 1, 2: only one value is possible"),
            ("depth = []", "s.toml:1: depth needs a value"),
            ("depth = 2026-01-01", "s.toml:1: depth needs a text, a number, true or false"),
            ("[interval]\nx = 1", "s.toml:1: interval needs a text, a number, true or false"),
            ("help = true", "s.toml:1: there is no setting help; `fgm-recorder config` lists all"),
            ("config = \"x\"", "s.toml:1: there is no setting config"),
        ] {
            let error = run(file, &[], &[]).unwrap_err();
            assert!(error.starts_with(expected), "{file}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let error = run("depth = 1\ninterval =", &[], &[]).unwrap_err();
        assert!(error.starts_with("s.toml:2: not TOML: "), "{error}");
        assert_eq!(
            run("", &[("FGM_DEPTH", "many")], &[]).unwrap_err(),
            "FGM_DEPTH=many in the environment: invalid digit found in string"
        );
        let none = |_: &str| None;
        let argv = vec!["test".into(), "--config=/nonexistent/s.toml".into()];
        let Err(Refused::Below(error)) = matches(command(), argv, none) else { panic!("it does not exist") };
        assert!(error.contains("/nonexistent/s.toml"), "{error}");
    }

    /// REC-9: no bytes make the file's parser fall over.
    #[test]
    fn any_file() {
        proptest::proptest!(|(text in "[\\x00-\\xff]{0,80}|(interval|depth|quiet|=|\"|\\[|\\]|\\{|\\}|,|\n|#| |1|é)*")| {
            let _ = parse_file(&switchable(command()), &text);
        });
    }
}
