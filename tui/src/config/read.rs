//! The settings file: TOML into settings, mistakes with their line.
//!
//! Owns: its sections and what may stand in them. Must not: touch the disk.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use crate::caps::Wish;
use crate::keymap::{Action, Key, Keymap, TABLE, Wrong, entry};
use crate::theme::ink::Ink;
use crate::theme::{Palette, ROLES};

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its line, from one.
    pub line: usize,
    /// What is wrong, in one line.
    pub what: String,
}

/// A mistake with its place in bytes.
struct At(Range<usize>, String);

type Value<'a> = Spanned<DeValue<'a>>;

/// The settings that a file's text gives.
pub fn parse(text: &str) -> Result<Config, Mistake> {
    let table = DeTable::parse(text)
        .map_err(|e| At(e.span().unwrap_or_default(), e.message().replace('\n', ", ")))
        .and_then(|t| config(t.get_ref()));
    table.map_err(|At(span, what)| {
        let before = text.get(..span.start).unwrap_or(text);
        Mistake { line: before.matches('\n').count() + 1, what }
    })
}

fn config(table: &DeTable<'_>) -> Result<Config, At> {
    let mut config = Config::default();
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "screen" => config.wish = screen(section(value)?)?,
            "keys" => config.keymap = keymap(section(value)?)?,
            "dark" => palette(section(value)?, &mut config.palettes.dark)?,
            "light" => palette(section(value)?, &mut config.palettes.light)?,
            other => return Err(unknown(name.span(), "section", other, ["screen", "keys", "dark", "light"])),
        }
    }
    Ok(config)
}

fn section<'a, 'v>(value: &'v Value<'a>) -> Result<&'v DeTable<'a>, At> {
    match value.get_ref() {
        DeValue::Table(t) => Ok(t),
        _ => {
            Err(At(value.span(), "this is a section: write its name in brackets on a line of its own".into()))
        }
    }
}

fn unknown<'n>(at: Range<usize>, what: &str, name: &str, all: impl IntoIterator<Item = &'n str>) -> At {
    let all: Vec<&str> = all.into_iter().collect();
    let text = match fgm::query::nearest(name, all.iter().copied()) {
        Some(hint) => format!("there is no {what} {name}; {hint} is nearest"),
        None if all.len() <= 10 => format!("there is no {what} {name}; there are {}", all.join(", ")),
        None => format!("there is no {what} {name}; fgm-tui config --print-default names all"),
    };
    At(at, text)
}

fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, At> {
    match value.get_ref() {
        DeValue::String(s) => Ok(s),
        _ => Err(At(value.span(), "this must be a text in quotes".into())),
    }
}

fn list<'a, 'v>(value: &'v Value<'a>) -> Result<Vec<&'v Value<'a>>, At> {
    match value.get_ref() {
        DeValue::Array(all) => Ok(all.iter().collect()),
        DeValue::String(_) => Ok(vec![value]),
        _ => Err(At(value.span(), "this must be a list, such as [\"x\", \"ctrl-left\"]".into())),
    }
}

fn screen(table: &DeTable<'_>) -> Result<Wish, At> {
    let mut wish = Wish::default();
    for (name, value) in table {
        let (name, at) = (name.get_ref().as_ref(), name.span());
        let word = text(value)?;
        let wrong = |what: String| At(value.span(), format!("{name} cannot be {word:?}: auto, or {what}"));
        match name {
            "marker" | "color" | "background" if word == "auto" => {}
            "marker" => wish.marker = Some(word.parse().map_err(wrong)?),
            "color" => wish.depth = Some(word.parse().map_err(wrong)?),
            "background" => wish.light = Some(light(word).map_err(wrong)?),
            other => return Err(unknown(at, "setting", other, ["marker", "color", "background"])),
        }
    }
    Ok(wish)
}

fn light(word: &str) -> Result<bool, String> {
    match word {
        "dark" => Ok(false),
        "light" => Ok(true),
        _ => Err("give dark, light".to_owned()),
    }
}

fn keymap(table: &DeTable<'_>) -> Result<Keymap, At> {
    let mut changes: Vec<(Action, Vec<Key>)> = Vec::new();
    let mut spans = Vec::new();
    for (name, value) in table {
        let Some(e) = TABLE.iter().find(|e| e.name == name.get_ref().as_ref()) else {
            return Err(unknown(name.span(), "action", name.get_ref(), TABLE.iter().map(|e| e.name)));
        };
        let key = |v: &&Value<'_>| text(v)?.parse().map_err(|wrong| At(v.span(), wrong));
        changes.push((e.action, list(value)?.iter().map(key).collect::<Result<_, _>>()?));
        spans.push(name.span());
    }
    // As in the file, so that the later of two contradictions is the one that is named.
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|i| spans[*i].start);
    let changes: Vec<_> = order.iter().map(|i| changes[*i].clone()).collect();
    let at = |action| {
        let i = changes.iter().position(|(a, _)| *a == action);
        i.map_or(0..0, |i| spans[order[i]].clone())
    };
    Keymap::changed(&changes).map_err(|wrong| match wrong {
        Wrong::Twice(key, a, b) if a == b => At(at(b), format!("{} has the key {key} twice", entry(b).name)),
        Wrong::Twice(key, a, b) => {
            At(at(b), format!("the key {key} is given to {} and to {}", entry(a).name, entry(b).name))
        }
        Wrong::NoWayOut(a) => At(at(a), format!("{} needs a key, else there is no way out", entry(a).name)),
    })
}

