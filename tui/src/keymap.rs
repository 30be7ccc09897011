//! The action table: what the viewer can be told to do, by which keys, and how people read about it.
//!
//! Owns: actions, default keys, names, help texts, groups; key dispatch, the help screen, the palette, the key bar, the
//! settings file and the key reference derive from it (TUI-4). Must not: carry anything out, or know a terminal library.

mod bindings;
mod key;

pub use bindings::{Keymap, Wrong};
pub use key::{Code, Key};

/// Where a key is read: the same key may mean another thing elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Chart and lists.
    Main,
    /// The search prompt; other keys are text.
    Search,
    /// The line for a time or a filter; other keys are text.
    Prompt,
    /// The table of a container's processes.
    Processes,
    /// The tree of pods, containers and processes.
    Tree,
    /// Help or the list of problems lies over everything.
    Overlay,
    /// The list of what can be copied.
    Copy,
    /// The list of what can be studied.
    Studies,
    /// What a study has found.
    Findings,
}

/// Under which heading help shows an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Moving through time.
    Time,
    /// Choosing what is drawn.
    Choice,
    /// How it is drawn.
    View,
    /// Within the search prompt.
    Search,
    /// Within the table of processes.
    Processes,
    /// Within the tree.
    Tree,
    /// Taking something elsewhere.
    Copy,
    /// Finding what repeats, changed, leaks.
    Studies,
    /// The program itself.
    Program,
}

impl Group {
    /// Every group, in the order of the help screen.
    pub const ALL: [Group; 9] = [
        Group::Time,
        Group::Choice,
        Group::View,
        Group::Processes,
        Group::Tree,
        Group::Search,
        Group::Studies,
        Group::Copy,
        Group::Program,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Time => "Time",
            Group::Choice => "Metrics and subjects",
            Group::View => "Chart",
            Group::Search => "In a search",
            Group::Processes => "In the table of processes",
            Group::Tree => "In the tree",
            Group::Copy => "Copying",
            Group::Studies => "Studies",
            Group::Program => "Program",
        }
    }
}

/// Declares the actions and the table in one place.
macro_rules! actions {
    ($( $action:ident : $context:ident $group:ident [$($key:expr),*] $name:literal $(as $bar:literal)? , $help:literal; )*) => {
        /// Something that the viewer can be told to do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $( #[doc = $help] $action, )*
        }

        /// Every action, in the order of the help screen.
        pub const TABLE: &[Entry] = &[ $( Entry {
            action: Action::$action, context: Context::$context, group: Group::$group, keys: &[$($key),*],
            name: $name, bar: actions!(@bar $($bar)?), help: $help,
        } ),* ];
    };
    (@bar $bar:literal) => { Some($bar) };
    (@bar) => { None };
}

impl Action {
    /// Actions without which there is no way out.
    pub const NEEDED: &[Action] = &[
        Action::Quit,
        Action::SearchTake,
        Action::SearchClose,
        Action::PromptClose,
        Action::ProcessesClose,
        Action::TreeClose,
        Action::OverlayClose,
        Action::CopyClose,
        Action::StudiesClose,
        Action::FindingsClose,
    ];
}

/// One line of the action table.
#[derive(Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Where its keys are read.
    pub context: Context,
    /// Heading in help.
    pub group: Group,
    /// Default keys, the one to show first.
    pub keys: &'static [Key],
    /// Name in palettes and configuration.
    pub name: &'static str,
    /// The word beside its key in the key bar, if it stands there.
    pub bar: Option<&'static str>,
    /// One sentence.
    pub help: &'static str,
}

use Code::{BackTab, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};

