//! Publishes messages that can never become rows to the dead-letter topic, with the reason.

use crate::envelope::publish_micros;
use crate::keeper::Keeper;
use crate::outage::Patience;
use crate::reject::Reject;
use crate::sampler::Sampler;
use crate::time::Time;
use gcp::publishing::SteadyPublisher;
use gcp::pubsub::pull::Message;
use google_cloud_pubsub::model::Message as Letter;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// The service takes at most 100 attributes; the rest is kept for our own.
const MAX_SOURCE_ATTRIBUTES: usize = 90;
/// Longest attribute value that the service takes.
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

/// The service takes no larger messages, their attributes included.
const MAX_LETTER_BYTES: usize = 10_000_000;
/// Room for the topic's name and the encoding around a letter that goes out alone.
const SPARE_BYTES: usize = 512;
/// A message whose letter is not taken goes back after this long, or it would come again at once, and again.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// Publishes dead letters.
#[derive(Debug)]
pub struct DeadLetters {
    publisher: SteadyPublisher,
    keeper: Keeper,
    subscription_name: String,
    patience: Patience,
    sampler: Sampler,
}

impl DeadLetters {
    /// `subscription_name` is where the letters come from.
    pub fn new(publisher: SteadyPublisher, keeper: Keeper, subscription_name: String) -> Self {
        let (patience, sampler) = (Patience::default(), Sampler::default());
        Self { publisher, keeper, subscription_name, patience, sampler }
    }

    /// What the topic owes.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Publishes a message's copy and waits until the service has it and a subscription keeps it; returns whether that
    /// is so. Only then may the message be acked.
    pub async fn publish(&self, source: &Message, reject: &Reject, attempt: Option<i32>) -> bool {
        let (letter, message_id, now) =
            (self.letter(source, reject, attempt), &source.message_id, Instant::now());
        if self.sampler.admits(reject.reason(), now) {
            let reason = reject.reason();
            tracing::warn!(message_id, reason, cause = %reject, "message goes to the dead-letter topic");
        }
        let waiting = self.patience.wait();
        match self.deliver(letter).await {
            Ok(()) => {
                self.patience.answered();
                true
            }
            Err(status) => {
                self.patience.failed(format_args!("{:?}: {}", status.code(), status.message()));
                drop(waiting);
                if self.sampler.admits("no dead letter", now) {
                    tracing::error!(
                        message_id,
                        answer = status.message(),
                        "no dead letter could be published; the message goes back"
                    );
                }
                tokio::time::sleep(REFUSED_PAUSE).await;
                false
            }
        }
    }

    async fn deliver(&self, letter: Letter) -> Result<(), Status> {
        self.keeper.may_publish().await?;
        self.publisher.publish(letter).await?;
        self.keeper.keeps(Instant::now()).await
    }

    /// Tells how many messages went the same way without a line of their own: in a minute that is over by `now`, or in
    /// any.
    pub fn tell_rest(&self, now: Option<Instant>) {
        for (reason, messages) in self.sampler.untold(now) {
            tracing::warn!(messages, reason, "more messages of the last minute");
        }
    }

    /// With all that is known of the message, or with as much as the service takes beside its data.
    fn letter(&self, source: &Message, reject: &Reject, attempt: Option<i32>) -> Letter {
        let mut attributes = self.attributes(source, reject, attempt);
        if size(source, &attributes) > MAX_LETTER_BYTES - SPARE_BYTES {
            attributes.retain(|name, _| name.starts_with("dead_letter_"));
        }
        if size(source, &attributes) > MAX_LETTER_BYTES - SPARE_BYTES {
            attributes.clear();
        }
        Letter::new().set_data(source.data.clone()).set_attributes(attributes)
    }

    fn attributes(&self, source: &Message, reject: &Reject, attempt: Option<i32>) -> HashMap<String, String> {
        let mut attributes: HashMap<String, String> = kept(source)
            .take(MAX_SOURCE_ATTRIBUTES)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut set = |name: &str, value: String| {
            attributes.insert(format!("dead_letter_{name}"), cut(value, MAX_ATTRIBUTE_BYTES));
        };
        set("reason", reject.reason().to_owned());
        set("cause", reject.to_string());
        set("source_subscription", self.subscription_name.clone());
        set("source_message_id", source.message_id.clone());
        if let Some(micros) = publish_micros(source) {
            set("source_publish_time", Time(micros).to_string());
        }
        if let Some(attempt) = attempt {
            set("delivery_attempt", attempt.to_string());
        }
        attributes
    }
}

/// Bytes of a letter, with those that the encoding takes for each attribute.
fn size(source: &Message, attributes: &HashMap<String, String>) -> usize {
    source.data.len() + attributes.iter().map(|(name, value)| name.len() + value.len() + 12).sum::<usize>()
}

/// The service puts attributes of its own on messages of topics with a schema, and takes none of these from publishers.
fn kept(source: &Message) -> impl Iterator<Item = (&String, &String)> {
    source.attributes.iter().filter(|(key, _)| !key.starts_with("goog"))
}

fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() > max_bytes {
        let end = (0..=max_bytes).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Message, cut, kept};

    #[test]
    fn the_services_own_attributes_are_left_behind() {
        let attributes = [("googclient_schemaname", "s"), ("shard", "0/1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let source = Message { attributes: attributes.into(), ..Message::default() };
        assert_eq!(kept(&source).map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["shard"]);
    }

    #[test]
    fn a_long_cause_is_cut_between_characters() {
        assert_eq!(cut("aé".repeat(2), 2), "a");
        assert_eq!(cut("aé".repeat(2), 3), "aé");
        assert_eq!(cut("abc".into(), 3), "abc");
    }
}
