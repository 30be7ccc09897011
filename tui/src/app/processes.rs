//! A container's processes at one moment, as `top` would have shown them then (TUI-7).
//!
//! Owns: the table's rows, their order, which one is selected. Must not: read them (workers do).

use fgm::metric::{Metric, Table};
use fgm::query::model::{WindowAnswer, WindowQuery};
use fgm::store::tick::LabelValue;
use fgm::subject::{Subject, SubjectKey};
use fgm::time::{Micros, TimeRange};
use fgm::unit::Unit;

use super::list::List;
use super::message::{Effect, Question, Slot};
use super::timeline::Timeline;
use super::{App, Overlay};
use crate::text::clean;

/// The table's numbers: column of `processes` and heading.
pub const COLUMNS: [(&str, &str); 7] = [
    ("cpu_usage_millicores", "CPU"),
    ("memory_pss_bytes", "PSS"),
    ("memory_rss_bytes", "RSS"),
    ("memory_rss_anon_bytes", "anon"),
    ("io_read_bytes_total", "read"),
    ("io_write_bytes_total", "written"),
    ("threads", "threads"),
];
/// How many ticks back a process must have a row to count as being there.
const RECENT: f64 = 1.5;
/// How many ticks back rates are looked for.
const BACK: Micros = 3;

/// The metric of a column.
pub fn metric(column: usize) -> Option<&'static Metric> {
    Metric::find(Table::Processes, COLUMNS.get(column)?.0)
}

/// The column that is nearest to a metric of containers: what has its name, else what is of its kind, else the CPU.
pub fn column_of(metric: &Metric) -> usize {
    let named = |name: &str| COLUMNS.iter().position(|(n, _)| *n == name);
    let near = match (metric.unit, metric.name) {
        (Unit::Bytes, n) if n.starts_with("memory_pss") => "memory_pss_bytes",
        (Unit::Bytes, n) if n.starts_with("memory_stat_anon") => "memory_rss_anon_bytes",
        (Unit::Bytes, n) if n.starts_with("memory_") => "memory_rss_bytes",
        (_, n) if n.starts_with("io_read") => "io_read_bytes_total",
        (_, n) if n.starts_with("io_write") => "io_write_bytes_total",
        (_, n) if n.starts_with("pids_") => "threads",
        _ => COLUMNS[0].0,
    };
    named(metric.name).or_else(|| named(near)).unwrap_or(0)
}

/// Puts the highest first.
pub fn sort(rows: &mut [Process], column: usize) {
    let value = |p: &Process| p.values[column].unwrap_or(f64::NEG_INFINITY);
    rows.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.pid.cmp(&b.pid)));
}

/// A process at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Identity.
    pub key: SubjectKey,
    /// Process id.
    pub pid: i64,
    /// Harmless command line, or the name of a process without one.
    pub command: String,
    /// A number per column; `None` where nothing was read.
    pub values: [Option<f64>; COLUMNS.len()],
}

/// The table.
#[derive(Clone, Debug)]
pub struct Processes {
    /// Whose processes.
    pub container: SubjectKey,
    /// The container's harmless title.
    pub title: String,
    /// The moment.
    pub at: Micros,
    /// By the sorted column, the highest first.
    pub rows: Vec<Process>,
    /// Column by which rows are sorted.
    pub sort: usize,
    /// Selection.
    pub list: List,
    /// Whether the rows are of an earlier question.
    pub stale: bool,
}

/// What must be asked for the table: the moment, and the metrics over the last ticks before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Whose processes.
    pub container: SubjectKey,
    /// The moment.
    pub at: Micros,
    /// Length of a tick.
    pub interval: Micros,
}

impl Wanted {
    /// In which rows are looked for.
    pub fn range(&self) -> TimeRange {
        TimeRange::new(self.at - self.interval * BACK, self.at + self.interval / 2)
    }

    /// Whether a process is in the container and may have been there: its cgroup is the container's or lies below.
    pub fn is_inside(&self, process: &Subject) -> bool {
        let labels = Table::Containers.labels();
        let path = Table::Containers
            .key_labels()
            .position(|i| labels[i].name == "cgroup_path")
            .and_then(|i| self.container.values.get(i)?.as_text());
        let (Some(path), Some(own)) = (path, process.text("cgroup_path")) else { return false };
        let node = self.container.values.first().and_then(|v| v.as_text()) == process.text("node_name");
        node && own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The questions: one column per tick.
    pub fn queries(&self, processes: &[Subject]) -> Vec<WindowQuery> {
        let subjects: Vec<_> = processes.iter().map(Subject::key).collect();
        let (range, columns) = (self.range(), BACK as usize + 1);
        (0..COLUMNS.len())
            .filter_map(metric)
            .map(|metric| WindowQuery { metric, subjects: subjects.clone(), range, columns })
            .collect()
    }

    /// The table's rows from the answers.
    pub fn rows(&self, processes: &[Subject], answers: &[WindowAnswer]) -> Vec<Process> {
        let oldest = self.at - (self.interval as f64 * RECENT) as Micros;
        let row = |(i, s): (usize, &Subject)| {
            let mut values = [None; COLUMNS.len()];
            let mut there = false;
            for (value, answer) in values.iter_mut().zip(answers) {
                let (_, buckets) = answer.series.get(i)?;
                let last = buckets.columns.iter().rposition(Option::is_some);
                *value = last.and_then(|c| Some(buckets.columns[c]?.last));
                // A held value is no row.
                let read = |c: usize| buckets.columns[c].is_some_and(|b| b.count > 0);
                let since = buckets.column_of(oldest).unwrap_or(0);
                there |= (since..buckets.columns.len()).any(read);
            }
            let command = s.text("cmdline").filter(|c| !c.is_empty()).or(s.text("comm")).unwrap_or("?");
            let pid = s.label("pid").and_then(LabelValue::as_int).unwrap_or(-1);
            there.then(|| Process { key: s.key(), pid, command: clean(command), values })
        };
        processes.iter().enumerate().filter_map(row).collect()
    }
}

impl Processes {
    /// Takes rows; the selected process stays selected.
    fn update(&mut self, rows: Vec<Process>) {
        let selected = self.rows.get(self.list.selected).map(|r| r.key.clone());
        self.rows = rows;
        self.stale = false;
        self.arrange(selected.as_ref());
    }

