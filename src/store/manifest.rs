//! The session manifest: one JSON file per run, beside the tables (STO-5).
//!
//! Owns: what is said of a run as a whole. Must not: touch another run's manifest.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::StoreError;
use super::layout;
use super::temporary;
use crate::identity::RunId;
use crate::metric::SCHEMA_VERSION;
use crate::time::{self, Micros};

/// What a run says of itself; also stands in every segment's head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run; the same as in the rows.
    pub run_id: RunId,
    /// Node that is recorded.
    pub node_name: String,
    /// Its cluster, if known.
    pub cluster_name: Option<String>,
    /// Sampling interval in microseconds.
    pub interval: Micros,
    /// Version of the recorder.
    pub recorder_version: String,
    /// Its git revision, if known.
    pub git_revision: Option<String>,
    /// Kernel, cgroup mode, CPUs, memory, boot id, configuration: whatever the recorder wants to say.
    pub facts: Map<String, Value>,
}

/// Content of a session manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the dictionary.
    pub schema_version: u32,
    /// Value of the partition `identifier`.
    pub identifier: String,
    /// Start, RFC 3339 in UTC.
    pub start: String,
    /// End, RFC 3339 in UTC; absent while the run goes on or when it was killed.
    pub end: Option<String>,
    /// The run.
    #[serde(flatten)]
    pub run: RunInfo,
}

/// A manifest on disk.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    path: PathBuf,
    content: Manifest,
}

impl ManifestFile {
    pub(crate) fn create(
        root: &Path,
        identifier: &str,
        run: RunInfo,
        now: Micros,
    ) -> Result<ManifestFile, StoreError> {
        let path = layout::manifest(root, identifier, now, &run.run_id);
        let content = Manifest {
            schema_version: SCHEMA_VERSION,
            identifier: identifier.to_owned(),
            start: time::rfc3339(now),
            end: None,
            run,
        };
        let file = ManifestFile { path, content };
        file.write()?;
        Ok(file)
    }

    pub(crate) fn finish(mut self, now: Micros) -> Result<(), StoreError> {
        self.content.end = Some(time::rfc3339(now));
        self.write()
    }

    fn write(&self) -> Result<(), StoreError> {
        let mut json = serde_json::to_vec_pretty(&self.content).map_err(|e| StoreError::Io {
            doing: "encode",
            path: self.path.clone(),
            source: e.into(),
        })?;
        json.push(b'\n');
        write_whole(&self.path, |f| f.write_all(&json))
    }
}

/// Writes a file that appears under its name only when it is complete and on disk: temporary name, fsync, rename,
/// fsync of the directory (STO-2).
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let tmp = path.with_file_name(format!(".{name}.{}", temporary::TMP_EXT));
    let parent = path.parent().unwrap_or(Path::new("."));
    let done = temporary::create(&tmp)
        .and_then(|mut f| write(&mut f).and_then(|()| f.sync_all()))
        .and_then(|()| fs::rename(&tmp, path))
        .and_then(|()| fs::File::open(parent)?.sync_all());
    done.map_err(|source| {
        // Best effort: the error that matters is the one being returned.
        let _ = fs::remove_file(&tmp);
        StoreError::Io { doing: "write", path: path.to_owned(), source }
    })
}
