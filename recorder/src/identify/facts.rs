//! What is known of one subject, fact by fact, and who said so.
//!
//! Owns: the list of facts, their sources, and which of two answers stands. Must not: look anything up.

use std::collections::BTreeMap;

use fgm::time::Micros;

/// Who told a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Names below /var/log/containers and /var/log/pods.
    LogNames,
    /// The OCI bundle that containerd or CRI-O wrote.
    Bundle,
    /// podman's list of containers.
    Podman,
    /// Docker's file of the container.
    Docker,
    /// The exit file that conmon leaves behind.
    Conmon,
    /// The API server.
    Kubernetes,
}

impl Source {
    /// As in the column `sources`.
    pub const fn name(self) -> &'static str {
        match self {
            Source::LogNames => "log_names",
            Source::Bundle => "oci_bundle",
            Source::Podman => "podman_state",
            Source::Docker => "docker_state",
            Source::Conmon => "conmon_exit_file",
            Source::Kubernetes => "kubernetes_api",
        }
    }
}

/// A value with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Who told it.
    pub source: Source,
}

/// Labels of a pod or container.
pub type Labels = BTreeMap<String, String>;

macro_rules! identity {
    ($( #[$doc:meta] $name:ident : $ty:ty; )*) => {
        /// What is known of a subject; `None` is unknown.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Identity {
            /// The runtime, where the path did not tell.
            pub runtime: Option<&'static str>,
            /// Whether it is the pause container of a pod.
            pub sandbox: bool,
            $( #[$doc] pub $name: Option<Fact<$ty>>, )*
        }

        impl Identity {
            /// Fills what is unknown from another answer.
            #[must_use]
            pub fn or(self, other: Identity) -> Identity {
                Identity {
                    runtime: self.runtime.or(other.runtime),
                    sandbox: self.sandbox || other.sandbox,
                    $( $name: self.$name.or(other.$name), )*
                }
            }

            /// The name of each known fact's column with its source.
            pub fn sources(&self) -> impl Iterator<Item = (&'static str, Source)> {
                let all = [$( (stringify!($name), self.$name.as_ref().map(|f| f.source)) ),*];
                all.into_iter().filter_map(|(name, source)| Some((name, source?)))
            }
        }
    };
}

identity! {
    /// Name of the container.
    container_name: String;
    /// Kubernetes namespace.
    namespace: String;
    /// Name of the pod.
    pod_name: String;
    /// UID under which the API server knows a static pod.
    mirror_pod_uid: String;
    /// Name of the image.
    image: String;
    /// Labels of the pod, or of a container without one.
    labels: Labels;
    /// When it was created.
    created: Micros;
    /// When it was started.
    started: Micros;
    /// When it ended.
    finished: Micros;
    /// Its exit code.
    exit_code: i64;
    /// How often it had been restarted.
    restart_count: i64;
    /// CPUs asked for, in thousandths.
    cpu_request_millicores: i64;
    /// CPUs allowed, in thousandths.
    cpu_limit_millicores: i64;
    /// Memory asked for.
    memory_request_bytes: i64;
    /// Memory allowed.
    memory_limit_bytes: i64;
}

impl Identity {
    /// Whether rows bear the same names under both.
    pub fn same_names(&self, other: &Identity) -> bool {
        let names = |i: &Identity| {
            [&i.container_name, &i.namespace, &i.pod_name].map(|f| text(f.as_ref()).map(str::to_owned))
        };
        (self.runtime, self.sandbox) == (other.runtime, other.sandbox) && names(self) == names(other)
    }

    /// Whether the names are known that a row bears; the rest is only told when it happens to be known.
    pub fn is_named(&self) -> bool {
        self.sandbox || (self.container_name.is_some() && self.pod_name.is_some() == self.namespace.is_some())
    }
}

/// The text of a fact.
pub(crate) fn text(fact: Option<&Fact<String>>) -> Option<&str> {
    fact.map(|f| f.value.as_str())
}

/// A fact of a source, unless it is unknown.
pub(crate) fn fact<T>(value: Option<T>, source: Source) -> Option<Fact<T>> {
    value.map(|value| Fact { value, source })
}
