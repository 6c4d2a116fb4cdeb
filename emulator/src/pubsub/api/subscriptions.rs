//! Subscriptions: checking, creating, changing, deleting, seeking.

use crate::proto::pubsub;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::{
    ACK_DEADLINE_SECS, DEFAULT_RETENTION_SECS, check_ack_deadline, check_retention, immutable, paths,
    unsupported,
};
use crate::pubsub::message;
use crate::pubsub::names;
use crate::pubsub::store::records::SubscriptionRecord;
use crate::pubsub::subscription::Subscription;
use crate::pubsub::subscription::filter::Filter;
use prost_types::Duration;
use pubsub::seek_request::Target;
use std::sync::Arc;
use tonic::Status;

/// The service's bounds and defaults.
const DEFAULT_EXPIRATION_SECS: i64 = 31 * 24 * 3600;
const MIN_EXPIRATION_SECS: i64 = 24 * 3600;
const MAX_BACKOFF_SECS: i64 = 600;
const DELIVERY_ATTEMPTS: std::ops::RangeInclusive<i32> = 5..=100;

impl Broker {
    pub async fn create_subscription(
        &self,
        mut config: pubsub::Subscription,
    ) -> Result<pubsub::Subscription, Status> {
        names::check(&config.name, "subscriptions")?;
        names::check(&config.topic, "topics")?;
        check(&mut config)?;
        let mut counters = self.changes.lock().await;
        if self.read().subscriptions.contains_key(&config.name) {
            return Err(names::already_exists(&config.name));
        }
        let topic = self.topic(&config.topic)?;
        config.state = pubsub::subscription::State::Active.into();
        config.topic_message_retention_duration = topic.config().message_retention_duration;
        let number = self.next_number(&mut counters).await?;
        let record = SubscriptionRecord { number, topic_number: topic.number, subscription: config };
        let subscription = self.add_subscription(record.clone(), topic, None);
        let progress = subscription.lock().progress();
        self.store_call(move |store| {
            store.save_progress(&[(number, progress)])?;
            store.save_subscription(&record)
        })
        .await?;
        Ok(subscription.config())
    }

    pub async fn update_subscription(
        &self,
        request: pubsub::UpdateSubscriptionRequest,
    ) -> Result<pubsub::Subscription, Status> {
        let wanted =
            request.subscription.ok_or_else(|| Status::invalid_argument("subscription is missing"))?;
        let _changes = self.changes.lock().await;
        let subscription = self.subscription(&wanted.name)?;
        let mut config = subscription.record().subscription;
        for path in paths(request.update_mask)? {
            apply(&mut config, &wanted, &path)?;
        }
        check(&mut config)?;
        subscription.set_config(config);
        self.save(&subscription).await?;
        Ok(subscription.config())
    }

    pub async fn delete_subscription(&self, name: &str) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        let subscription = self.subscription(name)?;
        subscription.end(names::not_found(name));
        self.write().subscriptions.remove(name);
        let number = subscription.number;
        self.store_call(move |store| store.delete_subscription(number)).await?;
        self.drop_orphans().await
    }

    /// Cuts a subscription off its topic: its backlog is dropped and its streams end.
    pub async fn detach_subscription(&self, name: &str) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        let subscription = self.subscription(name)?;
        let mut config = subscription.record().subscription;
        config.detached = true;
        subscription.set_config(config);
        subscription.end(names::detached(name));
        subscription.lock().seek_to(subscription.topic.head(), false);
        self.save(&subscription).await
    }

    pub async fn seek(&self, request: pubsub::SeekRequest) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        let subscription = self.attached(&request.subscription)?;
        match request.target.ok_or_else(|| Status::invalid_argument("seek needs a time or a snapshot"))? {
            Target::Time(time) => self.seek_to_time(&subscription, message::micros(&time)).await?,
            Target::Snapshot(name) => self.seek_to_snapshot(&subscription, &name)?,
        }
        subscription.notify_sought();
        let version = subscription.lock().version();
        subscription.wait_saved(version).await
    }

    async fn seek_to_time(&self, subscription: &Subscription, micros: i64) -> Result<(), Status> {
        let topic = subscription.topic.clone();
        let kept = subscription.config().retain_acked_messages
            || topic.config().message_retention_duration.is_some();
        let sequence = self
            .store_call(move |_| Ok(topic.log.first_published_at(topic.low()..topic.head(), micros)?))
            .await?;
        subscription.lock().seek_to(sequence, kept);
        Ok(())
    }

    fn seek_to_snapshot(&self, subscription: &Subscription, name: &str) -> Result<(), Status> {
        let snapshot = self.snapshot(name)?;
        if snapshot.topic_number != subscription.topic.number {
            return Err(Status::invalid_argument(format!(
                "snapshot {name} is of another topic than subscription {}",
                subscription.name()
            )));
        }
        subscription.lock().seek(snapshot.progress.floor, snapshot.progress.acked());
        Ok(())
    }

    /// A subscription that was not detached.
    pub fn attached(&self, name: &str) -> Result<Arc<Subscription>, Status> {
        let subscription = self.subscription(name)?;
        if subscription.ended.is_cancelled() { Err(subscription.end_status()) } else { Ok(subscription) }
    }

    async fn save(&self, subscription: &Subscription) -> Result<(), Status> {
        let record = subscription.record();
        self.store_call(move |store| store.save_subscription(&record)).await
    }
}