actions! {
    CursorLeft: Main Time [Key::char('h'), Key::plain(Left)] "cursor-left", "Move the cursor left by one dot.";
    CursorRight: Main Time [Key::char('l'), Key::plain(Right)] "cursor-right", "Move the cursor right by one dot.";
    CursorFarLeft: Main Time [Key::char('b'), Key::with_ctrl(Left)] "cursor-far-left", "Move the cursor left by a tenth of the chart.";
    CursorFarRight: Main Time [Key::char('w'), Key::with_ctrl(Right)] "cursor-far-right", "Move the cursor right by a tenth of the chart.";
    PanLeft: Main Time [Key::char('H'), Key::with_shift(Left)] "pan-left", "Move the window to earlier times.";
    PanRight: Main Time [Key::char('L'), Key::with_shift(Right)] "pan-right", "Move the window to later times.";
    ZoomIn: Main Time [Key::char('+'), Key::char('=')] "zoom-in" as "zoom", "Zoom in at the cursor (mouse wheel: at the pointer).";
    ZoomOut: Main Time [Key::char('-'), Key::char('_')] "zoom-out" as "out", "Zoom out at the cursor (mouse wheel: at the pointer).";
    Fit: Main Time [Key::char('f'), Key::char('0')] "fit" as "fit", "Show the whole recording.";
    Undo: Main Time [Key::char('u')] "undo-view" as "undo", "Go back to the previous window.";
    Redo: Main Time [Key::char('U'), Key::ctrl('r')] "redo-view", "Go forward again.";
    First: Main Time [Key::char('g'), Key::plain(Home)] "first", "Move the window to the start of the recording.";
    Last: Main Time [Key::char('G'), Key::plain(End)] "last", "Move the window to the end of the recording.";
    Follow: Main Time [Key::char('F')] "follow" as "follow", "Keep the newest data in view, or stop doing so.";
    SetMark: Main Time [Key::char('m')] "set-mark", "Leave a second cursor here: the legend shows the difference to it.";
    ShowBetween: Main Time [Key::char('Z')] "show-between", "Show what lies between the two cursors.";
    DropCursor: Main Time [Key::plain(Esc)] "drop-cursor", "Remove the cursors; the legend shows the newest values.";
    StepForward: Main Time [Key::char('.')] "step-forward", "Move the cursor on by one sample, or one dot if dots are longer.";
    StepBack: Main Time [Key::char(',')] "step-back", "Move the cursor back by one sample, or one dot if dots are longer.";
    NextEvent: Main Time [Key::char('e')] "next-event", "Put the cursor on the next event.";
    PreviousEvent: Main Time [Key::char('E')] "previous-event", "Put the cursor on the event before.";
    NextSpike: Main Time [Key::char('s')] "next-spike", "Put the cursor on the selected series' next spike in this window.";
    PreviousSpike: Main Time [Key::char('S')] "previous-spike", "Put the cursor on the selected series' spike before.";
    NextChange: Main Time [Key::char('}')] "next-change", "Put the cursor where the selected series next takes another level.";
    PreviousChange: Main Time [Key::char('{')] "previous-change", "Put the cursor where the selected series took another level before.";
    NextGap: Main Time [Key::char('d')] "next-gap", "Put the cursor on the next gap.";
    PreviousGap: Main Time [Key::char('D')] "previous-gap", "Put the cursor on the gap before.";
    GoTo: Main Time [Key::char('t')] "go-to", "Type a time to put the cursor on: 14:05, or -10m before the last tick.";
    SearchMetrics: Main Choice [Key::char('/')] "search-metrics" as "metrics", "Search the metrics.";
    SearchSubjects: Main Choice [Key::char('c')] "search-subjects" as "subjects", "Search containers, services, processes or whatever the metric is about.";
    Down: Main Choice [Key::char('j'), Key::plain(Down)] "down", "Next line of the list that has the focus; in the chart, next series.";
    Up: Main Choice [Key::char('k'), Key::plain(Up)] "up", "Previous line of the list that has the focus; in the chart, previous series.";
    PageDown: Main Choice [Key::plain(PageDown), Key::ctrl('d')] "page-down", "Ten lines down.";
    PageUp: Main Choice [Key::plain(PageUp), Key::ctrl('u')] "page-up", "Ten lines up.";
    FocusNext: Main Choice [Key::plain(Tab)] "focus-next" as "focus", "Move the focus: metrics, subjects, chart.";
    FocusPrevious: Main Choice [Key::plain(BackTab)] "focus-previous", "Move the focus the other way.";
    Toggle: Main Choice [Key::char(' ')] "toggle" as "draw", "Draw the subject or stop drawing it; in the chart, the selected series.";
    Open: Main Choice [Key::plain(Enter)] "open" as "open", "A container: its processes. A group: its members. Else: draw nothing but it.";
    Tree: Main Choice [Key::char('T')] "tree", "Pods, their containers and their processes as one tree, at the cursor.";
    Only: Main Choice [Key::char('o')] "only", "Draw nothing but this subject.";
    Top: Main Choice [Key::char('a')] "top" as "top 6", "Draw the first six of the list: those with the highest mean, as it comes.";
    Filter: Main Choice [Key::char('&')] "filter", "Type a filter such as ns:data qos:burstable app; only who matches is listed.";
    GroupBy: Main Choice [Key::char('R')] "group-by", "Draw sums by pod, namespace, name, node, of all; then single series again.";
    Rest: Main Choice [Key::char(';')] "rest", "Draw the sum of everybody who is listed and not drawn, or stop doing so.";
    Sort: Main Choice [Key::char('r')] "sort", "Order the list by mean, max, last value, growth, name, newest row.";
    Pin: Main Choice [Key::char('*')] "pin", "Keep the subject at the top of the list, or let it go.";
    Mute: Main Choice [Key::char('M')] "mute", "Leave the selected series out of the charts, or take it in again.";
    Solo: Main Choice [Key::char('i')] "solo", "Leave all but the selected series out, or take them in again.";
    None: Main Choice [Key::char('n')] "none", "Draw nothing.";
    AllKinds: Main Choice [Key::char('v')] "all-kinds", "List sandboxes, pods and slices too, or hide them again.";
    NextShape: Main View [Key::char('V')] "next-shape", "Lines; a heat strip of everybody listed; a container's memory by kind.";
    NextScale: Main View [Key::char('z')] "next-scale", "Value axis: from zero, fitted to what is visible, logarithmic.";
    FixScale: Main View [Key::char('#')] "fix-scale", "Hold the value axis where it is, or let it follow again.";
    AddPanel: Main View [Key::char('p')] "add-panel" as "panel", "Search a metric and open a panel for it below the active one.";
    ClosePanel: Main View [Key::char('x')] "close-panel", "Close the active panel.";
    NextPanel: Main View [Key::char(']')] "next-panel", "Make the next panel the active one.";
    PreviousPanel: Main View [Key::char('[')] "previous-panel", "Make the previous panel the active one.";
    Lists: Main View [Key::char('\\')] "lists", "Hide the lists on the left, or show them again.";
    Sparks: Main View [Key::char('W')] "sparklines", "Show what each line's value did in the window, or stop doing so.";
    Problems: Main View [Key::char('!')] "problems", "List the files that could not be read, and what the recorder says.";
    Studies: Main Studies [Key::char('A')] "studies" as "study", "Find what repeats, changed, leaks, moved together, was throttled or killed.";
    NextFinding: Main Studies [Key::char('N')] "next-finding", "Show the next finding of the last study.";
    PreviousFinding: Main Studies [Key::char('P')] "previous-finding", "Show the finding before.";
    Fold: Main Studies [Key::char('O')] "fold", "Lay all cycles of the shown finding over one another.";
    FindingsBack: Main Studies [Key::char('B')] "findings-back", "Go back to what was on the screen before findings were shown.";
    StudyPeriods: Studies Studies [Key::char('p')] "study-periods", "What repeats.";
    StudyChanges: Studies Studies [Key::char('c')] "study-changes", "What took another level.";
    StudyLeaks: Studies Studies [Key::char('l')] "study-leaks", "What climbs without coming back, and when it meets its limit.";
    StudyLinks: Studies Studies [Key::char('m')] "study-links", "What moved together, and which came first.";
    StudyThrottling: Studies Studies [Key::char('t')] "study-throttling", "Who was throttled, and which quota it would have taken.";
    StudyKills: Studies Studies [Key::char('k')] "study-kills", "OOM kills: what grew, and what warned before.";
    StudyWhom: Studies Studies [Key::plain(Tab)] "study-whom", "Of all containers and metrics, or of the drawn series of this panel.";
    StudyAgain: Studies Studies [Key::char('A'), Key::plain(Enter)] "study-again", "The findings of the last study.";
    StudiesClose: Studies Studies [Key::plain(Esc), Key::char('q'), Key::ctrl('c')] "studies-close", "Study nothing.";
    FindingsDown: Findings Studies [Key::char('j'), Key::plain(Down)] "findings-down", "Next finding.";
    FindingsUp: Findings Studies [Key::char('k'), Key::plain(Up)] "findings-up", "Finding before.";
    FindingsTake: Findings Studies [Key::plain(Enter), Key::char(' ')] "findings-take", "Show it: its series, its part of the time, what it looks like.";
    FindingsFold: Findings Studies [Key::char('f')] "findings-fold", "Lay all its cycles over one another.";
    FindingsClose: Findings Studies [Key::plain(Esc), Key::char('q'), Key::ctrl('c')] "findings-close", "Close the findings; a study under way is called off.";
    Copy: Main Copy [Key::char('y')] "copy" as "copy", "Copy values, a command, SQL, a link or a picture to the clipboard.";
    CopyValues: Copy Copy [Key::char('v'), Key::char('y')] "copy-values", "The values at the cursor, as a table.";
    CopyCommand: Copy Copy [Key::char('c')] "copy-command", "The command line that gives the numbers of this chart.";
    CopySql: Copy Copy [Key::char('s')] "copy-sql", "The SQL that reads the rows behind this chart.";
    CopyLink: Copy Copy [Key::char('l')] "copy-link", "The command line that opens this view again.";
    CopyPicture: Copy Copy [Key::char('p')] "copy-picture", "The chart as an SVG picture.";
    CopyClose: Copy Copy [Key::plain(Esc), Key::char('q'), Key::ctrl('c')] "copy-close", "Copy nothing.";
    Palette: Main Program [Key::char(':')] "palette" as "commands", "Search everything that the viewer can do, and do it.";
    Help: Main Program [Key::char('?')] "help" as "help", "Show the keys.";
    Redraw: Main Program [Key::ctrl('l')] "redraw", "Draw the whole screen again.";
    Suspend: Main Program [Key::ctrl('z')] "suspend", "Go back to the shell; fg returns.";
    Quit: Main Program [Key::char('q'), Key::ctrl('c')] "quit" as "quit", "Leave.";
    SearchTake: Search Search [Key::plain(Enter)] "search-take", "Take the selected line.";
    SearchToggle: Search Search [Key::plain(Tab)] "search-toggle", "Draw the selected subject or stop drawing it, and stay.";
    SearchNext: Search Search [Key::plain(Down), Key::ctrl('n'), Key::ctrl('j')] "search-next", "Next match.";
    SearchPrevious: Search Search [Key::plain(Up), Key::ctrl('p'), Key::ctrl('k')] "search-previous", "Previous match.";
    SearchClose: Search Search [Key::plain(Esc), Key::ctrl('c'), Key::ctrl('g')] "search-close", "Close the search and change nothing.";
    PromptTake: Prompt Search [Key::plain(Enter)] "prompt-take", "Take the typed line.";
    PromptClose: Prompt Search [Key::plain(Esc), Key::ctrl('c'), Key::ctrl('g')] "prompt-close", "Leave the line and change nothing.";
    ProcessesOpen: Processes Processes [Key::plain(Enter)] "processes-open", "Draw the process in a panel of its own.";
    ProcessesSort: Processes Processes [Key::char('s'), Key::plain(Tab)] "processes-sort", "Sort by the next column.";
    ProcessesSortBack: Processes Processes [Key::char('S'), Key::plain(BackTab)] "processes-sort-back", "Sort by the column before.";
    ProcessesLater: Processes Processes [Key::char('l'), Key::plain(Right), Key::char('.')] "processes-later", "The processes one sample later.";
    ProcessesEarlier: Processes Processes [Key::char('h'), Key::plain(Left), Key::char(',')] "processes-earlier", "The processes one sample earlier.";
    ProcessesDown: Processes Processes [Key::char('j'), Key::plain(Down)] "processes-down", "Next process.";
    ProcessesUp: Processes Processes [Key::char('k'), Key::plain(Up)] "processes-up", "Previous process.";
    ProcessesClose: Processes Processes [Key::plain(Esc), Key::char('q'), Key::ctrl('c')] "processes-back", "Back to the charts.";
    TreeOpen: Tree Tree [Key::plain(Enter)] "tree-open", "Unfold the line or fold it; a process: draw it in a panel of its own.";
    TreeUnfold: Tree Tree [Key::char('l'), Key::plain(Right), Key::char('+'), Key::char('=')] "tree-unfold", "Unfold the line.";
    TreeFold: Tree Tree [Key::char('h'), Key::plain(Left), Key::char('-')] "tree-fold", "Fold the line, or go to the one above it.";
    TreeDraw: Tree Tree [Key::char(' ')] "tree-draw", "Draw the container, pod, service or slice, or stop drawing it.";
    TreeLater: Tree Tree [Key::char('.')] "tree-later", "The tree one sample later.";
    TreeEarlier: Tree Tree [Key::char(',')] "tree-earlier", "The tree one sample earlier.";
    TreeDown: Tree Tree [Key::char('j'), Key::plain(Down)] "tree-down", "Next line.";
    TreeUp: Tree Tree [Key::char('k'), Key::plain(Up)] "tree-up", "Previous line.";
    TreePageDown: Tree Tree [Key::plain(PageDown), Key::ctrl('d')] "tree-page-down", "Ten lines down.";
    TreePageUp: Tree Tree [Key::plain(PageUp), Key::ctrl('u')] "tree-page-up", "Ten lines up.";
    TreeClose: Tree Tree [Key::plain(Esc), Key::char('q'), Key::char('T'), Key::ctrl('c')] "tree-back", "Back to the charts.";
    OverlayDown: Overlay Program [Key::char('j'), Key::plain(Down), Key::plain(PageDown)] "overlay-down", "Scroll help or problems down.";
    OverlayUp: Overlay Program [Key::char('k'), Key::plain(Up), Key::plain(PageUp)] "overlay-up", "Scroll help or problems up.";
    OverlayClose: Overlay Program [Key::plain(Esc), Key::char('q'), Key::char('?'), Key::char('!'), Key::plain(Enter), Key::ctrl('c')] "overlay-close", "Close help or problems.";
}

/// The table's line of an action.
pub fn entry(action: Action) -> &'static Entry {
    // The macro above makes one line for each action.
    TABLE.iter().find(|e| e.action == action).unwrap_or(&TABLE[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// TUI-4: no key means two things in one context.
    #[test]
    fn no_key_stands_twice_in_a_context() {
        let mut seen = HashSet::new();
        for e in TABLE {
            for k in e.keys {
                assert!(seen.insert((e.context, *k)), "{k} twice in {:?}", e.context);
            }
        }
    }

    /// TUI-4: help, palette and key bar can show every action.
    #[test]
    fn every_action_has_a_key_a_name_and_a_sentence() {
        let mut names = HashSet::new();
        for e in TABLE {
            assert!(!e.keys.is_empty(), "{:?} has no key", e.action);
            assert!(names.insert(e.name), "{} twice", e.name);
            assert!(e.help.ends_with('.') && e.help.len() < 80, "{}: {}", e.name, e.help);
            assert_eq!(entry(e.action).name, e.name);
            assert!(Group::ALL.contains(&e.group));
        }
    }
}