fn palette(table: &DeTable<'_>, palette: &mut Palette) -> Result<(), At> {
    let ink = |v: &Value<'_>| text(v)?.parse::<Ink>().map_err(|wrong| At(v.span(), wrong));
    for (name, value) in table {
        let known = name.get_ref().as_ref();
        if known == "series" {
            let inks = list(value)?.into_iter().map(ink).collect::<Result<Vec<_>, _>>()?;
            if inks.len() != palette.series.len() {
                return Err(At(value.span(), "series are six colours, for A to F".to_owned()));
            }
            palette.series.iter_mut().zip(inks).for_each(|(mine, new)| mine.change(new));
        } else if let Some(role) = palette.role(known) {
            role.change(ink(value)?);
        } else {
            let names = ROLES.iter().map(|(n, _)| *n).chain(["series"]);
            return Err(unknown(name.span(), "colour for", known, names));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::Depth;
    use crate::keymap::{Code, Context};
    use crate::view::marker::Marker;

    /// TUI-4: keys, colours and the screen can be set; what is not named stays.
    #[test]
    fn settings_are_read() {
        let c = parse(
            "[screen]\nmarker = 'quadrant'\ncolor = '256'\nbackground = 'light'\n[keys]\nfit = ['x', 'ctrl-left']\n\
             undo-view = 'backspace'\n[dark]\nwarning = '#ff0000'\n[light]\nseries = ['red', '#010203', 'blue', \
             'cyan', 'default', 'magenta']\n",
        )
        .unwrap();
        let wish = Wish { marker: Some(Marker::Quadrant), depth: Some(Depth::Indexed), light: Some(true) };
        assert_eq!(c.wish, wish);
        assert_eq!(c.keymap.action(Context::Main, Key::with_ctrl(Code::Left)), Some(Action::Fit));
        assert_eq!(c.keymap.keys(Action::Undo), [Key::plain(Code::Backspace)]);
        assert_eq!(c.keymap.keys(Action::Quit), entry(Action::Quit).keys);
        assert_eq!(c.palettes.dark.warning, Ink::Rgb(0x00ff_0000));
        assert_eq!(c.palettes.dark.series, Palette::DARK.series);
        assert_eq!(c.palettes.light.series[1], Ink::Rgb(0x0001_0203));
        assert_eq!(parse(""), Ok(Config::default()));
        assert_eq!(parse("[screen]\nmarker = 'auto'\n"), Ok(Config::default()));
    }

    /// TUI-4: each mistake names its line, what is wrong and what would be right.
    #[test]
    fn mistakes_name_their_line() {
        for (text, line, what) in [
            ("\n[key]\n", 2, "there is no section key; keys is nearest"),
            ("keys = 3\n", 1, "this is a section"),
            ("[keys]\n# so\nzom-in = ['x']\n", 3, "there is no action zom-in; zoom-in is nearest"),
            ("[keys]\nfit = [\n  'x',\n  'hyper-y',\n]\n", 4, "there is no key \"hyper-y\""),
            ("[keys]\nfit = ['x', 3]\n", 2, "a text in quotes"),
            ("[keys]\nhelp = ['x']\nfit = ['y', 'x']\n", 3, "the key x is given to help and to fit"),
            ("[keys]\nfit = ['x', 'x']\n", 2, "fit has the key x twice"),
            ("[keys]\nquit = []\n", 2, "quit needs a key"),
            ("[dark]\nmuted = 'greyish'\n", 2, "there is no colour \"greyish\""),
            ("[dark]\nmutd = 'red'\n", 2, "muted is nearest"),
            ("[light]\nseries = ['red']\n", 2, "six colours"),
            ("[screen]\nmarker = 'dots'\n", 2, "marker cannot be \"dots\""),
            ("[screen]\nfont = 'auto'\n", 2, "there is no setting font"),
            ("[screen]\n\nmarker = \n", 3, ""),
            ("[keys]\nfit = ['x']\nfit = ['y']\n", 3, ""),
        ] {
            let mistake = parse(text).unwrap_err();
            assert!(mistake.what.contains(what) && mistake.line == line, "{text}: {mistake:?}");
            assert!(!mistake.what.is_empty() && !mistake.what.contains('\n'), "{mistake:?}");
        }
    }
}
