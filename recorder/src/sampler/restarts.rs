//! Containers that take the place of one that ended.
//!
//! Owns: which containers have been in which place. Must not: look names up.

use std::collections::HashMap;

use fgm::event::{About, Event, EventKind, Severity};
use fgm::store::tick::SeriesId;
use fgm::time::Micros;

use super::events::called;

/// Places that are remembered, at about a fifth of a KiB each; beyond that the oldest is forgotten. A container that is
/// started again comes back within minutes.
const MAX_PLACES: usize = 2_000;

/// Where a container stands: a name in a pod, or an id that may be started again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    InPod(Box<str>, Box<str>),
    Alone(Box<str>),
}

struct Tenant {
    series: SeriesId,
    /// Where the place does not tell it.
    container_id: Option<Box<str>>,
    name: Option<Box<str>>,
    restarts: Option<i64>,
}

/// The places of all containers seen in this run.
pub(crate) struct Restarts {
    places: HashMap<Place, Tenant>,
}

impl Default for Restarts {
    fn default() -> Restarts {
        // Growing later would move all of it, and the recorder's memory would still rise after half an hour. What is not
        // used of it is not touched, and takes none.
        Restarts { places: HashMap::with_capacity(MAX_PLACES + 1) }
    }
}

impl Restarts {
    /// A container has a name, or something more has been learnt of it; `restarts` is how often its runtime says that
    /// it has been restarted. Returns the event if it is in the place of another.
    pub(crate) fn named(
        &mut self,
        series: SeriesId,
        about: &About,
        restarts: Option<i64>,
        time: Micros,
    ) -> Option<Event> {
        let id = about.container_id.clone()?;
        let place = match (&about.pod_uid, &about.container_name) {
            (Some(uid), Some(name)) => Place::InPod(uid.as_str().into(), name.as_str().into()),
            // In a pod the id tells nothing before the name is known: each restart has a new one.
            (Some(_), None) => return None,
            (None, _) => Place::Alone(id.as_str().into()),
        };
        let mut before = self.places.get_mut(&place);
        if let Some(known) = &mut before {
            // Learnt late of one that has had a successor already.
            if known.series > series {
                return None;
            }
            if known.series == series {
                known.restarts = restarts.or(known.restarts);
                known.name = about.container_name.as_deref().map(Box::from).or(known.name.take());
                return None;
            }
        }
        // Names are looked up a tick later, but in the same place they are those of the one before.
        let mut about = about.clone();
        if about.container_name.is_none() {
            about.container_name = before.and_then(|b| b.name.as_deref().map(str::to_owned));
        }
        let in_pod = matches!(place, Place::InPod(..));
        let tenant = Tenant {
            series,
            container_id: in_pod.then(|| id.as_str().into()),
            name: about.container_name.as_deref().map(Box::from),
            restarts,
        };
        let previous = self.places.insert(place, tenant);
        self.bound();
        let previous = previous?;
        let count = restarts.or(previous.restarts.map(|n| n + 1));
        let message = match count {
            Some(n) => format!("{} was restarted, {n} times so far", called(&about)),
            None => format!("{} was restarted", called(&about)),
        };
        let before = previous.container_id.as_deref().unwrap_or(&id);
        let detail = serde_json::json!({ "previous_container_id": before }).to_string();
        Some(Event {
            about,
            value_before: previous.restarts.map(|n| n as f64),
            value_after: count.map(|n| n as f64),
            unit: count.or(previous.restarts).map(|_| "count".to_owned()),
            detail: Some(detail),
            ..Event::of_recorder(time, EventKind::Restart, Severity::Warning, message)
        })
    }

    /// A pod is gone, and all places in it.
    pub(crate) fn pod_ended(&mut self, pod_uid: &str) {
        self.places.retain(|place, _| !matches!(place, Place::InPod(uid, _) if **uid == *pod_uid));
    }

    fn bound(&mut self) {
        if self.places.len() > MAX_PLACES {
            let oldest = self.places.iter().min_by_key(|(_, t)| t.series).map(|(place, _)| place.clone());
            oldest.map(|place| self.places.remove(&place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(id: &str, uid: Option<&str>, name: Option<&str>) -> About {
        let owned = |t: &str| t.to_owned();
        About {
            container_id: Some(owned(id)),
            pod_uid: uid.map(owned),
            container_name: name.map(owned),
            ..About::default()
        }
    }

    /// REC-8: a new container in the place of another is a restart, told once, with the count where it is known.
    #[test]
    fn restarts() {
        let mut r = Restarts::default();
        assert!(r.named(1, &about("a", Some("u"), Some("app")), Some(2), 0).is_none(), "the first");
        assert!(r.named(1, &about("a", Some("u"), Some("app")), Some(2), 0).is_none(), "the same");
        assert!(r.named(2, &about("b", Some("u"), Some("side")), None, 0).is_none(), "another in the pod");
        assert!(r.named(3, &about("c", Some("u"), None), None, 0).is_none(), "nameless");
        let e = r.named(3, &about("c", Some("u"), Some("app")), Some(3), 7).unwrap();
        assert_eq!((e.time, e.value_before, e.value_after), (7, Some(2.0), Some(3.0)));
        assert_eq!(e.detail.as_deref(), Some(r#"{"previous_container_id":"a"}"#));
        assert!(
            r.named(1, &about("a", Some("u"), Some("app")), Some(2), 0).is_none(),
            "late news of the first"
        );
        r.pod_ended("u");
        assert!(r.named(9, &about("d", Some("u"), Some("app")), None, 0).is_none());
        assert!(r.named(10, &about("x", None, None), None, 0).is_none());
        assert!(r.named(10, &about("x", None, Some("web")), None, 0).is_none(), "its name is known later");
        let again = r.named(11, &about("x", None, None), None, 0).unwrap();
        assert_eq!((again.value_after, again.unit), (None, None), "nobody has counted");
        assert_eq!(again.about.container_name.as_deref(), Some("web"), "as before");
        assert!(again.message.contains("web was restarted"), "{}", again.message);
        let third = r.named(12, &about("x", None, None), None, 0).unwrap();
        assert_eq!(third.about.container_name.as_deref(), Some("web"), "also if nobody has asked since");
    }

    /// REC-6: containers that come and go do not make the recorder grow for ever.
    #[test]
    fn what_is_remembered_is_bounded() {
        let mut r = Restarts::default();
        for n in 0..3_000 {
            assert!(r.named(n, &about(&format!("{n:064x}"), None, None), None, 0).is_none());
        }
        assert!(r.places.len() <= 2_000, "{}", r.places.len());
        assert!(r.places.capacity() <= Restarts::default().places.capacity(), "it was never moved");
        assert!(
            r.named(3_000, &about(&format!("{:064x}", 2_999), None, None), None, 0).is_some(),
            "the newest stay"
        );
    }
}
