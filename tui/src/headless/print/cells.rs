//! Columns as text, one cell at a time.
//!
//! Owns: how times and numbers are spelt. Must not: quote, pad or clean.

use std::io;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How numbers and times are written.
pub(super) enum Style {
    /// Exact, times in UTC.
    Exact,
    /// For people: at most six decimals, times in their zone.
    People(TimeZone),
}

/// Whether a column is aligned to the right.
pub(super) fn is_number(ty: &DataType) -> bool {
    matches!(ty, DataType::Dictionary(_, v) if is_number(v)) || ty.is_numeric()
}

/// Every cell of a column; `None` where it is null.
pub(super) fn cells(column: &ArrayRef, style: &Style) -> io::Result<Vec<Option<String>>> {
    if let DataType::Timestamp(_, zone) = column.data_type() {
        let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
            .map_err(io::Error::other)?;
        let times = micros.as_primitive::<TimestampMicrosecondType>();
        return Ok(times.iter().map(|t| t.map(|t| time(t, zone.is_some(), style))).collect());
    }
    if let (Some(numbers), Style::People(_)) = (column.as_primitive_opt::<Float64Type>(), style) {
        return Ok(numbers.iter().map(|v| v.map(readable)).collect());
    }
    let options = FormatOptions::default();
    let texts = ArrayFormatter::try_new(column, &options).map_err(io::Error::other)?;
    let one = |i| texts.value(i).try_to_string().map_err(io::Error::other);
    // A dictionary's entry may be null as well as the key: only the formatter knows.
    let nulls = column.logical_nulls();
    (0..column.len())
        .map(|i| if nulls.as_ref().is_some_and(|n| n.is_null(i)) { Ok(None) } else { one(i).map(Some) })
        .collect()
}

/// RFC 3339 with as many decimals as it takes; a time without a zone is left without one.
fn time(t: i64, zoned: bool, style: &Style) -> String {
    let Ok(at) = Timestamp::from_microsecond(t) else { return t.to_string() };
    if !zoned {
        return at.to_zoned(TimeZone::UTC).datetime().to_string();
    }
    match style {
        Style::People(zone) if *zone != TimeZone::UTC => {
            let local = at.to_zoned(zone.clone());
            format!("{}{}", local.datetime(), local.strftime("%:z"))
        }
        _ => at.to_string(),
    }
}

/// At most six decimals; what is very big or very small with an exponent.
fn readable(v: f64) -> String {
    let size = v.abs();
    if !v.is_finite() || v == 0.0 || v.fract() == 0.0 && size < 1e15 {
        return v.to_string();
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{v:e}");
    }
    format!("{v:.6}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// QRY-3: people get short numbers and their own clock; programs get everything.
    #[test]
    fn spellings() {
        assert_eq!(readable(0.1 + 0.2), "0.3");
        assert_eq!(
            (readable(3.0), readable(-1.5), readable(1e-7)),
            ("3".into(), "-1.5".into(), "1e-7".into())
        );
        let (t, berlin) = (1_763_649_960_000_005, TimeZone::fixed(jiff::tz::offset(1)));
        assert_eq!(time(t, true, &Style::Exact), "2025-11-20T14:46:00.000005Z");
        assert_eq!(time(t, true, &Style::People(berlin)), "2025-11-20T15:46:00.000005+01:00");
        assert_eq!(time(t, false, &Style::Exact), "2025-11-20T14:46:00.000005");
    }
}
