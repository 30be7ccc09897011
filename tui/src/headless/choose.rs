//! Which metrics and which subjects are meant.
//!
//! Owns: names of metrics with hints, what filters see of a subject. Must not: know the grammar of filters.

use std::cell::OnceCell;
use std::collections::HashMap;

use fgm::filter::{Field, Filter, Known, Verdict};
use fgm::metric::{Metric, Table};
use fgm::query::model::Overview;
use fgm::query::nearest;
use fgm::store::tick::LabelValue;
use fgm::subject::Subject;

/// A metric that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) metric: &'static Metric,
    /// What it is called in `extras`, where the metric is no more than "a value".
    pub(super) source: Option<String>,
}

impl Wanted {
    /// The name that it was asked for by.
    pub(super) fn name(&self) -> &str {
        self.source.as_deref().unwrap_or(self.metric.name)
    }
}

/// The metrics of this name: `table.metric`, or a column of the first table that has values of it; else what is
/// called so in `extras`, where numbers with and without decimals are two metrics. `extras` are its sources.
pub(super) fn metrics(
    name: &str,
    overview: &Overview,
    extras: impl FnOnce() -> Vec<String>,
) -> Result<Vec<Wanted>, String> {
    let one = |metric| vec![Wanted { metric, source: None }];
    // Also what only newer versions have.
    let recorded =
        |table, name: &str| overview.metrics.iter().copied().find(|m| m.table == table && m.name == name);
    if let Some((table, rest)) = name.split_once('.')
        && let Some(table) = Table::from_name(table)
    {
        return recorded(table, rest).or_else(|| Metric::find(table, rest)).map(one).ok_or_else(|| {
            let hint = nearest(rest, table.metrics().iter().map(|m| m.name));
            unknown(&format!("{rest} in the table {table}"), hint)
        });
    }
    let valued = Table::ALL.into_iter().find_map(|t| recorded(t, name));
    if let Some(metric) = valued.or_else(|| Table::ALL.into_iter().find_map(|t| Metric::find(t, name))) {
        return Ok(one(metric));
    }
    let sources = extras();
    if sources.iter().any(|s| s == name) {
        let wanted = |metric| Wanted { metric, source: Some(name.to_owned()) };
        return Ok(Table::Extras.metrics().iter().map(wanted).collect());
    }
    let names = Table::ALL.iter().flat_map(|t| t.metrics()).map(|m| m.name);
    Err(unknown(name, nearest(name, names.chain(sources.iter().map(String::as_str)))))
}

fn unknown(name: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("there is no metric {name}; {hint} is nearest"),
        None => format!(
            "there is no metric {name}; fgm-tui sql \"SHOW TABLES\" and \"DESCRIBE <table>\" list them"
        ),
    }
}

/// Subjects by filters.
pub(crate) struct Choice<'a> {
    pub(super) include: &'a [Filter],
    pub(super) exclude: &'a [Filter],
    /// Rows of `identities`, asked for only when a filter needs them.
    pub(super) identities: &'a dyn Fn() -> Vec<Subject>,
    known: OnceCell<HashMap<String, Identity>>,
}

#[derive(Default)]
struct Identity {
    image: Option<String>,
    labels: HashMap<String, String>,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(
        include: &'a [Filter],
        exclude: &'a [Filter],
        identities: &'a dyn Fn() -> Vec<Subject>,
    ) -> Choice<'a> {
        Choice { include, exclude, identities, known: OnceCell::new() }
    }

    /// Whether a subject is wanted.
    pub(crate) fn keeps(&self, subject: &Subject) -> bool {
        // A number that a filter asks for as a label is compared as text.
        let texts: Vec<Option<String>> = subject
            .labels
            .iter()
            .map(|v| match v {
                LabelValue::Int(n) => Some(n.to_string()),
                LabelValue::Text(s) => Some(s.clone()),
                LabelValue::Null => None,
            })
            .collect();
        let matches = |f: &Filter| f.verdict(|field| self.known(subject, &texts, field)) == Verdict::Yes;
        !self.exclude.iter().any(matches) && (self.include.is_empty() || self.include.iter().any(matches))
    }

    fn known<'s>(&'s self, subject: &'s Subject, texts: &'s [Option<String>], field: &Field) -> Known<'s> {
        let told = |text: Option<&'s str>| text.map_or(Known::Absent, Known::Is);
        let kind = subject.text("subject_kind");
        match field {
            Field::Namespace => told(subject.text("namespace")),
            Field::Pod => told(subject.text("pod_name")),
            Field::Name => told(subject.text("container_name")),
            Field::Qos => told(subject.text("qos_class")),
            Field::Kind => told(kind),
            Field::Runtime => told(subject.text("runtime")),
            Field::Image => told(self.identity(subject).and_then(|i| i.image.as_deref())),
            // The path of a container is made of ids, in which any word may be found by accident.
            Field::PathAsName if matches!(kind, Some("container" | "sandbox" | "pod")) => Known::Absent,
            Field::Path | Field::PathAsName => told(subject.text("cgroup_path")),
            Field::Label(key) => {
                let column = subject.table.label_index(key).and_then(|i| texts[i].as_deref());
                told(column.or_else(|| self.identity(subject)?.labels.get(key).map(String::as_str)))
            }
        }
    }

    fn identity(&self, subject: &Subject) -> Option<&Identity> {
        let all = self.known.get_or_init(|| {
            let mut all: HashMap<String, Identity> = HashMap::new();
            // Newest first: what it does not say, an older one may.
            for row in (self.identities)() {
                let Some(key) = identity_key(&row) else { continue };
                let mine = all.entry(key.to_owned()).or_default();
                mine.image = mine.image.take().or_else(|| row.text("image").map(str::to_owned));
                if mine.labels.is_empty() {
                    mine.labels = row.text("labels").map(labels).unwrap_or_default();
                }
            }
            all
        });
        all.get(identity_key(subject)?)
    }
}

