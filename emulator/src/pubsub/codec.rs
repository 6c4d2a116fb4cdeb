//! Codecs of the rpcs that carry message bodies: bodies are sliced out of requests and copied once into responses.

use super::ack_id;
use super::wire::{self, Fields};
use crate::proto::pubsub::streaming_pull_response::{
    AcknowledgeConfirmation, ModifyAckDeadlineConfirmation, SubscriptionProperties,
};
use crate::proto::pubsub::{PublishResponse, PullRequest, StreamingPullRequest};
use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use std::marker::PhantomData;
use std::ops::Range;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

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
                (1, payload) => wire::text(payload)?.clone_into(&mut topic),
                (2, Some(message)) => {
                    let foreign = wire::check_message(message)?;
                    messages.push((field.span.end - message.len()..field.span.end, foreign));
                }
                (2, None) => return Err(wire::Malformed.into()),
                _ => {}
            }
        }
        let batch = Self { topic, request, messages };
        batch.check_limits()?;
        Ok(batch)
    }

    /// A request made on this side, of one encoded message.
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

/// One message on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub sequence: u64,
    pub body: Bytes,
    /// 0 if the subscription does not count attempts.
    pub attempt: u32,
}

/// The answer to a pull, or one response of a streaming pull.
#[derive(Debug, Default)]
pub struct Delivery {
    /// What all ack ids of this delivery start with.
    pub ack_prefix: String,
    pub messages: Vec<Outgoing>,
    pub acknowledged: Option<AcknowledgeConfirmation>,
    pub modified: Option<ModifyAckDeadlineConfirmation>,
    pub properties: Option<SubscriptionProperties>,
}

impl Delivery {
    fn encode(&self, dst: &mut EncodeBuf<'_>) {
        let bodies: usize = self.messages.iter().map(|message| message.body.len() + 64).sum();
        dst.reserve(bodies);
        let mut ack = String::new();
        for message in &self.messages {
            ack.clear();
            ack_id::write(&mut ack, &self.ack_prefix, message.sequence);
            encode_received(dst, &ack, message);
        }
        if let Some(modified) = &self.modified {
            prost::encoding::message::encode(3, modified, dst);
        }
        if let Some(properties) = &self.properties {
            prost::encoding::message::encode(4, properties, dst);
        }
        if let Some(acknowledged) = &self.acknowledged {
            prost::encoding::message::encode(5, acknowledged, dst);
        }
    }
}

/// `received_messages` is field 1 of both responses; inside it 1 is the ack id, 2 the message, 3 the attempt.
fn encode_received(dst: &mut EncodeBuf<'_>, ack: &str, message: &Outgoing) {
    let field = |len: usize| key_len(1) + encoded_len_varint(len as u64) + len;
    let attempt = u64::from(message.attempt);
    let attempt_len = if attempt == 0 { 0 } else { key_len(3) + encoded_len_varint(attempt) };
    encode_key(1, WireType::LengthDelimited, dst);
    encode_varint((field(ack.len()) + field(message.body.len()) + attempt_len) as u64, dst);
    for (number, bytes) in [(1, ack.as_bytes()), (2, &message.body)] {
        encode_key(number, WireType::LengthDelimited, dst);
        encode_varint(bytes.len() as u64, dst);
        dst.put_slice(bytes);
    }
    if attempt != 0 {
        encode_key(3, WireType::Varint, dst);
        encode_varint(attempt, dst);
    }
}

/// Publish: requests sliced, responses by prost.
#[derive(Debug, Default)]
pub struct PublishCodec;

/// Pull and streaming pull: requests by prost, responses by [`Delivery`].
#[derive(Debug)]
pub struct DeliveryCodec<D>(PhantomData<D>);

impl<D> Default for DeliveryCodec<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

pub type PullCodec = DeliveryCodec<PullRequest>;
pub type StreamingPullCodec = DeliveryCodec<StreamingPullRequest>;

#[derive(Debug)]
pub struct PublishDecoder;

#[derive(Debug)]
pub struct ResponseEncoder;

#[derive(Debug)]
pub struct RequestDecoder<D>(PhantomData<D>);

#[derive(Debug)]
pub struct DeliveryEncoder;

impl Codec for PublishCodec {
    type Encode = PublishResponse;
    type Decode = PublishBatch;
    type Encoder = ResponseEncoder;
    type Decoder = PublishDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        ResponseEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        PublishDecoder
    }
}

impl<D: Message + Default + 'static> Codec for DeliveryCodec<D> {
    type Encode = Delivery;
    type Decode = D;
    type Encoder = DeliveryEncoder;
    type Decoder = RequestDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        DeliveryEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        RequestDecoder(PhantomData)
    }
}

impl Decoder for PublishDecoder {
    type Item = PublishBatch;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<PublishBatch>, Status> {
        PublishBatch::parse(src.copy_to_bytes(src.remaining())).map(Some)
    }
}

impl Encoder for ResponseEncoder {
    type Item = PublishResponse;
    type Error = Status;

    fn encode(&mut self, item: PublishResponse, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(dst).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<D: Message + Default + 'static> Decoder for RequestDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(src).map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

impl Encoder for DeliveryEncoder {
    type Item = Delivery;
    type Error = Status;

    fn encode(&mut self, item: Delivery, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(dst);
        Ok(())
    }
}
