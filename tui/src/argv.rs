//! `--periodicity [SELECTOR]`, which is a command with the looks of a flag.
//!
//! Owns: turning it into that command. Must not: know the command's own flags.

use std::ffi::{OsStr, OsString};
use std::path::Path;

const FLAG: &str = "--periodicity";

/// The command line as clap is to see it. A word behind the flag is the selector unless it is a flag itself or a path
/// that is there.
pub fn understood(argv: Vec<OsString>, is_there: impl Fn(&Path) -> bool) -> Vec<OsString> {
    let end = argv.iter().position(|a| a == "--").unwrap_or(argv.len());
    let is_flag = |a: &OsString| a == FLAG || selector_within(a).is_some();
    let Some(at) = argv[..end].iter().position(is_flag) else { return argv };
    let mut rest = argv.into_iter();
    let mut all: Vec<OsString> = rest.by_ref().take(1).chain(["periodicity".into()]).collect();
    all.extend(rest.by_ref().take(at - 1));
    let flag = rest.next().unwrap_or_default();
    let mut rest = rest.peekable();
    let within = selector_within(&flag);
    let behind = |word: &OsString| !word.as_encoded_bytes().starts_with(b"-") && !is_there(Path::new(word));
    if let Some(selector) = within.or_else(|| rest.next_if(behind)) {
        all.extend(["--of".into(), selector]);
    }
    all.extend(rest);
    all
}

/// The selector that stands in the same word as the flag.
fn selector_within(word: &OsStr) -> Option<OsString> {
    word.to_str()?.strip_prefix(FLAG)?.strip_prefix('=').map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STU-1: the flag takes a selector, or a path, or nothing.
    #[test]
    fn the_flag_becomes_a_command() {
        let cases = [
            ("fgm-tui ./rec", "fgm-tui ./rec"),
            ("fgm-tui --periodicity", "fgm-tui periodicity"),
            ("fgm-tui --periodicity container", "fgm-tui periodicity --of container"),
            ("fgm-tui --periodicity container ./rec", "fgm-tui periodicity --of container ./rec"),
            ("fgm-tui --periodicity ./rec", "fgm-tui periodicity ./rec"),
            ("fgm-tui ./rec --periodicity web-0 --top 3", "fgm-tui periodicity ./rec --of web-0 --top 3"),
            ("fgm-tui ./rec --periodicity --format json", "fgm-tui periodicity ./rec --format json"),
            ("fgm-tui --periodicity=./rec ./rec", "fgm-tui periodicity --of ./rec ./rec"),
            ("fgm-tui -- --periodicity", "fgm-tui -- --periodicity"),
        ];
        for (given, expected) in cases {
            let argv = given.split(' ').map(OsString::from).collect();
            let seen = understood(argv, |p| p == Path::new("./rec"));
            assert_eq!(seen.join(OsStr::new(" ")), expected, "{given}");
        }
    }
}
