//! A publish request, its messages not decoded.

use crate::pubsub::message::{self, Fields};
use bytes::Bytes;
use std::ops::Range;
use tonic::Status;

/// The service's limits on one publish request.
const MAX_PUBLISH_MESSAGES: usize = 1000;
const MAX_PUBLISH_BYTES: usize = 10_000_000;

/// A publish request whose messages are still the bytes they came in.
#[derive(Debug, Default)]
pub struct PublishBatch {
    pub topic: String,
    request: Bytes,
    /// Where each message lies, and whether it carries fields that only the server may set.
    messages: Vec<(Range<usize>, bool)>,
}

impl PublishBatch {
    /// Reads and checks a request.
    pub fn parse(request: Bytes) -> Result<Self, Status> {
        let (mut topic, mut messages) = (String::new(), Vec::new());
        for field in Fields::new(&request) {
            let field = field?;
            match (field.number, field.payload) {
                (1, payload) => message::text(payload)?.clone_into(&mut topic),
                (2, Some(message)) => {
                    let foreign = message::check_message(message)?;
                    messages.push((field.span.end - message.len()..field.span.end, foreign));
                }
                (2, None) => return Err(message::Malformed.into()),
                _ => {}
            }
        }
        let batch = Self { topic, request, messages };
        batch.check_limits()?;
        Ok(batch)
    }

    /// A request of the server's own, with one encoded message.
    pub fn of_one(topic: &str, message: Vec<u8>) -> Self {
        let messages = vec![(0..message.len(), false)];
        Self { topic: topic.to_owned(), request: message.into(), messages }
    }

    pub fn message_count(&self) -> usize {
        self.messages.len()
    }

    /// Bytes held in memory by the request.
    pub fn bytes(&self) -> usize {
        self.request.len()
    }

    pub fn messages(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.messages.iter().map(|(span, foreign)| (&self.request[span.clone()], *foreign))
    }

    fn check_limits(&self) -> Result<(), Status> {
        if self.messages.is_empty() {
            return Err(Status::invalid_argument("a publish request needs at least one message"));
        }
        if self.messages.len() > MAX_PUBLISH_MESSAGES {
            return Err(Status::invalid_argument(format!(
                "the request has {} messages; at most 1000 are allowed",
                self.messages.len()
            )));
        }
        if self.request.len() > MAX_PUBLISH_BYTES {
            return Err(Status::invalid_argument(format!(
                "Request payload size exceeds the limit: 10000000 bytes (the request has {})",
                self.request.len()
            )));
        }
        Ok(())
    }
}
