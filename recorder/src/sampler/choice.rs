//! Which subjects are left out by --include and --exclude.
//!
//! Owns: what filters see of a subject, and leaving it out for good. Must not: know the grammar of filters.

use fgm::filter::{Field, Filter, Known, Verdict};
use fgm::identity::SubjectKind;
use fgm::store::tick::Tick;

use super::Sampler;
use super::groups::{Group, GroupId};
use super::subject::Subject;
use super::turnover::turn_out;
use crate::config::{Config, Kubernetes};
use crate::discover::classify::Runtime;
use crate::identify::Message;
use crate::identify::facts::text;

/// The filters of a run.
#[derive(Default)]
pub(crate) struct Choice {
    include: Vec<Filter>,
    exclude: Vec<Filter>,
    /// Labels of pods may still come from the API.
    asks_kubernetes: bool,
}

impl Choice {
    pub(crate) fn new(config: &Config) -> Choice {
        // As the API's client tells that it runs in a pod.
        let in_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        Choice {
            include: config.include.clone(),
            exclude: config.exclude.clone(),
            asks_kubernetes: config.kubernetes == Kubernetes::Auto && in_pod,
        }
    }

    /// Whether a subject is known to be left out.
    fn leaves_out(&self, group: &Group, subject: &Subject) -> bool {
        let verdict = |f: &Filter| f.verdict(|field| self.known(group, subject, field));
        self.exclude.iter().any(|f| verdict(f) == Verdict::Yes)
            || (!self.include.is_empty() && self.include.iter().all(|f| verdict(f) == Verdict::No))
    }

    fn known<'a>(&self, group: &'a Group, subject: &'a Subject, field: &Field) -> Known<'a> {
        let identity = &subject.identity;
        let kind = group.kind();
        let contained = matches!(kind, SubjectKind::Container | SubjectKind::Sandbox | SubjectKind::Pod);
        let learnt = |value: Option<&'a str>| match value {
            Some(text) => Known::Is(text),
            None if subject.settled || !contained => Known::Absent,
            None => Known::NotYet,
        };
        let told = |value: Option<&'a str>| value.map_or(Known::Absent, Known::Is);
        match field {
            Field::Namespace => learnt(text(identity.namespace.as_ref())),
            Field::Pod => learnt(text(identity.pod_name.as_ref())),
            Field::Name if kind == SubjectKind::Pod => Known::Absent,
            Field::Name => learnt(text(identity.container_name.as_ref())),
            Field::Qos => told(group.class.qos_class),
            Field::Kind => Known::Is(kind.name()),
            Field::Runtime => learnt(group.class.runtime.map(Runtime::name).or(identity.runtime)),
            Field::Image => learnt(text(identity.image.as_ref())),
            // The path of a container is made of ids, in which any word may be found by accident.
            Field::PathAsName if contained => Known::Absent,
            Field::Path | Field::PathAsName => Known::Is(&group.text),
            Field::Label(key) => match &identity.labels {
                Some(labels) => told(labels.value.get(key).map(String::as_str)),
                // Those of a Kubernetes pod may come long after the names, from the API.
                None if self.asks_kubernetes && group.class.qos_class.is_some() => Known::NotYet,
                None => learnt(None),
            },
        }
    }
}

impl Sampler {
    /// Leaves a subject out if it is known by now that it should be; returns whether it is.
    pub(super) fn leave_out(&mut self, id: GroupId, tick: &mut Tick) -> bool {
        let Some(group) = self.groups.get_mut(id) else { return false };
        if !group.subject.as_ref().is_some_and(|s| self.choice.leaves_out(group, s)) {
            return false;
        }
        if let Some(subject) = group.subject.take() {
            group.left_out = true;
            tracing::debug!(path = group.text, "left out by a filter");
            turn_out(&subject, tick);
            self.herd.disown(id, tick);
            self.lookup.tell(Message::Dropped(subject.series));
        }
        true
    }
}
