//! Publishes messages that can never become rows to the dead-letter topic, with the reason.

use crate::envelope::publish_micros;
use crate::reject::Reject;
use crate::time::Time;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::error::PublishError;
use google_cloud_pubsub::model::Message;
use std::collections::HashMap;

/// The service takes at most 100 attributes; the rest is kept for our own.
const MAX_SOURCE_ATTRIBUTES: usize = 90;
/// Longest attribute value that the service takes.
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

/// Publishes dead letters.
#[derive(Debug)]
pub struct DeadLetters {
    publisher: Publisher,
    subscription_name: String,
}

impl DeadLetters {
    /// `subscription_name` is where the letters come from.
    pub fn new(publisher: Publisher, subscription_name: String) -> Self {
        Self { publisher, subscription_name }
    }

    /// Publishes a message's copy and waits until the service has it. Only then may the message be acked.
    pub async fn publish(
        &self,
        source: &Message,
        reject: &Reject,
        attempt: Option<i32>,
    ) -> Result<(), PublishError> {
        let letter = self.letter(source, reject, attempt);
        tracing::warn!(
            message_id = source.message_id,
            reason = reject.reason(),
            cause = %reject,
            "message goes to the dead-letter topic"
        );
        self.publisher.publish(letter).await.map(|_| ())
    }

    fn letter(&self, source: &Message, reject: &Reject, attempt: Option<i32>) -> Message {
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
        Message::new().set_data(source.data.clone()).set_attributes(attributes)
    }
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
        let source = Message::new().set_attributes([("googclient_schemaname", "s"), ("shard", "0/1")]);
        assert_eq!(kept(&source).map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["shard"]);
    }

    #[test]
    fn a_long_cause_is_cut_between_characters() {
        assert_eq!(cut("aé".repeat(2), 2), "a");
        assert_eq!(cut("aé".repeat(2), 3), "aé");
        assert_eq!(cut("abc".into(), 3), "abc");
    }
}
