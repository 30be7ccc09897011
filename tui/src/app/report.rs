//! What the recorder of `--live` has to say, as the state knows it.
//!
//! Owns: its warnings, its end, and which of them the user has not seen yet. Must not: collect them (see
//! [`crate::heard`]).

use std::sync::Arc;

use fgm::time::Micros;

/// Something that the recorder logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// When.
    pub at: Micros,
    /// Whether it is an error rather than a warning.
    pub error: bool,
    /// One harmless line.
    pub text: String,
}

/// Everything that the recorder has said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The last of its warnings and errors, the newest last.
    pub lines: Vec<Saying>,
    /// How many there were in all.
    pub said: u64,
    /// Why it has ended by itself.
    pub ended: Option<String>,
    /// What the user should know once, at the start.
    pub greeting: Option<String>,
}

/// The report with what the user has seen of it.
#[derive(Clone, Debug, Default)]
pub struct Reported {
    /// The newest report.
    pub report: Arc<Report>,
    unseen: bool,
}

impl Reported {
    /// Takes a report; what is new in it is shown until a key is pressed.
    pub fn update(&mut self, report: Arc<Report>) {
        self.unseen |= report.said > self.report.said || report.ended != self.report.ended;
        self.report = report;
    }

    /// The user has had the time to read.
    pub fn seen(&mut self) {
        self.unseen = false;
    }

    /// The line to show: why the recorder has ended, else its newest warning.
    pub fn news(&self) -> Option<&str> {
        let newest = || self.report.lines.last().map(|l| l.text.as_str());
        self.report.ended.as_deref().or_else(newest).filter(|_| self.unseen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(said: u64, ended: Option<&str>) -> Arc<Report> {
        let lines = vec![Saying { at: 0, error: false, text: format!("warning {said}") }];
        Arc::new(Report { lines, said, ended: ended.map(str::to_owned), greeting: None })
    }

    /// TUI-1: a warning stays until it has been seen, and comes back only with something new.
    #[test]
    fn news_stay_until_seen() {
        let mut r = Reported::default();
        assert_eq!(r.news(), None);
        r.update(report(1, None));
        assert_eq!(r.news(), Some("warning 1"));
        r.seen();
        r.update(report(1, None));
        assert_eq!(r.news(), None);
        r.update(report(2, Some("not recording: full")));
        assert_eq!(r.news(), Some("not recording: full"));
    }
}
