//! Pressure stall files: cpu.pressure, memory.pressure, io.pressure and /proc/pressure/*.
//!
//! Owns: their two lines. Must not: know whose pressure it is.

use super::scan::{decimal, fields, lines, number};

/// One line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stall {
    /// Percent of the last 10 s.
    pub avg10: Option<f64>,
    /// Percent of the last 60 s.
    pub avg60: Option<f64>,
    /// Percent of the last 300 s.
    pub avg300: Option<f64>,
    /// Stalled time, µs.
    pub total: Option<u64>,
}

/// Both lines; kernels before 5.13 have no `full` line for CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// Some tasks stalled.
    pub some: Option<Stall>,
    /// All tasks stalled.
    pub full: Option<Stall>,
}

/// Reads a pressure file.
pub fn pressure(text: &[u8]) -> Pressure {
    let mut p = Pressure::default();
    for line in lines(text) {
        let mut f = fields(line);
        let slot = match f.next() {
            Some(b"some") => &mut p.some,
            Some(b"full") => &mut p.full,
            _ => continue,
        };
        let mut stall = Stall::default();
        for field in f {
            if let Some(v) = field.strip_prefix(b"avg10=") {
                stall.avg10 = decimal(v);
            } else if let Some(v) = field.strip_prefix(b"avg60=") {
                stall.avg60 = decimal(v);
            } else if let Some(v) = field.strip_prefix(b"avg300=") {
                stall.avg300 = decimal(v);
            } else if let Some(v) = field.strip_prefix(b"total=") {
                stall.total = number(v);
            }
        }
        *slot = Some(stall);
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-3: PSI, some and full, averages and total.
    #[test]
    fn both_lines() {
        let p = pressure(include_bytes!("../../../testdata/kernel/v2-6.1/docker.scope/cpu.pressure"));
        let some = p.some.unwrap();
        assert_eq!((some.avg10, some.avg60, some.avg300), (Some(57.44), Some(17.89), Some(4.17)));
        assert_eq!((some.total, p.full.unwrap().total), (Some(13_431_453), Some(13_286_222)));
        assert_eq!(pressure(b"some avg10=1.00\n").full, None);
    }
}
