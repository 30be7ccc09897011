//! The pods of this node, from the API server.
//!
//! Owns: the thread that watches them. Must not: hold more of a pod than [`PodFacts`], or let anybody wait.
//!
//! The server is asked for the pods of this node as its cache has them, which is what kubelet asks for and costs it
//! least (pages would make it read all pods of the cluster), and then to tell what changes. An outage is waited out with
//! growing pauses; everything known stays known meanwhile.

mod pod;
mod quantity;

use std::collections::HashSet;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use futures::StreamExt as _;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};
use kube::{Api, Client};

use super::Message;
use super::pods::PodNews;
use pod::Pod;

/// Before a list that is not the watcher's own idea.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts watching when this process runs in a pod that may ask the API server; says why not otherwise.
pub(crate) fn start(node_name: String, messages: SyncSender<Message>) -> std::io::Result<()> {
    let config = match kube::Config::incluster() {
        Ok(config) => config,
        Err(error) => {
            tracing::debug!(%error, "not in a Kubernetes pod: names come from the disk only");
            return Ok(());
        }
    };
    spawn(config, node_name, messages)
}

fn spawn(config: kube::Config, node_name: String, messages: SyncSender<Message>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    std::thread::Builder::new().name("fgm-kubernetes".to_owned()).spawn(move || {
        runtime.block_on(async {
            match Client::try_from(config) {
                Ok(client) => follow(client, &node_name, &messages).await,
                Err(error) => tracing::warn!(%error, "no Kubernetes client: names come from the disk only"),
            }
        });
    })?;
    Ok(())
}

/// Passes news on until nobody wants them.
async fn follow(client: Client, node_name: &str, messages: &SyncSender<Message>) {
    let fields = format!("spec.nodeName={node_name}");
    // With a page size the server would not answer from its cache.
    let config =
        watcher::Config { page_size: None, ..watcher::Config::default().fields(&fields).any_semantic() };
    let mut trouble: Option<String> = None;
    loop {
        let mut stream = watch(Api::<Pod>::all(client.clone()), config.clone()).default_backoff().boxed();
        let mut listed = HashSet::new();
        while let Some(event) = stream.next().await {
            let news = match event {
                Ok(event) => {
                    if !matches!(event, Event::Init) && trouble.take().is_some() {
                        tracing::info!("the Kubernetes API answers again");
                    }
                    news(event, &mut listed, node_name)
                }
                Err(error) if is_expired(&error) => break,
                Err(error) => {
                    let text = with_causes(&error);
                    // The same trouble is said once, however often it is met.
                    if trouble.as_ref() != Some(&text) {
                        tracing::warn!(error = %text, "the Kubernetes API does not tell this node's pods; trying again");
                    }
                    trouble = Some(text);
                    None
                }
            };
            if let Some(news) = news
                && messages.send(Message::Pods(news)).is_err()
            {
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// An error with what it comes from: the outer ones only say that there was no connection, not why.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// Whether the server has forgotten what had happened since. The watcher lists anew by itself when a watch under way
/// tells it so, but not when the answer to a new watch is 410: it would ask for the same for ever.
fn is_expired(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn news(event: Event<Pod>, listed: &mut HashSet<String>, node_name: &str) -> Option<PodNews> {
    match event {
        Event::Init => {
            listed.clear();
            None
        }
        Event::InitApply(pod) => {
            let facts = pod.facts()?;
            listed.insert(facts.uid.clone());
            Some(PodNews::Applied(Box::new(facts)))
        }
        Event::InitDone => {
            if listed.is_empty() {
                tracing::warn!(
                    node_name,
                    "the Kubernetes API knows no pods on this node; is --node-name (NODE_NAME) its spec.nodeName?"
                );
            } else {
                tracing::info!(pods = listed.len(), "names of pods come from the Kubernetes API");
            }
            Some(PodNews::Listed(std::mem::take(listed)))
        }
        Event::Apply(pod) => Some(PodNews::Applied(Box::new(pod.facts()?))),
        Event::Delete(pod) => Some(PodNews::Deleted(pod.uid()?.to_owned())),
    }
}

#[cfg(test)]
mod tests;
