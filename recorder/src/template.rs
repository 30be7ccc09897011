//! All settings as a commented file for `--config`.
//!
//! Owns: how a setting is written in TOML. Must not: know any setting by name; everything comes from the flags'
//! declarations, so that the file cannot fall behind them.

use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Command};

use crate::settings::{settable, switchable, variable};

/// Longest line of the comments.
const WIDTH: usize = 100;

/// Every setting with its help; those in force that differ from the default are set, the others commented out.
pub(crate) fn template(command: Command, matches: &ArgMatches) -> String {
    let command = switchable(command);
    let mut out = String::from(
        "# Settings of fgm-recorder, for --config. A flag wins over an environment variable, which wins over this \
         file.\n",
    );
    for (long, arg) in settable(&command) {
        let help =
            arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
        out.push('\n');
        wrap(&help, &mut out);
        let variables = arg.get_env().map(|e| format!(" or {}", e.to_string_lossy())).unwrap_or_default();
        wrap(&format!("Environment: {}{variables}.{}", variable(long), choices(arg)), &mut out);
        let default = arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned());
        let default: Vec<String> = default.collect();
        let raw = matches.get_raw(arg.get_id().as_str());
        let in_force: Vec<String> =
            raw.into_iter().flatten().map(|v| v.to_string_lossy().into_owned()).collect();
        let is_default = in_force == default;
        let placeholder = || arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
        let shown = if in_force.is_empty() { placeholder() } else { in_force };
        let mark = if is_default { "# " } else { "" };
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{mark}{long} = {}", value(arg, &shown));
    }
    out
}

fn choices(arg: &Arg) -> String {
    let values: Vec<String> = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
    if values.is_empty() || is_switch(arg) {
        String::new()
    } else {
        format!(" One of {}.", values.join(", "))
    }
}

fn is_switch(arg: &Arg) -> bool {
    arg.is_require_equals_set()
}

fn value(arg: &Arg, values: &[String]) -> String {
    // JSON's texts are TOML's, too; texts always serialise.
    let text = |v: &String| serde_json::to_string(v).unwrap_or_default();
    match values {
        [one] if is_switch(arg) => one.clone(),
        [one] if !matches!(arg.get_action(), clap::ArgAction::Append) => text(one),
        many => format!("[{}]", many.iter().map(text).collect::<Vec<_>>().join(", ")),
    }
}

fn wrap(text: &str, out: &mut String) {
    for paragraph in text.lines() {
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                out.push_str(&line);
                out.push('\n');
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        out.push_str(&line);
        out.push('\n');
    }
}
