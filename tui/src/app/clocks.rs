//! Whether the clocks of several nodes agree, as far as their kernels know (TUI-7).
//!
//! Owns: when that is asked, and the sentence. Must not: read metrics.

use fgm::time::Micros;

use super::App;
use super::message::{Effect, Question, Slot};
use super::timeline::Timeline;

/// What a node's kernel said of its clock in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Harmless name.
    pub node: String,
    /// Whether it was kept in step all the time; `None` when the recording does not tell.
    pub synchronized: Option<bool>,
    /// How far it may have been off at most.
    pub error: Option<Micros>,
}

/// What to say of them, if there is anything to say: several nodes, of which one goes its own way, or two that may be
/// further apart than half an interval.
pub fn doubt(clocks: &[Clock], interval: Micros) -> Option<String> {
    if clocks.len() < 2 {
        return None;
    }
    let alone: Vec<&str> =
        clocks.iter().filter(|c| c.synchronized == Some(false)).map(|c| c.node.as_str()).collect();
    if let [first, others @ ..] = alone.as_slice() {
        let who = match others.len() {
            0 => format!("the clock of {first} is"),
            1 => format!("the clocks of {first} and {} are", others[0]),
            n => format!("the clocks of {first} and {n} others are"),
        };
        return Some(format!("{who} not synchronized: what stands at one time may have happened at another"));
    }
    let mut off: Vec<(Micros, &str)> =
        clocks.iter().filter_map(|c| Some((c.error?, c.node.as_str()))).collect();
    off.sort_unstable_by(|a, b| b.cmp(a));
    let [(most, first), (next, second), ..] = off.as_slice() else { return None };
    let apart = most + next;
    let seconds = apart as f64 / 1e6;
    (apart > interval / 2).then(|| {
        format!("the clocks of {first} and {second} may be {seconds:.1} s apart, as their kernels estimate")
    })
}

impl App {
    /// Asks for the clocks when there are nodes that have not been asked about.
    pub(super) fn ask_clocks(&mut self) -> Vec<Effect> {
        let nodes = self.overview.identifiers.len();
        let Some(range) = self.timeline.as_ref().map(Timeline::bounds).filter(|_| nodes > self.nodes) else {
            return Vec::new();
        };
        self.nodes = nodes;
        if nodes < 2 { Vec::new() } else { vec![self.ask(Slot::Clocks, Question::Clocks(range))] }
    }

    /// Takes what was found out.
    pub(super) fn take_clocks(&mut self, clocks: &[Clock]) {
        self.doubt = doubt(clocks, self.overview.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(node: &str, synchronized: Option<bool>, error: Option<Micros>) -> Clock {
        Clock { node: node.to_owned(), synchronized, error }
    }

    /// TUI-7: clocks that go their own way are named, and those that are known to be too inexact for the interval.
    #[test]
    fn doubts_are_said() {
        let good = |node| clock(node, Some(true), Some(2_000));
        let said = |clocks: &[Clock]| doubt(clocks, 1_000_000);
        assert_eq!(said(&[good("a"), good("b")]), None);
        assert_eq!(said(&[clock("a", Some(false), None)]), None, "one node has nobody to differ from");
        assert_eq!(
            said(&[clock("a", None, None), clock("b", None, None)]),
            None,
            "what is not known is not said"
        );
        let alone = said(&[good("a"), clock("b", Some(false), Some(16_000_000))]).unwrap();
        assert!(alone.starts_with("the clock of b is not synchronized"), "{alone}");
        let two = said(&[clock("a", Some(false), None), clock("b", Some(false), None)]).unwrap();
        assert!(two.starts_with("the clocks of a and b are"), "{two}");
        let far =
            said(&[good("a"), clock("b", Some(true), Some(400_000)), clock("c", Some(true), Some(300_000))]);
        assert_eq!(far.unwrap(), "the clocks of b and c may be 0.7 s apart, as their kernels estimate");
    }
}
