//! Lines, fields and numbers of kernel text.
//!
//! Owns: the few scanning steps that all formats share. Must not: know any format.

/// A decimal number that fills the whole slice; `None` when empty, not a number or beyond 64 bits.
pub fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 {
        return None;
    }
    let mut n: u64 = 0;
    for &b in text {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        n = n.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(n)
}

/// A decimal number with an optional minus sign.
pub fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => i64::try_from(number(digits)?).ok().map(|n| -n),
        None => i64::try_from(number(text)?).ok(),
    }
}

/// A number with an optional fraction, as PSI averages and load averages are written.
pub fn decimal(text: &[u8]) -> Option<f64> {
    let Some(dot) = memchr::memchr(b'.', text) else {
        return number(text).map(|n| n as f64);
    };
    let (whole, fraction) = (number(&text[..dot])?, &text[dot + 1..]);
    let scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some(whole as f64 + number(fraction)? as f64 / scale as f64)
}

/// The lines of a file; a missing last newline does not matter.
pub fn lines(text: &[u8]) -> Lines<'_> {
    Lines { rest: text }
}

/// See [`lines`].
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(line)
    }
}

/// The fields of a line, separated by any number of spaces or tabs.
pub fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&b| b == b' ' || b == b'\t').filter(|f| !f.is_empty())
}

/// `key value` lines, as in cpu.stat and memory.stat; other lines are skipped.
pub fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], u64)> {
    lines(text).filter_map(|line| {
        let space = memchr::memchr(b' ', line)?;
        Some((&line[..space], number(&line[space + 1..])?))
    })
}

/// The text without white space at its ends.
pub fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_or_nothing() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(number(b""), None);
        assert_eq!(number(b"12x"), None);
        assert_eq!(signed(b"-1"), Some(-1));
        assert_eq!(decimal(b"66.97"), Some(66.97));
        assert_eq!(decimal(b"3"), Some(3.0));
        assert_eq!(decimal(b"3."), None);
        assert_eq!(decimal(b"1.00000000000000000000000000"), None);
    }

    #[test]
    fn lines_and_fields_forgive_a_torn_end() {
        assert_eq!(lines(b"a\n\nb").collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
        assert_eq!(fields(b"  a\t b ").collect::<Vec<_>>(), [&b"a"[..], b"b"]);
        assert_eq!(pairs(b"x 1\ny\nz 2 3\nw 4").collect::<Vec<_>>(), [(&b"x"[..], 1), (b"w", 4)]);
    }
}
