//! What can be taken elsewhere: values, a command, SQL, a link to this view.
//!
//! Owns: the texts. Must not: reach a clipboard.

use std::fmt::Write;

use fgm::metric::Kind;
use fgm::series::shown_quantity;
use fgm::store::tick::LabelValue;
use fgm::subject::SubjectKey;
use fgm::time::TimeRange;

use super::drawn::{REST, Who};
use super::message::Effect;
use super::opening::metric_name;
use super::panel::{Panel, Reading};
use super::timeline::{Pin, Timeline};
use super::{App, Overlay};
use crate::grouping::spell;
use crate::keymap::Action;
use crate::naming::{instant, key_text, quoted};
use crate::text::clean;

impl App {
    pub(super) fn copy(&mut self, action: Action) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let (what, text) = match action {
            Action::CopyValues => ("values", self.values()),
            Action::CopyCommand => ("command", self.command()),
            Action::CopySql if self.drawn().by.is_some() => {
                return self.tell("SQL gives rows, not their sums: the command gives these");
            }
            Action::CopySql => ("SQL", self.sql()),
            Action::CopyLink => ("link", Some(self.link())),
            _ => ("picture", None),
        };
        match text {
            Some(text) => vec![Effect::Copy(what, text)],
            None if action == Action::CopyPicture && self.panel().shown().is_some() => {
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
            let rest = group.drawn.rest.then_some((REST, &Who::Rest));
            for (position, who) in group.drawn.iter().chain(rest) {
                let Reading::Value(b) = self.value_of(panel, position) else { continue };
                let metric = metric_name(panel.metric);
                let name = match (who, group.drawn.by) {
                    (Who::Group(_), Some(by)) => format!("sum {}: {}", by.words(), self.title_of(panel, who)),
                    _ => self.title_of(panel, who),
                };
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
        let (range, columns) = panel.shown()?;
        Some((panel, range, columns))
    }

    /// The command whose buckets are those of the chart.
    fn command(&self) -> Option<String> {
        let (panel, range, columns) = self.shown()?;
        let whose = match self.group_of(panel.metric.table).drawn.by {
            // All groups: the rest of them is part of the answer.
            Some(by) => format!(" --sum-by {}{}", by.flag(), self.filter_words()),
            None => self.named(panel),
        };
        (!whose.is_empty()).then(|| {
            format!(
                "fgm-tui query {} --columns {columns} --range {}..{}{whose}{}",
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
                out.push_str(&self.named(panel));
            }
        }
        if let Some(by) = self.drawn().by {
            let _ = write!(out, " --sum-by {}{}", by.flag(), self.filter_words());
        }
        if self.drawn().rest {
            out.push_str(" --rest");
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

    /// ` --include FILTER`, where there is a filter.
    fn filter_words(&self) -> String {
        self.filter.as_ref().map(|f| format!(" --include {}", quoted(&f.to_string()))).unwrap_or_default()
    }

    /// ` --subject NAME` for each drawn series: its title where nobody else has it, else its key; of groups the name.
    fn named(&self, panel: &Panel) -> String {
        let group = self.group_of(panel.metric.table);
        let name = |key: &SubjectKey| {
            let title = group.title(key);
            let bearers = group.subjects.all().iter().filter(|e| e.title == title).count();
            if bearers == 1 { title } else { key_text(key) }
        };
        let name = |who: &Who| match who {
            Who::Subject(key) => Some(name(key)),
            Who::Group(name) => Some(clean(&spell(group.drawn.by?, name.as_deref()))),
            Who::Rest => None,
        };
        // Which groups have the most is found again.
        let own = group.drawn.by.is_none() || !group.drawn.automatic;
        let names = group.drawn.iter().filter(|_| own).filter_map(|(_, who)| name(who));
        names.flat_map(|name| [" --subject ".to_owned(), quoted(&name)]).collect()
    }

    fn path_words(&self) -> String {
        self.paths.iter().flat_map(|p| [" ".to_owned(), quoted(&p.to_string_lossy())]).collect()
    }
}
