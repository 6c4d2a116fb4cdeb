//! The few fields of a protobuf message that are read without decoding the message.
//!
//! Message bodies pass from the publisher to the store and on to subscribers as the bytes they came in; only what has
//! to be checked or changed is looked at. Source of the layout: `google/pubsub/v1/pubsub.proto` and the protobuf
//! encoding guide.

use tonic::Status;
use wire::{Fields, Malformed};

/// `PubsubMessage` field numbers.
const DATA: u32 = 1;
const ATTRIBUTES: u32 = 2;
const MESSAGE_ID: u32 = 3;
const PUBLISH_TIME: u32 = 4;
const ORDERING_KEY: u32 = 5;

/// The service's limits on one message.
const MAX_ATTRIBUTES: usize = 100;
const MAX_ATTRIBUTE_KEY_BYTES: usize = 256;
const MAX_ATTRIBUTE_VALUE_BYTES: usize = 1024;
const MAX_ORDERING_KEY_BYTES: usize = 1024;

/// What a request is told whose bytes are no message.
pub fn malformed(_: Malformed) -> Status {
    Status::invalid_argument("the request is not a well-formed protobuf message")
}

/// A string field's text.
pub fn text(payload: Option<&[u8]>) -> Result<&str, Malformed> {
    std::str::from_utf8(payload.ok_or(Malformed)?).map_err(|_| Malformed)
}

