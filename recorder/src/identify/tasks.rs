//! Containers that only their runtime's state tells.
//!
//! Owns: the thread that looks for a containerd task behind a cgroup `/<namespace>/<name>`, as `ctr` makes them. Must
//! not: block the sampler, or try again: containerd writes a task's state before its cgroup is made.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Where containerd's shims keep one directory per task.
const STATE: &str = "run/containerd/io.containerd.runtime.v2.task";

/// The sampler's end. The thread ends when this is dropped.
pub(crate) struct Tasks {
    questions: SyncSender<String>,
    confirmed: Receiver<String>,
}

impl Tasks {
    /// Starts the thread; the host's `run` lies below `root`.
    pub(crate) fn start(root: &Path) -> std::io::Result<Tasks> {
        let (questions, asked) = sync_channel::<String>(4096);
        let (confirm, confirmed) = sync_channel(4096);
        let state = root.join(STATE);
        std::thread::Builder::new().name("fgm-tasks".to_owned()).spawn(move || {
            for path in asked {
                // A cgroup's name never is `..`, so this stays below.
                if state.join(path.trim_start_matches('/')).is_dir() && confirm.send(path).is_err() {
                    return;
                }
            }
        })?;
        Ok(Tasks { questions, confirmed })
    }

    /// Asks about the cgroup at this path, without waiting.
    pub(crate) fn ask(&self, path: String) {
        if self.questions.try_send(path).is_err() {
            tracing::debug!("too many cgroups to look up: one stays what its path says");
        }
    }

    /// The path of a cgroup that turned out to be a container.
    pub(crate) fn confirmed(&self) -> Option<String> {
        self.confirmed.try_recv().ok()
    }
}