fn apply(config: &mut pubsub::Subscription, wanted: &pubsub::Subscription, path: &str) -> Result<(), Status> {
    match path {
        "ack_deadline_seconds" => config.ack_deadline_seconds = wanted.ack_deadline_seconds,
        "retain_acked_messages" => config.retain_acked_messages = wanted.retain_acked_messages,
        "message_retention_duration" => config.message_retention_duration = wanted.message_retention_duration,
        "labels" => config.labels.clone_from(&wanted.labels),
        "expiration_policy" => config.expiration_policy = wanted.expiration_policy,
        "dead_letter_policy" => config.dead_letter_policy.clone_from(&wanted.dead_letter_policy),
        "dead_letter_policy.dead_letter_topic" | "dead_letter_policy.max_delivery_attempts" => {
            let mut policy = config.dead_letter_policy.take().unwrap_or_default();
            let new = wanted.dead_letter_policy.clone().unwrap_or_default();
            if path.ends_with("topic") {
                policy.dead_letter_topic = new.dead_letter_topic;
            } else {
                policy.max_delivery_attempts = new.max_delivery_attempts;
            }
            config.dead_letter_policy = Some(policy);
        }
        "retry_policy" => config.retry_policy = wanted.retry_policy,
        "enable_exactly_once_delivery" => {
            config.enable_exactly_once_delivery = wanted.enable_exactly_once_delivery;
        }
        "push_config" => config.push_config.clone_from(&wanted.push_config),
        other => return Err(immutable("subscription", other)),
    }
    Ok(())
}

/// Checks a configuration and fills in the service's defaults.
fn check(config: &mut pubsub::Subscription) -> Result<(), Status> {
    if config.push_config.as_ref().is_some_and(|push| !push.push_endpoint.is_empty()) {
        return Err(unsupported("push subscriptions"));
    }
    if config.bigquery_config.is_some()
        || config.cloud_storage_config.is_some()
        || config.bigtable_config.is_some()
    {
        return Err(unsupported("export subscriptions"));
    }
    if !config.message_transforms.is_empty() {
        return Err(unsupported("message_transforms"));
    }
    if config.ack_deadline_seconds == 0 {
        config.ack_deadline_seconds = *ACK_DEADLINE_SECS.start();
    }
    check_ack_deadline(config.ack_deadline_seconds)?;
    check_retention(config.message_retention_duration.as_ref())?;
    config.message_retention_duration.get_or_insert(Duration { seconds: DEFAULT_RETENTION_SECS, nanos: 0 });
    if !config.filter.is_empty() {
        Filter::parse(&config.filter).map_err(Status::invalid_argument)?;
    }
    check_expiration(config)?;
    check_retry(config)?;
    check_dead_letters(config)
}

fn check_expiration(config: &mut pubsub::Subscription) -> Result<(), Status> {
    let default =
        pubsub::ExpirationPolicy { ttl: Some(Duration { seconds: DEFAULT_EXPIRATION_SECS, nanos: 0 }) };
    let policy = config.expiration_policy.get_or_insert(default);
    match policy.ttl {
        Some(ttl) if ttl.seconds < MIN_EXPIRATION_SECS => Err(Status::invalid_argument(format!(
            "expiration_policy.ttl is {} s; at least a day is needed",
            ttl.seconds
        ))),
        _ => Ok(()),
    }
}

fn check_retry(config: &mut pubsub::Subscription) -> Result<(), Status> {
    let Some(policy) = &mut config.retry_policy else { return Ok(()) };
    let min = *policy.minimum_backoff.get_or_insert(Duration { seconds: 10, nanos: 0 });
    let max = *policy.maximum_backoff.get_or_insert(Duration { seconds: MAX_BACKOFF_SECS, nanos: 0 });
    let in_range = |backoff: Duration| {
        (0..=MAX_BACKOFF_SECS).contains(&backoff.seconds) && (0..1_000_000_000).contains(&backoff.nanos)
    };
    if in_range(min) && in_range(max) && (min.seconds, min.nanos) <= (max.seconds, max.nanos) {
        return Ok(());
    }
    Err(Status::invalid_argument("retry_policy needs 0 s <= minimum_backoff <= maximum_backoff <= 600 s"))
}

fn check_dead_letters(config: &mut pubsub::Subscription) -> Result<(), Status> {
    let Some(policy) = &mut config.dead_letter_policy else { return Ok(()) };
    names::check(&policy.dead_letter_topic, "topics")?;
    if policy.max_delivery_attempts == 0 {
        policy.max_delivery_attempts = *DELIVERY_ATTEMPTS.start();
    }
    if DELIVERY_ATTEMPTS.contains(&policy.max_delivery_attempts) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "dead_letter_policy.max_delivery_attempts is {}; 5 to 100 are allowed",
        policy.max_delivery_attempts
    )))
}