    fn arrange(&mut self, selected: Option<&SubjectKey>) {
        sort(&mut self.rows, self.sort);
        let at = selected.and_then(|k| self.rows.iter().position(|r| r.key == *k));
        self.list.selected = at.unwrap_or(0);
    }
}

impl App {
    /// The tick that is nearest to the cursor, since a dot may hold several or be shorter than one; without a cursor, the
    /// newest of the window.
    pub(super) fn moment(&self) -> Option<Micros> {
        let t = self.timeline.as_ref()?;
        let last = (t.bounds().end - 1).min(t.window().end - 1);
        let (start, interval) = (t.bounds().start, self.overview.interval.max(1));
        let ticks = (t.cursor().unwrap_or(last) - start + interval / 2).div_euclid(interval);
        Some((start + ticks * interval).min(t.bounds().end - 1))
    }

    /// Opens the table of a container's processes at the cursor, or at the newest data of the window.
    pub(super) fn open_processes(&mut self, container: SubjectKey) -> Vec<Effect> {
        let Some(at) = self.moment() else { return Vec::new() };
        let title = self.group_of(container.table).title(&container);
        let (rows, list) = (Vec::new(), List::default());
        self.overlay =
            Overlay::Processes(Processes { container, title, at, rows, sort: 0, list, stale: true });
        self.ask_processes()
    }

    fn ask_processes(&mut self) -> Vec<Effect> {
        let Overlay::Processes(p) = &mut self.overlay else { return Vec::new() };
        p.stale = true;
        let (container, at) = (p.container.clone(), p.at);
        vec![self.ask_processes_of(container, at)]
    }

    pub(super) fn ask_processes_of(&mut self, container: SubjectKey, at: Micros) -> Effect {
        let wanted = Wanted { container, at, interval: self.overview.interval.max(1) };
        self.ask(Slot::Processes, Question::Processes(wanted))
    }

    /// Takes rows, unless the table has been closed or moved on since.
    pub(super) fn take_processes(&mut self, wanted: &Wanted, rows: Vec<Process>) -> Vec<Effect> {
        match &mut self.overlay {
            Overlay::Processes(p) if p.at == wanted.at && p.container == wanted.container => p.update(rows),
            Overlay::Tree => return self.take_branch(wanted, rows),
            _ => {}
        }
        Vec::new()
    }

    /// The same container's processes some samples later; the cursor comes along.
    pub(super) fn step_processes(&mut self, samples: i64) -> Vec<Effect> {
        let (Some(bounds), interval) = (self.timeline.as_ref().map(Timeline::bounds), self.overview.interval)
        else {
            return Vec::new();
        };
        let Overlay::Processes(p) = &mut self.overlay else { return Vec::new() };
        let at = (p.at + samples * interval).clamp(bounds.start, bounds.end - 1);
        p.at = at;
        let mut effects = self.travel(|t| t.look_at(at));
        effects.extend(self.ask_processes());
        effects
    }

    pub(super) fn sort_processes(&mut self, forward: bool) -> Vec<Effect> {
        if let Overlay::Processes(p) = &mut self.overlay {
            let selected = p.rows.get(p.list.selected).map(|r| r.key.clone());
            p.sort = (p.sort + if forward { 1 } else { COLUMNS.len() - 1 }) % COLUMNS.len();
            p.arrange(selected.as_ref());
        }
        Vec::new()
    }

    pub(super) fn select_process(&mut self, by: isize) -> Vec<Effect> {
        if let Overlay::Processes(p) = &mut self.overlay {
            p.list.step(by, p.rows.len());
        }
        Vec::new()
    }

    /// Draws the selected process, by the sorted column.
    pub(super) fn open_process(&mut self) -> Vec<Effect> {
        let Overlay::Processes(p) = &self.overlay else { return Vec::new() };
        let (Some(row), Some(metric)) = (p.rows.get(p.list.selected), metric(p.sort)) else {
            return Vec::new();
        };
        let key = row.key.clone();
        self.draw_process(&key, metric)
    }

    /// Draws a process in a panel of its own or one that shows the metric already.
    pub(super) fn draw_process(&mut self, key: &SubjectKey, metric: &'static Metric) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let group = &mut self.groups[Table::Processes as usize];
        group.group_by(None);
        let drawn = &mut group.drawn;
        drawn.automatic = false;
        if drawn.position(key).is_none() && !drawn.toggle(key.clone()) {
            drawn.choose([key.clone()]);
        }
        group.subjects.select(key);
        match self.panels.iter().position(|p| p.metric == metric) {
            Some(i) if i == self.active => self.redraw_series(),
            Some(i) => self.activate(i),
            None if self.panels.len() < super::panel::MOST_PANELS => self.add_panel(metric),
            None => self.show_metric(metric),
        }
    }
}
