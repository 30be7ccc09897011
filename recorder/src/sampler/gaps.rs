//! Lost ticks in the log.
//!
//! Owns: how often they are said there. Must not: tell events; the recording has one for every gap.

use std::time::{Duration, Instant};

/// A host that is too busy loses ticks for hours: after the first they are said this often, with their number.
const REPEAT: Duration = Duration::from_mins(1);

/// Lost ticks of one run.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    said: Option<Instant>,
    unsaid: i64,
}

impl Gaps {
    /// A tick began with `missed` lost before it. What was not said is said when its time has come, also if no more
    /// are lost.
    pub(crate) fn note(&mut self, missed: i64, now: Instant) {
        if let Some(message) = self.message(missed, now) {
            tracing::warn!("{message}");
        }
    }

    fn message(&mut self, missed: i64, now: Instant) -> Option<String> {
        self.unsaid += missed;
        if self.unsaid == 0 || self.said.is_some_and(|said| now.duration_since(said) < REPEAT) {
            return None;
        }
        let lost = std::mem::take(&mut self.unsaid);
        Some(match self.said.replace(now) {
            None => format!("{lost} ticks were lost before this one; more are said once a minute"),
            Some(before) => {
                let seconds = now.duration_since(before).as_secs();
                format!("{lost} more ticks were lost in the last {seconds} s")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// REC-5: the first gap is said at once, those after it in one line a minute that leaves out none.
    #[test]
    fn many_gaps_are_few_lines() {
        let (mut gaps, start) = (Gaps::default(), Instant::now());
        let said: Vec<(u64, String)> = (0..200)
            .filter_map(|s| {
                let missed = i64::from(s > 0 && s < 100) * 2;
                Some((s, gaps.message(missed, start + Duration::from_secs(s))?))
            })
            .collect();
        let at: Vec<u64> = said.iter().map(|s| s.0).collect();
        assert_eq!(at, [1, 61, 121], "{said:?}");
        assert!(said[0].1.starts_with("2 ticks were lost"), "{said:?}");
        assert_eq!(said[1].1, "120 more ticks were lost in the last 60 s");
        assert_eq!(said[2].1, "76 more ticks were lost in the last 60 s");
    }
}
