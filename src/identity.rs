//! Who a row is about: the subject of a cgroup, and the run that recorded it.
//!
//! Owns: the vocabulary (subject kinds, QoS classes) and the identity of a run. Must not: parse cgroup paths (the
//! recorder does) or know how labels are stored.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};

/// What a sampled cgroup is. Sums never mix kinds: a pod contains its containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A container that runs a workload.
    Container,
    /// The pause container that holds a pod's namespaces.
    Sandbox,
    /// A Kubernetes or podman pod.
    Pod,
    /// A systemd service or scope.
    Service,
    /// Any other inner cgroup.
    Slice,
    /// The root cgroup: the whole host.
    Root,
}

impl SubjectKind {
    /// Every kind.
    pub const ALL: [SubjectKind; 6] = [
        SubjectKind::Container,
        SubjectKind::Sandbox,
        SubjectKind::Pod,
        SubjectKind::Service,
        SubjectKind::Slice,
        SubjectKind::Root,
    ];

    /// The value of the label `subject_kind`.
    pub const fn name(self) -> &'static str {
        match self {
            SubjectKind::Container => "container",
            SubjectKind::Sandbox => "sandbox",
            SubjectKind::Pod => "pod",
            SubjectKind::Service => "service",
            SubjectKind::Slice => "slice",
            SubjectKind::Root => "root",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Identity of one run of a recorder: 16 hex digits, drawn at its start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(String);

impl RunId {
    /// A new one. `seed` should hold what differs between recorders that start in the same instant (pid, time);
    /// the hasher adds the process's own randomness.
    pub fn draw(seed: impl std::hash::Hash) -> RunId {
        RunId(format!("{:016x}", RandomState::new().hash_one(seed)))
    }

    /// From the text of a recording; any non-empty text is taken, so that foreign run ids survive.
    pub fn from_text(text: &str) -> Option<RunId> {
        (!text.is_empty()).then(|| RunId(text.to_owned()))
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight characters, for file names.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Turns any text into a partition value that is safe as one path component and in a Hive path: ASCII letters,
/// digits, `.`, `_` and `-`; everything else becomes `_`; never empty, never starting with a dot, at most 128 bytes.
pub fn safe_identifier(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(128)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .collect();
    if out.starts_with('.') {
        out.replace_range(..1, "_");
    }
    if out.is_empty() { "host".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// STO-1: no identifier can escape its partition or collide by being empty.
    #[test]
    fn identifiers_are_one_safe_path_component() {
        assert_eq!(safe_identifier("web-0.example"), "web-0.example");
        assert_eq!(safe_identifier("../../etc"), "_._.._etc");
        assert_eq!(safe_identifier("a=b/c d\n"), "a_b_c_d_");
        assert_eq!(safe_identifier(""), "host");
        assert_eq!(safe_identifier(&"x".repeat(500)).len(), 128);
    }

    #[test]
    fn run_ids_differ_and_shorten() {
        let (a, b) = (RunId::draw(1), RunId::draw(1));
        assert_ne!(a, b);
        assert_eq!(a.as_str().len(), 16);
        assert_eq!(a.short().len(), 8);
    }
}
