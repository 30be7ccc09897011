//! The user's settings: keys, colours, and what the terminal can show.
//!
//! Owns: where the file lies and what its absence means. Must not: know the keys, roles and actions that may stand in
//! it (their tables do).

mod read;
mod reference;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub use self::read::parse;
pub use self::reference::{default_file, keys};

use crate::caps::Wish;
use crate::keymap::Keymap;
use crate::theme::Palettes;

/// The settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Keys of every action.
    pub keymap: Keymap,
    /// Colours.
    pub palettes: Palettes,
    /// What the terminal is to be taken for.
    pub wish: Wish,
}

/// Where the file lies unless a flag says otherwise: `$XDG_CONFIG_HOME/fgm/tui.toml`, else below the home directory.
pub fn usual(env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| env(name).filter(|p: &PathBuf| p.is_absolute());
    let dir = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|h| h.join(".config")))?;
    Some(dir.join("fgm/tui.toml"))
}

/// Reads the file that a flag names, else the usual one if it is there.
pub fn load(flag: Option<&Path>, usual: Option<PathBuf>) -> Result<Config, String> {
    let Some(path) = flag.map(Path::to_owned).or(usual) else { return Ok(Config::default()) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // A home directory that is no directory has no settings either.
        Err(e) if flag.is_none() && matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Config::default());
        }
        Err(e) => return Err(format!("cannot read the settings {}: {e}", path.display())),
    };
    parse(&text).map_err(|wrong| format!("{}:{}: {}", path.display(), wrong.line, wrong.what))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-4: the file is looked for where settings are kept; without one all is as it comes; a named one must be there.
    #[test]
    fn files_are_found() {
        let find = |vars: &[(&str, &str)]| {
            usual(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| PathBuf::from(v)))
        };
        assert_eq!(find(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]), Some("/c/fgm/tui.toml".into()));
        assert_eq!(find(&[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")]), Some("/h/.config/fgm/tui.toml".into()));
        assert_eq!(find(&[]), None);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tui.toml");
        assert_eq!(load(None, Some(file.clone())), Ok(Config::default()));
        assert!(load(Some(&file), None).unwrap_err().contains("tui.toml: No such file"));
        fs::write(&file, "[keys]\nfit = [\"x\"]\nfly = [\"y\"]\n").unwrap();
        let line = load(None, Some(file)).unwrap_err();
        assert!(line.contains("tui.toml:3: there is no action fly"), "{line}");
    }
}
