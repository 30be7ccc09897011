//! What the identify thread has found, on its way to the rows that bear it.
//!
//! Owns: which definitions and events follow from an answer. Must not: look anything up.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use fgm::store::tick::Tick;
use fgm::time::Micros;

use super::Sampler;
use super::groups::GroupId;
use super::labels::about;
use crate::config::Config;
#[cfg(feature = "kubernetes")]
use crate::config::Kubernetes;
use crate::identify::Message;
#[cfg(feature = "kubernetes")]
use crate::identify::kubernetes;

/// Starts what tells names beside the disk. Without the feature `kubernetes` there is nothing.
#[cfg_attr(
    not(feature = "kubernetes"),
    allow(unused_variables, clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "see above")
)]
pub(super) fn further_sources(
    config: &Config,
    node_name: &str,
    messages: SyncSender<Message>,
) -> std::io::Result<()> {
    #[cfg(feature = "kubernetes")]
    if config.kubernetes == Kubernetes::Auto {
        kubernetes::start(node_name.to_owned(), messages)?;
    }
    Ok(())
}

impl Sampler {
    /// New names come as new definitions of everything that bears them.
    pub(super) fn take_answers(&mut self, tick: &mut Tick, now: &impl Fn() -> Micros) {
        while let Some(answer) = self.lookup.answer() {
            let restarts = answer.identity.restart_count.as_ref().map(|f| f.value);
            let named = self.groups.iter_mut().find_map(|(id, g)| {
                let subject = g.subject.as_mut().filter(|s| s.series == answer.series)?;
                let renamed = !subject.identity.same_names(&answer.identity);
                subject.identity_due |= !subject.identity_told || subject.identity != answer.identity;
                subject.identity.clone_from(&answer.identity);
                subject.settled = answer.settled;
                Some((id, renamed))
            });
            let Some((id, renamed)) = named else {
                if let Some(about) = self.register.learnt(answer.series, &answer.identity, answer.settled) {
                    tick.events.extend(self.restarts.named(answer.series, about, restarts, now()));
                }
                continue;
            };
            if self.leave_out(id, tick) || !renamed {
                continue;
            }
            self.rename(id, tick);
            let Some(group) = self.groups.get(id) else { continue };
            tick.events.extend(self.restarts.named(answer.series, &group.about(), restarts, now()));
        }
    }

    /// Defines anew everything that bears a subject's names.
    pub(super) fn rename(&mut self, id: GroupId, tick: &mut Tick) {
        self.refresh_about(id);
        for (device, series) in self.define(id, tick) {
            self.define_disk(id, device, series, tick);
        }
        self.define_extras(id, tick);
        self.herd.redefine(id, &self.groups, &self.host, tick);
        self.namespaces.redefine(id, &self.groups, &self.host, tick);
        if let Some(regions) = &self.regions {
            regions.redefine(id, self.herd.recorded(), &self.groups, &self.host, tick);
        }
    }

    /// Brings what events say of a subject up to date.
    pub(super) fn refresh_about(&mut self, id: GroupId) {
        if let Some(group) = self.groups.get_mut(id) {
            let about = Arc::new(about(group));
            group.subject.iter_mut().for_each(|s| s.about.clone_from(&about));
        }
    }
}
