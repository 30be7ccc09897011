//! What the tables of actions and colours say, as a settings file and as a page of documentation.
//!
//! Owns: the words around the tables. Must not: name a key, an action or a colour.

use std::fmt::Write;

use crate::caps::Depth;
use crate::keymap::{Group, Key, TABLE};
use crate::theme::{Palette, ROLES};
use crate::view::marker::Marker;

const HEAD: &str = "\
# Settings of fgm-tui. Everything here is as it comes: keep only what you change.
# The file is $XDG_CONFIG_HOME/fgm/tui.toml, else ~/.config/fgm/tui.toml, or what --config names.

[screen]
";

const KEYS: &str = "
# Keys are characters as typed, space, enter, esc, tab, shift-tab, backspace, delete, arrows (left, right, up,
# down), home, end, pgup, pgdn; before them ctrl-, alt- or shift-. A key that is given to an action is taken from
# the one that had it. No key: [].
[keys]
";

const COLOURS: &str = "
# Colours are #rrggbb, brought down to what the terminal has, or one of its own: black, red, green, yellow, blue,
# magenta, cyan, white, each also with bright- before it, or default.
";

/// The whole settings file with its defaults and comments.
pub fn default_file() -> String {
    let mut out = HEAD.to_owned();
    let markers = Marker::ALL.map(Marker::name).join(", ");
    let depths = Depth::NAMES.map(|(name, _)| name).join(", ");
    for (what, words, name) in [
        ("Dots", markers.as_str(), "marker"),
        ("Colours", depths.as_str(), "color"),
        ("Background", "dark, light", "background"),
    ] {
        line(&mut out, format_args!("# {what}: auto, {words}."));
        line(&mut out, format_args!("{name} = \"auto\""));
    }
    out.push_str(KEYS);
    for group in Group::ALL {
        line(&mut out, format_args!("\n# {}", group.title()));
        for e in TABLE.iter().filter(|e| e.group == group) {
            line(&mut out, format_args!("# {}", e.help));
            line(&mut out, format_args!("{} = {}", e.name, quoted(e.keys.iter().map(|k| k.name()))));
        }
    }
    out.push_str(COLOURS);
    for (name, mut palette) in [("dark", Palette::DARK), ("light", Palette::LIGHT)] {
        line(&mut out, format_args!("[{name}]"));
        line(&mut out, format_args!("# Series A to F."));
        line(&mut out, format_args!("series = {}", quoted(palette.series.iter().map(|i| i.name()))));
        for (role, help) in ROLES {
            let ink = palette.role(role).map(|i| i.name()).unwrap_or_default();
            line(&mut out, format_args!("# {help}"));
            line(&mut out, format_args!("{role} = \"{ink}\""));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Writing to a string cannot fail.
fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{text}");
}

fn quoted(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> =
        all.map(|s| format!("\"{}\"", s.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("[{}]", all.join(", "))
}

/// The key reference as a page of Markdown.
pub fn keys() -> String {
    let mut out = String::from(
        "# Keys of fgm-tui\n\nWritten by `fgm-tui config --keys`. The names are those of the palette and of the \
         settings file\n(`fgm-tui config --print-default`), in which each key can be changed.\n",
    );
    for group in Group::ALL {
        line(
            &mut out,
            format_args!("\n## {}\n\n| keys | action | what it does |\n|---|---|---|", group.title()),
        );
        for e in TABLE.iter().filter(|e| e.group == group) {
            let keys: Vec<String> = e.keys.iter().map(|k| code(*k)).collect();
            line(
                &mut out,
                format_args!("| {} | {} | {} |", keys.join(" "), e.name, e.help.replace('|', "\\|")),
            );
        }
    }
    out
}

/// A key as Markdown shows it within a table.
fn code(key: Key) -> String {
    match key.to_string().as_str() {
        "`" => "`` ` ``".to_owned(),
        k => format!("`{}`", k.replace('|', "\\|")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, parse};
    use super::*;

    /// TUI-4: the file that is printed is exactly what holds without one, and names everything.
    #[test]
    fn the_default_file_is_the_default() {
        let text = default_file();
        assert_eq!(parse(&text), Ok(Config::default()));
        for e in TABLE {
            assert!(text.contains(&format!("\n{} = [", e.name)), "{}", e.name);
        }
    }

    /// TUI-4: the key reference in the documentation is the action table.
    #[test]
    fn the_reference_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keys.md");
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(there == keys(), "docs/keys.md is old: fgm-tui config --keys > docs/keys.md");
    }
}
