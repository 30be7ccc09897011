//! Kubernetes quantities: `100m`, `0.5`, `64Mi`, `1e3`.
//!
//! Owns: their spelling. Must not: round to less than was asked for.

/// In thousandths of a unit, rounded up.
pub(super) fn thousandths(text: &str) -> Option<i64> {
    whole(number(text)? * 1e3)
}

/// In units, rounded up.
pub(super) fn units(text: &str) -> Option<i64> {
    whole(number(text)?)
}

/// Quantities have at most three decimals and at most 2^63-1; nothing here is negative.
fn whole(value: f64) -> Option<i64> {
    // What is exact in decimal is not always so in binary: 0.1 × 1000 must stay 100.
    let up = (value - 1e-6).ceil();
    (0.0..9e18).contains(&up).then_some(up as i64)
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => 10f64.powi(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-7: every spelling of a quantity.
    #[test]
    fn spellings() {
        for (text, milli) in
            [("100m", 100), ("0.1", 100), ("2", 2000), ("1e3", 1_000_000), ("1500u", 2), ("0", 0)]
        {
            assert_eq!(thousandths(text), Some(milli), "{text}");
        }
        for (text, bytes) in [
            ("64Mi", 64 << 20),
            ("1G", 1_000_000_000),
            ("128974848", 128_974_848),
            ("1.5Ki", 1536),
            ("12E2", 1200),
        ] {
            assert_eq!(units(text), Some(bytes), "{text}");
        }
        for bad in ["", "x", "1x", "Mi", "1e", "-1", "99999Ei", "1e99999999999"] {
            assert_eq!(units(bad), None, "{bad}");
        }
    }
}