fn identity_key(subject: &Subject) -> Option<&str> {
    subject.text("container_id").or_else(|| subject.text("cgroup_path"))
}

fn labels(json: &str) -> HashMap<String, String> {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fgm::metric::{identities, processes};

    /// QRY-2: a metric is found by its name, in the table that was recorded; a misspelt one has a hint.
    #[test]
    fn metrics_by_name() {
        let overview = |tables: &[Table]| {
            let metrics = tables.iter().flat_map(|t| t.metrics()).collect();
            Overview { metrics, ..Overview::default() }
        };
        let extras = || vec!["custom.ratio".to_owned()];
        let find =
            |name, tables: &[Table]| metrics(name, &overview(tables), extras).map(|m| m[0].metric.table);
        assert_eq!(find("cpu_usage_millicores", &Table::ALL), Ok(Table::Containers));
        assert_eq!(find("cpu_usage_millicores", &[Table::Processes]), Ok(Table::Processes));
        assert_eq!(find("processes.cpu_usage_millicores", &Table::ALL), Ok(Table::Processes));
        assert!(find("cpu_usage_milicores", &[]).unwrap_err().contains("cpu_usage_millicores is nearest"));
        assert!(find("processes.thread", &[]).unwrap_err().contains("threads is nearest"));
        assert_eq!(find("custom.ratio", &[]), Ok(Table::Extras));
        assert!(find("custom.rato", &[]).unwrap_err().contains("custom.ratio is nearest"));
    }

    /// QRY-2, REC-9: filters see names, columns and, by way of `identities`, the labels of the pod.
    #[test]
    fn subjects_by_filter() {
        let mut process = vec![LabelValue::Null; Table::Processes.labels().len()];
        process[processes::label::comm] = LabelValue::text("nginx");
        process[processes::label::pid] = LabelValue::Int(7);
        process[processes::label::container_id] = LabelValue::text("c1");
        process[processes::label::subject_kind] = LabelValue::text("container");
        process[processes::label::cgroup_path] = LabelValue::text("/beef");
        let process = Subject { table: Table::Processes, labels: process, first: 0, last: 0 };
        let mut identity = vec![LabelValue::Null; Table::Identities.labels().len()];
        identity[identities::label::container_id] = LabelValue::text("c1");
        identity[identities::label::labels] = LabelValue::text(r#"{"app":"web"}"#);
        identity[identities::label::image] = LabelValue::text("nginx:1");
        let identity = Subject { table: Table::Identities, labels: identity, first: 0, last: 0 };
        let identities = || vec![identity.clone()];
        let keeps = |include: &str, exclude: &str| {
            let parse = |text: &str| text.parse::<Filter>().ok().into_iter().collect::<Vec<_>>();
            let (include, exclude) = (parse(include), parse(exclude));
            Choice::new(&include, &exclude, &identities).keeps(&process)
        };
        for yes in ["label:comm=ngin*", "label:pid=7", "label:app=web", "image:nginx", "kind:container", ""] {
            assert!(keeps(yes, ""), "{yes}");
            assert!(yes.is_empty() || !keeps("", yes), "{yes}");
        }
        assert!(!keeps("beef", "") && !keeps("label:app=db", "") && !keeps("label:pid=70", ""));
    }
}
