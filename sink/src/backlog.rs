//! Looks after the subscription's backlog: asks the server itself where that tells, else Cloud Monitoring on demand.

use crate::Options;
use crate::progress::Progress;
use gcp::Startup;
use gcp::monitoring::Monitoring;
use gcp::pubsub::{Backlog, Pubsub};
use service::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Between two questions to a server of one's own.
const EVERY: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(2);
/// Cloud Monitoring takes its time, and nothing waits for it.
const MONITORING_LIMIT: Duration = Duration::from_secs(10);

/// Asks until it is dropped.
#[derive(Debug)]
pub struct Looking(JoinHandle<()>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to look; not on Google Cloud without `--monitor-backlog`, where questions count against a quota.
pub fn look(
    pubsub: &Pubsub,
    subscription: &str,
    options: &Options,
    progress: &Arc<Progress>,
) -> Option<Looking> {
    let (subscription, progress) = (subscription.to_owned(), progress.clone());
    let host = options.monitoring_emulator_host.clone();
    let task = match options.monitor_backlog {
        Some(every) if host.is_some() || !pubsub.is_emulator() => {
            tokio::spawn(async move { ask_monitoring(host, &subscription, every, &progress).await })
        }
        _ if pubsub.is_emulator() => {
            let pubsub = pubsub.clone();
            tokio::spawn(async move { ask_server(&pubsub, &subscription, &progress).await })
        }
        _ => return None,
    };
    Some(Looking(task))
}

/// A server that does not tell is not asked again.
async fn ask_server(pubsub: &Pubsub, subscription: &str, progress: &Progress) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match pubsub.backlog(subscription, LIMIT).await {
            Ok(Some(backlog)) => progress.backlog.set(backlog),
            Ok(None) => return,
            // What was true a while ago would mislead.
            Err(_) => progress.backlog.forget(),
        }
    }
}

/// Says once that there is no answer, and once that there is one again: the sink works without.
async fn ask_monitoring(host: Option<String>, subscription: &str, every: Duration, progress: &Progress) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut monitoring, mut is_told) = (None, false);
    loop {
        ticks.tick().await;
        match ask_once(&mut monitoring, host.as_deref(), subscription).await {
            Ok(Some(backlog)) => progress.backlog.set(backlog),
            Ok(None) => progress.backlog.forget(),
            Err(error) => {
                progress.backlog.forget();
                if !std::mem::replace(&mut is_told, true) {
                    tracing::warn!(%error, "Cloud Monitoring does not tell the backlog; asking on");
                }
                continue;
            }
        }
        if std::mem::take(&mut is_told) {
            tracing::info!("Cloud Monitoring tells the backlog again");
        }
    }
}

async fn ask_once(
    monitoring: &mut Option<Monitoring>,
    host: Option<&str>,
    subscription: &str,
) -> Result<Option<Backlog>, Error> {
    let asked = match monitoring {
        Some(asked) => asked,
        None => monitoring.insert(Monitoring::connect(host, &Startup::default()).await?),
    };
    asked.backlog(subscription, MONITORING_LIMIT).await
}
