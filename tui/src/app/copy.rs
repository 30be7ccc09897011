//! What can be taken elsewhere: values, a command, SQL, a link to this view.
//!
//! Owns: the texts. Must not: reach a clipboard.

use std::fmt::Write;

use fgm::metric::Kind;
use fgm::series::shown_quantity;
use fgm::store::tick::LabelValue;
use fgm::subject::SubjectKey;
use fgm::time::TimeRange;

use super::message::Effect;
use super::opening::metric_name;
use super::panel::{Panel, Reading};
use super::timeline::{Pin, Timeline};
use super::{App, Overlay};
use crate::keymap::Action;
use crate::naming::{instant, key_text, quoted};
use crate::text::clean;

impl App {
    pub(super) fn copy(&mut self, action: Action) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let (what, text) = match action {
            Action::CopyValues => ("values", self.values()),
            Action::CopyCommand => ("command", self.command()),
            Action::CopySql => ("SQL", self.sql()),
            Action::CopyLink => ("link", Some(self.link())),
            _ => ("picture", None),
        };
        match text {
            Some(text) => vec![Effect::Copy(what, text)],
            None if action == Action::CopyPicture && self.panel().picture.is_some() => {
                vec![Effect::CopyPicture]
            }
            None => {
                self.notice = Some("nothing is drawn that could be copied".to_owned());
                Vec::new()
            }
        }
    }

    /// What all panels say at the cursor, as a table with tabs: the mean of the dot and its extremes.
    fn values(&self) -> Option<String> {
        let timeline = self.timeline.as_ref()?;
        let at = timeline.cursor().unwrap_or(timeline.window().end.min(timeline.bounds().end) - 1);
        let mut out = String::from("time\tmetric\tsubject\tmean\tmin\tmax\tunit\n");
        let head = out.len();
        for panel in &self.panels {
            let group = self.group_of(panel.metric.table);
            for (position, key) in group.drawn.iter() {
                let Reading::Value(b) = self.value_of(panel, position) else { continue };
                let (metric, name) = (metric_name(panel.metric), group.title(key));
                let unit = shown_quantity(panel.metric).name();
                // Writing to a string cannot fail.
                let _ = writeln!(
                    out,
                    "{}\t{metric}\t{name}\t{}\t{}\t{}\t{unit}",
                    instant(at),
                    b.mean,
                    b.min,
                    b.max
                );
            }
        }
        (out.len() > head).then_some(out)
    }

    /// The window as the active panel's picture has it, and its number of columns.
    fn shown(&self) -> Option<(&Panel, TimeRange, usize)> {
        let panel = self.panel();
        let query = &panel.picture.as_ref()?.query;
        Some((panel, query.range, query.columns))
    }

    /// The command whose buckets are those of the chart.
    fn command(&self) -> Option<String> {
        let (panel, range, columns) = self.shown()?;
        let subjects = self.named_subjects(panel);
        (!subjects.is_empty()).then(|| {
            format!(
                "fgm-tui query {} --columns {columns} --range {}..{}{subjects}{}",
                quoted(&metric_name(panel.metric)),
                instant(range.start),
                instant(range.end),
                self.path_words()
            )
        })
    }

    /// The rows behind the chart. Counters are as the kernel has them; the chart shows how fast they grow.
    fn sql(&self) -> Option<String> {
        let (panel, range, _) = self.shown()?;
        let metric = panel.metric;
        let keys = self.group_of(metric.table).drawn.keys();
        if keys.is_empty() {
            return None;
        }
        let labels: Vec<&str> = metric.table.key_labels().map(|i| metric.table.labels()[i].name).collect();
        let one = |key: &SubjectKey| {
            let terms = labels.iter().zip(&key.values).filter_map(|(name, value)| match value {
                LabelValue::Null => None,
                LabelValue::Int(n) => Some(format!("{name} = {n}")),
                // What no text should hold is left to the other labels.
                LabelValue::Text(s) if clean(s) != *s => None,
                LabelValue::Text(s) => Some(format!("{name} = '{}'", s.replace('\'', "''"))),
            });
            format!("({})", terms.collect::<Vec<_>>().join(" AND "))
        };
        let who = keys.iter().map(one).collect::<Vec<_>>().join("\n    OR ");
        let note = if metric.kind == Kind::Counter {
            "\n-- a counter: the chart shows its growth per second"
        } else {
            ""
        };
        Some(format!(
            "SELECT time, {}, {}\nFROM {}\nWHERE time >= '{}' AND time < '{}'\n  AND ({who})\nORDER BY time{note}",
            labels.join(", "),
            metric.name,
            metric.table,
            instant(range.start),
            instant(range.end)
        ))
    }

    /// The command that opens this view again.
    fn link(&self) -> String {
        let mut out = String::from("fgm-tui");
        for panel in &self.panels {
            let name = metric_name(panel.metric);
            let _ = write!(out, " --metric {} --scale {}", quoted(&name), panel.scale);
        }
        let mut tables = Vec::new();
        for panel in &self.panels {
            if !tables.contains(&panel.metric.table) {
                tables.push(panel.metric.table);
                out.push_str(&self.named_subjects(panel));
            }
        }
        if let Some(t) = self.timeline.as_ref().filter(|t| t.pin() != Pin::Everything) {
            let w = t.window();
            let _ = write!(out, " --range {}..{}", instant(w.start), instant(w.end));
        }
        if let Some(at) = self.timeline.as_ref().and_then(Timeline::cursor) {
            let _ = write!(out, " --cursor {}", instant(at));
        }
        if let Some(zone) = self.zone.iana_name() {
            let _ = write!(out, " --tz {}", quoted(zone));
        }
        out + &self.path_words()
    }

    /// ` --subject NAME` for each drawn series: its title where nobody else has it, else its key.
    fn named_subjects(&self, panel: &Panel) -> String {
        let group = self.group_of(panel.metric.table);
        let name = |key: &SubjectKey| {
            let title = group.title(key);
            let bearers = group.subjects.all().iter().filter(|e| e.title == title).count();
            if bearers == 1 { title } else { key_text(key) }
        };
        let words = group.drawn.iter().flat_map(|(_, key)| [" --subject ".to_owned(), quoted(&name(key))]);
        words.collect()
    }

    fn path_words(&self) -> String {
        self.paths.iter().flat_map(|p| [" ".to_owned(), quoted(&p.to_string_lossy())]).collect()
    }
}
