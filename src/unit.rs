//! Units and how people read them: one prefix per axis, IEC for bytes, SI for the rest.
//!
//! Owns: the unit of every metric and the text of a number. Must not: know about screens.

/// Unit of a stored number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes; shown with IEC prefixes.
    Bytes,
    /// Microseconds.
    Usec,
    /// Thousandths of one CPU.
    Millicores,
    /// CPUs.
    Cores,
    /// 0–100 (or more, where several CPUs count).
    Percent,
    /// Things: processes, faults, operations.
    Count,
    /// Sampling ticks.
    Ticks,
    /// A pure number such as a weight or a boolean.
    None,
}

/// What a series shows after counters have become rates: a unit, or a unit per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// The unit.
    pub unit: Unit,
    /// Divided by seconds.
    pub per_second: bool,
}

/// A factor and the text behind a number, chosen once for an axis or a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Divide a raw value by this before printing it.
    pub divisor: f64,
    /// Text behind the number, without a space; empty for pure numbers.
    pub suffix: &'static str,
}

impl Unit {
    /// As written into the field metadata `unit`.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::Usec => "usec",
            Unit::Millicores => "millicores",
            Unit::Cores => "cores",
            Unit::Percent => "percent",
            Unit::Count => "count",
            Unit::Ticks => "ticks",
            Unit::None => "none",
        }
    }

    /// The unit of that name, as found in foreign field metadata.
    pub fn from_name(name: &str) -> Option<Unit> {
        [
            Unit::Bytes,
            Unit::Usec,
            Unit::Millicores,
            Unit::Cores,
            Unit::Percent,
            Unit::Count,
            Unit::Ticks,
            Unit::None,
        ]
        .into_iter()
        .find(|u| u.name() == name)
    }

    /// The word that a column name must carry, if the unit has one.
    pub const fn suffix(self) -> Option<&'static str> {
        match self {
            Unit::Bytes | Unit::Usec | Unit::Millicores | Unit::Cores | Unit::Percent | Unit::Ticks => {
                Some(self.name())
            }
            Unit::Count | Unit::None => None,
        }
    }

    /// This unit as it is stored.
    pub const fn plain(self) -> Quantity {
        Quantity { unit: self, per_second: false }
    }

    /// This unit per second.
    pub const fn rate(self) -> Quantity {
        Quantity { unit: self, per_second: true }
    }
}

const KI: f64 = 1024.0;

impl Quantity {
    /// What programs read: the unit's name, with `/s` where it is per second.
    pub fn name(self) -> String {
        let name = self.unit.name();
        if self.per_second { format!("{name}/s") } else { name.to_owned() }
    }

    /// The prefix under which `magnitude` (the largest absolute value to be shown) reads best.
    pub fn scale_for(self, magnitude: f64) -> Scale {
        let m = magnitude.abs();
        let pick = |steps: &[(f64, &'static str)]| {
            let &(divisor, suffix) = steps.iter().rev().find(|(d, _)| m >= *d * 0.9995).unwrap_or(&steps[0]);
            Scale { divisor, suffix }
        };
        match (self.unit, self.per_second) {
            (Unit::Bytes, false) => pick(&[
                (1.0, "B"),
                (KI, "KiB"),
                (KI * KI, "MiB"),
                (KI * KI * KI, "GiB"),
                (KI * KI * KI * KI, "TiB"),
                (KI * KI * KI * KI * KI, "PiB"),
            ]),
            (Unit::Bytes, true) => pick(&[
                (1.0, "B/s"),
                (KI, "KiB/s"),
                (KI * KI, "MiB/s"),
                (KI * KI * KI, "GiB/s"),
                (KI * KI * KI * KI, "TiB/s"),
            ]),
            (Unit::Usec, false) => pick(&[(1.0, "µs"), (1e3, "ms"), (1e6, "s")]),
            // A share of the time; several CPUs or tasks together may have more than all of it.
            (Unit::Usec, true) => Scale { divisor: 1e4, suffix: "%" },
            (Unit::Millicores, _) => Scale { divisor: 1.0, suffix: "mcores" },
            (Unit::Cores, _) => Scale { divisor: 1.0, suffix: "cores" },
            (Unit::Percent, _) => Scale { divisor: 1.0, suffix: "%" },
            (Unit::Ticks, false) => Scale { divisor: 1.0, suffix: "ticks" },
            (Unit::Count | Unit::None, false) => {
                pick(&[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")])
            }
            (Unit::Count | Unit::None | Unit::Ticks, true) => {
                pick(&[(1.0, "/s"), (1e3, "k/s"), (1e6, "M/s"), (1e9, "G/s")])
            }
        }
    }

    /// `value` with three significant digits under its own best prefix: `48.0 MiB`, `1.20 k/s`, `420 mcores`.
    pub fn format(self, value: f64) -> String {
        let scale = self.scale_for(value);
        let number = significant(value / scale.divisor);
        if scale.suffix.is_empty() { number } else { format!("{number} {}", scale.suffix) }
    }
}

/// Three significant digits, without an exponent; integers above a thousand are kept whole.
pub fn significant(v: f64) -> String {
    let a = v.abs();
    let decimals = if a == 0.0 || a >= 99.95 {
        0
    } else if a >= 9.995 {
        1
    } else if a >= 0.0995 {
        2
    } else {
        3
    };
    format!("{v:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_use_iec_and_rates_say_so() {
        assert_eq!(Unit::Bytes.plain().format(50_331_648.0), "48.0 MiB");
        assert_eq!(Unit::Bytes.rate().format(2048.0), "2.00 KiB/s");
        assert_eq!(Unit::Count.rate().format(1200.0), "1.20 k/s");
        assert_eq!(Unit::Millicores.plain().format(420.0), "420 mcores");
        assert_eq!(Unit::Percent.plain().format(99.97), "100 %");
        assert_eq!(Unit::None.plain().format(0.0), "0");
        assert_eq!(Unit::Usec.rate().format(-1500.0), "-0.15 %");
        assert_eq!(Unit::Usec.rate().format(370_000.0), "37.0 %");
        assert_eq!(Unit::Usec.rate().format(2e6), "200 %");
    }

    #[test]
    fn the_prefix_follows_the_magnitude() {
        assert_eq!(Unit::Bytes.plain().scale_for(1023.9).suffix, "KiB");
        assert_eq!(Unit::Bytes.plain().scale_for(0.0).suffix, "B");
        assert_eq!(Unit::Usec.plain().scale_for(2e6).suffix, "s");
    }

    #[test]
    fn names_round_trip() {
        for u in [Unit::Bytes, Unit::Usec, Unit::Millicores, Unit::Percent, Unit::None] {
            assert_eq!(Unit::from_name(u.name()), Some(u));
        }
    }
}
