//! Names from the outside made harmless, and cut to a number of terminal columns.
//!
//! Owns: what happens to control characters, escape sequences, direction marks and wide characters in container and
//! process names (TUI-5). Must not: know screens; everything here is text to text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Width in terminal columns.
pub fn width(s: &str) -> usize {
    UnicodeWidthStr::width(s)
}

/// The text with everything that could move the cursor, turn the line around or hide itself written as an escape:
/// two names that differ still differ.
pub fn clean(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            // Selects emoji or text form; terminals disagree about the width that results.
            '\u{fe00}'..='\u{fe0f}' => {}
            _ if c.is_control() => out.extend(['\\', 'x'].into_iter().chain(hex(c, 2))),
            _ if is_format(c) || is_right_to_left(c) || (out.is_empty() && c.width() == Some(0)) => {
                out.extend(['\\', 'u'].into_iter().chain(hex(c, 4)));
            }
            _ => out.push(c),
        }
    }
    out
}

/// Whether a character can do nothing to a terminal but be shown.
pub fn is_plain(c: char) -> bool {
    !c.is_control() && !is_format(c) && !is_right_to_left(c)
}

/// The code point in at least so many hexadecimal digits.
fn hex(c: char, digits: usize) -> Vec<char> {
    format!("{:0digits$x}", c as u32).chars().collect()
}

/// Invisible characters that change how others are shown.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Letters that make a terminal with bidirectional text turn the whole row around them.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// At most `columns` wide; what is cut at the end is marked by an ellipsis.
pub fn fit(s: &str, columns: usize) -> String {
    if width(s) <= columns {
        return s.to_owned();
    }
    let mut out = take(atoms(s).into_iter(), columns.saturating_sub(1)).concat();
    if columns > 0 {
        out.push('…');
    }
    out
}

/// At most `columns` wide; what is cut is in the middle, since the ends of a name tell most.
pub fn fit_middle(s: &str, columns: usize) -> String {
    if width(s) <= columns {
        return s.to_owned();
    }
    if columns < 6 {
        return fit(s, columns);
    }
    let tail = (columns - 1) / 2;
    let atoms = atoms(s);
    let end: String = take(atoms.iter().rev().copied(), tail).into_iter().rev().collect();
    let mut out = take(atoms.into_iter(), columns - 1 - width(&end)).concat();
    out.push('…');
    out + &end
}

/// Exactly `columns` wide, filled up with blanks.
pub fn pad(s: &str, columns: usize) -> String {
    let mut out = fit_middle(s, columns);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&out))));
    out
}

/// Exactly `columns` wide, blanks first.
pub fn pad_left(s: &str, columns: usize) -> String {
    let s = fit(s, columns);
    " ".repeat(columns.saturating_sub(width(&s))) + &s
}

/// Breaks between words; a word that is longer than a line stays whole, and so does a number with its unit.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let is_number = |w: &str| w.trim_start_matches('(').parse::<f64>().is_ok();
    let mut words = text.split(' ');
    while let Some(word) = words.next() {
        let unit = if is_number(word) { words.next() } else { None };
        let word = &unit.map_or_else(|| word.to_owned(), |u| format!("{word} {u}"));
        match lines.last_mut() {
            Some(l) if l.is_empty() => l.push_str(word),
            Some(l) if width(l) + 1 + width(word) <= columns => {
                l.push(' ');
                l.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

/// The pieces that are not cut: characters, and what [`clean`] has written in place of one.
fn atoms(s: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = s;
    while let Some(first) = rest.chars().next() {
        let (atom, behind) = rest.split_at(escape(rest).unwrap_or(first.len_utf8()));
        out.push(atom);
        rest = behind;
    }
    out
}

/// Length of the escape that a text begins with.
fn escape(s: &str) -> Option<usize> {
    let digits = match s.get(..2)? {
        "\\x" => 2,
        // What is written with five lies in these planes.
        "\\u" if ["e0", "10", "1e"].contains(&s.get(2..4)?) => 5,
        "\\u" => 4,
        _ => return None,
    };
    s.get(2..2 + digits)?.bytes().all(|b| b.is_ascii_hexdigit()).then_some(2 + digits)
}

fn take<'a>(atoms: impl Iterator<Item = &'a str>, columns: usize) -> Vec<&'a str> {
    let mut used = 0;
    atoms
        .take_while(|a| {
            used += width(a);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TUI-5: a hostile name can neither send an escape sequence nor turn the line around, and stays distinct.
    #[test]
    fn hostile_names_become_plain_text() {
        assert_eq!(clean("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(clean("x\u{202e}gpj"), "x\\u202egpj");
        assert_eq!(clean("\u{5e9}1"), "\\u05e91");
        assert_eq!(clean("\u{301}a"), "\\u0301a");
        assert_eq!(clean("日本\u{9b}m"), "日本\\x9bm");
        assert_ne!(clean("a\u{200b}b"), clean("ab"));
        assert!(clean("a\nb\tc\r\u{7f}").chars().all(|c| !c.is_control()));
    }

    /// TUI-5: cutting counts columns, not characters.
    #[test]
    fn cutting_counts_columns() {
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(width(&pad("日本語", 4)), 4);
        assert_eq!(fit_middle("namespace/pod-abcdef/app", 11), "names…f/app");
        assert_eq!(fit_middle("short", 11), "short");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(pad_left("7", 3), "  7");
        let name = clean("ab\x1b[2J\u{e0041}c");
        for n in 0..20 {
            for cut in [fit(&name, n), fit_middle(&name, n)] {
                let rest: String = cut.replace("\\x1b", "").replace("\\ue0041", "");
                assert!(width(&cut) <= n && !rest.contains('\\') && !rest.contains("1b"), "{cut}");
            }
        }
        for n in 0..30 {
            assert!(width(&fit_middle("日本語のとても長い名前/コンテナ", n)) <= n);
        }
    }

    /// TUI-5: lines end between words, and no number is parted from its unit.
    #[test]
    fn lines_end_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("+5.18 mcores for 11.1 s", 21), ["+5.18 mcores for", "11.1 s"]);
        assert_eq!(wrap("rose from 1.2", 9), ["rose from", "1.2"]);
        assert_eq!(wrap("", 9), [""]);
    }
}
