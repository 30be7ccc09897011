//! What reaches the state, and what it wants done.
//!
//! Owns: messages, effects, questions and the tickets that tie answers to them. Must not: carry anything out.

use std::sync::Arc;

use fgm::filter::Filter;
use fgm::metric::{Metric, Table};
use fgm::query::model::{Overview, SumQuery, WindowAnswer, WindowQuery};
use fgm::time::TimeRange;

use super::clocks::Clock;
use super::drawn::Who;
use super::findings::{self, Finding, Folded};
use super::forest::{self, Forest};
use super::marks::Mark;
use super::names::{Listed, Names};
use super::processes::{Process, Wanted};
use super::report::Report;
use super::sums::SumPicture;
use crate::keymap::Key;

/// What a pointer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// The left button went down.
    Down,
    /// The pointer moved with the button held.
    Drag,
    /// The button went up.
    Up,
    /// The wheel turned away from the user.
    WheelUp,
    /// The wheel turned towards the user.
    WheelDown,
}

/// A pointer event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// What happened.
    pub press: Press,
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Shift or control held.
    pub shift: bool,
}

/// Which answer a question replaces. At most one question waits per slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Dots of a chart, by the panel's id.
    Chart(u64),
    /// The heat strip of a chart, by the panel's id.
    Heat(u64),
    /// One kind of memory of a chart's stack, by the panel's id and the kind's number.
    Part(u64, usize),
    /// Limits of a chart's series, by the panel's id.
    Limit(u64),
    /// Sums in a chart, by the panel's id.
    Sums(u64),
    /// Subjects of a table.
    Subjects(Table),
    /// Means of many subjects.
    Rank,
    /// The whole recording in small.
    Navigator,
    /// The selected line of a search.
    Preview,
    /// What happened.
    Events,
    /// Whether clocks agree.
    Clocks,
    /// A container's processes at one moment.
    Processes,
    /// Everybody at one moment, as a tree.
    Tree,
    /// A study, or what a finding looks like.
    Study,
    /// Where the selected series took another level.
    Changes,
    /// The small pictures in the subject list: whatever else is asked comes first.
    Sparks,
}

/// A question's number; answers to older questions of a slot are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Where the answer goes.
    pub slot: Slot,
    /// Grows with every question.
    pub generation: u64,
}

/// Something to ask the recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Who has rows, and who of them passes the filter.
    Subjects(Table, TimeRange, Option<Filter>),
    /// Who of these passes another filter; the range is where rows of `identities` are looked for.
    Passing(Arc<Names>, TimeRange, Option<Filter>),
    /// Series.
    Window(WindowQuery),
    /// Sums of groups, and what each is of.
    Sums(Vec<Who>, SumQuery),
    /// One series of a metric of whose table nobody is known yet: the highest of some, in so many columns.
    Glimpse(&'static Metric, TimeRange, usize),
    /// What happened in a range.
    Events(TimeRange),
    /// What the nodes' kernels said of their clocks.
    Clocks(TimeRange),
    /// A container's processes at one moment.
    Processes(Wanted),
    /// Everybody at one moment, as a tree.
    Tree(forest::Wanted),
    /// What a study finds.
    Study(findings::Wanted),
    /// All cycles of a finding over one another.
    Fold(Finding),
}

impl Question {
    /// Whether the answer to an older question of the same slot would do until this one is answered: the same series
    /// over a window that overlaps.
    pub fn makes_do_with(&self, old: &Question) -> bool {
        match (self, old) {
            (Question::Window(a), Question::Window(b)) => {
                a.metric == b.metric && a.subjects == b.subjects && a.range.overlaps(b.range)
            }
            (Question::Sums(_, a), Question::Sums(_, b)) => {
                a.metric == b.metric && a.groups == b.groups && a.range.overlaps(b.range)
            }
            _ => false,
        }
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Who has rows.
    Subjects(Listed),
    /// Series, with what was asked.
    Window(WindowQuery, WindowAnswer),
    /// What the nodes' kernels said of their clocks.
    Clocks(Vec<Clock>),
    /// Sums, with what was asked.
    Sums(SumPicture),
    /// What happened in the range, by time.
    Events(TimeRange, Vec<Mark>),
    /// A container's processes at the moment asked for.
    Processes(Wanted, Vec<Process>),
    /// Everybody at the moment asked for.
    Tree(forest::Wanted, Forest),
    /// What a study has found.
    Findings(Arc<[Finding]>),
    /// All cycles of a finding over one another.
    Folded(Folded),
    /// Nothing, for this reason.
    Failed(String),
}

/// A line that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Position among the items that were given.
    pub item: usize,
    /// The item.
    pub text: String,
    /// Positions of the matched characters.
    pub positions: Vec<u32>,
}

/// The state of a search so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was searched for.
    pub pattern: String,
    /// The best matches.
    pub matches: Vec<Match>,
    /// Number of all matches.
    pub matched: usize,
    /// Number of items looked at.
    pub total: usize,
    /// Whether more may come.
    pub running: bool,
}

/// Everything that can happen.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// The mouse.
    Pointer(Pointer),
    /// The screen's new size.
    Resize(u16, u16),
    /// The recording has changed.
    Overview(Arc<Overview>),
    /// An answer.
    Answer(Ticket, Answer),
    /// A study has got so far, 0..=1.
    Progress(Ticket, f64),
    /// A search has got further.
    Found(u64, Found),
    /// An answer is taking so long that the old picture should say so.
    Slow,
    /// The recorder in this process has said something.
    Recorder(Arc<Report>),
    /// Something outside went wrong, in one line.
    Trouble(String),
    /// Something was done that can not be seen, in one line.
    Done(String),
}

/// Everything that the state can want.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the recording, in place of what waits in the same slot.
    Ask(Ticket, Question),
    /// Call the study under way off.
    CallOff,
    /// Start a search over these lines.
    OpenSearch(u64, Vec<Arc<str>>),
    /// The search's pattern is now this; true when it only got longer.
    Pattern(String, bool),
    /// The search is over.
    CloseSearch,
    /// Put a text into the clipboard; what it is, for people.
    Copy(&'static str, String),
    /// Put a picture of the active chart into the clipboard.
    CopyPicture,
    /// Back to the shell for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Leave.
    Quit,
}