/// Key and value of one entry of a `map<string, string>`.
fn entry(payload: Option<&[u8]>) -> Result<(&str, &str), Malformed> {
    let (mut key, mut value) = ("", "");
    for field in Fields::of(payload.ok_or(Malformed)?) {
        let field = field?;
        match field.number {
            1 => key = text(field.payload)?,
            2 => value = text(field.payload)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// The attributes of a stored message; an entry that cannot be read is passed over.
pub fn attributes(message: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    Fields::of(message)
        .filter_map(Result::ok)
        .filter(|field| field.number == ATTRIBUTES)
        .filter_map(|field| entry(field.payload).ok())
}

/// The data of a message, empty if it has none.
pub fn data(message: &[u8]) -> &[u8] {
    let data = Fields::of(message).filter_map(Result::ok).filter(|field| field.number == DATA);
    data.last().and_then(|field| field.payload).unwrap_or_default()
}

/// The ordering key of a stored message, empty if it has none.
pub fn ordering_key(message: &[u8]) -> &[u8] {
    let keys = Fields::of(message).filter_map(Result::ok).filter(|field| field.number == ORDERING_KEY);
    keys.last().and_then(|field| field.payload).unwrap_or_default()
}

/// Checks one message of a publish request against the service's rules. True if it carries fields that only the
/// server may set.
pub fn check_message(message: &[u8]) -> Result<bool, Status> {
    let (mut data, mut attributes, mut foreign) = (0, 0, false);
    for field in Fields::of(message) {
        let field = field.map_err(malformed)?;
        match field.number {
            DATA => data = field.payload.ok_or(Malformed).map_err(malformed)?.len(),
            ATTRIBUTES => {
                attributes += 1;
                check_attribute(field.payload)?;
            }
            MESSAGE_ID | PUBLISH_TIME => foreign = true,
            ORDERING_KEY if text(field.payload).map_err(malformed)?.len() > MAX_ORDERING_KEY_BYTES => {
                return Err(Status::invalid_argument("an ordering key has more than 1024 bytes"));
            }
            _ => {}
        }
    }
    if attributes > MAX_ATTRIBUTES {
        return Err(Status::invalid_argument("a message has more than 100 attributes"));
    }
    if data == 0 && attributes == 0 {
        return Err(Status::invalid_argument(
            "Some messages are empty: each message must contain either non-empty data, or at least one attribute.",
        ));
    }
    Ok(foreign)
}

fn check_attribute(payload: Option<&[u8]>) -> Result<(), Status> {
    let (key, value) = entry(payload).map_err(malformed)?;
    if key.is_empty() || key.len() > MAX_ATTRIBUTE_KEY_BYTES {
        return Err(Status::invalid_argument(format!(
            "an attribute key has {} bytes; 1 to 256 are allowed",
            key.len()
        )));
    }
    if value.len() > MAX_ATTRIBUTE_VALUE_BYTES {
        return Err(Status::invalid_argument(format!(
            "the value of attribute {key} has {} bytes; at most 1024 are allowed",
            value.len()
        )));
    }
    Ok(())
}

/// Appends a message to `out` as it is stored: as it came, plus id and publish time, minus what a client put there.
pub fn write_stored(out: &mut Vec<u8>, message: &[u8], foreign: bool, id: &str, publish_time_field: &[u8]) {
    if foreign {
        for field in Fields::of(message).filter_map(Result::ok) {
            if !matches!(field.number, MESSAGE_ID | PUBLISH_TIME) {
                out.extend_from_slice(&message[field.span]);
            }
        }
    } else {
        out.extend_from_slice(message);
    }
    prost::encoding::string::encode(MESSAGE_ID, &id.to_owned(), out);
    out.extend_from_slice(publish_time_field);
}

/// The encoded `publish_time` field for a time in microseconds since 1970.
pub fn publish_time_field(micros: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    prost::encoding::message::encode(PUBLISH_TIME, &timestamp(micros), &mut out);
    out
}

/// Microseconds since 1970 as a protobuf timestamp.
pub fn timestamp(micros: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: (micros.rem_euclid(1_000_000) * 1000) as i32,
    }
}

/// A protobuf timestamp in microseconds since 1970; what does not fit is cut to the ends of the range.
pub fn micros(timestamp: &prost_types::Timestamp) -> i64 {
    timestamp.seconds.saturating_mul(1_000_000).saturating_add(i64::from(timestamp.nanos) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::pubsub::PubsubMessage;
    use prost::Message;

    fn message() -> PubsubMessage {
        PubsubMessage {
            data: b"body".to_vec(),
            attributes: [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())].into(),
            ordering_key: "key".to_owned(),
            ..PubsubMessage::default()
        }
    }

    #[test]
    fn a_stored_message_decodes_to_what_was_published_plus_id_and_time() {
        for (id, time) in [("", None), ("forged", Some(timestamp(1)))] {
            let sent = PubsubMessage { message_id: id.to_owned(), publish_time: time, ..message() };
            let bytes = sent.encode_to_vec();
            let foreign = check_message(&bytes).unwrap();
            assert_eq!(foreign, time.is_some());
            let mut stored = Vec::new();
            write_stored(&mut stored, &bytes, foreign, "17", &publish_time_field(1_700_000_000_123_456));
            let expected = PubsubMessage {
                message_id: "17".to_owned(),
                publish_time: Some(timestamp(1_700_000_000_123_456)),
                ..message()
            };
            assert_eq!(PubsubMessage::decode(stored.as_slice()).unwrap(), expected);
            assert_eq!(ordering_key(&stored), b"key");
            let mut seen: Vec<_> = attributes(&stored).collect();
            seen.sort_unstable();
            assert_eq!(seen, [("a", "1"), ("b", "")]);
        }
    }

    #[test]
    fn messages_over_the_limits_are_refused() {
        let refuse = |message: PubsubMessage| {
            assert_eq!(
                check_message(&message.encode_to_vec()).unwrap_err().code(),
                tonic::Code::InvalidArgument
            );
        };
        refuse(PubsubMessage::default());
        refuse(PubsubMessage { ordering_key: "k".repeat(1025), ..message() });
        refuse(PubsubMessage { attributes: [(String::new(), "x".to_owned())].into(), ..message() });
        refuse(PubsubMessage { attributes: [("k".repeat(257), "x".to_owned())].into(), ..message() });
        refuse(PubsubMessage { attributes: [("k".to_owned(), "x".repeat(1025))].into(), ..message() });
        refuse(PubsubMessage {
            attributes: (0..101).map(|i| (i.to_string(), String::new())).collect(),
            ..message()
        });
    }

    #[test]
    fn cut_off_or_random_bytes_do_not_panic() {
        let bytes = message().encode_to_vec();
        for end in 0..bytes.len() {
            let _ = check_message(&bytes[..end]);
        }
        for first in 0..=255u8 {
            assert!(
                Fields::of(&[first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).count() < 12
            );
        }
    }
}
