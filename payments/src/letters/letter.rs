//! A dead letter: its reason, and the original message. Pure.

use crate::moment;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use prost::Message;
use schemas::layout::type_name;
use schemas::{FIRST_PUBLISH_TIME, Payment, text};
use serde_json::json;
use std::collections::HashMap;

/// Attributes that the sink adds.
const OURS: &str = "dead_letter_";
/// Attributes that Pub/Sub adds to messages that it forwards after too many deliveries.
const PUBSUBS: &str = "CloudPubSubDeadLetterSource";
/// The reason of letters that Pub/Sub forwarded.
const FORWARDED: &str = "max_delivery_attempts";

/// The reason of payments whose row key another one has.
pub const KEY_COLLISION: &str = "key_collision";

/// A message of the dead-letter topic, and the id that acks it.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub ack_id: String,
    pub message: proto::PubsubMessage,
}

impl Letter {
    pub fn id(&self) -> &str {
        &self.message.message_id
    }

    /// `key_collision`, `undecodable`, ...; `max_delivery_attempts` if Pub/Sub gave up; `unknown` if there is none.
    pub fn reason(&self) -> &str {
        let forwarded = self.message.attributes.keys().any(|name| name.starts_with(PUBSUBS));
        self.own("reason").unwrap_or(if forwarded { FORWARDED } else { "unknown" })
    }

    pub fn cause(&self) -> &str {
        self.own("cause").unwrap_or_default()
    }

    /// How often the service had tried to deliver it.
    pub fn attempt(&self) -> Option<&str> {
        let forwarded = || self.message.attributes.get("CloudPubSubDeadLetterSourceDeliveryCount");
        self.own("delivery_attempt").or_else(|| forwarded().map(String::as_str))
    }

    /// When the letter was published, UTC microseconds.
    pub fn published_micros(&self) -> i64 {
        self.message.publish_time.as_ref().map_or(0, moment::micros_of)
    }

    /// The original message: the same data and attributes, without those that make it a letter, and with the time of
    /// its first publish.
    pub fn original(&self) -> proto::PubsubMessage {
        let own = |name: &str| name.starts_with(OURS) || name.starts_with(PUBSUBS);
        let attributes = self.message.attributes.iter().filter(|(name, _)| !own(name));
        let mut attributes: HashMap<_, _> =
            attributes.map(|(name, value)| (name.clone(), value.clone())).collect();
        if let Some(time) = self.source_publish_time() {
            attributes.entry(FIRST_PUBLISH_TIME.to_owned()).or_insert_with(|| time.to_owned());
        }
        proto::PubsubMessage {
            data: self.message.data.clone(),
            attributes,
            ordering_key: self.message.ordering_key.clone(),
            ..Default::default()
        }
    }

    /// The payment, where the data is one.
    pub fn payment(&self) -> Option<Payment> {
        Payment::decode(self.message.data.as_slice()).ok()
    }

    /// The index of a payment that was spoilt on purpose, by its producer's word, which is about the run `run_id`.
    pub fn fault_index(&self, run_id: &str) -> Option<u64> {
        let attribute = |name: &str| self.message.attributes.get(name);
        let is_runs = attribute("run_id").is_none_or(|own| own == run_id);
        attribute("fault_index").filter(|_| is_runs)?.parse().ok()
    }

    /// The payment in a few words, or the size of data that is none.
    pub fn summary(&self) -> String {
        let Some(payment) = self.payment() else {
            return format!("{} bytes that are no payment", self.message.data.len());
        };
        let header = payment.payment_header.unwrap_or_default();
        let amount = payment.amount.unwrap_or_default();
        let mut value = Vec::new();
        text::push_amount(&mut value, amount.minor_units, &amount.currency);
        let customer = payment.parties.and_then(|parties| parties.originator).unwrap_or_default().party_id;
        format!(
            "{} {} {} {customer} {}",
            type_name(header.payment_type()),
            String::from_utf8_lossy(&value),
            amount.currency,
            header.payment_id,
        )
    }

    /// Everything about a letter but its data.
    pub fn json(&self, now_micros: i64) -> serde_json::Value {
        json!({
            "messageId": self.id(),
            "reason": self.reason(),
            "cause": self.cause(),
            "published": moment::text_of(self.published_micros()),
            "ageSeconds": (now_micros - self.published_micros()).max(0) / moment::SECOND_MICROS,
            "deliveryAttempt": self.attempt().and_then(|attempt| attempt.parse::<u64>().ok()),
            "sourceMessageId": self.own("source_message_id"),
            "sourcePublishTime": self.own("source_publish_time"),
            "sourceSubscription": self.own("source_subscription"),
            "bytes": self.message.data.len(),
            "payment": self.summary(),
        })
    }

    /// When the original message was published, by the sink's word or Pub/Sub's.
    fn source_publish_time(&self) -> Option<&str> {
        let forwarded = || self.message.attributes.get("CloudPubSubDeadLetterSourceTopicPublishTime");
        self.own("source_publish_time").or_else(|| forwarded().map(String::as_str))
    }

    fn own(&self, name: &str) -> Option<&str> {
        self.message.attributes.get(&format!("{OURS}{name}")).map(String::as_str)
    }
}

/// The choice of letters.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "choice")]
pub struct Choice {
    /// Only letters with this reason (key_collision, undecodable, invalid, ...); may be repeated. All if left out.
    #[arg(long = "reason", value_name = "REASON")]
    pub reasons: Vec<String>,
}

impl Choice {
    pub fn takes(&self, letter: &Letter) -> bool {
        self.reasons.is_empty() || self.names(letter.reason())
    }

    pub fn names(&self, reason: &str) -> bool {
        self.reasons.iter().any(|named| named == reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    fn letter(data: Vec<u8>, attributes: &[(&str, &str)]) -> Letter {
        let attributes = attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let message = proto::PubsubMessage { data, attributes, ..Default::default() };
        Letter { ack_id: "1".into(), message }
    }

    #[test]
    fn what_being_a_letter_added_goes_and_the_rest_stays() {
        let all = [
            ("schema", "payments.v1.Payment"),
            ("dead_letter_reason", "key_collision"),
            ("dead_letter_source_publish_time", "2026-09-21T12:00:00.123456Z"),
            ("CloudPubSubDeadLetterSourceDeliveryCount", "7"),
            ("shard", "0/1"),
        ];
        let letter = letter(vec![1, 2], &all);
        let original = letter.original();
        let mut names: Vec<_> = original.attributes.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["first_publish_time", "schema", "shard"]);
        assert_eq!(original.attributes["first_publish_time"], "2026-09-21T12:00:00.123456Z");
        assert_eq!(original.data, [1, 2]);
        assert_eq!((letter.reason(), letter.attempt()), ("key_collision", Some("7")));
    }

    #[test]
    fn what_pubsub_forwarded_and_what_nobody_explains_has_a_reason_too() {
        let forwarded = [("CloudPubSubDeadLetterSourceSubscription", "s")];
        assert_eq!(letter(vec![], &forwarded).reason(), "max_delivery_attempts");
        assert_eq!(letter(vec![], &[]).reason(), "unknown");
    }

    #[test]
    fn a_letter_tells_its_payment_or_that_there_is_none() {
        let payment = Generator::new(Config { num_records: 9, ..Config::default() }).unwrap().payment(3);
        let summary = letter(payment.encode_to_vec(), &[]).summary();
        assert!(summary.ends_with(&payment.payment_header.unwrap().payment_id), "{summary}");
        assert_eq!(letter(vec![0xff, 1, 2], &[]).summary(), "3 bytes that are no payment");
    }
}
