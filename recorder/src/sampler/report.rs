//! What the sampler tells about itself to those who do not want a tick's rows.
//!
//! Owns: views on the sampler's state for `doctor`. Must not: read or change anything.

use std::collections::BTreeMap;

use rustix::io::Errno;

use super::Sampler;
use crate::discover::Hierarchies;

impl Sampler {
    /// Where the cgroups are.
    pub(crate) fn hierarchies(&self) -> &Hierarchies {
        &self.hierarchies
    }

    /// Containers and sandboxes by runtime.
    pub(crate) fn runtimes(&self) -> BTreeMap<&'static str, usize> {
        let mut out = BTreeMap::new();
        for (_, group) in self.groups.subjects().filter(|(_, g)| g.class.container_id.is_some()) {
            *out.entry(group.class.runtime.map_or("an unknown runtime", |r| r.name())).or_default() += 1;
        }
        out
    }

    /// Descriptors that may be kept open.
    pub(crate) fn descriptor_limit(&self) -> usize {
        self.reader.limit()
    }

    /// Files that could not be read, why, and how often; those that were not understood have no reason.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&'static str, String, u64)> {
        self.reader.faults.causes().map(|(file, code, count)| {
            let why = if code == 0 {
                "its contents were not understood".to_owned()
            } else {
                Errno::from_raw_os_error(code).to_string()
            };
            (file, why, count)
        })
    }
}
